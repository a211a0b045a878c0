"""What people do in the story, each by the service that a real one would go through."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count
from random import Random
from uuid import UUID

from advocates.services import advocates
from config.demo import world
from config.demo.shop.catalogue import POINTS_PER_EURO, PRODUCTS
from config.demo.world import Person
from loyalty.kernel import clock
from loyalty.models import Business
from loyalty.selectors import ledger as wallets
from loyalty.services import ledger, settlement
from loyalty.services.ledger import OPERATOR, Source, Type
from rewards.models import Redemption, Reward
from rewards.services import redemptions

VISIT_POINTS = 20
VISIT_POINTS_LAST = timedelta(days=120)
ORDER_POINTS_LAST = timedelta(days=400)
INVITATION_LASTS = timedelta(days=14)
CAFES = ("Kreuzberg", "Neukölln", "Moabit")
SOURCES = ("shop", "café", "friend", "newsletter")


@dataclass
class Stage:
    """What the deeds share: the shop, chance, the advocates' ids, the numbers of orders."""

    business: Business
    catalogue: Sequence[Reward]
    rng: Random
    ids: dict[Person, UUID] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: count(1001))


def join(stage: Stage, person: Person) -> None:
    birthday = date(1950, 1, 1) + timedelta(days=stage.rng.randrange(55 * 365))
    advocate = advocates.create(
        business=stage.business,
        external_id=person.external_id,
        email=person.email,
        name=person.name,
        birthday=birthday,
        timezone=world.TIMEZONE,
        metadata={"source": stage.rng.choice(SOURCES)},
    )
    stage.ids[person] = advocate.pk


def order(stage: Stage, person: Person) -> None:
    basket = Counter(stage.rng.choices(list(PRODUCTS.values()), k=stage.rng.choice((1, 1, 2, 2, 3))))
    said = ", ".join(f"{count} × {product.name}" for product, count in basket.items())
    cents = sum(product.price * count for product, count in basket.items())
    number = f"A-{next(stage.numbers)}"
    ledger.award(
        business=stage.business,
        account_id=stage.ids[person],
        amount=cents * POINTS_PER_EURO // 100,
        source=Source("order", number),
        description=f"Order {number}: {said}",
        expires_at=clock.wall() + ORDER_POINTS_LAST,
    )


def order_ahead(stage: Stage, person: Person) -> None:
    number = f"A-{next(stage.numbers)}"
    ledger.award(
        business=stage.business,
        account_id=stage.ids[person],
        amount=240,
        source=Source("order", number),
        description=f"Order {number}: the next harvest, sent when it is here",
        pending_until=clock.wall() + timedelta(days=9),
        expires_at=clock.wall() + ORDER_POINTS_LAST,
    )


def visit(stage: Stage, person: Person) -> None:
    ledger.award(
        business=stage.business,
        account_id=stage.ids[person],
        amount=VISIT_POINTS,
        source=Source("visit"),
        description=f"Visit to our café in {stage.rng.choice(CAFES)}",
        expires_at=clock.wall() + VISIT_POINTS_LAST,
    )


def invite_back(stage: Stage, person: Person) -> None:
    """Whatever else the year has left, some points are about to expire."""
    ledger.award(
        business=stage.business,
        account_id=stage.ids[person],
        amount=60,
        source=OPERATOR,
        description="Come by again: a coffee on us within two weeks",
        expires_at=clock.wall() + INVITATION_LASTS,
    )


def redeem(stage: Stage, person: Person) -> None:
    """Try to get something for what is not saved up. It may be for others, or points may just have expired."""
    budget = _balance(stage, person) - person.saves
    possible = [reward for reward in stage.catalogue if reward.is_on_offer(at=clock.wall())]
    affordable = [reward for reward in possible if reward.points_cost <= budget]
    if affordable:
        wanted = stage.rng.choice(affordable)
        with suppress(ledger.InsufficientPoints, *redemptions.REFUSALS.values()):
            redemptions.redeem(business=stage.business, reward_id=wanted.pk, advocate_id=stage.ids[person])


def change_mind(stage: Stage, person: Person) -> None:
    """Give the latest redemption back."""
    bought = Redemption.objects.for_business(stage.business).filter(advocate_id=stage.ids[person])
    latest = bought.filter(status__in=Redemption.OPEN).order_by("created_at").last()
    if latest:
        redemptions.cancel(business=stage.business, redemption_id=latest.pk, reason="Changed their mind")


def apologise(stage: Stage, person: Person) -> None:
    ledger.award(
        business=stage.business,
        account_id=stage.ids[person],
        amount=100,
        type=Type.ADJUST,
        source=OPERATOR,
        topic="points/adjusted",
        description="Sorry for the late parcel",
    )


def correct(stage: Stage, person: Person) -> None:
    with suppress(ledger.InsufficientPoints):
        ledger.spend(
            business=stage.business,
            account_id=stage.ids[person],
            amount=50,
            type=Type.ADJUST,
            source=OPERATOR,
            topic="points/adjusted",
            description="Counted twice at the till",
        )


def settle(stage: Stage) -> None:
    """What fell due expires and ripens, as the platform sees to it all the time."""
    settlement.settle_due()


def _balance(stage: Stage, person: Person) -> int:
    account_id = stage.ids[person]
    return wallets.wallets(business=stage.business, account_ids=[account_id])[account_id].amount
