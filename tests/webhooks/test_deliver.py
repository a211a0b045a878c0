"""From an event to the consumer, over a real socket."""

import itertools
import threading
import time

import aiohttp
import pytest
from django.core import mail
from django.db import OperationalError
from standardwebhooks.webhooks import Webhook

from loyalty.kernel import clock
from loyalty.models import EventBody
from loyalty.services import bodies
from tests.webhooks.conftest import in_a_worker
from tests.webhooks.consumer import Says
from webhooks import tasks
from webhooks.models import Attempt, Delivery
from webhooks.services import claims, courier, outcomes, relay, sending

pytestmark = pytest.mark.django_db(transaction=True)


class TestTasks:
    def test_do_it_all(self, acme, subscribe, consumer, ada):
        subscribe(topics=["customers/joined"])
        consumer.says = Says(status=410)

        for task in (tasks.relay, tasks.deliver, tasks.notify, tasks.purge):
            in_a_worker(task)

        assert len(consumer.heard) == len(mail.outbox) == 1


class TestDeliver:
    def test_sends_what_was_published_byte_for_byte(self, subscribe, consumer, ada, give, deliver):
        endpoint = subscribe(topics=["points/earned"])
        give(ada, 100)

        deliver()

        (heard,) = consumer.heard
        body = EventBody.objects.get(event__topic="points/earned")
        assert heard.body == bytes(body.body)
        assert Webhook(endpoint.secret).verify(heard.body, heard.headers)["type"] == "points/earned"

    def test_tells_the_person_and_the_balance_right_after_the_event(self, subscribe, consumer, ada, give, deliver):
        subscribe(topics=["points/earned"])
        give(ada, 100)
        give(ada, 50)

        deliver()

        heard = sorted((heard.event for heard in consumer.heard), key=lambda event: event["sequence"])
        data = [event["data"] for event in heard]
        assert [each["customer"]["pointBalance"] for each in data] == [100, 150]
        assert [(each["points"], each["type"]) for each in data] == [(100, "credit"), (50, "credit")]

    def test_names_topic_delivery_attempt_and_sequence_in_headers(self, subscribe, consumer, ada, deliver):
        subscribe(topics=["customers/joined"])

        deliver()

        delivery = Delivery.objects.get()
        (heard,) = consumer.heard
        named = {name: value for name, value in heard.headers.items() if name.startswith("x-webhook-")}
        assert named == {
            "x-webhook-topic": "customers/joined",
            "x-webhook-id": str(delivery.pk),
            "x-webhook-attempt": "1",
            "x-webhook-sequence": "1",
        }
        assert heard.headers["webhook-id"] == bodies.public_id(delivery.event_id) == heard.event["id"]

    def test_keeps_the_attempt(self, subscribe, consumer, ada, deliver):
        subscribe(topics=["customers/joined"])
        consumer.says = Says(status=201, body="принято\0".encode() + b"\xff")

        deliver()

        delivery, attempt = Delivery.objects.get(), Attempt.objects.get()
        assert (delivery.status, delivery.next_attempt_at, delivery.leased_until) == ("delivered", None, None)
        assert (attempt.number, attempt.status, attempt.error) == (1, 201, "")
        assert attempt.answer == "принято\ufffd\ufffd"

    def test_keeps_four_kilobytes_of_a_long_answer(self, subscribe, consumer, ada, deliver):
        subscribe(topics=["customers/joined"])
        consumer.says = Says(body=b"x" * 300_000)

        deliver()

        assert Delivery.objects.get().status == "delivered"
        assert len(Attempt.objects.get().answer) == 4096

    def test_is_done_with_an_answer_that_never_ends(self, subscribe, consumer, ada, deliver):
        subscribe(topics=["customers/joined"])
        consumer.says = Says(more=itertools.repeat(b"x" * 65_536))

        deliver()

        attempt = Attempt.objects.get()
        assert (Delivery.objects.get().status, attempt.status, len(attempt.answer)) == ("delivered", 200, 4096)
        assert attempt.duration_ms < 5000

    @pytest.mark.parametrize(("length", "error"), [(65_535, sending.TIMED_OUT), (65_536, "")])
    def test_reads_64_kilobytes_and_waits_for_no_byte_more(
        self, subscribe, consumer, ada, deliver, monkeypatch, length, error
    ):
        monkeypatch.setattr(sending, "TIMEOUT", aiohttp.ClientTimeout(total=1))
        subscribe(topics=["customers/joined"])
        silence = threading.Event()
        consumer.says = Says(body=b"x" * length, more=(b"" for _ in iter(silence.wait, True)))

        deliver()
        silence.set()

        assert Attempt.objects.get().error == error

    def test_counts_what_an_endpoint_is_sent_without_gaps(self, subscribe, consumer, ada, give, deliver):
        subscribe(topics=["points/*"])
        for _ in range(30):
            give(ada, 1)

        deliver()

        sequences = sorted(int(heard.headers["x-webhook-sequence"]) for heard in consumer.heard)
        assert sequences == list(range(1, 31))

    def test_uses_its_connections_again(self, subscribe, consumer, ada, give, deliver, monkeypatch):
        monkeypatch.setattr(claims, "share_of", lambda free: 4)
        subscribe(topics=["points/earned"])
        for _ in range(30):
            give(ada, 1)

        deliver()

        assert len(consumer.heard) == 30
        assert consumer.connections <= 4

    def test_sends_only_what_the_endpoint_is_subscribed_to(self, subscribe, consumer, ada, give, deliver):
        subscribe(topics=["points/redeemed", "customers/*"])
        give(ada, 100)

        deliver()

        assert [heard.headers["x-webhook-topic"] for heard in consumer.heard] == ["customers/joined"]

    def test_sends_nothing_of_another_business(self, subscribe, consumer, ada, eve, rival, deliver):
        subscribe(business=rival)

        deliver()

        assert {heard.event["businessId"] for heard in consumer.heard} == {str(rival.pk)}

    def test_sends_each_event_once_however_often_it_is_called(self, subscribe, consumer, ada, give, deliver):
        subscribe()
        give(ada, 100)

        deliver()
        count = len(consumer.heard)
        deliver()

        assert len(consumer.heard) == count > 0


class TestSecondTask:
    def test_makes_the_one_at_work_look_again(self, subscribe, consumer, ada, give):
        subscribe(topics=["points/earned"])
        consumer.says = Says(hold=2)
        carrier = courier.Courier()
        give(ada, 1)
        relay.relay()
        at_work = threading.Thread(target=in_a_worker, args=(carrier.deliver,))
        at_work.start()
        consumer.wait_for(1)
        give(ada, 2)
        relay.relay()

        started = time.monotonic()
        carrier.deliver()
        returned = time.monotonic() - started
        consumer.wait_for(2)
        at_work.join()

        first, second = consumer.heard
        assert returned < 1
        assert second.at - first.at < 2
        assert set(Delivery.objects.values_list("status", flat=True)) == {"delivered"}

    def test_takes_over_after_a_failure_to_write_down(self, subscribe, consumer, other_consumer, ada, monkeypatch):
        """What was on its way meanwhile, as the slow one's, is left to its lease, too."""
        other_consumer.says = Says(hold=1)
        subscribe(topics=["customers/joined"])
        subscribe(topics=["customers/joined"], url=other_consumer.url)
        relay.relay()
        carrier = courier.Courier()
        with monkeypatch.context() as broken:
            broken.setattr(outcomes, "record", lose_the_connection)
            with pytest.raises(OperationalError):
                in_a_worker(carrier.deliver)

        with clock.moved_to(clock.wall() + claims.LEASE):
            in_a_worker(carrier.deliver)

        assert [len(consumer.heard), len(other_consumer.heard)] == [2, 2]
        assert set(Delivery.objects.values_list("status", flat=True)) == {"delivered"}


class TestSlowDatabase:
    def test_is_not_blamed_on_an_endpoint(self, subscribe, consumer, other_consumer, ada, deliver, monkeypatch):
        """An answer comes while the one before it is written down, which takes longer than a request may."""
        monkeypatch.setattr(sending, "TIMEOUT", aiohttp.ClientTimeout(total=1))
        monkeypatch.setattr(outcomes, "record", slowly(outcomes.record, seconds=1.5))
        other_consumer.says = Says(hold=0.5)
        subscribe(topics=["customers/joined"])
        subscribe(topics=["customers/joined"], url=other_consumer.url)

        deliver()

        assert list(Attempt.objects.values_list("status", flat=True)) == [200, 200]


def slowly(work, *, seconds):
    def wait_and_work(*args):
        time.sleep(seconds)
        work(*args)

    return wait_and_work


def lose_the_connection(results):
    raise OperationalError
