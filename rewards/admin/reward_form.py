"""The form of a reward. What its fields mean together, its type decides: the service says so beside the field."""

from typing import Any, cast

from django import forms
from unfold import widgets

from loyalty.admin.forms import ServiceForm
from loyalty.kernel import points
from loyalty.selectors import inventory, segments
from loyalty.selectors.tiers import tiers_of
from rewards.models import Reward
from rewards.selectors import gift_orders, pools
from rewards.services import kinds, rewards

SAME = (  # columns whose fields here are not the model's
    *("type", "points_cost", "stock", "per_advocate_limit", "tier_keys", "segment_keys"),
    *("increment_min", "increment_max", "increment_step", "acknowledge_within_hours"),
    "expires_after_days",
)
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
    value = Money(help_text="Amount off, donation, gift card: money. Percentage off: per cent. Else: leave it empty.")
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

    segment_keys = forms.MultipleChoiceField(
        label="Only for segments",
        required=False,
        widget=widgets.UnfoldAdminCheckboxSelectMultipleWidget,
        help_text="People in any of those that you tick. Tick none to offer it to everyone.",
    )
    code_pool_key = forms.ChoiceField(
        label="Code pool",
        required=False,
        widget=widgets.UnfoldAdminSelectWidget,
        help_text="For promo codes: where they come from.",
    )
    item_keys = forms.ChoiceField(
        label="Item",
        required=False,
        widget=widgets.UnfoldAdminSelectWidget,
        help_text="For items of the inventory: which one they get.",
    )
    gift_product_key = forms.ChoiceField(
        label="Gift card",
        required=False,
        widget=widgets.UnfoldAdminSelectWidget,
        help_text="For gift cards: the product that is sent. The value above is what the card is worth.",
    )
    increment_min = Number(
        label="From points",
        required=False,
        help_text="To sell it for as many points as people like, as in 500 to 5,000 by 100: the price above then buys "
        "the value once. Empty: one price.",
    )
    increment_max = Number(label="Up to points", required=False)
    increment_step = Number(label="In steps of", required=False)
    acknowledge_within_hours = Number(
        label="Hours to acknowledge",
        initial=24,
        required=False,
        max_value=8760,
        help_text="After that an unacknowledged redemption is cancelled, and the points return.",
    )
    expires_after_days = Number(
        label="Good for days",
        required=False,
        max_value=36500,
        help_text="Coupons expire at the end of the last of so many days after they are issued; their points stay "
        "spent. Empty: they never do.",
    )
    renamed = {"increments": "increment_min", "item": "item_keys"}

    class Meta:
        model = Reward
        fields = (
            "name", "description", "status", "currency", "starts_at", "ends_at", "code_prefix", "product_id", "key",
            "approval", "acknowledgement",
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
            "approval": "Each redemption waits under Redemptions until somebody approves or rejects it.",
            "acknowledgement": "Whether your shop must acknowledge each redemption by API before it counts.",
            "key": "Its name for the API. Left empty, it is made from the name.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        tiers = cast(forms.MultipleChoiceField, self.fields["tier_keys"])
        tiers.choices = [(tier.key, tier.title) for tier in tiers_of(self.business)]
        groups = cast(forms.MultipleChoiceField, self.fields["segment_keys"])
        # Also those that are archived by now: a box that is missing would open the reward to everyone.
        named = segments.live_keys(business=self.business) | set(self.instance.segment_keys)
        groups.choices = [(key, key) for key in sorted(named)]
        pool = cast(forms.ChoiceField, self.fields["code_pool_key"])
        pool.choices = [("", "None"), *((key, key) for key in sorted(pools.live_keys(business=self.business)))]
        item = cast(forms.ChoiceField, self.fields["item_keys"])
        live = inventory.live_items(business=self.business).order_by("set__title", "title")
        shown = [(f"{each.set.key}/{each.key}", f"{each.set.title}: {each.title}") for each in live]
        item.choices = [("", "None"), *shown]
        gift = cast(forms.ChoiceField, self.fields["gift_product_key"])
        offered = gift_orders.offered(business=self.business).order_by("key")
        gift.choices = [("", "None"), *((each.key, f"{each.name} ({each.key})") for each in offered)]
        if "key" in self.fields:
            self.fields["key"].required = False
        if not self.instance._state.adding:
            self.initial = {
                **self.initial,
                **{name: getattr(self.instance, name) for name in SAME},
                "value": rewards.value_of(self.instance),
                "min_spend": rewards.min_spend_of(self.instance),
                "item_keys": "/".join(rewards.item_of(self.instance) or ()),
                "gift_product_key": self.instance.gift_product and self.instance.gift_product.key,
                "code_pool_key": self.instance.code_pool and self.instance.code_pool.key,
            }

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        steps = [given.pop(f"increment_{name}", None) for name in rewards.Increments._fields]
        if any(steps) and not all(steps):
            self.add_error("increment_min", "Fill in all three, or none.")
        given["increments"] = rewards.Increments(*steps) if all(steps) else None
        keys = given.pop("item_keys", None)
        given["item"] = rewards.Item(*keys.split("/")) if keys else None
        for name in ("code_pool_key", "gift_product_key"):
            given[name] = given.get(name) or None
        given["acknowledge_within_hours"] = given.get("acknowledge_within_hours") or 24
        return given

    def write(self) -> Reward:
        given = {name: value for name, value in self.cleaned_data.items() if name != "key" or value}
        changes = cast(rewards.Changes, given)
        if self.instance._state.adding:
            return rewards.create(business=self.business, **changes)
        return rewards.update(business=self.business, reward_id=self.instance.pk, **changes)
