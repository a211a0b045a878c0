"""What a kind of benefit is given."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import msgspec

from loyalty.kernel.errors import DomainError, NotFound
from loyalty.services.ledger import AlreadyReversed, Source

Document = Mapping[str, Any]  # a programme's, by section


class Benefit(msgspec.Struct, kw_only=True, rename="camel", forbid_unknown_fields=True, tag_field="kind"):
    """One benefit, as documents and bodies spell it: `{"kind": "metric", "metric": "points", "quantity": 50}`."""


class NothingGiven(Exception):
    """Nothing of a benefit can be given, which spoils nothing else; `reason` is a code that says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def comes_back(take_back: Callable[[], object]) -> bool:
    """Whether nothing stays of what this takes back; also where nothing was given, or it came back before."""
    try:
        take_back()
    except (NotFound, AlreadyReversed):
        return True
    except DomainError:  # it was used, or somebody has seen its code
        return False
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """Why something is given. `source` makes it happen once; `action`, `rule` and `reason` say what for.

    `waits`: whoever asks for it may ask again, so that what is sold out is refused and not missed.
    """

    source: Source
    action: str
    rule: tuple[UUID, int] | None = None
    reason: Mapping[str, Any] = field(default_factory=dict)
    description: str = ""
    waits: bool = False

    def numbered(self, number: int) -> "Occasion":
        """The occasion of one of several benefits."""
        return replace(self, source=Source(self.source.type, f"{self.source.id}:{number}"))
