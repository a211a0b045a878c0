"""Events become public once, in order, and reach every endpoint that is subscribed, whoever relays them."""

from datetime import timedelta
from functools import partial

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from advocates.services import advocates
from loyalty.kernel import clock, jobs
from loyalty.models import Event, EventBody
from loyalty.services import ledger, publication
from tests.races import at_once, errors
from webhooks.models import Delivery
from webhooks.services import relay

pytestmark = pytest.mark.django_db
real_commits = pytest.mark.django_db(transaction=True)


def positions(business):
    rows = Event.objects.for_business(business).order_by("position")
    return list(rows.values_list("position", flat=True))


def count(business):
    return list(range(1, Event.objects.for_business(business).count() + 1))


class TestRelay:
    def test_numbers_each_business_from_one(self, acme, rival, ada, bob, eve, give):
        for person in (ada, eve, bob, ada):
            give(person, 10)

        relay.relay()

        assert positions(acme) == count(acme) != []
        assert positions(rival) == count(rival) != []

    def test_keeps_the_order_of_each_person(self, acme, ada, give):
        for amount in range(1, 20):
            give(ada, amount)

        relay.relay()

        rows = Event.objects.for_business(acme).order_by("position").values_list("sequence", flat=True)
        assert list(rows) == sorted(rows)

    @real_commits
    def test_skips_nothing_that_commits_late(self, acme, ada, bob, give):
        """Who has read the feed up to its end will find behind it what is committed afterwards."""
        with transaction.atomic():
            late = give(bob, 5)
            at_once(1, lambda _: give(ada, 5))
            at_once(1, lambda _: relay.relay())
        read_so_far = max(filter(None, positions(acme)))

        relay.relay()

        assert Event.objects.get(facts__entryId=str(late.id)).position > read_so_far
        assert positions(acme) == count(acme)

    def test_takes_as_many_pages_as_there_are(self, acme, subscribe, ada, give, monkeypatch):
        subscribe()
        monkeypatch.setattr(publication, "publish", partial(publication.publish, 7))
        for _ in range(20):
            give(ada, 1)

        relay.relay()

        assert positions(acme) == count(acme)
        assert Delivery.objects.count() == Event.objects.for_business(acme).count()

    def test_leaves_what_is_too_much_for_one_task_to_another(self, acme, ada, give, monkeypatch):
        nudged = []
        monkeypatch.setattr(jobs, "wake", nudged.append)
        monkeypatch.setattr(relay, "PAGES", 2)
        monkeypatch.setattr(publication, "publish", partial(publication.publish, 3))
        for _ in range(10):
            give(ada, 1)
        nudged.clear()

        relay.relay()

        assert Event.objects.filter(position__isnull=False).count() == 6
        assert nudged == ["webhooks.relay"]

    def test_makes_no_delivery_for_a_disabled_endpoint(self, subscribe, ada):
        endpoint = subscribe()
        type(endpoint).objects.update(status="disabled", disabled_reason="operator")

        relay.relay()

        assert not Delivery.objects.exists()

    def test_asks_as_much_for_fifty_events_as_for_five(self, subscribe, ada, give):
        subscribe()
        relay.relay()

        def queries_for(number):
            for _ in range(number):
                give(ada, 1)
            with CaptureQueriesContext(connection) as captured:
                relay.relay()
            return len(captured)

        assert queries_for(5) == queries_for(50)


@real_commits
class TestRelaysAtOnce:
    def storm(self, acme, ada):
        """Five relays beside five who earn points."""

        def work(number):
            for _ in range(10):
                if number % 2:
                    ledger.award(business=acme, account_id=ada.pk, amount=1)
                else:
                    relay.relay()

        return errors(at_once(10, work))

    def test_leave_no_gap_and_no_double(self, acme, subscribe, ada):
        subscribe(topics=["points/*"])

        assert self.storm(acme, ada) == []
        relay.relay()

        sequences = Delivery.objects.order_by("sequence").values_list("sequence", flat=True)
        assert positions(acme) == count(acme)
        assert list(sequences) == list(range(1, 51))

    def test_get_in_each_others_way_without_the_lock(self, acme, subscribe, ada, monkeypatch):
        """The control: only the database's own constraints are left."""
        subscribe(topics=["points/*"])
        monkeypatch.setattr(publication, "_is_ours", lambda: True)

        failed = [error for _ in range(5) for error in self.storm(acme, ada)]

        assert any(isinstance(error, IntegrityError) for error in failed)


@real_commits
class TestWakeUp:
    @pytest.fixture
    def nudged(self, monkeypatch):
        """The tasks that were nudged, in their order."""
        names = []
        monkeypatch.setattr(jobs._waker, "nudge", names.append)
        return names

    def test_follows_every_commit_that_recorded_an_event(self, acme, ada, give, nudged):
        with transaction.atomic():
            give(ada, 1)
            before = list(nudged)

        assert (before, set(nudged)) == ([], {"webhooks.relay"})

    def test_goes_on_to_the_deliverer_where_something_is_owed(self, subscribe, ada, give, nudged):
        endpoint = subscribe(topics=["points/earned"])
        relay.relay()
        nobody = list(nudged)
        give(ada, 1)
        nudged.clear()
        relay.relay()

        assert "webhooks.deliver" not in nobody
        assert nudged == ["webhooks.deliver"]
        assert Delivery.objects.get().endpoint_id == endpoint.pk


class TestBody:
    def test_is_made_once(self, acme, ada, give):
        give(ada, 5)
        relay.relay()
        before = dict(EventBody.objects.values_list("event_id", "body"))

        advocates.update(business=acme, advocate_id=ada.pk, name="Countess")
        with clock.moved_to(clock.wall() + timedelta(days=1)):
            relay.relay()

        after = dict(EventBody.objects.values_list("event_id", "body"))
        assert {key: bytes(body) for key, body in after.items() if key in before} == {
            key: bytes(body) for key, body in before.items()
        }
