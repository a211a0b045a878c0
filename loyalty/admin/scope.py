"""Whose rows a page may show: the one place that narrows what the dashboard reads to one business."""

from typing import TYPE_CHECKING, Any

from django.contrib.admin import FieldListFilter, RelatedFieldListFilter
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property

from loyalty.admin import seats
from loyalty.models.base import TenantModel

if TYPE_CHECKING:  # unfold has no types
    from django.contrib.admin import ModelAdmin, TabularInline
    from django.contrib.admin.views.main import ChangeList

    Page = ModelAdmin[Any]
    Inline = TabularInline[Any, Any]
else:
    from unfold.admin import ModelAdmin as Page
    from unfold.admin import TabularInline as Inline
    from unfold.views import ChangeList

__all__ = ["ChangeList", "Counted", "Inline", "OwnChoices", "OwnRows", "Page", "own"]

COUNTED = 10_000  # as in the API's lists


def own(model: type[Model], request: HttpRequest) -> QuerySet[Any]:
    """The rows of a model that a request may see: those of its business; none of what belongs to nobody."""
    business = seats.business_of(request)
    manager: Any = model._default_manager
    if business is None or not issubclass(model, TenantModel):
        return manager.none()  # type: ignore[no-any-return]  # any model's manager
    return manager.for_business(business)  # type: ignore[no-any-return]  # any tenant model's manager


class OwnRows:
    """Lists and choices of the current business, for pages and for the tables inside them."""

    model: type[Model]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return own(self.model, request).order_by(*self.get_ordering(request))

    def get_field_queryset(self, db: str | None, db_field: Any, request: HttpRequest) -> QuerySet[Any]:
        return own(db_field.remote_field.model, request)

    if TYPE_CHECKING:

        def get_ordering(self, request: HttpRequest) -> tuple[str, ...]: ...


class OwnChoices(RelatedFieldListFilter):
    """A filter by a related row that offers rows of the current business only."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        return [(str(row.pk), str(row)) for row in own(field.remote_field.model, request)[:100]]


def _names_tenant_rows(field: Any) -> bool:
    return field.remote_field is not None and issubclass(field.remote_field.model, TenantModel)


FieldListFilter.register(_names_tenant_rows, OwnChoices, take_priority=True)


class Counted(Paginator[Any]):
    """Counts to 10,000 and no further: nobody needs the last page of a long list, and everybody waits for it."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return int(rows.order_by()[:COUNTED].count())
