"""From events to deliveries: published and fanned out in one transaction, so that neither is without the other."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from uuid import UUID

from django.db import connection, transaction

from loyalty.kernel import clock, ids, jobs
from loyalty.services import publication
from loyalty.services.publication import Published
from webhooks.models import Endpoint
from webhooks.services import replies, signing, topics

PAGES = 20  # then another task goes on, so that no worker waits long for this one

INSERT = """
    INSERT INTO webhooks_delivery (id, business_id, endpoint_id, event_id, topic, sequence, status, next_attempt_at,
        claims, attempts_made, created_at, url, reply_sealed)
    SELECT d.id, d.business_id, d.endpoint_id, d.event_id, d.topic, d.sequence, 'pending', %s, 0, 0, %s, d.url, d.reply
    FROM unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::text[], %s::bigint[], %s::text[], %s::bytea[])
        AS d (id, business_id, endpoint_id, event_id, topic, sequence, url, reply)
"""


def relay() -> None:
    """Publish what happened and make a delivery for each subscribed endpoint, until nothing is left.

    Whoever finds another relay at work may leave: after its last page it looks once more, without the lock.
    """
    for _ in range(PAGES):
        published = _relay_page()
        if published is None or not (published or publication.is_waiting()):
            return
    jobs.wake("webhooks.relay")


@transaction.atomic
def _relay_page() -> Sequence[Published] | None:
    published = publication.publish()
    if published and _fan_out(published):
        jobs.wake("webhooks.deliver")
    return published


def _fan_out(published: Sequence[Published]) -> int:
    """A delivery for each event and each endpoint that hears of it or is replied to. Answers how many."""
    by_business: Mapping[UUID, list[Published]] = defaultdict(list)
    for event in published:
        by_business[event.business_id].append(event)
    replies.open_for(published)
    subscribed = _locked_endpoints(by_business)
    made = [row for endpoint in subscribed for row in _rows(endpoint, by_business[endpoint.business_id])]
    if made:
        now = clock.wall()
        with connection.cursor() as cursor:
            cursor.execute(INSERT, [now, now, *map(list, zip(*made, strict=True))])
        Endpoint.objects.bulk_update(subscribed, ["last_sequence"])
    return len(made)


def _rows(endpoint: Endpoint, happened: Sequence[Published]) -> Iterator[tuple[object, ...]]:
    """Number what the endpoint is to be sent."""
    heard = signing.heard_by(endpoint)
    for event in happened:
        url = replies.url_at(endpoint, event) if endpoint.is_reply else ""
        if url or topics.covers(heard, event.topic):
            endpoint.last_sequence += 1
            delivery_id, reply = ids.new_id(), event.content.reply if url else None
            sealed = reply and replies.seal(reply, delivery_id=delivery_id)
            yield (
                *(delivery_id, endpoint.business_id, endpoint.pk),
                *(None if sealed else event.event_id, event.topic, endpoint.last_sequence, url, sealed),
            )


def _locked_endpoints(business_ids: Collection[UUID]) -> list[Endpoint]:
    rows = Endpoint.objects.filter(business_id__in=business_ids, status=Endpoint.Status.ACTIVE)
    return list(rows.select_for_update(no_key=True).order_by("pk"))
