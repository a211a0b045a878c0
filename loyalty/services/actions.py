"""Taking in what people do: by one statement where that is enough, else under the account's lock."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction

from loyalty import events
from loyalty.kernel import clock, database, tries
from loyalty.models import Action, Business
from loyalty.services import at_once, climbing, compiled, people, reports
from loyalty.services.intake import Intake
from loyalty.services.notes import TakenMeanwhile
from loyalty.services.reports import Data, Report, Taken, Word

Outcome = Action.Outcome


def take(report: Report, *, business: Business) -> Taken:
    """Take in one event, and let it move, complete and pay what listens to it: all of it, or nothing.

    :raises NotFound: if the business has no such account
    :raises AccountNotActive: if the account is blocked, merged or erased
    :raises NotForClients: if a client sends what only a backend may
    :raises Invalid: if a declared field has another type, or an event that counts by its id has none
    """
    return at_once.unheard(report, business=business) or take_heard(report, business=business)


def take_named(word: Word, *, external_id: str, business: Business) -> Taken | None:
    """Take in an event that nothing listens to, of the account with an external id: one statement.

    None, and nothing has happened, where it takes more than that, or something is wrong: `take_heard` says what.
    """
    return at_once.unheard_of(external_id, word, business=business)


def take_heard(report: Report, *, business: Business) -> Taken:
    """As `take`, of an event that something may listen to."""
    taken = at_once.stride(report, business=business)
    return taken or tries.again(lambda: _take_locked(report, business=business), on=TakenMeanwhile)


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
    "customers/joined": ("signup", {"isNew": True}),
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
    for business_id, all_heard in by_business.items():
        programme = compiled.of(Business(pk=business_id, engine_stamp=_stamp(business_id)))
        _hear(business_id, [heard for heard in all_heard if programme.hears(heard[0])])


def hears(business: Business, topic: str) -> bool:
    """Whether anything of the programme listens to it, at the `engine_stamp` of `business`."""
    return compiled.of(business).hears(TRIGGERS[topic][0])


def _stamp(business_id: UUID) -> int:
    """Of the programme as it is now."""
    cursor = database.prepared_cursor()
    cursor.execute("SELECT engine_stamp FROM loyalty_business WHERE id = %s", [business_id])
    return int(cursor.fetchone()[0])


def hear_moves(happened: Sequence[events.Happening]) -> None:
    """Those of the tiers, which rules and quests may listen to."""
    hear([happening for happening in happened if happening.topic in TRIGGERS])


Heard = tuple[str, UUID, Data]  # which trigger, whose, and with what


def _hear(business_id: UUID, all_heard: Sequence[Heard]) -> None:
    if not all_heard:
        return
    business = Business.objects.get(pk=business_id)
    business, theirs = people.lock(business=business, account_ids={account_id for _, account_id, _ in all_heard})
    told = [
        Report(account_id=account_id, name=trigger, data=data, origin="server")
        for trigger, account_id, data in all_heard
        if account_id in theirs and theirs[account_id].is_active
    ]
    intake = Intake(told, business=business, people=theirs)
    for report in told:
        climbing.count(report.account_id, intake.count(report).points)
    intake.write()


def strike(action_ids: Collection[UUID], *, business: Business) -> None:
    """Note that these are not so any more. What they moved and paid is not taken back by this."""
    told = Action.objects.for_business(business).filter(pk__in=action_ids)
    told.update(undone_at=clock.now(business))


@transaction.atomic
def _take_locked(report: Report, *, business: Business) -> Taken:
    business, theirs = people.lock(business=business, account_ids=[report.account_id])
    if theirs:
        report = reports.checked(report, compiled.of(business))
    # What follows from a step of a ladder comes after all that this event does.
    with climbing.counting() as given, climbing.together():
        intake = Intake([report], business=business, people=theirs)
        taken = intake.take(report)
        intake.write()
    return taken.followed_by(given[report.account_id])
