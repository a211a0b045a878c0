"""Mails that rows owe to their business. The promise is `notice_due_at`: twice may be, never is not."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction

from loyalty.kernel import clock
from loyalty.models.base import NotifyingModel

log = structlog.get_logger(__name__)

TRY_AGAIN_AFTER = timedelta(minutes=5)
BATCH = 50


def send_due(model: type[NotifyingModel], send: Callable[[Any], None]) -> int:
    """Send what is due, to live businesses alone. Answers how many were; safe to run twice.

    :raises Exception: of one that could not be sent, once the others were; it is tried again in five minutes
    """
    again = clock.wall() + TRY_AGAIN_AFTER
    failure: Exception | None = None
    due = _claim(model, again)
    for row in due:
        try:
            if not row.business.is_sandbox:
                send(row)
        except Exception as error:  # noqa: BLE001  # whatever it is, the others are sent
            log.warning("notice_not_sent", id=str(row.pk), error=type(error).__name__)
            failure = error
        else:  # unless something else is due by now
            model._default_manager.filter(pk=row.pk, notice_due_at=again).update(notice_due_at=None)
    if failure is not None:
        raise failure
    return len(due)


@transaction.atomic
def _claim(model: type[NotifyingModel], again: datetime) -> list[NotifyingModel]:
    """What is due, put off until `again`: for as long as sending may take."""
    rows = model._default_manager.filter(notice_due_at__lte=clock.wall()).select_related("business")
    due = list(rows.select_for_update(no_key=True, skip_locked=True, of=("self",)).order_by("pk")[:BATCH])
    model._default_manager.filter(pk__in=[row.pk for row in due]).update(notice_due_at=again)
    return due
