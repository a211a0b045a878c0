"""Tap to Earn in the dashboard: what a tap earns, how the energy comes back, and who has tapped how much."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet, Sum
from django.http import HttpRequest

from loyalty.admin import look, panels, people, scope
from loyalty.admin.base import ServiceAdmin
from loyalty.admin.forms import LinesField
from loyalty.admin.hold import Figures
from loyalty.admin.inventory import KEY_HELP, KeyedForm
from loyalty.admin.panels import Figure, Panel
from loyalty.kernel import points
from loyalty.models import TapMeter, TapProgramme
from loyalty.models.tap import FASTEST, MOST_ENERGY, SLOWEST
from loyalty.services import tap_programmes
from loyalty.services.tap_programmes import TapRules

Status = TapProgramme.Status
COLOURS = {Status.ACTIVE: "success", Status.PAUSED: "warning"}
SHOWN = 50  # people on a programme's page
RULES = ("per_tap", "energy", "refill_seconds", "per_second", "per_day", "segments")


class TapForm(KeyedForm):
    per_tap = Figures(initial=1, label="A tap earns")
    energy = Figures(most=MOST_ENERGY, initial=500, help_text="How many taps a full one has.")
    refill_seconds = Figures(
        most=SLOWEST, initial=10, label="Seconds until one is back", help_text="10: a full 500 takes 83 minutes."
    )
    per_second = Figures(
        most=FASTEST, initial=10, label="Taps a second", help_text="Those that are faster do not count."
    )
    per_day = Figures(
        most=points.MAX_BALANCE,
        required=False,
        label="At most a day",
        help_text="What one person can tap in a day. Empty: no limit.",
    )
    segments = LinesField(
        required=False, help_text="Keys of the segments that it is for, one a line. None: everybody."
    )

    class Meta:
        model = TapProgramme
        fields = ("title", "key", "status", "pays")
        labels = {"pays": "People earn"}
        help_texts = {"key": KEY_HELP, "status": "Only an active one pays."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            row = self.instance
            self.initial = {**self.initial, **{name: getattr(row, name) for name in RULES if name != "segments"}}
            self.initial["segments"] = row.segment_keys

    def write(self) -> TapProgramme:
        given, row = self.cleaned_data, self.instance
        rules = TapRules(pays=row.pays.key, **{name: given[name] for name in RULES})
        named: dict[str, Any] = {"business": self.business, "title": given["title"], "status": given["status"]}
        if row._state.adding:
            return tap_programmes.create(**named, key=given.get("key"), rules=rules)
        return tap_programmes.update(**named, programme_id=row.pk, rules=rules)


def state(row: TapProgramme) -> object:
    return look.state(row.get_status_display(), COLOURS.get(Status(row.status), ""))


STATE = look.column("State", state, order="status")
EARNS = look.column("A tap earns", lambda row: f"{look.points(row.per_tap)} {row.pays.title}")
ENERGY = look.column("Energy", lambda row: f"{look.points(row.energy)}, one more every {row.refill_seconds} s")
DAY = look.column("At most a day", lambda row: look.points(row.per_day) if row.per_day else "No limit")
METERS = (
    look.column("Advocate", lambda row: look.person(row.person)),
    look.column("Taps that counted", lambda row: look.points(row.taps)),
    look.column("Earned", lambda row: look.points(int(row.earned))),
    look.column("Latest taps", lambda row: f"{row.day:%d %b %Y}"),
)


@admin.register(TapProgramme)
class TapProgrammeAdmin(ServiceAdmin):
    form = TapForm
    list_display = ("title", STATE, EARNS, ENERGY, DAY)
    list_select_related = ("pays",)
    list_filter = ("status",)
    search_fields = ("title", "key")
    ordering = ("key",)
    fieldsets = (
        (None, {"fields": ("title", "key", "status")}),
        ("What taps earn, and the energy that they take", {"fields": ("pays", *RULES)}),
    )
    view_fields = ("title", "key", STATE, EARNS, ENERGY, DAY)
    when_empty = "Taps in the widget earn up to an energy that refills with time. Add one."

    def get_readonly_fields(self, request: HttpRequest, obj: TapProgramme | None = None) -> tuple[str, ...]:
        return ("key", "pays") if obj else ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("business", "pays")

    def summary(self, request: HttpRequest, row: TapProgramme) -> Sequence[Figure]:
        found = scope.own(TapMeter, request).filter(programme=row)
        sums = found.aggregate(taps=Sum("taps", default=0), earned=Sum("earned", default=0))
        return (
            Figure("State", state(row)),
            Figure("Taps that counted", look.points(sums["taps"])),
            Figure("Earned", look.points(int(sums["earned"])), f"{row.pays.title} so far"),
        )

    def panels(self, request: HttpRequest, row: TapProgramme) -> Sequence[Panel]:
        rows = list(scope.own(TapMeter, request).filter(programme=row).order_by("-earned")[:SHOWN])
        found = people.of(request, {meter.account_id for meter in rows})
        for meter in rows:
            vars(meter)["person"] = found.get(meter.account_id)
        return [panels.table("Who has tapped", METERS, rows, empty="Nobody has tapped yet.")]
