"""What a kind of question means: one module per kind, all with the same names, and no `if kind ==` elsewhere.

How to add a kind:

1. Write `advocates/services/kinds/questions/<kind>.py` with the names of `Kind`: start from the one that is nearest.
2. Add it to `KINDS` below. The API, its schema, the dashboard and the webhooks know it from there; a question's kind
   is no enumeration in the database, so there is no migration.
3. Add what it accepts, refuses and comes to, to the tables in `tests/advocates/voices/test_question_kinds.py`; a kind
   without examples fails there.
4. Add its row to the table in `docs/developers/voices.md`.
"""

from collections.abc import Mapping
from typing import Protocol

from advocates.models import Question
from advocates.services.kinds.questions import choice, csat, nps, text
from advocates.services.kinds.questions.base import Given, Result, Said
from loyalty.kernel.errors import Invalid


class Kind(Protocol):
    TITLE: str  # for people
    HAS_SCORE: bool  # whether an answer is a number, and the answers come to a score

    def check(self, question: Question, *, field: str) -> None:
        """:raises Invalid: if the question's options do not fit"""

    def read(self, question: Question, said: Said, *, field: str) -> Given:
        """An answer as it is kept.

        :raises Invalid: if it is none to this question
        """

    def spell(self, question: Question, given: Given) -> Said:
        """What was kept, as callers spell it."""

    def result(self, question: Question, *, answers: int, counts: Mapping[str, int]) -> Result:
        """What so many answers, with their codes so often, come to."""


KINDS: Mapping[str, Kind] = {"nps": nps, "csat": csat, "choice": choice, "text": text}


def kind_of(key: str, *, field: str = "kind") -> Kind:
    """:raises Invalid: if there is no such kind"""
    if key not in KINDS:
        raise Invalid(f"There is no kind {key!r}. Use one of: {', '.join(KINDS)}.", field=field)
    return KINDS[key]
