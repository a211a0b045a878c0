"""Orders as a shop tells of them, one or a thousand at a time: each earns once, whatever order the calls come in.

All the accounts that an order touches are locked first, sorted by id; then it is read what is known of it.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from django.db import IntegrityError, transaction

from advocates.models import Order, OrderLine
from advocates.services import buyers
from advocates.services.baskets import Basket
from advocates.services.growth import measure
from advocates.services.order_points import Sale
from advocates.services.refunds import Told
from advocates.services.till import Meanwhile, Plans, Till
from loyalty.kernel import tries
from loyalty.kernel.errors import DomainError, NotFound
from loyalty.models import Batch, Business
from loyalty.services import climbing, order_effects
from loyalty.services.order_effects import Purchase

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Outcome:
    """An order, and what the call did with it. A repeat does nothing."""

    order: Order
    lines: Sequence[OrderLine]
    is_new: bool = False
    points_awarded: int = 0
    points_reversed: int = 0


@dataclass(frozen=True, slots=True)
class Done:
    """A batch of orders, and what came of each."""

    batch: Batch
    results: Sequence[Outcome | DomainError]


def take(*, business: Business, baskets: Sequence[Basket | DomainError]) -> list[Outcome | DomainError]:
    """Take in every order, in the order sent: new ones, changed ones, repeats. What is refused spoils no other.

    The same body again changes nothing. Another one for the same id moves the order's status on; before the order has
    earned, it also says anew what was bought.
    """
    sent = [basket for basket in baskets if isinstance(basket, Basket)]
    done = iter(again(lambda: _take(business, sent)) if sent else [])
    return [basket if isinstance(basket, DomainError) else next(done) for basket in baskets]


def take_batch(*, business: Business, baskets: Sequence[Basket | DomainError], author: str = "") -> Done:
    """As `take`, and remember what was earned by it. Undoing the batch takes that back; the orders stay."""
    batch = Batch(business=business, kind=Batch.Kind.ORDERS, made=[], author=author)
    sent = [basket for basket in baskets if isinstance(basket, Basket)]
    measure()
    done = iter(again(lambda: _take(business, sent, batch)))
    return Done(batch, [basket if isinstance(basket, DomainError) else next(done) for basket in baskets])


def take_one(*, business: Business, basket: Basket) -> Outcome:
    """As `take`, one order.

    :raises DomainError: if its customer cannot join
    :raises till.SomebodyElses: if another customer's order has this id
    """
    (outcome,) = take(business=business, baskets=[basket])
    if isinstance(outcome, DomainError):
        raise outcome
    return outcome


def change(*, business: Business, order_id: str, status: str | None = None, refunds: Sequence[Told] = ()) -> Outcome:
    """Move an order's status on, and note refunds; one whose id is known already changes nothing.

    :raises NotFound: if the business has no such order, or the order no such line
    :raises refunds.TooMuch: if more would be refunded than was paid, or more pieces than were sold
    """
    return again(lambda: _change(business, order_id, status, refunds))


def again(work: Callable[[], Answer]) -> Answer:
    """Whoever was faster is found when looking again."""
    return tries.again(work, on=(Meanwhile, IntegrityError))


@transaction.atomic
def _take(business: Business, baskets: Sequence[Basket], batch: Batch | None = None) -> list[Outcome | DomainError]:
    who = buyers.find_or_join(business=business, baskets=baskets)
    found = [(basket, pk) for basket, pk in zip(baskets, who, strict=True) if isinstance(pk, UUID)]
    purchases = [_purchase(basket, pk) for basket, pk in found]
    closing = {basket.external_id for basket, _ in found if basket.status in Order.CLOSED}
    earned = _earned(business, closing)
    plans = _plans(purchases, [basket.status for basket, _ in found], business=business)
    with climbing.together():  # what follows from a step of a ladder comes after all that these orders do
        till = Till(business, [pk for _, pk in found], plans)
        till.read([basket.external_id for basket in baskets])
        if not {id for id in closing if (sale := till.sale(id)) and sale.order.qualified_at} <= earned:
            raise Meanwhile
        sales = [
            pk if isinstance(pk, DomainError) else till.ring_up(basket, pk)
            for basket, pk in zip(baskets, who, strict=True)
        ]
        till.close()
    if batch is not None:
        batch.made = till.entries()
        batch.save(force_insert=True)
    return _outcomes(sales)


def _earned(business: Business, order_ids: Collection[str]) -> set[str]:
    """Those of these orders of which something may have come elsewhere."""
    if not order_ids:
        return set()
    rows = Order.objects.for_business(business).filter(external_id__in=order_ids, qualified_at__isnull=False)
    return set(rows.values_list("external_id", flat=True))


def _outcomes(sales: Sequence[Sale | DomainError]) -> list[Outcome | DomainError]:
    """What each call did: of several for one order the first one did it."""
    outcomes: list[Outcome | DomainError] = []
    told: set[UUID] = set()
    for sale in sales:
        if isinstance(sale, DomainError):
            outcomes.append(sale)
        elif sale.order.pk in told:
            outcomes.append(Outcome(sale.order, sale.lines))
        else:
            told.add(sale.order.pk)
            outcomes.append(_outcome(sale))
    return outcomes


@transaction.atomic
def _change(business: Business, order_id: str, status: str | None, refunds: Sequence[Told]) -> Outcome:
    order = Order.objects.for_business(business).filter(external_id=order_id).first()
    if order is None:
        raise NotFound("order")
    purchase = Purchase(
        order_id=order_id,
        account_id=order.advocate_id,
        total_minor=order.total_minor,
        currency=order.currency,
        discount_codes=order.discount_codes,
        referral_code=order.referral_code,
    )
    statuses = [status or order.status, *([Order.Status.REFUNDED] if refunds else [])]
    plans = _plans([purchase] * len(statuses), statuses, business=business)
    with climbing.together():
        till = Till(business, [order.advocate_id], plans)
        till.read([order_id])
        sale = till.sale(order_id)
        if sale is None or _planned_by(sale.order) != _planned_by(order):
            raise Meanwhile
        till.move(sale, status, refunds)
        till.close()
    return _outcome(sale)


def _planned_by(order: Order) -> tuple[object, ...]:
    """What plans go by: whose it is, what was bought, and whether something may have come of it."""
    return order.advocate_id, bytes(order.fingerprint), order.qualified_at


def _plans(purchases: Sequence[Purchase], statuses: Sequence[str], *, business: Business) -> Plans:
    """What may happen elsewhere to orders that are told to have these statuses; which of it does, the lock decides."""
    pairs = list(zip(purchases, statuses, strict=True))
    earning = [one for one, status in pairs if status not in Order.CLOSED]
    closing = [one for one, status in pairs if status in Order.CLOSED]
    return {
        "qualified": order_effects.plans("qualified", earning, business=business),
        "closed": order_effects.plans("closed", closing, business=business),
    }


def _purchase(basket: Basket, account_id: UUID) -> Purchase:
    return Purchase(
        order_id=basket.external_id,
        account_id=account_id,
        total_minor=basket.total_minor,
        currency=basket.currency,
        discount_codes=basket.discount_codes,
        referral_code=basket.referral_code,
    )


def _outcome(sale: Sale) -> Outcome:
    return Outcome(sale.order, sale.lines, sale.is_new, sale.points_awarded, sale.points_reversed)
