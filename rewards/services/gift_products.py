"""What can be ordered as a gift card is written here, and how parcels may travel."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import transaction

from loyalty.kernel import clock
from loyalty.kernel.errors import Invalid, NotFound
from loyalty.models import Business
from loyalty.services import naming
from rewards.models import CodePool, GiftProduct, GiftStock, ShippingMethod
from rewards.services.kinds import providers
from rewards.services.recipients import COUNTRIES

NOUN = "gift card product"
Delivery, Denominations, Type = GiftProduct.Delivery, GiftProduct.Denominations, GiftProduct.Type
DELIVERIES = {Type.DIGITAL: {Delivery.EMAIL, Delivery.SMS, Delivery.LINK}, Type.PHYSICAL: {Delivery.POST}}

# What a new business can try at once. The first is what the documentation's first order is for.
STARTERS: Sequence[dict[str, Any]] = (
    {
        "key": "CVS",
        "name": "Example gift card",
        "short_description": "Stored value of your own, to try the first order with.",
        "min_minor": 100,
        "max_minor": 50_000,
    },
    {
        "key": "STORE-CARD",
        "name": "Store gift card",
        "short_description": "Stored value that your tills and your shop redeem, part by part.",
        "min_minor": 100,
        "max_minor": 50_000,
    },
    {
        "key": "STORE-CARD-POST",
        "name": "Store gift card by post",
        "short_description": "The same, printed and sent in an envelope.",
        "type": Type.PHYSICAL,
        "delivery_types": [Delivery.POST],
        "denominations_minor": [2_500, 5_000, 10_000],
    },
)
STANDARD_SHIPPING = {"key": "STANDARD", "name": "Standard letter"}


@transaction.atomic
def create(*, business: Business, key: str, name: str, **columns: Any) -> GiftProduct:
    """Offer a product. Without `denominations_minor` its value is variable, from `min_minor` to `max_minor`.

    :raises naming.KeyTaken: if another product has the key
    :raises Invalid: if the columns do not fit each other
    """
    business = naming.lock(business)
    naming.key_for(GiftProduct.objects.for_business(business), key=key, title=name, noun=NOUN)
    defaults = {"provider": "generated", "currency": business.currency, "type": Type.DIGITAL}
    product = GiftProduct(business=business, key=key, name=name, **{**defaults, **columns})
    product.created_at = clock.now(business)
    product.delivery_types = list(product.delivery_types or sorted(DELIVERIES[Type(product.type)]))
    return check(product)


def check(product: GiftProduct) -> GiftProduct:
    """Write a product that is new or changed, if it makes sense.

    :raises Invalid: naming the column that does not
    """
    if providers.provider_of(product.provider).IS_REMOTE:
        _check_remote(product)
    is_fixed = bool(product.denominations_minor)
    product.denomination_type = Denominations.FIXED if is_fixed else Denominations.VARIABLE
    if is_fixed:
        product.min_minor = product.max_minor = None
        product.denominations_minor = sorted(set(product.denominations_minor))
        if product.denominations_minor[0] < 1:
            raise Invalid("Each denomination is more than 0.", field="denominations")
    elif not 0 < (product.min_minor or 0) <= (product.max_minor or 0):
        raise Invalid("Name fixed denominations, or a smallest value and a largest one.", field="minValue")
    if not product.delivery_types or not set(product.delivery_types) <= DELIVERIES[Type(product.type)]:
        raise Invalid("Digital cards go by Email, Sms or Link, physical ones by Post.", field="deliveryTypes")
    if not 0 <= product.discount_bp < 10_000:
        raise Invalid("A discount is less than 100 per cent.", field="discount")
    product.save()
    return product


def _check_remote(product: GiftProduct) -> None:
    if product.remote_sealed is None:
        raise Invalid("Say where its codes are bought.", field="remoteUrl")
    if product.type != Type.DIGITAL:
        raise Invalid("What a remote provider sells is sent digitally.", field="type")


def giveable(*, business: Business, key: str, value_minor: int, field: str, value_field: str) -> GiftProduct:
    """The product that a reward or a benefit gives in this value.

    :raises NotFound: if the business offers no such product
    :raises Invalid: if it has no card of this value, or is not for everybody
    """
    product = GiftProduct.objects.for_business(business).filter(key=key, archived_at=None).first()
    if product is None:
        raise NotFound(NOUN, field=field)
    check_giveable(product, value_minor, field=field, value_field=value_field)
    return product


def check_giveable(product: GiftProduct, value_minor: int, *, field: str, value_field: str) -> None:
    """:raises Invalid: as `giveable`"""
    if Delivery.LINK not in product.delivery_types:
        message = "Choose a product that is delivered by link, too: not everybody has an e-mail address."
        raise Invalid(message, field=field)
    if product.currency != product.business.currency:
        raise Invalid(f"The deposit is in {product.business.currency}; this product is not.", field=field)
    if not product.has_value(value_minor):
        raise Invalid("The product has no card of this value.", field=value_field)


@transaction.atomic
def stock(*, business: Business, product_id: UUID, value_minor: int) -> CodePool:
    """The pool that holds the codes of a product for one value; opened when it is first asked for.

    :raises NotFound: if the business has no such product
    :raises Invalid: if it has no cards of this value, or makes its codes itself
    """
    business = naming.lock(business)
    product = GiftProduct.objects.for_business(business).filter(pk=product_id).first()
    if product is None:
        raise NotFound(NOUN)
    if product.provider != "vault" or not product.has_value(value_minor):
        raise Invalid("This product takes no codes of this value.", field="value")
    held = GiftStock.objects.for_business(business).filter(product=product, value_minor=value_minor)
    found = held.select_related("pool").first()
    if found is not None:
        return found.pool
    taken = set(CodePool.objects.for_business(business).values_list("key", flat=True))
    title = f"{product.key} {value_minor}"
    key = naming.free_key(title, taken=taken, noun="code pool")
    pool = CodePool.objects.create(business=business, key=key, title=title, created_at=clock.now(business))
    GiftStock.objects.create(business=business, product=product, pool=pool, value_minor=value_minor)
    return pool


def archive(*, product: GiftProduct, is_archived: bool) -> None:
    product.archived_at = clock.now(product.business) if is_archived else None
    product.save(update_fields=["archived_at"])


def check_shipping(method: ShippingMethod) -> ShippingMethod:
    """Write a way of shipping that is new or changed.

    :raises Invalid: naming a country that there is not
    """
    method.countries = sorted({country.upper() for country in method.countries})
    unknown = next((country for country in method.countries if country not in COUNTRIES), None)
    if unknown is not None:
        raise Invalid(f"{unknown} is no country: use two letters, as in DE.", field="countries")
    method.save()
    return method


@transaction.atomic
def load_starters(*, business: Business) -> None:
    """Give a new business something to order, and a way to ship it."""
    for columns in STARTERS:
        create(business=business, **columns)
    check_shipping(ShippingMethod(business=business, **STANDARD_SHIPPING))
