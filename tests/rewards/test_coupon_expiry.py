"""How long a coupon is good: to the end of its last day, and an hour more for orders that are told late."""

from datetime import UTC, datetime, timedelta

import pytest

from loyalty.kernel import clock
from loyalty.models import Business
from loyalty.services import erasure, idempotency, ledger, merges
from rewards import tasks
from rewards.services import redemptions, steps
from tests.advocates.shop.conftest import order
from tests.races import at_once
from tests.refusals import assert_refused
from tests.rewards.test_steps import points_of, published, redeem, topics

pytestmark = pytest.mark.django_db

BOUGHT = datetime(2027, 10, 29, 21, 30, tzinfo=UTC)  # 23:30 in Berlin, two days before its clocks go back
OVER = datetime(2027, 10, 31, 23, tzinfo=UTC)  # the midnight that ends the second day after
BREATH = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def _a_day_before():
    """People join before they buy, whenever this runs: nothing happens to anybody earlier than that."""
    with clock.moved_to(BOUGHT - timedelta(days=1)):
        yield


@pytest.fixture
def rich_ada(ada, give):
    give(ada, 500)
    return ada


@pytest.fixture
def fleeting(offer, acme):
    """A coffee whose coupon is good for two days, in Berlin."""
    Business.objects.filter(pk=acme.pk).update(timezone="Europe/Berlin")
    acme.refresh_from_db()
    return offer(expires_after_days=2, stock=5)


@pytest.fixture
def bought(fleeting, rich_ada):
    with clock.moved_to(BOUGHT):
        return redeem(fleeting, rich_ada)


class TestRefuses:
    @pytest.mark.parametrize("days", [0, -1, 1.5, "2", 36_501, True])
    def test_a_number_of_days_that_is_none(self, api, days):
        answer = api.post(
            "/rewards", {"name": "Coffee", "type": "custom", "pointsCost": 100, "expiresAfterDays": days}
        )

        assert_refused(answer, "VALIDATION_ERROR", "expiresAfterDays")

    def test_days_for_what_has_no_coupon(self, api):
        donation = {"name": "Trees", "type": "donation", "pointsCost": 100, "value": "1.00", "expiresAfterDays": 5}

        assert_refused(api.post("/rewards", donation), "VALIDATION_ERROR", "expiresAfterDays")

    def test_to_use_a_coupon_at_a_till_after_its_last_day(self, api, bought):
        with clock.moved_to(OVER):
            answer = api.post(f"/rewards/{bought.coupon_code}/use")

        assert_refused(answer, "CONFLICT", None, status=409)
        assert "is expired" in answer.json()["error"]["message"]
        bought.refresh_from_db()
        assert bought.status == "issued"


class TestCoupon:
    def test_is_good_for_ever_where_nothing_is_said(self, acme, coffee, rich_ada):
        bought = redeem(coffee, rich_ada)

        with clock.moved_to(datetime.now(UTC) + timedelta(days=4_000)):
            assert steps.expire_due() == 0
            assert steps.use_coupon(business=acme, code=bought.coupon_code).status == "used"

    def test_is_good_to_the_end_of_its_last_day_in_the_programmes_zone(self, api, acme, bought):
        assert bought.expires_at == OVER
        assert api.get(f"/redemptions/{bought.pk}").json()["redemption"]["expiresAt"] == "2027-10-31T23:00:00Z"

        with clock.moved_to(OVER - BREATH):
            assert steps.use_coupon(business=acme, code=bought.coupon_code).status == "used"

    @pytest.mark.parametrize(
        "waits",
        [{"approval": True}, {"acknowledgement": "required"}, {"approval": True, "acknowledgement": "required"}],
    )
    def test_is_good_for_as_long_where_it_waits_first(self, acme, offer, rich_ada, waits):
        with clock.moved_to(BOUGHT):
            waiting = redeem(offer(expires_after_days=2, **waits), rich_ada)
        assert waiting.expires_at is None

        with clock.moved_to(BOUGHT + timedelta(hours=12)):
            if "approval" in waits:
                waiting = steps.approve(business=acme, redemption_id=waiting.pk)
            if "acknowledgement" in waits:
                waiting = steps.acknowledge(business=acme, redemption_id=waiting.pk)

        waiting.refresh_from_db()
        assert (waiting.status, waiting.expires_at) == ("issued", datetime(2027, 11, 2, tzinfo=UTC))

    def test_is_good_for_as_long_where_it_is_given(self, acme, fleeting, ada):
        with clock.moved_to(BOUGHT):
            given = redemptions.give(
                business=acme, reward_id=fleeting.pk, advocate_id=ada.pk, source=ledger.Source("quest", "1")
            )

        assert given.expires_at == OVER

    def test_that_is_asked_for_again_reads_as_it_did(self, acme, offer, rich_ada):
        reward = offer(expires_after_days=2, approval=True)
        key = idempotency.Key(acme.pk, "again", b"same")
        wish = redemptions.Wish(reward.pk, rich_ada.pk)
        sold = redemptions.redeem_once(wish, business=acme, key=key)
        steps.approve(business=acme, redemption_id=sold.redemption.pk)

        again = redemptions.redeem_once(wish, business=acme, key=key)

        assert (again.is_replay, again.redemption.expires_at, again.redemption.coupon_code) == (True, None, None)


class TestExpiry:
    def test_leaves_an_hour_for_orders_that_are_told_late(self, api, bought):
        with clock.moved_to(OVER + steps.GRACE - BREATH):
            assert steps.expire_due() == 0
            api.post("/orders", order(discountCodes=[bought.coupon_code]))

        bought.refresh_from_db()
        assert bought.status == "used"

    def test_comes_once_and_is_told(self, api, bought, rich_ada):
        with clock.moved_to(OVER + steps.GRACE):
            assert [steps.expire_due(), steps.expire_due()] == [1, 0]

        shown = api.get("/redemptions", status="expired").json()["redemptions"]
        assert [each["id"] for each in shown] == [str(bought.pk)]
        assert topics(rich_ada)[-1] == "redemptions/expired"
        told = published(rich_ada, "redemptions/expired")
        assert (told["status"], told["couponCode"], told["expiresAt"]) == ("expired", bought.coupon_code, OVER)

    def test_leaves_points_spent_and_pieces_taken(self, bought, rich_ada):
        with clock.moved_to(OVER + steps.GRACE):
            tasks.expire_redemptions()

        bought.reward.refresh_from_db()
        assert (points_of(rich_ada), bought.reward.taken) == (400, 1)

    def test_of_somebody_who_was_merged_is_told_of_who_they_are_now(self, acme, bought, rich_ada, bob):
        merges.merge(business=acme, source_id=rich_ada.pk, target_id=bob.pk)

        with clock.moved_to(OVER + steps.GRACE):
            assert steps.expire_due() == 1

        assert topics(bob)[-1] == "redemptions/expired"

    def test_comes_for_the_erased_too(self, acme, bought, rich_ada):
        erasure.erase(business=acme, account_id=rich_ada.pk)

        with clock.moved_to(OVER + steps.GRACE):
            assert steps.expire_due() == 1

    @pytest.mark.parametrize("way", ["cancel", "fulfil", "use"])
    def test_is_the_end(self, api, bought, way):
        with clock.moved_to(OVER + steps.GRACE):
            steps.expire_due()
            path = f"/rewards/{bought.coupon_code}/use" if way == "use" else f"/redemptions/{bought.pk}/{way}"
            assert_refused(api.post(path), "CONFLICT", None, status=409)

    def test_leaves_alone_what_was_used_or_cancelled(self, acme, fleeting, rich_ada):
        with clock.moved_to(BOUGHT):
            used, cancelled = (redeem(fleeting, rich_ada) for _ in range(2))
            steps.use(business=acme, redemption_id=used.pk)
            redemptions.cancel(business=acme, redemption_id=cancelled.pk)

        with clock.moved_to(OVER + steps.GRACE):
            assert steps.expire_due() == 0

    def test_is_due_by_the_clock_of_its_sandbox(self, acme, offer, sandbox_api):
        sue = sandbox_api.post("/advocates", {"email": "sue@example.com"}).json()["advocate"]["id"]
        sandbox_api.post(f"/advocates/{sue}/points", {"amount": 100})
        reward = offer(business=acme.sandbox, expires_after_days=2)
        sandbox_api.post(f"/rewards/{reward.pk}/redeem", {"advocateId": sue})
        assert steps.expire_due() == 0

        sandbox_api.post("/test-clock", {"advance": "P4D"})

        assert steps.expire_due() == 1

    def test_is_swept_in_batches(self, fleeting, give, ada, monkeypatch):
        give(ada, 2_000)
        with clock.moved_to(BOUGHT):
            for _ in range(5):
                redeem(fleeting, ada)
        monkeypatch.setattr(steps, "BATCH", 2)

        with clock.moved_to(OVER + steps.GRACE):
            assert steps.expire_due() == 5

    @pytest.mark.django_db(transaction=True)
    def test_races_with_its_use_and_one_of_them_wins(self, acme, bought):
        def either(number):
            with clock.moved_to(OVER + steps.GRACE):
                if number % 2:
                    return steps.expire_due()
                steps.use(business=acme, redemption_id=bought.pk, order_id="late")
                return "used"

        ends = at_once(10, either)

        bought.refresh_from_db()
        is_used = bought.status == "used"
        assert ends.count("used") == is_used
        assert sum(each for each in ends if isinstance(each, int)) == (not is_used)


class TestReward:
    def test_says_how_long_its_coupons_are_good_everywhere(self, api, acme, fleeting):
        assert api.get(f"/rewards/{fleeting.pk}").json()["reward"]["expiresAfterDays"] == 2
        (item,) = api.get("/programme").json()["rewards"]
        assert item["expiresAfterDays"] == 2

        api.patch(f"/rewards/{fleeting.pk}", {"expiresAfterDays": None})

        assert api.get("/programme").json()["rewards"][0]["expiresAfterDays"] is None

    def test_of_another_length_leaves_alone_what_is_sold(self, api, fleeting, bought):
        api.patch(f"/rewards/{fleeting.pk}", {"expiresAfterDays": 300})

        bought.refresh_from_db()
        assert bought.expires_at == OVER
