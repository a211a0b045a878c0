"""One business, as it is and as the model has it."""

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import connection

from advocates.services import advocates
from loyalty.kernel import clock
from loyalty.models import Business
from loyalty.services import earn_rules, quests
from loyalty.services.earn_terms import Earn, Limit, Terms
from loyalty.services.quest_rules import Rules, TaskRules, in_points
from rewards.models import Reward
from rewards.services import rewards
from tests.books import model


@dataclass
class Shop:
    """One business: as it is, and as the model has it."""

    business: Business
    reward_id: UUID
    person_ids: list[UUID]
    books: model.Books = field(default_factory=lambda: model.Books([]))

    def address_of(self, person_id: UUID) -> str:
        return f"{self.person_ids.index(person_id)}@example.com"

    def begin(self) -> None:
        """Forget what happened."""
        self.business = Business.objects.get(pk=self.business.pk)
        self.books = model.Books([model.Person() for _ in self.person_ids])


def open_shop(sandbox: Business, *, people: int) -> Shop:
    """A sandbox with a reward of little stock, a rule with a limit, one with a budget, and a quest of each day."""
    rules = {
        "Ride": Terms(
            trigger="ride",
            earn=Earn(points=model.RIDE),
            limit=Limit(times=model.RIDES_A_DAY, period="daily"),
            expires_after_days=model.RIDE_LASTS,
        ),
        "Tour": Terms(
            trigger="ride", earn=Earn(points=model.TOUR), budget=model.TOURS, pending_days=model.TOUR_RIPENS
        ),
        "Purchase": Terms(
            trigger="order_paid",
            earn=Earn(points=1, per=f"0.{model.CENTS_A_POINT}", currency=sandbox.currency),
            pending_days=model.ORDER_RIPENS,
        ),
    }
    for title, terms in rules.items():
        earn_rules.create(business=sandbox, title=title, terms=terms)
    step = TaskRules(title="Visit", type="event", trigger="visit", target=model.VISITS)
    daily = Rules(recurrence="daily", tasks=[step], benefits=[in_points(model.VISITED)])
    quests.create(business=sandbox, title="Regular", rules=daily, status="active")
    coffee = rewards.create(business=sandbox, name="Coffee", type="custom", points_cost=model.PRICE, stock=model.STOCK)
    with clock.moved_to(model.START):  # or whoever joins later has it all happen later
        made = [advocates.create(business=sandbox, email=f"{number}@example.com") for number in range(people)]
    return Shop(sandbox, coffee.pk, [each.pk for each in made])


PEOPLE = """
    SELECT a.id, a.status, CASE WHEN a.status IN ('active', 'blocked') THEN t.key END,
        (SELECT jsonb_build_array(b.amount, b.pending, b.lifetime_earned, b.lifetime_spent) FROM loyalty_balance b
            WHERE b.account_id = a.id),
        (SELECT jsonb_object_agg(type, said) FROM (
            SELECT type, jsonb_build_array(count(*), sum(amount)) AS said FROM loyalty_ledgerentry
            WHERE account_id = a.id AND type <> 'transfer' GROUP BY type) e),
        (SELECT jsonb_object_agg(period, value) FROM loyalty_taskprogress WHERE account_id = a.id AND value <> 0),
        (SELECT jsonb_agg(period ORDER BY period) FROM loyalty_questcompletion WHERE account_id = a.id)
    FROM loyalty_account a LEFT JOIN loyalty_milestone t ON t.id = a.tier_id WHERE a.business_id = %s
"""


LOTS = "SELECT account_id, expires_at, ripens_at, remaining FROM loyalty_lot WHERE business_id = %s AND remaining > 0"


def said_by_tables(shop: Shop) -> dict[str, Any]:
    """What there is, in the words of `said_by_model`."""
    lots: dict[UUID, Counter[Any]] = defaultdict(Counter)
    for account_id, expires, ripens, left in _rows(LOTS, shop):
        lots[account_id][expires, ripens] += left
    return {
        "taken": Reward.objects.values_list("taken", flat=True).get(pk=shop.reward_id),
        "people": {
            id: {
                "status": status,
                "tier": tier,
                "wallet": json.loads(wallet),
                "entries": json.loads(entries or "{}"),
                "lots": lots[id],
                "visits": json.loads(visits or "{}"),
                "completed": json.loads(completed or "[]"),
            }
            for id, status, tier, wallet, entries, visits, completed in _rows(PEOPLE, shop)
        },
    }


def _rows(sql: str, shop: Shop) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, [shop.business.pk])
        rows: list[Any] = cursor.fetchall()
    return rows


def said_by_model(shop: Shop) -> dict[str, Any]:
    """What there should be."""
    books = shop.books
    people = {id: _person(books, person) for id, person in zip(shop.person_ids, books.people, strict=True)}
    return {"taken": books.taken, "people": people}


def _person(books: model.Books, person: model.Person) -> dict[str, Any]:
    lots: Counter[Any] = Counter()
    for lot in books.open_lots(person):
        lots[lot.expires, lot.ripens] += lot.left
    entries: dict[str, list[int]] = {}
    for entry in books.entries:
        if entry.owner is person:
            number, total = entries.get(entry.kind, (0, 0))
            entries[entry.kind] = [number + 1, total + entry.amount]
    return {
        "status": person.status,
        "tier": person.tier if person.status in ("active", "blocked") else None,
        "wallet": [books.ripe(person), books.pending(person), person.earned, person.spent],
        "lots": lots,
        "entries": entries,
        "visits": {str(day): visits for day, visits in person.visits.items() if visits},
        "completed": sorted(map(str, person.completed)),
    }
