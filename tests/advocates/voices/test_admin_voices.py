"""The merchant's side: what waits is approved or rejected with a reason, ideas are answered, surveys are written."""

import pytest

from advocates import models  # by the module: names that begin with Test look like tests
from advocates.models import Board, Idea, IdeaDecision, Question, Survey
from advocates.services import boards, responses, testimonials
from advocates.services.responses import Told
from tests import dashboards

pytestmark = pytest.mark.django_db

SURVEY = {
    "title": "How was it?", "description": "", "key": "",
    "questions-TOTAL_FORMS": "2", "questions-INITIAL_FORMS": "0",
    "questions-0-position": "0", "questions-0-key": "recommend", "questions-0-kind": "nps",
    "questions-0-text": "Would you recommend us?", "questions-0-options": "", "questions-0-required": "on",
    "questions-1-position": "1", "questions-1-key": "drink", "questions-1-kind": "choice",
    "questions-1-text": "What did you have?", "questions-1-options": "Espresso\nTea",
}  # fmt: skip


@pytest.fixture
def olga(acme):
    return dashboards.works_for(acme)


@pytest.fixture
def ann(acme):
    return dashboards.works_for(acme, dashboards.Role.ANALYST)


def status_of(row):
    row.refresh_from_db()
    return row.status


def listed(browser, **query):
    return [row.pk for row in browser.get(dashboards.listed(models.Testimonial, **query)).context["cl"].result_list]


def choose(browser, action, *rows, **rest):
    chosen = {"action": action, "_selected_action": [str(row.pk) for row in rows], **rest}
    return browser.post(dashboards.listed(models.Testimonial, status="every"), chosen)


class TestQueue:
    def test_shows_what_waits_first(self, olga, acme, praise):
        waiting, done = praise(), praise()
        testimonials.decide(business=acme, testimonial_id=done.pk, status="approved", by="Olga")

        assert listed(olga) == [waiting.pk]
        assert listed(olga, status="approved") == [done.pk]
        assert listed(olga, status="every") == [done.pk, waiting.pk]

    def test_is_not_moved_by_analysts(self, ann, praise):
        testimonial = praise()

        choose(ann, "approve_chosen", testimonial)
        assert ann.post(dashboards.page(testimonial, "approve"), {}).status_code == 403
        assert status_of(testimonial) == "pending"

    def test_approves_the_chosen_ones_and_says_which_it_cannot(self, olga, praise):
        fine, silent = praise(), praise(consent=False)

        choose(olga, "approve_chosen", fine, silent)

        assert (status_of(fine), status_of(silent)) == ("approved", "pending")
        said = dashboards.text_of(olga.get(dashboards.listed(models.Testimonial)))
        assert "1 approved." in said
        assert "1 stay as they are" in said

    def test_asks_why_before_it_rejects_the_chosen_ones(self, olga, praise):
        spam, more = praise(), praise()

        asked = choose(olga, "reject_chosen", spam, more)
        assert "Reject 2 testimonials?" in dashboards.text_of(asked)
        assert dashboards.text_of(asked).count('name="_selected_action"') == 2
        assert status_of(spam) == "pending"

        assert "This field is required" in dashboards.text_of(choose(olga, "reject_chosen", spam, reason=" "))
        choose(olga, "reject_chosen", spam, more, reason="Spam")
        assert (status_of(spam), status_of(more), spam.reason) == ("rejected", "rejected", "Spam")


class TestOneTestimonial:
    @pytest.mark.parametrize(
        ("button", "status"), [("approve", "approved"), ("reject", "rejected"), ("withdraw", "withdrawn")]
    )
    def test_is_decided_by_whoever_is_signed_in(self, olga, praise, button, status):
        testimonial = praise()

        olga.post(dashboards.page(testimonial, button), {"reason": "Looked at"})

        assert status_of(testimonial) == status
        decision = models.TestimonialDecision.objects.get()
        assert (decision.by, decision.became) == ("owner@acme.example", status)
        assert "owner@acme.example" in dashboards.text_of(olga.get(dashboards.page(testimonial)))

    @pytest.mark.parametrize("button", ["reject", "withdraw"])
    def test_is_not_turned_down_without_a_reason(self, olga, praise, button):
        testimonial = praise()

        olga.post(dashboards.page(testimonial, button), {"reason": ""})

        assert status_of(testimonial) == "pending"

    def test_offers_no_approval_without_consent(self, olga, praise):
        testimonial = praise(consent=False)

        assert olga.post(dashboards.page(testimonial, "approve"), {}).status_code == 403

    def test_shows_text_as_text(self, olga, praise):
        shown = dashboards.text_of(olga.get(dashboards.page(praise(body="<script>alert(1)</script>"))))

        assert "<script>alert(1)" not in shown
        assert "&lt;script&gt;alert(1)" in shown


class TestIdeas:
    def test_are_answered(self, olga, oat_milk):
        olga.post(dashboards.page(oat_milk, "decide"), {"status": "planned", "response": "From May on."})

        assert status_of(oat_milk) == "planned"
        assert (oat_milk.response, IdeaDecision.objects.get().by) == ("From May on.", "owner@acme.example")

    def test_are_not_answered_by_analysts(self, ann, oat_milk):
        assert ann.post(dashboards.page(oat_milk, "decide"), {"status": "planned"}).status_code == 403

    def test_are_listed_by_board(self, olga, acme, oat_milk):
        other = boards.create(business=acme, title="Other")

        def rows(board):
            page = olga.get(dashboards.listed(Idea, board__id__exact=board.pk))
            return [row.pk for row in page.context["cl"].result_list]

        assert (rows(oat_milk.board), rows(other)) == ([oat_milk.pk], [])


class TestBoards:
    def test_are_opened_renamed_and_archived(self, olga):
        olga.post("/admin/advocates/board/add/", {"title": "Wishes", "description": "", "key": ""})
        board = Board.objects.get()
        assert board.key == "wishes"

        olga.post(dashboards.page(board), {"title": "Ideas", "description": "All of them"})
        olga.post(dashboards.page(board, "archive"), {})
        board.refresh_from_db()
        assert (board.title, board.key, bool(board.archived_at)) == ("Ideas", "wishes", True)

        olga.post(dashboards.page(board, "reopen"), {})
        board.refresh_from_db()
        assert board.archived_at is None

    def test_say_that_a_key_is_taken(self, olga, board):
        answer = olga.post("/admin/advocates/board/add/", {"title": "More", "description": "", "key": board.key})

        assert "key" in answer.context["adminform"].form.errors


class TestSurveys:
    ADD = "/admin/advocates/survey/add/"

    def test_are_written_with_their_questions(self, olga, acme):
        olga.post(self.ADD, SURVEY)

        survey = Survey.objects.for_business(acme).get()
        asked = Question.objects.for_business(acme).filter(survey=survey).order_by("position")
        assert survey.key == "how-was-it"
        assert list(asked.values_list("key", "kind", "options", "required")) == [
            ("recommend", "nps", [], True),
            ("drink", "choice", ["Espresso", "Tea"], False),
        ]

    @pytest.mark.parametrize(
        "change",
        [
            {"questions-TOTAL_FORMS": "0"},
            {"questions-1-options": "Tea"},
            {"questions-0-options": "Tea\nMilk"},
            {"questions-1-key": "recommend"},
            {"questions-0-kind": "stars"},
        ],
    )
    def test_are_not_written_when_a_question_makes_no_sense(self, olga, change):
        assert olga.post(self.ADD, {**SURVEY, **change}).status_code == 200
        assert not Survey.objects.exists()

    def test_keep_the_kind_of_a_question_that_was_answered(self, olga, acme, ada):
        olga.post(self.ADD, SURVEY)
        survey, question = Survey.objects.get(), Question.objects.get(key="recommend")
        told = [Told("recommend", 9)]
        responses.answer(business=acme, survey_id=survey.pk, advocate_id=ada.pk, answers=told)
        form = {**SURVEY, "questions-TOTAL_FORMS": "1", "questions-INITIAL_FORMS": "1"}
        form |= {"questions-0-id": str(question.pk), "questions-0-survey": str(survey.pk)}

        kind = olga.post(dashboards.page(survey), {**form, "questions-0-kind": "csat"})
        gone = olga.post(dashboards.page(survey), {**form, "questions-0-DELETE": "on"})

        assert "It has been answered" in dashboards.text_of(kind)
        assert gone.status_code == 200
        assert Question.objects.get(pk=question.pk).kind == "nps"

    def test_show_what_they_came_to(self, olga, acme, survey, ada, bob):
        for person, score in ((ada, 10), (bob, 3)):
            told = [Told("recommend", score), Told("why", f"{score} <b>beans</b>")]
            responses.answer(business=acme, survey_id=survey.pk, advocate_id=person.pk, answers=told)

        shown = olga.get(dashboards.page(survey))
        figures = {figure.title: figure.value for figure in shown.context["summary"]}
        assert (figures["Responses"], figures["Score"]) == ("2", "0")
        assert "3 &lt;b&gt;beans" in dashboards.text_of(shown)

    def test_are_archived_and_opened_again(self, olga, survey):
        for button, is_archived in (("archive", True), ("reopen", False)):
            olga.post(dashboards.page(survey, button), {})
            survey.refresh_from_db()
            assert bool(survey.archived_at) == is_archived
