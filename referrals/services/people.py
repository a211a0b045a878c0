"""What referrals hold of a person, for exports, erasures and merges."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from django.db.models import Q

from loyalty.kernel import crypto
from loyalty.models import Business, Event
from loyalty.services.personal_data import Holder, of_rows
from referrals.models import Click, Conversion, Referral, ReferralCode
from referrals.selectors import lines
from referrals.services import codes

UNSEEN = {"visitor_hash": None, "address_hash": None, "agent_hash": None}
UNNAMED = {"friend_email": "", "friend_external_id": "", "email_hash": None, "note": "", **UNSEEN}
ORDER = ("order_id", "order_minor", "currency", "status", "reason", "note", "created_at")

CODES = of_rows(
    ReferralCode,
    name="referralCodes",
    exported=("code", "link_name", "clicks", "created_at"),
    erased={"address_hash": None, "agent_hash": None},
    account="advocate_id",
)
GIVEN = of_rows(Conversion, name="referredOrders", exported=ORDER, erased={"note": ""}, account="referrer_id")
TAKEN = of_rows(
    Conversion,
    name="ordersAsFriend",
    exported=(*ORDER, "friend_email", "friend_external_id"),
    erased=UNNAMED,
    account="friend_id",
)
BROUGHT = of_rows(Referral, name="broughtBy", exported=("code_id", "created_at"), erased={}, account="friend_id")


def erase_codes(business: Business, account_ids: Collection[UUID]) -> None:
    """A code that somebody chose may be their name, so it becomes another one; its old link leads nowhere."""
    CODES.erase(business, account_ids)
    for row in ReferralCode.objects.for_business(business).filter(advocate_id__in=account_ids, is_chosen=True):
        row.code = row.link_name = crypto.new_code(codes.MADE_LENGTH)
        row.is_chosen = False
        row.save(update_fields=["code", "link_name", "is_chosen"])


def move_codes(business: Business, source: UUID, target: UUID, only: Sequence[str] | None) -> Sequence[str]:
    """Whoever has codes has one default: the one they had, or their oldest."""
    mine = ReferralCode.objects.for_business(business)
    leaving = mine.filter(advocate_id=source, **({} if only is None else {"pk__in": only}))
    leaving.update(is_default=False)
    moved = CODES.move(business, source, target, only)
    for account_id in (source, target):
        theirs = mine.filter(advocate_id=account_id)
        if not theirs.filter(is_default=True).exists():
            theirs.filter(pk=theirs.order_by("created_at", "pk").values("pk")[:1]).update(is_default=True)
    return moved


def cut(business: Business, source: UUID, target: UUID, only: Sequence[str] | None) -> Sequence[str]:
    """Where one of two brought the other, who they are together has not brought themselves: the line ends there."""
    rows = Referral.objects.for_business(business)
    if only is not None:
        rows.filter(pk__in=only).update(is_cut=False)
        return only
    lines.lock(business)
    if lines.is_above(source, target, business=business):
        ends = rows.filter(friend_id=target)
    elif lines.is_above(target, source, business=business) and not rows.filter(friend_id=target).exists():
        ends = rows.filter(friend_id=source)
    else:
        return []
    ids = [str(pk) for pk in ends.values_list("pk", flat=True)]
    ends.update(is_cut=True)
    return ids


def move_brought(business: Business, source: UUID, target: UUID, only: Sequence[str] | None) -> Sequence[str]:
    """One person is brought once: if both were, each keeps their own."""
    theirs = Referral.objects.for_business(business)
    return [] if theirs.filter(friend_id=target).exists() else BROUGHT.move(business, source, target, only)


def _visits(business: Business, account_ids: Collection[UUID]) -> Any:
    """Visits of the devices with which people ordered as friends."""
    orders = Conversion.objects.for_business(business).filter(friend_id__in=account_ids, visitor_hash__isnull=False)
    return Click.objects.for_business(business).filter(visitor_hash__in=orders.values("visitor_hash"))


def export_visits(business: Business, account_id: UUID) -> Any:
    return list(_visits(business, [account_id]).order_by("pk").values("day", "hits", "landing"))


def erase_visits(business: Business, account_ids: Collection[UUID]) -> None:
    """They stay as a number, of nobody."""
    for click in _visits(business, account_ids):
        click.visitor_hash, click.address_hash, click.agent_hash, click.landing = click.pk.bytes, None, None, ""
        click.save(update_fields=["visitor_hash", "address_hash", "agent_hash", "landing"])


def leave_visits(business: Business, source: UUID, target: UUID, only: Sequence[str] | None) -> Sequence[str]:
    """Visits follow the orders that they are known by."""
    return []


def mentions(business: Business, account_ids: Collection[UUID]) -> Sequence[UUID]:
    """The events that tell somebody of a friend whom they brought, being one of these."""
    orders = Conversion.objects.for_business(business).filter(friend_id__in=account_ids)
    brought = Referral.objects.for_business(business).filter(friend_id__in=account_ids)
    told_of_orders = Q(facts__conversionId__in=[str(pk) for pk in orders.values_list("pk", flat=True)])
    told_of_coming = Q(facts__referralId__in=[str(pk) for pk in brought.values_list("pk", flat=True)])
    referrers = [*orders.values_list("referrer_id", flat=True), *brought.values_list("code__advocate_id", flat=True)]
    theirs = Event.objects.for_business(business).filter(account_id__in=referrers, topic__startswith="referrals/")
    return list(theirs.filter(told_of_orders | told_of_coming).values_list("pk", flat=True))


# Erasing goes backwards, so visits come last here: the orders say which they are, until those are erased, too.
HOLDERS: Sequence[Holder] = (
    Holder(
        name="referralLines",
        export=lambda business, account_id: [],
        erase=lambda business, account_ids: None,
        move=cut,
    ),
    Holder(name=CODES.name, export=CODES.export, erase=erase_codes, move=move_codes),
    Holder(name=BROUGHT.name, export=BROUGHT.export, erase=lambda business, account_ids: None, move=move_brought),
    GIVEN,
    TAKEN,
    Holder(name="referralVisits", export=export_visits, erase=erase_visits, move=leave_visits),
)
