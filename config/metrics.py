"""What an operator's monitoring reads: how much waits, for how long, and what has failed, in Prometheus's text format.

Everything is counted when it is asked for, from the tables and Redis, so that every process answers the same. What
waits is counted up to ten thousand: how many more there are is no news, and counting them would add to the load.
"""

import hmac
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import redis
from django.conf import settings
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from loyalty.kernel import clock, heartbeat
from loyalty.models import Event, RedeliveredTask
from loyalty.services import publication, setbacks
from webhooks.models import Attempt, Delivery, Endpoint
from webhooks.selectors import COUNTED, overdue

LATELY = timedelta(minutes=5)


class Collector:
    """Asks anew at each reading."""

    def collect(self) -> Iterator[Metric]:
        yield from _events()
        yield from _deliveries()
        yield from _endpoints()
        yield from _workers()


def show(request: HttpRequest) -> HttpResponse:
    """For whoever has METRICS_TOKEN as their bearer token; while it is empty, nobody is told that there is a page."""
    if not settings.METRICS_TOKEN:
        return HttpResponse(status=404)
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not hmac.compare_digest(given.encode(), settings.METRICS_TOKEN.encode()):
        return HttpResponse(status=401, headers={"WWW-Authenticate": "Bearer"})
    registry = CollectorRegistry()
    registry.register(Collector())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _events() -> Iterator[Metric]:
    waiting = _up_to(Event.objects.filter(setbacks.NOT_SET_ASIDE, position=None))
    yield GaugeMetricFamily("laurel_events_unpublished", "Events that wait to be published.", waiting)
    age = _age(publication.oldest_waiting())
    yield GaugeMetricFamily("laurel_events_unpublished_age_seconds", "How long the oldest of them has waited.", age)
    aside = setbacks.set_aside()
    yield GaugeMetricFamily("laurel_events_set_aside", "Events that could not be published.", aside)


def _deliveries() -> Iterator[Metric]:
    pending = _up_to(Delivery.objects.filter(status=Delivery.Status.PENDING))
    yield GaugeMetricFamily("laurel_deliveries_pending", "Webhooks still to be delivered, retries included.", pending)
    late = overdue()
    yield GaugeMetricFamily("laurel_deliveries_overdue", "Those that are ten minutes late, or more.", late.count)
    age = _age(late.since)
    yield GaugeMetricFamily("laurel_deliveries_overdue_age_seconds", "How late the one is that waits longest.", age)
    arrived = Q(status__range=(200, 299))
    made = Attempt.objects.filter(at__gt=clock.wall() - LATELY).aggregate(
        delivered=Count("pk", filter=arrived), failed=Count("pk") - Count("pk", filter=arrived)
    )
    yield _by("laurel_attempts_lately", "Deliveries tried within five minutes, by how they ended.", "result", made)


def _endpoints() -> Iterator[Metric]:
    active = Q(status=Endpoint.Status.ACTIVE)
    found = Endpoint.objects.aggregate(
        active=Count("pk", filter=active & Q(failing_since=None)),
        failing=Count("pk", filter=active & Q(failing_since__isnull=False)),
        disabled=Count("pk", filter=Q(status=Endpoint.Status.DISABLED)),
    )
    yield _by("laurel_endpoints", "Endpoints, by how they do.", "state", found)


def _workers() -> Iterator[Metric]:
    aside = RedeliveredTask.objects.filter(quarantined_at__isnull=False).count()
    yield GaugeMetricFamily("laurel_tasks_set_aside", "Tasks that three workers died of.", aside)
    try:
        silent = heartbeat.silent(settings.QUEUES)
    except redis.RedisError:
        silent = list(settings.QUEUES)
    heard = {queue: int(queue not in silent) for queue in settings.QUEUES}
    yield _by("laurel_worker_heard", "Whether a worker of the queue was heard within half a minute.", "queue", heard)


def _by(name: str, text: str, label: str, values: dict[str, int]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for which, value in values.items():
        family.add_metric([which], value)
    return family


def _up_to(rows: QuerySet[Any]) -> int:
    return rows.values("pk")[:COUNTED].count()


def _age(since: datetime | None) -> float:
    return max((clock.wall() - since).total_seconds(), 0.0) if since else 0.0
