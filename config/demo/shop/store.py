"""The shop's one till: whoever changes something holds its lock, and all who watch are told."""

import secrets
import threading
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from config.demo.shop import hearing
from config.demo.shop.memory import Memory, Order
from config.demo.shop.till import Bill, Coupon, Refused, bill


class Store:
    def __init__(self, path: Path, business: str) -> None:
        self._path, self._memory = path, Memory.load(path, business)
        self._changed = threading.Condition()
        self._version = 1

    def watch(self, seen: int, *, seconds: float) -> tuple[int, list[dict[str, Any]]]:
        """Wait until there is more than version `seen` of the news. Answers the version and the news."""
        with self._changed:
            self._changed.wait_for(lambda: self._version != seen, seconds)
            return self._version, [asdict(news) for news in self._memory.news]

    def hear(self, message: str, event: Mapping[str, Any]) -> None:
        """Take in a genuine webhook, once."""
        with self._changed:
            if hearing.hear(self._memory, message, event):
                self._keep()

    def bill(self, items: Mapping[str, int], code: str) -> Bill:
        """What a basket would cost.

        :raises Refused: as `till.bill`, and for a coupon that no webhook has told us of
        """
        with self._changed:
            return bill(items, self._coupon(code))

    def order(self, customer: str, items: Mapping[str, int], code: str) -> tuple[Order, Bill]:
        """Sell a basket, and use its coupon up.

        :raises Refused: as `bill`
        """
        with self._changed:
            coupon = self._coupon(code)
            made = bill(items, coupon)
            order = Order(f"A-{secrets.token_hex(3).upper()}", customer, made.total, made.points)
            self._memory.orders[order.id] = order
            if coupon:
                self._memory.coupons[coupon.code] = replace(coupon, order=order.id)
            self._keep()
            return order, made

    def owed(self) -> list[Order]:
        """Orders whose points the customer does not have yet."""
        with self._changed:
            return [order for order in self._memory.orders.values() if order.points and order.balance is None]

    def give(self, order: Order, *, balance: int) -> None:
        """Remember that the points of an order were given."""
        with self._changed:
            order.balance = balance
            self._keep()

    def _coupon(self, code: str) -> Coupon | None:
        code = code.strip().upper()
        if code and code not in self._memory.coupons:
            raise Refused("We do not know this coupon. It works as soon as Laurel's webhook has told us of it.")
        return self._memory.coupons.get(code)

    def _keep(self) -> None:
        self._memory.save(self._path)
        self._version += 1
        self._changed.notify_all()
