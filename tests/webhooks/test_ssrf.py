"""Whatever a URL says, and whatever a name leads to by now: nobody inside is ever called, at no try."""

import contextlib
import re

import pytest

from loyalty.kernel import clock, net
from tests.loyalty.destinations import NOT_PUBLIC, UNSAFE
from tests.webhooks.consumer import Consumer, Says
from webhooks.models import Attempt, Delivery, Endpoint
from webhooks.services import sending

pytestmark = pytest.mark.django_db(transaction=True)

HERE, NEIGHBOUR = "127.0.0.1", "127.0.0.2"  # of this machine, too
AUTHORITY = re.compile(r"(//[^/?#]*?)(:\d*)?(?=[/?#]|$)")
HOOK = {"topics": ["customers/joined"]}


@pytest.fixture
def production(settings):
    """A machine where loopback is as forbidden as in production."""

    def begin():
        settings.WEBHOOKS_ALLOWED_PRIVATE_NETWORKS = []

    return begin


@pytest.fixture
def listeners(consumer):
    """At one port of both loopback addresses."""
    both = [consumer]
    with contextlib.suppress(OSError):  # a machine without IPv6
        both.append(Consumer(host="::1", port=consumer.port))
    yield both
    for each in both[1:]:
        each.close()


@pytest.fixture
def owed(subscribe, ada, production):
    endpoint = subscribe(**HOOK)
    production()
    return endpoint


class TestUrl:
    """Each of the table, though every name in it leads to this machine."""

    @pytest.fixture
    def slipped_past(self, subscribe, ada, listeners, names):
        """An endpoint for each that a row can hold."""
        urls = [at(url, listeners[0].port) for url in UNSAFE if "\0" not in url and len(url) < net.MAX_URL]
        for url in urls:
            Endpoint.objects.filter(pk=subscribe(**HOOK).pk).update(url=url)
        return urls

    def test_is_saved_nowhere_and_nobody_is_asked_where_it_leads(self, api, listeners, names, production):
        production()
        hook = api.post("/webhooks", {"url": "https://example.com/", **HOOK}).json()["webhook"]["id"]

        for url in UNSAFE:
            said = {"url": url if has_port(url) else at(url, listeners[0].port)}
            answers = api.post("/webhooks", HOOK | said), api.patch(f"/webhooks/{hook}", said)
            assert [answer.status_code for answer in answers] == [400, 400], url

        assert Endpoint.objects.get().url == "https://example.com/"
        assert (connections_of(listeners), names.asked) == ([0] * len(listeners), {})

    def test_that_slipped_past_is_not_called(self, slipped_past, listeners, production, deliver):
        production()

        deliver()

        errors = dict(Attempt.objects.values_list("delivery__endpoint__url", "error"))
        assert errors.keys() == set(slipped_past)
        assert {errors[url] for url in slipped_past[: len(NOT_PUBLIC)]} == {sending.REFUSED}
        assert set(errors.values()) == {sending.REFUSED, sending.NOT_CONNECTED}  # this: it is no URL to the client
        assert connections_of(listeners) == [0] * len(listeners)
        assert set(Delivery.objects.values_list("status", flat=True)) == {"pending"}

    def test_that_slipped_past_is_called_where_loopback_is_allowed(self, slipped_past, listeners, deliver):
        """The control: the listeners do count, at both addresses."""
        deliver()

        assert min(connections_of(listeners)) > 0


class TestName:
    PUBLIC = [("A", "93.184.216.34")]

    @pytest.fixture
    def shop(self, subscribe, ada, consumer):
        return lambda: subscribe(url=f"http://shop.example:{consumer.port}/hook", **HOOK)

    @pytest.mark.parametrize(
        ("at_save", "at_delivery"),
        [
            (PUBLIC, [("A", HERE)]),
            ([], [("A", "169.254.169.254")]),
            (PUBLIC, [*PUBLIC, ("A", HERE)]),
            (PUBLIC, [("CNAME", "inner.example."), ("CNAME", "deep.example."), ("A", HERE)]),
        ],
        ids=["this machine", "unknown before", "one of two", "alias"],
    )
    def test_that_leads_inside_by_now_is_followed_at_no_try(
        self, shop, consumer, names, production, deliver, at_save, at_delivery
    ):
        production()
        names.names["shop.example"] = [at_save]
        shop()
        assert not names.asked
        names.names["shop.example"] = [at_delivery]

        deliver_twice(deliver)

        assert attempts() == [(1, None, sending.REFUSED), (2, None, sending.REFUSED)]
        assert (consumer.connections, names.asked) == (0, {"shop.example": 2})
        assert Delivery.objects.get().status == "pending"

    def test_that_nobody_knew_at_the_first_try_is_judged_at_the_second(
        self, shop, consumer, names, production, deliver
    ):
        production()
        names.names["shop.example"] = [[], [("A", "169.254.169.254")]]
        shop()

        deliver_twice(deliver)

        assert attempts() == [(1, None, sending.NOT_FOUND), (2, None, sending.REFUSED)]
        assert consumer.connections == 0

    def test_that_turns_inside_between_two_tries_is_followed_once(self, shop, consumer, names, settings, deliver):
        """What is public here is the consumer's address, and its neighbour is not."""
        settings.WEBHOOKS_ALLOWED_PRIVATE_NETWORKS = [f"{HERE}/32"]
        names.names["shop.example"] = [[("A", HERE)], [("A", NEIGHBOUR)]]
        consumer.says = Says(status=500)
        shop()

        deliver_twice(deliver)

        assert attempts() == [(1, 500, ""), (2, None, sending.REFUSED)]
        assert consumer.connections == 1


class TestRefusal:
    def test_is_in_the_same_words_where_somebody_listens_and_where_nobody_does(self, owed, consumer, deliver):
        deliver()
        Endpoint.objects.update(url="http://127.0.0.1:9/hook")
        with clock.moved_to(Delivery.objects.get().next_attempt_at):
            deliver()

        assert attempts() == [(1, None, sending.REFUSED), (2, None, sending.REFUSED)]
        assert consumer.connections == 0

    def test_ends_where_the_network_is_allowed(self, owed, consumer, deliver, settings):
        """The control."""
        settings.WEBHOOKS_ALLOWED_PRIVATE_NETWORKS = [f"{HERE}/32"]

        deliver()

        assert (consumer.connections, Delivery.objects.get().status) == (1, "delivered")


def at(url, port):
    """The URL with this port instead of its own."""
    return AUTHORITY.sub(rf"\1:{port}", url, count=1)


def has_port(url):
    found = AUTHORITY.search(url)
    return bool(found and found[2])


def connections_of(listeners):
    return [each.connections for each in listeners]


def deliver_twice(deliver):
    deliver()
    with clock.moved_to(Delivery.objects.get().next_attempt_at):
        deliver()


def attempts():
    return list(Attempt.objects.order_by("number").values_list("number", "status", "error"))
