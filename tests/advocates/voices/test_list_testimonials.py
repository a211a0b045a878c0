"""Testimonials are found by status and rating, page by page, and never another business's."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from advocates.services import testimonials
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db


def ids(answer, key="testimonials"):
    return [row["id"] for row in answer.json()[key]]


@pytest.fixture
def three(acme, praise):
    said = [praise(rating=rating) for rating in (1, 5, 5)]
    testimonials.decide(business=acme, testimonial_id=said[1].pk, status="approved", by="Olga")
    return [str(testimonial.pk) for testimonial in said]


@pytest.mark.parametrize(
    ("name", "value"), [("status", "gone"), ("rating", "6"), ("rating", "x"), ("advocateId", "1"), ("limit", "0")]
)
def test_refuse_a_filter_that_makes_no_sense(api, name, value):
    assert_refused(api.get("/testimonials", **{name: value}), "VALIDATION_ERROR", name)


def test_are_newest_first(api, three):
    answer = api.get("/testimonials")

    assert ids(answer) == three[::-1]
    assert answer.json()["total"] == 3


@pytest.mark.parametrize(
    ("wanted", "places"),
    [({"status": "approved"}, [1]), ({"rating": 5}, [2, 1]), ({"status": "pending", "rating": 5}, [2])],
)
def test_are_found_by_status_and_rating(api, three, wanted, places):
    answer = api.get("/testimonials", **wanted)

    assert ids(answer) == [three[place] for place in places]
    assert answer.json()["total"] == len(places)


def test_are_found_by_author(api, three, praise, bob):
    his = praise(by=bob)

    assert ids(api.get("/testimonials", advocateId=str(bob.pk))) == [str(his.pk)]


def test_go_on_where_the_page_ended(api, three):
    first = api.get("/testimonials", limit=2)
    rest = api.get("/testimonials", limit=2, cursor=first.json()["nextCursor"])

    assert ids(first) + ids(rest) == three[::-1]
    assert rest.json()["nextCursor"] is None


def test_of_another_business_are_not_there(rival_api, three, ada):
    assert ids(rival_api.get("/testimonials")) == []
    assert ids(rival_api.get("/testimonials", advocateId=str(ada.pk))) == []


def test_take_no_cursor_of_another_business(api, rival_api, three):
    cursor = api.get("/testimonials", limit=1).json()["nextCursor"]

    assert_refused(rival_api.get("/testimonials", cursor=cursor), "VALIDATION_ERROR", "cursor")


def test_cost_the_same_for_many(api, praise):
    def asked():
        with CaptureQueriesContext(connection) as queries:
            api.get("/testimonials", limit=100)
        return len(queries)

    praise()
    asked()
    few = asked()
    for _ in range(20):
        praise()

    assert asked() == few
