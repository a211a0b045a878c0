"""The form of a reward. What its fields mean together, its type decides: the service says so beside the field."""

from typing import Any, cast

from django import forms
from unfold import widgets

from loyalty.admin.forms import ServiceForm
from loyalty.kernel import points
from loyalty.selectors.tiers import tiers_of
from rewards.models import Reward
from rewards.services import kinds, rewards

TYPES = [(key, kind.TITLE) for key, kind in kinds.KINDS.items()]


class Number(forms.IntegerField):
    """A whole number that fits its column."""

    widget = widgets.UnfoldAdminIntegerFieldWidget

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"min_value": 1, "max_value": points.MAX_MOVE, **kwargs})


class Money(forms.DecimalField):
    widget = widgets.UnfoldAdminDecimalFieldWidget

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=15, required=False, **kwargs)


class RewardForm(ServiceForm):
    type = forms.ChoiceField(choices=TYPES, widget=widgets.UnfoldAdminSelectWidget, help_text="What people get.")
    points_cost = Number(label="Price in points")
    value = Money(help_text="Amount off, donation: money. Percentage off: per cent. Free shipping: leave it empty.")
    min_spend = Money(label="Minimum order", help_text="What an order must come to for the coupon to count.")
    stock = Number(
        required=False, min_value=0, help_text="How many there are in all, sold ones included. Empty: no bound."
    )
    per_advocate_limit = Number(
        label="Limit per advocate", required=False, max_value=2**31 - 1, help_text="Empty: no limit."
    )
    tier_keys = forms.MultipleChoiceField(
        label="Only for tiers",
        required=False,
        widget=widgets.UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="Tick none to offer it to everyone.",
    )

    class Meta:
        model = Reward
        fields = (
            "name", "description", "status", "currency", "starts_at", "ends_at", "code_prefix", "product_id", "key"
        )  # fmt: skip
        labels = {"starts_at": "From", "ends_at": "Until", "code_prefix": "Coupon prefix", "product_id": "Product id"}
        widgets = {"description": widgets.UnfoldAdminTextareaWidget(attrs={"rows": 3})}
        help_texts = {
            "status": "People see active rewards only. Archive one instead of deleting it: what is sold stays valid.",
            "currency": "Three letters, as in EUR. Empty: the currency of the business.",
            "starts_at": "On the clocks of the business. Empty: at once.",
            "ends_at": "Empty: until you archive it.",
            "code_prefix": "Coupons read like PREFIX-7H2KQ9XM4TNP.",
            "product_id": "The id that your shop knows the product by.",
            "key": "Its name for the API. Left empty, it is made from the name.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tiers = cast(forms.MultipleChoiceField, self.fields["tier_keys"])
        tiers.choices = [(tier.key, tier.title) for tier in tiers_of(self.business)]
        if "key" in self.fields:
            self.fields["key"].required = False
        if not self.instance._state.adding:
            names = ("type", "points_cost", "stock", "per_advocate_limit", "tier_keys")
            self.initial = {
                **self.initial,
                **{name: getattr(self.instance, name) for name in names},
                "value": rewards.value_of(self.instance),
                "min_spend": rewards.min_spend_of(self.instance),
            }

    def write(self) -> Reward:
        given = {name: value for name, value in self.cleaned_data.items() if name != "key" or value}
        changes = cast(rewards.Changes, given)
        if self.instance._state.adding:
            return rewards.create(business=self.business, **changes)
        return rewards.update(business=self.business, reward_id=self.instance.pk, **changes)
