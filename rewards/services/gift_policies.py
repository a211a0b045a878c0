"""What a business does about cards that nobody claims (carried out in `gift_unclaimed`), and whom their page asks."""

from loyalty.kernel.errors import Invalid
from loyalty.models import Business
from rewards.models import GiftPolicy
from rewards.models.gift_policies import LONGEST, MOST_REMINDERS


def current(business: Business) -> GiftPolicy:
    """The policy of a business; one that does nothing, where none was written."""
    return GiftPolicy.objects.for_business(business).first() or GiftPolicy(business=business)


def save(
    *,
    business: Business,
    remind_after_days: int | None = None,
    most_reminders: int = 1,
    give_back_after_days: int | None = None,
    asks_recipient: bool = False,
) -> GiftPolicy:
    """Set all of it; None switches a part off. It holds for cards that are waiting already, too.

    :raises Invalid: if a number is out of range, or cards are taken back before anybody was reminded
    """
    for field, days in (("remindAfterDays", remind_after_days), ("giveBackAfterDays", give_back_after_days)):
        if days is not None and not 1 <= days <= LONGEST:
            raise Invalid(f"Name 1 to {LONGEST:,} days, or nothing.", field=field)
    if not 1 <= most_reminders <= MOST_REMINDERS:
        raise Invalid(f"Remind 1 to {MOST_REMINDERS} times.", field="mostReminders")
    if remind_after_days and give_back_after_days and give_back_after_days <= remind_after_days:
        raise Invalid("Take cards back later than you remind of them.", field="giveBackAfterDays")
    said = {
        "remind_after_days": remind_after_days,
        "most_reminders": most_reminders,
        "give_back_after_days": give_back_after_days,
        "asks_recipient": asks_recipient,
    }
    return GiftPolicy.objects.update_or_create(business=business, defaults=said)[0]
