"""The benefit `gift_card`: a gift card for a quest, a rule or a tier, owed where it cannot be ordered."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import msgspec
from django.db import transaction

from loyalty.kernel.errors import NotFound
from loyalty.kernel.money import money
from loyalty.models import Account, Business
from loyalty.services import ledger
from loyalty.services.kinds.benefits.base import Benefit, Document, Occasion, comes_back
from rewards.models import GiftProduct, GiftPromise
from rewards.services import gift_products, gift_promises, redemptions


class GiftCardBenefit(Benefit, tag="gift_card", kw_only=True):
    product: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    value: Decimal


SHAPE = GiftCardBenefit


def check(benefit: GiftCardBenefit, *, business: Business, field: str) -> None:
    gift_products.giveable(
        business=business,
        key=benefit.product,
        value_minor=money(benefit.value, business.currency, field=f"{field}.value"),
        field=f"{field}.product",
        value_field=f"{field}.value",
    )


def dangling(benefit: GiftCardBenefit, document: Document) -> Iterator[tuple[str, str]]:
    """Products are in no document: `check` looks for them when it is applied."""
    return iter(())


def points_of(benefit: GiftCardBenefit) -> int:
    return 0


@transaction.atomic
def give(benefit: GiftCardBenefit, *, business: Business, account_id: UUID, occasion: Occasion) -> int:
    """:raises ledger.AlreadyPosted: if it was given, or is owed, for the occasion before"""
    account = redemptions.locked_account(business, account_id)
    if account.status != Account.Status.ACTIVE:
        raise ledger.AccountNotActive
    products = GiftProduct.objects.for_business(business).select_related("business")
    product = products.filter(key=benefit.product).first()
    if product is None:
        raise NotFound(gift_products.NOUN)
    gift_promises.give(
        GiftPromise(
            business=product.business,
            advocate_id=account_id,
            product=product,
            value_minor=money(benefit.value, product.currency, field="value"),
            source_type=occasion.source.type,
            source_id=str(occasion.source.id),
        )
    )
    return 0


def take_back(benefit: GiftCardBenefit, *, business: Business, account_id: UUID, occasion: Occasion) -> int:
    """:raises gift_orders.CodeShown: if they have its code"""
    gift_promises.take_back(business=business, source=occasion.source)
    return 0


def recover(benefit: GiftCardBenefit, *, business: Business, account_id: UUID, occasion: Occasion) -> bool:
    return comes_back(lambda: take_back(benefit, business=business, account_id=account_id, occasion=occasion))
