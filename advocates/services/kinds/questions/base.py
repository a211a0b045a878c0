"""What kinds of questions have in common."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from advocates.models import Question
from loyalty.kernel.errors import Invalid

Said = int | str | list[str]  # an answer, as callers spell it


class Given(NamedTuple):
    """An answer as it is kept: what can be counted, and what was written."""

    codes: list[str]
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a question has come to: how many answered it, its score if it has one, how often each code was given."""

    answers: int
    score: int | None = None
    counts: Mapping[str, int]


def percent(part: int, whole: int) -> int | None:
    """In whole per cent, halves upwards; None of nothing. `part` may be negative."""
    return (200 * part + whole) // (2 * whole) if whole else None


def number_between(said: Said, lowest: int, highest: int, *, field: str) -> Given:
    """:raises Invalid: if it is no whole number, or out of range"""
    if not isinstance(said, int) or isinstance(said, bool) or not lowest <= said <= highest:
        raise Invalid(f"Answer with a whole number from {lowest} to {highest}.", field=field)
    return Given([str(said)])


def no_options(question: Question, *, field: str) -> None:
    """:raises Invalid: if a question without options has some"""
    if question.options or question.multiple:
        raise Invalid(f"A question of kind {question.kind} has no options. Leave them out.", field=field)


def counted(counts: Mapping[str, int], lowest: int, highest: int) -> dict[str, int]:
    """How often each number was given, from the lowest to the highest, zeros too."""
    return {str(number): counts.get(str(number), 0) for number in range(lowest, highest + 1)}
