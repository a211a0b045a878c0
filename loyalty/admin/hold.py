"""Hold to Earn in the dashboard: what the programmes share out, whether they run, and who has accrued what."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold import widgets

from loyalty.admin import look, panels, people, scope
from loyalty.admin.base import ServiceAdmin
from loyalty.admin.forms import LinesField
from loyalty.admin.inventory import KEY_HELP, KeyedForm
from loyalty.admin.panels import Figure, Panel
from loyalty.kernel import points
from loyalty.kernel.money import money_text
from loyalty.models import HoldAccrual, HoldProgramme
from loyalty.models.hold import PARTS
from loyalty.services import hold_programmes
from loyalty.services.hold_rules import HoldRules, Pool, Revenue, term_of

Status = HoldProgramme.Status
COLOURS = {Status.ACTIVE: "success", Status.PAUSED: "warning"}
SHOWN = 50  # people on a programme's page
FIGURES = ("term_hours", "minimum", "per_day", "revenue_points", "revenue_money", "bonus", "segments")


class Figures(forms.IntegerField):
    widget = widgets.UnfoldAdminIntegerFieldWidget

    def __init__(self, most: int = points.MAX_MOVE, **kwargs: Any) -> None:
        super().__init__(min_value=0, max_value=most, **kwargs)


class HoldForm(KeyedForm):
    renamed = {"pool": "per_day", "pool.revenue": "revenue_points", "term": "term_hours"}

    term_hours = Figures(
        most=366 * 24,
        initial=0,
        label="Hours",
        help_text="What counts is the least that somebody held for so long: 8, 24 or 72 hours. 0: what they hold now.",
    )
    minimum = Figures(most=points.MAX_BALANCE, initial=1, help_text="The smallest stake that counts.")
    per_day = Figures(required=False, label="Pool a day", help_text="Shared out in equal parts, minute by minute.")
    revenue_points = Figures(
        required=False, label="Or of revenue, points", help_text="What the pool gets of so much reported revenue."
    )
    revenue_money = forms.CharField(
        required=False, label="for each", widget=widgets.UnfoldAdminTextInputWidget, help_text="An amount: 1.00"
    )
    bonus = Figures(required=False, help_text="Of a welcome: what a newcomer gets once, who holds enough.")
    segments = LinesField(
        required=False, help_text="Keys of the segments that it is for, one a line. None: everybody."
    )

    class Meta:
        model = HoldProgramme
        fields = ("title", "key", "kind", "status", "stake", "pays")
        labels = {"stake": "People hold", "pays": "and earn"}
        help_texts = {"key": KEY_HELP, "status": "Only an active one pays. What has accrued is paid in any case."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            row = self.instance
            self.initial = {
                **self.initial,
                "term_hours": row.term // timedelta(hours=1),
                "minimum": row.minimum,
                "per_day": row.per_day or None,
                "revenue_points": row.revenue_points,
                "revenue_money": row.revenue_per and money_text(row.revenue_per, self.business.currency),
                "bonus": row.bonus or None,
                "segments": row.segment_keys,
            }

    def write(self) -> HoldProgramme:
        given, row = self.cleaned_data, self.instance
        named: dict[str, Any] = {"business": self.business, "title": given["title"], "status": given["status"]}
        if row._state.adding:
            return hold_programmes.create(**named, key=given.get("key"), rules=self._rules())
        return hold_programmes.update(**named, programme_id=row.pk, rules=self._rules())

    def _rules(self) -> HoldRules:
        given, row = self.cleaned_data, self.instance
        revenue = None
        if given["revenue_points"]:
            revenue = Revenue(points=given["revenue_points"], per=given["revenue_money"] or "1.00")
        has_pool = given["per_day"] or revenue
        return HoldRules(
            kind=row.kind,
            stake=row.stake.key,
            pays=row.pays.key,
            term=term_of(timedelta(hours=given["term_hours"])),
            minimum=given["minimum"] or 1,
            pool=Pool(per_day=given["per_day"] or None, revenue=revenue) if has_pool else None,
            bonus=given["bonus"] or None,
            segments=given["segments"],
        )


def state(row: HoldProgramme) -> object:
    return look.state(row.get_status_display(), COLOURS.get(Status(row.status), ""))


def source(row: HoldProgramme) -> str:
    if row.kind == HoldProgramme.Kind.WELCOME:
        return f"{look.points(row.bonus)} once"
    if row.per_day:
        return f"{look.points(row.per_day)} a day"
    assert row.revenue_points is not None  # a pool that revenue feeds
    assert row.revenue_per is not None
    per = money_text(row.revenue_per, row.business.currency)
    return f"{look.points(row.revenue_points)} of each {per} {row.business.currency}"


def whole(parts: Any) -> str:
    return look.points(int(parts // PARTS))


STATE = look.column("State", state, order="status")
SHARES = look.column("Shares out", source)
TERM = look.column("Held for", lambda row: f"{row.term // timedelta(hours=1)} h" if row.term else "A moment")
ACCRUALS = (
    look.column("Advocate", lambda row: look.person(row.person)),
    look.column("Waits", lambda row: f"{row.waiting / PARTS:,.3f}"),
    look.column("Posted", lambda row: look.points(int(row.posted))),
)


@admin.register(HoldProgramme)
class HoldProgrammeAdmin(ServiceAdmin):
    form = HoldForm
    list_display = ("title", STATE, SHARES, TERM, look.column("To", lambda row: row.pays.title))
    list_select_related = ("business", "stake", "pays")
    list_filter = ("status",)
    search_fields = ("title", "key")
    ordering = ("key",)
    fieldsets = (
        (None, {"fields": ("title", "key", "kind", "status")}),
        ("What people hold, and what it earns", {"fields": ("stake", "pays", *FIGURES)}),
    )
    view_fields = ("title", "key", STATE, SHARES, TERM)
    when_empty = "A programme pays people for what they hold, minute by minute. Add one."

    def get_readonly_fields(self, request: HttpRequest, obj: HoldProgramme | None = None) -> tuple[str, ...]:
        return ("key", "kind", "stake", "pays") if obj else ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("business", "stake", "pays")

    def summary(self, request: HttpRequest, row: HoldProgramme) -> Sequence[Figure]:
        return (
            Figure(
                "State", state(row), f"shared out until {row.accrued_until:%H:%M} UTC" if row.accrued_until else ""
            ),
            Figure("Poured out", whole(row.poured), "points so far"),
            Figure("Kept", whole(row.kept), "points that nobody was there for yet"),
        )

    def panels(self, request: HttpRequest, row: HoldProgramme) -> Sequence[Panel]:
        own: Any = scope.own(HoldAccrual, request)
        rows = list(own.filter(programme=row).with_posted().order_by("-posted", "-waiting")[:SHOWN])
        found = people.of(request, {accrual.account_id for accrual in rows})
        for accrual in rows:
            vars(accrual)["person"] = found.get(accrual.account_id)
        return [panels.table("What people have accrued", ACCRUALS, rows, empty="Nobody has accrued anything yet.")]
