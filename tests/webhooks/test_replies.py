"""Whoever asked for something and named a URL hears there what came of it, like every webhook."""

import re
from collections import defaultdict
from datetime import datetime, timedelta

import pytest
from django.core import mail
from standardwebhooks.webhooks import Webhook

from loyalty import events
from loyalty.events import Happening
from loyalty.kernel import clock
from tests import dashboards
from tests.webhooks.consumer import Says
from webhooks.models import Attempt, Delivery, Endpoint
from webhooks.services import deliveries, endpoints, notices, packing, relay, sending
from webhooks.services.topics import EXAMPLES

pytestmark = pytest.mark.django_db(transaction=True)

TOPIC = "gift_orders/completed"


@pytest.fixture(autouse=True)
def described(monkeypatch):
    """Rewards knows of no such order, and would write another body for it."""
    kept = {topic: known for topic, known in events._describers.items() if topic != "gift_orders/*"}
    monkeypatch.setattr(events, "_describers", defaultdict(list, kept))
    monkeypatch.setattr(events, "_replies", {})
    events.register_describer(lambda _, page: {event.pk: EXAMPLES[TOPIC] for event in page}, TOPIC)


@pytest.fixture
def reply(acme, consumer):
    """Something comes of an order whose URL was this path of the consumer."""

    def happen(path="/orders/1", *, business=acme, server=None):
        server = server or f"http://127.0.0.1:{consumer.port}"
        events.record([Happening(business.pk, TOPIC, reply_to=f"{server}{path}")], now=clock.now(business))

    return happen


def test_an_event_of_somebody_is_no_reply(acme, ada):
    with pytest.raises(ValueError, match="no account"):
        Happening(acme.pk, TOPIC, ada.pk, reply_to="https://example.com/")


class TestReply:
    def test_goes_where_it_was_asked_for_though_nobody_subscribed(self, acme, reply, consumer, deliver):
        reply("/orders/1?key=a%20b")

        deliver()

        (heard,) = consumer.heard
        assert heard.path == "/orders/1?key=a%20b"
        assert heard.event["type"] == heard.headers["x-webhook-topic"] == TOPIC
        assert Delivery.objects.get().status == "delivered"

    def test_goes_to_subscribers_too(self, reply, subscribe, consumer, deliver):
        subscribe(topics=["gift_orders/*"])
        reply()

        deliver()

        assert sorted(heard.path for heard in consumer.heard) == ["/hook", "/orders/1"]
        assert len({heard.headers["webhook-id"] for heard in consumer.heard}) == 1

    def test_is_signed_with_the_secret_of_its_server(self, acme, reply, consumer, deliver):
        reply("/orders/1")
        deliver()
        endpoint = Endpoint.objects.for_business(acme).get(is_reply=True)
        _, secret = endpoints.rotate(business=acme, endpoint_id=endpoint.pk)

        reply("/orders/2")
        deliver()

        heard = consumer.heard[-1]
        assert heard.path == "/orders/2"
        assert Webhook(secret).verify(heard.body, heard.headers)["type"] == TOPIC

    def test_of_another_business_has_an_endpoint_of_its_own(self, acme, rival, reply, consumer, deliver):
        reply()
        reply(business=rival)

        deliver()

        assert len(consumer.heard) == 2
        assert [Endpoint.objects.for_business(each).count() for each in (acme, rival)] == [1, 1]

    def test_is_tried_again_by_the_same_schedule(self, reply, consumer, deliver):
        consumer.says = Says(status=500)
        reply()
        deliver()
        consumer.says = Says()
        with clock.moved_to(clock.wall() + timedelta(seconds=7)):
            deliver()

        assert [heard.headers["x-webhook-attempt"] for heard in consumer.heard] == ["1", "2"]

    def test_that_nobody_wants_any_more_ends_no_other(self, reply, consumer, deliver):
        consumer.says = lambda heard: Says(status=410 if heard.path == "/orders/1" else 200)
        reply("/orders/1")
        deliver()
        reply("/orders/2")
        deliver()

        assert dict(Delivery.objects.values_list("sequence", "status")) == {1: "failed", 2: "delivered"}
        assert Endpoint.objects.get().is_active

    def test_never_goes_inside(self, reply, consumer, deliver, settings):
        settings.WEBHOOKS_ALLOWED_PRIVATE_NETWORKS = []
        reply()

        deliver()

        assert (consumer.connections, Attempt.objects.get().error) == (0, sending.REFUSED)

    def test_is_sent_again_from_the_moment_that_the_mail_names(self, acme, reply, consumer, deliver, monkeypatch):
        """With secrets or without: all that its server was owed when it was disabled, and nothing older."""
        reply("/orders/1")
        deliver()
        later = clock.wall() + timedelta(hours=1)
        with clock.moved_to(later):
            reply("/orders/2")
            relay.relay()
            monkeypatch.setitem(events._replies, TOPIC, lambda *_: b"{}")
            reply("/orders/3")
            relay.relay()
        with clock.moved_to(later + timedelta(minutes=5)):
            endpoints.disable(Endpoint.objects.get(), reason=Endpoint.Reason.FAILING)
            notices.send_due()
        (said,) = re.findall(r"since (.*) UTC", mail.outbox[0].body)
        consumer.heard.clear()

        endpoint = endpoints.update(business=acme, endpoint_id=Endpoint.objects.get().pk, status="active")
        count = deliveries.replay(business=acme, endpoint_id=endpoint.pk, since=datetime.fromisoformat(f"{said}Z"))
        with clock.moved_to(later + timedelta(minutes=6)):
            deliver()

        assert count == 2
        assert sorted(heard.path for heard in consumer.heard) == ["/orders/2", "/orders/3"]
        assert "Nothing is lost" not in mail.outbox[0].body

    def test_is_not_made_once_its_server_is_switched_off(self, acme, reply, consumer, deliver):
        reply()
        deliver()
        endpoints.update(business=acme, endpoint_id=Endpoint.objects.get().pk, status="disabled")

        reply()
        deliver()

        assert len(consumer.heard) == 1


class TestSecretsOfAReply:
    """Whoever reads the database, its backups or the dashboard opens no gift card."""

    LINK = "https://laurel.example/g/nobody-guesses-this"

    @pytest.fixture(autouse=True)
    def _secret(self, monkeypatch):
        events.register_reply(lambda business, event: b'{"ClaimLink": "%s"}' % self.LINK.encode(), TOPIC)

    def stored(self):
        rows = [*Delivery.objects.values_list(), *Attempt.objects.values_list()]
        return (
            b" ".join(bytes(value) for row in rows for value in row if isinstance(value, memoryview))
            + repr(rows).encode()
        )

    def test_arrive_signed_and_the_same_at_each_try(self, acme, reply, consumer, deliver):
        consumer.says = Says(status=500)
        reply()
        deliver()
        _, secret = endpoints.rotate(business=acme, endpoint_id=Endpoint.objects.get().pk)
        with clock.moved_to(clock.wall() + timedelta(seconds=7)):
            deliver()

        first, second = consumer.heard
        assert first.body == second.body == b'{"ClaimLink": "%s"}' % self.LINK.encode()
        assert first.headers["webhook-id"] == second.headers["webhook-id"]
        with clock.moved_to(clock.wall() + timedelta(seconds=7)):
            assert Webhook(secret).verify(second.body, second.headers) == {"ClaimLink": self.LINK}

    def test_are_stored_nowhere_though_the_receiver_repeats_them(self, reply, consumer, deliver):
        consumer.says = lambda heard: Says(body=heard.body)
        reply()

        deliver()

        assert b"nobody-guesses-this" in consumer.heard[0].body
        assert b"nobody-guesses-this" not in self.stored()
        assert Delivery.objects.get().status == "delivered"

    def test_are_shown_neither_in_the_dashboard_nor_by_the_api(self, acme, api, reply, consumer, deliver):
        consumer.says = lambda heard: Says(body=heard.body)
        reply()
        deliver()
        delivery = Delivery.objects.get()

        shown = dashboards.text_of(dashboards.works_for(acme).get(dashboards.page(delivery)))
        listed = api.get(f"/webhooks/{delivery.endpoint_id}/deliveries")

        assert "It may hold the links of gift cards, and is not shown." in shown
        assert listed.json()["deliveries"][0]["status"] == "delivered"
        for text in (shown, listed.content.decode()):
            assert "nobody-guesses-this" not in text

    def test_wait_for_the_key_that_sealed_them(self, reply, consumer, deliver, monkeypatch):
        consumer.says = Says(status=500)
        reply()
        deliver()
        Delivery.objects.update(reply_sealed=b"none" + bytes(40))

        with clock.moved_to(clock.wall() + timedelta(seconds=7)):
            deliver()

        assert (len(consumer.heard), Delivery.objects.get().status) == (1, "pending")
        assert Attempt.objects.latest("number").error == packing.NOT_PREPARED


class TestEndpointForReplies:
    @pytest.fixture
    def path(self, reply, deliver):
        reply()
        deliver()
        return f"/webhooks/{Endpoint.objects.get().pk}"

    @pytest.mark.parametrize("change", [{"url": "https://example.com/"}, {"topics": ["*"]}])
    def test_is_not_turned_into_another(self, api, path, change):
        assert api.patch(path, change).status_code == 409

    def test_has_no_example(self, api, path):
        assert api.post(f"{path}/test").status_code == 400

    def test_is_listed_described_and_switched_off(self, api, path, consumer):
        (shown,) = api.get("/webhooks").json()["webhooks"]
        changed = api.patch(path, {"description": "Gift orders", "status": "disabled"}).json()["webhook"]

        assert (shown["url"], shown["topics"]) == (f"http://127.0.0.1:{consumer.port}", [])
        assert (changed["description"], changed["status"]) == ("Gift orders", "disabled")

    def test_takes_no_place_of_those_that_are_registered(self, api, path, monkeypatch):
        monkeypatch.setattr(endpoints, "MOST", 1)

        assert api.post("/webhooks", {"url": "https://example.com/", "topics": ["*"]}).status_code == 201
