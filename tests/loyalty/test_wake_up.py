"""Nudges to Celery: few, soon, and never at the cost of the request; the last one is not lost."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from celery import current_app
from django.db import transaction

from loyalty.kernel import clock, jobs, redis

TASK, QUEUE = "webhooks.relay", "relay"


@pytest.fixture
def waker(monkeypatch) -> Iterator[jobs.Waker]:
    """One of our own, once that of the tests before has sent what was still on its way."""
    assert wait_until(lambda: not vars(jobs._waker)["_wanted"], seconds=15)
    time.sleep(2 * jobs.PAUSE_SECONDS)
    redis.client().delete(QUEUE)
    waker = jobs.Waker()
    monkeypatch.setattr(jobs, "_waker", waker)
    yield waker
    monkeypatch.undo()
    vars(waker)["_send"] = lambda names: set()  # its thread lives on; it shall send nothing into the next test


@contextlib.contextmanager
def broker_at(port: int) -> Iterator[None]:
    real = current_app.conf.broker_url
    current_app.conf.update(broker_url=f"redis://127.0.0.1:{port}/0")
    try:
        yield
    finally:
        current_app.conf.update(broker_url=real)


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Somebody takes connections, and never answers: what a paused Redis looks like."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture
def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def sent() -> int:
    return int(redis.client().llen(QUEUE))


def wait_until(condition, *, seconds=5.0):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.005)
    return condition()


class TestWake:
    @pytest.mark.django_db(transaction=True)
    def test_waits_for_the_commit(self, waker):
        with transaction.atomic():
            jobs.wake(TASK)
            time.sleep(0.1)
            before = sent()

        assert wait_until(lambda: sent() == 1)
        assert before == 0

    @pytest.mark.django_db(transaction=True)
    def test_does_nothing_after_a_rollback(self, waker):
        with contextlib.suppress(ZeroDivisionError), transaction.atomic():
            jobs.wake(TASK)
            raise ZeroDivisionError
        time.sleep(0.1)

        assert sent() == 0

    def test_refuses_a_task_that_is_not_there(self):
        with pytest.raises(KeyError):
            jobs.wake("webhooks.nonsense")


class TestNudge:
    def test_is_sent_at_once(self, waker):
        waker.nudge(TASK)
        wait_until(lambda: sent() == 1)
        time.sleep(jobs.PAUSE_SECONDS * 2)
        started = time.monotonic()

        waker.nudge(TASK)

        assert wait_until(lambda: sent() == 2)
        assert time.monotonic() - started < 1

    def test_is_worth_nothing_after_seconds(self, waker):
        """A busy worker drops what has piled up meanwhile, and comes to what waits behind: its heartbeat."""
        waker.nudge(TASK)
        wait_until(lambda: sent() == 1)

        (message,) = redis.client().lrange(QUEUE, 0, -1)
        expires = datetime.fromisoformat(json.loads(message)["headers"]["expires"])
        assert timedelta(0) < expires - clock.wall() < timedelta(seconds=5)

    def test_goes_together_with_others_of_the_moment(self, waker):
        started = time.monotonic()
        for _ in range(2_000):
            waker.nudge(TASK)
            time.sleep(0)
        took = time.monotonic() - started
        time.sleep(0.2)

        assert 1 <= sent() <= 3 + took / jobs.PAUSE_SECONDS

    def test_that_comes_while_another_is_on_its_way_is_sent_after_it(self, waker, monkeypatch):
        """Its task may be looking already, and too early for us."""
        under_way, go_on = threading.Event(), threading.Event()
        publish = waker._publish_over

        def slowly(connection, names):
            under_way.set()
            go_on.wait(5)
            publish(connection, names)

        monkeypatch.setattr(waker, "_publish_over", slowly)
        waker.nudge(TASK)
        under_way.wait(5)

        waker.nudge(TASK)
        go_on.set()

        assert wait_until(lambda: sent() == 2)


class TestBrokerTrouble:
    @pytest.mark.parametrize("port", ["silent_port", "closed_port"])
    def test_hangs_nobody_and_is_left_alone(self, waker, request, monkeypatch, port):
        monkeypatch.setattr(jobs, "REST_SECONDS", 0.5)
        tries = []
        connect = jobs._connect
        monkeypatch.setattr(jobs, "_connect", lambda: tries.append(time.monotonic()) or connect())
        with broker_at(request.getfixturevalue(port)):
            started = time.monotonic()
            for _ in range(1_000):
                waker.nudge(TASK)
            took = time.monotonic() - started
            wait_until(lambda: len(tries) >= 3)

        assert took < 0.5
        assert min(later - earlier for earlier, later in zip(tries, tries[1:], strict=False)) >= 0.5

    @pytest.mark.parametrize("port", ["silent_port", "closed_port"])
    def test_does_not_lose_the_nudge(self, waker, request, monkeypatch, port):
        monkeypatch.setattr(jobs, "REST_SECONDS", 0.2)
        with broker_at(request.getfixturevalue(port)):
            waker.nudge(TASK)
            time.sleep(0.6)

        assert wait_until(lambda: sent() == 1)

    def test_of_a_kept_connection_is_mended_at_once(self, waker):
        waker.nudge(TASK)
        wait_until(lambda: sent() == 1)
        hang_up_on_everybody_else()

        waker.nudge(TASK)

        assert wait_until(lambda: sent() == 2, seconds=2)


def hang_up_on_everybody_else():
    """What a restarted Redis does to open connections; other runs have databases of their own."""
    store = redis.client()
    me = store.client_info()
    for client in store.client_list():
        if client["db"] == str(me["db"]) and client["id"] != str(me["id"]):
            store.client_kill_filter(_id=client["id"])
