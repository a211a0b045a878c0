"""Events that cannot be published: tried again now and then, and set aside when that does not help."""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.db.models import Q

from loyalty import events
from loyalty.kernel import clock
from loyalty.models import Business, Event, StuckEvent

log = structlog.get_logger(__name__)

MOST_TRIES = 5
TRY_AGAIN_AFTER = timedelta(minutes=1)
NOT_SET_ASIDE = Q(stuck=None) | Q(stuck__next_try_at__isnull=False)  # of events


def is_due(at: datetime) -> Q:
    """Of events: that nothing keeps them from being tried."""
    return Q(stuck=None) | Q(stuck__next_try_at__lte=at)


def count(event: Event, error: Exception) -> None:
    """Count a failure; the event comes again in a minute, or not any more."""
    now = clock.wall()
    stuck = getattr(event, "stuck", None) or StuckEvent(business_id=event.business_id, event=event, since=now)
    stuck.tries += 1
    stuck.error = type(error).__qualname__
    stuck.next_try_at = now + TRY_AGAIN_AFTER if stuck.tries < MOST_TRIES else None
    stuck.save()
    if stuck.next_try_at is None:
        log.error("event_set_aside", id=str(event.pk), topic=event.topic, error=stuck.error)


def forget(published: Collection[Event]) -> None:
    """These were published after all."""
    StuckEvent.objects.filter(event__in=published).delete()


def try_again(*, business: Business, event_id: UUID) -> None:
    """Let an event be tried at once, and from the beginning."""
    rows = StuckEvent.objects.for_business(business).filter(event_id=event_id)
    rows.update(tries=0, next_try_at=clock.wall())
    events.nudge()


def set_aside() -> int:
    """How many events nobody tries to publish any more."""
    return StuckEvent.objects.filter(next_try_at=None).count()
