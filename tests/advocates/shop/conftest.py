"""A shop that sells beans at 20.00 and mugs at 10.00, and gives 5 points for each euro."""

import pytest

from advocates.models import Advocate
from loyalty.models import Business
from loyalty.models.ledger import LedgerEntry
from loyalty.selectors import ledger as books
from loyalty.services import earn_rules
from loyalty.services.earn_terms import Earn, Terms

LINES = [
    {"id": "beans", "productId": "beans", "quantity": 2, "price": "20.00"},
    {"id": "mug", "productId": "mug", "quantity": 1, "price": "10.00"},
]


def order(id="1001", *, status="paid", who="ada-1", lines=LINES, **more):
    """A paid order of 50.00, unless said otherwise."""
    body = {"id": id, "customer": {"externalId": who}, "total": "50.00", "financialStatus": status, "lines": lines}
    return body | more


def rule(business, key="purchase", *, points=5, per="1.00", currency="EUR", **terms):
    earn = Earn(points=points, per=per, currency=currency)
    made = Terms(trigger="order_paid", earn=earn, **terms)
    return earn_rules.create(business=business, title=key.title(), key=key, terms=made)


def coupon_of(api, advocate: Advocate) -> str:
    """5.00 off, for 100 of somebody's points."""
    reward = {"name": "5.00 off", "type": "amount_discount", "value": "5.00", "currency": "EUR", "pointsCost": 100}
    made = api.post("/rewards", reward).json()["reward"]
    answer = api.post(f"/rewards/{made['id']}/redeem", {"advocateId": str(advocate.pk)})
    return str(answer.json()["redemption"]["couponCode"])


def balance(advocate: Advocate, metric="points") -> int:
    wallets = books.wallets(business=advocate.business, account_ids=[advocate.pk], metric=metric)
    return wallets[advocate.pk].amount


def pending(advocate: Advocate) -> int:
    return books.wallets(business=advocate.business, account_ids=[advocate.pk])[advocate.pk].pending


def moves(advocate: Advocate) -> list[tuple[str, int]]:
    """What moved somebody's points, in the order in which it happened."""
    rows = LedgerEntry.objects.for_business(advocate.business).filter(account_id=advocate.pk)
    return list(rows.order_by("sequence").values_list("type", "amount"))


def policy(business: Business, **fields):
    Business.objects.filter(pk=business.pk).update(**fields)


@pytest.fixture
def purchases(acme):
    return rule(acme)
