"""Those who carry our messages tell what became of them: the card follows, each notice counts once, in any order."""

import base64
import hmac
import json
from itertools import permutations

import pytest
from anymail.signals import AnymailTrackingEvent, tracking
from django.test import Client

from config import checks
from loyalty.models import Event
from rewards.api import notices
from rewards.models import GiftCard, GiftMessage
from rewards.services import gift_cards, gift_letters, gift_messages, gift_products, gift_sending
from tests import dashboards

pytestmark = pytest.mark.django_db

SECRET = "postmark:a-password-that-nobody-guesses"
ADA, PHONE = "ada@example.com", "+4915112345678"
AT = "2026-11-29T12:00:00Z"
DELIVERY = {"RecordType": "Delivery", "DeliveredAt": AT, "Recipient": ADA}
BOUNCE = {"RecordType": "Bounce", "Type": "HardBounce", "BouncedAt": AT, "Email": ADA}


@pytest.fixture(autouse=True)
def _services(settings, tmp_path):
    settings.EMAIL_SERVICE, settings.ANYMAIL = "postmark", {"WEBHOOK_SECRET": SECRET}
    settings.SMS_DIR, settings.SMS_PASSWORD = str(tmp_path), "12345"
    settings.PUBLIC_URL = "https://gifts.example"


@pytest.fixture
def send(order):
    """Order a card and send it: `send(email=ADA)`."""

    def run(**said):
        placed = order(type="DigitalDelivery", **said)
        gift_sending.send_due()
        return GiftCard.objects.select_related("order", "line__product").get(order=placed)

    return run


def tell(card, notice, *, number=1, secret=SECRET, service="postmark"):
    """What Postmark posts of a card's mail."""
    said = {**notice, "MessageID": "883953f4", "Metadata": {"gift_message": f"{card.pk}.{number}"}}
    basic = base64.b64encode(secret.encode()).decode()
    headers = {"Authorization": f"Basic {basic}"} if secret else {}
    return Client().post(f"/notices/mail/{service}", said, content_type="application/json", headers=headers)


def call_back(card, status, *, number=2, token="12345", **more):
    """What Twilio posts of a card's text message."""
    path = f"/notices/sms/{card.pk}.{number}"
    said = {"MessageSid": "SM1", "MessageStatus": status, **more}
    signed = f"https://gifts.example{path}" + "".join(name + said[name] for name in sorted(said))
    signature = base64.b64encode(hmac.digest(token.encode(), signed.encode(), "sha1")).decode()
    return Client().post(path, said, headers={"X-Twilio-Signature": signature})


def status_of(card):
    card.refresh_from_db()
    return card.status


def told(topic):
    return [event.facts for event in Event.objects.filter(topic=topic)]


def log_of(card):
    rows = GiftMessage.objects.filter(card=card).order_by("number", "channel")
    return [(row.number, row.channel, row.occasion, row.status) for row in rows]


class TestIsRefused:
    @pytest.mark.parametrize("secret", ["", "postmark:wrong", "someone:a-password-that-nobody-guesses"])
    def test_a_notice_of_who_does_not_know_the_password(self, send, secret):
        card = send(email=ADA)

        assert tell(card, BOUNCE, secret=secret).status_code == 400
        assert status_of(card) == "Sent"

    def test_a_notice_of_another_service_or_while_none_is_set_up(self, settings, send):
        card = send(email=ADA)
        assert tell(card, BOUNCE, service="mailgun").status_code == 404

        settings.ANYMAIL = {"WEBHOOK_SECRET": ""}
        assert tell(card, BOUNCE).status_code == 404
        settings.EMAIL_SERVICE = ""
        assert tell(card, BOUNCE).status_code == 404

    def test_a_call_back_that_is_not_signed_with_our_password(self, settings, send):
        card = send(sms=PHONE)
        assert call_back(card, "failed", number=1, token="54321").status_code == 403
        assert Client().post(f"/notices/sms/{card.pk}.1", {"MessageStatus": "failed"}).status_code == 403

        settings.SMS_PASSWORD = ""
        assert call_back(card, "failed", number=1, token="").status_code == 403
        assert status_of(card) == "Sent"

    def test_nothing_but_a_post(self):
        assert Client().get("/notices/sms/x").status_code == 405
        assert Client().get("/notices/mail/postmark").status_code == 405


class TestSetUp:
    @pytest.mark.parametrize(
        ("service", "secret", "wrong"),
        [
            ("pigeon", SECRET, "laurel.E010"),
            ("postmark", "a-password-that-nobody-guesses", "laurel.E011"),
            ("postmark", "user:short", "laurel.E011"),
            ("postmark", SECRET, None),
            ("", "", None),
        ],
    )
    def test_that_makes_no_sense_fails_at_start(self, settings, service, secret, wrong):
        settings.EMAIL_SERVICE, settings.ANYMAIL = service, {"WEBHOOK_SECRET": secret}

        assert [error.id for error in checks.mail_service()] == ([wrong] if wrong else [])


class TestMail:
    def test_that_arrived_is_told_once(self, send):
        card = send(email=ADA)

        answers = {tell(card, DELIVERY).status_code for _ in range(3)}

        assert (answers, status_of(card)) == ({200}, "Delivered")
        assert card.delivered_at
        assert told("gift_cards/delivered") == [
            {"id": str(card.pk), "orderId": str(card.order_id), "status": "delivered"}
        ]
        assert log_of(card) == [(1, "email", "order", "delivered")]

    def test_that_bounced_is_told_once_and_its_link_is_the_orderers(self, gifts, send):
        card = send(email=ADA)

        for _ in range(3):
            tell(card, BOUNCE)

        assert (status_of(card), card.failure) == ("Bounced", "The mail bounced: bounced.")
        assert [facts["fallback"] for facts in told("gift_cards/bounced")] == ["link"]
        assert log_of(card) == [(1, "email", "order", "bounced"), (1, "link", "order", "sent")]
        shown = gifts.get(f"/Orders/{card.order_id}").json()["LineItems"][0]["Cards"][0]
        assert shown["ClaimLink"] == gift_letters.claim_link(card)

    def test_that_bounced_leaves_no_link_where_the_product_has_none(self, acme, send):
        gift_products.create(
            business=acme, key="MAIL-ONLY", name="Mail", min_minor=100, max_minor=5000, delivery_types=["Email"]
        )

        card = send(product="MAIL-ONLY", email=ADA)
        tell(card, BOUNCE)

        assert told("gift_cards/bounced")[0]["fallback"] is None
        assert log_of(card) == [(1, "email", "order", "bounced")]

    def test_goes_by_text_message_once_where_it_bounced(self, send, tmp_path):
        card = send(email=ADA, sms=PHONE)

        for _ in range(3):
            tell(card, BOUNCE)
            gift_sending.send_due()

        assert len(list(tmp_path.iterdir())) == 1
        assert status_of(card) == "Sent"
        assert log_of(card) == [(1, "email", "order", "bounced"), (2, "sms", "fallback", "sent")]
        assert told("gift_cards/bounced") == []

    def test_sent_again_that_bounces_again_does_not_go_by_text_message_again(self, acme, send, tmp_path):
        card = send(email=ADA, sms=PHONE)
        tell(card, BOUNCE)
        gift_sending.send_due()
        gift_cards.resend(business=acme, order_id=card.order_id, card_id=card.pk)
        gift_sending.send_due()

        tell(card, BOUNCE, number=3)
        gift_sending.send_due()

        assert (status_of(card), len(list(tmp_path.iterdir()))) == ("Bounced", 1)

    @pytest.mark.parametrize("notices", list(permutations([DELIVERY, BOUNCE, DELIVERY, BOUNCE], 4))[::5])
    def test_ends_the_same_in_whatever_order_it_is_told_of(self, send, notices):
        card = send(email=ADA, sms=PHONE)

        for notice in notices:
            tell(card, notice)
        gift_sending.send_due()

        assert status_of(card) == "Sent"  # by text message
        assert log_of(card) == [(1, "email", "order", "bounced"), (2, "sms", "fallback", "sent")]

    def test_that_was_opened_stays_so(self, send):
        card = send(email=ADA)
        Client().get(f"/g/{gift_cards.token_of(card)}")

        tell(card, BOUNCE)
        tell(card, DELIVERY)

        assert status_of(card) == "Viewed"
        assert told("gift_cards/bounced") == told("gift_cards/delivered") == []

    def test_is_known_by_its_message_id_too(self, send):
        card = send(email=ADA)
        event = AnymailTrackingEvent(event_type="delivered", message_id=gift_letters.message_id(card), metadata={})

        tracking.send(sender=None, event=event, esp_name="Mailgun")

        assert status_of(card) == "Delivered"

    @pytest.mark.parametrize("number", [0, 2, 10**9])
    def test_that_was_never_sent_is_nobodys(self, send, number):
        card = send(email=ADA)

        assert tell(card, BOUNCE, number=number).status_code == 200
        assert status_of(card) == "Sent"

    @pytest.mark.parametrize("kind", ["Open", "Click", "SpamComplaint"])
    def test_that_was_opened_or_reported_changes_nothing(self, send, kind):
        card = send(email=ADA)

        assert tell(card, {"RecordType": kind, "ReceivedAt": AT}).status_code == 200
        assert status_of(card) == "Sent"

    def test_that_is_told_of_before_it_is_written_down_is_not_lost(self, acme, order, monkeypatch):
        placed = order(type="DigitalDelivery", email=ADA, sms=PHONE)
        card = GiftCard.objects.get(order=placed)
        sent = gift_sending._sent

        def told_at_once(claimed):
            outcome = sent(claimed)
            if claimed.messages == 1:
                tell(card, BOUNCE)
            return outcome

        monkeypatch.setattr(gift_sending, "_sent", told_at_once)
        gift_sending.send_due()

        assert status_of(card) == "Sent"
        assert log_of(card) == [(1, "email", "order", "bounced"), (2, "sms", "fallback", "sent")]

    def test_keeps_no_address_of_what_the_service_says(self, send):
        card = send(email=ADA)

        tell(card, {**BOUNCE, "Description": f"{ADA} is unknown", "Details": ADA})

        rows = [*GiftMessage.objects.values_list("reason"), *GiftCard.objects.values_list("failure")]
        assert "ada" not in json.dumps(rows)


class TestTextMessage:
    def test_that_arrived_is_told(self, send):
        card = send(sms=PHONE)

        for status in ("queued", "sent", "delivered", "sent", "delivered"):
            assert call_back(card, status, number=1).status_code == 204

        assert status_of(card) == "Delivered"
        assert len(told("gift_cards/delivered")) == 1

    def test_that_did_not_is_told(self, send):
        card = send(email=ADA, sms=PHONE)
        tell(card, BOUNCE)
        gift_sending.send_due()

        call_back(card, "undelivered", ErrorCode="30003")

        assert (status_of(card), card.failure) == ("Bounced", "The text message bounced: 30003.")
        assert len(told("gift_cards/bounced")) == 1

    def test_is_signed_as_twilio_does(self, settings):
        """Their own example."""
        said = {
            "CallSid": "CA1234567890ABCDE",
            "Caller": "+14158675309",
            "Digits": "1234",
            "From": "+14158675309",
            "To": "+18005551212",
        }
        url = "https://mycompany.com/myapp.php?foo=1&bar=2"

        assert notices._is_signed("RSOYDt4T1cUTdK1PDd93/VVr8B8=", url, said)
        assert not notices._is_signed("RSOYDt4T1cUTdK1PDd93/VVr8B8=", url, {**said, "Digits": "1235"})


def test_the_log_stands_on_the_cards_page(acme, send):
    card = send(email=ADA, sms=PHONE)
    tell(card, BOUNCE)
    gift_sending.send_due()

    shown = dashboards.text_of(dashboards.works_for(acme).get(dashboards.page(card)))

    for said in ("Text message", "Another way", "The mail bounced: bounced."):
        assert said in shown


def test_a_key_is_read_as_it_is_written(send):
    card = send(email=ADA)

    assert gift_messages.KEY.fullmatch(gift_messages.key_of(card))
    assert not gift_messages.KEY.fullmatch(f"{card.pk}.1\n")
