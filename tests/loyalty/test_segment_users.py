"""POST /segment/users/: a merchant's own groups of people."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from advocates.services import advocates, mappings
from loyalty.models import Segment, SegmentMember
from loyalty.selectors import segments as reads
from loyalty.services import accounts, segments
from tests.races import at_once
from tests.refusals import assert_integration_refused

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def groups(acme):
    return [Segment.objects.create(business=acme, key=key, title=key) for key in ("beta", "vip", "new")]


def put(api, *items):
    return api.post("/segment/users/", list(items))


def said(user="ada-1", join=(), leave=()):
    return {"userId": user, "segments": list(join), "remove": list(leave)}


def segments_of(person):
    return list(reads.keys_of(business=person.business, account_ids=[person.pk])[person.pk])


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("item", "property"),
        [
            ({"segments": ["beta"]}, "1.userId"),
            ({"userId": 7}, "1.userId"),
            ({"userId": "u" * 129}, "1.userId"),
            (said("nobody", ["beta"]), "1.userId"),
            (said("eve-1", ["beta"]), "1.userId"),
            ({"userId": "bob-1", "segments": "beta"}, "1.segments"),
            ({"userId": "bob-1", "segments": ["Beta!"]}, "1.segments.0"),
            (said("bob-1", ["beta"] * 51), "1.segments"),
            (said("bob-1", ["gone"]), "1.segments"),
            (said("bob-1", [], ["gone"]), "1.remove"),
            (said("bob-1", ["vip"], ["vip"]), "1.remove"),
            ({"userId": "bob-1", "groups": []}, "1.groups"),
            ("bob-1", "1"),
        ],
    )
    def test_names_the_item_and_changes_nothing(self, ada, bob, eve, integration_api, item, property):
        response = put(integration_api, said(join=["beta"]), item)

        assert (response.status_code, response.json()["code"]) == (400, "VALIDATION_ERROR")
        assert response.json()["property"].startswith(property)
        assert not SegmentMember.objects.exists()

    @pytest.mark.parametrize("items", [[], [said()] * 1001, {"items": [said()]}, None, "ada-1"])
    def test_is_what_is_no_list_of_a_thousand_at_most(self, ada, integration_api, items):
        assert integration_api.post("/segment/users/", items).status_code == 400

    def test_is_a_segment_that_was_archived(self, acme, ada, integration_api, groups):
        Segment.objects.for_business(acme).filter(key="beta").update(archived_at="2026-01-01T00:00:00Z")

        assert_integration_refused(put(integration_api, said(join=["beta"])), "VALIDATION_ERROR", "0.segments")


class TestMembers:
    def test_join_and_leave_and_stay_where_nothing_is_said(self, acme, ada, bob, integration_api):
        segments.put(business=acme, account_id=ada.pk, keys=["new", "vip"])

        response = put(integration_api, said(join=["beta"], leave=["new"]), said("bob-1", ["beta", "vip"], ["new"]))

        assert (response.status_code, response.content) == (200, b"")
        assert (segments_of(ada), segments_of(bob)) == (["beta", "vip"], ["beta", "vip"])

    def test_are_what_was_said_last(self, ada, integration_api):
        put(integration_api, said(join=["beta", "vip"]), said(leave=["beta"]), said(leave=["new"]), said(join=["new"]))

        assert segments_of(ada) == ["new", "vip"]

    def test_are_found_by_every_id_that_was_mapped(self, acme, ada, integration_api):
        mappings.create(business=acme, advocate_id=ada.pk, external_customer_id="outlet-77")

        put(integration_api, said("outlet-77", ["beta"]))

        assert segments_of(ada) == ["beta"]

    def test_of_a_thousand_cost_as_many_statements_as_of_one(self, acme, integration_api):
        for number in range(60):
            advocates.create(business=acme, external_id=f"u-{number}")

        def cost(count):
            items = [said(f"u-{number}", ["beta", "vip"], ["new"]) for number in range(count)]
            with CaptureQueriesContext(connection) as asked:
                assert put(integration_api, *items).status_code == 200
            return len(asked)

        assert cost(1) >= cost(60)

    @pytest.mark.django_db(transaction=True)
    def test_at_once_wait_for_each_other_and_not_for_ever(self, acme, integration_api):
        people = [advocates.create(business=acme, external_id=f"u-{number}") for number in range(20)]

        def call(number):
            ordered = people if number % 2 else people[::-1]
            items = [said(each.external_id, ["beta"], ["vip"]) for each in ordered]
            return put(integration_api, *items).status_code

        assert at_once(8, call) == [200] * 8
        assert {tuple(segments_of(each)) for each in people} == {("beta",)}


def test_the_blocked_may_be_moved_too(acme, ada, integration_api):
    accounts.set_blocked(business=acme, account_id=ada.pk, blocked=True)

    assert put(integration_api, said(join=["beta"])).status_code == 200
