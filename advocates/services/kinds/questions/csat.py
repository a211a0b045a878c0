"""How satisfied are you, from 1 to 5? The score is the share of fours and fives, in per cent."""

from collections.abc import Mapping

from advocates.models import Question
from advocates.services.kinds.questions.base import Given, Result, Said, counted, no_options, number_between, percent

TITLE = "Satisfaction, 1 to 5 (CSAT)"
HAS_SCORE = True
SATISFIED = range(4, 6)


def check(question: Question, *, field: str) -> None:
    no_options(question, field=field)


def read(question: Question, said: Said, *, field: str) -> Given:
    return number_between(said, 1, 5, field=field)


def spell(question: Question, given: Given) -> Said:
    return int(given.codes[0])


def result(question: Question, *, answers: int, counts: Mapping[str, int]) -> Result:
    by_number = counted(counts, 1, 5)
    satisfied = sum(by_number[str(number)] for number in SATISFIED)
    return Result(answers=answers, score=percent(satisfied, answers), counts=by_number)
