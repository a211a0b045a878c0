"""What becomes of a testimonial: every step there is, who may not take it, and what remains of it."""

import pytest

from advocates import models  # by the module: names that begin with Test look like tests
from advocates.services import testimonials
from loyalty.models import Event
from tests.races import at_once, errors
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db

STATUSES = ("pending", "approved", "rejected", "withdrawn")
ALLOWED = {
    ("pending", "approved"),
    ("pending", "rejected"),
    ("pending", "withdrawn"),
    ("approved", "rejected"),
    ("approved", "withdrawn"),
    ("rejected", "pending"),
    ("rejected", "approved"),
    ("rejected", "withdrawn"),
}


def decide(testimonial, status, **rest):
    return testimonials.decide(
        business=testimonial.business, testimonial_id=testimonial.pk, status=status, by="olga@acme.example", **rest
    )


def topics_of(advocate):
    events = Event.objects.for_business(advocate.business).filter(account_id=advocate.pk)
    return list(events.order_by("sequence").values_list("topic", flat=True))


class TestRefuses:
    def test_a_status_that_is_none(self, api, praise):
        assert_refused(api.patch(f"/testimonials/{praise().pk}", {"status": "gone"}), "VALIDATION_ERROR", "status")

    def test_to_find_one_of_another_business(self, rival_api, praise):
        refused = rival_api.patch(f"/testimonials/{praise().pk}", {"status": "approved"})

        assert_refused(refused, "NOT_FOUND", None, status=404)

    def test_to_publish_without_consent(self, api, praise):
        testimonial = praise(consent=False)

        refused = api.patch(f"/testimonials/{testimonial.pk}", {"status": "approved"})

        assert_refused(refused, "CONFLICT", "status", status=409)
        testimonial.refresh_from_db()
        assert testimonial.status == "pending"


class TestSteps:
    @pytest.mark.parametrize("became", STATUSES)
    @pytest.mark.parametrize("was", STATUSES)
    def test_are_those_that_make_sense(self, api, praise, was, became):
        testimonial = decide(praise(), was)

        answer = api.patch(f"/testimonials/{testimonial.pk}", {"status": became, "reason": "Looked at"})

        is_allowed = was == became or (was, became) in ALLOWED
        assert answer.status_code == (200 if is_allowed else 409)
        testimonial.refresh_from_db()
        assert testimonial.status == (became if is_allowed else was)

    def test_to_where_it_is_leave_no_trace(self, api, praise, ada):
        testimonial = decide(praise(), "approved")
        before = topics_of(ada)

        api.patch(f"/testimonials/{testimonial.pk}", {"status": "approved", "reason": "Again"})

        assert topics_of(ada) == before
        assert models.TestimonialDecision.objects.count() == 1

    def test_are_history_with_who_when_and_why(self, api, acme, praise):
        testimonial = praise()
        decide(testimonial, "rejected", reason="Spam?")

        api.patch(f"/testimonials/{testimonial.pk}", {"status": "approved", "reason": "No, it is not"})

        steps = models.TestimonialDecision.objects.for_business(acme).filter(testimonial=testimonial).order_by("at")
        assert list(steps.values_list("was", "became", "reason", "by")) == [
            ("pending", "rejected", "Spam?", "olga@acme.example"),
            ("rejected", "approved", "No, it is not", "test"),
        ]

    def test_answer_the_reason_of_the_last_one(self, api, praise):
        answer = api.patch(f"/testimonials/{praise().pk}", {"status": "rejected", "reason": "Off topic"})

        shown = answer.json()["testimonial"]
        assert (shown["status"], shown["reason"]) == ("rejected", "Off topic")


class TestEvents:
    def test_say_what_happened_to_whom(self, praise, ada):
        testimonial = praise()
        for status in ("approved", "rejected", "pending", "withdrawn"):
            decide(testimonial, status)

        assert topics_of(ada)[1:] == [
            "testimonials/submitted",
            "testimonials/approved",
            "testimonials/rejected",
            "testimonials/rejected",
        ]

    def test_know_no_rating_so_that_no_reward_can_depend_on_it(self, acme, praise):
        told = []
        for rating in (1, 5):
            testimonial = decide(praise(rating=rating), "approved")
            events = Event.objects.for_business(acme).filter(facts__testimonialId=str(testimonial.pk))
            told.append([(event.topic, event.facts | {"testimonialId": ""}) for event in events.order_by("sequence")])

        assert told[0] == told[1]
        assert {key for _, facts in told[0] for key in facts} == {"testimonialId", "status"}


@pytest.mark.django_db(transaction=True)
class TestFiftyDecisionsAtOnce:
    def test_approve_once(self, praise, ada):
        testimonial = praise()

        results = at_once(50, lambda _: decide(testimonial, "approved"))

        assert errors(results) == []
        assert topics_of(ada).count("testimonials/approved") == 1
        assert models.TestimonialDecision.objects.count() == 1

    def test_approve_often_without_the_lock(self, praise, ada, monkeypatch):
        """The control: the row as it was read before anybody decided."""
        testimonial = praise()
        monkeypatch.setattr(
            testimonials, "_locked", lambda business, id: models.Testimonial.objects.get(pk=testimonial.pk)
        )
        decide_slowly(monkeypatch)

        at_once(10, lambda _: decide(testimonial, "approved"))

        assert topics_of(ada).count("testimonials/approved") > 1


def decide_slowly(monkeypatch):
    """Let everybody look before anybody writes."""
    import time  # noqa: PLC0415  # this control alone

    may_become = models.Testimonial.may_become

    def slowly(self, status):
        time.sleep(0.2)
        return may_become(self, status)

    monkeypatch.setattr(models.Testimonial, "may_become", slowly)
