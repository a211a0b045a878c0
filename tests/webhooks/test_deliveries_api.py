"""Looking at what was sent, and sending again."""

from datetime import timedelta

import pytest
from standardwebhooks.webhooks import Webhook

from loyalty.kernel import clock
from tests.webhooks.consumer import Says
from webhooks.models import Attempt, Delivery
from webhooks.services import endpoints, retention
from webhooks.services.topics import EXAMPLES

pytestmark = pytest.mark.django_db(transaction=True)


class TestList:
    def test_shows_every_attempt(self, api, subscribe, consumer, ada, deliver):
        endpoint = subscribe(topics=["customers/joined"])
        consumer.says = Says(status=503, body=b"later")
        deliver()
        consumer.says = Says()
        with clock.moved_to(clock.wall() + timedelta(seconds=7)):
            deliver()

        (delivery,) = api.get(f"/webhooks/{endpoint.pk}/deliveries").json()["deliveries"]
        shown = [(a["number"], a["status"], a["error"], a["response"]) for a in delivery["attempts"]]
        assert shown == [(1, 503, None, "later"), (2, 200, None, "thanks")]
        assert (delivery["status"], delivery["nextAttemptAt"], delivery["topic"]) == (
            "delivered",
            None,
            "customers/joined",
        )
        assert delivery["eventId"] == consumer.heard[0].event["id"]
        assert delivery["attempts"][0]["durationMs"] >= 0

    def test_is_paged_and_filtered(self, api, subscribe, consumer, ada, give, deliver):
        endpoint = subscribe(topics=["points/earned"])
        for _ in range(5):
            give(ada, 1)
        deliver()
        path = f"/webhooks/{endpoint.pk}/deliveries"

        first = api.get(path, limit=3, status="delivered").json()
        second = api.get(path, limit=3, status="delivered", cursor=first["nextCursor"]).json()

        sequences = [delivery["sequence"] for page in (first, second) for delivery in page["deliveries"]]
        assert sequences == [5, 4, 3, 2, 1]
        assert api.get(path, status="failed").json() == {"deliveries": [], "nextCursor": None}
        assert api.get(path, status="lost").status_code == 400

    def test_asks_the_database_as_often_for_five_as_for_one(
        self, api, subscribe, consumer, ada, give, deliver, django_assert_num_queries
    ):
        endpoint = subscribe(topics=["points/earned"])
        for _ in range(5):
            give(ada, 1)
        deliver()
        path = f"/webhooks/{endpoint.pk}/deliveries"
        api.get(path)

        with django_assert_num_queries(3):
            api.get(path, limit=5)
        with django_assert_num_queries(3):
            api.get(path, limit=1)


class TestExample:
    def test_of_every_topic_is_sent_and_signed(self, api, subscribe, consumer, deliver):
        endpoint = subscribe()

        sent = [api.post(f"/webhooks/{endpoint.pk}/test", {"topic": topic}) for topic in EXAMPLES]
        deliver()

        events = [Webhook(endpoint.secret).verify(heard.body, heard.headers) for heard in consumer.heard]
        assert {response.status_code for response in sent} == {202}
        assert {event["type"]: event["data"] for event in events} == EXAMPLES
        assert {event["sequence"] for event in events} == {None}
        assert {event["id"] for event in events} == {r.json()["delivery"]["eventId"] for r in sent}

    def test_is_of_a_topic_that_the_endpoint_hears_of(self, api, subscribe, consumer, deliver):
        endpoint = subscribe(topics=["redemptions/*"])

        refused = api.post(f"/webhooks/{endpoint.pk}/test", {"topic": "points/earned"})
        sent = api.post(f"/webhooks/{endpoint.pk}/test").json()["delivery"]

        assert (refused.status_code, refused.json()["error"]["field"]) == (400, "topic")
        assert sent["topic"] == "redemptions/created"

    def test_takes_a_number_and_leaves_the_feed_alone(self, api, subscribe, consumer, ada, deliver):
        endpoint = subscribe(topics=["customers/*"])
        api.post(f"/webhooks/{endpoint.pk}/test")
        deliver()

        numbers = [heard.headers["x-webhook-sequence"] for heard in consumer.heard]
        assert sorted(numbers) == ["1", "2"]
        assert len(api.get("/events").json()["events"]) == 1

    def test_of_a_callback_speaks_its_language(self, api, subscribe, consumer, deliver):
        endpoint = subscribe(topics=["points/redeemed"], signature_profile="callback-sha512")

        for example in ({}, {"topic": "redemptions/given"}):
            assert api.post(f"/webhooks/{endpoint.pk}/test", example).status_code == 202
        deliver()

        assert sorted(heard.event["tokenRate"] for heard in consumer.heard) == [0, 50]


class TestRetry:
    def test_tries_a_failed_delivery_once_more(self, api, subscribe, consumer, ada, deliver):
        subscribe(topics=["customers/joined"])
        consumer.says = Says(status=500)
        deliver()
        Delivery.objects.update(status="failed", next_attempt_at=None, attempts_made=10)
        Attempt.objects.update(number=10)
        consumer.says = Says()

        response = api.post(f"/webhooks/deliveries/{Delivery.objects.get().pk}/retry")
        deliver()

        assert (response.status_code, response.json()["delivery"]["status"]) == (202, "pending")
        assert consumer.heard[-1].headers["x-webhook-attempt"] == "11"
        assert Delivery.objects.get().status == "delivered"

    def test_lifts_the_hold_of_a_failing_endpoint(self, api, subscribe, consumer, ada, give, deliver):
        subscribe(topics=["points/earned"])
        consumer.says = Says(status=500)
        for _ in range(4):
            give(ada, 1)
        deliver()
        consumer.says = Says()

        api.post(f"/webhooks/deliveries/{Delivery.objects.first().pk}/retry")
        deliver()

        assert Delivery.objects.filter(status="delivered").count() == 1

    def test_of_a_disabled_endpoint_is_refused(self, api, subscribe, consumer, ada, deliver):
        endpoint = subscribe(topics=["customers/joined"])
        deliver()
        endpoints.disable(endpoint, reason=endpoints.Reason.OPERATOR)

        response = api.post(f"/webhooks/deliveries/{Delivery.objects.get().pk}/retry")

        assert (response.status_code, response.json()["error"]["code"]) == (409, "CONFLICT")


class TestReplay:
    def test_sends_again_what_happened_since(self, api, subscribe, consumer, ada, give, deliver):
        endpoint = subscribe(topics=["points/earned"])
        give(ada, 1)
        deliver()
        since = clock.wall()
        give(ada, 2)
        deliver()
        consumer.heard.clear()

        response = api.post(f"/webhooks/{endpoint.pk}/replay", {"from": since.isoformat()})
        deliver()

        assert (response.status_code, response.json()) == (202, {"count": 1})
        assert [heard.event["data"]["points"] for heard in consumer.heard] == [2]
        assert consumer.heard[0].headers["x-webhook-sequence"] == "2"

    def test_sends_what_was_missed_while_the_endpoint_was_disabled(self, api, subscribe, consumer, ada, give, deliver):
        endpoint = subscribe(topics=["points/earned"])
        since = clock.wall()
        give(ada, 1)
        deliver()
        api.patch(f"/webhooks/{endpoint.pk}", {"status": "disabled"})
        give(ada, 2)
        deliver()
        api.patch(f"/webhooks/{endpoint.pk}", {"status": "active"})

        answer = api.post(f"/webhooks/{endpoint.pk}/replay", {"from": since.isoformat()}).json()
        deliver()

        numbered = [(h.event["data"]["points"], h.headers["x-webhook-sequence"]) for h in consumer.heard]
        assert answer == {"count": 2}
        assert sorted(numbered) == [(1, "1"), (1, "1"), (2, "2")]

    def test_sends_nothing_of_others(self, api, subscribe, consumer, ada, eve, give, deliver):
        endpoint = subscribe(topics=["points/earned"])
        give(eve, 5)
        deliver()

        assert api.post(f"/webhooks/{endpoint.pk}/replay", {"from": "2020-01-01T00:00:00Z"}).json() == {"count": 0}

    @pytest.mark.parametrize("body", [{}, {"from": "yesterday"}, {"from": "2026-01-01T00:00:00"}, {"from": 5}])
    def test_refuses_what_is_no_time(self, api, subscribe, body):
        response = api.post(f"/webhooks/{subscribe().pk}/replay", body)

        assert (response.status_code, response.json()["error"]["field"]) == (400, "from")


class TestRetention:
    def test_is_thirty_days_for_attempts(self, subscribe, consumer, ada, give, deliver):
        subscribe(topics=["points/earned"])
        now = clock.wall()
        for days in (31, 29):
            with clock.moved_to(now - timedelta(days=days)):
                give(ada, 1)
                deliver()

        assert retention.purge() == 1
        assert Attempt.objects.get().at > now - timedelta(days=30)
        assert Delivery.objects.count() == 2

    def test_is_a_day_for_the_old_secret(self, acme, subscribe):
        endpoint = subscribe()
        endpoints.rotate(business=acme, endpoint_id=endpoint.pk)
        now, kept = clock.wall(), []
        for hours in (23, 25):
            with clock.moved_to(now + timedelta(hours=hours)):
                retention.purge()
            endpoint.refresh_from_db()
            kept.append(endpoint.old_secret_sealed is not None)

        assert kept == [True, False]
