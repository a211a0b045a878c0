"""How the rules of a quest are spelled, in documents and bodies alike."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, field

from loyalty.kernel import points

Key = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$(?!\n)")]
Title = Annotated[str, Meta(min_length=1, max_length=200)]
ShortText = Annotated[str, Meta(max_length=200)]
Message = Annotated[str, Meta(max_length=500)]
LongText = Annotated[str, Meta(max_length=5000)]
Keys = Annotated[list[Key], Meta(max_length=50)]
FieldName = Annotated[str, Meta(min_length=1, max_length=64)]
Whole = Annotated[int, Meta(ge=-points.MAX_BALANCE, le=points.MAX_BALANCE)]
# Beyond these, what is stored as a fraction comes back as a whole number, which is none that is taken here.
Fraction = Annotated[float, Meta(ge=-points.MAX_BALANCE, le=points.MAX_BALANCE)]
Word = Annotated[str, Meta(max_length=1024)] | Whole | Fraction | bool
Moment = Annotated[datetime, Meta(tz=True)]
Quantity = Annotated[int, Meta(ge=1, le=points.MAX_MOVE)]
Target = Annotated[int, Meta(ge=1, le=points.MAX_BALANCE)]
Benefits = Annotated[list[dict[str, Any]], Meta(max_length=20)]
Recurrence = Literal["none", "daily", "weekly", "monthly"]
Zone = Literal["programme", "user"]
Operator = Literal[
    "equals", "not_equals", "in", "not_in", "contains", ">", ">=", "<", "<=", "exists", "not_exists"
]  # fmt: skip
MOST_TASKS = 100


class Part(msgspec.Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A part of a document."""


class Condition(Part):
    """What a field of an event must be: `{"field": "km", "operator": ">=", "value": 2}`."""

    field: FieldName
    operator: Operator
    value: Word | Annotated[list[Word], Meta(max_length=100)] | None = None


class Sum(Part):
    """A task that adds up a field of its events: `{"sum": "km"}`."""

    sum: FieldName


Measure = Literal["count", "days", "streak"] | Sum


class Window(Part):
    """From when until when, and whether people are shown it."""

    from_: Moment | None = field(default=None, name="from")
    to: Moment | None = None
    show_in_ui: bool = field(default=True, name="showInUI")


class Audience(Part):
    """For whom: empty lists mean everyone, and nobody is excluded."""

    tiers: Keys = []
    segments: Keys = []
    exclude_tiers: Keys = []
    exclude_segments: Keys = []


class Notification(Part):
    """What people are told when it is done."""

    display: Literal["none", "toast", "modal", "banner"] = "none"
    title: ShortText = ""
    message: Message = ""


class TaskRules(Part, kw_only=True):
    """One step. `points` is short for a benefit of so many points."""

    key: Key | None = None
    title: Title
    description: LongText = ""
    type: Annotated[str, Meta(max_length=40)]
    trigger: Key | None = None
    conditions: Annotated[list[Condition], Meta(max_length=20)] = []
    measure: Measure = "count"
    target: Target = 1
    once_per_day: bool = False
    allow_undeclared: bool = False  # also what apps tell under a name that the programme does not declare
    points: Quantity | msgspec.UnsetType = msgspec.UNSET
    benefits: Benefits = []
    notification: Notification = field(default_factory=Notification)


class Rules(Part):
    """All that a version holds."""

    window: Window = field(default_factory=Window)
    recurrence: Recurrence = "none"
    zone: Zone = "programme"  # whose days and periods are counted
    audience: Audience = field(default_factory=Audience)
    auto_claim: bool = True
    required: Annotated[int, Meta(ge=1, le=MOST_TASKS)] | Literal["all"] = "all"
    ordered: bool = False
    show_in_profile: bool = True
    show_in_rail: bool = True
    notification: Notification = field(default_factory=Notification)
    benefits: Benefits = []
    task_benefits: bool = True  # false: its tasks give nothing by themselves
    tasks: Annotated[list[TaskRules], Meta(max_length=MOST_TASKS)] = []


def in_points(quantity: int) -> dict[str, Any]:
    """The benefit that `points` is short for."""
    return {"kind": "metric", "metric": "points", "quantity": quantity}
