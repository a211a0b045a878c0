"""What webhooks and the feed say of testimonials, ideas and surveys."""

import orjson
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from advocates.selectors import voices
from advocates.services import ideas, responses, said, testimonials, votes
from advocates.services.responses import Told
from loyalty.models import Event, EventBody
from loyalty.services import publication
from webhooks.services import topics

pytestmark = pytest.mark.django_db


def published(business, topic):
    """The data of the only event of a topic."""
    publication.publish()
    body = EventBody.objects.for_business(business).get(event__topic=topic).body
    return orjson.loads(bytes(body))["data"]


@pytest.fixture
def answered(acme, survey, ada):
    told = [Told("recommend", 9), Told("why", "The beans.")]
    return responses.answer(business=acme, survey_id=survey.pk, advocate_id=ada.pk, answers=told)


@pytest.fixture
def approved(acme, praise):
    return testimonials.decide(business=acme, testimonial_id=praise().pk, status="approved", by="Olga")


@pytest.fixture
def planned(acme, oat_milk):
    return ideas.decide(business=acme, idea_id=oat_milk.pk, status="planned", response="From May on.", by="Olga")


class TestPublishedBodies:
    @pytest.mark.parametrize(
        ("cause", "topic"),
        [
            ("praise", "testimonials/submitted"),
            ("approved", "testimonials/approved"),
            ("oat_milk", "ideas/submitted"),
            ("planned", "ideas/status_changed"),
            ("answered", "surveys/answered"),
        ],
    )
    def test_have_the_fields_of_their_example(self, acme, request, cause, topic):
        happened = request.getfixturevalue(cause)
        if cause == "praise":
            happened()

        assert set(published(acme, topic)) == set(topics.EXAMPLES[topic])

    def test_of_a_testimonial_say_what_it_says(self, acme, approved, ada):
        data = published(acme, "testimonials/approved")

        assert data.pop("customer")["id"] == str(ada.pk)
        assert data == {
            "id": str(approved.pk),
            "rating": 5,
            "title": "Lovely",
            "body": "The best coffee.",
            "status": "approved",
        }

    def test_show_a_testimonial_as_it_was(self, acme, approved):
        assert published(acme, "testimonials/submitted")["status"] == "pending"

    def test_of_an_idea_say_who_hears_of_it(self, acme, oat_milk, bob):
        votes.cast(business=acme, idea_id=oat_milk.pk, advocate_id=bob.pk)
        votes.take_back(business=acme, idea_id=oat_milk.pk, advocate_id=oat_milk.advocate_id)
        oat_milk.advocate_id = bob.pk
        oat_milk.save(update_fields=["advocate_id"])
        ideas.decide(business=acme, idea_id=oat_milk.pk, status="planned", response="From May on.", by="Olga")

        data = published(acme, "ideas/status_changed")
        assert data.pop("customer")["name"] == "Bob Ross"
        assert data == {
            "id": str(oat_milk.pk),
            "boardId": str(oat_milk.board_id),
            "title": "Oat milk",
            "body": "Please.",
            "status": "planned",
            "previousStatus": "open",
            "votes": 1,
            "response": "From May on.",
            "isAuthor": True,
        }

    def test_of_an_answer_say_what_was_answered(self, acme, answered):
        data = published(acme, "surveys/answered")

        assert (data["id"], data["surveyId"], data["score"]) == (str(answered.pk), str(answered.survey_id), 9)
        assert data["answers"] == [
            {"question": "recommend", "answer": 9},
            {"question": "why", "answer": "The beans."},
        ]


class TestFacts:
    def test_hold_no_text(self, acme, approved, planned, answered):
        events = Event.objects.for_business(acme).exclude(topic__startswith="customers/")
        facts = str(list(events.values_list("facts", flat=True)))

        for text in ("Lovely", "coffee", "Oat", "Please", "May", "beans"):
            assert text not in facts


class TestDescribers:
    CASES = [
        (voices.describe_testimonials, "testimonials/", 1),
        (voices.describe_ideas, "ideas/submitted", 1),
        (voices.describe_moves, "ideas/status_changed", 1),
        (said.describe_answers, "surveys/answered", 2),
    ]

    @pytest.mark.parametrize(("describe", "topic", "queries"), CASES)
    def test_ask_once_a_page_and_tell_no_other_business(
        self, acme, rival, approved, planned, answered, describe, topic, queries
    ):
        page = list(Event.objects.for_business(acme).filter(topic__startswith=topic)) * 3

        with CaptureQueriesContext(connection) as asked:
            assert describe(acme, page)
        assert len(asked) == queries
        assert describe(rival, page) == {}
