"""Filters that no field gives."""

from collections.abc import Iterator
from typing import Any

from django.contrib.admin import DateFieldListFilter, SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest

from loyalty.admin import people
from loyalty.kernel import ids


class When(DateFieldListFilter):
    """Today, this week, this month: under a title that people understand."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.title = "time"


class OfPerson(SimpleListFilter):
    """One person's rows: `?account=<id>`, as links from their page say. It offers nobody else."""

    title = "advocate"
    parameter_name = "account"

    def __init__(self, request: HttpRequest, *rest: Any) -> None:
        super().__init__(request, *rest)
        self.request = request

    def has_output(self) -> bool:
        return self.value() is not None

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return []

    def choices(self, changelist: Any) -> Iterator[Any]:
        wanted = ids.parse_id(self.value() or "")
        person = people.of(self.request, [wanted]).get(wanted) if wanted else None
        everyone = changelist.get_query_string(remove=[self.parameter_name])
        yield {"selected": True, "query_string": "", "display": person.name if person else "Nobody known"}
        yield {"selected": False, "query_string": everyone, "display": "Everyone"}

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() is None:
            return queryset
        wanted = ids.parse_id(self.value() or "")
        return queryset.filter(**{self.field: wanted}) if wanted else queryset.none()

    field = "account_id"
