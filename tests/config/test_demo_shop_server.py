"""The demo's shop over HTTP: for its own page, for Laurel's webhooks, and for nobody else."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings
from pytest_django.live_server_helper import LiveServer

from advocates.models import Advocate
from config import runtime
from config.demo.shop.laurel import Laurel
from config.demo.shop.server import BODY_LIMIT, Server
from config.demo.shop.shop import Shop
from config.demo.shop.store import Store
from config.local.valkey import free_port
from loyalty.models import Business
from loyalty.models.ledger import LedgerEntry
from loyalty.services import keys
from tests.config.shopping import OTHER_SECRET, SECRET, Visitor, told

BASKET = {"items": {"mug": 1}, "coupon": "TEN-1"}


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """A shop whose Laurel is away."""
    laurel = Laurel(f"http://127.0.0.1:{free_port()}", "sk_live_x", "ik_live_x")
    return Shop("acme", laurel, Store(tmp_path / "shop.json", "acme"), SECRET)


@pytest.fixture
def visitor(shop: Shop) -> Iterator[Visitor]:
    server = Server("127.0.0.1", 0, shop)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Visitor(f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    server.server_close()


class TestRefuses:
    @pytest.mark.parametrize("path", ["/nothing", "/../demo.json", "/%2e%2e/demo.json", "//etc/passwd", "/shop.html"])
    def test_what_is_no_page_of_it(self, visitor: Visitor, path: str):
        assert visitor.get(path)[0] == 404

    def test_a_webhook_that_is_not_signed_with_its_secret(self, visitor: Visitor):
        assert visitor.tell(told(), secret=OTHER_SECRET) == 401
        assert visitor.sign_in().post("/price", BASKET)[1]["discount"] == 0

    def test_a_body_that_is_too_large(self, visitor: Visitor):
        assert visitor.post("/webhooks", b" " * (BODY_LIMIT + 1))[0] == 413

    @pytest.mark.parametrize("length", ["", "-1", "1e3", "\u00b2", "9" * 5000])
    def test_a_body_of_a_length_that_is_none(self, visitor: Visitor, length: str):
        assert visitor.post("/webhooks", b"{}", {"Content-Length": length})[0] == 413

    @pytest.mark.parametrize("seen", ["", "-1", "x", "9" * 5000])
    def test_no_page_that_says_nonsense_of_what_it_has_seen(self, visitor: Visitor, seen: str):
        assert visitor.get(f"/state?seen={seen}")[0] == 200

    def test_a_call_of_another_sites_page(self, visitor: Visitor):
        """A browser sends JSON to another site only if that site agrees beforehand, and this one never does."""
        visitor.sign_in()

        assert visitor.post("/orders", BASKET, {"Content-Type": "text/plain"})[0] == 403

    def test_a_call_without_its_page(self, visitor: Visitor):
        assert visitor.post("/orders", BASKET)[0] == 403

    @pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b'{"items": 1}', b'{"items": {}, "coupon": 1}'])
    def test_what_is_no_basket(self, visitor: Visitor, body: bytes):
        status, answer = visitor.sign_in().post("/orders", body)

        assert (status, bool(answer["message"])) == (400, True)

    def test_an_order_of_nobody(self, visitor: Visitor):
        visitor.get("/")

        assert visitor.post("/orders", BASKET) == (400, {"message": "Sign in first."})

    def test_a_customer_whom_it_does_not_know(self, visitor: Visitor):
        visitor.get("/")

        assert visitor.post("/sign-in", {"customer": "customer-1"})[0] == 400


class TestCoupon:
    def test_works_from_the_moment_that_its_webhook_is_there(self, visitor: Visitor):
        visitor.sign_in()
        before = visitor.post("/price", BASKET)[1]

        assert visitor.tell(told()) == 204

        after = visitor.post("/price", BASKET)[1]
        assert "as soon as Laurel's webhook" in before["problem"]
        assert (before["total"], after["total"], after["problem"]) == (1790, 790, "")

    def test_works_once(self, visitor: Visitor):
        visitor.tell(told())
        first = visitor.sign_in().post("/orders", BASKET)

        again = visitor.post("/orders", BASKET)

        assert (first[0], first[1]["bill"]["discount"]) == (200, 1000)
        assert (again[0], again[1]["message"]) == (400, f"This coupon was used for order {first[1]['order']}.")

    def test_is_news_for_a_page_that_waits(self, visitor: Visitor):
        seen = json.loads(visitor.get("/state?seen=0")[1])["version"]
        threading.Timer(0.2, visitor.tell, [told()]).start()

        news = json.loads(visitor.get(f"/state?seen={seen}")[1])["news"]

        assert [line["text"] for line in news] == ["−800 points, coupon TEN-1"]


def test_the_page_runs_no_script_but_its_own_and_laurels(visitor: Visitor, shop: Shop):
    status, page = visitor.get("/")

    assert status == 200
    assert page.count("<script") == 1
    assert " style=" not in page
    assert "onclick" not in page
    assert f'data-laurel="{shop.laurel.url}" data-business="acme"' in page


def test_it_is_a_program_of_its_own():
    seen = "import config.demo.shop.server, sys; print(*{name.partition('.')[0] for name in sys.modules})"

    modules = subprocess.check_output([sys.executable, "-c", seen], cwd=runtime.ROOT, text=True).split()

    assert "config" in modules
    assert {"django", "loyalty", "advocates", "rewards", "webhooks", "widget"} & set(modules) == set()


def test_it_does_not_open_without_a_demo(tmp_path: Path):
    with override_settings(DATA_DIR=tmp_path), pytest.raises(CommandError, match="run manage.py seed_demo first"):
        call_command("demo_shop")


class TestWithLaurelAway:
    def test_owes_the_points_of_an_order(self, visitor: Visitor, shop: Shop):
        status, answer = visitor.sign_in().post("/orders", {"items": {"mug": 1}})

        assert (status, answer["balance"]) == (200, None)
        assert [order.points for order in shop.store.owed()] == [140]

    def test_says_so_where_the_widget_should_be(self, visitor: Visitor):
        assert visitor.sign_in().post("/widget", {})[0] == 502


@pytest.mark.django_db(transaction=True)
class TestWithLaurel:
    @pytest.fixture
    def shop(self, acme: Business, live_server: LiveServer, tmp_path: Path) -> Shop:
        _, secret_key = keys.create_key(business=acme, kind=keys.Kind.SECRET, name="shop")
        _, integration_key = keys.create_key(business=acme, kind=keys.Kind.INTEGRATION, name="shop")
        laurel = Laurel(live_server.url, secret_key, integration_key)
        return Shop("acme", laurel, Store(tmp_path / "shop.json", "acme"), SECRET)

    def test_asks_for_the_widget_of_who_is_signed_in(self, visitor: Visitor):
        status, answer = visitor.sign_in().post("/widget", {})

        assert (status, answer["url"].partition("#t=")[0]) == (200, "http://testserver/w/acme")
        assert Advocate.objects.filter(external_id="customer-1001").exists()

    def test_gives_points_for_an_order(self, visitor: Visitor):
        visitor.sign_in().post("/widget", {})

        answer = visitor.post("/orders", {"items": {"mug": 2}})[1]

        entry = LedgerEntry.objects.get()
        assert (answer["balance"], entry.amount, entry.text.description) == (280, 280, f"Order {answer['order']}")

    def test_gives_owed_points_with_the_next_order(self, visitor: Visitor, shop: Shop):
        visitor.sign_in()
        assert visitor.post("/orders", {"items": {"mug": 1}})[1]["balance"] is None  # Laurel does not know her yet
        visitor.post("/widget", {})

        assert visitor.post("/orders", {"items": {"mug": 2}})[1]["balance"] == 140 + 280
        assert shop.store.owed() == []

    def test_gives_the_points_of_an_order_once(self, visitor: Visitor, shop: Shop):
        visitor.sign_in().post("/widget", {})

        balances = [shop.laurel.award(customer="customer-1001", points=50, order="A-1") for _ in range(2)]

        assert balances == [50, 50]
