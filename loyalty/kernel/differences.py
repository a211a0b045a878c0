"""What differs between two documents: objects by name, lists of keyed items by key, everything else as a whole."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Action = Literal["added", "changed", "removed"]


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `path` leads to it by names and keys: `rewards.mug.pointsCost`."""

    path: str
    action: Action
    before: Any
    after: Any


def differences(before: Any, after: Any, path: str = "") -> Iterator[Change]:
    """Every difference between two JSON values, in the order of `before`, then of what is new."""
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from _of_fields(before, after, path)
    elif is_keyed(before) and is_keyed(after):
        old, new = by_key(before), by_key(after)
        yield from _of_fields(old, new, path)
        kept, placed = [key for key in old if key in new], [key for key in new if key in old]
        if kept != placed:  # the order of steps may mean something
            yield Change(path, "changed", kept, placed)
    else:
        yield Change(path, "changed", before, after)


def is_keyed(value: Any) -> bool:
    """Whether a value is a list of items that have a key."""
    return isinstance(value, list) and all(isinstance(item, Mapping) and "key" in item for item in value)


def by_key(items: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    return {item["key"]: item for item in items}


def _of_fields(before: Mapping[str, Any], after: Mapping[str, Any], path: str) -> Iterator[Change]:
    for name in [*before, *(name for name in after if name not in before)]:
        here = f"{path}.{name}" if path else name
        if name not in after:
            yield Change(here, "removed", before[name], None)
        elif name not in before:
            yield Change(here, "added", None, after[name])
        else:
            yield from differences(before[name], after[name], here)
