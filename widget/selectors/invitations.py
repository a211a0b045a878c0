"""Whom somebody has brought, and what it brings both sides, as the hosted page shows it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum

from loyalty.kernel.money import money_text
from loyalty.models import Business, Quest
from loyalty.selectors import quests
from referrals.models import Conversion, Referral, ReferralCode, ReferralProgramme
from referrals.models.programmes import percent
from referrals.selectors import links
from referrals.selectors import programmes as rules

Status = Conversion.Status
Completion = ReferralProgramme.Completion
TITLES = {"rewarded": "Rewarded", "waiting": "Waiting", "joined": "Joined", "not_counted": "Not counted"}


@dataclass(frozen=True, slots=True)
class Promise:
    """What each side gets, for what, and what a share brings besides; empty where it is nothing."""

    is_open: bool
    yours: str
    theirs: str
    when: str
    share: str


@dataclass(frozen=True, slots=True)
class Door:
    """A way to send the link: an icon, a title and an address."""

    icon: str
    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Tally:
    friends: int
    rewarded: int
    waiting: int
    points: int


@dataclass(frozen=True, slots=True)
class Friend:
    """A friend whom somebody brought. Who it is stays with the shop."""

    status: str
    status_title: str
    points: int
    came_at: datetime


@dataclass(frozen=True, slots=True)
class Link:
    """Where a code's link leads, and how it can be sent."""

    url: str
    text: str
    doors: Sequence[Door]


def promise(business: Business) -> Promise:
    """What the programme promises now."""
    programme = rules.current(business)
    is_active = programme.status == ReferralProgramme.Status.ACTIVE
    yours, theirs = _said(programme.referrer_benefits), _said(programme.friend_benefits)
    share = f"{percent(programme.share_levels[0])}% of what they earn" if programme.share_levels else ""
    return Promise(
        is_open=is_active and bool(yours or share) and bool(links.destination(business, code="x")),
        yours=f"{yours} for you" if yours else "",
        theirs=f"{theirs} for your friend" if theirs else "",
        when=_when(programme),
        share=share,
    )


def link(code: ReferralCode, *, shop: str) -> Link:
    url, text = links.url_of(code), f"This is for you, from {shop}:"
    both = quote(f"{text} {url}")
    doors = (
        Door("chat", "WhatsApp", f"https://wa.me/?text={both}"),
        Door("mail", "E-mail", f"mailto:?subject={quote(shop)}&body={both}"),
    )
    return Link(url, text, doors)


def brought(*, business: Business, account_id: UUID) -> "QuerySet[Referral]":
    """Whom somebody has brought, with what their orders came to; page them newest first."""
    rows = Referral.objects.for_business(business).filter(code__advocate_id=account_id)
    return rows.only("friend_id", "created_at")


def friends(page: Sequence[Referral], *, business: Business, account_id: UUID) -> list[Friend]:
    """A page of `brought`: one query."""
    orders = Conversion.objects.for_business(business).filter(referrer_id=account_id)
    counted = (
        orders.filter(friend_id__in=[row.friend_id for row in page])
        .values("friend_id")
        .annotate(
            rewarded=Count("pk", filter=Q(status=Status.CONFIRMED)),
            waiting=Count("pk", filter=Q(status=Status.HELD)),
            points=Sum("points", filter=Q(status=Status.CONFIRMED), default=0),
        )
    )
    found = {row["friend_id"]: row for row in counted}
    return [_friend(row, found.get(row.friend_id)) for row in page]


def tally(*, business: Business, account_id: UUID) -> Tally:
    """All that somebody's codes have brought: two queries."""
    orders = Conversion.objects.for_business(business).filter(referrer_id=account_id)
    sums = orders.aggregate(
        rewarded=Count("pk", filter=Q(status=Status.CONFIRMED)),
        waiting=Count("pk", filter=Q(status=Status.HELD)),
        points=Sum("points", filter=Q(status=Status.CONFIRMED), default=0),
    )
    return Tally(friends=brought(business=business, account_id=account_id).count(), **sums)


def _friend(row: Referral, orders: Mapping[str, Any] | None) -> Friend:
    if orders is None:
        status = "joined"
    elif orders["rewarded"]:
        status = "rewarded"
    else:
        status = "waiting" if orders["waiting"] else "not_counted"
    points = orders["points"] if orders else 0
    return Friend(status=status, status_title=TITLES[status], points=int(points), came_at=row.created_at)


def _said(benefits: Sequence[Mapping[str, Any]]) -> str:
    return " and ".join(_benefit(one) for one in benefits)


def _benefit(benefit: Mapping[str, Any]) -> str:
    """Points by their number; what else there is, by its kind."""
    if benefit["kind"] == "metric":
        return f"{benefit['quantity']:,} {benefit['metric']}"
    return "a gift" if benefit["kind"] != "item" else "something to collect"


def _when(programme: ReferralProgramme) -> str:
    what = "with every order" if programme.completion == Completion.EVERY_ORDER else "with their first order"
    if programme.min_order_minor:
        least = money_text(programme.min_order_minor, programme.currency)
        what = f"{what} of {least} {programme.currency} or more"
    mission = _mission(programme)
    return f"{what}, once they have completed {mission}" if mission else what


def _mission(programme: ReferralProgramme) -> str:
    """The title of what the friend must have done; empty where it is nothing."""
    quest, task = programme.mission
    if not quest:
        return ""
    row = Quest.objects.for_business(programme.business).select_related("current").get(key=quest)
    return next((step.title for step in quests.tasks_of(row.current) if step.key == task), row.title)
