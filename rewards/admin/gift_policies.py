"""What becomes of gift cards that nobody opens."""

from django.contrib import admin
from django.http import HttpRequest

from loyalty.admin import look, seats
from loyalty.admin.base import ServiceAdmin
from loyalty.admin.forms import ServiceForm
from rewards.models import GiftPolicy
from rewards.services import gift_policies


class PolicyForm(ServiceForm):
    class Meta:
        model = GiftPolicy
        fields = ("remind_after_days", "most_reminders", "give_back_after_days")
        labels = {
            "remind_after_days": "Remind after days",
            "most_reminders": "Reminders at most",
            "give_back_after_days": "Take back after days",
        }
        help_texts = {
            "remind_after_days": "A recipient who has not opened the card gets the message again. Empty: never.",
            "most_reminders": "For one card, so many days apart. They end when the card is opened.",
            "give_back_after_days": "A card that nobody has opened is cancelled, and what it cost returns to your "
            "deposit. Its link opens nothing from then on. Empty: never. Ask what the law says where your "
            "recipients live.",
        }

    def write(self) -> GiftPolicy:
        return gift_policies.save(business=self.business, **self.cleaned_data)


REMINDERS = look.column("Reminders", lambda row: reminders(row))
GIVE_BACK = look.column("Taken back", lambda row: _after(row.give_back_after_days))


@admin.register(GiftPolicy)
class GiftPolicyAdmin(ServiceAdmin):
    form = PolicyForm
    editors = seats.OWNERS
    list_display = view_fields = (REMINDERS, GIVE_BACK)
    list_display_links = (REMINDERS,)
    when_empty = "Nobody is reminded of a card, and none is taken back. Open the form to change that."
    fieldsets = (
        ("Reminders", {"fields": ("remind_after_days", "most_reminders")}),
        ("Cards that stay unopened", {"fields": ("give_back_after_days",)}),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not self.get_queryset(request).exists()

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        return ("pk",)


def reminders(policy: GiftPolicy) -> str:
    if policy.remind_after_days is None:
        return "None"
    return f"Up to {policy.most_reminders}, each {_after(policy.remind_after_days).lower()}"


def _after(days: int | None) -> str:
    if days is None:
        return "Never"
    return "After 1 day" if days == 1 else f"After {days:,} days"
