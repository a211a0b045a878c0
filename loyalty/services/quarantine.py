"""Keeping a task that kills its worker from killing one after the other: after three deliveries it is set aside."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
import structlog
from django.db import connection

from loyalty.kernel import clock
from loyalty.models import RedeliveredTask

log = structlog.get_logger(__name__)

MOST_DELIVERIES = 3
KEPT_FOR = timedelta(days=30)

# Committed before the task begins: whoever dies of it cannot tell any more.
COUNT = """
    INSERT INTO loyalty_redeliveredtask AS t (id, name, arguments, deliveries, first_at, last_at)
    VALUES (%(id)s, %(name)s, %(arguments)s, 2, %(now)s, %(now)s)
    ON CONFLICT (id) DO UPDATE SET deliveries = least(t.deliveries + 1, %(most)s), last_at = excluded.last_at,
        quarantined_at = CASE WHEN t.deliveries >= %(most)s THEN coalesce(t.quarantined_at, excluded.last_at) END
    RETURNING quarantined_at
"""


def admits(*, task_id: UUID, name: str, arguments: Mapping[str, Any]) -> bool:
    """Count a message that was delivered before. False: three workers had it and none came back, so leave it."""
    said: str = orjson.dumps(dict(arguments)).decode()
    known: dict[str, Any] = {
        "id": task_id,
        "name": name,
        "arguments": said,
        "most": MOST_DELIVERIES,
        "now": clock.wall(),
    }
    with connection.cursor() as cursor:
        cursor.execute(COUNT, known)
        (quarantined_at,) = cursor.fetchone()
    if quarantined_at is not None:
        log.error("task_quarantined", task=name, id=str(task_id))
    return quarantined_at is None


def survived(task_id: UUID) -> None:
    """Forget a redelivered message whose worker came back from it, whatever it came to."""
    RedeliveredTask.objects.filter(pk=task_id, quarantined_at=None).delete()


def purge() -> None:
    """Forget what was set aside 30 days ago."""
    RedeliveredTask.objects.filter(last_at__lt=clock.wall() - KEPT_FOR).delete()
