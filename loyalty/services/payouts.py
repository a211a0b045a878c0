"""What earn rules pay for an event: judged in memory, bounded by what was read under locks, then posted once each."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from functools import lru_cache
from math import prod
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from loyalty.kernel import periods, points
from loyalty.models import Business
from loyalty.services import progress
from loyalty.services.bounds import Bounds
from loyalty.services.compiled import Programme, Rule
from loyalty.services.earn_terms import Terms
from loyalty.services.kinds.earning import kind_of
from loyalty.services.kinds.earning.base import Rates
from loyalty.services.ledger import POINTS, Source
from loyalty.services.postings import Move
from loyalty.services.progress import Moment

ONE = Fraction(1)


class Payout(Struct, frozen=True):
    """What a rule does for an event: `reason` says why it pays nothing, `caps` what made it less."""

    rule: Rule
    reason: str | None = None
    points: int = 0
    exact: Fraction = Fraction(0)
    tier: Fraction = ONE
    membership: Fraction = ONE
    caps: tuple[str, ...] = ()

    @property
    def pays(self) -> bool:
        return self.reason is None

    @property
    def paid_points(self) -> int:
        """Of what it pays, what is points: a stamp is none."""
        return self.points if self.pays and self.rule.metric == POINTS else 0

    def refused(self, reason: str) -> "Payout":
        return replace(self, reason=reason, points=0)

    def at_most(self, most: int, cap: str, *, empty: str) -> "Payout":
        """No more than this much; nothing, for the reason `empty`, if that is nothing."""
        if not self.pays or self.points <= most:
            return self
        return replace(self, points=most, caps=(*self.caps, cap)) if most > 0 else self.refused(empty)


def judge(moment: Moment, programme: Programme, rules: Sequence[Rule], theirs: set[str]) -> list[Payout]:
    """What each rule would pay somebody in these segments, if nothing bounded it."""
    tier = programme.multipliers.get(moment.person.tier_id) if moment.person.tier_id else None
    highest = max([ONE, *(programme.memberships[key] for key in theirs & programme.memberships.keys())])
    return [_judged(moment, rule, (tier or ONE, highest), theirs) for rule in rules]


def bound(moment: Moment, judged: Sequence[Payout], bounds: Bounds) -> tuple[list[Payout], set[UUID]]:
    """What each rule pays within every bound, and the rules whose budget that used up.

    Rules come with the most important first. What is paid is noted in `bounds`.
    """
    limited = [_cooled_down(moment, _within_limit(moment, payout, bounds), bounds) for payout in judged]
    asked = [payout.rule for payout in limited if payout.pays and payout.rule.terms.budget]
    bounds.hold(asked)
    stacked = _stacked([_within_budget(payout, bounds) for payout in limited])
    bounded = _within_room(moment, stacked, bounds)
    for payout in bounded:
        if payout.pays:
            bounds.take(moment, payout.rule, payout.points)
    return bounded, bounds.spent(asked)


def worth(rule: Rule, base: Fraction, tier: Fraction, membership: Fraction = ONE) -> Payout:
    """The base times every multiplier, exactly; whole points are cut off once, at the very end.

    :param tier: the multiplier of the person's tier
    :param membership: the highest one of their memberships
    """
    if not rule.terms.tier_multiplier:
        tier = membership = ONE
    # Most factors are one, and multiplying fractions takes longer than seeing that.
    exact = prod((factor for factor in (_multiplier(rule), tier, membership) if factor != 1), start=base)
    whole = exact.numerator // exact.denominator
    payout = Payout(rule, points=whole, exact=exact, tier=tier, membership=membership)
    return (
        payout.at_most(points.MAX_MOVE, "largest_award", empty="") if payout.points else payout.refused("too_little")
    )


def _judged(moment: Moment, rule: Rule, factors: tuple[Fraction, Fraction], theirs: set[str]) -> Payout:
    reason = "undeclared" if moment.is_undeclared else progress.shut(moment, rule, rule.terms.conditions, theirs)
    if reason is not None:
        return Payout(rule, reason)
    if moment.past and (ends := _end_of(moment, rule.terms)) and ends <= moment.past.now:
        return Payout(rule, "expired")
    base = kind_of(rule.terms.trigger).base(rule.terms, moment.data, _rates(moment.business))
    return Payout(rule, base) if isinstance(base, str) else worth(rule, base, *factors)


def _multiplier(rule: Rule) -> Fraction:
    return _ratio(*rule.terms.multiplier)


@lru_cache(1000)
def _ratio(top: int, bottom: int) -> Fraction:
    return Fraction(top, bottom)


def _rates(business: Business) -> Rates:
    return {business.currency: ONE} | {code: Fraction(rate) for code, rate in business.rates.items()}


def _within_limit(moment: Moment, payout: Payout, bounds: Bounds) -> Payout:
    most = payout.rule.terms.limit.times
    if payout.pays and most and bounds.times(moment, payout.rule) >= most:
        return payout.refused("limit_reached")
    return payout


def _cooled_down(moment: Moment, payout: Payout, bounds: Bounds) -> Payout:
    if not payout.pays or not payout.rule.cooldown:
        return payout
    last = bounds.last_paid(moment, payout.rule)
    return payout.refused("cooldown") if last and moment.at < last + payout.rule.cooldown else payout


def _within_budget(payout: Payout, bounds: Bounds) -> Payout:
    """What is left of a budget is paid to the last point."""
    if not payout.pays or payout.rule.terms.budget is None:
        return payout
    return payout.at_most(bounds.left(payout.rule), "budget", empty="budget_spent")


def _stacked(judged: Sequence[Payout]) -> list[Payout]:
    """Of each stacking group the first that pays; rules without a group add up."""
    winners: dict[str, str] = {}
    bounded = []
    for payout in judged:
        group = payout.rule.terms.stacking
        winner = winners.setdefault(group, payout.rule.key) if payout.pays and group else payout.rule.key
        bounded.append(payout if winner == payout.rule.key else payout.refused(f"outranked:{winner}"))
    return bounded


def _within_room(moment: Moment, judged: Sequence[Payout], bounds: Bounds) -> list[Payout]:
    """No more points than their maximum lets the person have. Stamps have none."""
    if not any(payout.paid_points for payout in judged):
        return list(judged)
    room = bounds.room(moment)
    bounded = []
    for payout in judged:
        is_bounded = payout.rule.metric == POINTS
        bounded.append(payout.at_most(room, "maximum", empty="at_maximum") if is_bounded else payout)
        room -= bounded[-1].paid_points
    return bounded


def move_of(moment: Moment, payout: Payout, *, action_id: UUID) -> Move:
    """What is posted for a payout: once for an action and a rule."""
    rule, terms = payout.rule, payout.rule.terms
    ripe = _ripens_at(moment, terms)
    return Move(
        account_id=moment.person.pk,
        amount=payout.points,
        metric=rule.metric,
        source=Source("earn_rule", f"{action_id}:{rule.rule_id}"),
        facts={"action": terms.trigger},
        rule=(rule.rule_id, rule.version),
        reason=_reason(moment, payout, action_id),
        description=rule.title,
        pending_until=ripe if terms.pending_days else None,
        expires_at=_end_of(moment, terms),
    )


def _ripens_at(moment: Moment, terms: Terms) -> datetime:
    return moment.at + timedelta(days=terms.pending_days)


def _end_of(moment: Moment, terms: Terms) -> datetime | None:
    """When what the rule pays ends; None: as its metric says of points that are earned now."""
    if terms.expires_after_days:
        ripe = _ripens_at(moment, terms)
        return periods.end_after(ripe, days=terms.expires_after_days, zone=moment.business.timezone)
    return moment.past.ends_at if moment.past else None


def _reason(moment: Moment, payout: Payout, action_id: UUID) -> dict[str, object]:
    """Why this much: what went in, and what made it less."""
    earned = {"earnedAt": moment.at.isoformat()} if moment.past else {}
    return {
        "actionId": str(action_id),
        "rule": payout.rule.key,
        "multiplier": str(_multiplier(payout.rule)),
        "tierMultiplier": str(payout.tier),
        "membershipMultiplier": str(payout.membership),
        "exact": str(payout.exact),
        "caps": list(payout.caps),
        **earned,
    }
