"""Who and what there is at Acme Coffee. Everybody is invented; their mail domains cannot exist."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

from config.demo.shop.catalogue import CUSTOMERS

NAME, SLUG, TIMEZONE = "Acme Coffee", "acme", "Europe/Berlin"
OWNER_EMAIL, OWNER_NAME = "owner@acme.example", "Olga Brandt"
PAST = timedelta(days=365)
CROWD = Path(__file__).with_name("people.txt").read_text().splitlines()  # beside the shop's own customers
MAIL_DOMAINS = ("post.example", "mail.example", "inbox.example", "letters.example")


@dataclass(frozen=True)
class Person:
    """Somebody of the story: since when; how often they buy, come by and want a reward; how many points they save."""

    external_id: str
    name: str
    email: str
    joined: datetime
    orders_a_month: float
    visits_a_month: float
    wishes_a_month: float = 0.4
    saves: float = 0


def people(rng: Random, now: datetime) -> list[Person]:
    """The shop's own customers first: a regular, an occasional one, a new one; then a crowd that has grown."""
    habits = [
        {"orders_a_month": 2.0, "visits_a_month": 3.0, "wishes_a_month": 1.8, "saves": 1_700},
        {"orders_a_month": 1.2, "visits_a_month": 1.0, "saves": 500},
        {"orders_a_month": 1.5, "visits_a_month": 2.0},
    ]
    known = [
        Person(customer.id, customer.name, customer.email, joined=now - timedelta(days=days), **habit)
        for customer, days, habit in zip(CUSTOMERS.values(), (360, 200, 24), habits, strict=True)
    ]
    return known + [_somebody(rng, now, name, number) for number, name in enumerate(CROWD, start=1101)]


def _somebody(rng: Random, now: datetime, name: str, number: int) -> Person:
    return Person(
        external_id=f"customer-{number}",
        name=name,
        email=f"{name.lower().replace(' ', '.')}@{rng.choice(MAIL_DOMAINS)}",
        joined=now - 0.97 * PAST * rng.random() ** 0.7,
        orders_a_month=rng.lognormvariate(0.05, 0.5),
        visits_a_month=rng.lognormvariate(-0.9, 0.8),
    )


def rewards(now: datetime) -> list[dict[str, Any]]:
    """What points buy, for `rewards.create`. `now` is today, at the end of the story."""
    return [
        {
            "name": "Free shipping",
            "description": "We pay the postage of your next order.",
            "type": "free_shipping",
            "points_cost": 300,
            "code_prefix": "SHIP",
            "expires_after_days": 60,
        },
        {
            "name": "Plant a coffee tree",
            "description": "We give €4 to a growers' nursery in your name.",
            "type": "donation",
            "points_cost": 500,
            "value": Decimal(4),
        },
        {
            "name": "€10 off",
            "description": "On everything in the shop.",
            "type": "amount_discount",
            "points_cost": 800,
            "value": Decimal(10),
            "code_prefix": "TEN",
        },
        {
            "name": "15 % off",
            "description": "On everything in the shop, once per order.",
            "type": "percentage_discount",
            "points_cost": 1_100,
            "value": Decimal(15),
            "per_advocate_limit": 3,
            "code_prefix": "FIFTEEN",
        },
        {
            "name": "Acme Mug",
            "description": "Show the code at the counter, and take your mug home.",
            "type": "product",
            "points_cost": 1_200,
            "value": Decimal(14),
            "product_id": "mug",
            "stock": 500,
            "code_prefix": "MUG",
        },
        {
            "name": "Cupping evening for two",
            "description": "Seven coffees, one long table. For our gold members.",
            "type": "custom",
            "points_cost": 2_000,
            "stock": 24,
            "tier_keys": ["gold"],
            "code_prefix": "CUPPING",
        },
        {
            "name": "Summer cold brew",
            "description": "A bottle on the terrace, while the summer lasts.",
            "type": "product",
            "points_cost": 400,
            "ends_at": now - timedelta(days=60),
            "code_prefix": "SUMMER",
        },
        {
            "name": "Home barista workshop",
            "description": "Three hours with our roaster. Dates follow.",
            "type": "custom",
            "points_cost": 3_000,
            "status": "draft",
            "code_prefix": "BARISTA",
        },
    ]
