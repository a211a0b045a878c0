"""Taking in what people say: with what, by whom, and with whose consent."""

import pytest

from advocates import models  # by the module: names that begin with Test look like tests
from loyalty.services import accounts
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def said(ada):
    return {
        "advocateId": str(ada.pk),
        "rating": 5,
        "title": "Lovely",
        "body": "The best coffee.",
        "source": "checkout",
        "consent": True,
        "media": ["https://cdn.example.com/cup.jpg"],
    }


class TestRefuses:
    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("rating", 0),
            ("rating", 6),
            ("rating", 4.5),
            ("rating", "5"),
            ("rating", True),
            ("body", ""),
            ("body", "x" * 5001),
            ("title", "x" * 201),
            ("source", ""),
            ("consent", "yes"),
            ("media", "https://cdn.example.com/cup.jpg"),
            ("media", ["https://cdn.example.com/cup.jpg"] * 11),
        ],
    )
    def test_what_makes_no_sense(self, api, said, field, value):
        assert_refused(api.post("/testimonials", {**said, field: value}), "VALIDATION_ERROR", field)
        assert not models.Testimonial.objects.exists()

    @pytest.mark.parametrize(
        "link",
        [
            "http://cdn.example.com/cup.jpg",
            "javascript:alert(1)",
            "https://user:secret@cdn.example.com/cup.jpg",
            "https://",
            "https://[",
            "//cdn.example.com/cup.jpg",
            "https://cdn.example.com/" + "x" * 477,
        ],
    )
    def test_links_that_are_none_to_show(self, api, said, link):
        refused = api.post("/testimonials", {**said, "media": ["https://cdn.example.com/a.jpg", link]})

        assert refused.json()["error"]["field"].startswith("media")
        assert refused.status_code == 400

    @pytest.mark.parametrize("field", ["advocateId", "rating", "body", "consent"])
    def test_to_do_without(self, api, said, field):
        del said[field]

        assert_refused(api.post("/testimonials", said), "VALIDATION_ERROR", field)

    def test_somebody_of_another_business(self, api, said, eve):
        refused = api.post("/testimonials", {**said, "advocateId": str(eve.pk)})

        assert_refused(refused, "NOT_FOUND", "advocateId", status=404)

    def test_somebody_who_is_blocked(self, api, said, acme, ada):
        accounts.set_blocked(business=acme, account_id=ada.pk, blocked=True)

        assert_refused(api.post("/testimonials", said), "CONFLICT", "advocateId", status=409)


class TestSubmit:
    def test_answers_the_testimonial_which_waits(self, api, said):
        answer = api.post("/testimonials", said)

        shown = answer.json()["testimonial"]
        assert answer.status_code == 201
        assert shown == {**said, **{key: shown[key] for key in ("id", "createdAt")}} | {
            "consentAt": shown["createdAt"],
            "status": "pending",
            "reason": None,
            "updatedAt": shown["createdAt"],
        }

    def test_without_consent_keeps_no_time_of_it(self, api, said):
        shown = api.post("/testimonials", {**said, "consent": False}).json()["testimonial"]

        assert (shown["consent"], shown["consentAt"]) == (False, None)

    def test_happens_once_a_key(self, api, said):
        first, again = (api.post("/testimonials", said, Idempotency_Key="order-1").json() for _ in range(2))

        assert first == again
        assert models.Testimonial.objects.count() == 1
