"""How long attempts are kept, and secrets that no longer sign."""

from datetime import datetime, timedelta

from loyalty.kernel import clock
from webhooks.models import Attempt, Endpoint

KEPT_FOR = timedelta(days=30)
BATCH = 5_000  # so that no lock is held for long


def purge() -> int:
    """Throw away every business's old secrets, and attempts older than 30 days. Answers how many attempts."""
    now = clock.wall()
    Endpoint.objects.filter(old_secret_until__lt=now).update(old_secret_sealed=None, old_secret_until=None)
    purged = 0
    while batch := _purge_batch(now - KEPT_FOR):
        purged += batch
    return purged


def _purge_batch(before: datetime) -> int:
    oldest = Attempt.objects.filter(at__lt=before).values_list("pk", flat=True)[:BATCH]
    return int(Attempt.objects.filter(pk__in=list(oldest)).delete()[0])
