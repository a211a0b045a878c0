from urllib.parse import parse_qs, urlsplit

import pytest

from advocates.models import Advocate
from loyalty.services import tokens


def address(response):
    assert response.status_code == 200
    return urlsplit(response.json()["url"])


def token_in(url):
    return parse_qs(url.fragment)["t"][0]


class TestWidgetUrl:
    def test_is_refused_without_a_key(self, anonymous_api, ada):
        assert anonymous_api.get("/integration/user/ada-1/widget").status_code == 401

    @pytest.mark.parametrize(
        ("query", "field"),
        [({"section": "admin"}, "section"), ({"item": "../../admin"}, "item"), ({"user": "bob-1"}, "user")],
    )
    def test_is_refused_for_places_that_do_not_exist(self, ada, integration_api, query, field):
        response = integration_api.get("/integration/user/ada-1/widget", **query)

        assert (response.status_code, response.json()["property"]) == (400, field)

    def test_has_the_users_token_where_no_server_sees_it(self, acme, ada, integration_api):
        url = address(integration_api.get("/integration/user/ada-1/widget"))

        assert (url.scheme, url.netloc, url.path, url.query) == ("http", "testserver", "/w/acme", "")
        assert tokens.verify(token_in(url)).account_id == ada.pk

    def test_leads_to_a_section_and_an_item(self, ada, offer, integration_api):
        reward = offer()

        url = address(integration_api.get("/integration/user/ada-1/widget", section="rewards", item=str(reward.pk)))

        assert parse_qs(url.query) == {"section": ["rewards"], "item": [str(reward.pk)]}

    @pytest.mark.parametrize("section", ["home", "missions", "rewards", "coupons", "history", "referrals", "tap"])
    def test_leads_to_every_section(self, ada, integration_api, section):
        url = address(integration_api.get("/integration/user/ada-1/widget", section=section))

        assert parse_qs(url.query) == {"section": [section]}

    def test_makes_an_unknown_user_join(self, acme, integration_api):
        url = address(integration_api.get("/integration/user/new-7/widget"))

        joined = Advocate.objects.for_business(acme).get(external_id="new-7")
        assert tokens.verify(token_in(url)).account_id == joined.pk
