"""Both sides are paid here, and give back. The caller has locked their accounts."""

from datetime import datetime

from django.db import transaction

from loyalty import events as feed
from loyalty.services import benefits, take_backs
from loyalty.services.kinds.benefits.base import Occasion
from loyalty.services.ledger import Source
from referrals import events
from referrals.models import Conversion
from referrals.services import friends

Status = Conversion.Status
KEPT = "reward_kept"


@transaction.atomic
def pay(conversion: Conversion, *, now: datetime) -> None:
    """Confirm a conversion of the business that is loaded with it: give both sides what was promised.

    A friend who is not yet an advocate joins, if the order named them. One whom nobody can name is given nothing.

    :raises DomainError: as the benefits, or `friends.join`; then nothing has happened
    """
    named = friends.Named(email=conversion.friend_email, external_id=conversion.friend_external_id)
    if conversion.friend_id is None and named:
        conversion.friend_id = friends.join(business=conversion.business, named=named).pk
    if conversion.friend_id is None:
        conversion.friend_benefits = []
    else:
        friends.bring(code=conversion.code, friend_id=conversion.friend_id, now=now)
    conversion.points = benefits.give(
        conversion.referrer_benefits,
        business=conversion.business,
        account_id=conversion.referrer_id,
        occasion=_occasion("referral", conversion),
    )
    if conversion.friend_id is not None:
        benefits.give(
            conversion.friend_benefits,
            business=conversion.business,
            account_id=conversion.friend_id,
            occasion=_occasion("referred", conversion),
        )
    conversion.status, conversion.reason, conversion.due_at = Status.CONFIRMED, "", None
    conversion.updated_at = now
    conversion.save(
        update_fields=["friend", "friend_benefits", "points", "status", "reason", "due_at", "note", "updated_at"]
    )
    feed.record([events.decided(events.COMPLETED, conversion)], now=now)


@transaction.atomic
def take_back(conversion: Conversion, *, now: datetime, by_policy: bool = False) -> None:
    """Undo `pay`: both sides give back what they were given.

    :param by_policy: where it is spent already, take what the programme's policy on refunds says, and note it
    :raises DomainError: as `benefits.take_back`, if somebody has spent it already; then nothing has happened
    """
    sides = [(conversion.referrer_id, conversion.referrer_benefits, "referral")]
    if conversion.friend_id is not None:
        sides.append((conversion.friend_id, conversion.friend_benefits, "referred"))
    for account_id, given, action in sides:
        occasion = _occasion(action, conversion)
        if not by_policy:
            benefits.take_back(given, business=conversion.business, account_id=account_id, occasion=occasion)
        elif not benefits.recover(given, business=conversion.business, account_id=account_id, occasion=occasion):
            conversion.reason = KEPT
    conversion.status, conversion.updated_at = Status.REVERSED, now
    conversion.save(update_fields=["status", "reason", "note", "updated_at"])
    feed.announce([events.decided(take_backs.REFERRAL_REVERSED, conversion)])


def _occasion(action: str, conversion: Conversion) -> Occasion:
    """`referral` is what the referrer gets, `referred` what the friend does: each once in a conversion's life."""
    reason = {"conversionId": str(conversion.pk), "codeId": str(conversion.code_id), "orderId": conversion.order_id}
    return Occasion(source=Source(action, str(conversion.pk)), action=action, reason=reason)
