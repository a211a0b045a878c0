"""What an order asks for, judged line by line before anything is taken."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from loyalty.kernel import languages
from loyalty.kernel.emails import email
from loyalty.kernel.errors import DomainError, Invalid, NotFound
from loyalty.kernel.money import money
from loyalty.models import Business
from rewards.models import GiftLine, GiftOrder, GiftProduct, ShippingMethod
from rewards.services import recipients

Type, Delivery = GiftOrder.Type, GiftProduct.Delivery
MOST_CARDS = 10_000  # of one order
FARTHEST = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Asked:
    """A line as its caller spells it. `address` is named as in `recipients.PARTS`, with its ShippingMethodId."""

    product: str
    value: Decimal
    quantity: int = 1
    email: str = ""
    sms: str = ""
    address: Mapping[str, str] | None = None
    personalization: Mapping[str, str] = field(default_factory=dict)
    deliver_at: datetime | None = None


def drafted(*, order: GiftOrder, asked: Sequence[Asked], now: datetime) -> list[GiftLine]:
    """The lines of an order, which nobody has written yet. Fields are blamed as the Gift Card API spells them.

    :raises NotFound: if the business offers no such product, or no such way of shipping
    :raises Invalid: if a value, a recipient or the way to it does not fit the product
    """
    if sum(line.quantity for line in asked) > MOST_CARDS:
        raise Invalid(f"An order is for at most {MOST_CARDS:,} cards. Send several.", field="LineItems")
    lines: list[GiftLine] = []
    for line in judged(order=order, asked=asked, now=now):
        if isinstance(line, DomainError):
            raise line
        lines.append(line)
    return lines


def judged(*, order: GiftOrder, asked: Sequence[Asked], now: datetime) -> Sequence[GiftLine | DomainError]:
    """Each line, or what `drafted` has to say against it."""
    products = _products(order.business, {line.product for line in asked})
    methods = _methods(order.business) if order.type == Type.PHYSICAL else {}
    found: list[GiftLine | DomainError] = []
    for number, line in enumerate(asked):
        try:
            found.append(_line(_Draft(order, number, line, f"LineItems.{number}", now), products, methods))
        except DomainError as error:
            found.append(error)
    return found


@dataclass(frozen=True, slots=True)
class _Draft:
    order: GiftOrder
    number: int
    asked: Asked
    path: str
    now: datetime


def _line(draft: _Draft, products: Mapping[str, GiftProduct], methods: Mapping[str, ShippingMethod]) -> GiftLine:
    asked, path = draft.asked, draft.path
    product = products.get(asked.product)
    if product is None:
        raise NotFound("product", field=f"{path}.ProductId")
    if product.currency != draft.order.currency:
        raise Invalid(f"The deposit is in {draft.order.currency}; this product is not.", field=f"{path}.ProductId")
    minor = money(asked.value, product.currency, field=f"{path}.Value")
    if not product.has_value(minor):
        raise Invalid("The product has no card of this value. See its Denominations.", field=f"{path}.Value")
    line = GiftLine(
        business=draft.order.business,
        order=draft.order,
        number=draft.number,
        product=product,
        value_minor=minor,
        cost_minor=product.cost_of(minor),
        quantity=asked.quantity,
        personalization=_personal(draft),
        deliver_at=_due(draft),
    )
    ADDRESSED[Type(draft.order.type)](line, draft, methods)
    return line


def _digital(line: GiftLine, draft: _Draft, _: Mapping[str, ShippingMethod]) -> None:
    asked, path = draft.asked, f"{draft.path}.DigitalDeliveryAddress"
    if asked.address is not None:
        raise Invalid("What is sent digitally has no PhysicalDeliveryAddress.", field=_post_path(draft))
    if not asked.email and not asked.sms:
        raise Invalid("Say where to: Email or Sms.", field=path)
    if asked.email:
        _need(line.product, Delivery.EMAIL, f"{path}.Email")
        line.email = email(asked.email, field=f"{path}.Email")
    if asked.sms:
        _need(line.product, Delivery.SMS, f"{path}.Sms")
        line.sms = recipients.phone(asked.sms, field=f"{path}.Sms")


def _linked(line: GiftLine, draft: _Draft, _: Mapping[str, ShippingMethod]) -> None:
    asked = draft.asked
    if asked.email or asked.sms:
        raise Invalid("Links are given to you, not sent.", field=f"{draft.path}.DigitalDeliveryAddress")
    if asked.address is not None:
        raise Invalid("Links are given to you, not sent.", field=_post_path(draft))
    if asked.deliver_at is not None:
        raise Invalid("Links are given to you at once.", field=f"{draft.path}.Personalization.DeliveryDate")
    _need(line.product, Delivery.LINK, f"{draft.path}.ProductId")


def _posted(line: GiftLine, draft: _Draft, methods: Mapping[str, ShippingMethod]) -> None:
    asked, path = draft.asked, _post_path(draft)
    if asked.email or asked.sms:
        raise Invalid("What goes by post has no digital address.", field=f"{draft.path}.DigitalDeliveryAddress")
    if asked.address is None:
        raise Invalid("Say where to.", field=path)
    _need(line.product, Delivery.POST, f"{draft.path}.ProductId")
    method = methods.get(asked.address["ShippingMethodId"])
    if method is None:
        raise NotFound("shipping method", field=f"{path}.ShippingMethodId")
    line.shipping_method = method
    line.address = recipients.parcel(asked.address, method=method, field=path)


ADDRESSED = {Type.DIGITAL: _digital, Type.LINKS: _linked, Type.PHYSICAL: _posted}


def _need(product: GiftProduct, delivery: str, path: str) -> None:
    if delivery not in product.delivery_types:
        offered = ", ".join(product.delivery_types)
        raise Invalid(f"{product.key} is not delivered this way, but by: {offered}.", field=path)


def _personal(draft: _Draft) -> dict[str, str]:
    said = {name: text for name, text in draft.asked.personalization.items() if text}
    for name, checked in (("FromEmail", email), ("CultureCode", languages.language)):
        if name in said:
            said[name] = checked(said[name], field=f"{draft.path}.Personalization.{name}")
    return said


def _due(draft: _Draft) -> datetime:
    due = draft.asked.deliver_at or draft.now
    if due > draft.now + FARTHEST:
        raise Invalid("Name a day within a year.", field=f"{draft.path}.Personalization.DeliveryDate")
    return max(due, draft.now)


def _post_path(draft: _Draft) -> str:
    return f"{draft.path}.PhysicalDeliveryAddress"


def _products(business: Business, keys: set[str]) -> Mapping[str, GiftProduct]:
    rows = GiftProduct.objects.for_business(business).filter(archived_at=None, key__in=keys)
    return {product.key: product for product in rows}


def _methods(business: Business) -> Mapping[str, ShippingMethod]:
    rows = ShippingMethod.objects.for_business(business).filter(archived_at=None)
    return {method.key: method for method in rows}
