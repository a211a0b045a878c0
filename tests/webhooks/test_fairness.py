"""A slow or dead endpoint delays no other, and a failing one is not hammered."""

import socket
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest

from loyalty.kernel import clock
from tests.webhooks.conftest import in_a_worker
from tests.webhooks.consumer import Says
from webhooks.models import Attempt, Delivery, Endpoint
from webhooks.services import claims, courier, endpoints, relay, sending

real_commits = pytest.mark.django_db(transaction=True)

START = datetime(2027, 3, 1, 12, tzinfo=UTC)
EVENTS, HOLD = 15, 2.0


@pytest.fixture
def slow_beside_healthy(subscribe, consumer, other_consumer, ada, give, monkeypatch):
    """Both are owed fifteen deliveries by a worker with eight slots."""
    monkeypatch.setattr(courier, "IN_FLIGHT", 8)
    monkeypatch.setattr(courier, "ROUND_SECONDS", HOLD * 1.5)
    consumer.says = Says(hold=HOLD)
    subscribe(topics=["points/earned"])
    subscribe(url=other_consumer.url, topics=["points/earned"])
    for _ in range(EVENTS):
        give(ada, 1)


def seconds_until_the_healthy_has_all(other_consumer, deliver):
    started = time.monotonic()
    while len(other_consumer.heard) < EVENTS:
        deliver()
    return max(heard.at for heard in other_consumer.heard) - started


@real_commits
class TestSlowEndpoint:
    def test_does_not_delay_a_healthy_one(self, slow_beside_healthy, other_consumer, deliver):
        assert seconds_until_the_healthy_has_all(other_consumer, deliver) < HOLD

    def test_would_if_it_could_take_all_that_is_free(self, slow_beside_healthy, other_consumer, deliver, monkeypatch):
        """The control: without the bound on its share the healthy one waits for slots."""
        monkeypatch.setattr(claims, "share_of", lambda free: 1_000)

        assert seconds_until_the_healthy_has_all(other_consumer, deliver) >= HOLD


@real_commits
class TestTask:
    def test_ends_before_the_slow_have_answered_and_the_next_one_serves_the_others(
        self, slow_beside_healthy, consumer, other_consumer, ada, give, monkeypatch
    ):
        monkeypatch.setattr(courier, "ROUND_SECONDS", 0.2)
        carrier = courier.Courier()
        relay.relay()
        in_a_worker(carrier.deliver)
        give(ada, 1)
        relay.relay()
        while len(other_consumer.heard) < EVENTS + 1:
            in_a_worker(carrier.deliver)
        healthy = Delivery.objects.filter(endpoint__url=other_consumer.url)
        before = set(Delivery.objects.exclude(pk__in=healthy.values("pk")).values_list("status", flat=True))
        carrier.wait()

        assert before == {"pending"}
        assert Attempt.objects.exclude(delivery__in=healthy).count() == len(consumer.heard) > 0


@real_commits
class TestFailingEndpoint:
    @pytest.fixture
    def failing(self, subscribe, consumer, ada, give, deliver):
        """Ten deliveries have failed three times, each time together."""
        endpoint = subscribe(topics=["points/earned"])
        consumer.says = Says(status=500)
        for _ in range(10):
            give(ada, 1)
        for minutes in (-10, -9, 0):
            self.later(deliver, minutes=minutes)
        assert len(consumer.heard) == 30
        consumer.heard.clear()
        return endpoint

    def later(self, deliver, **delta):
        with clock.moved_to(START + timedelta(**delta)):
            deliver()

    def test_that_fails_many_times_at_once_has_failed_once(self, subscribe, consumer, ada, give, deliver):
        """So what failed together in a moment of trouble is all tried again after five seconds."""
        endpoint = subscribe(topics=["points/earned"])
        consumer.says = Says(status=500)
        for _ in range(10):
            give(ada, 1)

        self.later(deliver)
        endpoint.refresh_from_db()
        assert (endpoint.failures, endpoint.held_until) == (1, None)
        self.later(deliver, seconds=7)

        assert len(consumer.heard) == 20

    def test_is_left_alone_for_a_while(self, failing, consumer, deliver):
        failing.refresh_from_db()
        Delivery.objects.update(next_attempt_at=START)

        self.later(deliver, seconds=4)

        assert failing.failures == 3
        assert failing.held_until - START == timedelta(seconds=5)
        assert consumer.heard == []

    def test_is_then_tried_with_one_delivery(self, failing, consumer, deliver):
        self.later(deliver, hours=1)

        assert len(consumer.heard) == 1
        assert Endpoint.objects.get().failures == 4

    def test_gets_its_whole_queue_after_one_success(self, failing, consumer, deliver):
        consumer.says = Says()

        self.later(deliver, hours=1)

        assert len(consumer.heard) == 10
        assert set(Delivery.objects.values_list("status", flat=True)) == {"delivered"}
        assert Endpoint.objects.get().failures == 0

    def test_is_tried_at_once_under_another_url(self, acme, failing, other_consumer, deliver):
        endpoints.update(business=acme, endpoint_id=failing.pk, url=other_consumer.url)

        Delivery.objects.update(next_attempt_at=START)

        self.later(deliver, seconds=4)

        assert len(other_consumer.heard) == 10

    def test_is_alone_with_its_trial(self, failing, consumer, deliver):
        consumer.says = lambda heard: Says(hold=0.3)

        self.later(deliver, hours=1)

        first, second, *_ = sorted(heard.at for heard in consumer.heard)
        assert second - first >= 0.3


@real_commits
class TestSlowNameServer:
    def test_delays_nobody_whose_name_is_known(self, subscribe, consumer, ada, give, deliver, monkeypatch):
        """Of a hundred endpoints, whose names are still being looked up when their time is over."""
        is_over = threading.Event()

        def look_up(host, port, *_, **_more):
            if host.startswith("slow"):
                is_over.wait()
                raise socket.gaierror(socket.EAI_AGAIN, "nobody answers")
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        monkeypatch.setattr(sending, "TIMEOUT", aiohttp.ClientTimeout(total=15, connect=2))
        for number in range(100):
            subscribe(topics=["customers/joined"], url=f"http://slow-{number}.example/hook")
        relay.relay()
        subscribe(topics=["points/earned"], url=f"http://fast.example:{consumer.port}/hook")
        give(ada, 1)

        deliver()
        is_over.set()

        assert len(consumer.heard) == 1
        assert Attempt.objects.filter(error=sending.TIMED_OUT).count() == 100


@pytest.mark.django_db
class TestTurns:
    def test_go_round_the_businesses(self, acme, rival, subscribe, ada, eve, give):
        """Nobody's second goes before anybody's first, however many endpoints they have, and however long ago."""
        for number in range(3):
            subscribe(topics=["points/earned"], url=f"http://127.0.0.1:900{number}/hook")
        subscribe(business=rival, topics=["points/earned"])
        give(ada, 1)
        relay.relay()
        give(eve, 1)
        relay.relay()

        claimed = claims.claim(4)

        assert Counter(claim.endpoint.business_id for claim in claimed) == {acme.pk: 1, rival.pk: 1}

    def test_bound_what_one_endpoint_has_in_flight(self, subscribe, ada, give):
        subscribe(topics=["points/earned"])
        for _ in range(20):
            give(ada, 1)
        relay.relay()

        assert [len(claims.claim(40)), len(claims.claim(40)), len(claims.claim(60))] == [10, 0, 5]

    def test_leave_half_to_who_comes_later_though_four_hang(self, subscribe, ada, give, monkeypatch):
        """A quarter for each of the four would be all."""
        for number in range(4):
            subscribe(topics=["points/earned"], url=f"http://127.0.0.1:900{number}/hook")
        for _ in range(20):
            give(ada, 1)
        relay.relay()

        first = len(claims.claim(40))
        assert [first, len(claims.claim(40 - first))] == [20, 0]

        Delivery.objects.update(leased_until=None)
        monkeypatch.setattr(claims, "most_of", lambda free: free)  # the control
        assert len(claims.claim(40)) == 40
