"""The shop as a whole: what it sells to whom, what it knows, and how it reaches Laurel."""

import json
import logging
import secrets
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from config.demo.shop.catalogue import CURRENCY, CUSTOMERS, FREE_SHIPPING_FROM, POINTS_PER_EURO, PRODUCTS, Customer
from config.demo.shop.laurel import Laurel, Unavailable
from config.demo.shop.store import Store
from config.demo.shop.till import Refused

SESSIONS_KEPT = 1_000

log = logging.getLogger(__name__)


@dataclass
class Session:
    """One browser, and who has signed in there."""

    customer: Customer | None = None


@dataclass
class Shop:
    business: str  # as Laurel's addresses name it
    laurel: Laurel
    store: Store
    webhook_secret: str
    sessions: dict[str, Session] = field(default_factory=dict)
    _giving: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def open(cls, data: Path) -> "Shop":
        """The shop of a data directory: Laurel left address and keys in `demo.json`."""
        demo = json.loads((data / "demo.json").read_text())
        laurel = Laurel(demo["publicUrl"], demo["secretKey"], demo["integrationKey"])
        return cls(demo["slug"], laurel, Store(data / "shop.json", demo["businessId"]), demo["webhookSecret"])

    def new_session(self) -> str:
        """Start a session and answer its secret name."""
        name = secrets.token_urlsafe()
        kept = list(self.sessions.items())[1 - SESSIONS_KEPT :]
        self.sessions = dict(kept) | {name: Session()}
        return name

    def show(self, session: Session, *, seen: int) -> dict[str, Any]:
        """All that the page shows. To whom has seen it all this waits for news, up to 20 seconds."""
        version, news = self.store.watch(seen, seconds=20)
        return {
            "version": version,
            "currency": CURRENCY,
            "pointsPerEuro": POINTS_PER_EURO,
            "freeShippingFrom": FREE_SHIPPING_FROM,
            "products": [asdict(product) for product in PRODUCTS.values()],
            "customers": [asdict(customer) for customer in CUSTOMERS.values()],
            "customer": asdict(session.customer) if session.customer else None,
            "news": news,
        }

    def sign_in(self, session: Session, given: Mapping[str, Any]) -> dict[str, Any]:
        session.customer = CUSTOMERS.get(str(given.get("customer")))
        if session.customer is None:
            raise Refused("We do not know this customer.")
        return {"customer": asdict(session.customer)}

    def sign_out(self, session: Session, given: Mapping[str, Any]) -> dict[str, Any]:
        session.customer = None
        return {"customer": None}

    def open_widget(self, session: Session, given: Mapping[str, Any]) -> dict[str, Any]:
        return {"url": self.laurel.widget_url(_signed_in(session).id)}

    def price(self, session: Session, given: Mapping[str, Any]) -> dict[str, Any]:
        """What a basket costs; without its coupon, where that does not work, and why."""
        items, code = _basket(given)
        whole = asdict(self.store.bill(items, ""))
        try:
            return asdict(self.store.bill(items, code)) | {"problem": ""}
        except Refused as refusal:
            return whole | {"problem": str(refusal)}

    def buy(self, session: Session, given: Mapping[str, Any]) -> dict[str, Any]:
        order, bill = self.store.order(_signed_in(session).id, *_basket(given))
        self.give_points()
        return {"order": order.id, "bill": asdict(bill), "balance": order.balance}

    def give_points(self) -> None:
        """Give the points that are owed for orders. What does not work now is tried again with the next order."""
        with self._giving:
            for order in self.store.owed():
                try:
                    balance = self.laurel.award(customer=order.customer, points=order.points, order=order.id)
                    self.store.give(order, balance=balance)
                except Unavailable as failure:
                    log.warning("Order %s waits for its points. %s", order.id, failure)


def _signed_in(session: Session) -> Customer:
    if session.customer is None:
        raise Refused("Sign in first.")
    return session.customer


def _basket(given: Mapping[str, Any]) -> tuple[dict[str, int], str]:
    items, code = given.get("items"), given.get("coupon", "")
    if not isinstance(items, dict) or not isinstance(code, str):
        raise Refused("Send items as a JSON object, and the coupon as text.")
    return items, code
