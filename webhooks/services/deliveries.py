"""What people ask of deliveries: an example, one more try, everything since a time."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, Q

from loyalty.kernel import clock, ids, jobs
from loyalty.kernel.errors import Invalid, NotFound
from loyalty.models import Business, Event
from loyalty.services import bodies
from webhooks.models import Delivery, Endpoint
from webhooks.services import endpoints, signing, topics

Status = Delivery.Status

MAKE_MISSING = """
    INSERT INTO webhooks_delivery (id, business_id, endpoint_id, event_id, topic, sequence, status, next_attempt_at,
        claims, attempts_made, created_at)
    SELECT laurel_uuid7(%(now)s), e.business_id, %(endpoint)s, e.id, e.topic,
        %(last)s + row_number() OVER (ORDER BY e.position), 'pending', %(now)s, 0, 0, %(now)s
    FROM loyalty_event e
    WHERE e.business_id = %(business)s AND e.position IS NOT NULL AND e.created_at >= %(since)s
        AND e.topic = ANY(%(topics)s)
        AND NOT EXISTS (SELECT FROM webhooks_delivery d WHERE d.endpoint_id = %(endpoint)s AND d.event_id = e.id)
"""


@transaction.atomic
def send_example(*, business: Business, endpoint_id: UUID, topic: str | None = None) -> Delivery:
    """Send an endpoint the example of a topic, or of the first one that it hears of.

    :raises NotFound: if the business has no such endpoint
    :raises endpoints.EndpointDisabled: if it is disabled
    :raises Invalid: if there is no such topic, or the endpoint is not subscribed to it
    """
    endpoint = endpoints.locked(business=business, endpoint_id=endpoint_id, active=True)
    heard = tuple(topics.meant_by(signing.heard_by(endpoint)))
    topic = topic or next(iter(heard), "")
    if topic not in heard:
        raise Invalid("The endpoint is not subscribed to this topic.", field="topic")
    delivery_id, now = ids.new_id(), clock.wall()
    body = bodies.envelope(
        id=bodies.public_id(delivery_id),
        topic=topic,
        created=clock.now(business),
        business_id=business.pk,
        sequence=None,
        data=topics.EXAMPLES[topic],
    )
    _let_go(endpoint, numbered=1)
    return Delivery.objects.create(
        id=delivery_id,
        business=business,
        endpoint=endpoint,
        example=body,
        topic=topic,
        sequence=endpoint.last_sequence,
        next_attempt_at=now,
        created_at=now,
    )


@transaction.atomic
def retry(*, business: Business, delivery_id: UUID) -> Delivery:
    """Try a delivery at once, whatever became of it before; where that fails, by the whole schedule again.

    :raises NotFound: if the business has no such delivery
    :raises endpoints.EndpointDisabled: if its endpoint is disabled
    """
    rows = Delivery.objects.for_business(business)
    endpoint_id = rows.filter(pk=delivery_id).values_list("endpoint_id", flat=True).first()
    if endpoint_id is None:
        raise NotFound("delivery")
    endpoint = endpoints.locked(business=business, endpoint_id=endpoint_id, active=True)
    rows.filter(pk=delivery_id).update(**_anew(clock.wall()))
    _let_go(endpoint)
    return rows.get(pk=delivery_id)


@transaction.atomic
def replay(*, business: Business, endpoint_id: UUID, since: datetime) -> int:
    """Send an endpoint, once more or for the first time, all that it is subscribed to since a time. An endpoint for
    replies is sent once more those that were made since.

    :raises NotFound: if the business has no such endpoint
    :raises endpoints.EndpointDisabled: if it is disabled
    """
    endpoint = endpoints.locked(business=business, endpoint_id=endpoint_id, active=True)
    now, meant = clock.wall(), list(topics.meant_by(signing.heard_by(endpoint)))
    happened = Event.objects.for_business(business).filter(created_at__gte=since, topic__in=meant)
    endpoints.lock_in_flight(endpoint)
    meant_again = Q(created_at__gte=since) if endpoint.is_reply else Q(event__in=happened)
    sent_before = Delivery.objects.for_business(business).filter(meant_again, endpoint=endpoint)
    again = sent_before.update(**_anew(now))
    with connection.cursor() as cursor:
        cursor.execute(
            MAKE_MISSING,
            {
                "now": now,
                "endpoint": endpoint.pk,
                "business": business.pk,
                "last": endpoint.last_sequence,
                "since": since,
                "topics": meant,
            },
        )
        missing: int = cursor.rowcount
    _let_go(endpoint, numbered=missing)
    return again + missing


def _anew(at: datetime) -> dict[str, Any]:
    return {"status": Status.PENDING, "next_attempt_at": at, "attempts_before": F("attempts_made")}


def _let_go(endpoint: Endpoint, *, numbered: int = 0) -> None:
    """Lift a locked endpoint's hold, after `numbered` more deliveries were made, and wake the deliverer."""
    endpoint.last_sequence += numbered
    endpoint.held_until = None
    endpoint.save(update_fields=["last_sequence", "held_until"])
    jobs.wake("webhooks.deliver")
