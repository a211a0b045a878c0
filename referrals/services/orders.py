"""What orders do to referrals: they complete the one that brought their customer, and undo it when nothing is left."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.db.models.functions import Upper

from advocates.models import Advocate, Order
from loyalty.models import Business
from loyalty.services.order_effects import Plan, Purchase
from referrals.models import Conversion, Referral, ReferralCode
from referrals.selectors import programmes
from referrals.services import conversions, decisions
from referrals.services.friends import Named

Status = Conversion.Status
FIRST_ORDER = "first_order"


def foresee_completion(business: Business, purchases: Sequence[Purchase]) -> Plan | None:
    """Plan the conversion of orders by the code that they name, also as a discount, or that brought their customer.

    A code that nobody has is none: the order comes first.
    """
    named = _named(business, purchases)
    brought = _brought(business, [one.account_id for one in purchases])
    bringing = {one.order_id: code for one in purchases if (code := _code_of(one, named, brought))}
    if not bringing:
        return None

    def complete(business: Business, order_ids: Collection[str]) -> None:
        friends = Advocate.objects.for_business(business).in_bulk([one.account_id for one in purchases])
        for one in purchases:
            if one.order_id in order_ids and one.order_id in bringing:
                order = conversions.Order(id=one.order_id, minor=one.total_minor, currency=one.currency)
                _convert(business, bringing[one.order_id], order, friends[one.account_id])

    return Plan({code.advocate_id for code in bringing.values()}, complete)


def foresee_undoing(business: Business, purchases: Sequence[Purchase]) -> Plan | None:
    """Plan to take back what the conversions of orders gave to both sides, as far as the policy on refunds goes."""
    rows = Conversion.objects.for_business(business).filter(order_id__in=[one.order_id for one in purchases])
    live = rows.filter(status__in=(Status.CONFIRMED, Status.HELD))
    found = list(live.select_related("code").order_by("pk"))

    def undo(business: Business, order_ids: Collection[str]) -> None:
        for conversion in found:
            if conversion.order_id in order_ids:
                decisions.order_is_gone(business=business, conversion_id=conversion.pk)
                _convert_next(business, conversion)

    sides = {pk for one in found for pk in (one.referrer_id, one.friend_id) if pk is not None}
    return Plan(sides, undo) if found else None


def _convert(business: Business, code: ReferralCode, order: conversions.Order, friend: Advocate) -> None:
    named = Named(email=friend.email or "", external_id=friend.external_id or "")
    conversions.convert(business=business, code=code.code, order=order, named=named)


def _convert_next(business: Business, gone: Conversion) -> None:
    """Where the friend has bought again meanwhile, that is their first order now: whichever call came first."""
    if gone.friend_id is None or programmes.current(business).completion != FIRST_ORDER:
        return
    theirs = Order.objects.for_business(business).filter(advocate=gone.friend_id, closed_at=None)
    known = Conversion.objects.for_business(business).filter(order_id=OuterRef("external_id"))
    brought = Referral.objects.for_business(business).filter(friend=gone.friend_id).values("created_at")
    since = theirs.filter(qualified_at__gte=brought).exclude(Exists(known)).order_by("qualified_at", "pk")
    following = since.select_related("advocate").first()
    if following is not None:
        order = conversions.Order(id=following.external_id, minor=following.total_minor, currency=following.currency)
        _convert(business, gone.code, order, following.advocate)


def _named(business: Business, purchases: Sequence[Purchase]) -> Mapping[str, ReferralCode]:
    """The codes that orders name, by their capitals."""
    texts = {text for one in purchases for text in _texts(one)}
    if not texts:
        return {}
    rows = ReferralCode.objects.for_business(business).alias(upper_code=Upper("code"))
    return {row.code.upper(): row for row in rows.filter(upper_code__in=texts)}


def _brought(business: Business, friend_ids: Collection[UUID]) -> Mapping[UUID, ReferralCode]:
    """Who was brought by which code, if there is still something to be had for it."""
    rows = Referral.objects.for_business(business).filter(friend__in=friend_ids).select_related("code")
    found = {row.friend_id: row.code for row in rows}
    if not found or programmes.current(business).completion != FIRST_ORDER:
        return found
    of_them = Order.objects.for_business(business).filter(external_id=OuterRef("order_id"))
    before = Conversion.objects.for_business(business).filter(friend__in=found)
    # Whoever sent everything back has bought nothing yet.
    done = set(before.exclude(Exists(of_them.filter(closed_at__isnull=False))).values_list("friend_id", flat=True))
    return {friend_id: code for friend_id, code in found.items() if friend_id not in done}


def _code_of(
    one: Purchase, named: Mapping[str, ReferralCode], brought: Mapping[UUID, ReferralCode]
) -> ReferralCode | None:
    return next((named[text] for text in _texts(one) if text in named), brought.get(one.account_id))


def _texts(one: Purchase) -> list[str]:
    """What may be a code among what somebody typed, in capitals."""
    return [text.strip().upper() for text in (one.referral_code, *one.discount_codes) if text.strip()]
