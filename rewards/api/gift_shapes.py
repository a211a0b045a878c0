"""Gift cards as callers order and see them, in PascalCase. Money goes out as JSON numbers."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from loyalty.api import types
from loyalty.api.parsing import Body
from loyalty.kernel.money import money_number
from rewards.api import gift_examples as examples
from rewards.api.gift_view import GiftBody, GiftShape
from rewards.models import GiftCard, GiftFunds, GiftLine, GiftOrder, GiftProduct, ShippingMethod
from rewards.services import gift_cards, gift_letters, gift_texts
from rewards.services.gift_lines import MOST_CARDS, Asked

Id = Annotated[str, Meta(min_length=1, max_length=64)]
OneLine = Annotated[str, Meta(max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$(?!\n)")]
Part = Annotated[str, Meta(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$(?!\n)")]
PoNumber = Annotated[str, Meta(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$(?!\n)")]
OrderType = Literal["DigitalDelivery", "Links", "PhysicalShipment"]
OrderStatus = Literal["Pending", "Processing", "Completed", "PartiallyFailed", "Failed", "Cancelled"]


class GiftPaging(Body):
    page_index: Annotated[int, Meta(ge=0, le=9_999)] = 0
    page_size: Annotated[int, Meta(ge=1, le=100)] = 20


class ListGiftOrders(GiftPaging):
    po_number: PoNumber | None = None
    status: OrderStatus | None = None
    from_: types.Timestamp | None = msgspec.field(default=None, name="from")
    to: types.Timestamp | None = None


class GiftDigitalAddress(GiftBody):
    email: Annotated[str, Meta(max_length=254)] = ""
    sms: Annotated[str, Meta(max_length=40)] = ""


class GiftPostalAddress(GiftBody):
    shipping_method_id: Id
    name: Part
    address_line1: Part
    country: Annotated[str, Meta(min_length=2, max_length=2)]
    address_line2: Part = ""
    city: Part = ""
    state: Part = ""
    zip: Part = ""


class GiftPersonal(GiftBody):
    to: OneLine = ""
    from_name: OneLine = ""
    from_email: Annotated[str, Meta(max_length=254)] = ""
    message: Annotated[str, Meta(max_length=1000)] = ""
    culture_code: Annotated[str, Meta(max_length=20)] = ""
    delivery_date: types.Timestamp | None = None


class NewGiftLine(GiftBody):
    product_id: Id
    value: types.Money
    quantity: Annotated[int, Meta(ge=1, le=MOST_CARDS)] = 1
    digital_delivery_address: GiftDigitalAddress | None = None
    physical_delivery_address: GiftPostalAddress | None = None
    personalization: GiftPersonal | None = None

    def asked(self) -> Asked:
        """The line as the service wants it."""
        digital, postal = self.digital_delivery_address or GiftDigitalAddress(), self.physical_delivery_address
        personal = self.personalization or GiftPersonal()
        said = {"To": personal.to, "FromName": personal.from_name, "FromEmail": personal.from_email}
        return Asked(
            product=self.product_id,
            value=self.value,
            quantity=self.quantity,
            email=digital.email,
            sms=digital.sms,
            address=None if postal is None else _spelled(postal),
            personalization={**said, "Message": personal.message, "CultureCode": personal.culture_code},
            deliver_at=personal.delivery_date,
        )


class GiftWebhookSettings(GiftBody):
    fulfillment_complete: Annotated[str, Meta(max_length=2048)] | None = None


class NewGiftOrder(GiftBody):
    type: OrderType
    po_number: PoNumber = msgspec.field(name="PONumber")
    line_items: Annotated[list[NewGiftLine], Meta(min_length=1, max_length=MOST_CARDS)]
    note: Annotated[str, Meta(max_length=1000)] = ""
    webhook_settings: GiftWebhookSettings | None = None


CardCode = Annotated[str, Meta(min_length=1, max_length=64)]


class GiftCardLookUp(GiftBody):
    code: CardCode


class GiftCardRedeem(GiftBody):
    code: CardCode
    amount: types.Money
    reference: Annotated[str, Meta(max_length=140)] = ""


class GiftTokenShape(GiftShape):
    example = examples.TOKEN

    value: str
    expires_in: int


class GiftMediaShape(GiftShape):
    example = examples.MEDIA

    faceplates: list[str]


class GiftCostShape(GiftShape):
    example = examples.COST

    fee: float
    discount_percentage: float


class GiftTranslationShape(GiftShape):
    """What a product says in a language: what is not translated stands there in the product's own words."""

    example = examples.TRANSLATION

    culture_code: str
    name: str
    short_description: str
    long_description: str
    terms: str
    disclaimer: str
    redemption_note: str


class GiftProductShape(GiftShape):
    """A kind of card. Fixed ones come in `Denominations`, variable ones from `MinValue` to `MaxValue`.

    It is in the first of its `CultureCodes`; `Translations` has the others that it is written in.
    """

    example = examples.PRODUCT

    id: str
    name: str
    short_description: str
    long_description: str
    denominations: list[float]
    denomination_type: str
    min_value: float | None
    max_value: float | None
    type: str
    available_delivery_types: list[str]
    terms: str
    disclaimer: str
    redemption_note: str
    media: GiftMediaShape
    cost: GiftCostShape
    translations: list[GiftTranslationShape]
    currency_code: str
    culture_codes: list[str]

    @classmethod
    def of(cls, row: GiftProduct) -> "GiftProductShape":
        def spelled(minor: int | None) -> float | None:
            return None if minor is None else money_number(minor, row.currency)

        return cls(
            id=row.key,
            name=row.name,
            short_description=row.short_description,
            long_description=row.long_description,
            denominations=[money_number(minor, row.currency) for minor in row.denominations_minor],
            denomination_type=row.denomination_type,
            min_value=spelled(row.min_minor),
            max_value=spelled(row.max_minor),
            type=row.type,
            available_delivery_types=row.delivery_types,
            terms=row.terms,
            disclaimer=row.disclaimer,
            redemption_note=row.redemption_note,
            media=GiftMediaShape(faceplates=row.faceplates),
            cost=GiftCostShape(
                fee=money_number(row.fee_minor, row.currency),
                discount_percentage=float(Decimal(row.discount_bp) / 100),
            ),
            translations=[
                GiftTranslationShape(culture_code=tag, **gift_texts.texts_in(row, tag)._asdict())
                for tag in row.cultures
                if tag in row.translations
            ],
            currency_code=row.currency,
            culture_codes=row.cultures,
        )


class GiftProductPage(GiftShape):
    example = examples.PAGE

    items: list[GiftProductShape]
    total_count: int
    page_index: int
    page_size: int


class GiftShippingShape(GiftShape):
    """A way of sending parcels; without countries it goes anywhere."""

    example = examples.SHIPPING

    id: str
    name: str
    carrier: str
    countries: list[str]

    @classmethod
    def of(cls, row: ShippingMethod) -> "GiftShippingShape":
        return cls(id=row.key, name=row.name, carrier=row.carrier, countries=row.countries)


class GiftShippingMethods(GiftShape):
    items: list[GiftShippingShape]


class GiftBalanceShape(GiftShape):
    """The deposit: what can be spent, and what was announced and has not arrived yet."""

    example = examples.BALANCE

    pending: float
    available: float
    currency_code: str

    @classmethod
    def of(cls, funds: GiftFunds, *, pending_minor: int) -> "GiftBalanceShape":
        return cls(
            pending=money_number(pending_minor, funds.currency),
            available=money_number(funds.available_minor, funds.currency),
            currency_code=funds.currency,
        )


class GiftTrackingShape(GiftShape):
    example = examples.TRACKING

    carrier: str
    number: str


class GiftCardShape(GiftShape):
    """One card. `ClaimLink` is null for what goes by post."""

    example = examples.CARD

    id: UUID
    status: str
    claim_link: str | None
    delivered_at: datetime | None
    viewed_at: datetime | None
    tracking: GiftTrackingShape | None

    @classmethod
    def of(cls, row: GiftCard, *, type: str) -> "GiftCardShape":
        is_posted, number = type == GiftOrder.Type.PHYSICAL, row.tracking_number
        return cls(
            id=row.pk,
            status=row.status,
            claim_link=None if is_posted else gift_letters.claim_link(row),
            delivered_at=row.delivered_at,
            viewed_at=row.viewed_at,
            tracking=GiftTrackingShape(carrier=row.carrier, number=number) if number else None,
        )


class GiftLineShape(GiftShape):
    """A line. `Cost` is that of all its cards: value, fee and discount. Its cards are told for one order only."""

    example = examples.LINE

    id: UUID
    product_id: str
    value: float
    cost: float
    quantity: int
    status: str
    cards: list[GiftCardShape] | None

    @classmethod
    def of(cls, row: GiftLine, *, currency: str, status: str, cards: list[GiftCardShape] | None) -> "GiftLineShape":
        return cls(
            id=row.pk,
            product_id=row.product.key,
            value=money_number(row.value_minor, currency),
            cost=money_number(row.cost_minor * row.quantity, currency),
            quantity=row.quantity,
            status=status,
            cards=cards,
        )


class GiftOrderShape(GiftShape):
    example = examples.ORDER

    id: UUID
    type: str
    status: str
    po_number: str = msgspec.field(name="PONumber")
    created_at: datetime
    completed_at: datetime | None
    total: float
    currency_code: str
    line_items: list[GiftLineShape]

    @classmethod
    def of(cls, row: GiftOrder, lines: list[GiftLineShape]) -> "GiftOrderShape":
        return cls(
            id=row.pk,
            type=row.type,
            status=row.status,
            po_number=row.po_number,
            created_at=row.created_at,
            completed_at=row.completed_at,
            total=money_number(row.total_minor, row.currency),
            currency_code=row.currency,
            line_items=lines,
        )


class GiftOrderPage(GiftShape):
    example = examples.PAGE

    items: list[GiftOrderShape]
    total_count: int
    page_index: int
    page_size: int


class GiftLeftShape(GiftShape):
    """What is left on a card."""

    example = examples.LEFT

    balance: float
    currency_code: str

    @classmethod
    def of(cls, left: gift_cards.Left) -> "GiftLeftShape":
        return cls(balance=money_number(left.balance_minor, left.currency), currency_code=left.currency)


def _spelled(body: msgspec.Struct) -> dict[str, str]:
    """A struct of texts by the names that its caller uses."""
    named = zip(body.__struct_fields__, body.__struct_encode_fields__, strict=True)
    return {spelled: getattr(body, name) for name, spelled in named}
