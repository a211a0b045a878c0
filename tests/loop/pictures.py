"""Takes the README's two pictures from a running `make run`: `.venv/bin/python -m tests.loop.pictures`."""

import json

from playwright.sync_api import Browser, Page, sync_playwright

from config import runtime
from tests import browser

PICTURES = runtime.ROOT / "docs" / "pictures"


def main() -> None:
    demo: dict[str, str] = json.loads((runtime.data_dir() / "demo.json").read_text())
    with sync_playwright() as started:
        chromium = started.chromium.launch(executable_path=browser.find(), args=browser.ARGUMENTS)
        _shop(_page(chromium), demo)
        _dashboard(_page(chromium), demo)
        chromium.close()


def _page(chromium: Browser) -> Page:
    return chromium.new_page(viewport={"width": 1280, "height": 780}, color_scheme="light")


def _shop(page: Page, demo: dict[str, str]) -> None:
    page.goto(demo["shopUrl"])
    page.get_by_text("Sign in", exact=True).click()
    page.get_by_role("button", name="Lena Vogt").click()
    page.get_by_role("button", name="Rewards", exact=True).click()
    page.frame_locator("laurel-rewards iframe").get_by_role("heading", name="Within reach").wait_for()
    _take(page, "shop.png")


def _dashboard(page: Page, demo: dict[str, str]) -> None:
    page.goto(demo["adminUrl"])
    page.locator("[name=username]").fill(demo["email"])
    page.locator("[name=password]").fill(demo["password"])
    page.locator("[type=submit]").click()
    page.wait_for_url(demo["adminUrl"])
    _take(page, "dashboard.png")


def _take(page: Page, name: str) -> None:
    page.wait_for_timeout(1_000)  # what moves has come to rest
    page.screenshot(path=PICTURES / name)


if __name__ == "__main__":
    main()
