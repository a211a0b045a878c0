"""Gift cards in the dashboard: accounts, products with their codes, the deposit, orders, and the packing queue."""

from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile

from loyalty.models import User
from rewards.models import Code, FundingRequest, GiftAccount, GiftCard, GiftOrder, GiftProduct, ShippingMethod
from rewards.services import gift_accounts, gift_funds, gift_sending
from tests import dashboards
from tests.rewards.gifts.conftest import available, body, code_of, line

pytestmark = pytest.mark.django_db

HOME = {
    "ShippingMethodId": "STANDARD",
    "Name": "Ada Lovelace",
    "AddressLine1": "Hirschstr. 1",
    "City": "Ulm",
    "Zip": "89073",
    "Country": "DE",
}


@pytest.fixture
def olga(acme):
    return dashboards.works_for(acme)


@pytest.fixture
def letter(gifts):
    asked = line(ProductId="STORE-CARD-POST", Value=25, DigitalDeliveryAddress=None, PhysicalDeliveryAddress=HOME)
    gifts.post("/Orders", body(asked, Type="PhysicalShipment", PONumber="LETTER-1"))
    return GiftCard.objects.get()


def texts(response):
    return dashboards.text_of(response)


class TestAccount:
    def test_is_made_and_its_token_shown_once(self, acme, olga):
        answer = olga.post("/admin/rewards/giftaccount/add/", {"email": "Erp@acme.example"})

        account = GiftAccount.objects.get()
        token = next(word for word in texts(answer).split() if "ga_" in word and len(word) > 40)
        found = token[token.index("ga_") :][:46].split("<")[0].strip('"')
        assert gift_accounts.issue_token(email="erp@acme.example", access_token=found)
        assert found not in texts(olga.get(dashboards.page(account)))

    def test_is_refused_for_an_address_that_has_one(self, acme, olga):
        gift_accounts.open_account(business=acme, email="erp@acme.example")

        answer = olga.post("/admin/rewards/giftaccount/add/", {"email": "erp@acme.example"})

        assert "There is an account with this address" in texts(answer)

    def test_is_disabled_and_enabled(self, acme, olga):
        account, _ = gift_accounts.open_account(business=acme, email="erp@acme.example")

        olga.post(dashboards.page(account, "disable"))
        account.refresh_from_db()
        assert account.disabled_at is not None

        olga.post(dashboards.page(account, "enable"))
        account.refresh_from_db()
        assert account.disabled_at is None

    def test_is_for_owners(self, acme):
        manager = dashboards.works_for(acme, dashboards.Role.MANAGER)

        assert manager.get(dashboards.listed(GiftAccount)).status_code == 403


class TestProduct:
    FORM = {
        "name": "Cinema",
        "key": "CINEMA",
        "type": "Digital",
        "provider": "vault",
        "currency": "eur",
        "denominations": "25\n12.50",
        "delivery_types": ["Email", "Link"],
        "fee": "0.5",
        "discount": "2.5",
    }

    def test_is_made_changed_and_archived(self, acme, olga):
        olga.post("/admin/rewards/giftproduct/add/", self.FORM)
        product = GiftProduct.objects.get()
        assert (product.denominations_minor, product.fee_minor, product.discount_bp) == ([1250, 2500], 50, 250)
        assert (product.currency, product.denomination_type) == ("EUR", "Fixed")

        olga.post(dashboards.page(product), {**self.FORM, "denominations": "", "min_value": "5", "max_value": "50"})
        product.refresh_from_db()
        assert (product.min_minor, product.max_minor, product.denomination_type) == (500, 5000, "Variable")

        olga.post(dashboards.page(product, "archive"))
        product.refresh_from_db()
        assert product.archived_at is not None

    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            ({"denominations": "much"}, "not an amount of money"),
            ({"denominations": ""}, "Name fixed denominations"),
            ({"delivery_types": ["Post"]}, "Digital cards go by"),
            ({"discount": "100"}, "less than 100 per cent"),
        ],
    )
    def test_says_what_makes_no_sense(self, olga, wrong, said):
        answer = olga.post("/admin/rewards/giftproduct/add/", {**self.FORM, **wrong})

        assert said in texts(answer)
        assert not GiftProduct.objects.exists()

    def test_takes_codes_of_a_value_and_never_shows_them(self, olga, vault):
        def upload(value, text):
            file = SimpleUploadedFile("codes.csv", text, content_type="text/csv")
            return olga.post(dashboards.page(vault, "upload"), {"file": file, "value": value})

        assert "takes no codes of this value" in texts(upload("30", b"NEW-1\n"))
        assert "was added or handed out before" in texts(upload("25", b"NEW-1\nCINEMA-1\n"))
        assert upload("25", b"NEW-1\nNEW-2\n").status_code == 302
        assert Code.objects.count() == 5
        assert "NEW-1" not in texts(olga.get(dashboards.page(vault)))


class TestShipping:
    def test_is_added_with_countries(self, olga):
        olga.post("/admin/rewards/shippingmethod/add/", {"name": "Letter", "key": "LETTER", "countries": "de\nAT"})
        assert ShippingMethod.objects.get().countries == ["AT", "DE"]

        answer = olga.post("/admin/rewards/shippingmethod/add/", {"name": "Moon", "key": "MOON", "countries": "QQ"})
        assert "QQ is no country" in texts(answer)


class TestDeposit:
    def test_is_asked_for_by_the_owner_and_applied_by_an_operator(self, acme, olga):
        olga.post("/admin/rewards/fundingrequest/add/", {"amount": "250.50", "reference": "Transfer 7"})
        asked = FundingRequest.objects.get()
        assert (asked.amount_minor, available(acme)) == (250_50, 0)
        assert olga.post(dashboards.page(asked, "apply")).status_code == 403

        root = dashboards.operator()
        root.post("/admin/loyalty/business/switch/", {"business": str(acme.pk)})
        root.post(dashboards.page(asked, "apply"))

        assert available(acme) == 250_50

    def test_is_refused_for_nothing(self, olga):
        answer = olga.post("/admin/rewards/fundingrequest/add/", {"amount": "0", "reference": ""})

        assert "more than 0" in texts(answer)


class TestOrder:
    def test_shows_its_cards_without_codes_and_is_cancelled(self, acme, olga, order):
        placed = order(quantity=3)
        shown = texts(olga.get(dashboards.page(placed)))
        assert placed.po_number in shown
        assert not any(code_of(card) in shown for card in GiftCard.objects.all())

        olga.post(dashboards.page(placed, "cancel"))

        assert GiftOrder.objects.get().status == "Cancelled"
        assert available(acme) == 1_000_00


class TestPackingQueue:
    def test_has_what_waits_with_its_address(self, olga, letter, order):
        order()

        shown = texts(olga.get(dashboards.listed(GiftCard, queue="pack")))

        assert "Hirschstr. 1" in shown
        assert shown.count("/admin/rewards/giftorder/0") == 1

    def test_is_left_with_a_tracking_number(self, gifts, olga, letter):
        olga.post(dashboards.page(letter, "ship"), {"carrier": "Post", "tracking_number": "RR123"})

        answer = gifts.get(f"/Orders/{letter.order_id}").json()
        (card,) = answer["LineItems"][0]["Cards"]
        assert (answer["Status"], card["Status"]) == ("Completed", "Shipped")
        assert card["Tracking"] == {"Carrier": "Post", "Number": "RR123"}
        assert olga.get(dashboards.page(letter, "ship")).status_code == 403  # not twice


class TestCard:
    def test_code_is_shown_to_owners_for_a_reason_that_stays(self, acme, olga, order):
        card = GiftCard.objects.get(order=order())
        assert "This field is required" in texts(olga.post(dashboards.page(card, "reveal"), {}))

        answer = olga.post(dashboards.page(card, "reveal"), {"reason": "The till broke"})

        assert code_of(card) in texts(answer)
        entry = LogEntry.objects.latest("action_time")
        assert (entry.user, entry.change_message) == (User.objects.get(), "Looked at the code: The till broke")
        manager = dashboards.works_for(acme, dashboards.Role.MANAGER)
        assert manager.post(dashboards.page(card, "reveal"), {"reason": "Curious"}).status_code == 403

    def test_is_sent_again(self, olga, order, mailoutbox):
        card = GiftCard.objects.get(order=order(type="DigitalDelivery", email="ada@example.com", value=Decimal(20)))
        gift_sending.send_due()

        olga.post(dashboards.page(card, "resend"))
        gift_sending.send_due()

        assert [mail.to for mail in mailoutbox] == [["ada@example.com"]] * 2


def test_funds_are_opened_in_the_currency_of_the_business(acme):
    assert gift_funds.funds_of(acme).currency == acme.currency
