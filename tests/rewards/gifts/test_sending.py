"""Messages leave through a real mail server: each once, at its time, and another way where one is closed."""

from datetime import timedelta
from pathlib import Path

import pytest
from anymail.exceptions import AnymailAPIError, AnymailRecipientsRefused
from django.core.mail import EmailMultiAlternatives

from config import checks
from loyalty.kernel import card_numbers, clock
from loyalty.models import Event
from loyalty.services import businesses
from rewards.models import GiftCard, GiftOrder
from rewards.services import gift_cards, gift_letters, gift_orders, gift_sending
from tests.rewards.gifts import gateway
from tests.rewards.gifts import mailbox as mailboxes
from tests.rewards.gifts.conftest import assert_refused, body, code_of, links, open_gifts

pytestmark = pytest.mark.django_db

ADA = {"email": "ada@example.com"}


@pytest.fixture
def mailbox(settings):
    with mailboxes.opened() as opened:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", opened.port
        yield opened


@pytest.fixture
def texts(settings, tmp_path):
    settings.SMS_DIR = str(tmp_path)
    return lambda: [path.read_text() for path in Path(tmp_path).glob("*.txt")]


@pytest.fixture
def send(order):
    """Order a card and send what is due: `send(email="ada@example.com")`."""

    def run(**said):
        placed = order(type="DigitalDelivery", **said)
        gift_sending.send_due()
        return GiftCard.objects.get(order=placed)

    return run


def status_of(card):
    card.refresh_from_db()
    return card.status, GiftOrder.objects.get(pk=card.order_id).status


class TestMail:
    def test_says_everything_in_text_and_in_html(self, mailbox, send):
        said = {
            "To": "Ada",
            "FromName": "Platform",
            "FromEmail": "hello@platform.example",
            "Message": "Well <b>done</b>!",
        }

        card = send(**ADA, personalization=said)

        (mail,) = mailbox.mails
        assert (mail["To"], mail["From"]) == ("ada@example.com", "Platform <laurel@localhost>")
        assert (mail["Reply-To"], mail["Subject"]) == ("hello@platform.example", "Ada, a gift from Platform")
        assert mail["Message-ID"] == gift_letters.message_id(card)
        text, html = (mail.get_body([kind]).get_content() for kind in ("plain", "html"))
        link = gift_letters.claim_link(card)
        assert "Well <b>done</b>!" in text
        assert "Well &lt;b&gt;done&lt;/b&gt;!" in html
        for part in (text, html):
            assert link in part
            assert "€20.00" in part
        assert status_of(card) == ("Sent", "Completed")

    def test_holds_no_code(self, mailbox, send):
        card = send(**ADA)

        code, (mail,) = code_of(card), mailbox.mails
        assert len(code) > 10
        for part in (mail.get_body([kind]).get_content() for kind in ("plain", "html")):
            assert code not in part
            assert code not in card_numbers.tidy(part)  # nor as people write it

    def test_goes_once(self, mailbox, send):
        send(**ADA)
        gift_sending.send_due()

        assert len(mailbox.mails) == 1

    def test_waits_for_its_day(self, acme, mailbox, send):
        card = send(**ADA, deliver_at=clock.wall() + timedelta(days=3))
        assert (status_of(card), mailbox.mails) == (("Scheduled", "Processing"), [])

        with clock.moved_to(clock.wall() + timedelta(days=3, minutes=1)):
            gift_sending.send_due()

        assert (status_of(card), len(mailbox.mails)) == (("Sent", "Completed"), 1)

    def test_of_a_sandbox_stays_at_home(self, acme, mailbox, gifts):
        open_gifts(acme.sandbox).post("/Orders", body())
        gift_sending.send_due()

        assert mailbox.mails == []
        assert GiftCard.objects.get().status == "Sent"


class TestRefusal:
    def test_for_good_is_told(self, mailbox, send):
        mailbox.refused["ada@example.com"] = mailboxes.UNKNOWN

        card = send(**ADA)

        assert status_of(card) == ("Bounced", "PartiallyFailed")
        assert card.failure == "The mail server refused it: 550."
        assert Event.objects.get(topic="gift_cards/bounced").facts["id"] == str(card.pk)

    def test_for_good_falls_back_to_a_text_message(self, mailbox, texts, send):
        mailbox.refused["ada@example.com"] = mailboxes.UNKNOWN

        card = send(**ADA, sms="+4915112345678")

        (text,) = texts()
        assert "To: +4915112345678" in text
        assert gift_letters.claim_link(card) in text
        assert status_of(card) == ("Sent", "Completed")

    def test_for_now_is_tried_again_later_and_not_for_ever(self, mailbox, send):
        mailbox.refused["ada@example.com"] = mailboxes.BUSY
        card = send(**ADA)
        assert status_of(card) == ("Pending", "Processing")
        gift_sending.send_due()
        card.refresh_from_db()
        assert card.tries == 1  # it is not due yet

        at = clock.wall()
        for _ in range(gift_sending.MOST_TRIES):
            at += timedelta(hours=5)
            with clock.moved_to(at):
                gift_sending.send_due()

        assert status_of(card) == ("Bounced", "PartiallyFailed")
        assert card.tries == gift_sending.MOST_TRIES

    def test_of_the_server_itself_is_tried_again(self, settings, mailbox, send):
        settings.EMAIL_PORT = 1  # nobody listens
        card = send(**ADA)
        assert status_of(card)[0] == "Pending"

        settings.EMAIL_PORT = mailbox.port
        with clock.moved_to(clock.wall() + timedelta(minutes=2)):
            gift_sending.send_due()

        assert status_of(card)[0] == "Sent"


class TestMailService:
    """Through the API of a service, as django-anymail speaks it."""

    @pytest.fixture(autouse=True)
    def _service(self, settings):
        settings.EMAIL_BACKEND = "anymail.backends.test.EmailBackend"

    def test_is_given_what_its_notices_name_the_message_by(self, mailoutbox, send):
        card = send(**ADA)

        assert mailoutbox[0].anymail_test_params["metadata"] == {"gift_message": f"{card.pk}.1"}
        assert status_of(card)[0] == "Sent"

    def test_refuses_a_recipient_for_good(self, monkeypatch, send):
        monkeypatch.setattr(EmailMultiAlternatives, "send", failing(AnymailRecipientsRefused()))

        card = send(**ADA)

        assert (status_of(card)[0], card.failure) == ("Bounced", "The mail service refused it.")

    def test_fails_for_now(self, monkeypatch, send):
        monkeypatch.setattr(EmailMultiAlternatives, "send", failing(AnymailAPIError("502")))

        card = send(**ADA)

        assert (status_of(card)[0], card.failure) == ("Pending", "AnymailAPIError")


def failing(error):
    def send(*_):
        raise error

    return send


class TestTextMessage:
    def test_goes_alone_where_there_is_no_mail_address(self, mailbox, texts, send):
        card = send(sms="+49 151 12345678")

        assert "To: +4915112345678" in texts()[0]
        assert (status_of(card)[0], mailbox.mails) == ("Sent", [])

    def test_goes_through_a_gateway(self, settings, send):
        with gateway.opened() as (url, said):
            settings.SMS_DIR, settings.SMS_URL = "", url
            settings.SMS_USER, settings.SMS_PASSWORD, settings.SMS_FROM = "AC1", "secret", "+4930123456"
            card = send(sms="+4915112345678")

        assert said[0]["form"]["To"] == ["+4915112345678"]
        assert said[0]["form"]["From"] == ["+4930123456"]
        assert said[0]["form"]["StatusCallback"] == [f"http://testserver/notices/sms/{card.pk}.1"]
        assert gift_letters.claim_link(card) in said[0]["form"]["Body"][0]
        assert said[0]["authorization"] == "Basic QUMxOnNlY3JldA=="
        assert status_of(card)[0] == "Sent"

    def test_is_shown_on_a_console_and_in_no_log(self, settings, send, capfd, caplog):
        settings.SMS_DIR, settings.SMS_URL = "", "console:"

        card = send(sms="+4915112345678")

        shown = capfd.readouterr()
        assert f"Text message to +4915112345678: A gift from Acme Coffee: {gift_letters.claim_link(card)}" in shown.out
        logged = [line for line in (shown.out + shown.err).splitlines() if line.startswith("{")]
        assert gift_cards.token_of(card) not in "".join(logged) + caplog.text
        assert status_of(card)[0] == "Sent"

    @pytest.mark.parametrize(
        ("said", "wrong"),
        [
            ({"SMS_DIR": "/tmp/sms"}, "laurel.E013"),
            ({"SMS_URL": "console:"}, "laurel.E013"),
            ({"SMS_URL": "http://sms.example/send"}, "laurel.E014"),
            ({"SMS_URL": "https://sms.example/send"}, None),
            ({}, None),
        ],
    )
    @pytest.mark.parametrize("is_reached", [True, False])
    def test_is_written_down_only_while_developing(self, settings, said, wrong, is_reached):
        settings.REQUIRE_HTTPS = is_reached
        for name, value in {"SMS_DIR": "", "SMS_URL": "", **said}.items():
            setattr(settings, name, value)

        assert [error.id for error in checks.text_messages()] == ([wrong] if wrong and is_reached else [])

    def test_bounces_where_nobody_sends_any(self, settings, send):
        settings.SMS_DIR = ""

        assert status_of(send(sms="+4915112345678"))[0] == "Bounced"


class TestResend:
    def test_goes_to_the_same_recipient_with_the_same_link(self, gifts, mailbox, send):
        card = send(**ADA)

        answer = gifts.post(f"/Orders/{card.order_id}/Cards/{card.pk}/Resend")
        gift_sending.send_due()

        assert answer.status_code == 200
        first, second = mailbox.mails
        assert first["To"] == second["To"] == "ada@example.com"
        assert first["Message-ID"] != second["Message-ID"]
        assert gift_letters.claim_link(card) in first.get_body(["plain"]).get_content()
        assert gift_letters.claim_link(card) in second.get_body(["plain"]).get_content()

    def test_reaches_a_mailbox_that_was_full(self, gifts, mailbox, send):
        mailbox.refused["ada@example.com"] = mailboxes.UNKNOWN
        card = send(**ADA)
        del mailbox.refused["ada@example.com"]

        gifts.post(f"/Orders/{card.order_id}/Cards/{card.pk}/Resend")
        gift_sending.send_due()

        assert status_of(card)[0] == "Sent"

    def test_is_refused_before_it_was_sent_and_too_often(self, gifts, mailbox, order, send):
        waiting = GiftCard.objects.get(order=order(type="DigitalDelivery", **ADA))
        link = GiftCard.objects.get(order=order())
        often = send(**ADA)
        GiftCard.objects.filter(pk=often.pk).update(messages=gift_cards.MOST_MESSAGES)

        gift_sending.send_due()
        GiftCard.objects.filter(pk=waiting.pk).update(status="Pending", deliver_at=clock.wall())
        for card in (waiting, link, often):
            assert_refused(gifts.post(f"/Orders/{card.order_id}/Cards/{card.pk}/Resend"), 409, "CONFLICT")

    def test_of_another_orders_card_is_refused(self, gifts, order, send):
        card = send(**ADA)

        assert_refused(gifts.post(f"/Orders/{order().pk}/Cards/{card.pk}/Resend"), 404, "NOT_FOUND")


class TestLinks:
    def test_are_handed_out_together(self, gifts, order, django_assert_num_queries):
        placed = order(quantity=30)
        gift_orders.fill_waiting()

        with django_assert_num_queries(15):
            gift_sending.send_due()

        answer = gifts.get(f"/Orders/{placed.pk}").json()
        assert (answer["Status"], answer["CompletedAt"] is None) == ("Completed", False)
        assert {card["Status"] for card in answer["LineItems"][0]["Cards"]} == {"Delivered"}
        event = Event.objects.get(topic="gift_orders/completed")
        assert event.facts == {"id": str(placed.pk), "status": "Completed"}

    def test_are_told_each_once(self, acme, order, gifts):
        placed = order(quantity=3)
        open_gifts(acme.sandbox).post("/Orders", links())
        businesses.move_clock(business=acme.sandbox, to=clock.now(acme.sandbox) + timedelta(days=40))

        for _ in range(2):
            gift_sending.send_due()

        cards = GiftCard.objects.filter(order=placed).order_by("pk")
        told = Event.objects.for_business(acme).filter(topic="gift_cards/delivered")
        assert sorted((event.facts for event in told), key=lambda facts: facts["id"]) == [
            {"id": str(card.pk), "orderId": str(placed.pk), "status": "delivered"} for card in cards
        ]
        assert {event.created_at for event in told} == {card.delivered_at for card in cards}
        card = GiftCard.objects.for_business(acme.sandbox).get()
        event = Event.objects.for_business(acme.sandbox).get(topic="gift_cards/delivered")
        assert (event.facts["id"], event.created_at) == (str(card.pk), card.delivered_at)

    @pytest.mark.parametrize(("visit", "status"), [("get", "Viewed"), ("post", "Claimed")])
    def test_that_were_opened_before_stay_so(self, client, order, visit, status):
        card = GiftCard.objects.get(order=order())
        getattr(client, visit)(f"/g/{gift_cards.token_of(card)}")

        gift_sending.send_due()

        assert status_of(card) == (status, "Completed")
        assert (card.deliver_at, card.sent_at is None, card.delivered_at is None) == (None, False, False)
        assert not Event.objects.filter(topic="gift_cards/delivered").exists()
