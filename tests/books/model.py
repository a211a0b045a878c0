"""What the books should say of one business, in plain lists: what `docs/ledger.md` promises, and nothing of how.

A new feature that moves points is a method here, and a rule of the same name in `machine.py`.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import chain, count

START = datetime(2027, 1, 1, tzinfo=UTC)
NEVER = datetime.max.replace(tzinfo=UTC)
STOCK, PRICE = 3, 60
RIDE, RIDES_A_DAY, RIDE_LASTS = 10, 2, 30  # a rule with a limit, whose points expire
TOUR, TOURS, TOUR_RIPENS = 25, 60, 5  # a rule with a budget, whose points ripen
VISITS, VISITED = 2, 400  # a quest of each day: how often, and what it pays
CENTS_A_POINT, ORDER_RIPENS = 25, 3  # a rule for orders, whose points ripen
BY_DAY = ("rides", "completed")  # what somebody was paid for on a day
TIERS = {"bronze": 0, "silver": 1_000, "gold": 5_000}


class Refused(Exception):
    """Nothing happened. Its text is the name of the refusal."""


@dataclass(eq=False)
class Person:
    status: str = "active"
    earned: int = 0
    spent: int = 0
    rides: dict[date, int] = field(default_factory=lambda: defaultdict(int))
    visits: dict[date, int] = field(default_factory=lambda: defaultdict(int))
    completed: dict[date, bool] = field(default_factory=dict)

    @property
    def tier(self) -> str | None:
        return max((key for key in TIERS if TIERS[key] <= self.earned), key=TIERS.__getitem__, default=None)


@dataclass(eq=False)
class Lot:
    """Points that expire and ripen together. What a merge moves lies in a lot of its own, which knows its parts."""

    owner: Person
    amount: int
    left: int
    expires: datetime | None
    ripens: datetime | None
    number: int
    merge: "Merge | None" = None
    parts: list[tuple["Lot", int]] = field(default_factory=list)
    is_taken_back: bool = False


@dataclass(eq=False)
class Entry:
    owner: Person
    kind: str
    amount: int
    lot: Lot | None = None
    uses: list[tuple[Lot, int]] = field(default_factory=list)
    is_reversed: bool = False
    taken_back: int = 0  # bit by bit


@dataclass(eq=False)
class Merge:
    source: Person
    target: Person
    earned: int = 0
    spent: int = 0
    days: list[tuple[str, date]] = field(default_factory=list)
    is_undone: bool = False


@dataclass(eq=False)
class Redemption:
    entry: Entry
    is_cancelled: bool = False


@dataclass(eq=False)
class Order:
    """One order. `due` is what is to be taken back of what it earned by now, in all."""

    cents: int
    entry: Entry | None
    refunded: int = 0
    due: int = 0
    is_closed: bool = False


@dataclass
class Books:
    people: list[Person]
    lots: list[Lot] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    merges: list[Merge] = field(default_factory=list)
    taken: int = 0  # pieces of the reward
    toured: int = 0  # points of the budget
    numbers: "count[int]" = field(default_factory=count)

    # What people have

    def open_lots(self, person: Person) -> list[Lot]:
        return [lot for lot in self.lots if lot.owner is person and lot.left]

    def ripe(self, person: Person) -> int:
        return sum(lot.left for lot in self.open_lots(person) if lot.ripens is None)

    def pending(self, person: Person) -> int:
        return sum(lot.left for lot in self.open_lots(person) if lot.ripens is not None)

    def way_home(self, person: Person) -> list[Merge]:
        """The merges that lead to where a person is now."""
        way = [merge for merge in self.merges if merge.source is person and not merge.is_undone]
        return way + self.way_home(way[0].target) if way else []

    # What moves points

    def award(self, person: Person, amount: int, *, expires: datetime | None = None) -> Entry:
        must_be_active(person)
        person.earned += amount
        return self._enter(person, "earn", amount, lot=self._lot(person, amount, expires, None))

    def hold(self, person: Person, amount: int, ripens: datetime, *, expires: datetime | None = None) -> Entry:
        must_be_active(person)
        return self._enter(person, "earn", amount, lot=self._lot(person, amount, expires, ripens))

    def spend(self, person: Person, amount: int, now: datetime, *, kind: str = "spend") -> Entry:
        must_be_active(person)
        self.settle(person, now)
        if self.ripe(person) < amount:
            raise Refused("InsufficientPoints")
        person.spent += amount if kind == "spend" else 0
        return self._enter(person, kind, -amount, uses=self._take(person, amount))

    def settle(self, person: Person, now: datetime) -> None:
        """Due lots ripen, and then expire."""
        for lot in self.open_lots(person):
            if lot.ripens is not None and lot.ripens <= now:
                lot.ripens = None
                person.earned += lot.left
                self._note_ripening(lot, lot.left)
        due = [lot for lot in self.open_lots(person) if lot.ripens is None and (lot.expires or NEVER) <= now]
        for expires in sorted({lot.expires for lot in due if lot.expires}):
            self._expire(person, [lot for lot in due if lot.expires == expires])

    def _expire(self, person: Person, lots: list[Lot]) -> None:
        """What expires at the same moment goes in one entry."""
        self._enter(person, "expire", -sum(lot.left for lot in lots), uses=[(lot, lot.left) for lot in lots])
        for lot in lots:
            lot.left = 0

    def reverse(self, entry: Entry, now: datetime) -> Entry:
        """Give back to the same lots, or take what was given; wherever the person is by now."""
        if entry.is_reversed or entry.kind == "reverse":
            raise Refused("AlreadyReversed")
        way = self.way_home(entry.owner)
        if entry.amount > 0:
            self._take_back(entry, way, now)
        else:
            for lot, amount in entry.uses:
                lot.left += amount
            entry.owner.spent += entry.amount if entry.kind == "spend" else 0
        entry.is_reversed = True
        for merge in way:
            self._carry(merge, now)
        return self._enter(entry.owner, "reverse", -entry.amount)

    def _take_back(self, entry: Entry, way: list[Merge], now: datetime) -> None:
        assert entry.lot is not None  # as of everything that gave points
        home, lot = entry.owner, entry.lot
        if way:
            home = way[-1].target
            self.settle(home, now)
            lot = self._now_in(entry.lot, home)
        is_pending = lot.ripens is not None
        if not is_pending and self.ripe(home) < entry.amount:
            raise Refused("InsufficientPoints")
        if is_pending:
            lot.left -= entry.amount
        else:
            self._take(home, entry.amount, first=lot)
            entry.owner.earned -= entry.amount
        entry.lot.ripens, entry.lot.is_taken_back = None, True

    def _now_in(self, lot: Lot, home: Person) -> Lot:
        """The lot that a merged lot went into last."""
        into = [each for each in self.lots if each.owner is home and lot in self._inside(each)]
        return max(into, key=lambda each: (each.left > 0, each.number))

    # What rules pay, and what points buy

    def ride(self, person: Person, now: datetime) -> list[Entry]:
        must_be_active(person)
        paid = []
        if person.rides[now.date()] < RIDES_A_DAY:
            person.rides[now.date()] += 1
            last = datetime.combine(now.date() + timedelta(days=RIDE_LASTS + 1), time.min, now.tzinfo)
            paid.append(self.award(person, RIDE, expires=last))
        tour = min(TOUR, TOURS - self.toured)
        if tour:
            self.toured += tour
            paid.append(self.hold(person, tour, now + timedelta(days=TOUR_RIPENS)))
        return paid

    def visit(self, person: Person, now: datetime) -> list[Entry]:
        must_be_active(person)
        day = now.date()
        if day in person.completed:
            return []
        person.visits[day] += 1
        if person.visits[day] < VISITS:
            return []
        person.completed[day] = True
        return [self.award(person, VISITED)]

    def redeem(self, person: Person, now: datetime) -> Redemption:
        """All or nothing: a refusal undoes what was settled on the way to it."""
        if self.taken == STOCK:
            raise Refused("OutOfStock")
        must_be_active(person)
        if self._spendable(person, now) < PRICE:
            raise Refused("InsufficientPoints")
        self.taken += 1
        return Redemption(self.spend(person, PRICE, now))

    def _spendable(self, person: Person, now: datetime) -> int:
        return sum(
            lot.left
            for lot in self.open_lots(person)
            if (lot.ripens is None or lot.ripens <= now) and (lot.expires or NEVER) > now
        )

    def cancel(self, redemption: Redemption, now: datetime) -> None:
        if redemption.is_cancelled:
            raise Refused("WrongState")
        redemption.is_cancelled = True
        self.taken -= 1
        self.reverse(redemption.entry, now)

    def order(self, person: Person, cents: int, now: datetime) -> Order:
        """Of somebody who is blocked it counts, and earns nothing."""
        amount = cents // CENTS_A_POINT
        if person.status != "active" or not amount:
            return Order(cents, None)
        return Order(cents, self.hold(person, amount, now + timedelta(days=ORDER_RIPENS)))

    def refund(self, order: Order, cents: int, now: datetime) -> int:
        """Answers how many points it took."""
        if order.refunded + cents > order.cents:
            raise Refused("TooMuch")
        order.refunded += cents
        order.is_closed = order.is_closed or order.refunded == order.cents
        return self._take_due(order, now)

    def void(self, order: Order, now: datetime) -> int:
        order.is_closed = True
        return self._take_due(order, now)

    def _take_due(self, order: Order, now: datetime) -> int:
        """As much of what it earned as was refunded of it, down to zero; what has expired or was taken is gone."""
        if order.entry is None:
            return 0
        due = order.entry.amount if order.is_closed else order.entry.amount * order.refunded // order.cents
        wanted, order.due = due - order.due, due
        if not wanted:
            return 0
        entry, lot, home = order.entry, order.entry.lot, order.entry.owner
        assert lot is not None  # it earned
        self.settle(home, now)
        amount = min(wanted, self._left_of(entry))
        pending = min(amount, lot.left) if lot.ripens is not None else 0
        lot.left -= pending
        ripe = min(amount - pending, self.ripe(home))
        self._take(home, ripe, first=lot)
        home.earned = max(0, home.earned - ripe)
        if pending + ripe:
            entry.taken_back += pending + ripe
            self._enter(home, "reverse", -pending - ripe)
        return pending + ripe

    def _left_of(self, entry: Entry) -> int:
        """What of an entry was neither taken back nor has expired, wherever it lay."""
        lots = [lot for lot in self.lots if entry.lot in self._inside(lot)]
        expired = [
            amount for each in self.entries if each.kind == "expire" for lot, amount in each.uses if lot in lots
        ]
        return max(0, entry.amount - entry.taken_back - sum(expired))

    # What happens to people

    def block(self, person: Person, blocked: bool) -> None:
        if person.status not in ("active", "blocked"):
            raise Refused("Conflict")
        person.status = "blocked" if blocked else "active"

    def merge(self, source: Person, target: Person, now: datetime) -> Merge:
        if source is target:
            raise Refused("Invalid")
        if {source.status, target.status} != {"active"}:
            raise Refused("NotMergeable")
        merge = Merge(source, target)
        self.merges.append(merge)
        source.status = "merged"
        self._carry(merge, now)
        self._bring_days(merge)
        count_visits(target, source, 1)
        return merge

    def undo(self, merge: Merge, now: datetime) -> None:
        source, target = merge.source, merge.target
        if merge.is_undone or source.status != "merged" or target.status not in ("active", "blocked"):
            raise Refused("NotUndoable")
        self.settle(target, now)
        for lot in self.open_lots(target):
            if lot.merge is merge:
                self._give_back(lot)
        for person, sign in ((target, -1), (source, 1)):
            person.earned += sign * merge.earned
            person.spent += sign * merge.spent
        source.status, merge.is_undone = "active", True
        self._bring_back_days(merge)

    def _bring_days(self, merge: Merge) -> None:
        """What was paid to the source on a day on which the target was paid nothing is the target's."""
        for name in BY_DAY:
            here, there = getattr(merge.source, name), getattr(merge.target, name)
            for day in here.keys() - there.keys():
                there[day] = here.pop(day)
                merge.days.append((name, day))

    def _bring_back_days(self, merge: Merge) -> None:
        """In their place comes what others had brought, too."""
        for name, day in merge.days:
            getattr(merge.source, name)[day] = getattr(merge.target, name).pop(day)
        count_visits(merge.target, merge.source, -1)
        for other in self.merges:
            if other.target is merge.target and not other.is_undone:
                self._bring_days(other)

    def _give_back(self, lot: Lot) -> None:
        """What is left goes into the lots that it came from."""
        for part, share in chain(*self._shares(lot)):
            back = min(share, lot.left)
            lot.left -= back
            if back:
                part.left += back
                part.ripens = lot.ripens

    def _shares(self, lot: Lot) -> tuple[list[tuple[Lot, int]], list[tuple[Lot, int]]]:
        """Of each part what nobody took back since, and then the rest."""
        first = []
        for part, amount in lot.parts:
            undone = sum(each.amount for each in self._inside(part) if each.is_taken_back)
            first.append((part, max(0, amount - undone)))
        return first, [(part, all - kept) for (part, all), (_, kept) in zip(lot.parts, first, strict=True)]

    def _inside(self, lot: Lot) -> set[Lot]:
        return {lot}.union(*(self._inside(part) for part, _ in lot.parts))

    def _note_ripening(self, lot: Lot, amount: int) -> None:
        """Whoever undoes a merge takes the lifetime of what it brought away again, also of what ripened since."""
        if lot.merge:
            lot.merge.earned += amount
            for part, share in self._shares(lot)[0]:
                self._note_ripening(part, share)

    def _carry(self, merge: Merge, now: datetime) -> None:
        """Whatever the source has is the target's: lots with the same expiry and ripening become one."""
        source, target = merge.source, merge.target
        self.settle(source, now)
        alike: dict[tuple[datetime | None, datetime | None], list[Lot]] = defaultdict(list)
        for lot in self.open_lots(source):
            alike[lot.expires, lot.ripens].append(lot)
        for (expires, ripens), lots in alike.items():
            parts = [(lot, lot.left) for lot in lots]
            self._lot(target, sum(lot.left for lot in lots), expires, ripens, merge=merge, parts=parts)
            for lot in lots:
                lot.left = 0
        for name in ("earned", "spent"):
            lifetime = getattr(source, name)
            setattr(merge, name, getattr(merge, name) + lifetime)
            setattr(target, name, getattr(target, name) + lifetime)
            setattr(source, name, 0)
        self.settle(target, now)

    def erase(self, person: Person) -> None:
        if person.status == "merged":
            raise Refused("MergedAway")
        for each in self.people:
            if each is person or person in [merge.target for merge in self.way_home(each)]:
                each.status = "erased"

    # How it is written down

    def _lot(self, owner: Person, amount: int, expires: datetime | None, ripens: datetime | None, **rest) -> Lot:
        lot = Lot(owner, amount, amount, expires, ripens, next(self.numbers), **rest)
        self.lots.append(lot)
        return lot

    def _enter(self, owner: Person, kind: str, amount: int, **rest) -> Entry:
        entry = Entry(owner, kind, amount, **rest)
        self.entries.append(entry)
        return entry

    def _take(self, person: Person, amount: int, first: Lot | None = None) -> list[tuple[Lot, int]]:
        """Out of the ripe lots, the soonest to expire first."""
        uses = []
        ripe = [lot for lot in self.open_lots(person) if lot.ripens is None]
        for lot in sorted(ripe, key=lambda each: (each is not first, *spending_order(each))):
            taken = min(amount, lot.left)
            lot.left -= taken
            amount -= taken
            if taken:
                uses.append((lot, taken))
        return uses


def must_be_active(person: Person) -> None:
    if person.status != "active":
        raise Refused("AccountNotActive")


def count_visits(person: Person, other: Person, sign: int) -> None:
    """Let a person have visited as often as the other one has, too; or no longer."""
    for day, visits in other.visits.items():
        person.visits[day] += sign * visits


def spending_order(lot: Lot) -> tuple[datetime, int]:
    """The soonest to expire first, and of those the oldest."""
    return (lot.expires or NEVER, lot.number)
