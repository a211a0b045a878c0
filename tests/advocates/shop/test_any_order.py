"""Whatever order the calls of a shop come in, they end in the same balance; and the books balance on the way."""

from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from advocates.models import Order
from advocates.services import orders
from advocates.services.baskets import Basket, Buyer, Line
from advocates.services.refunds import Told, TooMuch
from loyalty.kernel import clock
from loyalty.services import ledger, settlement, verification
from rewards.services import redemptions, rewards
from tests.advocates.shop.conftest import balance, pending, policy, rule

pytestmark = pytest.mark.django_db
FEW = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

STATUSES = st.sampled_from(["pending", "authorized", "partially_paid", "paid", "partially_refunded", "voided"])
PIECES = st.dictionaries(st.sampled_from(["a", "b", "c"]), st.integers(1, 2), min_size=1, max_size=3)
REFUNDS = st.one_of(
    st.builds(lambda pieces: {"pieces": pieces}, PIECES),
    st.builds(lambda minor: {"amount_minor": minor}, st.integers(0, 3000)),
)
GOODS = st.lists(  # the quantity of each line, the price of a piece, and what the line costs less
    st.tuples(st.integers(1, 3), st.integers(0, 1999), st.integers(0, 500)), min_size=3, max_size=3
)


HIDDEN = st.sampled_from([0, 0, 1, 1000, 9000])  # a discount that the lines do not show


def basket(goods, *, status="pending", id="1001", hidden=0):
    lines = [
        Line(external_id=name, product_id=name, quantity=quantity, price_minor=price, discount_minor=discount)
        for name, (quantity, price, discount) in zip("abc", goods, strict=True)
    ]
    total = max(0, sum(line.amount for line in lines) + 490 - hidden)
    return Basket(
        external_id=id,
        buyer=Buyer(external_id="ada-1"),
        currency="EUR",
        subtotal_minor=sum(line.price_of_all for line in lines),
        discount_minor=sum(line.discount_minor for line in lines),
        shipping_minor=490,
        total_minor=total,
        status=status,
        lines=lines,
        placed_at=clock.wall(),
        fingerprint=b"",
    )


def status(said, order="1001"):
    return lambda business: orders.change(business=business, order_id=order, status=said)


def refund(id, order="1001", **said):
    return lambda business: orders.change(business=business, order_id=order, refunds=[Told(external_id=id, **said)])


def outcome(business, ada, baskets, calls):
    """What these calls leave, and nothing else: it is all taken back."""
    try:
        with transaction.atomic():
            orders.take(business=business, baskets=baskets)
            for call in calls:
                call(business)
            assert verification.verify(business) == []
            told = Order.objects.order_by("external_id")
            ends = [(order.status, order.refunded_minor, order.closed_at is None) for order in told]
            left = [balance(ada), pending(ada), *ends]
            raise InterruptedError
    except InterruptedError:
        return left


class TestEqualCalls:
    @pytest.fixture(autouse=True)
    def _rules(self, acme):
        rule(acme, points=7)
        rule(acme, "no-b", points=3, exclude_products=["b"], multiplier=[2, 3])

    def all_end_alike(self, acme, ada, baskets, calls, data):
        try:
            first = outcome(acme, ada, baskets, calls)
        except TooMuch:
            return  # sets with a call that is refused end as that call has it
        for _ in range(2):
            assert outcome(acme, ada, baskets, data.draw(st.permutations(calls))) == first

    @FEW
    @given(
        deficit=st.sampled_from(["to_zero", "negative"]),  # the third one keeps what had ripened before the refund
        goods=GOODS,
        hidden=HIDDEN,
        statuses=st.lists(STATUSES, max_size=3),
        refunds=st.lists(REFUNDS, max_size=4),
        data=st.data(),
    )
    def test_about_an_order_end_in_equal_balances(self, acme, ada, deficit, goods, hidden, statuses, refunds, data):
        policy(acme, refund_deficit=deficit)
        told = [refund(f"r-{number}", **one) for number, one in enumerate(refunds)]

        sold = basket(goods, hidden=hidden)
        self.all_end_alike(acme, ada, [sold], [status(said) for said in statuses] + told, data)

    @FEW
    @given(
        first=GOODS,
        second=GOODS,
        statuses=st.lists(STATUSES, max_size=2),
        refunds=st.lists(REFUNDS, max_size=2),
        redeemed=st.integers(0, 2),
        data=st.data(),
    )
    def test_about_orders_and_redemptions_do_so_too(
        self, acme, ada, give, first, second, statuses, refunds, redeemed, data
    ):
        policy(acme, refund_deficit="negative")  # under which nothing that was spent meanwhile is forgiven
        with transaction.atomic():
            give(ada, 1_000)  # nobody is refused for what comes in later
            coffee = rewards.create(business=acme, name="Coffee", type="custom", points_cost=40).pk
            bought = redemptions.redeem(business=acme, reward_id=coffee, advocate_id=ada.pk).pk
            told = [refund(f"r-{number}", id, **one) for id in ("1001", "1002") for number, one in enumerate(refunds)]
            calls = [
                *(status(said, id) for id in ("1001", "1002") for said in statuses),
                *told,
                lambda business: redemptions.cancel(business=business, redemption_id=bought),
                *[lambda business: redemptions.redeem(business=business, reward_id=coffee, advocate_id=ada.pk)]
                * redeemed,
            ]

            self.all_end_alike(acme, ada, [basket(first), basket(second, id="1002", status="paid")], calls, data)
            transaction.set_rollback(True)


class TestPieceByPiece:
    @FEW
    @given(goods=GOODS, hidden=HIDDEN, data=st.data())
    def test_takes_all_back_and_ends_the_order(self, acme, ada, goods, hidden, data):
        sold = basket(goods, hidden=hidden, status="paid")
        pieces = [name for name, (quantity, _, _) in zip("abc", goods, strict=True) for _ in range(quantity)]
        with transaction.atomic():
            rule(acme, points=7)
            orders.take(business=acme, baskets=[sold])
            for number, name in enumerate(data.draw(st.permutations(pieces))):
                refund(f"r-{number}", pieces={name: 1})(acme)

            told, of_lines = Order.objects.get(), sum(sold.amounts())
            assert (balance(ada), told.refunded_minor) == (0, min(of_lines, sold.total_minor))
            assert told.is_closed == (of_lines >= sold.total_minor)  # else its shipping is left
            assert verification.verify(acme) == []
            transaction.set_rollback(True)

    def test_comes_to_what_all_pieces_cost_and_ends_the_order(self, acme, ada):
        goods = [(3, 1000, 500), (1, 0, 0), (1, 0, 0)]
        orders.take(business=acme, baskets=[basket(goods, status="paid")])

        for number in range(3):
            refund(f"r-{number}", pieces={"a": 1})(acme)
        refund("shipping", amount_minor=490)(acme)

        told = Order.objects.get()
        assert (told.refunded_minor, told.status) == (told.total_minor, "refunded")


LIVES = st.lists(
    st.sampled_from(["order", "pay", "refund", "part", "redeem", "cancel", "age", "void"]), min_size=5, max_size=25
)


class TestALife:
    @FEW
    @given(steps=LIVES, deficit=st.sampled_from(["pending_only", "to_zero", "negative"]), data=st.data())
    def test_keeps_the_books_balanced(self, acme, ada, steps, deficit, data):
        policy(acme, refund_deficit=deficit)
        with transaction.atomic():
            rule(acme, points=7, pending_days=1)
            rule(acme, "brief", points=2, expires_after_days=2)
            self.coffee = rewards.create(business=acme, name="Coffee", type="custom", points_cost=40)
            self.acme, self.ada, self.data, self.made, self.bought, self.days = acme, ada, data, 0, [], 0
            for step in steps:
                self.days += step == "age"
                with clock.moved_to(clock.wall() + timedelta(days=self.days)):
                    getattr(self, step)()
                assert deficit == "negative" or balance(ada) >= 0
                assert verification.verify(acme) == []
            transaction.set_rollback(True)

    def order(self):
        self.made += 1
        status = self.data.draw(st.sampled_from(["pending", "paid"]))
        goods = self.data.draw(GOODS)
        orders.take(business=self.acme, baskets=[basket(goods, status=status, id=str(self.made))])

    def pay(self):
        self.change(status="paid")

    def void(self):
        self.change(status="voided")

    def part(self):
        self.told({"amount_minor": self.data.draw(st.integers(0, 2000))})

    def refund(self):
        self.told({"pieces": {self.data.draw(st.sampled_from("abc")): 1}})

    def told(self, one):
        with suppress(TooMuch):
            self.change(refunds=[Told(external_id=str(self.data.draw(st.integers(1, 9))), **one)])

    def change(self, **said):
        if self.made:
            number = self.data.draw(st.integers(1, self.made))
            orders.change(business=self.acme, order_id=str(number), **said)

    def redeem(self):
        try:
            done = redemptions.redeem(business=self.acme, reward_id=self.coffee.pk, advocate_id=self.ada.pk)
        except ledger.InsufficientPoints:
            return
        self.bought.append(done.pk)

    def cancel(self):
        if self.bought:
            redemptions.cancel(business=self.acme, redemption_id=self.bought.pop())

    def age(self):
        settlement.settle_due()
