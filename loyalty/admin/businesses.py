"""The settings of the current business; for operators of the installation, all businesses."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import path, reverse

from loyalty.admin import buttons, links, look, seats
from loyalty.admin.base import PlainAdmin, is_operator, may
from loyalty.admin.settings_forms import ClockForm, OpenForm, SettingsForm
from loyalty.kernel import clock
from loyalty.models import Business, Plan
from loyalty.services import businesses, tokens


@admin.register(Business)
class BusinessAdmin(PlainAdmin):
    list_display = (
        "name",
        "slug",
        "plan",
        look.column("Mode", lambda row: mode(row)),
        look.column("State", lambda row: state(row), order="status"),
        look.moment_of("created_at", "Opened"),
    )
    list_filter = ("status", "plan")
    search_fields = ("name", "slug", "contact_email")
    list_select_related = ("plan",)
    ordering = ("name",)
    actions_detail = ("enter", "move_clock", buttons.more("end_sessions"))

    # --- Which businesses, and who may do what ----------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Business]:
        """All of them for an operator of the installation; for everybody else the current one."""
        rows = Business.objects.order_by(*self.ordering)
        return rows if is_operator(request) else rows.filter(pk__in=[_pk(request)])

    def get_field_queryset(self, db: str | None, db_field: Any, request: HttpRequest) -> QuerySet[Any]:
        return Plan.objects.order_by("calls_per_minute") if is_operator(request) else Plan.objects.none()

    def has_module_permission(self, request: HttpRequest) -> bool:
        return _pk(request) is not None or is_operator(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_own = not isinstance(obj, Business) or obj.pk == _pk(request)
        return is_operator(request) or (is_own and may(request, seats.EVERYONE))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return is_operator(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_view_permission(request, obj) and (is_operator(request) or may(request, seats.EDITORS))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    # --- Pages ------------------------------------------------------------------------------------------

    def get_urls(self) -> list[Any]:
        switch = self.admin_site.admin_view(self.switch_view)
        return [path("switch/", switch, name="loyalty_business_switch"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        current = seats.business_of(request)
        if current is not None and not is_operator(request):
            return HttpResponseRedirect(links.url_of(current))
        return super().changelist_view(request, extra_context)

    def get_fieldsets(self, request: HttpRequest, obj: Business | None = None) -> Any:
        contract = ("plan", "status") if obj else ("plan", "has_starter_tiers")
        access = {
            "fields": ("ip_allowlist", "allowed_origins"),
            "description": "Which machines and web pages may call.",
        }
        orders = {
            "fields": ("qualifying_statuses", "refund_deficit", "refund_coupons", "rates"),
            "description": "Which orders earn, and what a refund takes of points that are spent already.",
        }
        integration = {"fields": ("users_on_first_event",)}
        domain = {
            "fields": ("domain",),
            "description": "Apps that ask for the programme under this name need not say whose. Whoever runs the "
            "server sets it: it needs DNS, a certificate, and a place in ALLOWED_HOSTS.",
        }
        return (
            (None, {"fields": ("name", "slug", "contact_email", "timezone", "currency")}),
            *((("Orders", orders), ("Access", access), ("Integration API", integration)) if obj else ()),
            *((("Own domain", domain),) if obj and (obj.domain or is_operator(request)) else ()),
            ("Plan", {"fields": contract if is_operator(request) or not obj else ("plan_in_words",)}),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Business | None = None) -> Any:
        if obj is None:
            return ()
        return ("slug", "plan_in_words", *(() if is_operator(request) else ("domain",)))

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, form=SettingsForm if obj else OpenForm, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:  # a new one is open already: the form has opened it
            super().save_model(request, obj, form, change)

    @admin.display(description="Plan")
    def plan_in_words(self, business: Business) -> str:
        plan = business.plan
        return f"{plan.name}: {plan.calls_per_minute:,} calls a minute, {plan.calls_per_day:,} a day"

    # --- Buttons ----------------------------------------------------------------------------------------

    def offers(self, request: HttpRequest, button: str, business: Business) -> bool:
        if button == "move_clock":
            return business.is_sandbox
        return button != "enter" or is_operator(request)

    @buttons.button("Open its dashboard", icon="login")
    def enter(self, request: HttpRequest, business: Business) -> HttpResponse:
        def act(_: Mapping[str, Any]) -> HttpResponse:
            seats.choose(request, str(business.pk))
            return HttpResponseRedirect(reverse("admin:index"))

        title = f"Open the dashboard of {business}?"
        return buttons.ask(self, request, business, title=title, submit="Open", act=act)

    @buttons.button("Move the test clock", icon="update")
    def move_clock(self, request: HttpRequest, business: Business) -> HttpResponse:
        def act(answer: Mapping[str, Any]) -> str:
            return f"The test clock shows {businesses.move_clock(business=business, to=answer['to']):%d %b %Y, %H:%M}."

        return buttons.ask(
            self,
            request,
            business,
            title="Move the test clock",
            text=f"In this sandbox it is {clock.now(business):%d %b %Y, %H:%M}. Its time only moves forward, "
            "and keeps ticking from where you put it.",
            submit="Move it",
            form=ClockForm,
            act=act,
        )

    @buttons.button("End all app sessions", icon="logout", danger=True)
    def end_sessions(self, request: HttpRequest, business: Business) -> HttpResponse:
        def act(_: Mapping[str, Any]) -> str:
            tokens.revoke_all(business=business)
            self.log_change(request, business, "Ended all sessions of its users' apps.")
            return "Every user token that was handed out is refused within 5 seconds."

        return buttons.ask(
            self,
            request,
            business,
            title="End all sessions of your users' apps?",
            text="Every user token that your backend has handed out is refused from now on. People go on with the "
            "next one that it makes for them.",
            submit="End them",
            danger=True,
            act=act,
        )

    def switch_view(self, request: HttpRequest) -> HttpResponse:
        """Let someone with several businesses look at another one."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        if seats.choose(request, request.POST.get("business", "")) is None:
            messages.error(request, "You do not work for that business.")
        return HttpResponseRedirect(reverse("admin:index"))


def mode(business: Business) -> object:
    return look.state("Sandbox", "warning") if business.is_sandbox else look.state("Live", "success")


def state(business: Business) -> object:
    is_active = business.status == Business.Status.ACTIVE
    return look.state(business.get_status_display(), "success" if is_active else "danger")


def _pk(request: HttpRequest) -> UUID | None:
    current = seats.business_of(request)
    return current.pk if current else None
