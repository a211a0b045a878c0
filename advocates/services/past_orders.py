"""Orders from before the programme, or from another system: kept as they are by now, and taken away again.

They use up no coupons and complete no referrals. An order that is known already stays as it is.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from advocates.models import Order, OrderLine, Refund
from advocates.services import buyers, orders
from advocates.services.baskets import Basket
from advocates.services.order_points import Sale
from advocates.services.till import Meanwhile, SomebodyElses, Till
from loyalty.kernel.errors import DomainError
from loyalty.models import Business
from loyalty.selectors import expiry
from loyalty.services import actions, climbing
from loyalty.services.ledger import POINTS


def keep(*, business: Business, baskets: Sequence[Basket], pays: bool) -> list[Sale | DomainError]:
    """Keep orders that are not known here. Whoever bought and is not known joins; no rule pays for that.

    Answers each as it is now; `is_new` says that it was not known.

    :param pays: whether the orders earn, each as on its own day
    """
    return orders.again(lambda: _keep(business, baskets, pays))


def remove(*, business: Business, order_ids: Collection[UUID]) -> int:
    """Take away orders of which nothing was told since they were kept, and what they earned, as far as it is there.

    Answers how many stay, or had points that are spent.
    """
    return orders.again(lambda: _remove(business, order_ids))


@transaction.atomic
def _keep(business: Business, baskets: Sequence[Basket], pays: bool) -> list[Sale | DomainError]:
    who = buyers.find_or_join(business=business, baskets=baskets, are_new=False)
    ends = expiry.ends(business=business, metric=POINTS, earned=[basket.placed_at for basket in baskets])
    with climbing.together():
        till = Till(business, [pk for pk in who if isinstance(pk, UUID)], {}, pays=pays)
        till.read([basket.external_id for basket in baskets])
        kept = [
            pk if isinstance(pk, DomainError) else _kept(till, basket, pk, ends_at)
            for basket, pk, ends_at in zip(baskets, who, ends, strict=True)
        ]
        till.close()
    return kept


def _kept(till: Till, basket: Basket, account_id: UUID, ends_at: datetime | None) -> Sale | DomainError:
    sale = till.sale(basket.external_id)
    if sale is None:
        return till.keep(basket, account_id, ends_at=ends_at)
    return sale if sale.order.advocate_id == account_id else SomebodyElses()


@transaction.atomic
def _remove(business: Business, order_ids: Collection[UUID]) -> int:
    rows = Order.objects.for_business(business).filter(pk__in=order_ids)
    with climbing.together():
        till = Till(business, set(rows.values_list("advocate_id", flat=True)), {})
        till.read(rows.values_list("external_id", flat=True))
        if not {sale.order.advocate_id for sale in till.sales()} <= till.people:
            raise Meanwhile
        sales = [sale for sale in till.sales() if sale.order.updated_at == sale.order.created_at]
        due = [sale.points_left for sale in sales]
        for sale in sales:
            till.void(sale)
        till.close()
    _delete(business, sales)
    short = sum(sale.points_reversed < points for sale, points in zip(sales, due, strict=True))
    return len(order_ids) - len(sales) + short


def _delete(business: Business, sales: Sequence[Sale]) -> None:
    actions.strike([sale.order.action_id for sale in sales if sale.order.action_id], business=business)
    removed = [sale.order.pk for sale in sales]
    OrderLine.objects.for_business(business).filter(order__in=removed).delete()
    Refund.objects.for_business(business).filter(order__in=removed).delete()
    Order.objects.for_business(business).filter(pk__in=removed).delete()
