"""Files of gift cards: checked row by row, and sent whole, once."""

import io
from datetime import timedelta
from pathlib import Path

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from advocates.services import csv_files
from loyalty.kernel import clock
from loyalty.kernel.errors import Invalid
from loyalty.services import erasure
from rewards.models import GiftCard, GiftLine, GiftOrder, GiftUpload
from rewards.services import gift_funds, gift_orders, gift_sending, gift_uploads
from tests import dashboards
from tests.dashboards import Role
from tests.races import at_once
from tests.rewards.gifts.conftest import available

pytestmark = pytest.mark.django_db

TEXT = """product,value,quantity,email,to,message
STORE-CARD,20,,ada@example.com,Ada,"Thank you,
Ada"
STORE-CARD,12.50,2,bob@example.com,Bob,
"""


@pytest.fixture(autouse=True)
def _sells_gifts(gifts):
    """Every test has a deposit of 1,000.00 and the products of a new business."""


def received(business, text=TEXT, po_number="MAY", type="DigitalDelivery"):
    return gift_uploads.receive(
        business=business, po_number=po_number, type=type, lines=io.StringIO(text, newline=""), title="may.csv"
    )


def send(upload):
    return gift_uploads.send(business=upload.business, upload_id=upload.pk)


def row(**cells):
    """A file of one row."""
    said = {"product": "STORE-CARD", "value": "20", "email": "ada@example.com", **cells}
    return f"{','.join(said)}\n{','.join(said.values())}\n"


class TestRefuses:
    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("", "names no column"),
            ("shoe size\n43\n", "names no column"),
            ("product,value,shoe size\nSTORE-CARD,20,43\n", "no column shoe size"),
            ("product,email\nSTORE-CARD,ada@example.com\n", "column value is missing"),
            ("product,value\n", "no rows"),
            ('product,value\n"STORE-CARD,20\n', "no CSV file"),
            ("product,value\n" + "STORE-CARD,1\n" * 10_001, "more than 10,000 rows"),
        ],
    )
    def test_what_is_no_such_file(self, acme, text, said):
        with pytest.raises(csv_files.BadFile, match=said):
            received(acme, text)

        assert not GiftUpload.objects.exists()

    @pytest.mark.parametrize(
        ("cells", "column", "said"),
        [
            ({"product": "TEA"}, "product", "no such product"),
            ({"value": "much"}, "value", "amount such as 12.50"),
            ({"value": "NaN"}, "value", "amount"),
            ({"value": "500.01"}, "value", "no card of this value"),
            ({"quantity": "0"}, "quantity", "1 to 10,000"),
            ({"quantity": "two"}, "quantity", "whole number"),
            ({"email": "nobody"}, "email", "email is not an e-mail address"),
            ({"email": "", "sms": "12"}, "sms", "sms is no phone number"),
            ({"deliver_at": "soon"}, "deliver_at", "2026-05-31"),
            ({"from_email": "me"}, "from_email", "from_email is not"),
            ({"language": "Klingon"}, "language", "language is no language"),
            ({"to": "A" * 101}, "to", "longer than 100"),
            ({"from_name": '"Eve\nBcc: all@example.com"'}, "from_name", "one line"),
            ({"name": "Ada"}, "shipping_method", "missing"),
            ({"email": ""}, "", "Say where to"),
        ],
    )
    def test_rows_and_says_where(self, acme, cells, column, said):
        (problem,) = received(acme, row(**cells)).problems

        assert problem["column"] == column
        assert said in problem["message"]

    def test_a_number_that_was_used_or_is_none(self, acme):
        send(received(acme))

        with pytest.raises(gift_orders.DuplicatePoNumber):
            received(acme, row())
        for number in ("", "MAY\n1"):
            with pytest.raises(Invalid, match="one line"):
                received(acme, row(), po_number=number)

    def test_a_file_that_was_sent_whatever_it_is_called(self, acme):
        send(received(acme))

        with pytest.raises(gift_uploads.SentBefore, match="as MAY"):
            received(acme, po_number="JUNE")

    def test_to_send_twice_or_with_rows_that_are_wrong(self, acme):
        upload, wrong = send(received(acme)), received(acme, row(value="0"), po_number="JUNE")

        for each in (upload, wrong):
            with pytest.raises(gift_uploads.NotSendable):
                send(each)
        assert GiftOrder.objects.count() == 1

    def test_what_the_deposit_does_not_cover_and_keeps_the_file(self, acme):
        upload = received(acme, row(value="400", quantity="3"))

        with pytest.raises(gift_funds.InsufficientFunds):
            send(upload)

        assert (available(acme), GiftUpload.objects.get().order) == (1_000_00, None)

    @pytest.mark.django_db(transaction=True)
    def test_to_send_two_copies_at_once(self, acme):
        copies = [received(acme, po_number=number) for number in ("MAY", "JUNE")]

        results = at_once(2, lambda number: send(copies[number]))

        assert sorted(type(result).__name__ for result in results) == ["GiftUpload", "SentBefore"]
        assert (GiftOrder.objects.count(), available(acme)) == (1, 955_00)


class TestUpload:
    def test_tells_what_it_comes_to_and_orders_nothing(self, acme):
        upload = received(acme)

        assert (upload.size, upload.cards, upload.total_minor, upload.problems) == (2, 3, 45_00, [])
        assert (GiftOrder.objects.count(), available(acme)) == (0, 1_000_00)

    def test_counts_what_is_right_beside_what_is_wrong(self, acme):
        upload = received(acme, TEXT + "STORE-CARD,0,1,eve@example.com,Eve,\n")

        assert (upload.size, upload.cards, len(upload.problems)) == (3, 3, 1)
        assert upload.problems[0]["line"] == 5  # a cell has two lines

    def test_is_sent_as_one_order(self, acme):
        upload = send(received(acme))
        gift_sending.send_due()

        assert (upload.order.po_number, upload.rows, available(acme)) == ("MAY", [], 955_00)
        assert sorted(letter.to[0] for letter in mail.outbox) == ["ada@example.com", *["bob@example.com"] * 2]
        assert GiftLine.objects.get(number=0).personalization == {"To": "Ada", "Message": "Thank you,\nAda"}

    def test_speaks_to_each_recipient_in_their_language(self, acme):
        send(received(acme, row(language="de-AT", to="Ada")))
        gift_sending.send_due()

        assert [letter.subject for letter in mail.outbox] == ["Ada, ein Geschenk von Acme Coffee"]

    def test_goes_by_post(self, acme):
        text = row(
            product="STORE-CARD-POST",
            value="25",
            email="",
            shipping_method="STANDARD",
            name="Ada Byron",
            address_line1="Hauptstr. 1",
            city="Berlin",
            zip="10115",
            country="de",
        )

        upload = send(received(acme, text, type="PhysicalShipment"))

        assert GiftLine.objects.get(order=upload.order).address["postal_code"] == "10115"

    def test_becomes_links_and_waits_for_a_day_on_the_clocks_of_the_business(self, acme):
        later = received(acme, row(deliver_at="2026-12-24"), po_number="LATER")
        assert later.problems == []

        upload = send(received(acme, "product;value;quantity\nSTORE-CARD;1,5;2\n".replace(",", "."), type="Links"))

        assert upload.order.type == "Links"

    def test_takes_ten_thousand_rows(self, acme):
        rows = "".join(f"CVS,1,ada{number}@example.com\n" for number in range(10_000))

        upload = received(acme, f"product,value,email\n{rows}")

        assert (upload.cards, upload.total_minor, upload.problems) == (10_000, 10_000_00, [])

    def test_is_forgotten_after_a_week_unless_it_was_sent(self, acme):
        send(received(acme))
        received(acme, row(), po_number="JUNE")
        GiftUpload.objects.update(created_at=clock.wall() - timedelta(days=8))

        gift_uploads.purge()

        assert GiftUpload.objects.get().po_number == "MAY"

    def test_loses_the_rows_of_who_is_forgotten(self, acme, ada):
        upload = received(acme)

        erasure.erase(business=acme, account_id=ada.pk)

        assert send(upload).order.lines.get().email == "bob@example.com"


def test_the_documented_file_is_right(acme):
    page = (Path(__file__).resolve().parents[3] / "docs/merchants/gift-cards.md").read_text(encoding="utf-8")
    text = page.partition("```csv\n")[2].partition("```")[0]

    upload = received(acme, text)

    assert (upload.cards, upload.total_minor, upload.problems) == (3, 45_00, [])
    assert all(f"`{column}`" in page for column in gift_uploads.COLUMNS)


class TestDashboard:
    @pytest.fixture
    def olga(self, acme):
        return dashboards.works_for(acme)

    def upload(self, browser, text=TEXT):
        file = SimpleUploadedFile("may.csv", text.encode(), content_type="text/csv")
        given = {"po_number": "MAY", "type": "DigitalDelivery", "file": file}
        return browser.post(reverse("admin:rewards_giftupload_add"), given, follow=True)

    def test_is_not_for_analysts(self, acme):
        assert self.upload(dashboards.works_for(acme, Role.ANALYST)).status_code == 403

    def test_says_beside_the_field_what_is_wrong(self, olga):
        assert "no rows below" in dashboards.text_of(self.upload(olga, "product,value\n"))
        assert not GiftUpload.objects.exists()

    def test_shows_each_wrong_line_and_no_button(self, olga):
        self.upload(olga, row(value="0.50"))
        upload = GiftUpload.objects.get()

        text = dashboards.text_of(olga.get(dashboards.page(upload, "change")))

        assert "no card of this value" in text
        assert olga.post(dashboards.page(upload, "send")).status_code == 403
        assert not GiftOrder.objects.exists()

    def test_sends_and_follows_the_cards(self, olga, acme):
        self.upload(olga)
        upload = GiftUpload.objects.get()
        page = dashboards.page(upload, "change")
        assert "Every line is right" in dashboards.text_of(olga.get(page))

        olga.post(dashboards.page(upload, "send"))

        shown = olga.get(page)
        assert (shown["Refresh"], "0 of 3" in dashboards.text_of(shown)) == ("3", True)
        gift_sending.send_due()
        shown = olga.get(page)
        assert ("Refresh" not in shown, "3 of 3" in dashboards.text_of(shown)) == (True, True)
        assert GiftCard.objects.filter(status="Sent").count() == 3
