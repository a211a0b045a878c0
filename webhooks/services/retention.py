"""How long attempts are kept."""

from datetime import datetime, timedelta

from loyalty.kernel import clock
from webhooks.models import Attempt

KEPT_FOR = timedelta(days=30)
BATCH = 5_000  # so that no lock is held for long


def purge() -> int:
    """Throw away every business's attempts older than 30 days. Answers how many."""
    before = clock.wall() - KEPT_FOR
    purged = 0
    while batch := _purge_batch(before):
        purged += batch
    return purged


def _purge_batch(before: datetime) -> int:
    oldest = Attempt.objects.filter(at__lt=before).values_list("pk", flat=True)[:BATCH]
    return int(Attempt.objects.filter(pk__in=list(oldest)).delete()[0])
