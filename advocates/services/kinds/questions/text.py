"""In your own words. They are counted, not judged."""

from collections.abc import Mapping

from advocates.models import Question
from advocates.services.kinds.questions.base import Given, Result, Said, no_options
from loyalty.kernel.errors import Invalid

TITLE = "Text"
HAS_SCORE = False
LONGEST = 5000


def check(question: Question, *, field: str) -> None:
    no_options(question, field=field)


def read(question: Question, said: Said, *, field: str) -> Given:
    if not isinstance(said, str) or not 1 <= len(said.strip()) <= len(said) <= LONGEST:
        raise Invalid(f"Answer with a text of 1 to {LONGEST} characters.", field=field)
    return Given([], said)


def spell(question: Question, given: Given) -> Said:
    return given.text


def result(question: Question, *, answers: int, counts: Mapping[str, int]) -> Result:
    return Result(answers=answers, counts={})
