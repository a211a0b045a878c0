"""Whether the rules of a quest mean something in a programme, and the one form in which they are kept."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from msgspec import UNSET, structs

from loyalty.kernel.errors import Invalid, NotFound
from loyalty.models import Business
from loyalty.selectors import segments, tiers
from loyalty.services import benefits, naming
from loyalty.services.kinds.tasks import kind_of
from loyalty.services.quest_rules import Audience, Rules, TaskRules, Window, in_points


def checked(rules: Rules, *, business: Business) -> Rules:
    """The rules as they are kept: every task with a key, shorthands written out, times in UTC.

    :raises Invalid: naming the field that means nothing
    :raises NotFound: naming the field with a tier, segment, metric that the programme does not have
    """
    check_audience(rules.audience, business=business)
    if rules.required != "all" and rules.required > len(rules.tasks):
        raise Invalid(f"There are {len(rules.tasks)} tasks: no more can be required.", field="required")
    return structs.replace(
        rules,
        window=_window(rules.window),
        benefits=benefits.checked(rules.benefits, business=business, field="benefits"),
        tasks=[
            _task(task, key=key, business=business, field=f"tasks.{number}")
            for number, (task, key) in enumerate(zip(rules.tasks, _keys(rules.tasks), strict=True))
        ],
    )


def _task(task: TaskRules, *, key: str, business: Business, field: str) -> TaskRules:
    short = [] if task.points is UNSET else [in_points(task.points)]
    given = benefits.checked([*task.benefits, *short], business=business, field=f"{field}.benefits")
    kept = kind_of(task.type, field=f"{field}.type").checked(task, field=field)
    return structs.replace(kept, key=key, points=UNSET, benefits=given)


def _keys(tasks: Sequence[TaskRules]) -> Iterator[str]:
    """A key for every task: its own, or one made from its title.

    :raises Invalid: if two tasks have the same one
    """
    taken = {task.key for task in tasks if task.key is not None}
    seen: set[str] = set()
    for number, task in enumerate(tasks):
        key = task.key or naming.free_key(task.title, taken=taken | seen, noun="task")
        if key in seen:
            raise Invalid(f"Two tasks have the key {key!r}. Give each its own.", field=f"tasks.{number}.key")
        seen.add(key)
        yield key


def _window(window: Window) -> Window:
    start, end = utc(window.from_, field="window.from"), utc(window.to, field="window.to")
    if start and end and end <= start:
        raise Invalid("The window ends before it begins: window.to must be later.", field="window.to")
    return Window(from_=start, to=end, show_in_ui=window.show_in_ui)


def utc(moment: datetime | None, *, field: str) -> datetime | None:
    """:raises Invalid: if it would leave the calendar on its way"""
    if moment is not None and not 1 < moment.year < 9999:
        raise Invalid(f"{field} is out of range.", field=field)
    return moment and moment.astimezone(UTC)


def check_audience(audience: Audience, *, business: Business) -> None:
    """:raises NotFound: naming the tier or segment that the programme does not have"""
    ladder = {tier.key for tier in tiers.tiers_of(business)}
    groups = segments.live_keys(business=business)
    for name, noun, wanted, known in (
        ("tiers", "tier", audience.tiers, ladder),
        ("segments", "segment", audience.segments, groups),
        ("excludeTiers", "tier", audience.exclude_tiers, ladder),
        ("excludeSegments", "segment", audience.exclude_segments, groups),
    ):
        for place, key in enumerate(wanted):
            if key not in known:
                raise NotFound(noun, field=f"audience.{name}.{place}")
