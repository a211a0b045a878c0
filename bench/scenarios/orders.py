"""S4, too: `POST /api/v1/orders` with three lines, one after the other beside awards; and by the thousand."""

from contextlib import closing
from itertools import count
from statistics import median
from typing import Any

import msgspec

from bench.client import Client
from bench.results import Figure, Results, Unit
from bench.world import Cast, World, wait_for

ASKED = 400  # times, one after the other
BATCH = 1_000
RULE = {"title": "Purchases", "trigger": "order_paid", "earn": {"points": 5, "per": "1.00", "currency": "EUR"}}
LINES = [{"id": str(number), "productId": f"product-{number}", "price": "10.00"} for number in range(3)]


def measure(world: World, cast: Cast, results: Results) -> None:
    """Orders of people who are there already, each paid as it is told."""
    web = world.start("web", world.part("web").command)
    wait_for(web, world.options.port)
    numbers = count()
    with closing(Client(world.options.port)) as client:

        def ask(path: str, body: Any) -> float:
            return client.ask(f"/api/v1{path}", bearer=cast.key, body=msgspec.json.encode(body)).ms

        ask("/earn-rules", RULE)
        awards, orders = [], []
        for turn in range(ASKED):
            account = cast.accounts[turn % len(cast.accounts)]
            awards.append(ask(f"/advocates/{account}/points", {"amount": 5}))
            orders.append(ask("/orders", _order(next(numbers), turn)))
        items = [_order(next(numbers), person) for person in range(BATCH)]
        together = ask("/orders/batch", {"items": items})
    settled = ASKED // 4  # the first ones compile the programme
    fold = median(orders[settled:]) / median(awards[settled:])
    results.figures += [
        _figure("an order with three lines beside an award", fold, "fold", (4, 8)),
        _figure("orders in a batch of 1,000: orders a second", BATCH / together * 1000, "/s", (1_000, 400)),
    ]


def _order(number: int, person: int) -> dict[str, Any]:
    email = f"person-{person % 1_000}@example.com"
    paid = {"total": "30.00", "currency": "EUR", "financialStatus": "paid"}
    return {"id": f"order-{number}", "customer": {"email": email}, "lines": LINES, **paid}


def _figure(what: str, value: float, unit: Unit, aims: tuple[float, float]) -> Figure:
    return Figure(scenario="S4", what=what, value=value, unit=unit, goal=aims[0], first_step=aims[1])
