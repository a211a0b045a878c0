"""A section of a programme's document that holds programmes of its own: each has a key, a title, a state and rules."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import GenericAlias
from typing import Any

from django.db.models import QuerySet
from msgspec import structs

from loyalty.models import Business
from loyalty.services import programme
from loyalty.services.programme import Document, Problem, Section


@dataclass(frozen=True, slots=True)
class Programmes:
    """One kind of them.

    :param item: the rules as a struct, with `key`, `title` and `status` besides
    :param rules: the same without
    :param rows: all of a business, with what `rules_of` needs loaded
    :param create, update: the services that write them
    :param problems: the fields of rules that mean nothing together, and why
    :param metrics: the fields of rules that name one
    """

    section: str
    item: Any
    rules: Any
    rows: Callable[[Business], "QuerySet[Any]"]
    rules_of: Callable[[Any], Any]
    create: Callable[..., Any]
    update: Callable[..., Any]
    problems: Callable[[Any], Iterable[tuple[str, str]]]
    metrics: Sequence[str]

    def as_section(self) -> Section:
        return Section(
            key=self.section,
            shape=GenericAlias(list, self.item),
            export=self.export,
            apply=self.apply,
            check=self.check,
            after=("metrics", "segments", "memberships", "policies"),
        )

    def export(self, business: Business) -> list[Any]:
        return [self._item(row) for row in self.rows(business).exclude(status="archived").order_by("key")]

    def apply(self, business: Business, items: list[Any]) -> None:
        """:raises DomainError: naming the field in the document"""
        there = {row.key: row for row in self.rows(business)}
        programme.each(items, lambda item: self._put(business, item, there.pop(item.key, None)), section=self.section)
        for row in there.values():
            if row.status != "archived":
                self.update(business=business, programme_id=row.pk, status="archived")

    def check(self, items: Iterable[Any], document: Document) -> Iterator[Problem]:
        """Rules that mean nothing, and what they name and the document does not have."""
        metrics = [metric.key for metric in document["metrics"]]
        groups = programme.groups_of(document)
        for number, item in enumerate(items):
            path = f"{self.section}.{number}"
            for field, message in self.problems(item):
                yield Problem(path=f"{path}.{field}", message=message)
            named = [(f"{path}.{name}", getattr(item, name)) for name in self.metrics]
            yield from programme.unknown(named, metrics, "metric")
            wanted = [(f"{path}.segments.{place}", key) for place, key in enumerate(item.segments)]
            yield from programme.unknown(wanted, groups, "segment")

    def _put(self, business: Business, item: Any, row: Any) -> None:
        rules = self.rules(**{name: getattr(item, name) for name in self.rules.__struct_fields__})
        said = {"title": item.title, "status": item.status, "rules": rules}
        if row is None:
            self.create(business=business, key=item.key, **said)
        elif row.status == "archived" or self._item(row) != item:
            self.update(business=business, programme_id=row.pk, **said)

    def _item(self, row: Any) -> Any:
        status = "active" if row.status == "active" else "paused"
        return self.item(key=row.key, title=row.title, status=status, **structs.asdict(self.rules_of(row)))
