"""What the demo's shop believes, sells and remembers."""

import threading
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from config.demo.shop import signatures
from config.demo.shop.signatures import Forged
from config.demo.shop.store import Store
from config.demo.shop.till import Coupon, Refused, bill
from tests.config.shopping import OTHER_SECRET, SECRET, signed, told

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def verify(body: bytes, headers: Mapping[str, str]) -> str:
    return signatures.verify(body, headers, secret=SECRET, now=NOW.timestamp())


class TestBelievesNoWebhook:
    def test_that_another_secret_signed(self):
        with pytest.raises(Forged):
            verify(b"{}", signed(b"{}", secret=OTHER_SECRET, at=NOW))

    def test_that_was_changed_on_its_way(self):
        with pytest.raises(Forged):
            verify(b'{"points": 9}', signed(b'{"points": 1}', at=NOW))

    @pytest.mark.parametrize("minutes", [-6, 6])
    def test_that_is_not_of_now(self, minutes: int):
        with pytest.raises(Forged):
            verify(b"{}", signed(b"{}", at=NOW + timedelta(minutes=minutes)))

    @pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
    @pytest.mark.parametrize("value", [None, "", "nonsense", "v1,", "é"])
    def test_with_a_broken_header(self, name: str, value: str | None):
        headers = {key: text for key, text in signed(b"{}", at=NOW).items() if key != name}

        with pytest.raises(Forged):
            verify(b"{}", headers if value is None else headers | {name: value})


class TestBelieves:
    def test_what_a_library_of_the_standard_signs(self):
        assert verify(b'{"points": 1}', signed(b'{"points": 1}', at=NOW)) == "evt_1"

    def test_the_second_of_two_signatures(self):
        """While a secret rotates, both sign."""
        headers = signed(b"{}", at=NOW)
        both = f"v1,{'A' * 43}= {headers['webhook-signature']}"

        assert verify(b"{}", headers | {"webhook-signature": both}) == "evt_1"


class TestTill:
    @pytest.mark.parametrize(
        "items", [{}, {"gold": 1}, {"mug": 0}, {"mug": -1}, {"mug": 1.5}, {"mug": True}, {"mug": 100}]
    )
    def test_refuses_what_is_no_basket(self, items: dict[str, Any]):
        with pytest.raises(Refused):
            bill(items, None)

    @pytest.mark.parametrize(
        "coupon",
        [
            Coupon("C", "amount_discount", "10.00", "EUR", order="A-1"),
            Coupon("C", "amount_discount", "10.00", "EUR", is_cancelled=True),
            Coupon("C", "amount_discount", "10.00", "USD"),
            Coupon("C", "product"),
        ],
    )
    def test_refuses_a_coupon_that_does_not_work_here(self, coupon: Coupon):
        with pytest.raises(Refused):
            bill({"mug": 1}, coupon)

    @pytest.mark.parametrize(
        ("coupon", "sums"),  # of a mug for 14.00: discount, total, points
        [
            (None, (0, 1790, 140)),
            (Coupon("C", "amount_discount", "10.00", "EUR"), (1000, 790, 40)),
            (Coupon("C", "amount_discount", "20.00", "EUR"), (1400, 390, 0)),
            (Coupon("C", "percentage_discount", "12.5"), (175, 1615, 122)),
            (Coupon("C", "free_shipping"), (390, 1400, 101)),
        ],
    )
    def test_takes_off_what_a_coupon_is_worth(self, coupon: Coupon | None, sums: tuple[int, int, int]):
        added_up = bill({"mug": 1}, coupon)

        assert (added_up.discount, added_up.total, added_up.points) == sums

    def test_sends_large_orders_for_nothing(self):
        assert bill({"mug": 3}, None).shipping == 0


class TestStore:
    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        return Store(tmp_path / "shop.json", "acme")

    def test_knows_no_coupon_before_its_webhook(self, store: Store):
        with pytest.raises(Refused, match="as soon as"):
            store.bill({"mug": 1}, "TEN-1")

        store.hear("evt_1", told())

        assert store.bill({"mug": 1}, " ten-1 ").discount == 1000

    def test_sells_for_a_coupon_once(self, store: Store):
        store.hear("evt_1", told())
        order, _ = store.order("customer-1001", {"mug": 1}, "TEN-1")

        with pytest.raises(Refused, match=f"was used for order {order.id}"):
            store.order("customer-1001", {"mug": 1}, "TEN-1")

    def test_sells_for_a_coupon_once_to_ten_at_once(self, store: Store):
        store.hear("evt_1", told())
        sold: list[str] = []

        def buy() -> None:
            with suppress(Refused):
                sold.append(store.order("customer-1001", {"mug": 1}, "TEN-1")[0].id)

        threads = [threading.Thread(target=buy) for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(sold) == 1

    def test_hears_a_message_once(self, store: Store):
        store.hear("evt_1", told())
        store.order("customer-1001", {"mug": 1}, "TEN-1")
        store.hear("evt_1", told())

        with pytest.raises(Refused, match="was used"):
            store.bill({"mug": 1}, "TEN-1")
        assert len(store.watch(0, seconds=0)[1]) == 1

    @pytest.mark.parametrize(
        "order", [("points/redeemed", "redemptions/cancelled"), ("redemptions/cancelled", "points/redeemed")]
    )
    def test_takes_no_coupon_that_was_given_back(self, store: Store, order: tuple[str, str]):
        for topic in order:
            store.hear(topic, told(topic))

        with pytest.raises(Refused, match="given back"):
            store.bill({"mug": 1}, "TEN-1")

    @pytest.mark.parametrize("data", [{"couponCode": None}, {"customer": None}, {"points": None}])
    def test_understands_news_without_a_coupon(self, store: Store, data: dict[str, None]):
        store.hear("evt_1", told("points/redeemed", **data))

        assert len(store.watch(0, seconds=0)[1]) == 1

    def test_remembers_over_a_restart(self, store: Store, tmp_path: Path):
        store.hear("evt_1", told())
        store.order("customer-1001", {"mug": 1}, "TEN-1")

        again = Store(tmp_path / "shop.json", "acme")

        with pytest.raises(Refused, match="was used"):
            again.bill({"mug": 1}, "TEN-1")
        assert [order.points for order in again.owed()] == [40]
        assert (tmp_path / "shop.json").stat().st_mode & 0o777 == 0o600

    def test_forgets_what_was_of_another_business(self, store: Store, tmp_path: Path):
        store.hear("evt_1", told())

        assert Store(tmp_path / "shop.json", "rival").watch(0, seconds=0) == (1, [])
