"""The form that gives somebody an item, or takes it away."""

from typing import Any
from uuid import UUID

from django import forms
from unfold import widgets

from advocates.admin.profile import choose
from loyalty.kernel import ids
from loyalty.models import Business
from loyalty.selectors import inventory
from loyalty.services.kinds.benefits.item import MOST


class ItemsForm(forms.Form):
    direction = forms.ChoiceField(
        label="What to do",
        choices=[("give", "Give"), ("take", "Take away")],
        initial="give",
        widget=widgets.UnfoldAdminRadioSelectWidget,
    )
    item = forms.ChoiceField(widget=widgets.UnfoldAdminSelectWidget)
    quantity = forms.IntegerField(
        label="Pieces",
        min_value=1,
        max_value=MOST,
        initial=1,
        widget=widgets.UnfoldAdminIntegerFieldWidget,
        help_text="More than one only of what stacks. What is taken away is back in stock.",
    )
    once = forms.UUIDField(initial=ids.new_id, widget=forms.HiddenInput)  # a double click gives once

    def __init__(self, *args: Any, business: Business, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        live = inventory.live_items(business=business).order_by("set__title", "title")
        named = [(str(item.pk), f"{item.set.title}: {item.title}") for item in live]
        choose(self, "item", [("", "Choose one"), *named])

    def clean_item(self) -> UUID:
        return UUID(self.cleaned_data["item"])
