"""What a shop sells, and in which collections it is. Told by product or by collection, in any order."""

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from advocates.models import Collection, CollectionProduct, Product
from loyalty.kernel import clock
from loyalty.kernel.errors import NotFound
from loyalty.models import Business

TOLD = ("title", "handle", "image_url", "status", "price_minor", "currency", "variants")


class ToldMeanwhile(Exception):
    """Somebody else has just told of one of these products: look again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A product as the shop tells of it. No `collection_ids`: it stays where it is."""

    external_id: str
    title: str
    handle: str = ""
    image_url: str = ""
    status: str = Product.Status.ACTIVE
    price_minor: int | None = None
    currency: str = ""
    variants: Sequence[dict[str, Any]] = field(default_factory=list)
    collection_ids: Sequence[str] | None = None


@transaction.atomic
def put_all(*, business: Business, told: Sequence[Told]) -> dict[str, tuple[Product, bool]]:
    """Write products, new or known; answers each by its id, and whether it is new. Told twice, the last counts."""
    latest = {one.external_id: one for one in told}
    now = clock.now(business)
    written = [
        Product(
            business=business,
            external_id=one.external_id,
            created_at=now,
            updated_at=now,
            **{name: getattr(one, name) for name in TOLD},
        )
        for one in sorted(latest.values(), key=lambda one: one.external_id)
    ]
    Product.objects.bulk_create(
        written,
        update_conflicts=True,
        unique_fields=["business", "external_id"],
        update_fields=[*TOLD, "updated_at"],
    )
    _group(business, latest.values())
    made = {product.pk for product in written}  # one that was there has the id that it had
    rows = Product.objects.for_business(business).filter(external_id__in=latest)
    return {row.external_id: (row, row.pk in made) for row in rows}


def put_over(*, business: Business, told: Sequence[Told], known: Container[str]) -> dict[str, tuple[Product, bool]]:
    """As `put_all`, by who has locked those that are known, to remember what they were.

    :raises ToldMeanwhile: if another one is there by now
    """
    made = put_all(business=business, told=told)
    if any(not is_new and external_id not in known for external_id, (_, is_new) in made.items()):
        raise ToldMeanwhile
    return made


def told_before(*, business: Business, external_ids: Iterable[str]) -> dict[str, Told]:
    """What is known of products now, by their ids; it stays so until the transaction ends."""
    known = Product.objects.for_business(business).filter(external_id__in=list(external_ids))
    rows = list(known.order_by("external_id").select_for_update())
    collections: dict[str, list[str]] = defaultdict(list)
    members = CollectionProduct.objects.for_business(business).filter(product_external_id__in=list(external_ids))
    for product, collection in members.order_by("pk").values_list("product_external_id", "collection_external_id"):
        collections[product].append(collection)
    return {
        row.external_id: Told(
            external_id=row.external_id,
            collection_ids=collections[row.external_id],
            **{name: getattr(row, name) for name in TOLD},
        )
        for row in rows
    }


@transaction.atomic
def put_back(*, business: Business, before: Mapping[str, Told | None], told_at: datetime) -> int:
    """Make products what they were; those that were not there are forgotten. Answers how many stay.

    :param told_at: when they became what they are; those of which something was told since stay
    """
    rows = Product.objects.for_business(business).filter(external_id__in=before, updated_at=told_at)
    same = list(rows.order_by("external_id").select_for_update().values_list("external_id", flat=True))
    new = [external_id for external_id in same if before[external_id] is None]
    rows.filter(external_id__in=new).delete()
    CollectionProduct.objects.for_business(business).filter(product_external_id__in=new).delete()
    put_all(business=business, told=[told for external_id in same if (told := before[external_id])])
    return len(before) - len(same)


@transaction.atomic
def put_collection(
    *, business: Business, external_id: str, title: str, product_ids: Sequence[str] | None
) -> tuple[Collection, bool]:
    """Write a collection, new or known, and which products are in it, if that is told. Answers whether it is new."""
    now = clock.now(business)
    collection, is_new = Collection.objects.for_business(business).update_or_create(
        business=business,
        external_id=external_id,
        defaults={"title": title, "updated_at": now},
        create_defaults={"title": title, "created_at": now, "updated_at": now},
    )
    if product_ids is not None:
        members = CollectionProduct.objects.for_business(business).filter(collection_external_id=external_id)
        members.exclude(product_external_id__in=product_ids).delete()
        _add(business, [(external_id, product_id) for product_id in product_ids])
    return collection, is_new


@transaction.atomic
def remove(*, business: Business, external_id: str) -> None:
    """Forget a product; what was paid for it stays.

    :raises NotFound: if the business has no such product
    """
    if not Product.objects.for_business(business).filter(external_id=external_id).delete()[0]:
        raise NotFound("product")
    CollectionProduct.objects.for_business(business).filter(product_external_id=external_id).delete()


@transaction.atomic
def remove_collection(*, business: Business, external_id: str) -> None:
    """Forget a collection; its products stay.

    :raises NotFound: if the business has no such collection
    """
    if not Collection.objects.for_business(business).filter(external_id=external_id).delete()[0]:
        raise NotFound("collection")
    CollectionProduct.objects.for_business(business).filter(collection_external_id=external_id).delete()


def _group(business: Business, told: Iterable[Told]) -> None:
    grouped = {one.external_id: one.collection_ids for one in told if one.collection_ids is not None}
    if not grouped:
        return
    CollectionProduct.objects.for_business(business).filter(product_external_id__in=grouped).delete()
    _add(business, [(collection, product) for product, collections in grouped.items() for collection in collections])


def _add(business: Business, pairs: Iterable[tuple[str, str]]) -> None:
    CollectionProduct.objects.bulk_create(
        (
            CollectionProduct(business=business, collection_external_id=collection, product_external_id=product)
            for collection, product in sorted(set(pairs))
        ),
        ignore_conflicts=True,
    )
