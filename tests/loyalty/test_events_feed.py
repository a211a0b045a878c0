"""GET /events: what happened, in the order of its publication, as webhooks say it."""

import json
from uuid import uuid4

import pytest
from django.db import connection

from loyalty.models import Event, EventBody
from loyalty.services import publication
from tests.refusals import assert_refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def busy(ada, bob, eve, give):
    """Three people joined; Ada earned three times, Bob once."""
    for person, amount in ((ada, 1), (bob, 2), (ada, 3), (ada, 4)):
        give(person, amount)
    publication.publish()


def read(api, **query):
    response = api.get("/events", **query)
    assert response.status_code == 200, response.content
    return response.json()["events"]


class TestRefuses:
    def test_without_a_key(self, anonymous_api):
        assert anonymous_api.get("/events").status_code == 401

    @pytest.mark.parametrize(
        ("field", "value"),
        [("topic", "x" * 61), ("advocateId", "ada"), ("cursor", "made-up"), ("limit", "101"), ("page", "1")],
    )
    def test_a_parameter_that_makes_no_sense(self, api, field, value):
        assert_refused(api.get("/events", **{field: value}), "VALIDATION_ERROR", field)

    def test_the_cursor_of_another_business(self, api, rival_api, busy, eve, give):
        give(eve, 1)
        publication.publish()
        cursor = rival_api.get("/events", limit=1).json()["nextCursor"]

        assert_refused(api.get("/events", cursor=cursor), "VALIDATION_ERROR", "cursor")


class TestFeed:
    def test_is_what_webhooks_send_byte_for_byte(self, api, busy, acme):
        bodies = EventBody.objects.for_business(acme).order_by("event__position").values_list("body", flat=True)

        assert api.get("/events").content == b'{"events":[' + b",".join(map(bytes, bodies)) + b'],"nextCursor":null}'

    def test_holds_nothing_of_another_business(self, api, acme, busy, eve):
        assert {event["businessId"] for event in read(api)} == {str(acme.pk)}
        assert read(api, advocateId=str(eve.pk)) == read(api, advocateId=str(uuid4())) == []

    def test_leaves_out_what_is_not_published(self, api, busy, ada, give):
        give(ada, 9)

        assert len(read(api)) == 6

    def test_by_topic_and_by_family(self, api, busy):
        assert [event["data"]["points"] for event in read(api, topic="points/earned")] == [1, 2, 3, 4]
        assert len(read(api, topic="points/*")) == 4
        assert len(read(api, topic="customers/*")) == 2
        assert read(api, topic="points") == read(api, topic="points/nothing") == []

    def test_by_person(self, api, busy, ada):
        assert [event["sequence"] for event in read(api, advocateId=str(ada.pk))] == [1, 2, 3, 4]
        assert len(read(api, advocateId=str(ada.pk), topic="points/earned")) == 3

    @pytest.mark.parametrize("query", [{}, {"topic": "points/*"}])
    def test_goes_on_where_it_ended(self, api, busy, bob, give, query):
        first = api.get("/events", limit=2, **query).json()
        give(bob, 5)
        publication.publish()
        rest = api.get("/events", cursor=first["nextCursor"], **query).json()
        give(bob, 6)
        publication.publish()
        more = read(api, cursor=first["nextCursor"], **query)

        assert rest["nextCursor"] is None
        assert [event["id"] for event in more[: len(rest["events"])]] == [event["id"] for event in rest["events"]]
        assert [event["data"].get("points") for event in more[-2:]] == [5, 6]

    def test_a_long_page_asks_no_more_than_a_short_one(self, api, busy, django_assert_num_queries):
        read(api)

        for limit in (1, 6):
            with django_assert_num_queries(1):
                assert len(read(api, limit=limit)) == limit


class TestIndexes:
    @pytest.mark.parametrize(
        ("filters", "index"), [({}, "one_event_per_position"), ({"topic": "points/spent"}, "events_by_topic")]
    )
    def test_serve_the_feed(self, acme, filters, index):
        rows = Event.objects.for_business(acme)
        rows.bulk_create(
            Event(business=acme, topic="points/earned", facts={}, position=position, created_at=acme.created_at)
            for position in range(1, 5_001)
        )

        with connection.cursor() as cursor:
            cursor.execute("ANALYZE loyalty_event")

        plan = rows.filter(position__isnull=False, **filters).order_by("position")[:21].explain(format="json")

        assert index in json.dumps(plan)
