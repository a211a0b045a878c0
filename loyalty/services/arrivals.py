"""What the steps of a ladder give to whoever rises to them: once in a lifetime, for every step on the way."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from loyalty import events
from loyalty.events import Happening
from loyalty.kernel import clock
from loyalty.models import Account, Arrival, Business, Milestone
from loyalty.services import benefits
from loyalty.services.kinds.benefits.base import Occasion
from loyalty.services.ledger import Source

REWARD_EARNED = "customers/tier_entry_reward_earned"
SOURCE = "milestone"


@dataclass(frozen=True, slots=True)
class _Climber:
    """Whoever moved; their account is locked."""

    business: Business
    account: Account

    @property
    def at(self) -> datetime:
        return max(clock.now(self.business), self.account.last_event_at)


def welcome(happened: Sequence[Happening]) -> None:
    """Give people what they rose to. Going down, a choice by hand and a changed ladder give nothing."""
    for move in happened:
        if move.facts["cause"] == "earned" and move.facts["direction"] == "up":
            climber = _climber(move)
            for step in _new(climber, _passed(climber.business, move)):
                _arrive(climber, step)


def _climber(move: Happening) -> _Climber:
    assert move.account_id is not None  # people move, nobody else
    rows = Account.objects.filter(business_id=move.business_id).select_related("business")
    account = rows.get(pk=move.account_id)
    return _Climber(account.business, account)


def _passed(business: Business, move: Happening) -> list[Milestone]:
    """The steps between where somebody stood and where they stand now, lowest first."""
    new_id = UUID(move.facts.get("newTierId") or move.facts["newMilestoneId"])
    old_id = move.facts.get("oldTierId") or move.facts.get("oldMilestoneId")
    ladder = Milestone.objects.for_business(business).filter(set__milestones=new_id).select_related("set")
    steps = {step.pk: step for step in ladder.order_by("threshold")}
    highest = steps[new_id].threshold
    lowest = -1
    if old_id:  # whose own ladder may be another one, that the programme had before
        lowest = steps[UUID(old_id)].threshold if UUID(old_id) in steps else highest - 1
    return [step for step in steps.values() if lowest < step.threshold <= highest and not step.archived_at]


def _new(climber: _Climber, steps: Sequence[Milestone]) -> Iterable[Milestone]:
    rows = Arrival.objects.for_business(climber.business).filter(account=climber.account, milestone__in=steps)
    before = set(rows.values_list("milestone_id", flat=True))
    return [step for step in steps if step.pk not in before]


def _arrive(climber: _Climber, step: Milestone) -> None:
    """Write down that somebody is here for the first time, and give what that gives, or why some of it was refused."""
    arrival = Arrival.objects.create(
        business=climber.business, account=climber.account, milestone=step, created_at=climber.at
    )
    if not step.benefits:
        return
    reason = {"set": step.set.key, "milestone": step.key, "milestoneId": str(step.pk)}
    points, refused = benefits.give_following(
        step.benefits,
        business=climber.business,
        account_id=climber.account.pk,
        occasion=Occasion(
            source=Source(SOURCE, str(arrival.pk)), action="milestone", reason=reason, description=step.title
        ),
    )
    if len(refused) < len(step.benefits):
        _tell(climber, arrival, points)
    if refused:
        arrival.refusal = refused[0]
        arrival.save(update_fields=["refusal"])


def _tell(climber: _Climber, arrival: Arrival, points: int) -> None:
    if arrival.milestone.set.is_tier:
        facts = {"arrivalId": str(arrival.pk), "tierId": str(arrival.milestone_id), "points": points}
        happening = Happening(climber.business.pk, REWARD_EARNED, climber.account.pk, facts)
        events.record([happening], now=climber.at)
