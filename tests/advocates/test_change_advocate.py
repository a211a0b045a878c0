"""PATCH /advocates/:id."""

from threading import Barrier
from uuid import uuid4

import pytest

from advocates.models import Advocate
from advocates.services import advocates
from loyalty.models import Event
from tests.races import at_once
from tests.refusals import assert_refused, assert_same_refusal

pytestmark = pytest.mark.django_db


def topics(advocate):
    return list(Event.objects.filter(account_id=advocate.pk).order_by("sequence").values_list("topic", flat=True))


class TestRefuses:
    def test_without_a_key(self, anonymous_api, ada):
        assert anonymous_api.patch(f"/advocates/{ada.pk}", {"name": "X"}).status_code == 401

    def test_a_key_that_may_only_read(self, readonly_api, ada):
        assert readonly_api.patch(f"/advocates/{ada.pk}", {"name": "X"}).status_code == 403

    def test_somebody_of_another_business(self, api, eve):
        assert_same_refusal(
            api.patch(f"/advocates/{eve.pk}", {"name": "X", "tier": "gold"}),
            api.patch(f"/advocates/{uuid4()}", {"name": "X", "tier": "gold"}),
            "NOT_FOUND",
            status=404,
        )
        assert Advocate.objects.get(pk=eve.pk).name == "Eve Moneypenny"

    @pytest.mark.parametrize(
        ("field", "value"),
        [("email", None), ("name", None), ("tier", 5), ("metadata", None), ("birthday", "x"), ("points", 1)],
    )
    def test_a_field_that_makes_no_sense(self, api, ada, field, value):
        assert_refused(api.patch(f"/advocates/{ada.pk}", {field: value}), "VALIDATION_ERROR", field)

    def test_a_tier_that_the_programme_does_not_have(self, api, ada):
        response = api.patch(f"/advocates/{ada.pk}", {"tier": "platinum", "name": "X"})

        assert_refused(response, "NOT_FOUND", "tier", status=404)
        assert api.get(f"/advocates/{ada.pk}").json()["advocate"]["name"] == "Ada Lovelace"

    @pytest.mark.parametrize(("field", "taken"), [("email", "Bob@example.com"), ("externalId", "bob-1")])
    def test_what_somebody_else_has(self, api, ada, bob, field, taken):
        response = api.patch(f"/advocates/{ada.pk}", {field: taken, "name": "X"})

        assert_refused(response, "CONFLICT", field, status=409)
        assert api.get(f"/advocates/{ada.pk}").json()["advocate"]["name"] == "Ada Lovelace"

    def test_metadata_that_would_grow_too_large(self, api, ada):
        api.patch(f"/advocates/{ada.pk}", {"metadata": {"a": "x" * 9_000}})

        assert_refused(
            api.patch(f"/advocates/{ada.pk}", {"metadata": {"b": "x" * 9_000}}), "VALIDATION_ERROR", "metadata"
        )


class TestChanges:
    def test_only_what_is_named(self, api, ada):
        before = api.get(f"/advocates/{ada.pk}").json()["advocate"]

        after = api.patch(f"/advocates/{ada.pk}", {"name": "Ada King", "timezone": "Asia/Tokyo"}).json()["advocate"]

        changed = {key for key in before if before[key] != after[key]}
        assert changed == {"name", "timezone", "updatedAt"}

    def test_metadata_key_by_key(self, api, ada):
        api.patch(f"/advocates/{ada.pk}", {"metadata": {"a": 1, "b": {"c": 2}}})
        advocate = api.patch(f"/advocates/{ada.pk}", {"metadata": {"a": None, "b": {"d": 3}}}).json()["advocate"]

        assert advocate["metadata"] == {"b": {"d": 3}}

    def test_an_external_id_with_the_accounts(self, api, ada):
        advocate = api.patch(f"/advocates/{ada.pk}", {"externalId": "new"}).json()["advocate"]
        cleared = api.patch(f"/advocates/{ada.pk}", {"externalId": None}).json()["advocate"]

        assert (advocate["externalId"], cleared["externalId"]) == ("new", None)
        assert Advocate.objects.select_related("account").get(pk=ada.pk).account.external_id is None

    @pytest.mark.parametrize("field", ["locale", "timezone", "birthday", "externalId"])
    def test_null_forgets(self, api, ada, field):
        said = {"locale": "de", "timezone": "Asia/Tokyo", "birthday": "1990-12-10", "externalId": "x"}
        api.patch(f"/advocates/{ada.pk}", said)

        assert api.patch(f"/advocates/{ada.pk}", {field: None}).json()["advocate"][field] is None

    def test_a_tier_by_hand_stays_until_null(self, api, ada, give):
        gold = api.patch(f"/advocates/{ada.pk}", {"tier": "gold"}).json()["advocate"]
        give(ada, 1_000)
        kept = api.get(f"/advocates/{ada.pk}").json()["advocate"]
        earned = api.patch(f"/advocates/{ada.pk}", {"tier": None}).json()["advocate"]

        assert (gold["tier"], gold["tierIsManual"]) == (kept["tier"], kept["tierIsManual"]) == ("gold", True)
        assert (earned["tier"], earned["tierIsManual"]) == ("silver", False)

    def test_each_change_is_told_once(self, api, ada):
        api.patch(f"/advocates/{ada.pk}", {"name": "Ada King", "tier": "gold"})
        api.patch(f"/advocates/{ada.pk}", {"name": "Ada King", "tier": "gold"})

        assert topics(ada) == ["customers/joined", "customers/tier_changed", "customers/updated"]

    def test_what_is_told_names_fields_and_no_values(self, api, ada):
        api.patch(f"/advocates/{ada.pk}", {"name": "Ada King", "birthday": "1990-12-10"})

        event = Event.objects.get(account_id=ada.pk, topic="customers/updated")
        assert sorted(event.facts["fields"]) == ["birthday", "name"]


@pytest.mark.django_db(transaction=True)
class TestEightAtOnce:
    """Each adds a metadata key of its own."""

    def add_keys(self, business, advocate):
        at_once(
            8,
            lambda number: advocates.update(
                business=business, advocate_id=advocate.pk, metadata={f"key{number}": number}
            ),
        )
        return Advocate.objects.get(pk=advocate.pk).metadata

    def test_no_key_is_lost(self, acme, ada):
        assert len(self.add_keys(acme, ada)) == 8

    def test_without_the_lock_keys_are_lost(self, acme, ada, monkeypatch):
        all_have_read = Barrier(8)

        def unlocked(business, advocate_id):
            advocate = Advocate.objects.select_related("account").get(pk=advocate_id)
            all_have_read.wait(timeout=10)
            return advocate

        monkeypatch.setattr(advocates, "_locked", unlocked)

        assert len(self.add_keys(acme, ada)) == 1
