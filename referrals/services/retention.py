"""Hints of devices are kept as long as they help against fraud, and no longer."""

from datetime import timedelta

from django.db.models import Q

from loyalty.kernel import clock
from referrals.models import Click, Conversion, ReferralCode

KEPT_FOR = timedelta(days=90)


def purge() -> int:
    """Forget the addresses and browsers of old visits, codes and orders, and how decided orders named the friend.

    Answers how many rows that was; safe to repeat.
    """
    old = Q(created_at__lt=clock.wall() - KEPT_FOR)
    seen = Q(address_hash__isnull=False) | Q(agent_hash__isnull=False)
    named = Q(visitor_hash__isnull=False) | ~Q(friend_email="") | ~Q(friend_external_id="")
    nothing = {"address_hash": None, "agent_hash": None}
    unnamed = {**nothing, "visitor_hash": None, "friend_email": "", "friend_external_id": ""}
    decided = Conversion.objects.filter(old, seen | named).exclude(status=Conversion.Status.HELD)
    return sum(
        (
            Click.objects.filter(old, seen).update(**nothing),
            ReferralCode.objects.filter(old, seen).update(**nothing),
            decided.update(**unnamed),
        )
    )
