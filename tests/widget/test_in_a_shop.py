"""The widget in a real Chromium, in a frame on another site that may keep no cookies."""

import pytest
from playwright.sync_api import expect

from loyalty.models import Business
from loyalty.services import accounts, tokens
from rewards.models import Redemption
from tests.browser import ARGUMENTS
from tests.loyalty.tap import conftest as tapping
from tests.widget.conftest import token_of
from tests.widget.shops import open_shop

start = tapping.start
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def strict_browser(playwright, chromium_path):
    """Blocks the cookies of other sites' frames, as more and more browsers do."""
    arguments = [*ARGUMENTS, "--test-third-party-cookie-phaseout"]
    chromium = playwright.chromium.launch(executable_path=chromium_path, args=arguments)
    yield chromium
    chromium.close()


@pytest.fixture
def page(strict_browser):
    context = strict_browser.new_context()
    yield context.new_page()
    context.close()


@pytest.fixture
def shop(laurel, acme):
    with open_shop(laurel) as shop:
        Business.objects.filter(pk=acme.pk).update(allowed_origins=[shop.origin])
        yield shop


@pytest.fixture
def points(ada, give, offer):
    give(ada, 250)
    offer("Free coffee", code_prefix="BEAN")


def open_widget(page):
    page.get_by_role("button", name="Rewards").click()
    return page.frame_locator("iframe")


def listen(page):
    """Collect what the loader tells the document."""
    page.evaluate("""() => {
        window.heard = [];
        for (const name of ["redeemed", "expired"])
            document.addEventListener(`laurel:${name}`, ({detail}) => heard.push([name, detail?.couponCode ?? null]));
    }""")


class TestVisit:
    def test_redeems_and_shows_coupon_and_new_balance(self, page, shop, ada, points):
        page.goto(shop.put_widget(token_of(ada)))
        listen(page)
        widget = open_widget(page)
        expect(widget.get_by_role("heading", name="Hello, Ada")).to_be_visible()
        expect(widget.locator("#balance")).to_have_text("250")

        widget.get_by_role("button", name="Redeem Free coffee").click()
        widget.get_by_role("button", name="Redeem for 100 points").click()
        expect(widget.get_by_role("heading", name="It is yours")).to_be_visible()

        code = Redemption.objects.for_business(ada.business).get().coupon_code
        expect(widget.locator("code")).to_have_text(code)
        expect(widget.locator("#balance")).to_have_text("150")
        assert page.evaluate("heard") == [["redeemed", code]]

    def test_lists_the_coupon_afterwards(self, page, shop, ada, points):
        page.goto(shop.put_widget(token_of(ada)))
        widget = open_widget(page)
        widget.get_by_role("button", name="Redeem Free coffee").click()
        widget.get_by_role("button", name="Redeem for 100 points").click()
        widget.get_by_role("button", name="Done").click()

        widget.get_by_role("link", name="Coupons").click()

        expect(widget.get_by_text("Ready to use")).to_be_visible()
        expect(widget.locator("code")).to_contain_text("BEAN-")

    def test_taps_and_brings_friends(self, page, shop, ada, start):
        start(per_tap=3)
        page.goto(shop.put_widget(token_of(ada)))
        widget = open_widget(page)

        widget.get_by_role("link", name="Tap and earn").click()
        widget.get_by_role("button", name="Tap", exact=True).click(click_count=2)
        expect(widget.locator("#balance")).to_have_text("6")

        widget.get_by_role("link", name="Home").first.click()
        widget.get_by_role("link", name="Bring friends").click()
        expect(widget.locator("code")).to_contain_text("/r/")

    def test_keeps_no_cookie_and_shows_no_server_the_token(self, page, shop, ada, points):
        token = token_of(ada)
        asked = []
        page.on("request", lambda request: asked.append((request.url, request.all_headers())))
        page.goto(shop.put_widget(token))
        expect(open_widget(page).get_by_role("heading", name="Hello, Ada")).to_be_visible()

        assert page.context.cookies() == []
        assert not [url for url, headers in asked if token in url.partition("#")[0] or "cookie" in headers]
        assert "t=" not in page.frames[1].url

    def test_happens_where_frames_can_keep_no_cookie(self, page, shop, ada):
        """The control: in this browser, a cookie of the frame is lost."""
        page.goto(shop.put_widget(token_of(ada)))
        expect(open_widget(page).get_by_role("heading", name="Hello, Ada")).to_be_visible()

        kept = page.frames[1].evaluate("document.cookie = 'probe=1; SameSite=None; Secure; path=/', document.cookie")

        assert kept == ""


class TestFraming:
    def test_is_refused_to_pages_that_the_business_does_not_list(self, page, shop, laurel, ada):
        with open_shop(laurel) as stranger:
            page.goto(stranger.put_widget(token_of(ada)))
            page.get_by_role("button", name="Rewards").click()
            page.wait_for_timeout(1000)

            assert page.frames[1].url.startswith("chrome-error:")

    def test_is_refused_to_the_shops_of_other_businesses(self, page, shop, rival, eve):
        page.goto(shop.put_widget(token_of(eve), business="rival"))
        page.get_by_role("button", name="Rewards").click()
        page.wait_for_timeout(1000)

        assert page.frames[1].url.startswith("chrome-error:")


class TestMessages:
    """On a page that frames the widget by itself, beside a frame of somebody else."""

    @pytest.fixture
    def widget(self, page, shop, laurel, ada):
        with open_shop(laurel) as stranger:
            framed = f"{laurel}/w/acme#t={token_of(ada)}&o={shop.origin}"
            advertisement = stranger.put("<p>Advertisement</p>")
            page.goto(shop.put(f'<iframe src="{framed}"></iframe><iframe src="{advertisement}"></iframe>'))
            widget = page.frame_locator("iframe").first
            expect(widget.get_by_role("heading", name="Hello, Ada")).to_be_visible()
            yield widget

    @pytest.mark.parametrize(
        ("sender", "name"), [(2, "Ada"), (0, "Bob")], ids=["other frames are not heard", "the page is heard"]
    )
    def test_count_from_the_page_around_only(self, page, widget, bob, sender, name):
        page.frames[sender].evaluate(
            "token => top.frames[0].postMessage({source: 'laurel', type: 'token', token}, '*')", token_of(bob)
        )
        page.wait_for_timeout(1000)

        expect(widget.get_by_role("heading", name=f"Hello, {name}")).to_be_visible()


class TestToken:
    def test_that_ended_is_told_and_can_be_renewed(self, page, shop, acme, ada, points):
        page.goto(shop.put_widget(token_of(ada)))
        listen(page)
        widget = open_widget(page)
        expect(widget.get_by_role("heading", name="Hello, Ada")).to_be_visible()
        accounts.revoke_tokens(business=acme, account_id=ada.pk)
        tokens.forget()  # what takes up to five seconds otherwise

        widget.get_by_role("link", name="History").click()
        expect(widget.get_by_role("heading", name="Sign in to see your points")).to_be_visible()
        assert page.evaluate("heard") == [["expired", None]]

        page.evaluate("token => Laurel.open({token})", token_of(ada))
        expect(widget.locator("#balance")).to_have_text("250")

    def test_that_is_missing_leads_to_the_shops_sign_in(self, page, shop):
        page.goto(shop.put_widget())

        expect(open_widget(page).get_by_role("heading", name="Sign in to see your points")).to_be_visible()


class TestLoader:
    def test_opens_an_address_of_ours_only(self, page, shop):
        page.goto(shop.put_widget())
        page.get_by_role("button", name="Rewards").wait_for()

        with pytest.raises(Exception, match="Laurel opens addresses of"):
            page.evaluate("Laurel.open({url: 'https://evil.example/w/acme'})")

    def test_leaves_one_name_behind(self, page, shop):
        page.goto(shop.put("<h1>Shop</h1>", path="/before"))
        before = set(page.evaluate("Object.getOwnPropertyNames(window)"))
        page.goto(shop.put_widget())
        page.get_by_role("button", name="Rewards").wait_for()

        assert set(page.evaluate("Object.getOwnPropertyNames(window)")) - before == {"Laurel"}

    def test_closes_by_keyboard_and_gives_the_focus_back(self, page, shop, ada):
        page.goto(shop.put_widget(token_of(ada)))
        page.get_by_role("button", name="Rewards").press("Enter")
        widget = page.frame_locator("iframe")
        expect(widget.get_by_role("heading", name="Hello, Ada")).to_be_visible()

        widget.get_by_role("button", name="Close").press("Escape")

        expect(page.locator(".panel")).to_be_hidden()
        expect(page.get_by_role("button", name="Rewards")).to_be_focused()
