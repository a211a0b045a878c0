"""What slipped past the check of a URL, or changed since, is judged again at every try."""

import pytest

from loyalty.kernel import clock
from webhooks.models import Attempt, Delivery, Endpoint
from webhooks.services import sending

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def owed(subscribe, consumer, ada, settings):
    """A delivery to the consumer, on a machine where loopback is as forbidden as in production."""
    endpoint = subscribe(topics=["customers/joined"])
    settings.WEBHOOKS_ALLOWED_PRIVATE_NETWORKS = []
    return endpoint


class TestDelivery:
    @pytest.mark.parametrize(
        "host",
        [
            *("127.0.0.1", "localhost", "LOCALHOST", "localhost.", "2130706433", "0x7f000001", "017700000001"),
            *("127.1", "0177.0.0.1", "0", "①②⑦.⓪.⓪.①", "[::ffff:127.0.0.1]", "user@127.0.0.1", "[::1]"),
        ],
    )
    def test_to_this_machine_is_not_made(self, owed, consumer, deliver, host):
        Endpoint.objects.update(url=f"http://{host}:{consumer.port}/hook")

        deliver()

        assert (consumer.connections, Attempt.objects.get().status) == (0, None)
        assert Delivery.objects.get().status == "pending"

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
