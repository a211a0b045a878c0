"""POST /rewards and GET /rewards/:id."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from rewards.models import Reward
from tests.races import at_once
from tests.refusals import assert_refused, assert_same_refusal

pytestmark = pytest.mark.django_db

COFFEE = {"name": "Free coffee", "description": "One cup", "type": "custom", "pointsCost": 100, "stock": 10}
TEN_OFF = {"name": "10 EUR off", "type": "amount_discount", "pointsCost": 500, "value": "10.00", "currency": "EUR"}
NO_INTEGERS = [1.5, "12", True, 10**12 + 1, 2**63, {}, []]


class TestRefuses:
    def test_without_a_key(self, anonymous_api):
        assert anonymous_api.post("/rewards", COFFEE).status_code == 401

    def test_a_key_that_may_only_read(self, readonly_api):
        assert readonly_api.post("/rewards", COFFEE).status_code == 403

    @pytest.mark.parametrize("field", ["name", "type", "pointsCost"])
    def test_a_reward_without(self, api, field):
        body = {name: value for name, value in COFFEE.items() if name != field}

        assert_refused(api.post("/rewards", body), "VALIDATION_ERROR", field)

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            *(("pointsCost", value) for value in (0, -1, None, *NO_INTEGERS)),
            *(("stock", value) for value in (-1, *NO_INTEGERS)),
            *(("perAdvocateLimit", value) for value in (0, -1, *NO_INTEGERS)),
            *(("name", value) for value in ("", None, 5, "x" * 201)),
            *(("type", value) for value in ("", None, "gold_bar", 5)),
            *(("status", value) for value in ("", None, "sold", "Active")),
            *(("value", value) for value in (0, -1, "1.005", "NaN", "Infinity", "1e999999", "", "ten", True)),
            ("value", []),
            *(("minSpend", value) for value in (0, -1, "1.005", "sNaN")),
            *(("currency", value) for value in ("", "eur", "EURO", "EUR\n", 978)),
            *(("codePrefix", value) for value in ("", "ten", "T N", "TEN\n", "X" * 17)),
            *(("key", value) for value in ("", "Ten", "a b", "x" * 65)),
            *(("startsAt", value) for value in ("tomorrow", "2026-05-01T12:00:00", 5)),
            ("endsAt", "0001-01-01T00:00:00+14:00"),
            ("tierKeys", None),
            ("tierKeys", "gold"),
            ("description", "x" * 5001),
            ("productId", ""),
            *(("segmentKeys", value) for value in (None, "beta")),
            *(("approval", value) for value in (None, "yes", 1)),
            *(("acknowledgement", value) for value in (None, True, "maybe")),
            *(("acknowledgeWithinHours", value) for value in (0, 8761, None, "24")),
            *(("codePoolKey", value) for value in ("", "A b", 5)),
            *(("increments", value) for value in (5, "all")),
            ("increments", []),
        ],
    )
    def test_a_field_that_makes_no_sense(self, api, field, value):
        assert_refused(api.post("/rewards", COFFEE | {field: value}), "VALIDATION_ERROR", field)
        assert not Reward.objects.exists()

    @pytest.mark.parametrize("number", [b"NaN", b"1e400", b"-0.5", b"1e3"])
    def test_numbers_that_only_json_text_can_spell(self, api, number):
        response = api.post("/rewards", b'{"name": "a", "type": "custom", "pointsCost": ' + number + b"}")

        assert (response.status_code, response.json()["error"]["code"]) == (400, "VALIDATION_ERROR")

    def test_an_end_before_the_start(self, api):
        body = COFFEE | {"startsAt": "2026-05-02T00:00:00Z", "endsAt": "2026-05-02T00:00:00Z"}

        assert_refused(api.post("/rewards", body), "VALIDATION_ERROR", "endsAt")

    def test_a_tier_that_the_programme_does_not_have(self, api):
        body = COFFEE | {"tierKeys": ["gold", "platinum"]}

        assert_refused(api.post("/rewards", body), "NOT_FOUND", "tierKeys.1", status=404)

    def test_a_key_that_is_taken(self, api):
        api.post("/rewards", COFFEE | {"key": "coffee"})

        assert_refused(api.post("/rewards", COFFEE | {"key": "coffee"}), "CONFLICT", "key", status=409)

    def test_rewards_of_another_business(self, api, rival_api):
        theirs = rival_api.post("/rewards", COFFEE).json()["reward"]["id"]

        assert_same_refusal(api.get(f"/rewards/{theirs}"), api.get(f"/rewards/{uuid4()}"), "NOT_FOUND", status=404)


class TestCreates:
    def test_a_reward_that_reads_back_the_same(self, api):
        created = api.post("/rewards", COFFEE | {"productId": "sku-1", "perAdvocateLimit": 2})

        reward = created.json()["reward"]
        assert created.status_code == 201
        assert reward == api.get(f"/rewards/{reward['id']}").json()["reward"]
        assert reward | COFFEE == reward
        assert (reward["key"], reward["status"], reward["stockRemaining"]) == ("free-coffee", "active", 10)
        assert (reward["productId"], reward["perAdvocateLimit"], reward["codePrefix"]) == ("sku-1", 2, "REWARD")
        assert (reward["segmentKeys"], reward["increments"], reward["approval"]) == ([], None, False)

    def test_with_the_smallest_and_the_largest_numbers(self, api):
        body = COFFEE | {"pointsCost": 10**12, "stock": 0, "perAdvocateLimit": 1}

        reward = api.post("/rewards", body).json()["reward"]

        assert (reward["pointsCost"], reward["stock"], reward["stockRemaining"]) == (10**12, 0, 0)

    def test_without_a_stock_as_many_as_wanted(self, api):
        reward = api.post("/rewards", COFFEE | {"stock": None}).json()["reward"]

        assert (reward["stock"], reward["stockRemaining"]) == (None, None)

    @pytest.mark.parametrize(
        ("value", "currency", "told"),
        [("10", "EUR", "10.00"), (12.5, "EUR", "12.50"), (1000, "JPY", "1000"), ("1.234", "KWD", "1.234")],
    )
    def test_money_in_its_currency(self, api, value, currency, told):
        reward = api.post("/rewards", TEN_OFF | {"value": value, "currency": currency}).json()["reward"]

        assert (reward["value"], reward["currency"]) == (told, currency)

    def test_money_in_the_currency_of_the_business(self, api):
        body = COFFEE | {"minSpend": "20", "currency": None}

        reward = api.post("/rewards", body).json()["reward"]

        assert (reward["value"], reward["minSpend"], reward["currency"]) == (None, "20.00", "EUR")

    def test_a_window_and_tiers(self, api):
        body = COFFEE | {"startsAt": "2026-05-01T02:00:00+02:00", "endsAt": "2026-06-01T00:00:00Z"}

        reward = api.post("/rewards", body | {"tierKeys": ["gold", "silver", "gold"]}).json()["reward"]

        assert (reward["startsAt"], reward["endsAt"]) == ("2026-05-01T00:00:00Z", "2026-06-01T00:00:00Z")
        assert reward["tierKeys"] == ["gold", "silver"]

    def test_at_the_time_of_its_sandbox(self, sandbox_api):
        tomorrow = datetime.now(UTC) + timedelta(days=1)
        sandbox_api.post("/test-clock", {"advance": "P2D"})

        reward = sandbox_api.post("/rewards", COFFEE).json()["reward"]

        assert datetime.fromisoformat(reward["createdAt"]) > tomorrow


class TestKeys:
    @pytest.mark.parametrize(
        ("name", "key"), [("10 € off!", "10-off"), ("咖啡", "reward"), ("Ö" + "x" * 90, "o" + "x" * 55)]
    )
    def test_are_made_from_names(self, api, name, key):
        assert api.post("/rewards", COFFEE | {"name": name}).json()["reward"]["key"] == key

    def test_of_the_same_name_are_counted(self, api, rival_api):
        rival_api.post("/rewards", COFFEE)

        keys = [api.post("/rewards", COFFEE).json()["reward"]["key"] for _ in range(3)]

        assert keys == ["free-coffee", "free-coffee-2", "free-coffee-3"]

    @pytest.mark.django_db(transaction=True)
    def test_stay_unique_when_many_are_made_at_once(self, api):
        responses = at_once(8, lambda _: api.post("/rewards", COFFEE))

        assert [response.status_code for response in responses] == [201] * 8
        assert len({response.json()["reward"]["key"] for response in responses}) == 8


class TestDatabase:
    @pytest.mark.parametrize(
        ("wrong", "constraint"),
        [
            ({"points_cost": 0}, "reward_costs_points"),
            ({"taken": 11}, "no_more_taken_than_stock"),
            ({"taken": -1}, "no_less_than_nothing_is_taken"),
            ({"percent_bp": 10_001}, "percent_up_to_a_hundred"),
            ({"value_minor": 0, "currency": "EUR"}, "reward_amounts_are_positive"),
            ({"value_minor": 5}, "reward_amounts_have_a_currency"),
            ({"per_advocate_limit": 0}, "reward_limit_is_positive"),
        ],
    )
    def test_has_the_last_word(self, offer, wrong, constraint):
        reward = offer(stock=10)

        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            Reward.objects.filter(pk=reward.pk).update(**wrong)
