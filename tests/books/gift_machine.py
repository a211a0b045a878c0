"""The services, on real PostgreSQL, beside `gift_model.GiftBooks`: funds, orders, codes and what happens to cards."""

from datetime import timedelta

from django.db import connection
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, initialize, invariant, multiple, precondition, rule

from loyalty.services import verification
from rewards.models import GiftCard, GiftLine
from rewards.services import (
    card_codes,
    gift_cards,
    gift_claims,
    gift_funds,
    gift_messages,
    gift_orders,
    gift_recipients,
    gift_sending,
    gift_unclaimed,
)
from rewards.services.gift_lines import Asked
from tests.books import gift_model
from tests.books.both import BothSides
from tests.books.gift_shop import ADDRESSES, UPLOADED, GiftShop, major, said_by_model, said_by_tables

amounts = st.sampled_from([1, 250, 500, 2_000])
people = st.sampled_from(["", "ada", "bob"])
which = st.integers(0, 19)


class GiftMachine(BothSides):
    """Add what happens to gift cards as a rule here, with a method of its name in `gift_model.GiftBooks`."""

    ordered = Bundle("ordered")

    def __init__(self, shop: GiftShop) -> None:
        super().__init__()
        self.shop = shop
        shop.begin()

    def each(self, real, plain):
        return self.both(self.shop, real, plain)

    # Money, orders and codes

    @initialize(target=ordered, person=people)
    def begin(self, person):
        """There is a little of each kind."""
        self.fund(60_000, applied=True)
        orders = [(person, uploaded, quantity) for uploaded in (False, True) for quantity in (2, 11)]
        return multiple(*(self._order(*order, value=2_000, days=0) for order in orders))

    @rule(amount=amounts, applied=st.booleans())
    def fund(self, amount, applied):
        def decide(business):
            asked = gift_funds.request(business=business, amount_minor=amount)
            (gift_funds.apply if applied else gift_funds.refuse)(business=business, request_id=asked.pk)

        self.each(decide, lambda _: self.shop.books.fund(amount if applied else 0))

    @rule(
        target=ordered,
        person=people,
        uploaded=st.booleans(),
        quantity=st.sampled_from([1, 3, 10, 12, 20]),
        value=st.sampled_from([100, 2_000]),
        days=st.sampled_from([0, 0, 3]),
    )
    def order(self, person, uploaded, quantity, value, days):
        return self._order(person, uploaded, quantity, value, days if person else 0)

    def _order(self, person, uploaded, quantity, value, days):
        return self.place(str(self.wall), person, uploaded, quantity, UPLOADED if uploaded else value, days)

    def place(self, number, person, uploaded, quantity, value, days):  # noqa: PLR0917  # what an order is of
        due = self.wall + timedelta(days=days, seconds=1)
        asked = Asked(
            "UPLOADED" if uploaded else "OWN",
            major(value),
            quantity,
            deliver_at=due if days else None,
            **ADDRESSES[person],
        )
        done = self.each(
            lambda business: gift_orders.place(
                business=business,
                account_id=self.shop.account_id,
                type="DigitalDelivery" if person else "Links",
                po_number=number,
                asked=[asked],
            ),
            lambda now: self.shop.books.order(
                gift_model.Order(number, person, uploaded, value, quantity, now, due, gift_model.WAYS[person])
            ),
        )
        return (done[0].order.pk, done[1]) if done else multiple()

    @rule(made=ordered)
    def order_again(self, made):
        self.place(made[1].number, "", False, 1, 100, 0)

    @rule()
    def allocate(self):
        self.each(lambda _: gift_orders.fill_waiting(), lambda _: self.shop.books.allocate())

    @rule(made=ordered)
    def cancel(self, made):
        self.each(
            lambda business: gift_orders.cancel(business=business, order_id=made[0]),
            lambda _: self.shop.books.cancel(made[1]),
        )

    @rule(made=ordered)
    def revoke(self, made):
        self.each(
            lambda business: gift_orders.revoke(business=business, order_id=made[0]),
            lambda _: self.shop.books.revoke(made[1]),
        )

    # Messages

    @rule()
    def send(self):
        self.each(lambda _: gift_sending.send_due(), self.shop.books.send)

    @rule(made=ordered, number=which, way=st.sampled_from(["email", "sms"]), bounced=st.booleans())
    def hear(self, made, number, way, bounced):
        """Of a message that has left."""
        status = "bounced" if bounced else "delivered"
        card, one = self.card(made, number)
        if card and (one.messages, way) in one.log:
            self.each(
                lambda _: gift_messages.hear(gift_messages.key_of(card), channel=way, status=status),
                lambda now: self.shop.books.hear(one, way, status, now),
            )

    @rule(made=ordered, number=which)
    def resend(self, made, number):
        card, one = self.card(made, number)
        if card:
            self.each(
                lambda business: gift_cards.resend(business=business, order_id=card.order_id, card_id=card.pk),
                lambda now: self.shop.books.resend(one, now),
            )

    # Recipients, and whoever has a code

    @rule(made=ordered, number=which, clicks=st.booleans())
    def open(self, made, number, clicks):
        card, one = self.card(made, number)
        if card:
            token, books = gift_cards.token_of(card), self.shop.books
            self.each(
                lambda _: (gift_claims.reveal if clicks else gift_claims.open_link)(token),
                lambda now: (books.claim if clicks else books.view)(one, now),
            )

    @rule(made=ordered, number=which)
    def look(self, made, number):
        card, one = self.card(made, number)
        if card:
            self.each(lambda _: gift_cards.look_at_code(card), lambda _: self.shop.books.look(one))

    @rule(made=ordered, number=which, amount=amounts)
    def redeem(self, made, number, amount):
        card, one = self.card(made, number)
        if card:
            code = card_codes.on_card(business=self.shop.business, card_id=card.pk) or ""
            done = self.each(
                lambda business: gift_cards.redeem(business=business, code=code, amount=major(amount)),
                lambda _: self.shop.books.redeem(one, amount),
            )
            assert done is None or done[0].balance_minor == done[1]

    @precondition(lambda self: self.wall.second % 4 == 0)  # or soon nobody is left
    @rule(person=st.sampled_from(["ada", "bob"]))
    def erase(self, person):
        lines = GiftLine.objects.filter(email=ADDRESSES[person]["email"], erased_at=None)
        ids = list(lines.values_list("pk", flat=True))
        self.each(
            lambda business: gift_recipients.erase(business=business, line_ids=ids),
            lambda _: self.shop.books.erase(person),
        )

    # Time passes

    @rule(days=st.sampled_from([1, 4, 31]))
    def advance(self, days):
        self.wall += timedelta(days=days)

    @rule()
    def give_back(self):
        self.each(lambda _: gift_unclaimed.follow_up(), self.shop.books.give_back)

    # What holds after every step

    @invariant()
    def every_cent_and_every_code_is_where_the_model_has_it(self):
        connection.check_constraints()
        found = verification.verify()
        assert found == [], found
        there, expected = said_by_tables(self.shop), said_by_model(self.shop)
        assert there == expected, f"there is\n{there}\nand there should be\n{expected}"

    # How it is done

    def card(self, made, number):
        """One of an order's cards, as it is and as the model has it; nothing, where it has none yet."""
        order_id, order = made
        if not order.cards:
            return None, None
        number %= len(order.cards)
        rows = GiftCard.objects.filter(order=order_id).select_related("business")
        return rows.order_by("pk")[number], order.cards[number]
