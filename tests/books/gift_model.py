"""What the books of gift cards should say, in plain lists: every cent is in one place, and every code on one card.

What happens to a card is a method here, and a rule of the same name in `gift_machine.py`.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.books.model import Refused

AT_ONCE, CHUNK = 10, 7
CODES = 14  # that were uploaded
FEE, DISCOUNT_PERCENT = 30, 10
KEPT = timedelta(days=30)
MOST_MESSAGES = 10
WAYS = {"ada": ("email",), "bob": ("email", "sms"), "": ()}  # links are for nobody
WAITING, GONE = {"Pending", "Scheduled"}, {"Failed", "Cancelled"}
UNOPENED = {"Sent", "Delivered", "Bounced"}
RANKS = ("sent", "delivered", "bounced")


@dataclass(eq=False)
class Order:
    """So many cards of one line. `uploaded` ones have codes out of the pool, the others are our own."""

    number: str
    person: str
    uploaded: bool
    value: int
    quantity: int
    placed: datetime
    due: datetime
    ways: Sequence[str]
    status: str = ""
    cards: list["Card"] = field(default_factory=list)

    @property
    def cost(self) -> int:
        """Of each card."""
        return self.value + FEE - self.value * DISCOUNT_PERCENT // 100

    @property
    def unmade(self) -> int:
        return self.quantity - len(self.cards)

    @property
    def sold(self) -> int:
        """What the deposit has paid for and not got back."""
        if self.status == "Cancelled":
            return 0
        return self.cost * (self.unmade + sum(card.status not in GONE for card in self.cards))


@dataclass(eq=False)
class Card:
    order: Order
    status: str
    due: datetime | None  # a message, or handing out
    left: int | None = None  # on one of our own
    used: int = 0
    code: int | None = None  # of those that were uploaded
    is_viewed: bool = False
    is_claimed: bool = False
    is_looked_at: bool = False
    sent: datetime | None = None
    messages: int = 1
    way: str = ""
    log: dict[tuple[int, str], str] = field(default_factory=dict)


class GiftBooks:
    """One business's deposit, codes and orders."""

    def __init__(self) -> None:
        self.paid_in = self.available = self.mails = 0
        self.free = list(range(CODES))
        self.orders: dict[str, Order] = {}

    def sides(self) -> Counter[str]:
        """Where every cent is."""
        sold = sum(order.sold for order in self.orders.values())
        assert self.paid_in == self.available + sold
        return Counter(outside=-self.paid_in, available=self.available, sold=sold)

    def fund(self, amount: int) -> None:
        self.paid_in += amount
        self.available += amount

    # Orders

    def order(self, order: Order) -> Order:
        total, is_small = order.cost * order.quantity, order.quantity <= AT_ONCE
        if order.number in self.orders:
            raise Refused("DuplicatePoNumber")
        if total > self.available:
            raise Refused("InsufficientFunds")
        if is_small and order.uploaded and order.quantity > len(self.free):
            raise Refused("NoCodesLeft")
        self.available -= total
        self.orders[order.number] = order
        order.status = "Processing" if is_small else "Pending"
        if is_small:
            self._make(order, order.quantity)
        return order

    def allocate(self) -> None:
        """A chunk of each in turn."""
        waiting = [order for order in self.orders.values() if order.status == "Pending"]
        while waiting:
            for order in waiting:
                self._make(order, min(CHUNK, order.unmade))
                order.status = "Pending" if order.unmade else "Processing"
            waiting = [order for order in waiting if order.unmade]

    def _make(self, order: Order, quantity: int) -> None:
        for _ in range(quantity):
            status = "Scheduled" if order.due > order.placed else "Pending"
            card = Card(order, status, order.due, left=None if order.uploaded else order.value)
            order.cards.append(card)
            if order.uploaded and self.free:
                card.code = self.free.pop(0)
            elif order.uploaded:
                self._give_up(card, "Failed")

    def cancel(self, order: Order) -> None:
        is_here = all(card.status in WAITING | {"Failed"} and not card.used for card in order.cards)
        if order.status not in ("Pending", "Processing") or not is_here:
            raise Refused("NotCancellable")
        self._take_back(order)

    def revoke(self, order: Order) -> None:
        if order.status == "Cancelled":
            raise Refused("NotCancellable")
        if any(card.status not in GONE and (card.is_claimed or card.used) for card in order.cards):
            raise Refused("CodeShown")
        self._take_back(order)

    def _take_back(self, order: Order) -> None:
        self.available += order.unmade * order.cost
        for card in order.cards:
            if card.status not in GONE:
                self._give_up(card, "Cancelled")
        order.status = "Cancelled"

    def _give_up(self, card: Card, status: str) -> None:
        """Its price returns, and its code is free again unless somebody saw it."""
        self.available += card.order.cost
        card.status, card.due = status, None
        card.left = None if card.left is None or status == "Failed" else 0
        if card.code is not None and not card.is_looked_at:
            self.free = sorted([*self.free, card.code])
            card.code = None

    def _settle(self, order: Order) -> None:
        found = {card.status for card in order.cards}
        if order.status != "Processing" or found & WAITING:
            return
        bad = "PartiallyFailed" if found & {"Failed", "Bounced"} else "Completed"
        order.status = found.pop() if len(found) == 1 and found <= GONE else bad

    # What happens to cards

    def all_cards(self) -> list[Card]:
        return [card for order in self.orders.values() for card in order.cards]

    def send(self, now: datetime) -> None:
        for card in self.all_cards():
            if card.due is not None and card.due <= now:
                self._leave(card, now)
        for order in self.orders.values():
            self._settle(order)

    def _leave(self, card: Card, now: datetime) -> None:
        card.due, card.sent = None, now
        if not card.order.person:
            card.status = "Delivered" if card.status in WAITING else card.status
            return
        way = card.way or card.order.ways[0]
        card.log.setdefault((card.messages, way), "sent")
        card.status = "Sent" if card.status in WAITING | {"Bounced"} else card.status
        self.mails += way == "email"

    def hear(self, card: Card, way: str, status: str, now: datetime) -> None:
        """Somebody tells what became of its present message."""
        number = card.messages
        known = card.log.get((number, way), "sent")
        if way not in card.order.ways or RANKS.index(status) <= RANKS.index(known):
            return
        card.log[number, way] = status
        if card.status not in WAITING | UNOPENED:
            return
        if status == "delivered":
            card.status = "Delivered"
            return
        tried = {way for _, way in card.log}
        following = [each for each in card.order.ways if each not in tried]
        if following:
            card.status, card.way, card.due, card.messages = "Sent", following[0], now, number + 1
        else:
            card.status, card.due = "Bounced", None

    def resend(self, card: Card, now: datetime) -> None:
        if card.order.person and not card.order.ways:
            raise Refused("RecipientErased")
        is_sendable = card.status in UNOPENED | {"Viewed"} and card.due is None and card.messages < MOST_MESSAGES
        if not card.order.person or not is_sendable:
            raise Refused("NotSendable")
        card.messages, card.due, card.way = card.messages + 1, now, ""

    def view(self, card: Card, now: datetime) -> None:
        if card.status in GONE or card.order.due > now:
            return
        if not card.is_viewed and card.status in UNOPENED | {"Pending"}:
            card.status = "Viewed"
        card.is_viewed = True

    def claim(self, card: Card, now: datetime) -> None:
        self.view(card, now)
        if card.status not in GONE and card.order.due <= now:
            card.is_claimed, card.status = True, "Claimed"

    def look(self, card: Card) -> None:
        card.is_looked_at = True

    def redeem(self, card: Card, amount: int) -> int:
        if not card.left:
            raise Refused("UnknownCard")
        if amount > card.left:
            raise Refused("TooLittleLeft")
        card.left -= amount
        card.used += amount
        return card.left

    def erase(self, person: str) -> None:
        orders = [order for order in self.orders.values() if order.person == person and order.ways]
        if any(order.status == "Pending" for order in orders):
            raise Refused("StillAtWork")
        for card in (card for order in orders for card in order.cards):
            card.due = None
            if card.status in WAITING and card.used:
                card.status, card.is_claimed = "Claimed", True
            elif card.status in WAITING:
                self._give_up(card, "Failed")
        for order in orders:
            order.ways = ()
            self._settle(order)

    def give_back(self, now: datetime) -> None:
        """What nobody claimed in time."""
        for card in self.all_cards():
            is_touched = card.is_claimed or card.is_looked_at or card.used or card.due
            if card.status in UNOPENED | {"Viewed"} and not is_touched and card.sent and card.sent <= now - KEPT:
                self._give_up(card, "Cancelled")
