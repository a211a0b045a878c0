from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from loyalty.kernel import clock
from loyalty.models import Account, Business, HoldAccrual, HoldProgramme
from loyalty.models.hold import PARTS
from loyalty.services import accounts, accrual, hold_programmes, ledger
from loyalty.services.hold_rules import HoldRules, Pool

NOON = datetime(2027, 5, 3, 12, tzinfo=UTC)


class Noon:
    """The time of a test: noon of a Monday, and what comes after."""

    def __init__(self) -> None:
        self.now = NOON

    def passes(self, **time: float) -> None:
        self.now += timedelta(**time)
        clock._moved_to.set(self.now)


@pytest.fixture
def time() -> Iterator[Noon]:
    with clock.moved_to(NOON):
        yield Noon()


@pytest.fixture
def start(acme: Business) -> Callable[..., HoldProgramme]:
    """Switch a programme on: `start(per_day=1440)` pays a point a minute."""

    def run(business: Business = acme, per_day: int = 1440, **rules: Any) -> HoldProgramme:
        said = {"pool": Pool(per_day=per_day), **rules}
        return hold_programmes.create(business=business, title="Pool", status="active", rules=HoldRules(**said))

    return run


@pytest.fixture
def holder(acme: Business) -> Callable[..., Account]:
    """Somebody who holds so many points: `holder(100)`."""

    def open_one(amount: int, business: Business = acme) -> Account:
        account = accounts.open_account(business=business)
        if amount:
            ledger.award(business=business, account_id=account.pk, amount=amount)
        return account

    return open_one


def accrued(account: Account) -> float:
    """The points that somebody has accrued, posted or not."""
    rows = HoldAccrual.objects.for_business(account.business).filter(account=account)
    return float(sum(row.parts / PARTS for row in rows))


def minute_passes(time: Noon, minutes: int = 1) -> None:
    for _ in range(minutes):
        time.passes(minutes=1)
        accrual.accrue_due()
