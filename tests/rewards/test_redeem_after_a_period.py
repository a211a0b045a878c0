"""A reward for one tier, after the period has ended in which somebody was on it."""

from datetime import timedelta

import pytest

from advocates.services import advocates
from loyalty.kernel import clock
from loyalty.selectors import ledger as wallets
from loyalty.services import businesses, ledger
from rewards.services import redemptions
from tests.loyalty.climbers import put

pytestmark = pytest.mark.django_db


def test_is_refused_though_nobody_has_looked_yet_and_takes_nothing(acme, offer):
    sandbox = acme.sandbox
    put(sandbox, key="tiers", is_tier=True, basis="periodEarned", period="P12M", downgrade="oneStep")
    person = advocates.create(business=sandbox, email="sue@example.com")
    ledger.award(business=sandbox, account_id=person.pk, amount=5_000)
    lounge = offer(business=sandbox, tier_keys=["gold"])
    businesses.move_clock(business=sandbox, to=clock.now(sandbox) + timedelta(days=2 * 366))

    with pytest.raises(redemptions.NotEligible):
        redemptions.redeem(business=sandbox, reward_id=lounge.pk, advocate_id=person.pk)

    assert wallets.wallets(business=sandbox, account_ids=[person.pk])[person.pk].amount == 5_000
