"""Names of periods: the same for every moment of one day, week, month or year of a time zone."""

from datetime import datetime
from zoneinfo import ZoneInfo

FORMS = {"none": "", "daily": "%Y-%m-%d", "weekly": "%G-W%V", "monthly": "%Y-%m", "yearly": "%Y"}


def period_of(recurrence: str, *, at: datetime, zone: str) -> str:
    """The period that `at` falls into; empty for what happens once ever."""
    return at.astimezone(ZoneInfo(zone)).strftime(FORMS[recurrence])
