"""What earn rules pay for an event: judged in memory, bounded under locks, then posted once each.

The order of the locks: the account, which the caller holds; then the budgets, by the ids of their rules.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from fractions import Fraction
from uuid import UUID
from zoneinfo import ZoneInfo

from loyalty.kernel import ids, periods, points
from loyalty.models import EarnRuleBudget, EarnRuleUse
from loyalty.selectors import ledger as books
from loyalty.services import earn_rules, ledger, progress
from loyalty.services.compiled import Programme, Rule
from loyalty.services.kinds.earning import kind_of
from loyalty.services.ledger import Source
from loyalty.services.progress import Moment

Place = tuple[UUID, str]  # rule, period


@dataclass(frozen=True, slots=True)
class Payout:
    """What a rule does for an event: `reason` says why it pays nothing, `caps` what made it less."""

    rule: Rule
    reason: str | None = None
    points: int = 0
    exact: Fraction = Fraction(0)
    tier: Fraction = Fraction(1)
    caps: tuple[str, ...] = ()

    @property
    def pays(self) -> bool:
        return self.reason is None

    def refused(self, reason: str) -> "Payout":
        return replace(self, reason=reason, points=0)

    def at_most(self, most: int, cap: str, *, empty: str) -> "Payout":
        """No more than this much; nothing, for the reason `empty`, if that is nothing."""
        if not self.pays or self.points <= most:
            return self
        return replace(self, points=most, caps=(*self.caps, cap)) if most > 0 else self.refused(empty)


def pay(moment: Moment, programme: Programme, rules: Sequence[Rule], *, action_id: UUID) -> list[Payout]:
    """Let rules pay a person for an action, and say of each what it did. Rules come with the most important first."""
    judged = judge(moment, programme, rules)
    used = _used(moment, judged)
    judged = [_within_limit(moment, payout, used) for payout in judged]
    budgets = _locked_budgets(moment, judged)
    judged = [_within_budget(payout, budgets) for payout in judged]
    judged = _within_room(moment, _stacked(judged))
    paid = [payout for payout in judged if payout.pays]
    _note_uses(moment, paid, used)
    _note_spending(moment, judged, budgets)
    for payout in paid:
        _post(moment, payout, action_id)
    return judged


def judge(moment: Moment, programme: Programme, rules: Sequence[Rule]) -> list[Payout]:
    """What each rule would pay if nothing bounded it. It writes nothing, and locks nothing."""
    theirs = progress.segments_for(moment, rules)
    tier = programme.multipliers.get(moment.account.tier_id) if moment.account.tier_id else None
    return [_judged(moment, rule, tier or Fraction(1), theirs) for rule in rules]


def worth(rule: Rule, base: Fraction, tier: Fraction) -> Payout:
    """The base times every multiplier, exactly; whole points are cut off once, at the very end."""
    factor = tier if rule.terms.tier_multiplier else Fraction(1)
    exact = base * Fraction(*rule.terms.multiplier) * factor
    payout = Payout(rule, points=exact.numerator // exact.denominator, exact=exact, tier=factor)
    return (
        payout.at_most(points.MAX_MOVE, "largest_award", empty="") if payout.points else payout.refused("too_little")
    )


def _judged(moment: Moment, rule: Rule, tier: Fraction, theirs: set[str]) -> Payout:
    reason = progress.shut(moment, rule, rule.terms.conditions, theirs)
    if reason is not None:
        return Payout(rule, reason)
    base = kind_of(rule.terms.trigger).base(rule.terms, moment.data)
    return Payout(rule, base) if isinstance(base, str) else worth(rule, base, tier)


def _place(moment: Moment, rule: Rule) -> Place:
    period = periods.period_of(rule.terms.limit.period or "none", at=moment.at, zone=moment.business.timezone)
    return (rule.rule_id, period)


def _used(moment: Moment, judged: Sequence[Payout]) -> Mapping[Place, EarnRuleUse]:
    limited = [payout.rule.rule_id for payout in judged if payout.pays and payout.rule.terms.limit.times]
    if not limited:
        return {}
    rows = EarnRuleUse.objects.for_business(moment.business).filter(account=moment.account, rule__in=limited)
    return {(row.rule_id, row.period): row for row in rows}


def _within_limit(moment: Moment, payout: Payout, used: Mapping[Place, EarnRuleUse]) -> Payout:
    times = payout.rule.terms.limit.times
    row = used.get(_place(moment, payout.rule))
    return payout.refused("limit_reached") if payout.pays and times and row and row.times >= times else payout


def _locked_budgets(moment: Moment, judged: Sequence[Payout]) -> Mapping[UUID, EarnRuleBudget]:
    bounded = [payout.rule.rule_id for payout in judged if payout.pays and payout.rule.terms.budget]
    if not bounded:
        return {}
    rows = EarnRuleBudget.objects.for_business(moment.business).filter(rule__in=bounded)
    return {row.rule_id: row for row in rows.order_by("rule_id").select_for_update(no_key=True)}


def _within_budget(payout: Payout, budgets: Mapping[UUID, EarnRuleBudget]) -> Payout:
    """What is left of a budget is paid to the last point."""
    budget = payout.rule.terms.budget
    if not payout.pays or budget is None:
        return payout
    left = budget - budgets[payout.rule.rule_id].spent
    return payout.at_most(left, "budget", empty="budget_spent")


def _stacked(judged: Sequence[Payout]) -> list[Payout]:
    """Of each stacking group the first that pays; rules without a group add up."""
    winners: dict[str, str] = {}
    bounded = []
    for payout in judged:
        group = payout.rule.terms.stacking
        winner = winners.setdefault(group, payout.rule.key) if payout.pays and group else payout.rule.key
        bounded.append(payout if winner == payout.rule.key else payout.refused(f"outranked:{winner}"))
    return bounded


def _within_room(moment: Moment, judged: Sequence[Payout]) -> list[Payout]:
    """No more than the metric's maximum lets the person have."""
    if not any(payout.pays for payout in judged):
        return list(judged)
    room = books.room(business=moment.business, account_id=moment.account.pk)
    bounded = []
    for payout in judged:
        bounded.append(payout.at_most(room, "maximum", empty="at_maximum"))
        room -= bounded[-1].points
    return bounded


def _note_uses(moment: Moment, paid: Sequence[Payout], used: Mapping[Place, EarnRuleUse]) -> None:
    places = [_place(moment, payout.rule) for payout in paid if payout.rule.terms.limit.times]
    EarnRuleUse.objects.bulk_create(
        (
            EarnRuleUse(
                id=ids.new_id(),
                business=moment.business,
                account=moment.account,
                rule_id=place[0],
                period=place[1],
                times=used[place].times + 1 if place in used else 1,
            )
            for place in places
        ),
        update_conflicts=True,
        unique_fields=["business", "account", "rule", "period"],
        update_fields=["times"],
    )


def _note_spending(moment: Moment, judged: Sequence[Payout], budgets: Mapping[UUID, EarnRuleBudget]) -> None:
    """Write down what was spent, and pause what has nothing left."""
    bounded = [payout for payout in judged if payout.rule.rule_id in budgets]
    for payout in bounded:
        budgets[payout.rule.rule_id].spent += payout.points
    if any(payout.points for payout in bounded):
        EarnRuleBudget.objects.for_business(moment.business).bulk_update(budgets.values(), ["spent"])
    spent = [
        payout.rule.rule_id
        for payout in bounded
        if budgets[payout.rule.rule_id].spent >= (payout.rule.terms.budget or 0)
    ]
    if spent:
        earn_rules.pause_spent(spent, business=moment.business)


def _post(moment: Moment, payout: Payout, action_id: UUID) -> None:
    rule, terms = payout.rule, payout.rule.terms
    ripe = moment.at + timedelta(days=terms.pending_days)
    ledger.award(
        business=moment.business,
        account_id=moment.account.pk,
        amount=payout.points,
        source=Source("earn_rule", f"{action_id}:{rule.rule_id}"),
        facts={"action": terms.trigger},
        rule=(rule.rule_id, rule.version),
        reason=_reason(payout, action_id),
        description=rule.title,
        pending_until=ripe if terms.pending_days else None,
        expires_at=_end_of_day(moment, ripe, terms.expires_after_days) if terms.expires_after_days else None,
    )


def _reason(payout: Payout, action_id: UUID) -> dict[str, object]:
    """Why this much: what went in, and what made it less."""
    return {
        "actionId": str(action_id),
        "rule": payout.rule.key,
        "multiplier": str(Fraction(*payout.rule.terms.multiplier)),
        "tierMultiplier": str(payout.tier),
        "exact": str(payout.exact),
        "caps": list(payout.caps),
    }


def _end_of_day(moment: Moment, ripe: datetime, days: int) -> datetime:
    """The midnight that ends the last day, in the programme's zone."""
    zone = moment.business.timezone
    return periods.end_of(ripe.astimezone(ZoneInfo(zone)).date() + timedelta(days=days), zone=zone)
