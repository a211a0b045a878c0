"""What something gives, in a form: points have a field of their own, all else is JSON as the programme spells it."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from unfold import widgets

from loyalty.admin.forms import ListField, TextField
from loyalty.admin.hold import Figures
from loyalty.services.ledger import POINTS
from loyalty.services.quest_rules import in_points

DISPLAYS = [("none", "Nothing shows"), ("toast", "Toast"), ("modal", "Dialog"), ("banner", "Banner")]


class BenefitsField(ListField):
    """Benefits beside points."""

    def __init__(self, *, rows: int, label: str) -> None:
        example = '[{"kind": "reward", "reward": "mug"}]'
        text = f"Rewards, items, memberships, as your programme spells them: {example}"
        super().__init__(rows=rows, required=False, label=label, help_text=text)

    def clean(self, value: Any) -> list[dict[str, Any]]:
        said: list[Any] = super().clean(value)
        if not all(isinstance(one, dict) for one in said):
            raise forms.ValidationError("It is a list of objects.")
        if any(is_points(one) for one in said):
            raise forms.ValidationError("There is a field for points.")
        return said


class GivesFields(forms.Form):
    """What is given when something is done, and how people are told."""

    points = Figures(required=False, label="Points", help_text="Given once it is done. Empty: none.")
    benefits = BenefitsField(rows=3, label="Gives besides, as JSON")
    display = forms.ChoiceField(
        choices=DISPLAYS,
        initial="none",
        widget=widgets.UnfoldAdminSelectWidget,
        label="In the app",
        help_text="How your app may tell people that it is done.",
    )
    heading = TextField(max_length=200, required=False, widget=widgets.UnfoldAdminTextInputWidget)
    message = TextField(max_length=500, required=False, widget=widgets.UnfoldAdminTextareaWidget(attrs={"rows": 2}))

    def gives(self) -> list[dict[str, Any]]:
        given = self.cleaned_data
        return [*given["benefits"], *([in_points(given["points"])] if given["points"] else [])]

    def told(self) -> dict[str, str]:
        given = self.cleaned_data
        return {"display": given["display"], "title": given["heading"], "message": given["message"]}


GIVES = ("points", "benefits")
TOLD = ("display", "heading", "message")


def filled(benefits: Iterable[Mapping[str, Any]], notification: Mapping[str, str]) -> dict[str, Any]:
    """What the fields of `GivesFields` show of this."""
    told = {"heading": "title", "message": "message", "display": "display"}
    return {
        "points": points_in(benefits),
        "benefits": beside_points(benefits),
        **{name: notification[said] for name, said in told.items()},
    }


def points_in(benefits: Iterable[Mapping[str, Any]]) -> int | None:
    return sum(one["quantity"] for one in benefits if is_points(one)) or None


def beside_points(benefits: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [one for one in benefits if not is_points(one)]


def is_points(benefit: Mapping[str, Any]) -> bool:
    return (benefit.get("kind"), benefit.get("metric")) == ("metric", POINTS)
