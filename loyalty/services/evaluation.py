"""The engine: what an event does to steps and rules, for one person or for many in a row.

What an event changes is known to the next one at once, and reaches the database with `write`, by the set. Only what
completes something is written on the spot: who hears of it reads the database.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from msgspec import Struct

from loyalty.kernel import ids
from loyalty.models import Account, Business
from loyalty.selectors import segments
from loyalty.services import completions, notes, payouts, postings, progress
from loyalty.services.bounds import Bounds
from loyalty.services.compiled import Gate, Programme
from loyalty.services.notes import Note, Row
from loyalty.services.payouts import Payout
from loyalty.services.people import Person
from loyalty.services.postings import Move
from loyalty.services.progress import Count, Moment, Past, Place, SoFar, Verdict

TIER_REACHED = "tier_reached"  # what listens to it may have changed what is known of a person


class Evaluated(Struct, frozen=True):
    """What an event did: to each step that listens, to what that completed, and by each rule."""

    verdicts: Sequence[Verdict] = ()
    completed: Sequence[completions.Outcome] = ()
    paid: Sequence[Payout] = ()

    @property
    def unpaid(self) -> Mapping[str, str] | None:
        """Why rules that listened did not pay, by their keys."""
        return {payout.rule.key: payout.reason for payout in self.paid if payout.reason is not None} or None


class Evaluation:
    """Of events with these names, of people whose accounts are locked.

    :param are_many: whether another one may wait for it: then all budgets are locked before anything is completed
    :param days: when those happened that did not happen just now
    """

    def __init__(
        self,
        *,
        business: Business,
        programme: Programme,
        people: Mapping[UUID, Person],
        names: Collection[str],
        now: datetime,
        are_many: bool = False,
        days: Collection[datetime] = (),
    ) -> None:
        self.programme = programme
        self._business = business
        self._people = dict(people)
        self._now = now
        self._are_many = are_many
        self._holds_budgets = False
        self._steps = [step for name in names for step in programme.steps.get(name, ())]
        self._rules = [rule for name in names for rule in programme.rules.get(name, ())]
        self._bounds = Bounds(business, self._moments(people), self._rules, days)
        self._segments: dict[UUID, set[str]] = {}
        self._so_far: dict[UUID, SoFar] = {}
        self._counted: dict[tuple[UUID, Place], Count] = {}
        self._moves: list[Move] = []
        self._notes: list[Note] = []
        self._last_notes: list[Note] = []
        self._moved: set[UUID] = set()  # whose points have moved, and with them perhaps their tier

    def moment(
        self, account_id: UUID, data: Mapping[str, Any], *, is_undeclared: bool = False, past: Past | None = None
    ) -> Moment:
        """An event in front of a person as they are now."""
        if account_id in self._moved and self._minds_tiers:
            self._look_again()
        person = self._people[account_id]
        at = past.at if past else max(self._now, person.last_event_at)
        return Moment(self._business, person, data, at, is_undeclared, past)

    def evaluate(self, name: str, moment: Moment, *, action_id: UUID) -> Evaluated:
        """Move the steps that listen; then let rules pay, with what the steps gave in the balance already."""
        if self._are_many and not self._holds_budgets:
            # Completing something may let any rule pay: all budgets first, or two batches could wait for each other.
            self._bounds.hold(rule for rules in self.programme.rules.values() for rule in rules)
            self._holds_budgets = True
        steps = () if moment.past else self.programme.steps.get(name, ())
        verdicts: list[Verdict] = []
        if steps:
            theirs = self._segments_of(moment, [step.run for step in steps])
            verdicts = progress.judge(moment, steps, self._so_far_of(moment), theirs)
        if not any(verdict.completes for verdict in verdicts):
            self._move(moment, verdicts)
            return Evaluated(verdicts, (), self._pay(name, moment, action_id))
        return self._complete(name, moment, verdicts, action_id)

    def note(self, note: Note) -> None:
        """Write this with what is judged."""
        (self._notes if note.event_id is None else self._last_notes).append(note)

    def write(self, *, is_last: bool = False) -> None:
        """Write what has been judged: at most a statement each for limits and budgets, steps with notes, and points.

        :param is_last: whether to write the notes, too, that have an id of their senders: whoever writes the same ones
            waits for us, so that nothing may be locked after them
        :raises TakenMeanwhile: if somebody else has sent one of those, of another person
        """
        counted, self._counted = self._counted, {}
        moves, self._moves = self._moves, []
        noted, self._notes = self._notes, []
        if is_last:
            noted, self._last_notes = noted + self._last_notes, []
        self._bounds.write()
        rows = [Row(ids.new_id(), account_id, *place, *count) for (account_id, place), count in counted.items()]
        notes.write(noted, rows, business=self._business)
        if moves:
            postings.award_all(moves, business=self._business)

    def _move(self, moment: Moment, verdicts: Iterable[Verdict]) -> None:
        for verdict in verdicts:
            if verdict.moves:
                place, count = progress.counted(moment, verdict)
                self._so_far_of(moment).counts[place] = count
                self._counted[moment.person.pk, place] = count

    def _complete(self, name: str, moment: Moment, verdicts: Sequence[Verdict], action_id: UUID) -> Evaluated:
        self._move(moment, verdicts)
        self.write()
        completed = progress.complete(moment, verdicts, action_id=action_id)
        self._forget(moment.person.pk)
        paid = self._pay(name, moment, action_id)
        self.write()
        return Evaluated(verdicts, completed, paid)

    def _pay(self, name: str, moment: Moment, action_id: UUID) -> Sequence[Payout]:
        rules = self.programme.rules.get(name, ())
        if not rules:
            return ()
        is_member_asked = bool(self.programme.memberships) and any(rule.terms.tier_multiplier for rule in rules)
        theirs = self._segments_of(moment, rules, is_asked=is_member_asked)
        judged = payouts.judge(moment, self.programme, rules, theirs)
        paid, used_up = payouts.bound(moment, judged, self._bounds)
        moves = [payouts.move_of(moment, payout, action_id=action_id) for payout in paid if payout.pays]
        self._moves += moves
        if moves:
            self._moved.add(moment.person.pk)
        if used_up:
            self.programme = self.programme.without(used_up)
        return paid

    def _segments_of(self, moment: Moment, gates: Iterable[Gate], *, is_asked: bool = False) -> set[str]:
        """The segments of the person, if any of the gates, or something else, asks for some."""
        if not is_asked and not any(gate.segment_keys or gate.excluded_segment_keys for gate in gates):
            return set()
        if not self._segments:
            keys = segments.keys_of(business=self._business, account_ids=self._people)
            self._segments = {account_id: set(keys.get(account_id, ())) for account_id in self._people}
        return self._segments[moment.person.pk]

    def _so_far_of(self, moment: Moment) -> SoFar:
        if moment.person.pk not in self._so_far:
            missing = self._people.keys() - self._so_far.keys()
            self._so_far |= progress.read(self._moments(missing), self._steps, business=self._business)
        return self._so_far[moment.person.pk]

    def _moments(self, account_ids: Iterable[UUID]) -> list[Moment]:
        people = [self._people[account_id] for account_id in account_ids]
        return [Moment(self._business, each, {}, max(self._now, each.last_event_at)) for each in people]

    @cached_property
    def _minds_tiers(self) -> bool:
        """Whether it matters to anything here on which tier somebody is."""
        gates: list[Gate] = [*(step.run for step in self._steps), *self._rules]
        multiplies = self.programme.multipliers and any(rule.terms.tier_multiplier for rule in self._rules)
        hears = self.programme.hears(TIER_REACHED)
        return hears or bool(multiplies) or any(gate.tier_ids is not None for gate in gates)

    def _look_again(self) -> None:
        """Write, and see on which tiers they are now whose points have moved."""
        self.write()
        rows = Account.objects.for_business(self._business).filter(pk__in=self._moved)
        for account_id, tier_id in rows.values_list("pk", "tier_id"):
            if tier_id != self._people[account_id].tier_id:
                self._people[account_id].tier_id = tier_id
                self._forget(account_id)
        self._moved = set()

    def _forget(self, account_id: UUID) -> None:
        """Read anew what is known of a person: more has happened to them than was judged here."""
        self._counted, self._moves = {}, []
        self._so_far.pop(account_id, None)
        self._segments = {}
        self._bounds.forget(account_id)
        self._moved.add(account_id)
