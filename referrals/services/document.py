"""`referral` in a business's document: its rules, as a merchant keeps them in a file."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec

from loyalty.kernel.money import money_text
from loyalty.kernel.shapes import Key
from loyalty.models import Business
from loyalty.services import benefits
from loyalty.services.programme import Document, Problem, Section, unknown
from referrals.models import ReferralProgramme
from referrals.models.programmes import percent
from referrals.selectors import lines
from referrals.selectors import programmes as rules
from referrals.services import programmes

KEY = "referral"
Percent = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,3}(\.[0-9]{1,2})?$(?!\n)")]


class Limits(msgspec.Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    per_month: int | None = None


class Mission(msgspec.Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A quest, or one of its tasks."""

    quest: Key
    task: Key | None = None


class Share(msgspec.Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Percents of what friends earn, of their friends, and so on; and what a friend must have completed before."""

    levels: Annotated[list[Percent], msgspec.Meta(min_length=1, max_length=lines.FARTHEST)]
    mission: Mission | None = None


class ReferralPart(msgspec.Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A part that is left out is as in a programme that says nothing."""

    status: Literal["active", "paused"] = "active"
    referrer: list[dict[str, Any]] = []
    friend: list[dict[str, Any]] = []
    share: Share | None = None
    completion: Literal["first_order", "every_order"] = "first_order"
    min_order: Decimal = Decimal(0)
    hold_days: int = 0
    limits: Limits = msgspec.field(default_factory=Limits)
    mission: Mission | None = None  # what the friend must have done before both sides are paid


def export(business: Business) -> ReferralPart:
    programme = rules.current(business)
    return ReferralPart(
        status=programme.status,  # type: ignore[arg-type]  # choices are the literals
        referrer=programme.referrer_benefits,
        friend=programme.friend_benefits,
        completion=programme.completion,  # type: ignore[arg-type]  # choices are the literals
        min_order=Decimal(money_text(programme.min_order_minor, programme.currency)),
        hold_days=programme.hold_days,
        limits=Limits(per_month=programme.per_month),
        share=_share(programme),
        mission=_mission(programme.mission_quest, programme.mission_task),
    )


def _share(programme: ReferralProgramme) -> Share | None:
    if not programme.share_levels:
        return None
    levels = [percent(points) for points in programme.share_levels]
    return Share(levels=levels, mission=_mission(programme.share_quest, programme.share_task))


def _mission(quest: str, task: str) -> Mission | None:
    return Mission(quest=quest, task=task or None) if quest else None


def apply(business: Business, part: ReferralPart) -> None:
    programmes.save(
        business=business,
        status=part.status,
        referrer=part.referrer,
        friend=part.friend,
        completion=part.completion,
        min_order=part.min_order,
        hold_days=part.hold_days,
        per_month=part.limits.per_month,
        share_levels=[int(Decimal(percent).scaleb(2)) for percent in part.share.levels] if part.share else [],
        **_said("share", part.share.mission if part.share else None),
        **_said("mission", part.mission),
    )


def _said(name: str, mission: Mission | None) -> Any:
    return {f"{name}_quest": mission.quest if mission else "", f"{name}_task": mission and mission.task or ""}


def check(part: ReferralPart, document: Document) -> Iterable[Problem]:
    """Kinds that nobody knows, and what the document does not have."""
    for side in ("referrer", "friend"):
        yield from benefits.dangling(getattr(part, side), document, path=f"{KEY}.{side}")
    if "quests" in document:
        missions = {"mission": part.mission, "share.mission": part.share and part.share.mission}
        named = [(f"{KEY}.{path}.quest", mission.quest) for path, mission in missions.items() if mission]
        yield from unknown(named, [quest.key for quest in document["quests"]], "quest")


SECTION = Section(
    key=KEY,
    shape=ReferralPart,
    export=export,
    apply=apply,
    check=check,
    after=("metrics", "rewards", "inventorySets", "quests"),
)
