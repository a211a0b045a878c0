"""What a shop sells, under the shop's own ids. Orders may name what is not here: then it is in no collection."""

from django.db import models
from django.db.models import Q

from loyalty.kernel import clock
from loyalty.models import Batch
from loyalty.models.base import TenantModel


class Product(TenantModel):
    """One product. Its variants are as the shop told them: id, title, SKU, price."""

    class Status(models.TextChoices):
        ACTIVE = "active"
        DRAFT = "draft"
        ARCHIVED = "archived"

    external_id = models.CharField(max_length=128)
    title = models.CharField(max_length=200)
    handle = models.CharField(max_length=200, blank=True)
    image_url = models.CharField(max_length=500, blank=True)
    status = models.CharField(max_length=20, choices=Status, default=Status.ACTIVE)
    price_minor = models.BigIntegerField(null=True, blank=True)  # of `currency`
    currency = models.CharField(max_length=3, blank=True)
    variants = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField(default=clock.wall, editable=False)
    updated_at = models.DateTimeField(default=clock.wall, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "external_id"], name="one_product_per_external_id"),
            models.CheckConstraint(
                condition=Q(price_minor=None) | Q(price_minor__gte=0) & ~Q(currency=""), name="a_price_has_a_currency"
            ),
        ]
        indexes = [models.Index(fields=["business", "-created_at", "-id"], name="products_newest_first")]

    def __str__(self) -> str:
        return self.title


class Collection(TenantModel):
    """A group of products, which rules may pay for or leave out."""

    external_id = models.CharField(max_length=128)
    title = models.CharField(max_length=200)
    created_at = models.DateTimeField(default=clock.wall, editable=False)
    updated_at = models.DateTimeField(default=clock.wall, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "external_id"], name="one_collection_per_external_id"),
        ]

    def __str__(self) -> str:
        return self.title


class CollectionProduct(TenantModel):
    """That a product is in a collection, by the shop's ids: either may be told of later than this."""

    collection_external_id = models.CharField(max_length=128)
    product_external_id = models.CharField(max_length=128)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["business", "product_external_id", "collection_external_id"], name="a_product_is_once_in_it"
            ),
        ]
        indexes = [
            models.Index(fields=["business", "collection_external_id"], name="products_of_collection"),
        ]

    def __str__(self) -> str:
        return f"{self.product_external_id} in {self.collection_external_id}"


class ProductBefore(TenantModel):
    """What a product was before a batch wrote it: what undoing that makes of it again. Null: it was not there."""

    # No plain constraint: the migration's composite foreign key covers the business too.
    batch = models.ForeignKey(Batch, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    external_id = models.CharField(max_length=128)
    before = models.JSONField(null=True)  # its columns, and `collection_ids` where the batch told of them
    written_at = models.DateTimeField()  # by the batch: whatever changes it later says another time

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "batch", "external_id"], name="a_product_was_something_once"),
        ]

    def __str__(self) -> str:
        return self.external_id
