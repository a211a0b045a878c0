"""The catalogue in the dashboard."""

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from loyalty.admin import look
from loyalty.admin.base import ServiceAdmin
from loyalty.admin.panels import Figure
from rewards.admin.reward_form import RewardForm
from rewards.models import Reward
from rewards.services import kinds, rewards

Status = Reward.Status
COLOURS = {Status.ACTIVE: "success", Status.DRAFT: "info"}


COLUMNS = (
    look.column("Type", lambda reward: kinds.KINDS[reward.type].TITLE, order="type"),
    look.column("Price", lambda reward: price(reward), order="points_cost"),
    look.column("Worth", lambda reward: worth(reward)),
    look.column("Left", lambda reward: left(reward)),
    look.column("State", lambda reward: state(reward), order="status"),
    look.moment_of("created_at", "Made"),
)
SEGMENTS = look.column("Only for segments", lambda reward: ", ".join(reward.segment_keys) or "All")
POOL = look.column("Code pool", lambda reward: reward.code_pool or look.NOTHING)
ITEM = look.column("Item", lambda reward: reward.item or look.NOTHING)
GIFT = look.column("Gift card", lambda reward: reward.gift_product or look.NOTHING)
BEFORE = look.column("Before it is issued", lambda reward: before(reward))
TIERS = look.column("Only for tiers", lambda reward: ", ".join(reward.tier_keys) or "All")
LIMIT = look.column("Limit per advocate", lambda reward: reward.per_advocate_limit or "No limit")
GOOD_FOR = look.column("Good for", lambda reward: good_for(reward))
MINIMUM = look.column("Minimum order", lambda reward: rewards.min_spend_of(reward) or look.NOTHING)


@admin.register(Reward)
class RewardAdmin(ServiceAdmin):
    form = RewardForm
    list_display = ("name", *COLUMNS)
    view_fields = (
        *("name", "description", *COLUMNS, MINIMUM, GOOD_FOR, LIMIT, TIERS, SEGMENTS, BEFORE, POOL, ITEM, GIFT),
        *(look.moment_of("starts_at", "From"), look.moment_of("ends_at", "Until"), "code_prefix", "product_id", "key"),
    )
    when_empty = "A reward is what points buy: money off, free shipping, a product."
    list_filter = ("status",)
    search_fields = ("name", "key")
    ordering = ("-created_at",)
    fieldsets = (
        (None, {"fields": ("name", "description", "type", "item_keys", "gift_product_key", "status")}),
        ("Price and worth", {"fields": ("points_cost", "value", "currency", "min_spend")}),
        ("Any number of points", {"fields": ("increment_min", "increment_max", "increment_step")}),
        (
            "Who may have it",
            {"fields": ("stock", "per_advocate_limit", "tier_keys", "segment_keys", "starts_at", "ends_at")},
        ),
        ("Before it is issued", {"fields": ("approval", "acknowledgement", "acknowledge_within_hours")}),
        ("Its coupon", {"fields": ("code_pool_key", "code_prefix", "expires_after_days")}),
        ("For your shop", {"fields": ("product_id", "key")}),
    )
    actions = ("archive",)

    def get_readonly_fields(self, request: HttpRequest, obj: Reward | None = None) -> tuple[str, ...]:
        return ("key",) if obj else ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("business", "code_pool", "item__set", "gift_product")

    def summary(self, request: HttpRequest, reward: Reward) -> Sequence[Figure]:
        return (
            Figure("State", state(reward)),
            Figure("Redeemed", look.points(reward.taken), "pieces, without those given back"),
            Figure("Left", left(reward)),
        )

    @admin.action(description="Archive the chosen rewards", permissions=["act"])
    def archive(self, request: HttpRequest, queryset: QuerySet[Reward]) -> None:
        chosen = list(queryset.exclude(status=Status.ARCHIVED))
        for reward in chosen:
            rewards.update(business=reward.business, reward_id=reward.pk, status=Status.ARCHIVED)
            self.log_change(request, reward, "Archived.")
        messages.success(request, f"{len(chosen)} archived. What is sold stays valid.")


def price(reward: Reward) -> str:
    increments = rewards.increments_of(reward)
    if increments is None:
        return f"{look.points(reward.points_cost)} points"
    return f"{look.points(increments.min)} to {look.points(increments.max)} points"


def before(reward: Reward) -> str:
    """What a redemption waits for."""
    waits = ["approval"] if reward.approval else []
    if reward.acknowledgement == Reward.Acknowledgement.REQUIRED:
        waits.append(f"acknowledgement within {reward.acknowledge_within_hours} hours")
    return ", then ".join(waits).capitalize() or "Nothing"


def good_for(reward: Reward) -> str:
    days = reward.expires_after_days
    return "Ever" if days is None else f"{days:,} days"


def worth(reward: Reward) -> str:
    found = kinds.KINDS[reward.type].worth(reward, times=kinds.ONCE)
    if found.value is None:
        return look.NOTHING
    return f"{found.value} {found.currency}" if found.currency else f"{found.value} %"


def left(reward: Reward) -> object:
    if reward.stock_remaining is None:
        return "No bound"
    return look.points(reward.stock_remaining) if reward.stock_remaining else look.state("None", "danger")


def state(reward: Reward) -> object:
    return look.state(reward.get_status_display(), COLOURS.get(Status(reward.status), ""))
