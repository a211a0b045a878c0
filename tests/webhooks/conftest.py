import contextvars
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection

from loyalty.kernel import net
from loyalty.models import Business
from tests.loyalty.nameserver import NameServer, Resolving
from tests.webhooks.consumer import Consumer
from webhooks.models import Endpoint
from webhooks.services import courier, endpoints, relay

Subscribe = Callable[..., Endpoint]


@pytest.fixture
def consumer() -> Iterator[Consumer]:
    consumer = Consumer()
    yield consumer
    consumer.close()


@pytest.fixture
def other_consumer() -> Iterator[Consumer]:
    consumer = Consumer()
    yield consumer
    consumer.close()


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[NameServer]:
    """Who is asked where a name leads: here, all of them, where a test says nothing else."""
    server = NameServer({"*": [[("A", "127.0.0.1")]]})
    monkeypatch.setattr(net, "Guard", lambda allowed=(): Resolving(server, allowed=allowed))
    yield server
    server.close()


@pytest.fixture
def subscribe(acme: Business, consumer: Consumer) -> Subscribe:
    """Register an endpoint, its secret beside it. If nothing is said: Acme's own, at the consumer, for everything."""

    def create(**said: Any) -> Endpoint:
        endpoint, secret = endpoints.create(**{"business": acme, "url": consumer.url, "topics": ["*"], **said})
        vars(endpoint)["secret"] = secret
        return endpoint

    return create


@pytest.fixture
def deliver(transactional_db: None) -> Callable[[], None]:
    """Let a worker do all that is due at the test's time: publish, make deliveries, send them."""

    def work() -> None:
        carrier = courier.Courier()
        in_a_worker(relay.relay)
        in_a_worker(carrier.deliver)
        carrier.wait()

    return work


def in_a_worker(work: Callable[[], None]) -> None:
    """Run in a thread of its own, as Celery does, at the test's moved time; what it raises is raised here."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001  # raised again below
            failed.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=contextvars.copy_context().run, args=(run,))
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
