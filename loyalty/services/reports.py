"""What callers say that people did, what came of it, and who may say what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal
from uuid import UUID

from msgspec import Struct, structs

from loyalty.kernel.errors import Code, DomainError, Invalid
from loyalty.models import EventType
from loyalty.services import app_word, completions, conditions
from loyalty.services.compiled import Programme
from loyalty.services.payouts import Payout
from loyalty.services.progress import Past, Verdict

Origin = Literal["client", "server"]
Data = Mapping[str, Any]  # flat: strings, numbers, booleans, and lists of words

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What somebody is said to have done. `event_id` is the caller's own: it counts once for ever."""

    name: str
    data: Data
    origin: Origin
    event_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report(Word):
    """Somebody's word that a person did something."""

    account_id: UUID
    past: Past | None = None


class Taken(Struct, frozen=True):
    """What came of an event. `verdicts` and `paid`: what each step and rule that listens to its name did.

    `followed`: the points of what that led to, such as another quest, or a step of a ladder.
    """

    action_id: UUID
    outcome: str
    is_repeat: bool = False
    verdicts: Sequence[Verdict] = ()
    completed: Sequence[completions.Outcome] = ()
    paid: Sequence[Payout] = ()
    followed: int = 0

    @property
    def points(self) -> int:
        direct = sum(one.points for one in self.completed) + sum(one.paid_points for one in self.paid)
        return direct + self.followed

    @property
    def did_something(self) -> bool:
        return bool(self.completed) or any(one.pays for one in self.paid)

    def followed_by(self, points: int) -> "Taken":
        return structs.replace(self, followed=self.followed + points) if points else self


def objection(report: Word, programme: Programme) -> DomainError | None:
    """What speaks against an event from this caller: it is for backends, or a declared field has another type."""
    declared = programme.events.get(report.name)
    is_for_backends = report.name in BUILT_IN or (declared and declared.origin == EventType.Origin.SERVER)
    if report.origin == "client" and is_for_backends:
        return NotForClients(report.name)
    for name, type in declared.fields.items() if declared else ():
        if name in report.data and not IS_TYPE[type](report.data[name]):
            return Invalid(f"data.{name} must be a {type}.", field=f"data.{name}")
    return None


def checked(report: Report, programme: Programme) -> Report:
    """The report as it counts: with the id that its app gave it, where the programme counts by that.

    :raises NotForClients: if a client sends what only a backend may
    :raises Invalid: if a declared field has another type, or its app did not name an event that counts by its id
    """
    against = objection(report, programme)
    if against is not None:
        raise against
    declared = programme.events.get(report.name)
    if report.origin == "client" and declared and declared.once_by_event_id:
        return replace(report, event_id=app_word.event_id(report.account_id, report.name, report.data))
    return report
