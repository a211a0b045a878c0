"""The dashboard in a real browser: its policy lets every page work, nothing is fetched from elsewhere, all fits."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import ConsoleMessage, Page, Request

from advocates import models  # by the module: names that begin with Test look like tests
from loyalty.models import (
    Action,
    ApiKey,
    Batch,
    Business,
    EventType,
    HoldingChange,
    InventoryItem,
    InventorySet,
    Merge,
    Metric,
    ProgrammeVersion,
    Quest,
    Submission,
)
from loyalty.models.ledger import LedgerEntry
from referrals.models import Conversion, ReferralCode, ReferralProgramme
from rewards.models import (
    CodePool,
    FundingRequest,
    GiftAccount,
    GiftCard,
    GiftOrder,
    GiftProduct,
    GiftUpload,
    Redemption,
    Reward,
    ShippingMethod,
)
from tests import cast, dashboards
from webhooks.models import Attempt, Delivery, Endpoint

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PEOPLE = (
    models.Advocate,
    Merge,
    models.SsoMapping,
    models.Testimonial,
    models.Idea,
    models.Survey,
    Quest,
    Submission,
    EventType,
    Action,
    InventorySet,
    InventoryItem,
    HoldingChange,
)
REWARDS = (Reward, Redemption, CodePool)
GIFTS = (GiftOrder, GiftCard, GiftUpload, GiftProduct, ShippingMethod, FundingRequest, GiftAccount)
REFERRALS = (Conversion, ReferralCode, ReferralProgramme)
FLOOR = (LedgerEntry, Metric, Endpoint, Delivery, ApiKey, ProgrammeVersion, Batch)
DESK, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture
def complaints(page: Page, live_server) -> Iterator[list[str]]:
    """What the browser has to say against a page; nobody should."""
    said: list[str] = []

    def on_console(message: ConsoleMessage) -> None:
        if message.type == "error":
            said.append(message.text)

    def on_request(request: Request) -> None:
        if not request.url.startswith((live_server.url, "data:")):
            said.append(request.url)

    page.on("console", on_console)
    page.on("request", on_request)
    page.on("pageerror", lambda error: said.append(str(error)))
    yield said
    assert said == []


@pytest.fixture
def olga(page: Page, live_server, acme: Business, complaints) -> Page:
    """The page of Acme's owner, signed in by hand."""
    dashboards.fill(acme, "beans")
    cast.sign_up("olga@acme.example", acme)
    page.goto(f"{live_server.url}/admin/")
    page.fill("[name=username]", "olga@acme.example")
    page.fill("[name=password]", cast.PASSWORD)
    page.click("[type=submit]")
    page.wait_for_url(f"{live_server.url}/admin/")
    return page


def addresses(business: Business) -> Iterator[str]:
    yield from ("/admin/", dashboards.page(business), "/admin/loyalty/apikey/add/", "/admin/rewards/reward/add/")
    yield "/admin/referrals/referralcode/add/"
    for model in (*PEOPLE, *REWARDS, *GIFTS, *REFERRALS, *FLOOR):
        row = model._default_manager.filter(business=business)[0]
        yield from (dashboards.listed(model), dashboards.page(row), dashboards.page(row, "history"))


@pytest.mark.parametrize("viewport", [DESK, PHONE], ids=["desk", "phone"])
def test_every_kind_of_page_works_and_fits(olga, live_server, acme, viewport):
    olga.set_viewport_size(viewport)

    for address in addresses(acme):
        olga.goto(f"{live_server.url}{address}")
        wide = olga.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, address


def test_a_long_answer_is_read_to_its_end_on_a_phone(olga, live_server, acme):
    olga.set_viewport_size(PHONE)
    olga.goto(f"{live_server.url}{dashboards.page(Attempt.objects.for_business(acme).get().delivery)}")
    olga.click("summary")
    answer = olga.locator("td:has(details[open])")

    assert answer.inner_text().endswith("x" * 4_000)
    assert not answer.evaluate("cell => cell.scrollWidth > cell.clientWidth || cell.scrollHeight > cell.clientHeight")


def test_the_chart_is_drawn(olga):
    drawn = olga.evaluate("Chart.getChart(document.querySelector('canvas.chart')).data.datasets.length")

    assert drawn == 2


def test_the_switch_moves_to_the_sandbox(olga):
    olga.click("text=unfold_more >> nth=0")
    olga.click("button:has-text('(sandbox)')")

    assert olga.inner_text("#site-name") == "Acme Coffee (sandbox)"


def test_a_new_key_is_copied(olga, live_server):
    olga.context.grant_permissions(["clipboard-read", "clipboard-write"])
    olga.goto(f"{live_server.url}/admin/loyalty/apikey/add/")
    olga.fill("[name=name]", "Webshop")
    olga.click("text=Save")

    olga.click("text=Copy >> visible=true >> nth=-1")
    olga.wait_for_selector("text=Copied")

    assert olga.evaluate("navigator.clipboard.readText()") == olga.inner_text("#secret")


def test_buttons_behind_more_lead_to_a_question(olga, live_server, acme):
    person = models.Advocate.objects.for_business(acme).get(account__status="active")
    olga.goto(f"{live_server.url}{dashboards.page(person)}")

    olga.click("li:has-text('More') > a")
    olga.click("text=Sign out everywhere")
    olga.click("button:has-text('Sign out')")

    assert "Signed out" in olga.inner_text("#main")
