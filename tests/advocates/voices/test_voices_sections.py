"""Boards and surveys in the programme's document: what is there, what is made so, what is archived."""

import msgspec
import pytest

from advocates.models import Board, Question, Survey
from advocates.services import boards, responses, surveys
from advocates.services.responses import Told
from loyalty.services.programme import sections
from tests.advocates.voices.conftest import NPS

pytestmark = pytest.mark.django_db

SURVEY = {
    "key": "coffee",
    "title": "Coffee",
    "questions": [{"key": "recommend", "kind": "nps", "text": "Would you recommend us?"}],
}


def apply(business, key, items):
    section = sections()[key]
    section.apply(business, msgspec.convert(items, section.shape))


def export(business, key):
    return msgspec.to_builtins(sections()[key].export(business))


def problems(items):
    section = sections()["surveys"]
    return [problem.path for problem in section.check(msgspec.convert(items, section.shape), {})]


class TestBoards:
    def test_are_made_renamed_archived_and_restored(self, acme, rival, board, oat_milk):
        boards.create(business=rival, title="Theirs", key="theirs")
        apply(acme, "boards", [{"key": board.key, "title": "Wishes"}, {"key": "beta", "title": "Beta"}])
        assert [(each["key"], each["title"]) for each in export(acme, "boards")] == [
            ("beta", "Beta"),
            (board.key, "Wishes"),
        ]

        apply(acme, "boards", [])
        assert export(acme, "boards") == []
        assert Board.objects.get(pk=board.pk).idea_count == 1

        apply(acme, "boards", [{"key": board.key, "title": "Wishes"}])
        assert Board.objects.get(pk=board.pk).archived_at is None
        assert len(export(rival, "boards")) == 1

    def test_read_back_as_they_were_written(self, acme):
        items = [{"key": "a", "title": "A", "description": "First"}, {"key": "b", "title": "B", "description": ""}]

        apply(acme, "boards", items)

        assert export(acme, "boards") == items


class TestSurveys:
    @pytest.mark.parametrize(
        ("questions", "path"),
        [
            ([{"key": "a", "kind": "stars", "text": "?"}], "surveys.0.questions.0.kind"),
            ([{"key": "a", "kind": "choice", "text": "?"}], "surveys.0.questions.0.options"),
            ([{"key": "a", "kind": "nps", "text": "?"}] * 2, "surveys.0.questions.1.key"),
        ],
    )
    def test_are_refused_with_the_path_of_what_is_wrong(self, questions, path):
        assert problems([{**SURVEY, "questions": questions}]) == [path]

    def test_are_accepted_otherwise(self):
        assert problems([SURVEY]) == []

    def test_read_back_as_they_were_written(self, acme):
        choice = {"key": "drink", "kind": "choice", "text": "?", "options": ["A", "B"], "multiple": True}
        items = [{**SURVEY, "repeatable": True, "description": "", "questions": [{**choice, "required": False}]}]

        apply(acme, "surveys", items)
        apply(acme, "surveys", items)

        assert export(acme, "surveys") == items
        assert Question.objects.count() == 1

    def test_are_archived_and_restored_with_their_answers(self, acme, rival, ada):
        surveys.create(business=rival, title="Theirs", questions=[NPS])
        apply(acme, "surveys", [SURVEY])
        survey = Survey.objects.for_business(acme).get()
        told = [Told("recommend", 9)]
        responses.answer(business=acme, survey_id=survey.pk, advocate_id=ada.pk, answers=told)

        apply(acme, "surveys", [])
        assert export(acme, "surveys") == []
        apply(acme, "surveys", [SURVEY])

        assert Survey.objects.for_business(acme).get().archived_at is None
        assert Question.objects.for_business(acme).get().archived_at is None
        assert len(export(rival, "surveys")) == 1
