"""Names of periods: the same for every moment of one day, week, month or year of a time zone."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

FORMS = {"none": "", "daily": "%Y-%m-%d", "weekly": "%G-W%V", "monthly": "%Y-%m", "yearly": "%Y"}


def zone_for(choice: str, *, programme: str, user: str) -> str:
    """The zone that days are counted in: where it is the user's, who has none goes by the programme's."""
    return user if choice == "user" and user else programme


def day_of(at: datetime, *, zone: str) -> date:
    return at.astimezone(ZoneInfo(zone)).date()


def period_of(recurrence: str, *, at: datetime, zone: str) -> str:
    """The period that `at` falls into; empty for what happens once ever."""
    return at.astimezone(ZoneInfo(zone)).strftime(FORMS[recurrence])
