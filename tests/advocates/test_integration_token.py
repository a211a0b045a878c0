from datetime import timedelta

import pytest

from advocates.models import Advocate
from loyalty.kernel import clock
from loyalty.services import accounts, tokens


class TestUserToken:
    def test_is_refused_without_a_key(self, anonymous_api, ada):
        assert anonymous_api.get("/integration/user/ada-1/token").status_code == 401

    def test_is_refused_to_a_secret_key(self, acme, ada, api):
        response = api.get("/integration/user/ada-1/token")

        assert response.status_code == 401
        assert set(response.json()) == {"message", "property", "code", "requestId"}

    def test_is_refused_from_an_address_that_is_not_listed(self, acme, ada, integration_api):
        acme.ip_allowlist = ["203.0.113.7/32"]
        acme.save()

        response = integration_api.get("/integration/user/ada-1/token")

        assert (response.status_code, response.json()["code"]) == (403, "IP_NOT_ALLOWED")
        assert "127.0.0.1" in response.json()["message"]

    @pytest.mark.parametrize("external_id", ["a" * 129, "%20ada", "a%00b"])
    def test_is_refused_for_an_id_that_makes_no_sense(self, acme, integration_api, external_id):
        assert integration_api.get(f"/integration/user/{external_id}/token").status_code == 400

    def test_is_refused_for_the_blocked(self, acme, ada, integration_api):
        accounts.set_blocked(business=acme, account_id=ada.pk, blocked=True)

        assert integration_api.get("/integration/user/ada-1/token").status_code == 409

    def test_stands_for_the_user(self, acme, ada, integration_api):
        response = integration_api.get("/integration/user/ada-1/token")

        assert response.status_code == 200
        claims = tokens.verify(response.json()["token"])
        assert (claims.business, claims.account_id) == (acme, ada.pk)
        assert response["Cache-Control"] == "no-store"

    def test_makes_an_unknown_user_join_once(self, acme, integration_api):
        first, second = (integration_api.get("/integration/user/new%40shop.example/token") for _ in range(2))

        joined = Advocate.objects.for_business(acme).get(external_id="new@shop.example")
        assert {tokens.verify(answer.json()["token"]).account_id for answer in (first, second)} == {joined.pk}

    @pytest.mark.parametrize("door", ["token", "widget"])
    def test_lives_a_day(self, acme, ada, integration_api, door):
        answer = integration_api.get(f"/integration/user/ada-1/{door}").json()
        token = answer.get("token") or answer["url"].partition("#t=")[2]
        made = clock.wall()

        with clock.moved_to(made + timedelta(hours=23, minutes=59)):
            assert tokens.verify(token).account_id == ada.pk
        with clock.moved_to(made + timedelta(hours=24, minutes=1)), pytest.raises(tokens.InvalidToken):
            tokens.verify(token)

    def test_never_stands_for_another_business_user(self, acme, rival, eve, integration_api):
        """The same id at two merchants is two people."""
        claims = tokens.verify(integration_api.get("/integration/user/eve-1/token").json()["token"])

        assert claims.business == acme
        assert claims.account_id != eve.pk
