from collections.abc import Callable

import pytest

from advocates.models import Advocate
from loyalty.models import Business
from loyalty.selectors import ledger as books
from referrals.models import ReferralCode
from referrals.services import codes, conversions, signals
from referrals.services.conversions import Order, Outcome
from referrals.services.friends import Named

SHOP = "https://shop.example"

Convert = Callable[..., Outcome]


@pytest.fixture
def shop(acme: Business) -> Business:
    """Acme, with a shop that links may lead to."""
    acme.allowed_origins = [SHOP, "https://blog.example:8443"]
    acme.save(update_fields=["allowed_origins"])
    return acme


@pytest.fixture
def adas(acme: Business, ada: Advocate) -> ReferralCode:
    """The code that Ada has chosen."""
    return codes.create(business=acme, advocate_id=ada.pk, code="ADA-1815")


@pytest.fixture
def order(acme: Business) -> Convert:
    """A friend orders: `order("1001", code="ADA-1815", email="charles@example.com")`."""

    def place(
        number: str, *, code: str = "ADA-1815", minor: int = 4200, currency: str = "EUR", **said: str
    ) -> Outcome:
        seen = {name: said.pop(name) for name in ("visitor_id", "address", "agent") if name in said}
        return conversions.convert(
            business=acme,
            code=code,
            order=Order(id=number, minor=minor, currency=currency),
            named=Named(**said),
            seen=signals.of(acme, **seen),
        )

    return place


def points_of(advocate: Advocate) -> int:
    return books.wallets(business=advocate.business, account_ids=[advocate.pk])[advocate.pk].amount
