"""What a kind of benefit is given."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import msgspec

from loyalty.services.ledger import Source

Document = Mapping[str, Any]  # a programme's, by section


class Benefit(msgspec.Struct, kw_only=True, rename="camel", forbid_unknown_fields=True, tag_field="kind"):
    """One benefit, as documents and bodies spell it: `{"kind": "metric", "metric": "points", "quantity": 50}`."""


class NothingGiven(Exception):
    """Nothing of a benefit can be given, which spoils nothing else; `reason` is a code that says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """Why something is given. `source` makes it happen once; `action`, `rule` and `reason` say what for."""

    source: Source
    action: str
    rule: tuple[UUID, int] | None = None
    reason: Mapping[str, Any] = field(default_factory=dict)
    description: str = ""

    def numbered(self, number: int) -> "Occasion":
        """The occasion of one of several benefits."""
        return replace(self, source=Source(self.source.type, f"{self.source.id}:{number}"))
