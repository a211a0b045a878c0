"""A share of what friends earn, for who brought them, and for who brought those.

A worker follows the feed, so that an award costs nothing more, and touches nobody's account but its own. Each share is
posted once for its entry and level, and its page of the feed in one transaction: a worker may be stopped anywhere, and
two at once do not meet.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TypedDict
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Max

from loyalty.kernel.errors import DomainError
from loyalty.models import Business, Event
from loyalty.selectors import ledger as books
from loyalty.selectors.ledger import Earning
from loyalty.services import ledger, postings
from loyalty.services.ledger import Source
from loyalty.services.postings import Move
from referrals.models import ReferralProgramme, ShareProgress
from referrals.selectors import lines, missions

log = structlog.get_logger(__name__)

PAGE = 500  # events
SINCE_EVER = datetime.min.replace(tzinfo=UTC)
WHOLE = 10_000  # basis points
SHARE = "referral_share"
EARNED, REVERSED = "points/earned", "points/reversed"
# What is not earned by doing something: what referrals bring, what an operator gives, what is brought along.
NOT_SHARED = {SHARE, "referral", "referred", "operator", "import"}


class Whose(TypedDict):
    business: Business
    account_id: UUID
    metric: str


def begin(*, business: Business, now: datetime) -> None:
    """Share from now on. Nothing that was earned before is."""
    latest = Event.objects.for_business(business).aggregate(latest=Max("position"))["latest"]
    ShareProgress.objects.get_or_create(business=business, defaults={"position": latest or 0, "started_at": now})


def end(*, business: Business) -> None:
    """Share no more. What was shared stays, also when what it was of is taken back."""
    ShareProgress.objects.for_business(business).delete()


def pay_due() -> int:
    """Pay what is due of every feed. Answers how many shares; safe to run twice, or twice at once."""
    programmes = ReferralProgramme.objects.exclude(share_levels=[]).filter(status=ReferralProgramme.Status.ACTIVE)
    return sum(_follow(programme) for programme in programmes.select_related("business").order_by("pk"))


def _follow(programme: ReferralProgramme) -> int:
    paid = 0
    while (found := _page(programme)) is not None:
        paid += found
    return paid


@transaction.atomic
def _page(programme: ReferralProgramme) -> int | None:
    """Pay the shares of the next events. None: there are none, or another worker is at them."""
    business = programme.business
    progress = ShareProgress.objects.for_business(business).select_for_update(skip_locked=True).first()
    if progress is None:
        return None
    told = Event.objects.for_business(business).filter(topic__in=(EARNED, REVERSED), position__gt=progress.position)
    page = list(told.order_by("position")[:PAGE])
    if not page:
        return None
    fresh = [event for event in page if event.created_at >= progress.started_at]
    paid = _pay([event for event in fresh if event.topic == EARNED], programme)
    _take_back([event for event in fresh if event.topic == REVERSED], business)
    progress.position = page[-1].position or 0
    progress.save(update_fields=["position"])
    return paid


def _pay(page: Sequence[Event], programme: ReferralProgramme) -> int:
    business = programme.business
    earnings = books.earnings(business=business, entry_ids=[UUID(event.facts["entryId"]) for event in page])
    friends = {earning.account_id for earning in earnings.values() if earning.source_type not in NOT_SHARED}
    above = lines.above(business=business, friend_ids=friends, levels=len(programme.share_levels))
    since = _ready_since(programme, above)
    moves = []
    for event in page:
        earning = earnings.get(UUID(event.facts["entryId"]))
        if earning is None or earning.source_type in NOT_SHARED or earning.account_id not in since:
            continue
        if since[earning.account_id] <= event.created_at:
            moves += _moves(earning, event.facts["amount"], above[earning.account_id], programme.share_levels)
    return sum(posting.id is not None for posting in postings.post(moves, business=business))


def _moves(earning: Earning, amount: int, above: Sequence[UUID], levels: Sequence[int]) -> list[Move]:
    """What each level gets of so much, whole points of it."""
    return [
        Move(
            account_id=person,
            amount=amount * points // WHOLE,
            metric=earning.metric,
            source=Source(SHARE, f"{earning.entry_id}:{level}"),
            facts={"action": SHARE},
            reason={"entryId": str(earning.entry_id), "of": amount, "level": level, "basisPoints": points},
        )
        for level, (person, points) in enumerate(zip(above, levels, strict=False), start=1)
        if amount * points >= WHOLE
    ]


def _ready_since(programme: ReferralProgramme, friends: Mapping[UUID, object]) -> dict[UUID, datetime]:
    """When friends had done the mission that comes first: those who have. Without one: everybody, since ever."""
    mission = programme.share_mission
    if not mission.quest:
        return dict.fromkeys(friends, SINCE_EVER)
    return missions.done_since(mission, business=programme.business, friend_ids=friends)


def _take_back(page: Sequence[Event], business: Business) -> None:
    """What was shared of an earning that is undone comes back, or what is there of it."""
    undone = books.undone_by(business=business, entry_ids=[UUID(event.facts["entryId"]) for event in page])
    sources = [f"{entry_id}:{level}" for entry_id in undone for level in range(1, lines.FARTHEST + 1)]
    for share in books.paid_for(business=business, source_type=SHARE, source_ids=sources):
        whose: Whose = {"business": business, "account_id": share.account_id, "metric": share.metric.key}
        try:
            _take(share.pk, share.amount, whose)
        except DomainError as error:  # blocked, or merged and spent: nobody else has to wait for them
            log.warning("share_not_taken_back", entry=str(share.pk), code=error.code.value)


def _take(entry_id: UUID, amount: int, whose: Whose) -> None:
    try:
        ledger.reverse(business=whose["business"], entry_id=entry_id, facts={"action": SHARE})
    except ledger.InsufficientPoints:
        _take_what_is_there(entry_id, amount, whose)


def _take_what_is_there(entry_id: UUID, amount: int, whose: Whose) -> None:
    held = books.wallets(business=whose["business"], account_ids=[whose["account_id"]], metric=whose["metric"])
    there = min(held[whose["account_id"]].amount, amount)
    if there > 0:
        ledger.spend(
            **whose,
            amount=there,
            type=ledger.Type.ADJUST,
            source=Source("share_taken_back", str(entry_id)),
            topic="points/adjusted",
            facts={"action": SHARE},
            reason={"entryId": str(entry_id), "missing": amount - there},
        )
