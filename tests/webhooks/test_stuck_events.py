"""An event that nobody can describe holds up no other: it is tried again, set aside, and shown to who can help."""

from datetime import timedelta

import pytest
from django.db import OperationalError

from loyalty import events
from loyalty.events import Happening
from loyalty.kernel import clock
from loyalty.models import Event, StuckEvent
from loyalty.services import publication, setbacks
from tests import dashboards
from tests.dashboards import Role
from webhooks.models import Delivery
from webhooks.services import relay

pytestmark = pytest.mark.django_db

MUCH = 100


def choke(business, page):
    """A describer that fails on a hundred points."""
    if any(event.facts.get("amount") == MUCH for event in page):
        raise ZeroDivisionError
    return {}


def make_nonsense(business, page):
    """One that answers what is no JSON."""
    return {event.pk: {"much": 2**99} for event in page if event.facts.get("amount") == MUCH}


def lose_the_connection(business, page):
    raise OperationalError


@pytest.fixture(params=[choke, make_nonsense])
def poison(acme, ada, give, monkeypatch, request):
    """Ada's hundred points, before and behind others."""
    monkeypatch.setitem(events._describers, "points/earned", [request.param])
    for amount in (1, MUCH, 2):
        give(ada, amount)
    return Event.objects.get(facts__amount=MUCH)


@pytest.fixture
def mend(monkeypatch):
    return lambda: monkeypatch.setitem(events._describers, "points/earned", [])


def relay_for(minutes):
    """The relay's runs within so many minutes."""
    start = clock.wall()
    for seconds in range(0, 60 * minutes + 1, 30):
        with clock.moved_to(start + timedelta(seconds=seconds)):
            relay.relay()


class TestStuckEvent:
    def test_holds_up_no_other(self, subscribe, poison):
        subscribe(topics=["points/*"])

        relay.relay()

        assert Event.objects.get(position=None) == poison
        assert Delivery.objects.count() == 2

    def test_is_tried_again_after_a_minute(self, poison, mend):
        relay.relay()
        mend()
        relay.relay()
        waiting = Event.objects.get(position=None)
        with clock.moved_to(clock.wall() + setbacks.TRY_AGAIN_AFTER):
            relay.relay()

        assert waiting == poison
        assert not Event.objects.filter(position=None).exists()
        assert not StuckEvent.objects.exists()

    def test_is_set_aside_after_five_failures(self, poison):
        relay_for(minutes=3)
        before = setbacks.set_aside()
        relay_for(minutes=60)

        stuck = StuckEvent.objects.get()
        assert (before, setbacks.set_aside()) == (0, 1)
        assert (stuck.event, stuck.tries) == (poison, setbacks.MOST_TRIES)
        assert stuck.error in ("ZeroDivisionError", "TypeError")

    def test_costs_nothing_once_it_is_set_aside(self, poison, monkeypatch):
        relay_for(minutes=5)
        monkeypatch.setitem(events._describers, "points/earned", [lose_the_connection])

        relay.relay()

        assert (publication.is_waiting(), publication.oldest_waiting()) == (False, None)

    def test_leaves_its_place_to_a_thousand_behind_it(self, acme, ada, give, subscribe, monkeypatch):
        subscribe(topics=["points/*"])
        monkeypatch.setitem(events._describers, "points/earned", [choke])
        for number in range(1_005):
            give(ada, MUCH if number < 5 else 1)

        relay.relay()

        assert Event.objects.filter(position=None).count() == 5
        assert Delivery.objects.count() == 1_000

    def test_stops_no_relay_where_poison_fills_its_page(self, ada, give, subscribe, monkeypatch):
        """Whole pages of it are before what can be published."""
        monkeypatch.setattr(relay.publication, "publish", lambda publish=publication.publish: publish(2))
        monkeypatch.setitem(events._describers, "points/earned", [choke])
        for number in range(10):
            give(ada, MUCH if number < 8 else 1)

        relay.relay()

        assert Event.objects.filter(position=None).count() == 8

    def test_is_not_blamed_for_a_lost_database(self, ada, monkeypatch):
        monkeypatch.setitem(events._describers, "customers/joined", [lose_the_connection])

        with pytest.raises(OperationalError):
            relay.relay()

        assert Event.objects.get().position is None
        assert not StuckEvent.objects.exists()


class TestReplyThatCannotBeWritten:
    def test_holds_up_no_other(self, acme, ada, give, subscribe, consumer, monkeypatch):
        monkeypatch.setitem(events._replies, "surveys/answered", lambda business, event: 1 / 0)
        subscribe(topics=["points/*"])
        told = Happening(acme.pk, "surveys/answered", reply_to=f"http://127.0.0.1:{consumer.port}/orders")
        events.record([told], now=clock.wall())
        give(ada, 1)

        relay.relay()

        assert Event.objects.get(position=None).topic == "surveys/answered"
        assert Delivery.objects.get().topic == "points/earned"


class TestInTheDashboard:
    @pytest.fixture
    def set_aside(self, poison):
        relay_for(minutes=5)
        return poison

    @pytest.mark.parametrize("browser", ["rival", "analyst"])
    def test_is_nobody_elses_to_publish(self, acme, rival, set_aside, browser):
        who = dashboards.works_for(rival) if browser == "rival" else dashboards.works_for(acme, Role.ANALYST)

        who.post(dashboards.page(set_aside, "publish"))

        assert setbacks.set_aside() == 1

    def test_is_found_and_published_again(self, acme, set_aside, mend):
        olga = dashboards.works_for(acme)
        shown = dashboards.text_of(olga.get(dashboards.page(set_aside)))
        mend()

        olga.post(dashboards.page(set_aside, "publish"))
        relay.relay()

        assert "5 times since" in shown
        assert Event.objects.filter(position=None).count() == 0

    def test_is_no_matter_of_what_is_published(self, acme, ada):
        relay.relay()
        olga = dashboards.works_for(acme)

        assert olga.post(dashboards.page(Event.objects.get(), "publish")).status_code == 403

    @pytest.mark.parametrize(("state", "count"), [("waiting", 0), ("published", 3), ("set_aside", 1)])
    def test_is_told_from_what_waits_and_what_is_published(self, acme, set_aside, state, count):
        olga = dashboards.works_for(acme)

        page = olga.get(dashboards.listed(Event), {"state": state})

        assert page.context["cl"].result_count == count
