"""Surveys are written, answered once, and come to a score."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from advocates.models import Answer, Question, Response, Survey
from advocates.services import responses, surveys
from advocates.services.responses import Told
from loyalty.services import accounts
from tests.advocates.voices.conftest import DRINK, NPS
from tests.races import at_once, errors
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db

COFFEE = {
    "title": "How was your coffee?",
    "questions": [
        {"key": "recommend", "kind": "nps", "text": "Would you recommend us?"},
        {"kind": "choice", "text": "What did you have?", "options": ["Espresso", "Tea"], "multiple": True},
        {"kind": "text", "text": "Why?", "required": False},
    ],
}


def said(advocate, *answers):
    return {
        "advocateId": str(advocate.pk),
        "answers": [{"question": key, "answer": answer} for key, answer in answers],
    }


def answer(survey, advocate, score):
    told = [Told("recommend", score)]
    return responses.answer(business=survey.business, survey_id=survey.pk, advocate_id=advocate.pk, answers=told)


class TestWrite:
    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"title": ""}, "title"),
            ({"questions": []}, "questions"),
            ({"questions": [{"kind": "nps", "text": "?"}] * 51}, "questions"),
            ({"questions": [{"kind": "stars", "text": "?"}]}, "questions.0.kind"),
            ({"questions": [{"kind": "nps", "text": ""}]}, "questions.0.text"),
            ({"questions": [{"kind": "choice", "text": "?", "options": ["Tea"]}]}, "questions.0.options"),
            ({"questions": [{"kind": "nps", "text": "?", "options": ["a", "b"]}]}, "questions.0.options"),
            ({"questions": [{"kind": "nps", "text": "?", "colour": "red"}]}, "questions.0.colour"),
            ({"repeatable": 1}, "repeatable"),
        ],
    )
    def test_refuses_what_makes_no_sense(self, api, change, field):
        assert_refused(api.post("/surveys", {**COFFEE, **change}), "VALIDATION_ERROR", field)
        assert not Survey.objects.exists()

    def test_refuses_two_questions_with_one_key(self, api):
        questions = [{"kind": "nps", "text": "?"}, {"kind": "csat", "text": "?", "key": "q1"}]

        refused = api.post("/surveys", {**COFFEE, "questions": questions})

        assert_refused(refused, "CONFLICT", "questions.1.key", status=409)

    def test_refuses_a_key_that_is_taken(self, api, survey):
        assert_refused(api.post("/surveys", {**COFFEE, "key": survey.key}), "CONFLICT", "key", status=409)

    def test_answers_the_survey_with_no_results_yet(self, api):
        answer = api.post("/surveys", COFFEE)

        shown = answer.json()["survey"]
        assert answer.status_code == 201
        assert (shown["key"], shown["responses"], shown["score"]) == ("how-was-your-coffee", 0, None)
        assert [question["key"] for question in shown["questions"]] == ["recommend", "q2", "q3"]
        assert shown["questions"][1] == {
            **COFFEE["questions"][1],
            "key": "q2",
            "required": True,
            "answers": 0,
            "score": None,
            "counts": {"Espresso": 0, "Tea": 0},
        }


class TestAnswerRefuses:
    @pytest.mark.parametrize(
        ("answers", "field"),
        [
            ([], "answers"),
            ([("drink", "Tea")], "answers"),
            ([("recommend", 11)], "answers.0.answer"),
            ([("recommend", 9.5)], "answers.0.answer"),
            ([("recommend", None)], "answers.0.answer"),
            ([("recommend", 9), ("drink", "Milk")], "answers.1.answer"),
            ([("recommend", 9), ("recommend", 9)], "answers.1.question"),
        ],
    )
    def test_what_is_no_answer(self, api, survey, ada, answers, field):
        refused = api.post(f"/surveys/{survey.pk}/responses", said(ada, *answers))

        assert_refused(refused, "VALIDATION_ERROR", field)
        assert not Response.objects.exists()

    def test_a_question_that_is_not_asked(self, api, survey, ada):
        refused = api.post(f"/surveys/{survey.pk}/responses", said(ada, ("recommend", 9), ("age", 30)))

        assert_refused(refused, "NOT_FOUND", "answers.1.question", status=404)

    def test_somebody_of_another_business(self, api, survey, eve):
        refused = api.post(f"/surveys/{survey.pk}/responses", said(eve, ("recommend", 9)))

        assert_refused(refused, "NOT_FOUND", "advocateId", status=404)

    def test_a_survey_of_another_business(self, rival_api, survey, eve):
        refused = rival_api.post(f"/surveys/{survey.pk}/responses", said(eve, ("recommend", 9)))

        assert_refused(refused, "NOT_FOUND", None, status=404)

    def test_somebody_who_is_blocked(self, api, acme, survey, ada):
        accounts.set_blocked(business=acme, account_id=ada.pk, blocked=True)

        refused = api.post(f"/surveys/{survey.pk}/responses", said(ada, ("recommend", 9)))

        assert_refused(refused, "CONFLICT", "advocateId", status=409)

    def test_an_archived_survey(self, api, acme, survey, ada):
        surveys.set_archived(business=acme, survey_id=survey.pk, archived=True)

        refused = api.post(f"/surveys/{survey.pk}/responses", said(ada, ("recommend", 9)))

        assert_refused(refused, "CONFLICT", None, status=409)

    def test_a_second_time(self, api, survey, ada):
        answer(survey, ada, 9)

        refused = api.post(f"/surveys/{survey.pk}/responses", said(ada, ("recommend", 2)))

        assert_refused(refused, "CONFLICT", "advocateId", status=409)


class TestAnswer:
    def test_is_answered_as_it_was_said(self, api, survey, ada):
        told = said(ada, ("why", "The beans."), ("recommend", 9), ("drink", "Tea"))

        response = api.post(f"/surveys/{survey.pk}/responses", told)

        shown = response.json()["response"]
        assert response.status_code == 201
        assert shown == {
            **{key: shown[key] for key in ("id", "createdAt")},
            "surveyId": str(survey.pk),
            "advocateId": str(ada.pk),
            "score": 9,
            "answers": [
                {"question": "recommend", "answer": 9},
                {"question": "drink", "answer": "Tea"},
                {"question": "why", "answer": "The beans."},
            ],
        }

    def test_is_given_again_where_that_is_wanted(self, acme, ada):
        survey = surveys.create(business=acme, title="Today?", questions=[NPS], repeatable=True)

        assert [answer(survey, ada, score).number for score in (3, 9)] == [1, 2]

    @pytest.mark.django_db(transaction=True)
    def test_of_fifty_at_once_is_one(self, survey, ada):
        results = at_once(50, lambda _: answer(survey, ada, 9))

        assert {type(error) for error in errors(results)} == {responses.AlreadyAnswered}
        assert (len(errors(results)), Response.objects.count()) == (49, 1)

    @pytest.mark.django_db(transaction=True)
    def test_is_held_by_the_database_where_nobody_waits_in_a_row(self, survey, ada, monkeypatch):
        """The control: without the lock everybody finds nothing, and the constraint refuses all but one."""
        monkeypatch.setattr(responses.participants, "lock", lambda **_: None)

        results = at_once(50, lambda _: answer(survey, ada, 9))

        assert "IntegrityError" in {type(error).__name__ for error in errors(results)}
        assert Response.objects.count() == 1


class TestResults:
    def test_carry_the_score(self, api, survey, crowd):
        for person, score in zip(crowd, (10, 9, 9, 8, 3), strict=False):
            answer(survey, person, score)

        (listed,) = api.get("/surveys").json()["surveys"]
        asked = listed["questions"][0]
        assert (listed["responses"], listed["score"], asked["score"], asked["answers"]) == (5, 40, 40, 5)
        assert asked["counts"] == {str(n): {3: 1, 8: 1, 9: 2, 10: 1}.get(n, 0) for n in range(11)}

    def test_stand_beside_the_responses(self, api, survey, ada, bob):
        first, second = answer(survey, ada, 9), answer(survey, bob, 0)

        page = api.get(f"/surveys/{survey.pk}/responses").json()
        assert [row["id"] for row in page["responses"]] == [str(second.pk), str(first.pk)]
        assert (page["survey"]["score"], page["survey"]["responses"]) == (0, 2)

    def test_count_several_choices_each(self, acme, api, ada, bob):
        several = surveys.Asked(kind="choice", key="drink", text="?", options=["Espresso", "Tea"], multiple=True)
        survey = surveys.create(business=acme, title="Drinks", questions=[several])
        for person, drinks in ((ada, ["Espresso", "Tea"]), (bob, ["Tea"])):
            told = [Told("drink", drinks)]
            responses.answer(business=acme, survey_id=survey.pk, advocate_id=person.pk, answers=told)

        (question,) = api.get("/surveys").json()["surveys"][0]["questions"]
        assert (question["answers"], question["counts"]) == (2, {"Espresso": 1, "Tea": 2})

    def test_are_never_read_row_by_row(self, api, survey, crowd):
        def asked():
            with CaptureQueriesContext(connection) as queries:
                api.get("/surveys")
            return queries

        answer(survey, crowd[0], 9)
        asked()
        few = asked()
        for person in crowd[1:]:
            answer(survey, person, 9)
        many = asked()

        assert len(many) == len(few)
        assert all("GROUP BY" in query["sql"] for query in many if Answer._meta.db_table in query["sql"])

    def test_of_another_business_are_not_there(self, rival_api, survey, ada):
        answer(survey, ada, 9)

        assert rival_api.get("/surveys").json() == {"surveys": [], "nextCursor": None}
        assert_refused(rival_api.get(f"/surveys/{survey.pk}/responses"), "NOT_FOUND", None, status=404)

    def test_of_archived_surveys_are_found_on_demand(self, api, acme, survey):
        surveys.set_archived(business=acme, survey_id=survey.pk, archived=True)

        assert api.get("/surveys").json()["surveys"] == []
        assert api.get("/surveys", status="archived").json()["surveys"][0]["status"] == "archived"


class TestRewrite:
    def rewritten(self, survey, *questions):
        return surveys.rewrite(survey, title="Coffee", description="", repeatable=False, questions=questions)

    def test_keeps_the_answers_of_a_question_that_stays(self, api, survey, ada):
        answer(survey, ada, 9)

        self.rewritten(survey, surveys.Asked(kind="nps", key="recommend", text="And now?"), DRINK)

        shown = api.get("/surveys").json()["surveys"][0]
        assert [(q["key"], q["text"], q["answers"]) for q in shown["questions"]] == [
            ("recommend", "And now?", 1),
            ("drink", DRINK.text, 0),
        ]

    def test_archives_a_question_that_changes_its_kind(self, api, survey, ada):
        answer(survey, ada, 9)

        self.rewritten(survey, surveys.Asked(kind="csat", key="recommend", text="And now?"))

        (question,) = api.get("/surveys").json()["surveys"][0]["questions"]
        assert (question["kind"], question["answers"]) == ("csat", 0)
        assert Question.objects.filter(key="recommend", kind="nps").get().archived_at
        assert Answer.objects.count() == 1
