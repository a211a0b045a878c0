"""A connection is used again, but not for long: a name may lead elsewhere meanwhile."""

import threading
import time

import pytest

from loyalty.kernel import net
from tests.webhooks.conftest import in_a_worker
from tests.webhooks.consumer import Says
from webhooks.models import Attempt
from webhooks.services import courier, relay, sending

pytestmark = pytest.mark.django_db(transaction=True)

HERE, NEIGHBOUR = "127.0.0.1", "127.0.0.2"  # what is public to these tests, and what is not


def test_is_used_for_thirty_seconds_at_most_after_its_address_was_judged():
    """A round begins without any, and makes its last request in a step that began within its time. However slow the
    database is at that: whatever connection is used then was waited for until a time-out, and was idle since.
    """
    assert courier.ROUND_SECONDS + sending.TIMEOUT.total + net.IDLE_SECONDS <= 30


class TestSecondDelivery:
    """To a host that led to the consumer first, and leads inside now."""

    @pytest.fixture(autouse=True)
    def _shop(self, settings, subscribe, names, consumer, other_consumer, ada):
        settings.WEBHOOKS_ALLOWED_PRIVATE_NETWORKS = [f"{HERE}/32"]
        names.names["shop.example"] = [[("A", HERE)], [("A", NEIGHBOUR)]]
        subscribe(topics=["points/earned"], url=f"http://shop.example:{consumer.port}/hook")
        subscribe(topics=["customers/joined"], url=other_consumer.url)
        other_consumer.says = Says(hold=2)  # it keeps the first round open

    @pytest.fixture
    def second(self, ada, give, consumer):
        """Deliver something, and, when the test has waited, something more by the same courier."""
        carrier = courier.Courier()

        def happen():
            give(ada, 1)
            relay.relay()

        def run(wait):
            happen()
            at_work = threading.Thread(target=in_a_worker, args=(carrier.deliver,))
            at_work.start()
            consumer.wait_for(1)
            wait(at_work)
            happen()
            in_a_worker(carrier.deliver)
            at_work.join()
            carrier.wait()

        return run

    def errors(self):
        rows = Attempt.objects.filter(delivery__topic="points/earned").order_by("at")
        return list(rows.values_list("error", flat=True))

    def test_takes_the_same_connection_within_its_time(self, second, consumer, names):
        """The control."""
        second(lambda at_work: time.sleep(0.4))

        assert (self.errors(), consumer.connections, names.asked["shop.example"]) == (["", ""], 1, 1)

    def test_is_judged_anew_where_the_connection_was_idle_for_too_long(self, second, consumer, names, monkeypatch):
        monkeypatch.setattr(net, "IDLE_SECONDS", 0.2)
        monkeypatch.setattr(net, "LOOK_UP_SECONDS", 0.1)

        def until_closed(at_work):
            deadline = time.monotonic() + 1
            while consumer.open:
                assert time.monotonic() < deadline, "it is as open as the round"
                time.sleep(0.01)

        second(until_closed)

        assert (self.errors(), consumer.connections, names.asked["shop.example"]) == (["", sending.REFUSED], 1, 2)

    def test_is_judged_anew_where_the_round_is_over(self, second, consumer, names, monkeypatch):
        """Also while the last answers of that round are waited for, on its open connections."""
        monkeypatch.setattr(courier, "ROUND_SECONDS", 0.1)

        second(lambda at_work: at_work.join())

        assert (self.errors(), consumer.connections, names.asked["shop.example"]) == (["", sending.REFUSED], 1, 2)
