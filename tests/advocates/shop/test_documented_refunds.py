"""docs/rules/refunds.md: its stories are lived through."""

import re
from pathlib import Path

import pytest

from loyalty.models.ledger import LedgerEntry
from loyalty.services import ledger
from rewards.services import redemptions, rewards
from tests.advocates.shop.conftest import balance, order, pending, policy, rule

pytestmark = pytest.mark.django_db
PAGE = (Path(__file__).resolve().parents[3] / "docs/rules/refunds.md").read_text(encoding="utf-8")
LINES = [
    {"id": "beans", "productId": "beans", "quantity": 2, "price": "9.99"},
    {"id": "card", "productId": "card", "price": "30.00"},
]


def tables(heading):
    found = re.findall(rf"^\| {heading} \|.*\n\|[-|]+\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    return [[[cell.strip() for cell in row.strip("|").split("|")] for row in one.splitlines()] for one in found]


STORIES = tables("what happens")
DISCOUNTED = tables("with a hidden discount")
(DEFICITS,) = tables("policy \\| earned")
(CANCELLED,) = tables("policy \\| refunded, then cancelled")


class Shop:
    def __init__(self, api, ada):
        self.api, self.ada, self.refunds, self.total = api, ada, 0, "55.00"

    def live(self, what):
        seen = LedgerEntry.objects.filter(account_id=self.ada.pk).count()
        self.tell(what)
        rows = LedgerEntry.objects.filter(account_id=self.ada.pk).order_by("sequence")[seen:]
        return " ".join(f"{entry.amount:+}" for entry in rows) or "0"

    def tell(self, what):
        if refund := re.fullmatch(r"refund of (?:(\d) (\w+)|([0-9.]+))", what):
            pieces, line, amount = refund.groups()
            self.refunds += 1
            said = {"amount": amount} if amount else {"lines": [{"lineId": line, "quantity": int(pieces)}]}
            answer = self.api.patch("/orders/1001", {"refunds": [{"id": f"r-{self.refunds}", **said}]})
        elif self.api.get("/orders/1001").status_code == 404:
            answer = self.api.post("/orders", order(status=what, lines=LINES, total=self.total, shippingTotal="5.02"))
        else:
            answer = self.api.patch("/orders/1001", {"financialStatus": what})
        assert answer.status_code in (200, 201), answer.json()


@pytest.fixture
def shop(api, ada):
    return Shop(api, ada)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: ", ".join(row[0] for row in story))
def test_the_stories_go_as_the_page_says(acme, ada, shop, story):
    rule(acme, exclude_products=["card"])

    for what, moved, left in story:
        assert (what, shop.live(what), balance(ada)) == (what, moved, int(left))


@pytest.mark.parametrize("story", DISCOUNTED, ids=lambda story: ", ".join(row[0] for row in story))
def test_those_of_a_hidden_discount_do_so_and_end_the_order(api, acme, ada, shop, story):
    shop.total = "27.50"

    test_the_stories_go_as_the_page_says(acme, ada, shop, story)

    told = api.get("/orders/1001").json()["order"]
    assert (told["financialStatus"], told["refundedTotal"]) == ("refunded", "27.50")


@pytest.mark.parametrize("row", DEFICITS, ids=" ".join)
def test_the_policies_do_as_the_page_says(acme, ada, give, shop, row):
    name, earned, spent, taken, left, after = row
    policy(acme, refund_deficit=name.strip("`"))
    rule(acme, exclude_products=["card"], pending_days=30 if "pending" in earned else 0)
    shop.tell("paid")
    assert balance(ada) + pending(ada) == int(earned.split()[0])
    if int(spent):
        ledger.spend(business=acme, account_id=ada.pk, amount=int(spent))

    shop.tell("refunded")

    assert (balance(ada), pending(ada)) == (int(left), 0)
    assert -sum(LedgerEntry.objects.filter(type="reverse").values_list("amount", flat=True)) == int(taken)
    give(ada, 50)
    assert balance(ada) == int(after)


@pytest.mark.parametrize("row", CANCELLED, ids=" ".join)
@pytest.mark.parametrize("column", [1, 2])
def test_what_comes_back_later_goes_as_the_page_says(acme, ada, shop, row, column):
    policy(acme, refund_deficit=row[0].strip("`"))
    rule(acme, exclude_products=["card"])
    shop.tell("paid")
    reward = rewards.create(business=acme, name="Coffee", type="custom", points_cost=80)
    coupon = redemptions.redeem(business=acme, reward_id=reward.pk, advocate_id=ada.pk)

    steps = [
        lambda: shop.tell("refunded"),
        lambda: redemptions.cancel(business=acme, redemption_id=coupon.pk),
    ]
    for step in steps if column == 1 else steps[::-1]:
        step()

    assert balance(ada) == int(row[column])


def test_the_page_has_its_stories():
    """The control: the tables are found."""
    assert (len(STORIES), len(DISCOUNTED), len(DEFICITS), len(CANCELLED)) == (4, 2, 6, 2)
