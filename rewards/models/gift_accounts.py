"""Who may order gift cards: accounts with an access token, and the short-lived tokens that they call with."""

from datetime import datetime
from typing import ClassVar

from django.db import models

from loyalty.kernel import clock
from loyalty.models.base import TenantModel, TenantQuerySet


class GiftAccount(TenantModel):
    """An e-mail address and an access token, of which the SHA-256 digest and a prefix are kept."""

    email = models.EmailField(max_length=254)
    prefix = models.CharField(max_length=16, editable=False)
    digest = models.BinaryField(max_length=32, unique=True, editable=False)
    disabled_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(default=clock.wall, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["business", "email"], name="one_gift_account_per_email"),
            # Named by tokens and orders through composite foreign keys, so that none crosses businesses.
            models.UniqueConstraint(fields=["id", "business"], name="gift_account_with_its_business"),
        ]

    def __str__(self) -> str:
        return self.email


class GiftTokenQuerySet(TenantQuerySet["GiftToken"]):
    def usable(self, *, at: datetime) -> "GiftTokenQuerySet":
        return self.filter(expires_at__gt=at)


GiftTokenManager = models.Manager.from_queryset(GiftTokenQuerySet)


class GiftToken(TenantModel):
    """What `POST /v1/Tokens` handed out, by its digest."""

    # No plain constraint: the migration's composite foreign key covers the business too.
    account = models.ForeignKey(
        GiftAccount, on_delete=models.PROTECT, related_name="tokens", db_index=False, db_constraint=False
    )
    digest = models.BinaryField(max_length=32, unique=True)
    expires_at = models.DateTimeField()

    objects: ClassVar[GiftTokenManager["GiftToken"]] = GiftTokenManager()

    class Meta:
        indexes = [
            models.Index(fields=["expires_at"], name="gift_tokens_by_age"),
            models.Index(fields=["account"], name="gift_tokens_of_account"),
        ]

    def __str__(self) -> str:
        return str(self.pk)
