"""Names of periods: the same for every moment of one day, week, month or year of a time zone. And where days end."""

import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

FORMS = {"none": "", "daily": "%Y-%m-%d", "weekly": "%G-W%V", "monthly": "%Y-%m", "yearly": "%Y"}


def zone_for(choice: str, *, programme: str, user: str) -> str:
    """The zone that days are counted in: where it is the user's, who has none goes by the programme's."""
    return user if choice == "user" and user else programme


def day_of(at: datetime, *, zone: str) -> date:
    return at.astimezone(ZoneInfo(zone)).date()


def period_of(recurrence: str, *, at: datetime, zone: str) -> str:
    """The period that `at` falls into; empty for what happens once ever."""
    return at.astimezone(ZoneInfo(zone)).strftime(FORMS[recurrence])


def zones() -> set[str]:
    """Every time zone that Python and PostgreSQL know by the same name."""
    return available_timezones() - {"localtime"}


def end_of(day: date, *, zone: str) -> datetime:
    """The midnight that ends a day. Where clocks leave it out or strike it twice: the later of what it may mean."""
    midnight = datetime.combine(day + timedelta(days=1), time.min, ZoneInfo(zone))
    return max(midnight.astimezone(UTC), midnight.replace(fold=1).astimezone(UTC))


def end_after(moment: datetime, *, days: int, zone: str) -> datetime:
    """The midnight that ends the last of so many days after that of `moment`."""
    return end_of(moment.astimezone(ZoneInfo(zone)).date() + timedelta(days=days), zone=zone)


DURATION = r"^P(?=\d)(?:(\d{1,3})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,5})D)?$(?!\n)"


def months_and_days(duration: str) -> tuple[int, int]:
    """A duration of calendar days, such as P12M, P1Y6M or P2W. It matches `DURATION`."""
    match = re.match(DURATION, duration)
    assert match, "checked by whoever took it in"
    years, months, weeks, days = (int(number or 0) for number in match.groups())
    return 12 * years + months, 7 * weeks + days


def duration_of(months: int, days: int) -> str:
    """The duration, as it is always spelled: P12M, P30D, P1M15D."""
    return f"P{f'{months}M' if months else ''}{f'{days}D' if days or not months else ''}"


def in_words(months: int, days: int) -> str:
    """The duration, as people say it: 12 months, 1 month and 15 days."""
    counted = ((months, "month"), (days, "day"))
    return " and ".join(f"{number} {noun}{'s' * (number != 1)}" for number, noun in counted if number)
