"""An endpoint that is gone, or has failed for five days, is sent nothing more, and its business is told."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.db import connection

from loyalty.kernel import clock
from loyalty.models import Business, Event, User
from tests import cast
from tests.webhooks.consumer import Says
from webhooks.models import Delivery, Endpoint
from webhooks.services import deliveries, endpoints, notices, relay

pytestmark = pytest.mark.django_db(transaction=True)

START = datetime(2099, 3, 1, 12, tzinfo=UTC)


def after(hours):
    return clock.moved_to(START + timedelta(hours=hours))


class TestGone:
    def test_disables_at_once(self, subscribe, consumer, ada, give, deliver):
        endpoint = subscribe()
        consumer.says = Says(status=410)
        for _ in range(3):
            give(ada, 1)

        deliver()

        endpoint.refresh_from_db()
        assert (endpoint.status, endpoint.disabled_reason) == ("disabled", "gone")
        assert set(Delivery.objects.values_list("status", "next_attempt_at")) == {("disabled", None)}

    def test_said_by_the_url_before_ends_nothing(self, acme, subscribe, consumer, other_consumer, ada, deliver):
        """The business moves it while something is on its way to where it was."""
        endpoint = subscribe(topics=["customers/joined"])

        def move(heard):
            endpoints.update(business=acme, endpoint_id=endpoint.pk, url=other_consumer.url)
            connection.close()
            return Says(status=410)

        consumer.says = move
        deliver()
        endpoint.refresh_from_db()
        assert (endpoint.status, endpoint.failures) == ("active", 0)
        with clock.moved_to(clock.wall() + timedelta(seconds=10)):
            deliver()

        assert len(other_consumer.heard) == 1
        assert Delivery.objects.get().status == "delivered"

    def test_is_an_event_for_the_other_endpoints(self, subscribe, consumer, other_consumer, ada, deliver):
        gone = subscribe(topics=["customers/joined"])
        subscribe(url=other_consumer.url, topics=["endpoints/*"])
        consumer.says = Says(status=410)

        deliver()
        deliver()

        (heard,) = other_consumer.heard
        assert heard.event["data"] == {
            "id": str(gone.pk),
            "url": consumer.url,
            "topics": ["customers/joined"],
            "reason": "gone",
        }

    def test_is_mailed_once(self, acme, subscribe, consumer, ada, deliver):
        subscribe(topics=["customers/joined"])
        consumer.says = Says(status=410)

        deliver()
        notices.send_due()
        notices.send_due()

        (message,) = mail.outbox
        assert message.to == [acme.contact_email]
        assert consumer.url in message.body

    def test_is_mailed_later_when_the_mail_server_fails(self, subscribe, consumer, ada, deliver, monkeypatch):
        subscribe(topics=["customers/joined"])
        consumer.says = Says(status=410)
        deliver()
        monkeypatch.setattr(notices, "send_mail", refuse)
        with pytest.raises(ConnectionRefusedError):
            notices.send_due()
        monkeypatch.undo()

        notices.send_due()
        at_once = len(mail.outbox)
        with clock.moved_to(clock.wall() + timedelta(minutes=6)):
            notices.send_due()

        assert (at_once, len(mail.outbox)) == (0, 1)

    def test_of_a_sandbox_is_mailed_to_nobody(self, acme, subscribe, consumer, ada):
        endpoint = subscribe(business=acme.sandbox)

        endpoints.disable(endpoint, reason=endpoints.Reason.GONE)

        assert (notices.send_due(), mail.outbox) == (1, [])


class TestMail:
    """Whatever happens meanwhile: what is owed is sent, and what is sent is so."""

    @pytest.fixture
    def gone(self, subscribe):
        endpoint = subscribe()
        endpoints.disable(endpoint, reason=endpoints.Reason.GONE)
        return endpoint

    def test_is_still_sent_when_something_else_of_the_endpoint_is_changed(self, acme, gone):
        endpoints.update(business=acme, endpoint_id=gone.pk, url="https://example.com/other", description="Mine")

        assert (notices.send_due(), mail.outbox[0].subject) == (1, "A webhook endpoint was disabled")

    def test_that_is_owed_anew_while_one_is_sent_is_sent_too(self, subscribe, monkeypatch):
        endpoint = subscribe()
        endpoints.warn(endpoint)
        send = notices.send_mail

        def slowly(*said):
            send(*said)
            if len(mail.outbox) == 1:
                endpoints.disable(Endpoint.objects.get(), reason=endpoints.Reason.GONE)

        monkeypatch.setattr(notices, "send_mail", slowly)
        notices.send_due()
        notices.send_due()

        subjects = [message.subject for message in mail.outbox]
        assert subjects == ["A webhook endpoint fails", "A webhook endpoint was disabled"]

    def test_of_a_warning_is_not_sent_once_the_business_has_switched_it_off(self, acme, subscribe):
        endpoint = subscribe()
        endpoints.warn(endpoint)

        endpoints.update(business=acme, endpoint_id=endpoint.pk, status="disabled")

        assert notices.send_due() == 0

    def test_of_an_endpoint_that_the_business_switched_off_says_nothing_of_failures(self, acme, subscribe, ada, give):
        endpoint = subscribe()
        give(ada, 1)
        relay.relay()

        endpoints.update(business=acme, endpoint_id=endpoint.pk, status="disabled")

        assert Endpoint.objects.get().failing_since is None

    def test_that_is_refused_keeps_none_of_the_others_back(self, subscribe, gone, monkeypatch):
        other = subscribe(url="https://example.com/second")
        endpoints.disable(other, reason=endpoints.Reason.GONE)
        send = notices.send_mail

        def unless_first(subject, text, *rest):
            if "second" not in text:
                refuse()
            send(subject, text, *rest)

        monkeypatch.setattr(notices, "send_mail", unless_first)
        with pytest.raises(ConnectionRefusedError):
            notices.send_due()

        assert ["second" in message.body for message in mail.outbox] == [True]
        assert Endpoint.objects.filter(notice_due_at__isnull=False).get() == gone

    def test_names_the_moment_from_which_a_replay_sends_all(self, acme, subscribe, consumer, ada, give, deliver):
        endpoint = subscribe(topics=["points/earned"])
        consumer.says = Says(status=500)
        with after(0):
            give(ada, 1)
        with after(1):
            give(ada, 2)
            deliver()
        consumer.says = Says(status=410)
        with after(3):
            deliver()
            notices.send_due()
        assert "since 2099-03-01 12:00 UTC" in mail.outbox[-1].body
        consumer.says, said = Says(), START  # as the mail has it
        consumer.heard.clear()

        with after(4):
            endpoints.update(business=acme, endpoint_id=endpoint.pk, status="active")
            assert deliveries.replay(business=acme, endpoint_id=endpoint.pk, since=said) == 2
            deliver()

        assert {heard.event["data"]["points"] for heard in consumer.heard} == {1, 2}


class TestFailing:
    def test_goes_on_when_a_description_is_changed(self, acme, subscribe, consumer, ada, give, deliver):
        endpoint = subscribe(topics=["points/earned"])
        consumer.says = Says(status=500)
        give(ada, 1)
        deliver()
        before = Endpoint.objects.get().failing_since

        endpoints.update(business=acme, endpoint_id=endpoint.pk, url=consumer.url, description="Nightly")

        assert before is not None
        assert Endpoint.objects.get().failing_since == before

    def test_ends_with_a_success_of_what_was_sent_at_the_same_time(self, subscribe, consumer, ada, give, deliver):
        """It was healthy when both left: the failure was written down first, and the success has to count."""
        subscribe(topics=["points/earned"])
        consumer.says = lambda heard: Says(hold=0.5) if heard.event["data"]["points"] == 2 else Says(status=500)
        give(ada, 1)
        give(ada, 2)

        deliver()

        assert Endpoint.objects.get().failures == 0

    def fail_for(self, hours, *, give, ada, deliver):
        for hour in range(0, hours, 12):
            with after(hour):
                give(ada, 1)
                deliver()

    def test_for_five_days_disables(self, subscribe, consumer, ada, give, deliver):
        endpoint = subscribe(topics=["points/earned"])
        consumer.says = Says(status=500)

        self.fail_for(120, give=give, ada=ada, deliver=deliver)
        endpoint.refresh_from_db()
        assert endpoint.is_active
        with after(120):
            give(ada, 1)
            deliver()

        endpoint.refresh_from_db()
        assert (endpoint.status, endpoint.disabled_reason) == ("disabled", "failing")
        assert Event.objects.filter(topic="endpoints/disabled").count() == 1
        assert not Delivery.objects.filter(status="pending").exists()
        with after(120):
            notices.send_due()
        assert "five days" in mail.outbox[-1].body

    def test_with_one_success_between_does_not(self, subscribe, consumer, ada, give, deliver):
        endpoint = subscribe(topics=["points/earned"])
        consumer.says = Says(status=500)
        self.fail_for(72, give=give, ada=ada, deliver=deliver)

        consumer.says = lambda heard: Says(status=200 if len(consumer.heard) == lucky else 500)
        lucky = len(consumer.heard) + 1
        with after(72):
            deliver()
        with after(140):
            give(ada, 1)
            deliver()

        endpoint.refresh_from_db()
        assert endpoint.is_active
        assert endpoint.failing_since > START + timedelta(hours=71)


class TestWarning:
    """A mail about the first half an hour of nothing but failures."""

    @pytest.fixture
    def failing(self, subscribe, consumer, ada, give):
        consumer.says = Says(status=500)
        give(ada, 1)
        return subscribe(topics=["points/earned"])

    def fail_until(self, minutes, *, deliver):
        for minute in (0, 1, 8, 50, 60, 200):
            if minute <= minutes:
                with after(minute / 60):
                    deliver()

    def test_waits_for_the_fourth_failure(self, failing, deliver):
        self.fail_until(8, deliver=deliver)

        assert notices.send_due() == 0

    def test_waits_for_half_an_hour(self, failing, ada, give, deliver):
        for seconds in (0, 10, 30, 60, 120):
            give(ada, 1)
            with after(seconds / 3600):
                deliver()

        failing.refresh_from_db()
        assert failing.failures >= 4
        with after(1):
            assert notices.send_due() == 0

    def test_is_mailed_once(self, acme, failing, consumer, deliver):
        self.fail_until(50, deliver=deliver)
        with after(1):
            assert [notices.send_due(), notices.send_due()] == [1, 0]
        self.fail_until(200, deliver=deliver)
        with after(4):
            assert notices.send_due() == 0

        (message,) = mail.outbox
        assert (message.subject, message.to) == ("A webhook endpoint fails", [acme.contact_email])
        assert consumer.url in message.body
        assert "since 2099-03-01 12:00 UTC" in message.body

    def test_that_a_success_has_overtaken_is_not_sent(self, failing, consumer, deliver):
        self.fail_until(50, deliver=deliver)
        consumer.says = Says()
        with after(30):
            deliver()

            assert notices.send_due() == 0

    def test_comes_again_after_a_success(self, failing, consumer, ada, give, deliver):
        self.fail_until(50, deliver=deliver)
        with after(1):
            notices.send_due()
        consumer.says = Says()
        with after(30):
            deliver()
        consumer.says = Says(status=500)

        give(ada, 1)
        for hours in (40, 40.01, 40.2, 41):
            with after(hours):
                deliver()
        with after(42):
            notices.send_due()

        assert len(mail.outbox) == 2


class TestWhoIsTold:
    @pytest.fixture
    def gone(self, acme, subscribe):
        Business.objects.filter(pk=acme.pk).update(contact_email="")
        endpoint = subscribe()
        endpoints.disable(endpoint, reason=endpoints.Reason.GONE)
        return endpoint

    def told(self):
        notices.send_due()
        return [message.to for message in mail.outbox]

    def test_without_a_contact_address_is_each_owner(self, acme, rival, gone):
        cast.sign_up("olga@acme.example", acme, "owner")
        cast.sign_up("anna@acme.example", acme, "analyst")
        cast.sign_up("rita@rival.example", rival, "owner")
        former = cast.sign_up("fred@acme.example", acme, "owner")
        User.objects.filter(pk=former.pk).update(is_active=False)

        assert self.told() == [["olga@acme.example"]]

    def test_without_an_owner_is_who_runs_the_server(self, gone):
        User.objects.create_superuser("root@laurel.example", cast.PASSWORD)

        assert self.told() == [["root@laurel.example"]]

    def test_without_anybody_is_nobody(self, gone):
        assert self.told() == []


class TestEnable:
    def test_starts_afresh(self, acme, subscribe, consumer, ada, give, deliver):
        endpoint = subscribe(topics=["points/earned"])
        endpoints.disable(endpoint, reason=endpoints.Reason.FAILING)
        give(ada, 1)
        deliver()

        endpoints.update(business=acme, endpoint_id=endpoint.pk, status="active")
        give(ada, 1)
        deliver()

        assert [heard.event["data"]["customer"]["pointBalance"] for heard in consumer.heard] == [2]
        assert notices.send_due() == 0


def refuse(*_args, **_rest):
    raise ConnectionRefusedError
