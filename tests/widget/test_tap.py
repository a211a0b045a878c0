"""Tap to Earn on the hosted page, in a real Chromium: what a finger and a keyboard earn, and what they are told."""

import json

import pytest
from playwright.sync_api import expect

from loyalty.models import TapMeter, TapProgramme
from loyalty.services import tap_programmes
from tests.loyalty.quests.conftest import points_of
from tests.loyalty.tap import conftest as tapping
from tests.loyalty.tap.conftest import tap
from tests.widget.conftest import token_of
from tests.widget.test_alone import heading, lose_first_answer
from tests.widget.test_fragments import shown

start = tapping.start


class TestThePart:
    def test_says_that_there_is_nothing(self, visitor):
        assert "Nothing to tap" in shown(visitor.get("tap"))

    def test_shows_the_energy_that_is_left(self, ada, start, visitor):
        start(per_tap=2)
        tap(ada, 30)

        page = shown(visitor.get("tap"))

        assert "Each tap earns 2 points." in page
        assert "<b>70</b>of 100 energy" in page

    def test_shows_what_people_wrote_as_text(self, acme, start, visitor):
        programme = start()
        tap_programmes.update(business=acme, programme_id=programme.pk, title="<script>alert(1)</script>")

        assert "<script>" not in shown(visitor.get("tap"))

    def test_is_named_on_the_home_page_while_there_is_something_to_tap(self, acme, start, visitor):
        assert "Tap and earn" not in shown(visitor.get("home"))
        programme = start()
        assert "100 of 100 energy" in shown(visitor.get("home"))

        tap_programmes.update(business=acme, programme_id=programme.pk, status="paused")

        assert "Tap and earn" not in shown(visitor.get("home"))


@pytest.fixture
def open_page(laurel, acme, ada, page):
    def open_it():
        page.goto(f"{laurel}/w/acme?section=tap#t={token_of(ada)}")
        expect(heading(page, "Tap and earn")).to_be_visible()
        return page

    return open_it


def bean(page):
    return page.get_by_role("button", name="Tap", exact=True)


def paid(acme):
    return sum(meter.taps for meter in TapMeter.objects.for_business(acme))


def balance(page):
    return page.locator("#balance")


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
class TestInABrowser:
    def test_taps_are_counted_at_once_and_paid_in_batches(self, acme, ada, start, open_page):
        start(per_tap=2)
        page = open_page()
        sent = []
        page.on("request", lambda request: request.url.endswith("/taps") and sent.append(request))

        for _ in range(12):
            bean(page).click()

        expect(page.locator(".energy")).to_contain_text("88")
        expect(balance(page)).to_have_text("24")
        assert points_of(ada) == 24
        assert len(sent) < 6

    def test_the_keyboard_taps_too_and_a_held_key_once(self, acme, ada, start, open_page):
        start()
        page = open_page()
        bean(page).focus()

        page.keyboard.press("Enter")
        page.keyboard.press("Space")
        page.keyboard.down("Enter")
        page.keyboard.down("Enter")
        page.keyboard.up("Enter")

        expect(balance(page)).to_have_text("3")
        expect(bean(page)).to_be_focused()

    def test_an_empty_energy_says_so_and_when_it_is_back(self, acme, start, open_page):
        start(energy=3, refill_seconds=2)
        page = open_page()

        for _ in range(6):
            bean(page).click(force=True)

        expect(page.get_by_text("Out of energy")).to_be_visible()
        expect(bean(page)).to_have_attribute("aria-disabled", "true")
        expect(page.get_by_text("One more in")).to_be_visible()
        expect(bean(page)).to_have_attribute("aria-disabled", "false")

    def test_the_end_of_a_day_is_told(self, acme, start, open_page):
        start(per_day=2)
        page = open_page()

        for _ in range(4):
            bean(page).click(force=True)

        expect(page.get_by_text("That is all for today")).to_be_visible()
        expect(balance(page)).to_have_text("2")

    def test_a_pause_is_told_also_when_it_comes_meanwhile(self, acme, start, open_page):
        programme = start()
        page = open_page()
        tap_programmes.update(business=acme, programme_id=programme.pk, status="paused")

        bean(page).click()

        expect(page.get_by_text("Paused. Come back later.")).to_be_visible()
        assert paid(acme) == 0

    def test_a_lost_answer_pays_once(self, acme, ada, start, open_page):
        start()
        page = open_page()
        page.route("**/api/loyalty/taps", lose_first_answer())

        bean(page).click()
        expect(page.get_by_text("No connection")).to_be_visible()

        expect(balance(page)).to_have_text("1", timeout=15_000)
        assert points_of(ada) == 1

    def test_taps_wait_for_the_network(self, acme, ada, start, open_page):
        start()
        page = open_page()
        page.context.set_offline(True)
        bean(page).click()
        expect(page.get_by_text("No connection")).to_be_visible()

        page.context.set_offline(False)

        expect(balance(page)).to_have_text("1", timeout=15_000)

    def test_a_slow_network_is_told(self, acme, start, open_page):
        start()
        page = open_page()
        slow = []
        page.route("**/api/loyalty/taps", lambda route: slow.append(route))
        bean(page).click()

        expect(page.get_by_text("Your connection seems slow")).to_be_visible(timeout=10_000)

        slow[0].continue_()
        expect(balance(page)).to_have_text("1")

    def test_the_last_taps_count_also_when_the_page_is_left(self, acme, ada, start, open_page):
        start()
        page = open_page()

        with page.expect_response("**/api/loyalty/taps") as answer:
            bean(page).click()
            page.get_by_role("link", name="Rewards", exact=True).click()

        assert json.loads(answer.value.body())["data"]["taps"] == 1

    def test_a_programme_that_ended_is_taken_away(self, acme, start, open_page):
        programme = start()
        page = open_page()
        TapProgramme.objects.for_business(acme).filter(pk=programme.pk).update(status="archived")

        bean(page).click()

        expect(heading(page, "Nothing to tap")).to_be_visible()
