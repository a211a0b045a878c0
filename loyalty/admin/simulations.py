"""Tries of a draft of the programme: what it would have paid for what people did, beside what was paid."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from unfold import widgets

from loyalty.admin import buttons, look, panels
from loyalty.admin.base import ServiceAdmin
from loyalty.admin.forms import ObjectField, ServiceForm
from loyalty.admin.panels import Figure
from loyalty.kernel import clock
from loyalty.models import Business, Simulation
from loyalty.services import programme, simulations

State = Simulation.State
RELOAD_SECONDS = 3
MOST_DAYS = simulations.LONGEST.days
MOST_SHOWN = 100  # rules and quests
COLOURS = {State.DONE: "success", State.FAILED: "danger", State.CANCELLED: "warning"}


class WindowForm(forms.Form):
    """On how much of the past, and what a point costs."""

    days = forms.IntegerField(
        min_value=1,
        max_value=MOST_DAYS,
        initial=simulations.USUAL.days,
        widget=widgets.UnfoldAdminIntegerFieldWidget,
        help_text="What people did in these last days is judged again.",
    )
    point_value = forms.DecimalField(
        label="Cost of a point",
        required=False,
        min_value=0,
        max_value=simulations.DEAREST,
        decimal_places=simulations.FINEST,
        widget=widgets.UnfoldAdminDecimalFieldWidget,
        help_text="In your currency, such as 0.01. Empty: no cost is worked out.",
    )


def start(business: Business, document: Mapping[str, Any], asked: Mapping[str, Any], author: str) -> Simulation:
    """Try a document on the last days, as a `WindowForm` has been filled in."""
    value: Decimal | None = asked["point_value"]
    since = clock.now(business) - timedelta(days=asked["days"])
    return simulations.start(business=business, document=document, starts_at=since, point_value=value, author=author)


class SimulationForm(WindowForm, ServiceForm):
    draft = ObjectField(
        rows=24,
        help_text="Your programme as it is now, as JSON. Change what you want to try; sections that you remove stay.",
    )
    author = ""  # whose form it is; set on the class that is made for each request
    renamed = {"from": "days"}

    class Meta:
        model = Simulation
        fields = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["draft"].initial = json.dumps(
            programme.current(self.business).document, indent=2, ensure_ascii=False
        )

    def write(self) -> Simulation:
        return start(self.business, self.cleaned_data["draft"], self.cleaned_data, self.author)


def state(row: Simulation) -> object:
    return look.state(row.get_state_display(), COLOURS.get(State(row.state), "info"))


def progress(row: Simulation) -> str:
    bar = '<progress class="lr-progress" max="{}" value="{}" aria-label="People"></progress>'
    return format_html(bar, max(row.people, 1), row.people_done)


def difference(paid: int, draft: int) -> object:
    return look.change(draft - paid) if draft != paid else look.NOTHING


LIST = (
    look.column("Window", lambda row: look.between(row.starts_at, row.ends_at)),
    look.column("State", state, order="state"),
    look.column("Who", lambda row: row.author or look.NOTHING),
    look.moment_of("created_at", "Started"),
    look.moment_of("finished_at", "Finished"),
)
LINES = ("What", "Paid", "Times", "Draft", "Times", "Difference")
TIERS = ("Tier", "People now", "Under the draft", "Difference")


@admin.register(Simulation)
class SimulationAdmin(ServiceAdmin):
    form = SimulationForm
    may_change = False
    list_display = LIST
    ordering = ("-created_at", "-id")
    when_empty = "Change a copy of your programme, and see what it would have paid for what people did lately."
    actions_detail = ("cancel",)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        form.author = request.user.get_username()
        return form

    def get_fieldsets(self, request: HttpRequest, obj: Simulation | None = None) -> Any:
        if obj is None:
            return [(None, {"fields": ("days", "point_value", "draft")})]
        failure = (look.column("What went wrong", lambda row: row.failure),) if obj.failure else ()
        shown = (*LIST, *failure, look.column("Id", lambda row: look.code(row.pk)))
        return [(None, {"fields": shown})]

    def get_readonly_fields(self, request: HttpRequest, obj: Simulation | None = None) -> Any:
        return self.get_fieldsets(request, obj)[0][1]["fields"] if obj else ()

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        """A page of something that goes on loads itself again."""
        answer: Any = super().render_change_form(request, context, *args, **kwargs)
        if (row := kwargs.get("obj")) and row.state == State.RUNNING:
            answer["Refresh"] = str(RELOAD_SECONDS)
        return answer

    def summary(self, request: HttpRequest, row: Simulation) -> Sequence[Figure]:
        found = simulations.report(row)
        figures = [
            Figure(
                "People", look.points(row.people_done), progress(row) if row.state == State.RUNNING else "looked at"
            ),
            Figure("Paid", look.points(found.paid), "points, by rules and quests"),
            Figure("Draft", look.points(found.draft), "points it would have been"),
            Figure("More", look.points(found.people["more"]), "people would have got more"),
            Figure("Less", look.points(found.people["less"]), "people would have got less"),
            Figure("Another tier", look.points(found.people["otherTier"]), "people would be on one"),
        ]
        if found.cost_paid is not None and found.cost_draft is not None:
            cost = f"{found.cost_paid:,.2f} → {found.cost_draft:,.2f}"
            figures.append(Figure("Cost", cost, row.business.currency))
        return figures

    def panels(self, request: HttpRequest, row: Simulation) -> Sequence[panels.Panel]:
        found = simulations.report(row)
        lines = [
            [
                f"{line.title} ({line.kind})",
                look.points(line.paid),
                look.points(line.times_paid),
                look.points(line.draft),
                look.points(line.times_draft),
                difference(line.paid, line.draft),
            ]
            for line in found.lines[:MOST_SHOWN]
        ]
        tiers = [
            [key, look.points(now), look.points(draft), difference(now, draft)] for key, now, draft in found.tiers
        ]
        return [
            panels.Panel("Rules and quests", LINES, lines, empty="Nothing was paid, and nothing would have been."),
            panels.Panel("Tiers", TIERS, tiers, empty="The programme has no tiers, or nobody is on one."),
        ]

    def offers(self, request: HttpRequest, button: str, row: Simulation) -> bool:
        return row.state == State.RUNNING

    @buttons.button("Cancel", icon="cancel", danger=True)
    def cancel(self, request: HttpRequest, row: Simulation) -> HttpResponse:
        def act(_: Mapping[str, Any]) -> str:
            simulations.cancel(business=row.business, simulation_id=row.pk)
            return "It was cancelled. What it has found so far stays."

        title = "Cancel this simulation?"
        text = "What it has found so far stays to be read."
        return buttons.ask(self, request, row, title=title, text=text, submit="Cancel it", danger=True, act=act)
