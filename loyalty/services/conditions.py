"""Whether the data of an event meets what a rule asks of it."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from loyalty.services.quest_rules import Condition

MISSING = object()


def unmet(conditions: Iterable[Condition], data: Mapping[str, Any]) -> Condition | None:
    """The first condition that the data does not meet. A field that is missing meets only `not_exists`."""
    return next((c for c in conditions if not OPERATORS[c.operator](data.get(c.field, MISSING), c.value)), None)


def number(value: object) -> int | float | None:
    """A value, if it is a number: true and false are none."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _same(have: object, want: object) -> bool:
    return have == want and isinstance(have, bool) == isinstance(want, bool)


def _compared(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    """Numbers with numbers and strings with strings; anything else does not compare."""

    def meets(have: object, want: object) -> bool:
        alike = isinstance(have, str) and isinstance(want, str)
        return (alike or (number(have) is not None and number(want) is not None)) and compare(have, want)

    return meets


def _is_in(have: object, want: Iterable[object]) -> bool:
    return any(_same(have, one) for one in want)


OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "equals": _same,
    "not_equals": lambda have, want: have is not MISSING and not _same(have, want),
    "in": _is_in,
    "not_in": lambda have, want: have is not MISSING and not _is_in(have, want),
    "contains": lambda have, want: isinstance(have, str | list) and isinstance(want, str) and want in have,
    ">": _compared(lambda have, want: have > want),
    ">=": _compared(lambda have, want: have >= want),
    "<": _compared(lambda have, want: have < want),
    "<=": _compared(lambda have, want: have <= want),
    "exists": lambda have, _: have is not MISSING,
    "not_exists": lambda have, _: have is MISSING,
}
