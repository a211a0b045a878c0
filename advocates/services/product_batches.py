"""Up to a thousand products in one call, and all of them as they were before, by the batch's id."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from advocates.models import CollectionProduct, Product, ProductBefore
from advocates.selectors import products as reads
from advocates.services import products
from advocates.services.products import TOLD, Told, ToldMeanwhile
from loyalty.kernel import tries
from loyalty.kernel.errors import Conflict, DomainError
from loyalty.models import Batch, Business

Put = tuple[Product, bool]  # and whether it is new


class ChangedSince(Conflict):
    def __init__(self) -> None:
        super().__init__("This product was told anew since, or forgotten. It stays as it is.")


@dataclass(frozen=True, slots=True)
class Done:
    """A batch of products, and what became of each."""

    batch: Batch
    results: Sequence[Put | DomainError]


def put_batch(*, business: Business, told: Sequence[Told | DomainError], author: str = "") -> Done:
    """As `products.put_all`; what was an error before spoils no other. Remembers what each product was before."""
    return tries.again(lambda: _put_batch(business, told, author), on=ToldMeanwhile)


@transaction.atomic
def _put_batch(business: Business, told: Sequence[Told | DomainError], author: str) -> Done:
    sent = {one.external_id: one for one in told if isinstance(one, Told)}
    before = _described(business, sent)
    made = products.put_over(business=business, told=list(sent.values()), known=before) if sent else {}
    results = [one if isinstance(one, DomainError) else made[one.external_id] for one in told]
    batch = Batch.objects.create(
        business=business,
        kind=Batch.Kind.PRODUCTS,
        made=[None if isinstance(result, DomainError) else result[0].pk for result in results],
        author=author,
    )
    ProductBefore.objects.bulk_create(
        ProductBefore(
            business=business,
            batch=batch,
            external_id=external_id,
            before=before.get(external_id),
            written_at=product.updated_at,
        )
        for external_id, (product, _) in made.items()
    )
    return Done(batch, results)


def undo(business: Business, batch: Batch) -> list[DomainError | None]:
    """Make of each product what it was, unless it has changed since. A second time it does nothing."""
    results: list[DomainError | None] = [None] * len(batch.made)
    if batch.undone_at is not None:
        return results
    written = {row.external_id: row for row in ProductBefore.objects.for_business(business).filter(batch=batch)}
    there = _locked(business, written)
    same = [name for name, row in there.items() if row.updated_at == written[name].written_at]
    _put_back(business, {name: written[name].before for name in same})
    back = {there[name].pk for name in same}
    return [None if pk is None or pk in back else ChangedSince() for pk in batch.made]


def _put_back(business: Business, before: Mapping[str, Any]) -> None:
    new = [name for name, was in before.items() if was is None]
    Product.objects.for_business(business).filter(external_id__in=new).delete()
    CollectionProduct.objects.for_business(business).filter(product_external_id__in=new).delete()
    products.put_all(
        business=business, told=[Told(external_id=name, **was) for name, was in before.items() if was is not None]
    )


def _described(business: Business, sent: Mapping[str, Told]) -> dict[str, dict[str, Any]]:
    """What the products that are there are, as `Told` says it; with their collections, if those are told anew."""
    there = _locked(business, sent)
    moved = [name for name, one in sent.items() if one.collection_ids is not None]
    collections = reads.collections_of(business=business, product_ids=moved)
    return {
        name: {
            **{column: getattr(row, column) for column in TOLD},
            **({"collection_ids": list(collections.get(name, ()))} if name in moved else {}),
        }
        for name, row in there.items()
    }


def _locked(business: Business, names: Mapping[str, object]) -> dict[str, Product]:
    rows = Product.objects.for_business(business).filter(external_id__in=list(names)).order_by("external_id")
    return {row.external_id: row for row in rows.select_for_update()}
