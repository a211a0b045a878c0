"""The page behind a link: no script, no code before the click, and nothing about links that lead nowhere."""

from datetime import timedelta
from decimal import Decimal

import pytest
import segno
from django.test import Client

from loyalty.api import limits
from loyalty.kernel import clock
from loyalty.models import Event
from rewards.models import GiftCard, GiftProduct
from rewards.services import gift_buying, gift_cards, gift_orders, gift_policies, gift_recipients, gift_sending
from tests.rewards.gifts.conftest import code_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def card(order):
    placed = order(personalization={"To": "Ada", "FromName": "Platform", "Message": "<script>alert(1)</script>"})
    gift_sending.send_due()
    return GiftCard.objects.get(order=placed)


@pytest.fixture
def code(card):
    found = code_of(card)
    return " ".join(found[at : at + 6] for at in range(0, len(found), 6))


def address(card):
    return f"/g/{gift_cards.token_of(card)}"


def page(response):
    return response.content.decode()


class TestNothing:
    @pytest.mark.parametrize("token", ["nonsense", "a" * 32, "x" * 500])
    def test_is_behind_a_link_that_is_none(self, db, token):
        for response in (Client().get(f"/g/{token}"), Client().post(f"/g/{token}")):
            assert response.status_code == 404
            assert "There is no gift behind this link" in page(response)

    @pytest.mark.breaks_the_books
    def test_is_behind_what_was_cancelled_failed_or_goes_by_post(self, acme, order):
        cancelled, failed = (GiftCard.objects.get(order=order()) for _ in range(2))
        gift_orders.cancel(business=acme, order_id=cancelled.order_id)
        GiftCard.objects.filter(pk=failed.pk).update(status="Failed")

        for card in (cancelled, failed):
            assert Client().post(address(card)).status_code == 404

    def test_is_there_before_its_day(self, order):
        later = clock.wall() + timedelta(days=2)
        card = GiftCard.objects.get(order=order(type="DigitalDelivery", email="ada@example.com", deliver_at=later))

        assert Client().post(address(card)).status_code == 404

    def test_tells_the_links_of_a_suspended_business_from_none(self, acme, card):
        acme.status = acme.Status.SUSPENDED
        acme.save()

        assert Client().get(address(card)).status_code == 404

    def test_is_told_to_who_tries_too_often(self, db):
        with clock.moved_to(clock.wall()):  # within one minute
            answers = [Client().get(f"/g/guess-{number}").status_code for number in range(65)]

        assert (answers.count(404), answers.count(429)) == (60, 5)

    def test_is_told_while_nobody_can_count(self, card, monkeypatch):
        monkeypatch.setattr(limits, "_ask_redis", lambda windows, at: None)

        assert Client().get(address(card)).status_code == 503


class TestPage:
    def test_shows_the_gift_and_not_the_code(self, card, code):
        response = Client().get(address(card))

        said = page(response)
        assert "Hello Ada, this is for you" in said
        assert "€20.00" in said
        assert "&lt;script&gt;" in said
        assert code not in said
        assert code.replace(" ", "") not in said
        assert response["Cache-Control"] == "no-store"
        assert response["X-Robots-Tag"] == "noindex, nofollow"
        assert response["Referrer-Policy"] == "no-referrer"

    def test_shows_the_code_after_the_click(self, card, code):
        response = Client().post(address(card))

        assert code in page(response)
        assert "<svg" in page(response)
        card.refresh_from_db()
        assert card.status == "Claimed"

    def test_shows_the_code_itself_to_scanners(self, card):
        said = page(Client().post(address(card)))

        drawn = segno.make(code_of(card), error="m", micro=False)
        assert drawn.svg_inline(scale=5, border=2, light="#fff", omitsize=True) in said
        assert said.count("<svg") == 1

    def test_shows_an_uploaded_code_as_it_is(self, vault, order):
        card = GiftCard.objects.get(order=order(product="CINEMA", value=Decimal(25)))

        assert ">CINEMA-1<" in page(Client().post(address(card)))

    def test_counts_as_viewed_once(self, card):
        for _ in range(2):
            Client().get(address(card))

        card.refresh_from_db()
        assert card.status == "Viewed"
        assert Event.objects.filter(topic="gift_cards/viewed").count() == 1

    def test_is_not_viewed_by_a_browser_that_looks_ahead(self, card):
        Client().get(address(card), headers={"Sec-Purpose": "prefetch"})
        Client().head(address(card))

        card.refresh_from_db()
        assert card.viewed_at is None

    def test_says_when_the_code_was_first_shown(self, card):
        Client().post(address(card))

        assert "It was first shown on" in page(Client().get(address(card)))

    def test_says_what_is_left(self, acme, card):
        gift_cards.redeem(business=acme, code=code_of(card), amount=Decimal("7.50"))

        assert "€12.50 left" in page(Client().get(address(card)))

    @pytest.mark.parametrize(("days", "is_said"), [(None, False), (30, True)])
    def test_says_until_when_the_code_can_be_had(self, acme, card, days, is_said):
        gift_policies.save(business=acme, give_back_after_days=days)

        assert ("after that the gift goes back" in page(Client().get(address(card)))) == is_said
        assert "after that the gift goes back" not in page(Client().post(address(card)))
        assert "after that the gift goes back" not in page(Client().get(address(card)))

    def test_says_no_day_for_what_is_not_taken_back(self, acme, card, books, order):
        gift_policies.save(business=acme, give_back_after_days=30)
        bought = GiftCard.objects.get(order=order(product="BOOKS"))
        gift_cards.redeem(business=acme, code=code_of(card), amount=Decimal(1))
        gift_buying.buy_due()
        gift_sending.send_due()

        for each in (card, bought):
            assert "after that the gift goes back" not in page(Client().get(address(each)))

    def test_needs_no_cookie(self, card):
        response = Client(enforce_csrf_checks=True).post(address(card))

        assert (response.status_code, dict(response.cookies)) == (200, {})


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
class TestInBrowser:
    @pytest.fixture
    def phone(self, browser):
        """A page without script, as wide as a phone."""
        context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
        yield context.new_page()
        context.close()

    def test_reveals_without_script_on_a_phone(self, live_server, phone, card, code):
        phone.goto(f"{live_server.url}{address(card)}")

        phone.get_by_role("button", name="Show my code").click()

        assert phone.locator(".characters").inner_text() == code

    @pytest.mark.parametrize("is_revealed", [False, True])
    def test_fits_on_a_phone_whatever_was_written(self, live_server, phone, order, is_revealed):
        long = "https://shop.example/" + "long" * 60
        texts = ("name", "redemption_note", "terms", "disclaimer")
        GiftProduct.objects.update(**{name: long[:120] if name == "name" else long for name in texts})
        said = {"To": long[:100], "FromName": long[:100], "Message": long}
        placed = order(personalization=said)
        gift_sending.send_due()
        phone.goto(f"{live_server.url}{address(GiftCard.objects.get(order=placed))}")

        if is_revealed:
            phone.get_by_role("button", name="Show my code").click()

        assert phone.evaluate("document.documentElement.scrollWidth") <= 390

    @pytest.mark.parametrize("media", ["screen", "print"])
    def test_shows_the_terms_also_on_paper(self, live_server, phone, card, media):
        GiftProduct.objects.update(
            terms="Good for three years.", disclaimer="No cash for it.", redemption_note="Here."
        )
        phone.goto(f"{live_server.url}{address(card)}")

        phone.emulate_media(media=media)

        for text in ("Good for three years.", "No cash for it.", "Here."):
            assert phone.get_by_text(text).is_visible()


class TestAsking:
    """Where the business says so, the code is for whoever knows where the message went."""

    @pytest.fixture
    def mailed(self, acme, order):
        gift_policies.save(business=acme, asks_recipient=True)
        placed = order(type="DigitalDelivery", email="Ada@example.com", sms="+4915112345678")
        gift_sending.send_due()
        return GiftCard.objects.get(order=placed)

    @pytest.mark.parametrize(
        "said", ["", "bob@example.com", "ada@example.com.evil", "+4915112345679", "112345678", "not a number"]
    )
    def test_shows_no_code_to_somebody_else(self, mailed, said):
        answer = Client().post(address(mailed), {"address": said})

        assert answer.status_code == 403
        assert "It was sent somewhere else" in page(answer)
        assert "Your code" not in page(answer)
        assert GiftCard.objects.get().claimed_at is None

    @pytest.mark.parametrize("said", ["ada@example.com", " ADA@example.com ", "+49 151 12345678", "0151 12345678"])
    def test_shows_it_to_whoever_knows(self, mailed, said):
        assert "Where was this gift sent to?" in page(Client().get(address(mailed)))

        answer = Client().post(address(mailed), {"address": said})
        assert answer.status_code == 200
        assert "Your code" in page(answer)

    @pytest.mark.usefixtures("at_one_moment")
    def test_hears_so_many_wrong_answers_and_no_more(self, mailed):
        tries = [{"address": f"guess-{number}@example.com"} for number in range(21)]
        answers = [Client().post(address(mailed), said).status_code for said in tries]

        assert (answers.count(403), answers.count(429)) == (20, 1)
        assert Client().post(address(mailed), {"address": "ada@example.com"}).status_code == 429

    def test_keeps_what_was_typed_as_text(self, mailed):
        assert "<script>" not in page(Client().post(address(mailed), {"address": '"><script>alert(1)</script>'}))

    def test_asks_nothing_for_a_link(self, acme, card):
        gift_policies.save(business=acme, asks_recipient=True)

        assert "Where was this gift sent to?" not in page(Client().get(address(card)))
        assert "Your code" in page(Client().post(address(card)))

    def test_asks_nothing_about_a_recipient_who_is_forgotten(self, acme, mailed):
        gift_recipients.erase(business=acme, line_ids=[mailed.line_id])

        assert "Your code" in page(Client().post(address(mailed)))
