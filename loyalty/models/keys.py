"""Credentials: a business's API keys, and the deployment's keys that sign end users' tokens."""

from datetime import datetime
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from loyalty.kernel import clock
from loyalty.models.base import TenantModel, TenantQuerySet


class ApiKeyQuerySet(TenantQuerySet["ApiKey"]):
    def usable(self, *, at: datetime) -> "ApiKeyQuerySet":
        kept = self.filter(revoked_at=None).filter(models.Q(expires_at=None) | models.Q(expires_at__gt=at))
        return kept.filter(models.Q(retires_at=None) | models.Q(retires_at__gt=at))


ApiKeyManager = models.Manager.from_queryset(ApiKeyQuerySet)


class ApiKey(TenantModel):
    """A key of which only the SHA-256 digest and a prefix are kept; several live at once for rotation."""

    class Kind(models.TextChoices):
        SECRET = "secret", "Secret key (sk_)"
        INTEGRATION = "integration", "Integration key (ik_)"

    class Scope(models.TextChoices):
        READ = "read"
        WRITE = "write"

    kind = models.CharField(max_length=20, choices=Kind)
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=16, editable=False)
    digest = models.BinaryField(max_length=32, unique=True, editable=False)
    scopes = ArrayField(models.CharField(max_length=10, choices=Scope), default=list)
    expires_at = models.DateTimeField(null=True, blank=True)
    retires_at = models.DateTimeField(null=True, editable=False)  # it has a successor, and works beside it until then
    revoked_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(default=clock.wall, editable=False)

    objects: ClassVar[ApiKeyManager["ApiKey"]] = ApiKeyManager()

    class Meta:
        verbose_name = "API key"
        indexes = [models.Index(fields=["business", "created_at"], name="api_keys_of_business")]

    def __str__(self) -> str:
        return f"{self.prefix}… ({self.name})"

    @property
    def ends_at(self) -> datetime | None:
        """When it stops working by itself; null: never."""
        return min((at for at in (self.expires_at, self.retires_at) if at), default=None)

    def is_usable(self, *, at: datetime) -> bool:
        return self.revoked_at is None and (self.ends_at is None or self.ends_at > at)


class SigningKey(models.Model):
    """One of the deployment's ES256 keys. The newest one that is not retired signs; all of them verify."""

    kid = models.CharField(primary_key=True, max_length=43)
    private_sealed = models.BinaryField(editable=False)
    public_jwk = models.JSONField(editable=False)
    created_at = models.DateTimeField(default=clock.wall, editable=False)
    retired_at = models.DateTimeField(null=True, editable=False)

    def __str__(self) -> str:
        return self.kid
