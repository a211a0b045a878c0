"""Taking back what earn rules paid for something that is not so any more: each payment once, as far as it is there.

What quests gave stays: what somebody has completed, they have completed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from django.db.models import F
from django.db.models.functions import Greatest

from loyalty import events
from loyalty.kernel import clock, periods
from loyalty.models import Action, Business, EarnRuleBudget, EarnRuleUse, EarnRuleVersion
from loyalty.models.ledger import LedgerEntry
from loyalty.selectors import ledger as books
from loyalty.services import ledger
from loyalty.services.earn_terms import Terms
from loyalty.services.ledger import Source


@dataclass(frozen=True, slots=True)
class Undoing:
    """What is not so any more: the trigger that told of it, the fact that names it, and what the news must say."""

    trigger: str
    named_by: str
    asked: Mapping[str, Any] = field(default_factory=dict)


REFERRAL_REVERSED = "referrals/reversed"  # announced only: nobody else hears of it
UNDOINGS: Mapping[str, Sequence[Undoing]] = {
    "testimonials/rejected": (
        Undoing("testimonial_approved", "testimonialId"),
        Undoing("testimonial_submitted", "testimonialId", {"status": "withdrawn"}),
    ),
    "ideas/status_changed": (Undoing("idea_shipped", "ideaId", {"previousStatus": "shipped", "isAuthor": True}),),
    REFERRAL_REVERSED: (Undoing("referral_converted", "conversionId"),),
}


def hear(happened: Sequence[events.Happening]) -> None:
    """Take back what was paid for what these news undo, in the same transaction.

    Whoever records an event of an account has its lock.
    """
    for happening in happened:
        for undoing in UNDOINGS[happening.topic]:
            if happening.account_id is not None and undoing.asked.items() <= happening.facts.items():
                _undo(happening, undoing)


def _undo(happening: events.Happening, undoing: Undoing) -> None:
    business = Business.objects.get(pk=happening.business_id)
    versions = EarnRuleVersion.objects.for_business(business).filter(trigger=undoing.trigger)
    rules = set(versions.values_list("rule_id", flat=True))
    for action in _undone(happening, undoing, business):
        sources = [f"{action.pk}:{rule_id}" for rule_id in rules]
        for paid in books.paid_for(business=business, source_type="earn_rule", source_ids=sources):
            taken = _take(paid, action, business, undone_by=happening.topic)
            _count_back(paid, taken, action, business)


def _undone(happening: events.Happening, undoing: Undoing, business: Business) -> list[Action]:
    """What was told and is not so any more, marked so that it is undone once."""
    told = Action.objects.for_business(business).filter(
        account=happening.account_id,
        name=undoing.trigger,
        undone_at=None,
        **{f"data__{undoing.named_by}": happening.facts[undoing.named_by]},
    )
    found = list(told.select_for_update().order_by("pk"))
    told.filter(pk__in=[action.pk for action in found]).update(undone_at=clock.now(business))
    return found


def _take(paid: LedgerEntry, action: Action, business: Business, *, undone_by: str) -> int:
    """Take back a payment, or what is there of it. What has expired of it is gone already. Answers how much it was."""
    ledger.settle(business_id=business.pk, account_id=action.account_id)
    due = books.unexpired_of(business=business, entry_id=paid.pk)
    reason = {"actionId": str(action.pk), "undoneBy": undone_by}
    if due == paid.amount:
        try:
            ledger.reverse(business=business, entry_id=paid.pk, facts={"action": action.name}, reason=reason)
            return due
        except ledger.InsufficientPoints:
            pass  # some of it is spent
    return _take_what_is_there(paid, due, action, business, reason=reason)


def _take_what_is_there(
    paid: LedgerEntry, due: int, action: Action, business: Business, *, reason: Mapping[str, Any]
) -> int:
    wallet = books.wallets(business=business, account_ids=[action.account_id], metric=paid.metric.key)[
        action.account_id
    ]
    there = min(due, wallet.amount)
    if there < 1:
        return 0
    try:
        ledger.spend(
            business=business,
            account_id=action.account_id,
            amount=there,
            metric=paid.metric.key,
            type=ledger.Type.ADJUST,
            source=Source("taken_back", str(paid.pk)),
            topic="points/adjusted",
            facts={"action": action.name},
            reason={**reason, "entryId": str(paid.pk), "missing": paid.amount - there},
        )
    except ledger.AccountNotActive:  # blocked: their points do not move
        return 0
    return there


def _count_back(paid: LedgerEntry, taken: int, action: Action, business: Business) -> None:
    """Let a rule's limit and budget forget a payment: the limit only if nothing of it stays."""
    assert paid.rule_version is not None  # a rule paid it
    version = EarnRuleVersion.objects.for_business(business).get(rule=paid.rule_id, number=paid.rule_version)
    terms = msgspec.convert(version.terms, Terms)
    if terms.budget:
        budgets = EarnRuleBudget.objects.for_business(business).filter(rule=paid.rule_id)
        budgets.update(spent=Greatest(F("spent") - taken, 0))
    if terms.limit.times and taken == paid.amount:
        period = periods.period_of(terms.limit.period or "none", at=action.occurred_at, zone=business.timezone)
        uses = EarnRuleUse.objects.for_business(business).filter(
            account=action.account_id, rule=paid.rule_id, period=period
        )
        uses.filter(times=1).delete()
        uses.update(times=F("times") - 1)
