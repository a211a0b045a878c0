"""What can be given to a person for what they did: one module per kind, all with the same names.

How to add a kind: write a module with the names of `Kind`, and register it in its app's `receivers.py`, or below.
"""

from collections.abc import Iterable
from typing import Any, Protocol
from uuid import UUID

from loyalty.kernel.errors import Invalid
from loyalty.models import Business
from loyalty.services.kinds.benefits import item, metric
from loyalty.services.kinds.benefits.base import Benefit, Document, Occasion


class Kind(Protocol):
    """A module per kind; `SHAPE` is its item in documents and bodies, a `Benefit` tagged with the kind's key."""

    @property
    def SHAPE(self) -> type[Benefit]: ...

    def check(self, benefit: Any, *, business: Business, field: str) -> None:
        """:raises NotFound, Invalid: if it names what the programme does not have"""

    def dangling(self, benefit: Any, document: Document) -> Iterable[tuple[str, str]]:
        """Each field that names what a programme's document does not have, and what to say of it.

        A document that is only a part of one says nothing of the sections that it lacks.
        """

    def points_of(self, benefit: Any) -> int:
        """How many points of the metric `points` it gives, where there is room."""

    def give(self, benefit: Any, *, business: Business, account_id: UUID, occasion: Occasion) -> int:
        """Give it, whole or not at all, once per occasion; answer how many points of the metric `points` it was.

        :raises NothingGiven: if nothing of it can be given
        """

    def take_back(self, benefit: Any, *, business: Business, account_id: UUID, occasion: Occasion) -> int:
        """Undo `give`, and answer how many points came back."""

    def recover(self, benefit: Any, *, business: Business, account_id: UUID, occasion: Occasion) -> bool:
        """Undo `give` as far as it goes, and answer whether nothing of it stays."""


_kinds: dict[str, Kind] = {}


def register_kind(key: str, kind: Kind) -> None:
    _kinds[key] = kind


def kind_of(key: str, *, field: str = "kind") -> Kind:
    """:raises Invalid: if there is no such kind"""
    if key not in _kinds:
        raise Invalid(f"There is no kind {key!r}. Use one of: {', '.join(_kinds)}.", field=field)
    return _kinds[key]


register_kind("metric", metric)
register_kind("item", item)
