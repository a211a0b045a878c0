"""What becomes of a redemption: approved, acknowledged, issued, used, fulfilled; each step once, none backwards."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import uuid4

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from loyalty.api import limits
from loyalty.kernel import clock
from loyalty.models import Account, Event
from loyalty.selectors import ledger as wallets
from loyalty.services import merges, personal_data
from rewards import tasks
from rewards.models import Code, Redemption
from rewards.selectors import described
from rewards.services import codes, pools, redemptions, steps
from tests.races import at_once, beside, just_before
from tests.refusals import assert_refused, assert_same_refusal

pytestmark = pytest.mark.django_db

STATUSES = list(Redemption.Status.values)
ALLOWED = {"fulfil": {"issued"}, "acknowledge": {"pending_acknowledgement"}, "use": {"issued"}}


@pytest.fixture
def rich_ada(ada, give):
    give(ada, 500)
    return ada


@pytest.fixture
def bought(coffee, rich_ada):
    return redeem(coffee, rich_ada)


@pytest.fixture
def waiting(offer, rich_ada):
    """A redemption that an operator must approve."""
    return redeem(offer(approval=True, stock=5), rich_ada)


@pytest.fixture
def unconfirmed(offer, rich_ada):
    """A redemption that the merchant's system must acknowledge."""
    return redeem(offer(acknowledgement="required", acknowledge_within_hours=2, stock=5), rich_ada)


def redeem(reward, person):
    return redemptions.redeem(business=reward.business, reward_id=reward.pk, advocate_id=person.pk)


def path_of(redemption, verb):
    return f"/rewards/{redemption.coupon_code}/use" if verb == "use" else f"/redemptions/{redemption.pk}/{verb}"


def topics(person):
    rows = Event.objects.for_business(person.business).filter(account_id=person.pk).order_by("sequence")
    return list(rows.values_list("topic", flat=True))


def points_of(person):
    return wallets.wallets(business=person.business, account_ids=[person.pk])[person.pk].amount


def published(person, topic):
    page = list(Event.objects.for_business(person.business).filter(topic=topic).order_by("sequence"))
    describe = described.describe_redeemed_points if topic == "points/redeemed" else described.describe_redemptions
    return dict(describe(person.business, page)[page[-1].pk])


class TestRefuses:
    @pytest.mark.parametrize("verb", ["fulfil", "acknowledge"])
    def test_redemptions_of_another_business(self, rival_api, bought, verb):
        answers = [rival_api.post(f"/redemptions/{id}/{verb}", {}) for id in (bought.pk, uuid4())]

        assert_same_refusal(*answers, "NOT_FOUND", status=404)

    def test_coupons_of_another_business(self, rival_api, bought):
        answers = [rival_api.post(f"/rewards/{code}/use") for code in (bought.coupon_code, "REWARD-222222222222")]

        assert_same_refusal(*answers, "NOT_FOUND", status=404)

    @pytest.mark.parametrize(
        ("verb", "status"), [(verb, s) for verb, fine in ALLOWED.items() for s in STATUSES if s not in fine]
    )
    @pytest.mark.breaks_the_books
    def test_a_step_from_a_wrong_state(self, api, bought, verb, status):
        Redemption.objects.filter(pk=bought.pk).update(status=status)

        assert_refused(api.post(path_of(bought, verb), {}), "CONFLICT", None, status=409)
        bought.refresh_from_db()
        assert bought.status == status

    @pytest.mark.parametrize("step", [steps.approve, lambda **named: steps.reject(**named, reason="No")])
    def test_to_judge_what_waits_for_nobody(self, acme, bought, step):
        with pytest.raises(redemptions.WrongState):
            step(business=acme, redemption_id=bought.pk)

        bought.refresh_from_db()
        assert bought.status == "issued"

    def test_to_look_up_a_coupon_while_nobody_counts_the_guesses(self, api, bought, monkeypatch):
        monkeypatch.setattr(limits, "_ask_redis", lambda windows, at: None)

        assert_refused(api.post(path_of(bought, "use")), "UNAVAILABLE", None, status=503)
        assert api.get(f"/redemptions/{bought.pk}").json()["redemption"]["status"] == "issued"

    @pytest.mark.parametrize("reason", [None, 5, "x" * 501])
    def test_a_reason_that_makes_no_sense(self, api, bought, reason):
        answer = api.post(f"/redemptions/{bought.pk}/fulfil", {"reason": reason})

        assert_refused(answer, "VALIDATION_ERROR", "reason")


class TestSteps:
    @pytest.mark.parametrize(
        ("verb", "status", "reason"), [("use", "used", None), ("fulfil", "fulfilled", "Parcel 4711")]
    )
    def test_end_it(self, api, bought, rich_ada, verb, status, reason):
        redemption = api.post(path_of(bought, verb), reason and {"reason": reason}).json()["redemption"]

        assert (redemption["status"], redemption["reason"]) == (status, reason)
        assert redemption == api.get(f"/redemptions/{bought.pk}").json()["redemption"]
        assert topics(rich_ada)[-1] == f"redemptions/{status}"
        told = published(rich_ada, f"redemptions/{status}")
        assert (told["status"], told["reason"], told["couponCode"]) == (status, reason, bought.coupon_code)

    def test_are_repeated_by_their_idempotency_key_alone(self, api, bought):
        path = path_of(bought, "use")

        first, again = (api.post(path, Idempotency_Key="till-1") for _ in range(2))

        assert (first.status_code, again.content) == (200, first.content)
        assert api.post(path).status_code == 409

    @pytest.mark.django_db(transaction=True)
    def test_are_taken_once_by_many(self, acme, bought):
        code = bought.coupon_code

        results = at_once(20, lambda _: steps.use_coupon(business=acme, code=code))

        assert Counter(type(result).__name__ for result in results) == {"Redemption": 1, "WrongState": 19}

    @pytest.mark.django_db(transaction=True)
    def test_are_taken_once_though_their_owner_is_merged_meanwhile(self, acme, bob, bought, monkeypatch):
        merge = partial(merges.merge, business=acme, source_id=bought.advocate_id, target_id=bob.pk)
        use = partial(steps.use, business=acme, redemption_id=bought.pk)
        just_before(monkeypatch, redemptions.accounts, "lock", merge)

        with beside(monkeypatch, redemptions, "locked", partial(use, order_id="1002")) as others:
            use(order_id="1001")

        assert [type(other) for other in others] == [redemptions.WrongState]
        assert Redemption.objects.get().order_id == "1001"

    @pytest.mark.django_db(transaction=True)
    def test_lead_one_way_when_many_want_different_ones(self, acme, bought):
        ways = [
            lambda: steps.use_coupon(business=acme, code=bought.coupon_code),
            lambda: steps.fulfil(business=acme, redemption_id=bought.pk),
            lambda: redemptions.cancel(business=acme, redemption_id=bought.pk),
        ]

        results = at_once(18, lambda number: ways[number % 3]())

        assert Counter(type(result).__name__ for result in results) == {"Redemption": 1, "WrongState": 17}


class TestApproval:
    def test_holds_the_coupon_back(self, api, waiting, rich_ada):
        assert (waiting.status, waiting.coupon_code, points_of(rich_ada)) == ("pending_approval", None, 400)
        assert topics(rich_ada)[-2:] == ["points/redeemed", "redemptions/created"]
        assert api.get("/redemptions", status="pending_approval").json()["redemptions"][0]["id"] == str(waiting.pk)

    def test_issues_it(self, acme, waiting, rich_ada):
        approved = steps.approve(business=acme, redemption_id=waiting.pk)

        assert approved.status == "issued"
        assert approved.coupon_code.startswith("REWARD-")
        assert topics(rich_ada)[-1] == "redemptions/issued"
        assert published(rich_ada, "redemptions/issued")["couponCode"] == approved.coupon_code
        assert published(rich_ada, "redemptions/created")["couponCode"] is None
        assert published(rich_ada, "points/redeemed")["couponCode"] is None

    def test_refused_gives_everything_back(self, acme, api, waiting, rich_ada):
        steps.reject(business=acme, redemption_id=waiting.pk, reason="Not this time")

        shown = api.get(f"/redemptions/{waiting.pk}").json()["redemption"]
        assert (shown["status"], shown["reason"], shown["couponCode"]) == ("cancelled", "Not this time", None)
        assert points_of(rich_ada) == 500
        waiting.reward.refresh_from_db()
        assert waiting.reward.taken == 0

    def test_keeps_a_code_that_goes_back_unseen(self, acme, offer, rich_ada):
        pool = pools.create(business=acme, title="Cinema", key="cinema")
        codes.add(business=acme, pool_id=pool.pk, codes=["ONE"])
        ticket = offer(type="promo_code", code_pool_key="cinema", approval=True)
        first = redeem(ticket, rich_ada)
        with pytest.raises(redemptions.OutOfStock):
            redeem(ticket, rich_ada)

        steps.reject(business=acme, redemption_id=first.pk, reason="No")
        second = steps.approve(business=acme, redemption_id=redeem(ticket, rich_ada).pk)

        assert (second.coupon_code, Code.objects.get().redemption_id) == ("ONE", second.pk)

    @pytest.mark.django_db(transaction=True)
    def test_is_given_or_refused_once(self, acme, waiting):
        def judge(number):
            if number % 2:
                return steps.approve(business=acme, redemption_id=waiting.pk)
            return steps.reject(business=acme, redemption_id=waiting.pk, reason="No")

        assert Counter(type(result).__name__ for result in at_once(20, judge)) == {"Redemption": 1, "WrongState": 19}


class TestAcknowledgement:
    def test_issues_what_the_merchant_knows_of(self, api, unconfirmed, rich_ada):
        assert unconfirmed.status == "pending_acknowledgement"
        assert published(rich_ada, "points/redeemed")["couponCode"] == unconfirmed.coupon_code
        assert topics(rich_ada)[-1] == "redemptions/created"

        answer = api.post(f"/redemptions/{unconfirmed.pk}/acknowledge").json()["redemption"]

        assert (answer["status"], answer["couponCode"]) == ("issued", unconfirmed.coupon_code)
        assert topics(rich_ada)[-1] == "redemptions/issued"

    def test_comes_after_an_approval(self, acme, offer, rich_ada):
        both = redeem(offer(approval=True, acknowledgement="required"), rich_ada)

        approved = steps.approve(business=acme, redemption_id=both.pk)

        assert (approved.status, bool(approved.coupon_code)) == ("pending_acknowledgement", True)
        assert steps.acknowledge(business=acme, redemption_id=both.pk).status == "issued"

    def test_that_comes_too_late_is_refused(self, api, unconfirmed):
        with clock.moved_to(datetime.now(UTC) + timedelta(hours=2, seconds=1)):
            answer = api.post(f"/redemptions/{unconfirmed.pk}/acknowledge")

        assert_refused(answer, "CONFLICT", None, status=409)

    def test_that_never_comes_gives_everything_back(self, unconfirmed, rich_ada):
        tasks.cancel_overdue()
        assert points_of(rich_ada) == 400

        with clock.moved_to(datetime.now(UTC) + timedelta(hours=2, seconds=1)):
            assert [steps.cancel_overdue(), steps.cancel_overdue()] == [1, 0]

        unconfirmed.refresh_from_db()
        assert (unconfirmed.status, unconfirmed.reason) == ("cancelled", steps.LATE)
        assert points_of(rich_ada) == 500

    def test_is_due_by_the_clock_of_its_sandbox(self, acme, offer, sandbox_api):
        sandbox_api.post("/advocates", {"email": "sue@example.com"})
        sue = sandbox_api.get("/advocates").json()["advocates"][0]["id"]
        sandbox_api.post(f"/advocates/{sue}/points", {"amount": 100})
        reward = offer(business=acme.sandbox, acknowledgement="required")
        sandbox_api.post(f"/rewards/{reward.pk}/redeem", {"advocateId": sue})
        assert steps.cancel_overdue() == 0

        sandbox_api.post("/test-clock", {"advance": "P1D"})

        assert steps.cancel_overdue() == 1

    def test_is_swept_in_batches_by_several_at_once(self, offer, give, ada, monkeypatch):
        give(ada, 2_000)
        reward = offer(acknowledgement="required")
        for _ in range(7):
            redeem(reward, ada)
        monkeypatch.setattr(steps, "BATCH", 3)

        with clock.moved_to(datetime.now(UTC) + timedelta(days=2)):
            assert steps.cancel_overdue() == 7

    @pytest.mark.breaks_the_books
    def test_is_swept_for_all_but_whom_it_fails_at(self, offer, give, ada, bob):
        reward = offer(acknowledgement="required")
        for person in (ada, bob):
            give(person, 500)
            redeem(reward, person)
        Account.objects.filter(pk=ada.pk).update(event_sequence=F("event_sequence") - 1)

        with clock.moved_to(datetime.now(UTC) + timedelta(days=2)):
            assert [steps.cancel_overdue(), steps.cancel_overdue()] == [1, 0]
        assert [points_of(person) for person in (ada, bob)] == [400, 500]


class TestPersonalData:
    def holder(self):
        return next(holder for holder in personal_data.holders() if holder.name == "redemptions")

    def test_is_exported(self, acme, bought, rich_ada):
        (row,) = self.holder().export(acme, rich_ada.pk)

        assert (row["id"], row["rewardName"], row["couponCode"]) == (bought.pk, "Free coffee", bought.coupon_code)

    def test_is_erased_but_for_codes_and_numbers(self, acme, bought, rich_ada):
        steps.fulfil(business=acme, redemption_id=bought.pk, reason="Handed to Ada in person")

        self.holder().erase(acme, [rich_ada.pk])

        bought.refresh_from_db()
        assert (bought.reason, bought.points, bool(bought.coupon_code)) == ("", 100, True)

    def test_moves_there_and_back(self, acme, bought, rich_ada, bob):
        moved = self.holder().move(acme, rich_ada.pk, bob.pk, None)
        assert moved == [str(bought.pk)]
        assert self.holder().export(acme, rich_ada.pk) == []

        self.holder().move(acme, bob.pk, rich_ada.pk, moved)
        assert self.holder().export(acme, bob.pk) == []


class TestLists:
    def test_ask_as_often_on_every_page(self, api, coffee, ada, give):
        give(ada, 2_000)
        for _ in range(9):
            redeem(coffee, ada)
        api.get("/redemptions")
        cursor, asked = None, []

        while not asked or cursor:
            with CaptureQueriesContext(connection) as queries:
                query = {"cursor": cursor} if cursor else {}
                cursor = api.get("/redemptions", limit=3, status="issued", **query).json()["nextCursor"]
            asked.append(len(queries))

        assert (len(asked), len(set(asked))) == (3, 1)
