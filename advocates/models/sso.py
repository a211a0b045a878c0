"""What a merchant's backend signs its customers in with, and by which ids it may call them."""

from typing import ClassVar

from django.db import models

from advocates.models.advocates import Advocate
from loyalty.kernel import clock
from loyalty.models.accounts import external_id_is_sane
from loyalty.models.base import TenantModel, TenantQuerySet


class SsoSecretQuerySet(TenantQuerySet["SsoSecret"]):
    def live(self) -> "SsoSecretQuerySet":
        return self.filter(retired_at=None)


SsoSecretManager = models.Manager.from_queryset(SsoSecretQuerySet)


class SsoSecret(TenantModel):
    """The secret of a business's signatures, sealed. Two may be live while the backend changes over."""

    secret_sealed = models.BinaryField(editable=False)
    created_at = models.DateTimeField(default=clock.wall, editable=False)
    retired_at = models.DateTimeField(null=True, editable=False)

    objects: ClassVar[SsoSecretManager["SsoSecret"]] = SsoSecretManager()

    class Meta:
        verbose_name = "SSO secret"
        indexes = [models.Index(fields=["business", "created_at"], name="sso_secrets_of_business")]

    def __str__(self) -> str:
        return f"since {self.created_at:%Y-%m-%d}"


class SsoSignature(TenantModel):
    """A signature that has signed someone in: it does so once."""

    digest = models.BinaryField(max_length=32, editable=False)
    used_at = models.DateTimeField(default=clock.wall, editable=False)

    class Meta:
        verbose_name = "used SSO signature"
        constraints = [models.UniqueConstraint(fields=["business", "digest"], name="a_signature_is_used_once")]
        indexes = [models.Index(fields=["used_at"], name="sso_signatures_by_age")]

    def __str__(self) -> str:
        return str(self.pk)


class SsoMapping(TenantModel):
    """One more id by which the merchant knows a person. In a business an id means one person, here or on a profile."""

    # No plain constraint: the migration's composite foreign key covers the business too.
    advocate = models.ForeignKey(
        Advocate, on_delete=models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    external_customer_id = models.CharField(max_length=128, validators=[external_id_is_sane])
    external_email = models.CharField(max_length=254, blank=True)
    external_name = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=clock.wall, editable=False)

    class Meta:
        verbose_name = "SSO mapping"
        constraints = [
            models.UniqueConstraint(fields=["business", "external_customer_id"], name="one_mapping_per_external_id"),
        ]
        indexes = [
            models.Index(fields=["business", "-created_at", "-id"], name="sso_mappings_newest_first"),
            models.Index(fields=["business", "advocate"], name="sso_mappings_of_advocate"),
        ]

    def __str__(self) -> str:
        return self.external_customer_id
