"""What the fields of a ladder mean together, whichever door they come through."""

from collections.abc import Iterator

IN_A_YEAR = (1, 2, 3, 4, 6, 12)  # months of periods that begin with the calendar, the same every year
LONGEST = 120  # months
NOBODY_RISES = "Everyone starts on the step from 0, and nobody rises to it. Let an earn rule for signup give this."


def problems(*, basis: str, months: int | None, start: str, downgrade: str) -> Iterator[tuple[str, str]]:
    """The field of the document, and what is wrong with it."""
    if months is None and basis == "periodEarned":
        yield "period", "What is earned in a period needs one, such as {length: P12M, start: join}."
    if months is None and downgrade == "oneStep":
        yield "period", "One step down happens at the end of a period: say which, such as {length: P12M, start: join}."
    if months is not None and start == "calendar" and months not in IN_A_YEAR:
        yield "period.length", "Periods of the calendar have 1, 2, 3, 4, 6 or 12 months."
