"""How likely are you to recommend us, from 0 to 10? The score is promoters minus detractors, −100 to 100."""

from collections.abc import Mapping

from advocates.models import Question
from advocates.services.kinds.questions.base import Given, Result, Said, counted, no_options, number_between, percent

TITLE = "Recommendation, 0 to 10 (NPS)"
HAS_SCORE = True
PROMOTERS, DETRACTORS = range(9, 11), range(7)


def check(question: Question, *, field: str) -> None:
    no_options(question, field=field)


def read(question: Question, said: Said, *, field: str) -> Given:
    return number_between(said, 0, 10, field=field)


def spell(question: Question, given: Given) -> Said:
    return int(given.codes[0])


def result(question: Question, *, answers: int, counts: Mapping[str, int]) -> Result:
    by_number = counted(counts, 0, 10)
    promoters = sum(by_number[str(number)] for number in PROMOTERS)
    detractors = sum(by_number[str(number)] for number in DETRACTORS)
    return Result(answers=answers, score=percent(promoters - detractors, answers), counts=by_number)
