"""How a Hold to Earn programme is spelled, in documents and wherever one is written."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Literal

from msgspec import Meta

from loyalty.services.earn_terms import AmountText
from loyalty.services.quest_rules import Key, Keys, Part, Quantity, Target

TERM = r"^P(?=[0-9T])(?:([0-9]{1,3})D)?(?:T([0-9]{1,3})H)?$(?!\n)"
LONGEST = timedelta(days=366)


class Revenue(Part):
    """So many points of so much revenue, in the business's currency: `{"points": 5, "per": "1.00"}`."""

    points: Quantity
    per: AmountText


class Pool(Part):
    """What is shared out: so many points a day, or what revenue brings."""

    per_day: Quantity | None = None
    revenue: Revenue | None = None


class HoldRules(Part, kw_only=True):
    """All that a programme says but its name and state."""

    kind: Literal["regular", "welcome"] = "regular"
    stake: Key = "points"  # the metric that people hold
    pays: Key = "points"  # the metric that it earns
    term: Annotated[str, Meta(pattern=TERM)] | None = None  # the least that was held for so long counts
    minimum: Target = 1  # the smallest stake that counts
    pool: Pool | None = None
    bonus: Quantity | None = None  # of a welcome
    segments: Keys = []  # none: for everybody


def length_of(term: str | None) -> timedelta:
    """`PT8H` as a length of time. It matches `TERM`."""
    match = re.match(TERM, term or "P0D")
    assert match, "checked by whoever took it in"
    days, hours = (int(number or 0) for number in match.groups())
    return timedelta(days=days, hours=hours)


def term_of(length: timedelta) -> str | None:
    """A length of time as it is always spelled: `PT8H`, `P1D`, `P1DT12H`; none, where only the moment counts."""
    days, hours = length.days, length.seconds // 3600
    if not days and not hours:
        return None
    return f"P{f'{days}D' if days else ''}{f'T{hours}H' if hours else ''}"


def problems(rules: HoldRules) -> Iterator[tuple[str, str]]:
    """The fields that mean nothing together, and why."""
    if length_of(rules.term) > LONGEST:
        yield "term", "It is 366 days at most."
    if rules.kind == "welcome":
        if rules.pool is not None:
            yield "pool", "A welcome has a bonus, and no pool."
        if rules.bonus is None:
            yield "bonus", "Say what a newcomer is given."
        return
    if rules.bonus is not None:
        yield "bonus", "Only a welcome has a bonus."
    if rules.pool is None or (rules.pool.per_day is None) == (rules.pool.revenue is None):
        yield "pool", "Say what is shared out: perDay or revenue."
