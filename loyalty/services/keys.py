"""API keys: made, found again by digest, rotated with an overlap, revoked."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from loyalty.kernel import clock, crypto
from loyalty.kernel.errors import Conflict
from loyalty.models import ApiKey, Business

Kind = ApiKey.Kind
Scope = ApiKey.Scope
PREFIXES = {Kind.SECRET: "sk", Kind.INTEGRATION: "ik"}
OVERLAP = timedelta(hours=24)


class KeyNotUsable(Conflict):
    def __init__(self) -> None:
        super().__init__("This key is revoked or expired. Create a new one.")


def create_key(
    *,
    business: Business,
    kind: Kind,
    name: str,
    scopes: Sequence[Scope] = (Scope.READ, Scope.WRITE),
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """Make a key. Its text is answered here and never again; a sandbox's keys say `test`."""
    mode = "test" if business.is_sandbox else "live"
    text = crypto.new_secret(f"{PREFIXES[kind]}_{mode}_")
    key = ApiKey.objects.create(
        business=business,
        kind=kind,
        name=name,
        prefix=text[:13],
        digest=crypto.digest(text),
        scopes=list(scopes),
        expires_at=expires_at,
        created_at=clock.wall(),
    )
    return key, text


@transaction.atomic
def rotate(*, key: ApiKey, overlap: timedelta = OVERLAP) -> tuple[ApiKey, str]:
    """Make a successor with the same rights and expiry, and let the old key die after the overlap.

    :raises KeyNotUsable: if the key is dead already
    """
    now = clock.wall()
    locked = ApiKey.objects.for_business(key.business).select_for_update().get(pk=key.pk)
    if not locked.is_usable(at=now):
        raise KeyNotUsable
    locked.retires_at = min(locked.retires_at or now + overlap, now + overlap)
    locked.save(update_fields=["retires_at"])
    return create_key(
        business=locked.business,
        kind=Kind(locked.kind),
        name=locked.name,
        scopes=[Scope(s) for s in locked.scopes],
        expires_at=locked.expires_at,
    )


def revoke(*, key: ApiKey) -> None:
    """Refuse the key from now on; every process knows within 5 seconds.

    :raises KeyNotUsable: if it is revoked already
    """
    revoked = (
        ApiKey.objects.for_business(key.business).filter(pk=key.pk, revoked_at=None).update(revoked_at=clock.wall())
    )
    if not revoked:
        raise KeyNotUsable
