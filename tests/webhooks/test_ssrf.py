"""What slipped past the check of a URL, or changed since, is judged again at every try."""

import pytest

from loyalty.kernel import clock
from webhooks.models import Attempt, Delivery, Endpoint
from webhooks.services import sending

pytestmark = pytest.mark.django_db(transaction=True)


HOSTS = [
    *("127.0.0.1", "localhost", "LOCALHOST", "localhost.", "2130706433", "0x7f000001", "017700000001", "127.1"),
    *("0177.0.0.1", "0", "0.0.0.0", "①②⑦.⓪.⓪.①", "127.0.0.1.", "[::ffff:127.0.0.1]", "[::1]", "user@127.0.0.1"),
]


@pytest.fixture
def production(settings):
    """A machine where loopback is as forbidden as in production."""

    def begin():
        settings.WEBHOOKS_ALLOWED_PRIVATE_NETWORKS = []

    return begin


@pytest.fixture
def owed(subscribe, ada, production):
    endpoint = subscribe(topics=["customers/joined"])
    production()
    return endpoint


class TestDelivery:
    def test_to_this_machine_is_never_made(self, subscribe, consumer, ada, production, deliver):
        for host in HOSTS:
            endpoint = subscribe(topics=["customers/joined"])
            Endpoint.objects.filter(pk=endpoint.pk).update(url=f"http://{host}:{consumer.port}/hook")
        production()

        deliver()

        assert (consumer.connections, Attempt.objects.count()) == (0, len(HOSTS))
        assert set(Attempt.objects.values_list("status", flat=True)) == {None}
        assert set(Delivery.objects.values_list("status", flat=True)) == {"pending"}

    def test_is_refused_in_the_same_words_where_somebody_listens_and_where_nobody_does(self, owed, consumer, deliver):
        deliver()
        Endpoint.objects.update(url="http://127.0.0.1:9/hook")
        with clock.moved_to(Delivery.objects.get().next_attempt_at):
            deliver()

        assert set(Attempt.objects.values_list("error", flat=True)) == {sending.REFUSED}
        assert (Attempt.objects.count(), consumer.connections) == (2, 0)

    def test_is_made_where_the_network_is_allowed(self, owed, consumer, deliver, settings):
        """The control."""
        settings.WEBHOOKS_ALLOWED_PRIVATE_NETWORKS = ["127.0.0.1/32"]

        deliver()

        assert (consumer.connections, Delivery.objects.get().status) == (1, "delivered")
