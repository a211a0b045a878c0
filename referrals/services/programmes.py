"""The rules of a business are written here."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, TypedDict, Unpack

from django.db import transaction

from loyalty.kernel import clock
from loyalty.kernel.errors import Invalid, NotFound
from loyalty.kernel.money import money
from loyalty.models import Business, Quest
from loyalty.selectors import quests
from loyalty.services import benefits
from referrals.models import ReferralProgramme
from referrals.selectors import lines
from referrals.services import share

LONGEST_HOLD = 365  # days
MOST_PER_MONTH = 2**31 - 1


class Rules(TypedDict, total=False):
    """What may be said; what is not said stays. `min_order` is money of the business's currency."""

    status: str
    referrer: Sequence[Mapping[str, Any]]
    friend: Sequence[Mapping[str, Any]]
    completion: str
    min_order: Decimal
    hold_days: int
    per_month: int | None
    mission_quest: str
    mission_task: str
    share_levels: Sequence[int]
    share_quest: str
    share_task: str


@transaction.atomic
def save(*, business: Business, **rules: Unpack[Rules]) -> ReferralProgramme:
    """Put rules into force. Orders that came before are paid as was promised then.

    :raises Invalid, NotFound: naming the rule that means nothing, or names what the programme does not have
    """
    business = Business.objects.select_for_update(no_key=True).get(pk=business.pk)
    saved = ReferralProgramme.objects.for_business(business).first()
    programme = saved or ReferralProgramme(business=business, currency=business.currency)
    _put(programme, rules)
    programme.updated_at = clock.now(business)
    programme.save()
    if programme.shares:
        share.begin(business=business, now=programme.updated_at)
    else:
        share.end(business=business)
    return programme


def _put(programme: ReferralProgramme, rules: Rules) -> None:
    business = programme.business
    programme.status = rules.get("status", programme.status)
    programme.completion = rules.get("completion", programme.completion)
    if "referrer" in rules:
        programme.referrer_benefits = benefits.checked(rules["referrer"], business=business, field="referrer")
    if "friend" in rules:
        programme.friend_benefits = benefits.checked(rules["friend"], business=business, field="friend")
    if "min_order" in rules:
        programme.min_order_minor = money(rules["min_order"], business.currency, field="minOrder")
        programme.currency = business.currency
    programme.hold_days = _bounded(rules.get("hold_days", programme.hold_days), 0, LONGEST_HOLD, field="holdDays")
    per_month = rules.get("per_month", programme.per_month)
    programme.per_month = None if per_month is None else _bounded(per_month, 1, MOST_PER_MONTH, field="perMonth")
    if "mission_quest" in rules:
        quest, task = rules["mission_quest"], rules.get("mission_task", "")
        _check_mission(business, quest, task, field="mission")
        programme.mission_quest, programme.mission_task = quest, task
    if "share_levels" in rules:
        _put_share(programme, rules)


def _put_share(programme: ReferralProgramme, rules: Rules) -> None:
    levels = list(rules["share_levels"])
    for number, points in enumerate(levels):
        _bounded(points, 1, share.WHOLE, field=f"share.levels.{number}")
    if len(levels) > lines.FARTHEST or sum(levels) > share.WHOLE:
        message = f"At most {lines.FARTHEST} levels, which share no more than all of it."
        raise Invalid(message, field="share.levels")
    quest, task = rules.get("share_quest", ""), rules.get("share_task", "")
    _check_mission(programme.business, quest, task, field="share.mission")
    programme.share_levels, programme.share_quest, programme.share_task = levels, quest, task


def _check_mission(business: Business, quest: str, task: str, *, field: str) -> None:
    found = Quest.objects.for_business(business).filter(key=quest).exclude(status=Quest.Status.ARCHIVED).first()
    if quest and found is None:
        raise NotFound("quest", field=f"{field}.quest")
    if task and (found is None or task not in {step.key for step in quests.tasks_of(found.current)}):
        raise NotFound("task", field=f"{field}.task")


def _bounded(number: int, least: int, most: int, *, field: str) -> int:
    if not least <= number <= most:
        raise Invalid(f"{field} must be from {least:,} to {most:,}.", field=field)
    return number
