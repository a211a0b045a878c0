"""What every tenant-owned row has: an id, its business, and one way to be read."""

from typing import TYPE_CHECKING, Self, TypeVar

from django.db import models

from loyalty.kernel import ids

if TYPE_CHECKING:
    from loyalty.models.businesses import Business

Row = TypeVar("Row", bound=models.Model, covariant=True)


class TenantQuerySet(models.QuerySet[Row]):
    def for_business(self, business: "Business") -> Self:
        """The rows of one business. Every read starts here."""
        return self.filter(business_id=business.pk)


TenantManager = models.Manager.from_queryset(TenantQuerySet)


class TenantModel(models.Model):
    """A row of one business. Subclasses put the business first in their indexes."""

    id = models.UUIDField(primary_key=True, default=ids.new_id, editable=False)
    business = models.ForeignKey(
        "loyalty.Business", on_delete=models.PROTECT, related_name="+", db_index=False, editable=False
    )

    objects = TenantManager()

    class Meta:
        abstract = True


class BusyTenantModel(TenantModel):
    """A tenant's row of a table that every posting writes to.

    The business has no foreign key of its own: each check would lock that one row for all of them. What the row hangs
    on, an account or an entry, names the business too, through the composite foreign keys in `migrations/sql/`.
    """

    business = models.ForeignKey(
        "loyalty.Business",
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,
        editable=False,
    )

    class Meta:
        abstract = True


class NotifyingModel(TenantModel):
    """A row that may owe its business a mail: see `loyalty.services.notices`."""

    notice_due_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        abstract = True
