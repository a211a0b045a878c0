"""Taking in an event by one statement: what nothing listens to, and what brings a single step further by one.

It goes by what this process saw of the programme last. The statement checks that this is still so, and leaves nothing
where it is not, or where what follows takes more than a statement.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from loyalty import events
from loyalty.kernel import clock, database, ids, periods, points
from loyalty.models import Action, Business, MilestoneSet, QuestVersion
from loyalty.services import app_word, compiled, completions, conditions, postings, reports
from loyalty.services.compiled import Programme, Step
from loyalty.services.completions import QUEST_COMPLETED, TASK_COMPLETED
from loyalty.services.progress import Verdict
from loyalty.services.reports import Report, Taken, Word

Outcome = Action.Outcome
NEWS = (TASK_COMPLETED, QUEST_COMPLETED, "points/earned")  # of a step that is completed
NOBODY = UUID(int=0)

UNMATCHED = """
    INSERT INTO loyalty_action
        (id, business_id, account_id, name, event_id, origin, outcome, data, unpaid, occurred_at)
    SELECT %s, a.business_id, a.id, %s, %s, %s, 'unmatched', %s::jsonb, %s::jsonb,
        greatest(%s + b.clock_offset, a.last_event_at)
    FROM loyalty_account a JOIN loyalty_business b ON b.id = a.business_id
    WHERE a.business_id = %s AND b.engine_stamp = %s AND a.status = 'active' AND """
ONCE = """
    ON CONFLICT (business_id, event_id) WHERE event_id IS NOT NULL DO NOTHING
    RETURNING id
"""
BY_ID = f"{UNMATCHED}a.id = %s{ONCE}"
BY_EXTERNAL_ID = f"{UNMATCHED}a.external_id = %s{ONCE}"


def unheard(report: Report, *, business: Business) -> Taken | None:
    """Take in what nothing listens to."""
    return _unheard(report, BY_ID, report.account_id, business=business)


def unheard_of(external_id: str, word: Word, *, business: Business) -> Taken | None:
    """The same, of the account with an external id."""
    return _unheard(word, BY_EXTERNAL_ID, external_id, business=business)


def stride(report: Report, *, business: Business) -> Taken | None:
    """Take in what brings one step further by one, with what that completes and gives, as long as it is points."""
    programme = compiled.recent(business)
    step = _only_step(report, programme)
    wall, zone = clock.wall(), business.timezone
    at = wall + business.clock_offset
    if step is None or not step.run.is_open(at) or conditions.unmet(step.conditions, report.data):
        return None
    period = periods.period_of(step.run.recurrence, at=at, zone=zone)
    action_id, step_id = ids.new_id(), ids.new_id()
    event = {
        **{"stamp": programme.stamp, "zone": zone, "wall": wall, "limit": points.MAX_BALANCE},
        **{"id": action_id, "name": report.name, "event_id": report.event_id, "origin": report.origin},
        **{"data": report.data, "quest": step.run.quest_id, "key": step.key, "target": step.target},
        **{"day": periods.day_of(at, zone=zone), "progress": ids.new_id()},
        **{"reason": completions.reason(step.run.quest_id, period, action_id)},
        **completions.document(step_id, ids.new_id(), task=step.task, period=period, at=at),
    }
    terms = _terms(step, business.pk, programme.stamp)
    strode = database.at_once(lambda: _stride([business.pk, report.account_id, _json(event), terms]))
    if strode is None or strode.is_moved is None:
        return None
    verdict = Verdict(step, period, *strode.judged)
    if not strode.is_done:
        return Taken(action_id, Outcome.MATCHED, verdicts=[verdict])
    events.nudge()
    done = completions.done_step(step.task, period, business=business, account_id=report.account_id, at=at)
    done.pk = step_id
    outcome = completions.Outcome(done, strode.points, is_repeat=False, completed_quest=strode.is_last)
    return Taken(action_id, Outcome.MATCHED, verdicts=[verdict], completed=[outcome])


class Strode(NamedTuple):
    """How far an event brought its step; no `is_moved` where it takes more than a statement."""

    is_moved: bool | None
    value: Decimal
    is_done: bool
    is_last: bool
    points: int

    @property
    def judged(self) -> tuple[str | None, Decimal, Decimal]:
        return None if self.is_moved else "done_before", self.value - bool(self.is_moved), self.value


def _stride(arguments: Sequence[Any]) -> Strode:
    cursor = database.prepared_cursor()
    cursor.execute("SELECT * FROM laurel_stride(%s, %s, %s, %s)", arguments)
    return Strode(*cursor.fetchone())


def _unheard(word: Word, statement: str, whose: UUID | str, *, business: Business) -> Taken | None:
    """Note what nothing listens to; nothing happens if that is not so any more, or something is wrong with it."""
    programme = compiled.recent(business)
    if app_word.is_heard(word.name, origin=word.origin, programme=programme) or not _is_plain(word, programme):
        return None
    # Rules that listen to the name do not to what an app made up.
    unpaid = {rule.key: "undeclared" for rule in programme.rules.get(word.name, ())}
    said = (_json(word.data), _json(unpaid) if unpaid else None)
    what = [ids.new_id(), word.name, word.event_id, word.origin, *said, clock.wall()]
    cursor = database.prepared_cursor()
    cursor.execute(statement, [*what, business.pk, programme.stamp, whose])
    row = cursor.fetchone()
    return Taken(row[0], Outcome.UNMATCHED) if row else None


def _is_plain(word: Word, programme: Programme) -> bool:
    """Whether nothing counts how often it comes, or objects to it."""
    declared = programme.events.get(word.name)
    is_counted = declared is not None and (declared.per_day is not None or declared.once_by_event_id)
    return not (is_counted or reports.objection(word, programme))


def _only_step(report: Report, programme: Programme) -> Step | None:
    """The step that is all that listens to the event, if it counts events of everybody, in the programme's days."""
    steps = programme.steps.get(report.name, ())
    if len(steps) != 1 or report.name in programme.rules or report.past or not _is_plain(report, programme):
        return None
    step = steps[0]
    if app_word.is_undeclared(report.name, origin=report.origin, programme=programme) and not step.allow_undeclared:
        return None
    is_plain = step.measure == "count" and not step.once_per_day and not step.run.order
    is_alike = step.run.zone == QuestVersion.Zone.PROGRAMME and step.run.is_for_all
    return step if is_plain and is_alike else None


@lru_cache(maxsize=2_000)
def _terms(step: Step, business_id: UUID, stamp: int) -> str | None:
    """How a step is completed, as `laurel_stride` takes it; None where somebody hears of it, or it gives more."""
    business = Business(pk=business_id, engine_stamp=stamp)
    if MilestoneSet.Basis.TASKS in compiled.of(business).bases or events.is_heard(business, *NEWS):
        return None
    done = completions.done_step(step.task, "", business=business, account_id=NOBODY, at=clock.wall())
    step_gifts, whole_gifts = completions.moves(done), completions.moves(completions.done_quest(done))
    if step_gifts is None or whole_gifts is None:
        return None
    gifts = {"step_gifts": postings.rows(step_gifts), "whole_gifts": postings.rows(whole_gifts)}
    return _json(completions.terms(step.task) | gifts)


def _json(facts: Mapping[str, Any]) -> str:
    return orjson.dumps(dict(facts)).decode()
