"""POST /advocates and GET /advocates/:id."""

from uuid import uuid4

import pytest

from loyalty.models import Event
from tests.races import at_once
from tests.refusals import assert_refused, assert_same_refusal

pytestmark = pytest.mark.django_db

ADA = {"email": "ada@example.com", "name": "Ada Lovelace"}


class TestRefuses:
    def test_without_a_key(self, anonymous_api):
        assert anonymous_api.post("/advocates", ADA).status_code == 401

    def test_a_key_that_may_only_read(self, readonly_api):
        assert readonly_api.post("/advocates", ADA).status_code == 403

    def test_a_person_without_an_email(self, api):
        assert_refused(api.post("/advocates", {"name": "Ada"}), "VALIDATION_ERROR", "email")

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("email", None),
            ("email", ""),
            ("email", "ada"),
            ("email", "ada@"),
            ("email", "a" * 250 + "@example.com"),
            ("name", None),
            ("name", 5),
            ("name", "x" * 201),
            ("externalId", ""),
            ("externalId", " 1"),
            ("externalId", "a/b"),
            ("externalId", "a\n"),
            ("externalId", "x" * 129),
            ("birthday", "2026-02-30"),
            ("birthday", "1899-12-31"),
            ("birthday", "2999-01-01"),
            ("locale", "english, please"),
            ("timezone", "Europe/Atlantis"),
            ("timezone", "../etc/passwd"),
            ("timezone", "Europe"),
            ("metadata", []),
            ("metadata", {"big": "x" * 16_384}),
            ("metadata", {"number": 10**30}),
            ("metadata", {"number": 1e30}),  # which the database gives back as that
            ("metadata", {"deep": [{"number": -1e30}]}),
            ("points", 5),
        ],
    )
    def test_a_field_that_makes_no_sense(self, api, field, value):
        assert_refused(api.post("/advocates", ADA | {field: value}), "VALIDATION_ERROR", field)

    def test_metadata_that_is_nested_beyond_reason(self, api):
        deep = b'{"email": "a@example.com", "metadata": {"a": ' + b"[" * 400 + b"]" * 400 + b"}}"

        assert api.post("/advocates", deep).status_code == 400

    def test_an_email_that_somebody_has_in_any_case(self, api, ada):
        response = api.post("/advocates", {"email": "ADA@Example.com"})

        assert_refused(response, "CONFLICT", "email", status=409)

    def test_an_external_id_that_somebody_has(self, api, ada):
        response = api.post("/advocates", {"email": "new@example.com", "externalId": "ada-1"})

        assert_refused(response, "CONFLICT", "externalId", status=409)
        assert api.get("/advocates").json()["total"] == 1

    def test_to_show_somebody_of_another_business(self, api, eve):
        assert_same_refusal(api.get(f"/advocates/{eve.pk}"), api.get(f"/advocates/{uuid4()}"), "NOT_FOUND", status=404)

    def test_an_id_that_is_none(self, api):
        assert_refused(api.get("/advocates/ada"), "NOT_FOUND", None, status=404)


class TestCreates:
    def test_a_person_with_everything(self, api):
        given = ADA | {
            "externalId": "ada-1",
            "birthday": "1990-12-10",
            "locale": "en-GB",
            "timezone": "Europe/London",
            "metadata": {"source": "store", "visits": 3, "ratio": 0.5, "gone": None},
        }

        response = api.post("/advocates", given)

        assert response.status_code == 201
        advocate = response.json()["advocate"]
        assert advocate.items() >= (given | {"metadata": {"source": "store", "visits": 3, "ratio": 0.5}}).items()
        assert api.get(f"/advocates/{advocate['id']}").json() == response.json()

    def test_a_newcomer_stands_on_the_lowest_tier_with_nothing(self, api):
        advocate = api.post("/advocates", {"email": "ada@example.com"}).json()["advocate"]

        assert (advocate["tier"], advocate["tierIsManual"], advocate["status"]) == ("bronze", False, "active")
        assert advocate["points"] == advocate["pendingPoints"] == advocate["lifetimePoints"] == 0
        assert (advocate["segments"], advocate["referralUrl"], advocate["name"]) == ([], None, None)

    def test_the_join_is_told(self, api):
        advocate = api.post("/advocates", ADA).json()["advocate"]

        event = Event.objects.get(account_id=advocate["id"])
        assert (event.topic, event.sequence, event.facts) == ("customers/joined", 1, {"isNew": True})

    def test_the_same_person_in_two_businesses(self, api, rival_api):
        assert api.post("/advocates", ADA | {"externalId": "1"}).status_code == 201
        assert rival_api.post("/advocates", ADA | {"externalId": "1"}).status_code == 201

    def test_a_repeat_with_its_key_is_the_same_person(self, api):
        first = api.post("/advocates", ADA, Idempotency_Key="k")
        again = api.post("/advocates", ADA, Idempotency_Key="k")

        assert (again.status_code, again.content) == (201, first.content)
        assert api.get("/advocates").json()["total"] == 1


@pytest.mark.django_db(transaction=True)
def test_of_ten_with_one_email_at_once_one_joins(api):
    responses = at_once(10, lambda _: api.post("/advocates", ADA))

    assert sorted(response.status_code for response in responses) == [201] + 9 * [409]
    assert api.get("/advocates").json()["total"] == 1
