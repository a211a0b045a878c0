"""The services, on real PostgreSQL, beside `model.Books`: every step is taken by both, and they must agree."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, consumes, initialize, invariant, multiple, precondition, rule

from advocates.services import orders
from advocates.services.baskets import Basket, Buyer
from advocates.services.refunds import Told
from loyalty.kernel import clock
from loyalty.models.ledger import LedgerEntry
from loyalty.services import (
    accounts,
    actions,
    businesses,
    erasure,
    ledger,
    merges,
    settlement,
    verification,
)
from loyalty.services.reports import Report
from rewards.services import redemptions
from tests.books import invariants, model
from tests.books.both import BothSides
from tests.books.shop import Shop, said_by_model, said_by_tables

DECADE = timedelta(days=10)  # lots fall due together, so that some are alike

PEOPLE = [("acme", 0), ("acme", 1), ("acme", 2), ("rival", 0), ("rival", 1)]
who = st.sampled_from(PEOPLE)
amounts = st.sampled_from([1, 10, 45, 100, 700])
decades = st.none() | st.integers(1, 3)


@dataclass(frozen=True)
class Made:
    """Something that both sides know: an entry, a redemption, a merge, or an order and who placed it."""

    shop: str
    id: Any
    model: Any


class BooksMachine(BothSides):
    """Add what moves points as a rule here, with a method of its name in `model.Books`."""

    entries = Bundle("entries")
    held = Bundle("held")
    bought = Bundle("bought")
    ordered = Bundle("ordered")
    merged = Bundle("merged")

    def __init__(self, shops: dict[str, Shop]) -> None:
        super().__init__()
        self.shops = shops
        for shop in shops.values():
            shop.begin()

    def one(self, person: tuple[str, int]) -> tuple[Shop, UUID, model.Person]:
        shop = self.shops[person[0]]
        return shop, shop.person_ids[person[1]], shop.books.people[person[1]]

    # Points come and go

    @initialize(target=entries)
    def begin(self):
        """Everybody starts with a little of each kind; some are not far below a tier, or have done their quest."""
        lots = [(45, None, None), (100, 2, None), (10, 2, 1), (45, 2, 1)]
        made = [self._award(person, *lot) for person in PEOPLE for lot in lots]
        made += [self._award((shop, 0), 700, None) for shop in self.shops]
        for number, person in enumerate(PEOPLE):
            made += self._visit(person, 1 + number % 2)
        return multiple(*made)

    @rule(target=entries, person=who, amount=amounts, expires=decades)
    def award(self, person, amount, expires):
        return self._award(person, amount, expires)

    @rule(targets=(entries, held), person=who, amount=amounts, expires=decades, ripens=st.integers(1, 3))
    def hold(self, person, amount, expires, ripens):
        return self._award(person, amount, expires, ripens)

    def _award(self, person, amount, expires, ripens=None):
        shop, id, one = self.one(person)
        expires, ripens = self.decade(shop, expires), self.decade(shop, ripens)
        done = self.both(
            shop,
            lambda business: ledger.award(
                business=business,
                account_id=id,
                amount=amount,
                expires_at=expires,
                pending_until=ripens,
            ),
            lambda _: (
                shop.books.hold(one, amount, ripens, expires=expires)
                if ripens
                else shop.books.award(one, amount, expires=expires)
            ),
        )
        return self.entry(person, done)

    @rule(target=entries, person=who, amount=amounts, kind=st.sampled_from(["spend", "adjust"]))
    def spend(self, person, amount, kind):
        shop, id, one = self.one(person)
        return self.entry(
            person,
            self.both(
                shop,
                lambda business: ledger.spend(business=business, account_id=id, amount=amount, type=ledger.Type(kind)),
                lambda now: shop.books.spend(one, amount, now, kind=kind),
            ),
        )

    @rule(target=entries, made=entries)
    def reverse(self, made):
        return self._reverse(made)

    @rule(target=entries, made=consumes(held))
    def release(self, made):
        """Reverse what most often has not ripened yet."""
        return self._reverse(made)

    def _reverse(self, made):
        shop = self.shops[made.shop]
        done = self.both(
            shop,
            lambda business: ledger.reverse(business=business, entry_id=made.id),
            lambda now: shop.books.reverse(made.model, now),
        )
        return self.entry((made.shop,), done)

    @rule(made=entries)
    def reverse_of_another_business(self, made):
        other = self.shops["rival" if made.shop == "acme" else "acme"]
        self.both(other, lambda business: ledger.reverse(business=business, entry_id=made.id), refuse("NotFound"))

    # Time passes

    @rule(shop=st.sampled_from(["acme", "rival"]), days=st.integers(1, 12))
    def advance(self, shop, days):
        self.both(
            self.shops[shop],
            lambda business: businesses.move_clock(business=business, to=clock.now(business) + timedelta(days=days)),
            lambda _: None,
        )

    @rule()
    def sweep(self):
        """What Celery beat does each minute, for everybody."""
        acme, rival = self.shops.values()

        def settle(now: datetime) -> None:
            for shop in (acme, rival):
                for person in shop.books.people:
                    shop.books.settle(person, clock.now(shop.business))

        self.both(acme, lambda _: settlement.settle_due(), settle)

    # What rules pay, and what points buy

    @rule(target=entries, person=who)
    def ride(self, person):
        return multiple(*self._tell(person, "ride", model.Books.ride))

    @rule(target=entries, person=who, times=st.integers(1, 3))
    def visit(self, person, times):
        return multiple(*self._visit(person, times))

    def _visit(self, person, times):
        return [paid for _ in range(times) for paid in self._tell(person, "visit", model.Books.visit)]

    def _tell(self, person, name, plain):
        """Tell of an event twice: the second time nothing happens. Answers what it paid."""
        shop, id, one = self.one(person)
        report = Report(account_id=id, name=name, data={}, origin="server", event_id=str(self.wall))
        done = self.both(
            shop, lambda business: actions.take(report, business=business), lambda now: plain(shop.books, one, now)
        )
        if done is None:
            return []
        taken, paid = done
        assert taken.points == sum(entry.amount for entry in paid)
        again = actions.take(report, business=shop.business)
        assert (again.action_id, again.is_repeat) == (taken.action_id, True)
        posted = LedgerEntry.objects.filter(account=id, type="earn").order_by("-sequence")
        ids = posted.values_list("pk", flat=True)[: len(paid)]  # what is left of a budget may be as much
        return [Made(person[0], id, entry) for id, entry in zip(ids, reversed(paid), strict=True)]

    @rule(target=bought, person=who)
    def redeem(self, person):
        shop, id, one = self.one(person)
        done = self.both(
            shop,
            lambda business: redemptions.redeem(business=business, reward_id=shop.reward_id, advocate_id=id),
            lambda now: shop.books.redeem(one, now),
        )
        return multiple(Made(person[0], done[0].pk, done[1])) if done else multiple()

    @rule(made=bought)
    def cancel(self, made):
        shop = self.shops[made.shop]
        self.both(
            shop,
            lambda business: redemptions.cancel(business=business, redemption_id=made.id),
            lambda now: shop.books.cancel(made.model, now),
        )

    # What people order and send back

    @rule(target=ordered, person=who, cents=st.integers(0, 9_999))
    def order(self, person, cents):
        shop, id, one = self.one(person)
        if one.status not in ("active", "blocked"):
            return multiple()  # their address is somebody else's by now, or nobody's
        name = str(self.wall)
        basket = Basket(
            external_id=name,
            buyer=Buyer(email=shop.address_of(id)),
            currency=shop.business.currency,
            subtotal_minor=cents,
            total_minor=cents,
            status="paid",
            placed_at=self.wall,
            fingerprint=b"",
        )
        done = self.both(
            shop,
            lambda business: orders.take_one(business=business, basket=basket),
            lambda now: shop.books.order(one, cents, now),
        )
        assert done[0].points_awarded == (done[1].entry.amount if done[1].entry else 0)
        return Made(person[0], name, (one, done[1]))

    @rule(made=ordered, share=st.sampled_from([1, 3, 10]))
    def refund(self, made, share):
        one, order = made.model
        refund = Told(external_id=str(self.wall), amount_minor=-(-order.cents // share))
        self._give_back(made, {"refunds": [refund]}, lambda now, books: books.refund(order, refund.amount_minor, now))

    @rule(made=ordered)
    def void(self, made):
        order = made.model[1]
        self._give_back(made, {"status": "voided"}, lambda now, books: books.void(order, now))

    def _give_back(self, made, said, plain):
        shop, one = self.shops[made.shop], made.model[0]
        if one.status == "merged":
            return  # where its points are then, `reverse` tries
        done = self.both(
            shop,
            lambda business: orders.change(business=business, order_id=made.id, **said),
            lambda now: plain(now, shop.books),
        )
        assert done is None or done[0].points_reversed == done[1]

    # What happens to people

    @rule(person=who, blocked=st.booleans())
    def block(self, person, blocked):
        shop, id, one = self.one(person)
        self.both(
            shop,
            lambda business: accounts.set_blocked(business=business, account_id=id, blocked=blocked),
            lambda _: shop.books.block(one, blocked),
        )

    @rule(target=merged, person=who, into=st.integers(0, 2))
    def merge(self, person, into):
        shop, id, one = self.one(person)
        into %= len(shop.person_ids)
        done = self.both(
            shop,
            lambda business: merges.merge(business=business, source_id=id, target_id=shop.person_ids[into]),
            lambda now: shop.books.merge(one, shop.books.people[into], now),
        )
        return multiple(Made(person[0], done[0].pk, done[1])) if done else multiple()

    @rule(made=merged)
    def undo(self, made):
        shop = self.shops[made.shop]
        self.both(
            shop,
            lambda business: merges.undo(business=business, merge_id=made.id),
            lambda now: shop.books.undo(made.model, now),
        )

    @rule(made=merged)
    def reverse_half_of_a_merge(self, made):
        half = LedgerEntry.objects.filter(reason__mergeId=str(made.id)).first()
        if half is not None:
            self.both(
                self.shops[made.shop],
                lambda business: ledger.reverse(business=business, entry_id=half.pk),
                refuse("TransferStays"),
            )

    @precondition(lambda self: self.wall.second % 4 == 0)  # or soon nobody is left
    @rule(person=who)
    def erase(self, person):
        shop, id, one = self.one(person)
        self.both(
            shop,
            lambda business: erasure.erase(business=business, account_id=id),
            lambda _: shop.books.erase(one),
        )

    # What holds after every step

    @invariant()
    def books_balance_and_are_the_models(self):
        connection.check_constraints()
        found = [*verification.verify(), *invariants.offences()]
        assert found == [], found
        for shop in self.shops.values():
            there, expected = said_by_tables(shop), said_by_model(shop)
            assert there == expected, f"there is\n{there}\nand there should be\n{expected}"

    # How it is done

    def entry(self, person, done):
        return Made(person[0], done[0].id, done[1]) if done else multiple()

    def decade(self, shop: Shop, number: int | None) -> datetime | None:
        if number is None:
            return None
        passed = (self.wall + shop.business.clock_offset - model.START) // DECADE
        return model.START + (passed + number) * DECADE


def refuse(name: str) -> Callable[[datetime], None]:
    def plain(now: datetime) -> None:
        raise model.Refused(name)

    return plain
