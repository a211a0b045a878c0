"""An order of a friend comes in: written once for ever, judged, and paid if nothing speaks against it."""

from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction

from advocates.models import Advocate
from loyalty import events as feed
from loyalty.kernel import clock, tries
from loyalty.kernel.errors import DomainError
from loyalty.models import Business
from referrals import events
from referrals.models import Click, Conversion, ReferralCode
from referrals.selectors import missions, programmes
from referrals.services import codes, decisions, friends, payment, risk
from referrals.services.friends import Named
from referrals.services.signals import NONE, Signals, email_hash

Status = Conversion.Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    id: str
    minor: int  # what it was worth, in minor units
    currency: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """A conversion, and the points that this call gave the referrer."""

    conversion: Conversion
    points: int = 0
    is_repeat: bool = False


def convert(
    *, business: Business, code: str, order: Order, named: Named | None = None, seen: Signals = NONE
) -> Outcome:
    """Write down that a friend has ordered, and pay both sides unless a rule of `risk` objects.

    The same order again answers the conversion that it made the first time, whatever else the call says.

    :raises NotFound: if the business has no such code
    """
    who = named or Named()
    return tries.again(
        lambda: _convert(business=business, code=code, order=order, named=who, seen=seen), on=friends.FASTER
    )


@transaction.atomic
def _convert(*, business: Business, code: str, order: Order, named: Named, seen: Signals) -> Outcome:
    found = codes.find(business=business, code=code)
    seen = _completed(found, seen)
    friend = friends.find(business=business, named=named, visitor=seen.visitor)
    friends.lock(business=business, account_ids=(found.advocate_id, friend.pk if friend else None))
    known = _of_order(business, order)
    if known is not None:
        return Outcome(known, is_repeat=True)
    case = _case(found, friend=friend, order=order, named=named, seen=seen)
    conversion = _drafted(case, order)
    Conversion.objects.bulk_create([conversion], ignore_conflicts=True)
    kept = _of_order(business, order)
    if kept is not None and kept.pk != conversion.pk:  # it came with another code at the same moment
        return Outcome(kept, is_repeat=True)
    _settle(conversion, case)
    return Outcome(conversion, conversion.points)


def _completed(code: ReferralCode, seen: Signals) -> Signals:
    """With what the visitor's latest visit showed, where the order does not."""
    if seen.visitor is None or seen.device is not None:
        return seen
    visits = Click.objects.for_business(code.business).filter(code=code, visitor_hash=seen.visitor)
    visit = visits.order_by("-day").first()
    if visit is None:
        return seen
    return Signals(seen.visitor, seen.address or _bytes(visit.address_hash), seen.agent or _bytes(visit.agent_hash))


def _bytes(value: bytes | memoryview | None) -> bytes | None:
    return None if value is None else bytes(value)


def _of_order(business: Business, order: Order) -> Conversion | None:
    rows = Conversion.objects.for_business(business).select_related("code")
    return rows.filter(order_id=order.id).first()


def _case(code: ReferralCode, *, friend: Advocate | None, order: Order, named: Named, seen: Signals) -> risk.Case:
    business = code.business
    return risk.Case(
        business=business,
        programme=programmes.current(business),
        code=code,
        referrer=Advocate.objects.for_business(business).get(pk=code.advocate_id),
        friend=friend,
        named=named,
        seen=seen,
        order_minor=order.minor,
        currency=order.currency,
        now=clock.now(business),
    )


def _drafted(case: risk.Case, order: Order) -> Conversion:
    """The conversion as the rules, and the days that every order waits, have it."""
    verdict = risk.judge(case)
    days = case.programme.hold_days
    waits = days > 0 and (verdict is None or verdict.reason == missions.OPEN)
    status, reason = verdict or ((Status.HELD, "waiting") if days > 0 else (Status.CONFIRMED, ""))
    return Conversion(
        business=case.business,
        code=case.code,
        referrer=case.referrer,
        friend=case.friend,
        order_id=order.id,
        order_minor=order.minor,
        currency=order.currency,
        status=status,
        reason=reason,
        friend_email=case.named.email,
        friend_external_id=case.named.external_id,
        email_hash=email_hash(case.business, case.email),
        visitor_hash=case.seen.visitor,
        address_hash=case.seen.address,
        agent_hash=case.seen.agent,
        referrer_benefits=case.programme.referrer_benefits,
        friend_benefits=case.programme.friend_benefits,
        mission_quest=case.programme.mission_quest,
        mission_task=case.programme.mission_task,
        due_at=case.now + timedelta(days=days) if waits else None,
        created_at=case.now,
        updated_at=case.now,
    )


def _settle(conversion: Conversion, case: risk.Case) -> None:
    """Do what was decided. What cannot be paid now is held: no conversion is lost."""
    if conversion.status == Status.REJECTED:
        feed.record([events.decided(events.REJECTED, conversion)], now=case.now)
    elif conversion.status == Status.HELD:
        if case.friend is not None:
            friends.bring(code=case.code, friend_id=case.friend.pk, now=case.now)
    else:
        try:
            payment.pay(conversion, now=case.now)
        except friends.FASTER:
            raise
        except DomainError:
            decisions.hold(conversion, reason="not_payable", now=case.now)
