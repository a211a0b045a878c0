"""A delivery is one worker's at a time, and comes back when that worker dies."""

import contextvars
import os
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction

from advocates.services import advocates
from loyalty.kernel import clock
from loyalty.models import Account
from loyalty.services import erasure
from tests import workers
from tests.races import at_once, blocked, errors
from tests.webhooks.conftest import in_a_worker
from tests.webhooks.consumer import Says
from webhooks.models import Attempt, Delivery, Endpoint
from webhooks.services import claims, deliveries, endpoints, outcomes, packing, relay
from webhooks.services.sending import Answer

pytestmark = pytest.mark.django_db
real_commits = pytest.mark.django_db(transaction=True)

WORKER = """
import django
django.setup()
from webhooks.services.courier import courier
courier.deliver()
"""

CHANGES = {
    "disabling": lambda hook: endpoints.update(business=hook.business, endpoint_id=hook.pk, status="disabled"),
    "replay": lambda hook: deliveries.replay(business=hook.business, endpoint_id=hook.pk, since=hook.created_at),
    "deletion": lambda hook: endpoints.delete(business=hook.business, endpoint_id=hook.pk),
}


@pytest.fixture
def owed(subscribe, ada, give):
    """A hundred deliveries are due at one endpoint."""
    endpoint = subscribe(topics=["points/earned"])
    for _ in range(100):
        give(ada, 1)
    relay.relay()
    return endpoint


def record(taken, *, status=200):
    """As of a large table, which is not read from end to end: row by row, in the order of the answers."""
    with connection.cursor() as cursor:
        cursor.execute("SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_seqscan = off")
    outcomes.record([(claim, Answer(clock.wall(), status=status)) for claim in taken])


def start(pool, work):
    """Begin something beside, at the test's time."""
    return pool.submit(contextvars.copy_context().run, in_a_worker, work)


def wait_until(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def claimed_at_once():
    results = at_once(8, lambda _: [claim.id for claim in claims.claim(40)])
    assert errors(results) == []
    return Counter(delivery_id for ids in results for delivery_id in ids)


class TestClaim:
    @real_commits
    def test_by_many_at_once_gives_each_delivery_to_one(self, owed):
        claimed = claimed_at_once()

        assert set(claimed.values()) == {1}
        assert len(claimed) == 10  # a quarter of what one asked for: the bound holds for all of them together

    @real_commits
    def test_by_many_at_once_without_the_locks_does_not(self, owed, monkeypatch):
        """The control."""
        monkeypatch.setattr(claims, "LOCK", claims.LOCK.replace("FOR NO KEY UPDATE OF e SKIP LOCKED", ""))
        monkeypatch.setattr(
            claims, "CLAIM", claims.CLAIM.replace("FROM free WHERE d.id = free.id", "FROM due WHERE d.id = due.id")
        )

        def is_given_twice():
            Delivery.objects.update(leased_until=None)  # or a round without a clash would leave nothing to the next
            return max(claimed_at_once().values()) > 1

        assert any(is_given_twice() for _ in range(20))

    def test_is_answered_once(self, owed):
        claim = claims.claim(4)[0]
        answer = Answer(clock.wall(), status=200)

        outcomes.record([(claim, answer)])
        outcomes.record([(claim, answer)])

        assert (Delivery.objects.get(pk=claim.id).attempts_made, Attempt.objects.count()) == (1, 1)

    def test_whose_lease_was_lost_is_not_answered_any_more(self, owed):
        """A worker that was stopped for a minute comes back with a success; another one is at it by then."""
        late = claims.claim(4)[0]
        with clock.moved_to(clock.wall() + claims.LEASE + timedelta(seconds=1)):
            again = claims.claim(4)[0]
            outcomes.record([(late, Answer(clock.wall(), status=200))])

        delivery = Delivery.objects.get(pk=late.id)
        assert again.id == late.id
        assert (delivery.status, delivery.leased_until) == ("pending", again.leased_until)

    @real_commits
    def test_takes_nothing_that_arrived_and_is_just_being_written_down(self, owed):
        """Its lease is over, as the database was slow: it would be sent again."""
        taken = sorted(claims.claim(40), key=lambda claim: claim.id)
        with ThreadPoolExecutor(1) as pool, clock.moved_to(clock.wall() + claims.LEASE + timedelta(seconds=1)):
            with transaction.atomic():
                Delivery.objects.select_for_update().get(pk=taken[-1].id)
                late = start(pool, lambda: record(taken))
                wait_until(lambda: blocked() == 1)
                claimed = claims.claim(40)
            late.result()

        assert [claim.id for claim in claimed] == [taken[-1].id]
        assert Delivery.objects.filter(status="delivered").count() == len(taken) - 1

    @real_commits
    def test_that_nobody_comes_back_from_counts_as_a_failure_in_the_end(self, subscribe, consumer, ada, deliver):
        subscribe(topics=["customers/joined"])
        relay.relay()
        now = clock.wall()
        for minute in range(3):
            with clock.moved_to(now + timedelta(minutes=minute)):
                claims.claim(4)

        with clock.moved_to(now + timedelta(minutes=4)):
            deliver()

        assert (consumer.heard, Attempt.objects.get().error) == ([], packing.POISONOUS)
        assert Delivery.objects.get().next_attempt_at > now + timedelta(minutes=4)


@real_commits
class TestChangeOfMany:
    """Of an endpoint's deliveries, while what some of them came to is written down."""

    @pytest.mark.parametrize("change", CHANGES)
    def test_and_the_writing_down_do_not_wait_for_each_other(self, owed, change):
        """Somebody holds the row in the middle: they would meet there, one from below and one from above."""
        taken = sorted(claims.claim(40), key=lambda claim: claim.id, reverse=True)
        with ThreadPoolExecutor(2) as pool, transaction.atomic():
            Delivery.objects.select_for_update().get(pk=taken[5].id)
            both = [pool.submit(in_a_worker, lambda: record(taken))]
            wait_until(lambda: blocked() == 1)
            both.append(pool.submit(in_a_worker, lambda: CHANGES[change](owed)))
            wait_until(lambda: blocked() == 2)

        assert [work.exception() for work in both] == [None, None]

    def test_and_the_writing_down_of_what_is_partly_too_late_do_not(self, subscribe, ada, give):
        hook = subscribe(topics=["points/earned"])
        for _ in range(3):
            give(ada, 1)
        relay.relay()
        lost, *_ = sorted(claims.claim(40), key=lambda claim: claim.id)
        with clock.moved_to(clock.wall() + claims.LEASE + timedelta(seconds=1)):
            again, ours, last = sorted(claims.claim(40), key=lambda claim: claim.id)
            record([again])
            with ThreadPoolExecutor(2) as pool, transaction.atomic():
                Delivery.objects.select_for_update().get(pk=last.id)
                both = [start(pool, lambda: CHANGES["replay"](hook))]
                wait_until(lambda: blocked() == 1)
                both.append(start(pool, lambda: record([lost, ours])))
                wait_until(lambda: blocked() == 2)

        assert [work.exception() for work in both] == [None, None]

    def test_of_two_endpoints_that_are_gone_does_not_wait_for_successes_of_both(self, subscribe, ada, give):
        """Some of each are written down by another worker."""
        hooks = [subscribe(topics=["points/earned"]) for _ in range(2)]
        for _ in range(2):
            give(ada, 1)
        relay.relay()
        taken = sorted(claims.claim(40), key=lambda claim: claim.id)
        (first, second), (third, fourth) = ([claim for claim in taken if claim.endpoint == hook] for hook in hooks)
        with ThreadPoolExecutor(2) as pool, transaction.atomic():
            Delivery.objects.select_for_update().get(pk=first.id)
            both = [start(pool, lambda: record([third, first], status=410))]
            wait_until(lambda: blocked() == 1)
            both.append(start(pool, lambda: record([second, fourth])))
            wait_until(lambda: blocked() == 2 or both[1].done())

        assert [work.exception() for work in both] == [None, None]
        assert Counter(Delivery.objects.values_list("status", flat=True)) == {"delivered": 2, "disabled": 2}

    def test_to_none_takes_also_what_is_written_down_meanwhile(self, owed):
        taken = claims.claim(40)

        def write_down_first(execute, sql, *rest):
            if sql == endpoints.DELETE_DELIVERIES:
                pool.submit(in_a_worker, lambda: record(taken))
                wait_until(lambda: blocked() or Attempt.objects.exists())
            return execute(sql, *rest)

        with ThreadPoolExecutor(1) as pool, connection.execute_wrapper(write_down_first):
            CHANGES["deletion"](owed)

        assert [model.objects.count() for model in (Endpoint, Delivery, Attempt)] == [0, 0, 0]


@real_commits
class TestErasure:
    """Of people, while what was answered of them is written down."""

    @pytest.fixture
    def three(self, acme, ada, bob):
        return sorted([ada, bob, advocates.create(business=acme, email="cid@example.com")], key=lambda who: who.pk)

    def test_of_many_and_the_writing_down_do_not_wait_for_each_other(self, acme, subscribe, three, give):
        """Somebody holds the person in the middle."""
        subscribe(topics=["points/earned"])
        for person in reversed(three):
            give(person, 1)
        relay.relay()
        taken = sorted(claims.claim(40), key=lambda claim: claim.sequence)
        with ThreadPoolExecutor(2) as pool, transaction.atomic():
            Account.objects.select_for_update().get(pk=three[1].pk)
            both = [start(pool, lambda: record(taken))]
            wait_until(lambda: blocked() == 1)
            both.append(
                start(pool, lambda: erasure.erase_all(business=acme, account_ids=[person.pk for person in three]))
            )
            wait_until(lambda: blocked() == 2)

        assert [work.exception() for work in both] == [None, None]

    def test_is_waited_for_before_the_endpoint_is_held(self, subscribe, ada):
        """Erasing waits for the relay, which waits for endpoints."""
        subscribe(topics=["customers/joined"])
        relay.relay()
        taken = claims.claim(40)
        with ThreadPoolExecutor(1) as pool:
            with transaction.atomic():
                Account.objects.select_for_update().get(pk=ada.pk)
                late = start(pool, lambda: record(taken, status=500))
                wait_until(lambda: blocked() == 1)
                free = list(Endpoint.objects.select_for_update(skip_locked=True))
            late.result()

        assert len(free) == 1


@real_commits
class TestWorkerKilled:
    def test_while_it_waits_for_an_answer_loses_nothing(self, subscribe, consumer, ada, deliver):
        subscribe(topics=["customers/joined"])
        consumer.says = Says(hold=5)
        relay.relay()
        env = os.environ | {"DATABASE_URL": workers.database_url()}
        worker = subprocess.Popen([sys.executable, "-c", WORKER], env=env)
        consumer.wait_for(1, seconds=30)
        worker.kill()
        worker.wait()
        consumer.says = Says()

        deliver()
        too_early = len(consumer.heard)
        with clock.moved_to(clock.wall() + claims.LEASE):
            deliver()

        assert (too_early, len(consumer.heard)) == (1, 2)
        assert Delivery.objects.get().status == "delivered"
