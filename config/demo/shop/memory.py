"""What the shop keeps over a restart: one small JSON file."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

from config.demo.shop.till import Coupon


@dataclass
class Order:
    """A sale. `balance` is the customer's after its points were given; they are owed until then."""

    id: str
    customer: str
    total: int
    points: int
    balance: int | None = None


@dataclass
class News:
    """One webhook, as the page shows it."""

    at: str
    topic: str
    who: str
    text: str


@dataclass
class Memory:
    """`business` is whose coupons and customers these are."""

    business: str
    coupons: dict[str, Coupon] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    news: list[News] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)  # the ids of webhooks that were heard

    @classmethod
    def load(cls, path: Path, business: str) -> "Memory":
        """What was kept; nothing, if it is about another business or cannot be read."""
        try:
            kept = json.loads(path.read_text())
        except (OSError, ValueError):
            return cls(business)
        if kept["business"] != business:
            return cls(business)
        return cls(
            business,
            coupons={code: Coupon(**coupon) for code, coupon in kept["coupons"].items()},
            orders={number: Order(**order) for number, order in kept["orders"].items()},
            news=[News(**news) for news in kept["news"]],
            messages=kept["messages"],
        )

    def save(self, path: Path) -> None:
        """Replace the file at once, readable by its owner only."""
        draft = path.with_suffix(".new")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(asdict(self)))
        draft.replace(path)
