"""Whether an order of a friend is paid, held for an operator, or rejected.

How to add a rule: write a function that answers a verdict or None, put it into `RULES` where it belongs (what rejects
stands before what holds, and the first verdict stands), give its reason a title in `REASONS`, and add it to the tables
in `tests/referrals/test_risk.py` and `docs/developers/referrals.md`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from advocates.models import Advocate
from loyalty.models import Business
from referrals.models import Conversion, Referral, ReferralCode, ReferralProgramme
from referrals.selectors import missions
from referrals.services import friends, payment, signals

Status = Conversion.Status
LIVE = (Status.CONFIRMED, Status.HELD)
MOST_A_DAY = 20  # orders of one referrer's friends
FARTHEST = 10  # steps up the line of who brought whom

REASONS: Mapping[str, str] = {
    "programme_paused": "The programme is paused",
    "below_minimum": "Below the minimum order",
    "self_referral": "Referrer and friend are one person",
    "not_first_order": "Not the friend's first order",
    "monthly_limit": "Over the referrer's monthly limit",
    "other_currency": "The minimum order has another currency",
    "same_email": "Same mailbox as the referrer or another friend",
    "same_device": "Same device as the referrer or another friend",
    "same_address": "Same address as the referrer or another friend",
    "circular": "The friend brought the referrer",
    "velocity": f"More than {MOST_A_DAY} orders in a day",
    payment.KEPT: "The reward for an order that was refunded was not given back whole",
    "mission_open": "The friend has not done the mission yet",
    "waiting": "Waiting until it can no longer be returned",
    "not_payable": "Could not be paid",
    "by_operator": "Rejected by hand",
    "order_refunded": "The order was refunded",
}


class Verdict(NamedTuple):
    status: Status
    reason: str


@dataclass(frozen=True, kw_only=True)
class Case:
    """An order, and what is known of both sides."""

    business: Business
    programme: ReferralProgramme
    code: ReferralCode
    referrer: Advocate
    friend: Advocate | None
    named: friends.Named
    seen: signals.Signals
    order_minor: int
    currency: str
    now: datetime

    @cached_property
    def email(self) -> str:
        return self.named.email or (self.friend and self.friend.email) or ""

    @property
    def orders(self) -> "QuerySet[Conversion]":
        return Conversion.objects.for_business(self.business)

    @cached_property
    def others(self) -> "QuerySet[Conversion]":
        """Orders of everybody but this friend."""
        same = friends.same(self.friend, self.named, self.seen.visitor)
        return self.orders if same is None else self.orders.exclude(same)

    @cached_property
    def before(self) -> set[tuple[str, str]]:
        """What became of this friend's other orders, and why; nothing where every order is paid for."""
        same = friends.same(self.friend, self.named, self.seen.visitor)
        if same is None or self.programme.completion != ReferralProgramme.Completion.FIRST_ORDER:
            return set()
        return set(self.orders.filter(same).values_list("status", "reason").distinct())


Rule = Callable[[Case], Verdict | None]


def judge(case: Case) -> Verdict | None:
    """The first verdict of the rules; None when nothing speaks against paying."""
    return next((verdict for rule in RULES if (verdict := rule(case))), None)


def _reject(reason: str, *, when: object) -> Verdict | None:
    return Verdict(Status.REJECTED, reason) if when else None


def _hold(reason: str, *, when: object) -> Verdict | None:
    return Verdict(Status.HELD, reason) if when else None


def paused(case: Case) -> Verdict | None:
    return _reject("programme_paused", when=case.programme.status != ReferralProgramme.Status.ACTIVE)


def below_minimum(case: Case) -> Verdict | None:
    is_comparable = case.currency == case.programme.currency
    return _reject("below_minimum", when=is_comparable and case.order_minor < case.programme.min_order_minor)


def self_referral(case: Case) -> Verdict | None:
    referrer = case.referrer
    same_account = case.friend is not None and case.friend.pk == referrer.pk
    same_id = case.named.external_id and case.named.external_id == referrer.external_id
    same_email = case.email and case.email.lower() == (referrer.email or "").lower()
    return _reject("self_referral", when=same_account or same_id or same_email)


def not_first_order(case: Case) -> Verdict | None:
    return _reject("not_first_order", when=any(status in LIVE for status, _ in case.before))


def monthly_limit(case: Case) -> Verdict | None:
    limit = case.programme.per_month
    if limit is None:
        return None
    local = case.now.astimezone(ZoneInfo(case.business.timezone))
    month = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    mine = case.orders.filter(referrer=case.referrer, status__in=LIVE, created_at__gte=month)
    return _reject("monthly_limit", when=mine[:limit].count() >= limit)


def other_currency(case: Case) -> Verdict | None:
    programme = case.programme
    return _hold("other_currency", when=programme.min_order_minor and case.currency != programme.currency)


def same_email(case: Case) -> Verdict | None:
    """Of the referrer, or of any friend of anybody: dots and tags make many spellings of one mailbox."""
    found = signals.email_hash(case.business, case.email)
    if found is None:
        return None
    is_referrers = found == signals.email_hash(case.business, case.referrer.email)
    return _hold("same_email", when=is_referrers or case.others.filter(email_hash=found).exists())


def same_device(case: Case) -> Verdict | None:
    seen = case.seen
    by_visitor = seen.visitor is not None and _near(case, visitor_hash=seen.visitor).exists()
    if by_visitor or seen.device is None:
        return _hold("same_device", when=by_visitor)
    match = {"address_hash": seen.address, "agent_hash": seen.agent}
    return _hold("same_device", when=_near(case, **match).exists() or _own(case, **match).exists())


def same_address(case: Case) -> Verdict | None:
    if case.seen.address is None:
        return None
    match = {"address_hash": case.seen.address}
    return _hold("same_address", when=_near(case, **match).exists() or _own(case, **match).exists())


def circular(case: Case) -> Verdict | None:
    """The friend brought the referrer, or brought who did."""
    if case.friend is None:
        return None
    above: UUID | None = case.referrer.pk
    for _ in range(FARTHEST):
        line = Referral.objects.for_business(case.business).filter(friend_id=above)
        above = line.values_list("code__advocate_id", flat=True).first()
        if above is None or above == case.friend.pk:
            break
    return _hold("circular", when=above == case.friend.pk)


def velocity(case: Case) -> Verdict | None:
    lately = case.orders.filter(referrer=case.referrer, created_at__gt=case.now - timedelta(days=1))
    return _hold("velocity", when=lately[:MOST_A_DAY].count() >= MOST_A_DAY)


def reward_kept(case: Case) -> Verdict | None:
    """An order of which nothing was left is none; but what was kept of its reward would be paid once more."""
    return _hold(payment.KEPT, when=(Status.REVERSED, payment.KEPT) in case.before)


def mission_open(case: Case) -> Verdict | None:
    """Not for an operator to decide: it is paid when the friend has done it."""
    mission = case.programme.mission
    if not mission.quest:
        return None
    friend_ids = [case.friend.pk] if case.friend else []
    return _hold(missions.OPEN, when=not missions.done_since(mission, business=case.business, friend_ids=friend_ids))


RULES: Sequence[Rule] = (
    *(paused, below_minimum, self_referral, not_first_order, monthly_limit),
    *(other_currency, same_email, same_device, same_address, circular, velocity, reward_kept, mission_open),
)


def _near(case: Case, **match: bytes | None) -> "QuerySet[Conversion]":
    """Orders of the referrer's other friends, and those by which the referrer came as a friend."""
    theirs = case.others.filter(referrer=case.referrer, **match)
    return theirs | case.others.filter(friend=case.referrer, **match)


def _own(case: Case, **match: bytes | None) -> "QuerySet[ReferralCode]":
    """Codes whose owner was seen so when they got them."""
    return ReferralCode.objects.for_business(case.business).filter(advocate=case.referrer, **match)
