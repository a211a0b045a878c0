"""A worker gets over a Redis that hangs just when it reports what it has done."""

from urllib.parse import urlsplit

import pytest
from celery import current_app
from django.conf import settings
from kombu.transport import redis as transport

from config import broker
from tests.faults import Proxy

QUEUE = "of-a-worker-with-one-place"


@pytest.fixture
def proxy():
    proxy = Proxy(urlsplit(settings.REDIS_URL).port)
    yield proxy
    proxy.close()


@pytest.fixture
def connection(proxy):
    """A worker's, that may have one message at a time, and waits half a second for an answer."""
    url = urlsplit(settings.REDIS_URL)
    through = url._replace(netloc=url.netloc.replace(str(url.port), str(proxy.port))).geturl()
    with current_app.connection_for_read(through, transport_options={"socket_timeout": 0.5}) as connection:
        yield connection


def is_free_after_a_lost_acknowledgement(connection, proxy, *, lost):
    queue = connection.SimpleQueue(QUEUE)
    queue.channel.basic_qos(0, 1, False)
    queue.put("work")
    message = queue.get(timeout=5)
    proxy.become("hang")
    with pytest.raises(connection.connection_errors):
        lost(message)
    proxy.become("pass")
    return queue.channel.qos.can_consume()


@pytest.mark.parametrize("lost", [lambda message: message.ack(), lambda message: message.reject()])
def test_a_worker_is_free_after_an_acknowledgement_was_lost(connection, proxy, lost):
    assert is_free_after_a_lost_acknowledgement(connection, proxy, lost=lost)


def test_it_would_wait_for_ever_with_the_transport_as_it_comes(connection, proxy, monkeypatch):
    """The control: it is taken to be at work, and may have nothing more."""
    monkeypatch.setattr(transport.Channel, "QoS", broker.QoS.__base__)

    assert not is_free_after_a_lost_acknowledgement(connection, proxy, lost=lambda message: message.ack())
