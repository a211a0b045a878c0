"""What becomes of gift cards that nobody claims, and who sees a code."""

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
        fields = ("remind_after_days", "most_reminders", "give_back_after_days", "asks_recipient")
        labels = {
            "remind_after_days": "Remind after days",
            "most_reminders": "Reminders at most",
            "give_back_after_days": "Take back after days",
            "asks_recipient": "Ask where the message went",
        }
        help_texts = {
            "remind_after_days": "A recipient who has not had the code shown gets the message again. Empty: never.",
            "most_reminders": "For one card, so many days apart. They end when the code is shown.",
            "give_back_after_days": "A card whose code nobody has seen is cancelled, and what it cost returns to your "
            "deposit. Its page tells until when. Cards of a remote provider stay: it was paid for them. Empty: never. "
            "Ask what the law says where your recipients live.",
            "asks_recipient": "The code is shown to whoever types the e-mail address or phone number that the card "
            "was sent to. A link that was passed on by mistake shows none. Cards that you send as links ask nothing.",
        }

    def write(self) -> GiftPolicy:
        return gift_policies.save(business=self.business, **self.cleaned_data)


REMINDERS = look.column("Reminders", lambda row: reminders(row))
GIVE_BACK = look.column("Taken back", lambda row: _after(row.give_back_after_days))
ASKS = look.column("Code shown to", lambda row: "The recipient" if row.asks_recipient else "Whoever has the link")


@admin.register(GiftPolicy)
class GiftPolicyAdmin(ServiceAdmin):
    form = PolicyForm
    editors = seats.OWNERS
    list_display = view_fields = (REMINDERS, GIVE_BACK, ASKS)
    list_display_links = (REMINDERS,)
    when_empty = "Nobody is reminded of a card, and none is taken back. Open the form to change that."
    fieldsets = (
        ("Reminders", {"fields": ("remind_after_days", "most_reminders")}),
        ("Cards that nobody claims", {"fields": ("give_back_after_days",)}),
        ("The code", {"fields": ("asks_recipient",)}),
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
