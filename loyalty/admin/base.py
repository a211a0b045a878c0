"""What every page about a business's rows obeys: it shows, offers, finds and changes the current business's only."""

from collections.abc import Collection, Sequence
from typing import Any, ClassVar

from django.contrib.admin import ShowFacets
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import unquote
from django.db.models import Model
from django.http import HttpRequest

from loyalty.admin import panels, scope, seats, tabs
from loyalty.admin.forms import TenantForm

ONE_WAY_TO_SAVE = {"show_save_and_continue": False, "show_save_and_add_another": False}


class List(scope.ChangeList):
    """A list that lets its admin look up, once a page, what the rows show."""

    model_admin: "PlainAdmin"

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.full_result_count = self.result_count
        self.result_list = list(self.result_list)
        self.model_admin.prepare(self.result_list, request)


class PlainAdmin(scope.Page):
    """How pages behave, whoever owns the rows. Without `TenantAdmin` a subclass decides alone who sees what."""

    paginator = scope.Counted
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    list_per_page = 50
    view_on_site = False
    change_form_before_template = "admin/acting_for.html"
    change_form_outer_before_template = "admin/summary.html"
    change_form_outer_after_template = "admin/panels.html"

    view_fields: ClassVar[Sequence[Any]] = ()  # for who may only look, where a form's fields would not say enough
    when_empty = ""  # what an empty list tells a newcomer

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is not None and self.view_fields and not self.has_change_permission(request, obj):
            return ((None, {"fields": self.view_fields}),)
        return super().get_fieldsets(request, obj)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[List]:
        return List

    def prepare(self, rows: Sequence[Any], request: HttpRequest) -> None:
        """Fill in what a page of rows shows, with as many queries for fifty rows as for one."""

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest) -> bool:
        """Only what a filter names may be asked for: nobody guesses a hidden column letter by letter."""
        specs = self.get_list_filter(request)
        named = {_parameter_of(spec) for spec in specs} | {"id", "pk"}
        is_named = any(lookup == name or lookup.startswith(f"{name}__") for name in named)
        return is_named and super().lookup_allowed(lookup, value, request)

    def summary(self, request: HttpRequest, row: Any) -> Sequence[panels.Figure]:
        """What matters most about a row, above its fields."""
        return ()

    def panels(self, request: HttpRequest, row: Any) -> Sequence[panels.Panel]:
        """Tables to show below a row's fields."""
        return ()

    def offers(self, request: HttpRequest, button: str, row: Any) -> bool:
        """Whether a button makes sense for the row as it is now."""
        return True

    def has_act_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether someone may press the buttons of a row and run the actions of a list."""
        return self.has_change_permission(request, obj)

    def get_actions_detail(self, request: HttpRequest, object_id: str) -> list[Any]:
        shown: list[Any] = super().get_actions_detail(request, object_id)  # type: ignore[misc]  # unfold's
        row = self.get_object(request, unquote(str(object_id))) if shown else None
        prefix = f"{self.opts.app_label}_{self.opts.model_name}_"
        return [each for each in shown if row and self.offers(request, each.action_name.removeprefix(prefix), row)]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        moved = tabs.moved_on(request)
        if moved is not None:
            return moved
        context = {"acting_for": seats.business_of(request), **ONE_WAY_TO_SAVE, **(extra_context or {})}
        row = self.get_object(request, unquote(object_id)) if object_id else None
        if row is not None:
            context["summary"] = self.summary(request, row)
            context["panels"] = [*self.panels(request, row), *panels.added_to(self.opts.label, request, row)]
        return super().changeform_view(request, object_id, form_url, context)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Write what was changed and nothing else, so that two who edit one row spoil nothing."""
        columns = [field.name for field in self.opts.concrete_fields if field.name in form.changed_data]
        obj.save(update_fields=columns if change else None)

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> LogEntry:
        return _without_name(super().log_addition(request, obj, message))

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> LogEntry:
        return _without_name(super().log_change(request, obj, message))


class TenantAdmin(scope.OwnRows, PlainAdmin):
    """The base of every admin of tenant rows.

    The current business decides which rows there are, the role in it what may be done. Subclasses narrow both.
    """

    viewers: ClassVar[Collection[seats.Role]] = seats.EVERYONE
    editors: ClassVar[Collection[seats.Role]] = seats.EDITORS
    may_add: ClassVar[bool] = True
    may_change: ClassVar[bool] = True
    may_delete: ClassVar[bool] = False

    form = TenantForm

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form: Any = super().get_form(request, obj, change, **kwargs)
        form.business = seats.business_of(request)  # of a class that was made for this request
        return form

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may(request, self.viewers)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request, self.viewers, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.may_add and may(request, self.editors)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_change and may(request, self.editors, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_delete and may(request, self.editors, obj)

    def has_act_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request, self.editors, obj)


class ReadOnlyAdmin(TenantAdmin):
    """Rows that only services write: to look at, and to act on by buttons."""

    may_add = may_change = may_delete = False
    shown: ClassVar[Sequence[tuple[str | None, Sequence[Any]]]] = ()  # titled groups of a row's fields

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return [(title, {"fields": fields}) for title, fields in self.shown]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [field for _, fields in self.shown for field in fields]


class ServiceAdmin(TenantAdmin):
    """Rows that a `ServiceForm` writes: it has done so when this would."""

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Nothing is left to write."""


class TenantInline(scope.OwnRows, scope.Inline):
    """Rows of the current business as a table inside another row's page."""

    form = TenantForm
    extra = 0
    editors: ClassVar[Collection[seats.Role]] = seats.EDITORS

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        formset: Any = super().get_formset(request, obj, **kwargs)
        formset.form.business = seats.business_of(request)
        return formset

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request, seats.EVERYONE)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request, self.editors)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request, self.editors)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request, self.editors)


def may(request: HttpRequest, roles: Collection[seats.Role], row: object = None) -> bool:
    """Whether the request comes from a seat with one of the roles, in the business that owns the row."""
    seat = seats.seat_of(request)
    if seat is None or not seat.is_one_of(roles):
        return False
    return not isinstance(row, Model) or getattr(row, "business_id", None) == seat.business.pk


def is_operator(request: HttpRequest) -> bool:
    """Whether the user runs the installation, beyond any one business."""
    return bool(request.user.is_active and request.user.is_superuser)


def _parameter_of(spec: Any) -> str:
    """What an entry of `list_filter` is called in addresses: a column, or a filter's own name."""
    column = spec[0] if isinstance(spec, (list, tuple)) else spec
    return str(getattr(column, "parameter_name", column))


def _without_name(entry: LogEntry) -> LogEntry:
    """The log outlives an erased person, so it says which row, never whose."""
    entry.object_repr = entry.object_id or ""
    entry.save(update_fields=["object_repr"])
    return entry
