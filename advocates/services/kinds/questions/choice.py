"""Which of these? One of them, or several where the question is `multiple`."""

from collections.abc import Mapping

from advocates.models import Question
from advocates.services.kinds.questions.base import Given, Result, Said
from loyalty.kernel.errors import Invalid

TITLE = "Choice"
HAS_SCORE = False
MOST_OPTIONS = 50


def check(question: Question, *, field: str) -> None:
    options = question.options
    if not 2 <= len(options) <= MOST_OPTIONS or len(set(options)) < len(options) or not all(options):
        raise Invalid(f"Give 2 to {MOST_OPTIONS} different options.", field=field)


def read(question: Question, said: Said, *, field: str) -> Given:
    if question.multiple:
        return _several(question, said, field)
    if said not in question.options:
        raise Invalid("Answer with one of the question's options.", field=field)
    return Given([str(said)])


def spell(question: Question, given: Given) -> Said:
    return given.codes if question.multiple or len(given.codes) > 1 else given.codes[0]


def result(question: Question, *, answers: int, counts: Mapping[str, int]) -> Result:
    """Options that were taken away since are still counted."""
    return Result(
        answers=answers, counts={option: counts.get(option, 0) for option in question.options} | dict(counts)
    )


def _several(question: Question, said: Said, field: str) -> Given:
    if not isinstance(said, list) or not said or set(said) - set(question.options) or len(set(said)) < len(said):
        raise Invalid("Answer with a list of some of the question's options, each once.", field=field)
    return Given([option for option in question.options if option in said])
