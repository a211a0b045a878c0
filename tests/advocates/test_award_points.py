"""POST /advocates/:id/points: what it refuses, what it does, and that it does it in one statement."""

from datetime import timedelta
from uuid import uuid4

import pytest

from loyalty.kernel import clock
from loyalty.services import accounts
from tests.races import at_once
from tests.refusals import assert_refused, assert_same_refusal

pytestmark = pytest.mark.django_db

NO_AMOUNTS = [b"0", b"1.5", b'"12"', b"true", b"null", b"9223372036854775808", b"1e400"]
NO_AMOUNTS += [b"12.0", b"1e3", b"-9223372036854775809", b"1000000000001", b"[]", b"{}"]
NO_JSON = [b"NaN", b"Infinity", b"-Infinity", b"0x10", b"012", b"+5", b"5.", b""]


def in_a_day(days=1):
    return (clock.wall() + timedelta(days=days)).isoformat()


class TestRefuses:
    def test_without_a_key(self, anonymous_api, ada):
        assert anonymous_api.post(f"/advocates/{ada.pk}/points", {"amount": 1}).status_code == 401

    def test_a_key_that_may_only_read(self, readonly_api, ada):
        assert readonly_api.post(f"/advocates/{ada.pk}/points", {"amount": 1}).status_code == 403

    def test_an_advocate_of_another_business_as_one_that_is_not(self, api, eve):
        foreign = api.post(f"/advocates/{eve.pk}/points", {"amount": 1})
        unknown = api.post(f"/advocates/{uuid4()}/points", {"amount": 1})

        assert_same_refusal(foreign, unknown, "NOT_FOUND", status=404)

    @pytest.mark.parametrize("amount", NO_AMOUNTS)
    @pytest.mark.parametrize("rest", [b"", b', "type": "award"', b', "type": "deduct"'])
    def test_an_amount_that_is_none(self, api, ada, amount, rest):
        response = api.post(f"/advocates/{ada.pk}/points", b'{"amount": ' + amount + rest + b"}")

        assert_refused(response, "VALIDATION_ERROR", "amount")

    @pytest.mark.parametrize("amount", NO_JSON)
    def test_an_amount_that_is_no_json(self, api, ada, amount):
        response = api.post(f"/advocates/{ada.pk}/points", b'{"amount": ' + amount + b"}")

        assert_refused(response, "VALIDATION_ERROR", None)

    @pytest.mark.parametrize("type", ["award", "deduct"])
    def test_a_negative_amount_with_a_type(self, api, ada, type):
        response = api.post(f"/advocates/{ada.pk}/points", {"amount": -1, "type": type})

        assert_refused(response, "VALIDATION_ERROR", "amount")

    def test_a_call_without_an_amount(self, api, ada):
        assert_refused(api.post(f"/advocates/{ada.pk}/points", {}), "VALIDATION_ERROR", "amount")

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("type", "gift"),
            ("description", "x" * 501),
            ("metric", "No such key"),
            ("expiresAt", "tomorrow"),
            ("expiresAt", "2020-01-01T00:00:00Z"),
            ("expiresAt", "2099-01-01T00:00:00"),
            ("pendingUntil", "2020-01-01T00:00:00Z"),
            ("points", 5),
        ],
    )
    def test_a_field_that_makes_no_sense(self, api, ada, field, value):
        response = api.post(f"/advocates/{ada.pk}/points", {"amount": 5, field: value})

        assert_refused(response, "VALIDATION_ERROR", field)

    def test_points_that_expire_before_they_ripen(self, api, ada):
        body = {"amount": 5, "pendingUntil": in_a_day(2), "expiresAt": in_a_day(1)}

        assert_refused(api.post(f"/advocates/{ada.pk}/points", body), "VALIDATION_ERROR", "expiresAt")

    @pytest.mark.parametrize("field", ["expiresAt", "pendingUntil"])
    def test_a_deduction_with_a_time(self, api, ada, field):
        response = api.post(f"/advocates/{ada.pk}/points", {"amount": -5, field: in_a_day()})

        assert_refused(response, "VALIDATION_ERROR", field)

    def test_a_metric_of_another_programme(self, api, ada):
        response = api.post(f"/advocates/{ada.pk}/points", {"amount": 5, "metric": "miles"})

        assert_refused(response, "NOT_FOUND", "metric", status=404)

    def test_to_take_more_than_there_is(self, api, ada, give):
        give(ada, 10)

        assert_refused(api.post(f"/advocates/{ada.pk}/points", {"amount": -11}), "INSUFFICIENT_POINTS", None)

    def test_an_advocate_who_is_blocked(self, api, acme, ada):
        accounts.set_blocked(business=acme, account_id=ada.pk, blocked=True)

        assert_refused(api.post(f"/advocates/{ada.pk}/points", {"amount": 1}), "CONFLICT", None, status=409)


class TestMoves:
    def test_an_award_answers_the_transaction_and_the_balance(self, api, ada):
        answer = api.post(f"/advocates/{ada.pk}/points", {"amount": 100, "description": "Welcome"}).json()

        transaction = answer["transaction"]
        assert answer["newBalance"] == transaction["balanceAfter"] == 100
        assert (transaction["type"], transaction["amount"], transaction["metric"]) == ("earn", 100, "points")
        assert transaction["advocateId"] == str(ada.pk)
        assert transaction["description"] == "Welcome"
        assert transaction["source"] == {"type": "api", "id": transaction["id"]}
        assert transaction["ruleId"] is transaction["ruleVersion"] is None

    @pytest.mark.parametrize("body", [{"amount": -30}, {"amount": 30, "type": "deduct"}])
    def test_a_deduction_adjusts(self, api, ada, give, body):
        give(ada, 100)

        answer = api.post(f"/advocates/{ada.pk}/points", body).json()

        assert answer["newBalance"] == 70
        assert (answer["transaction"]["type"], answer["transaction"]["amount"]) == ("adjust", -30)

    def test_the_largest_amount_is_moved_exactly(self, api, ada):
        api.post(f"/advocates/{ada.pk}/points", {"amount": 10**12})

        assert api.post(f"/advocates/{ada.pk}/points", {"amount": -(10**12)}).json()["newBalance"] == 0

    def test_pending_points_are_not_spendable_yet(self, api, ada):
        api.post(f"/advocates/{ada.pk}/points", {"amount": 50, "pendingUntil": in_a_day()})

        points = api.get(f"/advocates/{ada.pk}/points").json()
        assert (points["balance"], points["pending"], points["lifetimeEarned"]) == (0, 50, 0)
        assert_refused(api.post(f"/advocates/{ada.pk}/points", {"amount": -1}), "INSUFFICIENT_POINTS", None)

    def test_an_award_is_one_statement(self, api, ada, django_assert_num_queries):
        api.get("/advocates")  # the key is known from here on

        with django_assert_num_queries(1):
            api.post(f"/advocates/{ada.pk}/points", {"amount": 5}, Idempotency_Key="once")

    def test_a_deduction_is_one_round_trip(self, api, ada, give, django_assert_num_queries):
        give(ada, 10)
        api.get("/advocates")

        with django_assert_num_queries(1):
            api.post(f"/advocates/{ada.pk}/points", {"amount": -5}, Idempotency_Key="once")


class TestIdempotency:
    def test_a_repeat_is_answered_from_the_first(self, api, ada):
        body = {"amount": 5, "description": "Once"}
        first = api.post(f"/advocates/{ada.pk}/points", body, Idempotency_Key="k")
        again = api.post(f"/advocates/{ada.pk}/points", body, Idempotency_Key="k")

        assert again.json() == first.json()
        assert again.headers["Idempotent-Replayed"] == "true"
        assert "Idempotent-Replayed" not in first.headers

    def test_another_request_with_the_key_is_refused(self, api, ada):
        api.post(f"/advocates/{ada.pk}/points", {"amount": 5}, Idempotency_Key="k")
        other = api.post(f"/advocates/{ada.pk}/points", {"amount": 6}, Idempotency_Key="k")

        assert_refused(other, "IDEMPOTENCY_MISMATCH", None, status=422)

    def test_a_refusal_is_kept(self, api, ada, give):
        api.post(f"/advocates/{ada.pk}/points", {"amount": -5}, Idempotency_Key="k")
        give(ada, 10)
        again = api.post(f"/advocates/{ada.pk}/points", {"amount": -5}, Idempotency_Key="k")

        assert_refused(again, "INSUFFICIENT_POINTS", None)

    def test_a_repeat_after_its_time_has_come_is_still_a_repeat(self, api, ada):
        body = {"amount": 5, "pendingUntil": in_a_day()}
        first = api.post(f"/advocates/{ada.pk}/points", body, Idempotency_Key="k")

        with clock.moved_to(clock.wall() + timedelta(days=2)):
            again = api.post(f"/advocates/{ada.pk}/points", body, Idempotency_Key="k")
            late = api.post(f"/advocates/{ada.pk}/points", body, Idempotency_Key="new")

        assert again.json() == first.json()
        assert_refused(late, "VALIDATION_ERROR", "pendingUntil")

    def test_keys_of_two_businesses_do_not_meet(self, api, rival_api, ada, eve):
        api.post(f"/advocates/{ada.pk}/points", {"amount": 5}, Idempotency_Key="k")
        other = rival_api.post(f"/advocates/{eve.pk}/points", {"amount": 6}, Idempotency_Key="k")

        assert other.json()["newBalance"] == 6


@pytest.mark.django_db(transaction=True)
class TestTenAtOnce:
    def test_one_key_has_one_effect(self, api, ada):
        responses = at_once(10, lambda _: api.post(f"/advocates/{ada.pk}/points", {"amount": 5}, Idempotency_Key="k"))

        done = [response for response in responses if response.status_code == 200]
        assert sum("Idempotent-Replayed" not in response.headers for response in done) == 1
        assert len({response.content for response in done}) == 1
        assert {response.status_code for response in responses} <= {200, 409}
        assert balance(api, ada) == 5

    def test_without_a_key_each_has_its_own(self, api, ada):
        at_once(10, lambda _: api.post(f"/advocates/{ada.pk}/points", {"amount": 5}))

        assert balance(api, ada) == 50


def balance(api, advocate):
    return api.get(f"/advocates/{advocate.pk}/points").json()["balance"]
