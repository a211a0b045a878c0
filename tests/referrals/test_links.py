"""The short link: it counts, sets no cookie, and leads to the business's own pages only."""

from urllib.parse import urlsplit

import pytest
from django.test import Client

from loyalty.models import Business
from referrals.models import Click
from referrals.selectors import links
from referrals.services import codes
from referrals.views import PER_ADDRESS
from tests.referrals.conftest import SHOP

pytestmark = pytest.mark.django_db

AGENT = {"User-Agent": "Mozilla/5.0 (Test)"}


@pytest.fixture
def browser(shop, adas):
    return Client(headers=AGENT)


class TestFollowing:
    def test_leads_to_the_shop_with_the_code_and_nothing_else(self, browser):
        answer = browser.get("/r/ADA-1815")

        assert (answer.status_code, answer["Location"]) == (302, f"{SHOP}/?ref=ADA-1815")
        assert answer["Cache-Control"] == "no-store"
        assert not answer.cookies

    def test_works_in_any_spelling(self, browser):
        assert browser.get("/r/ada-1815")["Location"] == f"{SHOP}/?ref=ADA-1815"

    @pytest.mark.parametrize(
        ("to", "page"),
        [
            (SHOP, f"{SHOP}?ref=ADA-1815"),
            (f"{SHOP}/sale?size=4&ref=OTHER#top", f"{SHOP}/sale?size=4&ref=ADA-1815#top"),
            (f"{SHOP}?a=b", f"{SHOP}?a=b&ref=ADA-1815"),
            ("https://blog.example:8443/post", "https://blog.example:8443/post?ref=ADA-1815"),
        ],
    )
    def test_goes_to_a_page_of_a_listed_host(self, browser, to, page):
        assert browser.get("/r/ADA-1815", {"to": to})["Location"] == page

    @pytest.mark.parametrize(
        "to",
        [
            *("https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example", "https:evil.example"),
            *("https:/evil.example", "http:\\\\evil.example", "javascript:alert(1)", "data:text/html,x", "/sale"),
            *(f"{SHOP}@evil.example/", f"{SHOP}.evil.example/", f"{SHOP}:443@evil.example", f"{SHOP}:1234/"),
            *(f"{SHOP}\\@evil.example", f"{SHOP}\t/x", f"\t{SHOP}/", f" {SHOP}/", f"{SHOP}/\r\nSet-Cookie: a=b"),
            *(
                f"{SHOP}%2f@evil.example",
                f"{SHOP}%40evil.example",
                "https://shop.example。evil.example",
                f"{SHOP}/\x00",
            ),
            *("https://shop。example/", "http://shop.example/", "HTTPS://evil.example/", "https://user@shop.example/"),
            *("https://blog.example/", "https://evil.example?https://shop.example/", "%2f%2fevil.example", "ftp://x"),
            *(f"{SHOP}/" + "x" * 3000, "https://[::1]/", "////evil.example", "https://evil.example#@shop.example"),
        ],
    )
    def test_stays_at_home_for_any_other(self, browser, to):
        page = browser.get("/r/ADA-1815", {"to": to})["Location"]

        assert page == f"{SHOP}/?ref=ADA-1815"

    def test_a_host_that_is_no_origin_is_none(self, acme):
        acme.allowed_origins = ["https://*.example", "https://a@b", "shop.example"]

        assert links.destination(acme, code="X") is None

    def test_leads_to_each_business_by_its_own_link(self, browser, rival, eve):
        rival.allowed_origins = ["https://tea.example"]
        rival.save()
        theirs = codes.create(business=rival, advocate_id=eve.pk, code="ADA-1815")

        page = browser.get(f"/r/{theirs.link_name}")["Location"]

        assert urlsplit(page).netloc == "tea.example"
        assert browser.get("/r/ADA-1815")["Location"].startswith(SHOP)


class TestLeadsNowhere:
    @pytest.mark.parametrize("name", ["NOBODYS", "x", "ADA%001815", "ADA-1815.XYZ", "%F0%9F%98%80", "a" * 200])
    def test_with_a_name_that_nobody_has(self, browser, name):
        answer = browser.get(f"/r/{name}")

        assert (answer.status_code, answer["Cache-Control"]) == (404, "no-store")
        assert "leads nowhere" in answer.content.decode()
        assert not answer.cookies

    def test_before_the_business_has_listed_a_host(self, acme, adas):
        answer = Client().get("/r/ADA-1815")

        assert (answer.status_code, Click.objects.count()) == (404, 0)

    def test_while_the_business_is_suspended(self, browser, shop):
        shop.status = Business.Status.SUSPENDED
        shop.save()

        assert browser.get("/r/ADA-1815").status_code == 404

    def test_for_other_methods(self, browser):
        assert browser.post("/r/ADA-1815").status_code == 405


class TestCounting:
    def test_counts_each_visit_and_each_visitor_once_a_day(self, browser, adas, api):
        browser.get("/r/ADA-1815")
        browser.get("/r/ADA-1815")
        Client(headers={"User-Agent": "Another"}).get("/r/ADA-1815")

        stats = api.get("/referrals/ADA-1815/stats").json()
        assert (stats["clicks"], stats["uniqueVisitors"]) == (3, 2)

    @pytest.mark.parametrize("headers", [{"Sec-Purpose": "prefetch"}, {"Sec-Purpose": "prefetch;prerender"}])
    def test_counts_no_page_that_a_browser_only_prepares(self, browser, headers):
        assert browser.get("/r/ADA-1815", headers=headers).status_code == 302
        assert not Click.objects.exists()

    def test_counts_no_head(self, browser):
        assert browser.head("/r/ADA-1815").status_code == 302
        assert not Click.objects.exists()

    def test_keeps_neither_address_nor_browser(self, browser):
        browser.get("/r/ADA-1815")

        kept = str(Click.objects.values().get())
        assert "127.0.0.1" not in kept
        assert "Mozilla" not in kept


@pytest.mark.usefixtures("at_one_moment")
def test_whoever_opens_too_many_is_told_to_wait(browser):
    for _ in range(PER_ADDRESS):
        browser.get("/r/NOBODYS")

    answer = browser.get("/r/ADA-1815")

    assert (answer.status_code, int(answer["Retry-After"]) > 0, Click.objects.count()) == (429, True, 0)
    assert "One moment" in answer.content.decode()
