"""The hosted page in a real Chromium, opened by itself: what it shows when things go well, and when they do not."""

import pytest
from playwright.sync_api import expect

from advocates.services import advocates
from loyalty.models import Action, Business, Milestone
from loyalty.selectors import ledger as wallets
from rewards.models import Redemption
from tests.widget.conftest import token_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAYLOADS = [
    "<script>boom()</script>",
    "<img src=x onerror=boom()>",
    '"><svg onload=boom()>',
    "</template><iframe srcdoc='<script>parent.boom()</script>'>",
    "{{ 7|add:7 }}{% debug %}",
]


@pytest.fixture
def points(ada, give, offer):
    give(ada, 250)
    return offer("Free coffee", code_prefix="BEAN")


@pytest.fixture
def address(laurel, acme, ada):
    """Where the page is, for Ada."""

    def address(section="home", **more):
        query = "&".join([f"section={section}", *(f"{name}={value}" for name, value in more.items())])
        return f"{laurel}/w/acme?{query}#t={token_of(ada)}"

    return address


def redeem(page):
    page.get_by_role("button", name="Redeem Free coffee").click()
    page.get_by_role("button", name="Redeem for 100 points").click()


def heading(page, name):
    return page.get_by_role("heading", name=name)


class TestPage:
    @pytest.mark.parametrize("section", ["Rewards", "Coupons", "History"])
    def test_opens_at_a_section_and_forgets_the_token_in_its_address(self, page, address, section):
        page.goto(address(section.lower()))

        expect(page.get_by_role("heading", name=section, exact=True)).to_be_visible()
        expect(page.get_by_role("link", name=section)).to_have_attribute("aria-current", "page")
        assert page.evaluate("location.hash") == ""

    def test_opens_at_a_reward(self, page, address, points):
        page.goto(address("rewards", item=points.pk))

        expect(page.get_by_role("dialog").get_by_role("heading", name="Free coffee")).to_be_visible()

    def test_goes_back(self, page, address, points):
        page.goto(address())
        page.get_by_role("link", name="History").click()
        expect(heading(page, "History")).to_be_visible()

        page.go_back()

        expect(heading(page, "Hello, Ada")).to_be_visible()

    def test_shows_more_of_the_history(self, page, address, ada, give):
        for number in range(45):
            give(ada, 1, description=f"Order {number}")
        page.goto(address("history"))
        rows = page.locator(".history li")
        expect(rows).to_have_count(20)

        page.get_by_role("button", name="Show more").click()
        expect(rows).to_have_count(40)
        page.get_by_role("button", name="Show more").click()
        expect(rows).to_have_count(45)

        expect(page.get_by_role("button", name="Show more")).to_have_count(0)
        assert [row.split("\n")[0] for row in rows.all_inner_texts()] == [f"Order {n}" for n in reversed(range(45))]

    def test_takes_a_new_token_in_its_address(self, page, address, laurel, bob):
        page.goto(address())
        expect(heading(page, "Hello, Ada")).to_be_visible()

        page.goto(f"{laurel}/w/acme?section=home#t={token_of(bob)}")

        expect(heading(page, "Hello, Bob")).to_be_visible()

    def test_is_opened_once_however_much_is_looked_at(self, page, address, bob):
        with page.expect_response("**/opened") as opened:
            page.goto(address("rewards"))
        assert opened.value.status == 204
        page.get_by_role("link", name="History").click()
        expect(heading(page, "History")).to_be_visible()

        with page.expect_response("**/opened"):  # somebody else's
            page.goto(f"{page.url}#t={token_of(bob)}")

        assert [action.name for action in Action.objects.all()] == ["widget_opened"] * 2

    def test_does_not_mind_if_nobody_hears_that_it_is_open(self, page, address):
        page.route("**/opened", lambda route: route.abort())
        page.goto(address())

        expect(heading(page, "Hello, Ada")).to_be_visible()

    @pytest.mark.parametrize("width", [320, 390, 1280])
    def test_is_never_wider_than_the_screen(self, page, address, points, offer, width):
        offer("Donaudampfschifffahrtsgesellschaftskapitänsmütze" * 2, description="x" * 300)
        page.set_viewport_size({"width": width, "height": 800})
        page.goto(address("rewards"))
        page.locator(".card").first.wait_for()

        assert page.evaluate("document.documentElement.scrollWidth") <= width


class TestRedeem:
    def test_copies_the_code(self, page, address, points):
        page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.goto(address())
        redeem(page)
        page.get_by_role("button", name="Copy the code").click()

        expect(page.get_by_text("Copied", exact=True)).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()").startswith("BEAN-")

    def test_happens_once_for_a_double_click(self, page, address, ada, points):
        page.goto(address())
        page.get_by_role("button", name="Redeem Free coffee").click()
        page.get_by_role("button", name="Redeem for 100 points").dblclick()
        expect(heading(page, "It is yours")).to_be_visible()

        assert balance(ada) == 150

    def test_happens_once_when_the_answer_is_lost(self, page, address, ada, points):
        page.goto(address())
        page.route("**/rewards/*", lose_first_answer())
        redeem(page)
        expect(page.get_by_text("you will not pay twice")).to_be_visible()
        assert balance(ada) == 150

        page.get_by_role("button", name="Redeem for 100 points").click()
        expect(heading(page, "It is yours")).to_be_visible()

        assert balance(ada) == 150
        expect(page.locator("code")).to_have_text(Redemption.objects.for_business(ada.business).get().coupon_code)

    def test_says_when_someone_was_faster(self, page, address, ada, points):
        page.goto(address())
        page.get_by_role("button", name="Redeem Free coffee").click()
        page.get_by_role("button", name="Redeem for 100 points").wait_for()
        points.stock = points.taken
        points.save()

        page.get_by_role("button", name="Redeem for 100 points").click()

        expect(page.get_by_text("this has just sold out")).to_be_visible()
        assert balance(ada) == 250

    def test_works_by_keyboard_alone(self, page, address, ada, points):
        page.goto(address())
        page.get_by_role("button", name="Redeem Free coffee").press("Enter")
        expect(page.get_by_role("button", name="Redeem for 100 points")).to_be_focused()

        page.keyboard.press("Escape")
        expect(page.get_by_role("button", name="Redeem Free coffee")).to_be_focused()
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Redeem for 100 points").press("Enter")

        expect(heading(page, "It is yours")).to_be_focused()


class TestTrouble:
    def test_without_a_network_passes_by_itself(self, page, address, points):
        page.goto(address())
        page.context.set_offline(True)
        page.get_by_role("link", name="Rewards", exact=True).click()
        expect(heading(page, "No connection")).to_be_visible()

        page.context.set_offline(False)

        expect(page.get_by_role("button", name="Redeem Free coffee")).to_be_visible()

    def test_of_the_server_can_be_retried(self, page, address, points):
        page.route("**/w/acme/rewards", lambda route: route.fulfill(status=503))
        page.goto(address("rewards"))
        expect(heading(page, "This did not load")).to_be_visible()

        page.unroute("**/w/acme/rewards")
        page.get_by_role("button", name="Try again").click()

        expect(heading(page, "Free coffee")).to_be_visible()

    def test_of_a_slow_network_is_told(self, page, address, points):
        slow = []
        page.route("**/w/acme/home", lambda route: slow.append(route))
        page.goto(address())

        expect(page.get_by_text("Your connection seems slow").first).to_be_visible()

        slow[0].continue_()
        expect(heading(page, "Hello, Ada")).to_be_visible()

    def test_with_a_forged_token_shows_nothing(self, page, address, points):
        page.goto(address()[:-8])

        expect(heading(page, "Sign in to see your points")).to_be_visible()
        expect(page.get_by_role("navigation")).to_be_hidden()


class TestHostileText:
    @pytest.mark.parametrize("payload", PAYLOADS)
    def test_is_shown_as_text_and_never_runs(self, page, address, acme, ada, offer, give, payload):
        advocates.update(business=acme, advocate_id=ada.pk, first_name=payload)
        Business.objects.filter(pk=acme.pk).update(name=payload)
        Milestone.objects.for_business(acme).update(title=payload)
        give(ada, 250, description=payload)
        offer(payload, description=payload)
        alarms = listen(page)

        page.goto(address())
        expect(heading(page, f"Hello, {payload}")).to_be_visible()
        redeem_first(page)
        for section in ("Rewards", "Coupons", "History"):
            page.get_by_role("link", name=section, exact=True).click()
            expect(page.get_by_role("heading", name=payload).first).to_be_visible()

        assert alarms == []

    def test_would_be_noticed_if_it_tried(self, page, address):
        """The control: markup that gets through is stopped by the page's policy, and the test hears of it."""
        alarms = listen(page)
        page.goto(address())
        expect(heading(page, "Hello, Ada")).to_be_visible()

        page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=/nothing onerror=boom()>')")
        page.wait_for_timeout(500)

        assert "it ran" not in alarms
        assert any("Content Security Policy" in alarm for alarm in alarms)


def balance(advocate):
    return wallets.wallets(business=advocate.business, account_ids=[advocate.pk])[advocate.pk].amount


def lose_first_answer():
    """The server does it, but its answer never arrives."""
    lost = []

    def route(route):
        if route.request.method == "POST" and not lost:
            lost.append(route.fetch())
            route.abort()
        else:
            route.continue_()

    return route


def listen(page):
    """Whatever would say that a payload ran, or tried to."""
    alarms = []
    page.expose_function("boom", lambda: alarms.append("it ran"))
    page.on("dialog", lambda dialog: alarms.append(dialog.message))
    page.on("pageerror", lambda error: alarms.append(str(error)))
    page.on("console", lambda line: alarms.append(line.text))
    return alarms


def redeem_first(page):
    page.get_by_role("button", name="Redeem").first.click()
    page.get_by_role("button", name="Redeem for 100 points").click()
    page.get_by_role("button", name="Done").click()
