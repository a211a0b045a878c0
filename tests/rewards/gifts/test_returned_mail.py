"""A mail server sends back what it cannot deliver: `manage.py bounce` reads it, and the card goes on."""

import sys
from io import BytesIO, StringIO, TextIOWrapper

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError

from rewards.models import GiftCard, GiftMessage
from rewards.services import gift_letters, gift_returns, gift_sending

pytestmark = pytest.mark.django_db

ADA, PHONE = "ada@example.com", "+4915112345678"
REPORT = """From MAILER-DAEMON Sun Nov 29 12:00:00 2026
Return-Path: <>
From: MAILER-DAEMON@mail.example (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: laurel@mail.example
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example
X-Postfix-Queue-ID: 4F3B21

Final-Recipient: rfc822; ada@example.com
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 5.1.1 <ada@example.com>: Recipient address rejected

--B
Content-Type: {kind}

Received: by mail.example
Message-ID:
 {id}
To: ada@example.com
Subject: A gift

--B--
"""


@pytest.fixture
def send(order, settings, tmp_path):
    settings.SMS_DIR = str(tmp_path)

    def run(**said):
        placed = order(type="DigitalDelivery", **{"email": ADA, **said})
        gift_sending.send_due()
        return GiftCard.objects.select_related("order", "line__product").get(order=placed)

    return run


def report(card, *, action="failed", status="5.1.1", kind="message/rfc822", id=""):
    return REPORT.format(action=action, status=status, kind=kind, id=id or gift_letters.message_id(card)).encode()


def bounce(mail, monkeypatch):
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(mail)))
    out = StringIO()
    call_command("bounce", stdout=out)
    return out.getvalue().strip()


def status_of(card):
    card.refresh_from_db()
    return card.status


class TestChangesNothing:
    @pytest.mark.parametrize(
        "mail",
        [
            b"",
            b"\x00\xff\x80",
            b"Subject: I am on holiday\n\nBack on Monday.",
            b"Content-Type: multipart/report; boundary=B\n\n--B\nContent-Type: message/delivery-status\n\n\x80\n--B--",
            b"Content-Type: message/rfc822\n\n" * 2000,
        ],
    )
    def test_if_it_is_no_report(self, send, mail):
        card = send()

        assert not gift_returns.hear(mail)
        assert status_of(card) == "Sent"

    @pytest.mark.parametrize("id", ["<{key}@elsewhere.example>", "<{key}@testserver.evil>", "<x@testserver>", "<>"])
    def test_if_it_is_about_no_mail_of_ours(self, send, id):
        card = send()

        assert not gift_returns.hear(report(card, id=id.format(key=f"{card.pk}.1")))
        assert status_of(card) == "Sent"

    @pytest.mark.parametrize("action", ["delayed", "relayed", "expanded", "nonsense", ""])
    def test_while_the_mail_is_on_its_way(self, send, action):
        card = send()

        assert not gift_returns.hear(report(card, action=action))
        assert status_of(card) == "Sent"


class TestReport:
    @pytest.mark.parametrize("kind", ["message/rfc822", "text/rfc822-headers"])
    def test_of_a_failure_is_a_bounce(self, send, monkeypatch, kind):
        card = send()

        assert bounce(report(card, kind=kind), monkeypatch) == "Noted."

        assert (status_of(card), card.failure) == ("Bounced", "The mail bounced: 5.1.1.")

    def test_of_a_failure_sends_a_text_message_once(self, send, tmp_path):
        card = send(sms=PHONE)

        for _ in range(2):
            gift_returns.hear(report(card))
            gift_sending.send_due()

        assert (status_of(card), len(list(tmp_path.iterdir()))) == ("Sent", 1)

    def test_of_a_delivery_is_one(self, send):
        card = send()

        assert gift_returns.hear(report(card, action="Delivered", status="2.0.0"))

        assert status_of(card) == "Delivered"

    @pytest.mark.parametrize("status", ["", "ada@example.com is unknown", "5.1.1.1.1.1.1.1.1"])
    def test_keeps_a_code_and_nothing_else(self, send, status):
        card = send()

        gift_returns.hear(report(card, status=status))

        assert (status_of(card), card.failure) == ("Bounced", "The mail bounced: no reason given.")
        assert "ada" not in str(list(GiftMessage.objects.values_list("reason")))


class TestCommand:
    def test_leaves_other_mail_alone(self, monkeypatch):
        assert bounce(b"Subject: Hello\n\nHello", monkeypatch) == "This tells the end of no mail of ours."

    def test_asks_the_mail_server_to_try_again_while_the_database_is_away(self, monkeypatch):
        def away(mail):
            raise OperationalError

        monkeypatch.setattr(gift_returns, "hear", away)

        with pytest.raises(CommandError) as failure:
            bounce(b"", monkeypatch)

        assert failure.value.returncode == 75
