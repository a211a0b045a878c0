"""The rules of the referral programme: one page."""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from unfold import widgets

from loyalty.admin import look
from loyalty.admin.base import ServiceAdmin
from loyalty.admin.forms import ServiceForm
from loyalty.kernel import points
from loyalty.kernel.money import money_text
from loyalty.services.ledger import POINTS
from referrals.events import said
from referrals.models import ReferralProgramme
from referrals.models.programmes import percent
from referrals.selectors import programmes as rules
from referrals.services import programmes

Benefits = list[dict[str, Any]]
Status = ReferralProgramme.Status
MISSION = ("mission_quest", "mission_task")
SHARE = ("share_levels", "share_quest", "share_task")


class Number(forms.IntegerField):
    widget = widgets.UnfoldAdminIntegerFieldWidget


class Slug(forms.SlugField):
    widget = widgets.UnfoldAdminTextInputWidget

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)


class Percents(forms.CharField):
    """Percents with commas between, as basis points: `10, 2.5`."""

    widget = widgets.UnfoldAdminTextInputWidget

    def prepare_value(self, value: str | Sequence[int] | None) -> str:
        return value if isinstance(value, str) else ", ".join(percent(points) for points in value or ())

    def to_python(self, value: str | None) -> list[int]:  # type: ignore[override]  # a list of numbers
        parts = [part.strip() for part in (value or "").split(",") if part.strip()]
        if not all(re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,2})?", part) for part in parts):
            raise forms.ValidationError("Give percents with commas between, such as 10, 2.5.")
        return [int(Decimal(part).scaleb(2)) for part in parts]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return self.prepare_value(initial) != self.prepare_value(data)


class ProgrammeForm(ServiceForm):
    """Points are what this page gives. Benefits of other kinds, which a programme's file may name, stay."""

    renamed = {
        "referrer": "referrer_points",
        "friend": "friend_points",
        "share": "share_levels",
        "mission": "mission_quest",
    }

    referrer_points = Number(
        label="Points for the referrer", min_value=0, max_value=points.MAX_MOVE, help_text="Who recommends you."
    )
    friend_points = Number(
        label="Points for the friend",
        min_value=0,
        max_value=points.MAX_MOVE,
        help_text="Who orders. Somebody new joins with the order, if it names their e-mail address or id.",
    )
    min_order = forms.DecimalField(
        label="Minimum order", min_value=0, max_digits=15, widget=widgets.UnfoldAdminDecimalFieldWidget
    )
    hold_days = Number(
        label="Days to wait",
        min_value=0,
        max_value=programmes.LONGEST_HOLD,
        help_text="An order is paid after so many days: when it can no longer be returned. 0: at once.",
    )
    per_month = Number(
        label="Friends per month",
        required=False,
        min_value=1,
        max_value=programmes.MOST_PER_MONTH,
        help_text="How many orders one referrer is paid for in a month. Empty: no limit.",
    )

    mission_quest = Slug(
        label="Once they have completed",
        help_text="The key of a quest that a friend must have completed before both are paid. Empty: none.",
    )
    mission_task = Slug(label="or just this task of it", help_text="The key of one of its tasks.")

    share_levels = Percents(
        required=False,
        label="Share of what friends earn, in percent",
        help_text="Of friends, of their friends, and so on: up to four, with commas between. Empty: no share.",
    )
    share_quest = Slug(
        label="Once they have completed",
        help_text="The key of a quest that a friend must have completed first. Empty: none.",
    )
    share_task = Slug(label="or just this task of it", help_text="The key of one of its tasks.")

    class Meta:
        model = ReferralProgramme
        fields = ("status", "completion")
        labels = {"completion": "What counts"}
        help_texts = {"status": "Orders that come while it is paused are written down, and not paid."}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.before = rules.current(self.business)
        self.initial = {
            "status": self.before.status,
            "completion": self.before.completion,
            "referrer_points": _points(self.before.referrer_benefits),
            "friend_points": _points(self.before.friend_benefits),
            "min_order": money_text(self.before.min_order_minor, self.before.currency),
            "hold_days": self.before.hold_days,
            "per_month": self.before.per_month,
            **{name: getattr(self.before, name) for name in (*MISSION, *SHARE)},
            **self.initial,
        }
        if "min_order" in self.fields:
            self.fields["min_order"].help_text = f"What an order must be worth, in {self.business.currency}."

    def write(self) -> ReferralProgramme:
        given = self.cleaned_data
        return programmes.save(
            business=self.business,
            status=given["status"],
            completion=given["completion"],
            referrer=_with_points(self.before.referrer_benefits, given["referrer_points"]),
            friend=_with_points(self.before.friend_benefits, given["friend_points"]),
            min_order=given["min_order"],
            hold_days=given["hold_days"],
            per_month=given["per_month"],
            mission_quest=given["mission_quest"],
            mission_task=given["mission_task"],
            share_levels=given["share_levels"],
            share_quest=given["share_quest"],
            share_task=given["share_task"],
        )


VIEW = (
    look.column("Status", lambda row: state(row)),
    look.column("The referrer gets", lambda row: said(row.referrer_benefits) or look.NOTHING),
    look.column("The friend gets", lambda row: said(row.friend_benefits) or look.NOTHING),
    look.column("Mission", lambda row: " / ".join(filter(None, row.mission)) or look.NOTHING),
    look.column("Share", lambda row: ", ".join(f"{percent(one)} %" for one in row.share_levels) or look.NOTHING),
    look.column("What counts", lambda row: row.get_completion_display()),
    look.column("Minimum order", lambda row: f"{money_text(row.min_order_minor, row.currency)} {row.currency}"),
    look.column("Days to wait", lambda row: row.hold_days),
    look.column("Friends per month", lambda row: row.per_month or "No limit"),
)


@admin.register(ReferralProgramme)
class ReferralProgrammeAdmin(ServiceAdmin):
    form = ProgrammeForm
    list_display = view_fields = VIEW
    list_display_links = VIEW[:1]
    when_empty = "The defaults are in force: open the form to see and change them."
    fieldsets = (
        (None, {"fields": ("status", "completion")}),
        ("What both sides get", {"fields": ("referrer_points", "friend_points", *MISSION)}),
        ("A share", {"fields": SHARE}),
        ("Care", {"fields": ("min_order", "hold_days", "per_month")}),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not self.get_queryset(request).exists()

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        return ("pk",)


def state(programme: ReferralProgramme) -> object:
    colour = "success" if programme.status == Status.ACTIVE else "warning"
    return look.state(programme.get_status_display(), colour)


def _is_points(benefit: dict[str, Any]) -> bool:
    return (benefit["kind"], benefit.get("metric", POINTS)) == ("metric", POINTS)


def _points(benefits: Benefits) -> int:
    return sum(benefit["quantity"] for benefit in benefits if _is_points(benefit))


def _with_points(benefits: Benefits, quantity: int) -> Sequence[dict[str, Any]]:
    others = [benefit for benefit in benefits if not _is_points(benefit)]
    return [{"kind": "metric", "metric": POINTS, "quantity": quantity}, *others] if quantity else others
