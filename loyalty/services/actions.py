"""Taking in what people do. What nothing listens to is one insert; the rest happens under the account's lock."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
from django.db import connection, transaction

from loyalty import events
from loyalty.kernel import clock, ids
from loyalty.kernel.errors import Code, DomainError, Invalid, NotFound
from loyalty.models import Account, Action, Business, EventType
from loyalty.services import climbing, compiled, completions, conditions, payouts, progress
from loyalty.services.compiled import Declared, Programme
from loyalty.services.ledger import AccountNotActive

Origin = Literal["client", "server"]
Data = Mapping[str, Any]  # flat: strings, numbers, booleans
Outcome = Action.Outcome

# What the house itself tells, and nobody may send.
BUILT_IN = frozenset(
    {
        *("signup", "order_paid", "order_refunded", "birthday", "widget_opened", "referral_converted"),
        *("testimonial_submitted", "testimonial_approved", "idea_submitted", "idea_shipped", "survey_answered"),
        *("tier_reached", "reward_redeemed", "quest_completed"),
    }
)
IS_TYPE = {
    "number": lambda value: conditions.number(value) is not None,
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
}


class NotForClients(DomainError):
    code = Code.FORBIDDEN

    def __init__(self, name: str) -> None:
        super().__init__(f"The event {name} counts only when the merchant's backend sends it.", field="action")


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of an event. `verdicts` and `paid`: what each step and rule that listens to its name did."""

    action_id: UUID
    outcome: str
    is_repeat: bool = False
    verdicts: Sequence[progress.Verdict] = ()
    completed: Sequence[completions.Outcome] = ()
    paid: Sequence[payouts.Payout] = ()

    @property
    def points(self) -> int:
        return sum(one.points for one in self.completed) + sum(one.points for one in self.paid)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Somebody's word that a person did something. `event_id` is the caller's own: it counts once for ever."""

    account_id: UUID
    name: str
    data: Data
    origin: Origin
    event_id: str | None = None


def take(report: Report, *, business: Business) -> Taken:
    """Take in one event, and let it move, complete and pay what listens to it: all of it, or nothing.

    :raises NotFound: if the business has no such account
    :raises AccountNotActive: if the account is blocked, merged or erased
    :raises NotForClients: if a client sends what only a backend may
    :raises Invalid: if a declared field has another type
    """
    programme = compiled.of(business)
    _check(report, programme)
    declared = programme.events.get(report.name)
    if not programme.hears(report.name) and (declared is None or declared.per_day is None):
        action_id = _insert_unmatched(report, business=business, stamp=programme.stamp)
        if action_id is not None:
            return Taken(action_id, Outcome.UNMATCHED)
    return _take_locked(report, business=business)


def _check(report: Report, programme: Programme) -> None:
    declared = programme.events.get(report.name)
    is_for_backends = report.name in BUILT_IN or (declared and declared.origin == EventType.Origin.SERVER)
    if report.origin == "client" and is_for_backends:
        raise NotForClients(report.name)
    for name, type in declared.fields.items() if declared else ():
        if name in report.data and not IS_TYPE[type](report.data[name]):
            raise Invalid(f"data.{name} must be a {type}.", field=f"data.{name}")


UNMATCHED = """
    INSERT INTO loyalty_action (id, business_id, account_id, name, event_id, origin, outcome, data, occurred_at)
    SELECT %s, a.business_id, a.id, %s, %s, %s, 'unmatched', %s, greatest(%s + b.clock_offset, a.last_event_at)
    FROM loyalty_account a JOIN loyalty_business b ON b.id = a.business_id
    WHERE a.id = %s AND a.business_id = %s AND a.status = 'active' AND b.engine_stamp = %s
    ON CONFLICT (business_id, event_id) WHERE event_id IS NOT NULL DO NOTHING
    RETURNING id
"""


def _insert_unmatched(report: Report, *, business: Business, stamp: int) -> UUID | None:
    """Note what nothing listens to; nothing happens if that is not so any more, or something is wrong with it."""
    what: list[Any] = [
        ids.new_id(),
        report.name,
        report.event_id,
        report.origin,
        orjson.dumps(dict(report.data)).decode(),
    ]
    with connection.cursor() as cursor:
        cursor.execute(UNMATCHED, [*what, clock.wall(), report.account_id, business.pk, stamp])
        row = cursor.fetchone()
    return row[0] if row else None


class _Undo(Exception):
    """Leaves a transaction that was only tried."""


def dry_run(report: Report, *, business: Business) -> Taken:
    """What `take` would do, told without doing it.

    :raises NotFound, AccountNotActive, NotForClients, Invalid: as `take`
    """
    try:
        with transaction.atomic():
            taken = _take_locked(report, business=business)
            raise _Undo
    except _Undo:
        return taken


# What the house tells under a topic, as a trigger; and what its facts must be for that.
TRIGGERS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "customers/joined": ("signup", {}),
    climbing.TIER_CHANGED: ("tier_reached", {"direction": "up"}),
    "quests/completed": ("quest_completed", {}),
    "redemptions/issued": ("reward_redeemed", {}),
    "referrals/completed": ("referral_converted", {}),
    "testimonials/submitted": ("testimonial_submitted", {}),
    "testimonials/approved": ("testimonial_approved", {}),
    "ideas/submitted": ("idea_submitted", {}),
    "ideas/status_changed": ("idea_shipped", {"status": "shipped", "isAuthor": True}),
    "surveys/answered": ("survey_answered", {}),
}


def hear(happened: Sequence[events.Happening]) -> None:
    """Let what the house itself tells move and pay what listens to it, in the same transaction.

    Facts are their data. Whoever records an event of an account has its lock.
    """
    by_business: dict[UUID, list[Heard]] = defaultdict(list)
    for happening in happened:
        trigger, asked = TRIGGERS[happening.topic]
        if happening.account_id is not None and asked.items() <= happening.facts.items():
            by_business[happening.business_id].append((trigger, happening.account_id, happening.facts))
    for business in Business.objects.filter(pk__in=by_business):
        programme = compiled.of(business)
        _hear(business, [heard for heard in by_business[business.pk] if programme.hears(heard[0])], programme)


def hear_moves(happened: Sequence[events.Happening]) -> None:
    """Those of the tiers, which rules and quests may listen to."""
    hear([happening for happening in happened if happening.topic in TRIGGERS])


Heard = tuple[str, UUID, Data]  # which trigger, whose, and with what


def _hear(business: Business, all_heard: Sequence[Heard], programme: Programme) -> None:
    theirs = {account_id for _, account_id, _ in all_heard}
    active = Account.objects.for_business(business).filter(status=Account.Status.ACTIVE)
    accounts = active.in_bulk(theirs) if theirs else {}
    for trigger, account_id, data in all_heard:
        account = accounts.get(account_id)
        if account is not None:
            moment = progress.Moment(business, account, data, max(clock.now(business), account.last_event_at))
            report = Report(account_id=account_id, name=trigger, data=data, origin="server")
            _evaluate(_note(report, moment, Outcome.MATCHED), report, moment, programme)


@transaction.atomic
def _take_locked(report: Report, *, business: Business) -> Taken:
    account = _locked(business, report.account_id)
    programme = compiled.of(account.business)
    _check(report, programme)
    before = _before(report, business=business)
    if before is not None:
        return Taken(before.pk, before.outcome, is_repeat=True)
    at = max(clock.now(account.business), account.last_event_at)
    moment = progress.Moment(account.business, account, report.data, at)
    if _is_capped(report, programme.events.get(report.name), moment):
        return Taken(_note(report, moment, Outcome.CAPPED).pk, Outcome.CAPPED)
    outcome = Outcome.MATCHED if programme.hears(report.name) else Outcome.UNMATCHED
    return _evaluate(_note(report, moment, outcome), report, moment, programme)


def _evaluate(action: Action, report: Report, moment: progress.Moment, programme: Programme) -> Taken:
    """Move the steps that listen; then let rules pay, with what the steps gave in the balance already.

    Only then comes what follows from a step of a ladder that this has reached.
    """
    with climbing.together():
        steps = programme.steps.get(report.name, ())
        verdicts = progress.judge(moment, steps) if steps else []
        completed = progress.advance(moment, verdicts)
        rules = programme.rules.get(report.name, ())
        paid = payouts.pay(moment, programme, rules, action_id=action.pk) if rules else []
    return Taken(action.pk, action.outcome, verdicts=verdicts, completed=completed, paid=paid)


def _locked(business: Business, account_id: UUID) -> Account:
    """The account, locked, with its business as it is now: its clock and the stamp of its programme."""
    rows = Account.objects.for_business(business).select_related("business")
    account = rows.select_for_update(of=("self",), no_key=True).filter(pk=account_id).first()
    if account is None:
        raise NotFound("advocate")
    if account.status != Account.Status.ACTIVE:
        raise AccountNotActive
    return account


def _before(report: Report, *, business: Business) -> Action | None:
    if report.event_id is None:
        return None
    return Action.objects.for_business(business).filter(event_id=report.event_id).first()


def _is_capped(report: Report, declared: Declared | None, moment: progress.Moment) -> bool:
    """Whether the person has sent as many today as count."""
    if declared is None or declared.per_day is None:
        return False
    midnight = datetime.combine(moment.day, time.min, ZoneInfo(moment.business.timezone))
    today = Action.objects.for_business(moment.business).filter(
        account=moment.account, name=report.name, occurred_at__gte=midnight
    )
    return today.exclude(outcome=Outcome.CAPPED).count() >= declared.per_day


def _note(report: Report, moment: progress.Moment, outcome: Outcome) -> Action:
    return Action.objects.create(
        business=moment.business,
        account=moment.account,
        name=report.name,
        event_id=report.event_id,
        origin=report.origin,
        outcome=outcome,
        data=dict(report.data),
        occurred_at=moment.at,
    )
