"""POST /redemptions/:id/cancel."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from loyalty.kernel import clock
from loyalty.selectors import ledger as wallets
from loyalty.services import ledger, merges
from rewards.models import Redemption, Reward
from rewards.services import redemptions
from tests.refusals import assert_refused, assert_same_refusal

pytestmark = pytest.mark.django_db


@pytest.fixture
def redeemed(acme, offer, ada, give):
    """Ada has paid 200 of her 500 points for two of five cups."""
    give(ada, 500)
    reward = offer(stock=5)
    return redemptions.redeem(business=acme, reward_id=reward.pk, advocate_id=ada.pk, quantity=2)


class TestRefuses:
    def test_without_a_key(self, anonymous_api, redeemed):
        assert anonymous_api.post(f"/redemptions/{redeemed.pk}/cancel").status_code == 401

    def test_redemptions_of_another_business(self, rival_api, redeemed):
        responses = [rival_api.post(f"/redemptions/{id}/cancel", {"reason": "x"}) for id in (redeemed.pk, uuid4())]

        assert_same_refusal(*responses, "NOT_FOUND", status=404)

    @pytest.mark.parametrize("reason", [None, 5, "x" * 501])
    def test_a_reason_that_makes_no_sense(self, api, redeemed, reason):
        response = api.post(f"/redemptions/{redeemed.pk}/cancel", {"reason": reason})

        assert_refused(response, "VALIDATION_ERROR", "reason")

    @pytest.mark.parametrize("status", ["used", "fulfilled", "expired"])
    def test_what_cannot_be_taken_back(self, api, redeemed, status):
        Redemption.objects.filter(pk=redeemed.pk).update(status=status)

        assert_refused(api.post(f"/redemptions/{redeemed.pk}/cancel"), "CONFLICT", None, status=409)

    def test_the_second_time(self, api, redeemed):
        assert api.post(f"/redemptions/{redeemed.pk}/cancel").status_code == 200

        assert_refused(api.post(f"/redemptions/{redeemed.pk}/cancel"), "CONFLICT", None, status=409)


class TestCancels:
    def test_under_one_lock_of_all_whom_merges_made_one(self, acme, redeemed, ada, bob):
        """An undo of the merge locks both in the order of their ids, too: none waits for the other in a circle."""
        merges.merge(business=acme, source_id=ada.pk, target_id=bob.pk)

        with CaptureQueriesContext(connection) as asked:
            redemptions.cancel(business=acme, redemption_id=redeemed.pk)

        locking = next(each["sql"] for each in asked if "FOR NO KEY UPDATE" in each["sql"])
        assert ada.pk.hex in locking
        assert bob.pk.hex in locking
        assert wallets.wallets(business=acme, account_ids=[bob.pk])[bob.pk].amount == 500

    @pytest.mark.parametrize("status", ["issued", "pending_approval", "pending_acknowledgement"])
    def test_and_gives_points_and_stock_back(self, api, redeemed, ada, status):
        Redemption.objects.filter(pk=redeemed.pk).update(status=status)

        response = api.post(f"/redemptions/{redeemed.pk}/cancel", {"reason": "Wrong cup"})

        redemption = response.json()["redemption"]
        assert (redemption["status"], redemption["reason"]) == ("cancelled", "Wrong cup")
        assert redemption == api.get(f"/redemptions/{redeemed.pk}").json()["redemption"]
        assert api.get(f"/rewards/{redeemed.reward_id}").json()["reward"]["stockRemaining"] == 5
        wallet = wallets.wallets(business=ada.business, account_ids=[ada.pk])[ada.pk]
        assert (wallet.amount, wallet.lifetime_earned, wallet.lifetime_spent) == (500, 500, 0)

    def test_into_the_same_lots_with_their_own_expiry(self, acme, offer, ada, give):
        soon, later = (clock.now(acme) + timedelta(days=days) for days in (5, 50))
        give(ada, 80, expires_at=soon)
        give(ada, 80, expires_at=later)
        redemption = redemptions.redeem(business=acme, reward_id=offer().pk, advocate_id=ada.pk)

        redemptions.cancel(business=acme, redemption_id=redemption.pk)

        expiring = wallets.expiring(business=acme, account_id=ada.pk)
        assert [(lot.amount, lot.expires_at) for lot in expiring] == [(80, soon), (80, later)]

    def test_so_that_what_expired_meanwhile_stays_expired(self, acme, coffee, ada, give):
        give(ada, 100, expires_at=clock.now(acme) + timedelta(days=5))
        redemption = redemptions.redeem(business=acme, reward_id=coffee.pk, advocate_id=ada.pk)

        with clock.moved_to(datetime.now(UTC) + timedelta(days=6)):
            redemptions.cancel(business=acme, redemption_id=redemption.pk)
            with pytest.raises(ledger.InsufficientPoints):
                redemptions.redeem(business=acme, reward_id=coffee.pk, advocate_id=ada.pk)
        assert Reward.objects.get().taken == 0
