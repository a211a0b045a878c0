"""The checks of `verify_ledger` that this app adds find what they are for."""

from uuid import uuid4

import pytest
from django.db import IntegrityError, connection, transaction

from loyalty.services import ledger, verification
from rewards.models import Redemption, Reward
from rewards.services import redemptions

pytestmark = pytest.mark.django_db


@pytest.fixture
def redeemed(acme, coffee, ada, give):
    give(ada, 500)
    return redemptions.redeem(business=acme, reward_id=coffee.pk, advocate_id=ada.pk)


def found(business=None):
    return {(finding.check.split(",")[0], finding.offender) for finding in verification.verify(business)}


@pytest.mark.breaks_the_books
class TestChecksFind:
    def test_stock_that_nobody_took(self, acme, rival, redeemed):
        Reward.objects.filter(pk=redeemed.reward_id).update(taken=7)

        offence = ("what is taken of a reward is what is redeemed and not cancelled", str(redeemed.reward_id))
        assert found() == found(acme) == {offence}
        assert found(rival) == set()

    def test_a_coupon_of_two_redemptions(self, acme, ada, redeemed):
        other = redemptions.redeem(business=acme, reward_id=redeemed.reward_id, advocate_id=ada.pk)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("ALTER TABLE rewards_redemption DROP CONSTRAINT one_redemption_per_coupon")
        Redemption.objects.filter(pk=other.pk).update(coupon_code=redeemed.coupon_code)

        name = "a coupon belongs to one redemption"
        assert found() == {(name, str(redeemed.pk)), (name, str(other.pk))}

    @pytest.mark.parametrize("wrong", [{"points": 1}, {"entry_id": uuid4()}])
    def test_a_redemption_that_the_ledger_does_not_know(self, redeemed, wrong):
        Redemption.objects.filter(pk=redeemed.pk).update(**wrong)

        assert found() == {("a redemption that was paid for has its entry with its points", str(redeemed.pk))}

    def test_a_redemption_whose_points_came_back_behind_its_back(self, acme, redeemed):
        ledger.reverse(business=acme, entry_id=redeemed.entry_id)

        assert found() == {("a redemption that was paid for has its entry with its points", str(redeemed.pk))}


class TestDatabase:
    @pytest.mark.parametrize(
        ("theirs", "constraint"),
        [("reward", "redemption_reward_of_its_business"), ("advocate", "redemption_person_of_its_business")],
    )
    def test_keeps_redemptions_within_their_business(self, redeemed, offer, rival, eve, theirs, constraint):
        foreign = {"reward": offer(business=rival), "advocate": eve}[theirs]

        with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
            Redemption.objects.filter(pk=redeemed.pk).update(**{theirs: foreign})

    def test_gives_a_coupon_to_one_redemption(self, acme, ada, redeemed):
        other = redemptions.redeem(business=acme, reward_id=redeemed.reward_id, advocate_id=ada.pk)

        with pytest.raises(IntegrityError, match="one_redemption_per_coupon"), transaction.atomic():
            Redemption.objects.filter(pk=other.pk).update(coupon_code=redeemed.coupon_code)
