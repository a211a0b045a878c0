"""What a shop sells: each product is a row, or several below each other, a row for each of its variants.

A product that is known becomes what its row says. What it was before is kept, for whoever undoes the import.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from django.db import transaction
from msgspec import Meta

from advocates.models import Product
from advocates.services import products
from advocates.services.kinds.imports.base import OURS, Job, Kind, Outcome, Row, named_by, read_each, refusing
from advocates.services.products import Told
from loyalty.kernel import tries
from loyalty.kernel.errors import Invalid
from loyalty.kernel.money import currency_code, money, money_text
from loyalty.kernel.shapes import ExternalId, to_struct
from loyalty.models import Business

MOST_VARIANTS = 500
Text200 = Annotated[str, Meta(max_length=200)]
identity, continues = named_by("id", "handle")


class Head(msgspec.Struct, kw_only=True, rename="camel"):
    """What a product's first row says of it."""

    id: ExternalId | None = None
    handle: Text200 = ""
    title: Text200
    image_url: Annotated[str, Meta(max_length=500)] = ""
    status: str = Product.Status.ACTIVE
    price: Decimal | None = None
    currency: str | None = None
    collections: str | None = None


class Variant(msgspec.Struct, kw_only=True, rename="camel"):
    """What a row says of a variant."""

    variant_id: ExternalId | None = None
    variant_title: Text200 = ""
    variant_sku: Annotated[str, Meta(max_length=128)] = ""
    variant_price: Decimal | None = None


OF_PRODUCTS = tuple(field.encode_name for field in msgspec.structs.fields(Head))
OF_VARIANTS = tuple(field.encode_name for field in msgspec.structs.fields(Variant))
COLUMNS = (*OF_PRODUCTS, *OF_VARIANTS)
LAYOUTS: Mapping[str, Mapping[str, Sequence[str]]] = {
    OURS: {column: (column.lower(),) for column in COLUMNS},
    "shopify": {
        "handle": ("handle", "url handle"),
        "title": ("title",),
        "imageUrl": ("image src", "product image url"),
        "status": ("status",),
        "variantTitle": ("option1 value",),
        "variantSku": ("variant sku", "sku"),
        "variantPrice": ("variant price", "price"),
    },
    "woocommerce": {"id": ("id",), "title": ("name",), "price": ("regular price",)},
}


def bring(job: Job, rows: Sequence[Row]) -> Outcome:
    """Write products, new or known."""
    outcome = Outcome()
    read = read_each(rows, lambda row: _told(job.business, row), outcome)
    told = [each for _, each in read]
    before, made = tries.again(lambda: _put(job.business, told), on=products.ToldMeanwhile)
    outcome.known = len(before)
    outcome.new = len(told) - outcome.known
    outcome.made["before"] = {pk: asdict(before[pk]) if pk in before else None for pk in made}
    outcome.made["at"] = max((product.updated_at.isoformat() for product, _ in made.values()), default=None)
    return outcome


@transaction.atomic
def _put(business: Business, told: Sequence[Told]) -> tuple[dict[str, Told], dict[str, tuple[Product, bool]]]:
    """What products were, and what they are."""
    before = products.told_before(business=business, external_ids=[each.external_id for each in told])
    return before, products.put_over(business=business, told=told, known=before)


def undo(business: Business, made: Mapping[str, Any]) -> int:
    """Answers of how many products something was told since: they stay."""
    if not made.get("before"):
        return 0
    before = {pk: told and Told(**told) for pk, told in made["before"].items()}
    return products.put_back(business=business, before=before, told_at=datetime.fromisoformat(made["at"]))


def _told(business: Business, row: Row) -> Told:
    head = to_struct(row.cells, Head, strict=False)
    currency = currency_code(head.currency or business.currency)
    if head.status.lower() not in Product.Status.values:
        raise Invalid(f"status is one of {', '.join(Product.Status.values)}.", field="status")
    return Told(
        external_id=to_struct(head.id or head.handle, ExternalId),
        title=head.title,
        handle=head.handle,
        image_url=head.image_url,
        status=head.status.lower(),
        price_minor=None if head.price is None else money(head.price, currency, field="price"),
        currency=currency,
        variants=_variants(row, currency),
        collection_ids=None if head.collections is None else _named(head.collections),
    )


def _named(text: str) -> list[str]:
    """`beans|gifts`: the ids of collections.

    :raises Invalid: if one of them can be no id
    """
    return [to_struct(name.strip(), ExternalId) for name in text.split("|") if name.strip()]


def _variants(head: Row, currency: str) -> list[dict[str, Any]]:
    variants: list[dict[str, Any]] = []
    for row in (head, *head.more):
        if any(column in row.cells for column in OF_VARIANTS):
            with refusing(row):
                variants.append(_variant(row, currency, len(variants) + 1))
                if len(variants) > MOST_VARIANTS:
                    raise Invalid(f"A product has at most {MOST_VARIANTS} variants.", field="variantId")
    return variants


def _variant(row: Row, currency: str, number: int) -> dict[str, Any]:
    """A variant as products keep it, called by its place if it has neither an id nor an SKU."""
    told = to_struct(row.cells, Variant, strict=False)
    price = told.variant_price
    return {
        "id": told.variant_id or told.variant_sku or str(number),
        "title": told.variant_title,
        "sku": told.variant_sku,
        "price": None if price is None else money_text(money(price, currency, field="variantPrice"), currency),
    }


KIND = Kind(
    title="Products",
    known="become what the file says",
    undoing="New products go, and the others become what they were. Those that the shop has told of since stay.",
    columns=COLUMNS,
    required=[("id", "handle"), ("title",)],
    layouts=LAYOUTS,
    identity=identity,
    bring=bring,
    undo=undo,
    continues=continues,
)
