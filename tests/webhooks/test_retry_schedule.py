"""Ten tries over three days, as rows: nothing of it lives in a broker."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from advocates.services import advocates
from loyalty.kernel import clock
from tests.webhooks.consumer import Says
from webhooks.models import Attempt, Delivery, Endpoint
from webhooks.services import claims, deliveries, outcomes, relay
from webhooks.services.claims import FAILING
from webhooks.services.sending import Answer

pytestmark = pytest.mark.django_db(transaction=True)

WAITS = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]
START = datetime(2027, 3, 1, 12, tzinfo=UTC)
ABSURD = ["1", "-5", "soon", "²", "Wed, 99 Foo 2027 99:99:99 GMT", "9" * 400, f"Wed, 03 Mar {'9' * 20} 12:00:00 GMT"]


@pytest.fixture
def owed(subscribe, acme, ada):
    """One delivery is owed."""
    return subscribe(topics=["customers/joined"])


def try_at(moment, deliver):
    with clock.moved_to(moment):
        deliver()
    return Delivery.objects.get()


class TestSchedule:
    def test_tries_ten_times_at_the_promised_times(self, owed, consumer, deliver):
        consumer.says = Says(status=500)
        times, delivery = [START], try_at(START, deliver)
        while delivery.next_attempt_at:
            times.append(delivery.next_attempt_at)
            delivery = try_at(delivery.next_attempt_at, deliver)

        waits = [(after - before).total_seconds() for before, after in zip(times, times[1:], strict=False)]
        assert [abs(wait / planned - 1) <= 0.2 for wait, planned in zip(waits, WAITS, strict=True)] == [True] * 9
        assert (delivery.status, delivery.attempts_made, len(consumer.heard)) == ("failed", 10, 10)

    def test_begins_anew_when_it_is_asked_for_once_more(self, acme, owed, consumer, deliver):
        consumer.says = Says(status=500)
        delivery = try_at(START, deliver)
        while delivery.next_attempt_at:
            delivery = try_at(delivery.next_attempt_at, deliver)
        again = delivery.attempts.latest("number").at + timedelta(hours=1)

        with clock.moved_to(again):
            assert deliveries.replay(business=acme, endpoint_id=owed.pk, since=START - timedelta(days=9000)) == 1
        delivery = try_at(again, deliver)

        assert (delivery.status, delivery.attempts_made) == ("pending", 11)
        assert abs((delivery.next_attempt_at - again).total_seconds() / WAITS[0] - 1) <= 0.2

    @pytest.mark.parametrize("made", [0, 9])
    @pytest.mark.parametrize("status", [500, 503, 200])
    def test_begins_anew_also_where_the_last_try_is_just_on_its_way(self, acme, owed, status, made):
        """Also where that is the first one, and whatever it asks for."""
        relay.relay()
        Delivery.objects.update(attempts_made=made)
        (claim,) = claims.claim(40)
        asked_at = deliveries.retry(business=acme, delivery_id=claim.id).next_attempt_at

        outcomes.record([(claim, Answer(clock.wall(), status=status, retry_after=timedelta(hours=20)))])

        delivery = Delivery.objects.get()
        due = ("delivered", None) if status == 200 else ("pending", asked_at)
        assert (delivery.status, delivery.next_attempt_at, delivery.attempts_made) == (*due, made + 1)
        assert status == 200 or delivery.attempts_before == made + 1

    def test_spreads_its_retries(self):
        failure = Answer(START, status=500)

        waits = {outcomes.wait_after(3, failure) for _ in range(50)}

        assert len(waits) > 40

    def test_does_not_try_before_the_time(self, owed, consumer, deliver):
        consumer.says = Says(status=500)
        due = try_at(START, deliver).next_attempt_at

        try_at(due - timedelta(seconds=1), deliver)

        assert len(consumer.heard) == 1

    def test_keeps_the_event_id_and_counts_the_attempts(self, owed, consumer, deliver):
        consumer.says = Says(status=503)
        due = try_at(START, deliver).next_attempt_at
        consumer.says = Says()

        delivery = try_at(due, deliver)

        first, second = consumer.heard
        assert first.headers["webhook-id"] == second.headers["webhook-id"]
        assert first.body == second.body
        assert [heard.headers["x-webhook-attempt"] for heard in consumer.heard] == ["1", "2"]
        assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) >= 4
        assert (delivery.status, delivery.next_attempt_at) == ("delivered", None)
        assert list(Attempt.objects.order_by("number").values_list("number", "status")) == [(1, 503), (2, 200)]


class TestRetryAfter:
    def wait_after(self, header, owed, consumer, deliver):
        consumer.says = Says(status=429, headers={"Retry-After": header})
        return try_at(START, deliver).next_attempt_at - START

    def test_is_honoured(self, owed, consumer, deliver):
        assert self.wait_after("600", owed, consumer, deliver) == timedelta(minutes=10)

    def test_is_honoured_as_a_date(self, owed, consumer, deliver):
        date = format_datetime(START + timedelta(hours=2), usegmt=True)

        assert self.wait_after(date, owed, consumer, deliver) == timedelta(hours=2)

    def test_is_honoured_up_to_a_day(self, owed, consumer, deliver):
        assert self.wait_after("999999999", owed, consumer, deliver) == timedelta(hours=24)

    @pytest.mark.parametrize("status", [429, 503])
    def test_of_a_busy_receiver_holds_back_all_that_it_is_owed(self, owed, consumer, deliver, bob, status):
        consumer.says = Says(status=status, headers={"Retry-After": "600"})
        with clock.moved_to(START):
            deliver()
        before = len(consumer.heard)
        consumer.says = Says()

        counts = []
        for seconds in (590, 610):
            with clock.moved_to(START + timedelta(seconds=seconds)):
                advocates.create(business=owed.business, email=f"late-{seconds}@example.com")
                deliver()
            counts.append(len(consumer.heard) - before)

        assert counts == [0, 4]

    def test_of_a_busy_receiver_holds_back_also_where_something_else_arrived(self, owed, consumer, deliver, bob):
        """As of one that takes so many a minute."""
        consumer.says = lambda heard: Says() if heard is consumer.heard[0] else Says(429, {"Retry-After": "600"})
        with clock.moved_to(START):
            deliver()
        first = len(consumer.heard)

        with clock.moved_to(START + timedelta(seconds=590)):
            advocates.create(business=owed.business, email="late@example.com")
            deliver()

        assert (first, len(consumer.heard)) == (2, 2)

    @pytest.mark.parametrize("status", [200, 500])
    def test_of_a_busy_receiver_is_made_no_shorter_by_what_was_on_its_way(self, owed, bob, status):
        Endpoint.objects.update(failures=FAILING - 1, failing_since=START, failed_at=START)
        relay.relay()
        with clock.moved_to(START + timedelta(minutes=1)):
            busy, other = claims.claim(40)
            sent = clock.wall()
            outcomes.record([(busy, Answer(sent, status=429, retry_after=timedelta(minutes=10)))])
            outcomes.record([(other, Answer(sent, status=status))])

        assert Endpoint.objects.get().held_until - sent >= timedelta(minutes=10)

    @pytest.mark.parametrize("header", ABSURD)
    def test_that_is_absurd_leaves_a_success_one(self, owed, consumer, deliver, header):
        consumer.says = Says(headers={"Retry-After": header})

        assert try_at(START, deliver).status == "delivered"

    @pytest.mark.parametrize("header", ABSURD)
    def test_never_hurries_and_never_hurts(self, owed, consumer, deliver, header):
        wait = self.wait_after(header, owed, consumer, deliver)

        assert timedelta(seconds=4) <= wait <= timedelta(hours=24)
