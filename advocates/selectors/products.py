"""What a shop sells, with the collections that it is in."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from advocates.models import CollectionProduct
from loyalty.models import Business


def collections_of(*, business: Business, product_ids: Iterable[str]) -> Mapping[str, Sequence[str]]:
    """The ids of the collections of each product: one query."""
    rows = CollectionProduct.objects.for_business(business).filter(product_external_id__in=list(product_ids))
    found: dict[str, list[str]] = defaultdict(list)
    pairs = rows.values_list("product_external_id", "collection_external_id")
    for product_id, collection_id in pairs.order_by("collection_external_id"):
        found[product_id].append(collection_id)
    return found


def products_in(*, business: Business, collection_id: str) -> list[str]:
    rows = CollectionProduct.objects.for_business(business).filter(collection_external_id=collection_id)
    return list(rows.order_by("product_external_id").values_list("product_external_id", flat=True))
