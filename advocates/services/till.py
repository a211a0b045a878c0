"""Where orders are rung up: under the locks of all whom they touch, by the set, in at most so many statements."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import datetime
from uuid import UUID

from advocates.models import CollectionProduct, Order, OrderLine, Refund
from advocates.services import order_points, refunds
from advocates.services.baskets import EDITED, Basket
from advocates.services.order_points import Sale
from advocates.services.refunds import Told
from loyalty.kernel import clock
from loyalty.kernel.database import tables
from loyalty.kernel.errors import Conflict, DomainError
from loyalty.models import Account, Business
from loyalty.services import accounts, compiled, event_batches
from loyalty.services.intake import Intake
from loyalty.services.order_effects import Moment, Plan
from loyalty.services.people import Person
from loyalty.services.progress import Past

AMOUNTS = ("currency", "subtotal_minor", "discount_minor", "shipping_minor", "tax_minor", "total_minor")
CHANGED = (
    *("number", *AMOUNTS, "refunded_minor", "unassigned_minor", "status", "discount_codes", "referral_code", "flags"),
    *("fingerprint", "action_id", "earned", "qualified_at", "closed_at", "updated_at"),
)
Plans = Mapping[Moment, Sequence[Plan]]


class SomebodyElses(Conflict):
    def __init__(self) -> None:
        super().__init__("This order is another customer's. Check its id.", field="customer")


class Meanwhile(Exception):
    """Somebody else has just told of one of these orders, or merged one of these people: look again."""


class Till:
    """Rings up orders of some people, and what follows of it when it is closed.

    :param plans: what the orders may do elsewhere
    :param pays: whether they earn; if not, those that qualify are done with
    """

    def __init__(self, business: Business, account_ids: Iterable[UUID], plans: Plans, *, pays: bool = True) -> None:
        buyers = set(account_ids)
        wanted = {*buyers, *(pk for some in plans.values() for plan in some for pk in plan.account_ids)}
        locked, self.business = accounts.lock_with_business(business=business, account_ids=wanted)
        self._people = {pk: Person.of(account) for pk, account in locked.items()}
        if any(locked[pk].status == Account.Status.MERGED for pk in buyers):
            raise Meanwhile
        self._plans = plans
        self._pays = pays
        self._now = clock.now(self.business)
        self._sales: dict[str, Sale] = {}  # by the shop's id of the order
        self._changed: dict[UUID, Sale] = {}
        self._refunds: list[Refund] = []

    def read(self, order_ids: Iterable[str]) -> None:
        """What is known of these orders."""
        orders = list(Order.objects.for_business(self.business).filter(external_id__in=list(order_ids)))
        lines: dict[UUID, list[OrderLine]] = defaultdict(list)
        if orders:
            known = OrderLine.objects.for_business(self.business).filter(order__in=orders)
            for line in known.order_by("order_id", "position"):
                lines[line.order_id].append(line)
        for order in orders:
            sale = Sale(order, lines[order.pk])
            sale.due_before = order_points.due(order, sale.lines)
            self._sales[order.external_id] = sale

    def sale(self, order_id: str) -> Sale | None:
        return self._sales.get(order_id)

    @property
    def people(self) -> Set[UUID]:
        """Whose accounts are locked."""
        return self._people.keys()

    def sales(self) -> Iterable[Sale]:
        """The orders that are known."""
        return self._sales.values()

    def ring_up(self, basket: Basket, account_id: UUID) -> Sale | DomainError:
        """A new order, a change of one, or a repeat."""
        sale = self._sales.get(basket.external_id)
        if sale is None:
            return self._start(basket, account_id)
        if sale.order.advocate_id != account_id:
            return SomebodyElses()
        if bytes(sale.order.fingerprint) != basket.fingerprint:
            self._tell_anew(sale, basket)
        return sale

    def move(self, sale: Sale, status: str | None, told: Sequence[Told]) -> None:
        """Move an order's status on, and note its refunds.

        :raises NotFound, refunds.TooMuch: as `refunds.note`
        """
        known: set[str] = set()
        if told:
            before = Refund.objects.for_business(self.business).filter(order=sale.order)
            known = set(before.values_list("external_id", flat=True))
        self._refunds += refunds.note(sale.order, sale.lines, told, known=known, now=self._now)
        self._advance(sale, status or sale.order.status)

    def keep(self, basket: Basket, account_id: UUID, *, ends_at: datetime | None) -> Sale:
        """An order of the past that is not known here, as it is by now. What it earns would last until `ends_at`."""
        sale = self._start(basket, account_id)
        sale.past = Past(at=basket.placed_at, ends_at=ends_at, now=self._now)
        self._refunds += refunds.note(sale.order, sale.lines, basket.refunds, known=set(), now=self._now)
        self._advance(sale, basket.status)
        return sale

    def void(self, sale: Sale) -> None:
        """Let nothing be left of an order of the past, and nobody hear of that."""
        sale.past = Past(at=sale.order.placed_at, ends_at=None, now=self._now)
        self._advance(sale, Order.Status.VOIDED)

    def close(self) -> None:
        """Let the orders earn and give back, write them, and let happen elsewhere what follows."""
        self._group()
        qualified = self._earn()
        changed = list(self._changed.values())
        closed = [sale for sale in changed if sale.order.is_closed and sale.order.closed_at is None]
        for sale in closed:
            sale.order.closed_at = self._now
        self._write(changed)
        order_points.take_back(changed, business=self.business)
        order_points.count(qualified, [sale for sale in closed if sale.order.qualified_at], business=self.business)
        self._tell_of_refunds(changed)
        self._act("qualified", qualified)
        self._act("closed", closed)

    def entries(self) -> list[UUID]:
        """What has been earned by all this, so far."""
        return event_batches.entries_since(self._people, business=self.business)

    def _start(self, basket: Basket, account_id: UUID) -> Sale:
        order = Order(
            business=self.business,
            external_id=basket.external_id,
            advocate_id=account_id,
            status=basket.status,
            placed_at=basket.placed_at,
            created_at=self._now,
            updated_at=self._now,
        )
        sale = Sale(order, [], is_new=True)
        self._sales[basket.external_id] = sale
        self._changed[order.pk] = sale
        self._describe(sale, basket)
        return sale

    def _describe(self, sale: Sale, basket: Basket) -> None:
        order = sale.order
        for name in ("number", *AMOUNTS, "referral_code", "fingerprint"):
            setattr(order, name, getattr(basket, name))
        order.discount_codes, order.flags = list(basket.discount_codes), basket.flags()
        sale.lines, sale.has_new_lines = basket.order_lines(), True
        for line in sale.lines:
            line.business, line.order = self.business, order

    def _tell_anew(self, sale: Sale, basket: Basket) -> None:
        """Until an order earns or is refunded, what was bought may change; after that it stays as it earned."""
        order = sale.order
        if order.qualified_at is None and not order.refunded_minor and not order.is_closed:
            OrderLine.objects.for_business(self.business).filter(order=order).delete()
            self._describe(sale, basket)
        else:
            order.fingerprint = basket.fingerprint
            told = [line.amount_minor for line in basket.order_lines()]
            is_other = told != [line.amount_minor for line in sale.lines] or basket.total_minor != order.total_minor
            if is_other and EDITED not in order.flags:
                order.flags = [*order.flags, EDITED]
        self._advance(sale, basket.status)

    def _advance(self, sale: Sale, status: str) -> None:
        """The later of two statuses, whichever was told last; and what its refunds make of it."""
        order = sale.order
        order.status = order_points.later(order.status, status)
        if refunds.is_whole(order, sale.lines):
            order.status = Order.Status.REFUNDED
        elif order.refunded_minor and order.qualified_at:
            order.status = order_points.later(order.status, Order.Status.PARTIALLY_REFUNDED)
        order.updated_at = self._now
        self._changed[order.pk] = sale

    def _group(self) -> None:
        """Note in which collections the products of new lines are now."""
        lines = [line for sale in self._changed.values() if sale.has_new_lines for line in sale.lines]
        products = {line.product_id for line in lines if line.product_id}
        if not products:
            return
        found: dict[str, list[str]] = defaultdict(list)
        rows = CollectionProduct.objects.for_business(self.business).filter(product_external_id__in=products)
        for product_id, collection_id in rows.values_list("product_external_id", "collection_external_id"):
            found[product_id].append(collection_id)
        for line in lines:
            line.collections = sorted(found[line.product_id])

    def _earn(self) -> list[Sale]:
        """Let those earn that have just come to a status that counts, and answer which they are."""
        qualified = [sale for sale in self._changed.values() if self._qualifies(sale.order)]
        paying = [sale for sale in qualified if self._pays and self._is_active(sale)]
        intake = self._intake(paying, order_points.PAID)
        for sale in paying:
            order_points.earn(sale, intake)
        intake.write()
        for sale in qualified:
            sale.order.qualified_at = sale.past.at if sale.past else self._now
            if sale.order.refunded_minor:
                sale.order.status = order_points.later(sale.order.status, Order.Status.PARTIALLY_REFUNDED)
        return qualified

    def _qualifies(self, order: Order) -> bool:
        is_reached = order_points.reaches(order.status, self.business.qualifying_statuses)
        return order.qualified_at is None and is_reached

    def _is_active(self, sale: Sale) -> bool:
        """Of somebody who is blocked an order counts, but earns nothing."""
        return self._people[sale.order.advocate_id].is_active

    def _intake(self, sales: Sequence[Sale], name: str) -> Intake:
        reports = [order_points.report(sale, name) for sale in sales]
        return Intake(reports, business=self.business, people=self._people, are_many=len(self._changed) > 1)

    def _write(self, sales: Sequence[Sale]) -> None:
        new = [sale.order for sale in sales if sale.is_new]
        old = [sale.order for sale in sales if not sale.is_new]
        tables.write(new)
        if old:
            Order.objects.for_business(self.business).bulk_update(old, CHANGED)
        tables.write([line for sale in sales if sale.has_new_lines for line in sale.lines])
        if self._refunds:
            sent_back = [line for sale in sales for line in sale.lines if line.refunded_quantity]
            OrderLine.objects.for_business(self.business).bulk_update(sent_back, ["refunded_quantity"])
            Refund.objects.bulk_create(self._refunds)

    def _tell_of_refunds(self, sales: Sequence[Sale]) -> None:
        """Let rules and quests hear of refunds, where any listens."""
        if not compiled.of(self.business).hears(order_points.REFUNDED):
            return
        refunded = {refund.order_id for refund in self._refunds}
        told = [
            sale
            for sale in sales
            if (sale.order.pk in refunded or sale.order.closed_at == self._now)
            and not sale.past
            and self._is_active(sale)
        ]
        intake = self._intake(told, order_points.REFUNDED)
        for sale in told:
            intake.count(order_points.report(sale, order_points.REFUNDED))
        intake.write()

    def _act(self, moment: Moment, sales: Sequence[Sale]) -> None:
        if sales:
            for plan in self._plans.get(moment, ()):
                plan.act(self.business, {sale.order.external_id for sale in sales})
