"""What the README promises: `make run` on a clean clone, and the whole loop with real parts."""

import json
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect
from standardwebhooks import Webhook

from tests.loop import quickstart
from tests.loop.caller import Caller
from tests.loop.clone import Clone, clean_clone, make_run
from tests.webhooks.consumer import Consumer
from tests.widget.shops import open_shop

INSTALL = 300  # seconds, with every requirement downloaded
AGAIN = 60

Keys = dict[str, Any]


@pytest.mark.slow_clone
@pytest.mark.browser
@pytest.mark.timeout(600)
def test_a_newcomer_sees_the_whole_loop(page: Page):
    with clean_clone() as clone:
        with make_run(clone) as run:
            run.until_ready(seconds=INSTALL)
            keys, advocate = drive_the_loop(clone, page)
            use_the_demo_shop(clone, page)
            quickstart.paste(clone)
            run.interrupt()

        with make_run(clone) as again:
            again.until_ready(seconds=AGAIN)
            assert points_of(advocate, clone, keys) == 450
            again.interrupt()


def drive_the_loop(clone: Clone, page: Page) -> tuple[Keys, str]:
    """A new business: award, redeem, webhook, widget."""
    keys: Keys = json.loads(
        clone.manage("bootstrap", "--name", "Rival Tea", "--slug", "rival", "--allow-ip", "127.0.0.1", "--json")
    )
    api = Caller(clone.url, Authorization=f"Bearer {keys['secretKey']}")
    person = {"email": "ada@example.com", "name": "Ada Lovelace", "externalId": "ada-1"}
    advocate = api.post("/api/v1/advocates", person)["advocate"]["id"]
    consumer = Consumer()
    endpoint = api.post("/api/v1/webhooks", {"url": consumer.url, "topics": ["points/redeemed"]})["webhook"]

    awarded = api.post(f"/api/v1/advocates/{advocate}/points", {"amount": 1250, "description": "Order 1"})
    offer = {"name": "10 EUR off", "type": "amount_discount", "value": "10.00", "currency": "EUR", "pointsCost": 800}
    reward = api.post("/api/v1/rewards", offer)["reward"]["id"]
    coupon = api.post(f"/api/v1/rewards/{reward}/redeem", {"advocateId": advocate})["redemption"]["couponCode"]

    assert awarded["newBalance"] == 1250
    consumer.wait_for(1, seconds=15)
    consumer.close()
    (heard,) = consumer.heard
    event = Webhook(endpoint["secret"]).verify(heard.body, heard.headers)
    assert (event["type"], event["data"]["couponCode"]) == ("points/redeemed", coupon)
    assert event["data"]["customer"]["pointBalance"] == 450
    see_the_widget(clone, page, keys, coupon)
    return keys, advocate


def see_the_widget(clone: Clone, page: Page, keys: Keys, coupon: str) -> None:
    """In a frame on another site's page: what is left, and what was bought."""
    with open_shop(clone.url) as shop:
        origin = f"http://localhost:{shop.port}"
        allow_origin(clone, slug=keys["slug"], origin=origin)
        integration = Caller(clone.url, X_API_KEY=keys["integrationKey"])
        address = integration.get("/api/v1/integration/user/ada-1/widget")["url"]
        shop.put(f'<h1>Rival Tea</h1><iframe src="{address}" width="400" height="700"></iframe>')

        page.goto(f"{origin}/")

        assert urlsplit(address).hostname != "localhost"
        frame = page.frame_locator("iframe")
        expect(frame.locator("#balance")).to_have_text("450")
        frame.get_by_role("link", name="Coupons").click()
        expect(frame.locator("code")).to_have_text(coupon)


def allow_origin(clone: Clone, *, slug: str, origin: str) -> None:
    """What a merchant does in the dashboard's settings."""
    change = f"from loyalty.models import Business; Business.objects.filter(slug={slug!r})"
    clone.manage("shell", "-c", f"{change}.update(allowed_origins=[{origin!r}])")


def use_the_demo_shop(clone: Clone, page: Page) -> None:
    """What the README tells: redeem in the widget, and the coupon works at the till, once."""
    page.goto(clone.shop_url)
    page.get_by_text("Sign in", exact=True).click()
    page.get_by_role("button", name="Lena Vogt").click()
    expect(page.locator("#who")).to_have_text("Lena Vogt")
    page.get_by_role("button", name="Add Acme Mug").click()
    page.get_by_role("button", name="Rewards", exact=True).click()
    widget = page.frame_locator("laurel-rewards iframe")
    widget.get_by_role("link", name="Rewards", exact=True).click()
    widget.get_by_role("button", name="Redeem €10 off").click()
    widget.get_by_role("button", name="Redeem for 800 points").click()

    expect(page.locator("#verdict")).to_have_text("The coupon works.", timeout=15_000)
    expect(page.locator("#total")).to_have_text("€7.90")

    coupon = page.locator("#coupon").input_value()
    widget.get_by_role("button", name="Done").click()
    widget.get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Buy").click()
    expect(page.locator("#thanks-text")).to_contain_text("40 points are yours")
    page.get_by_role("button", name="Add Acme Mug").click()
    page.locator("#coupon").fill(coupon)
    expect(page.locator("#verdict")).to_contain_text("This coupon was used")


def points_of(advocate: str, clone: Clone, keys: Keys) -> int:
    api = Caller(clone.url, Authorization=f"Bearer {keys['secretKey']}")
    return int(api.get(f"/api/v1/advocates/{advocate}/points")["balance"])
