"""One-off callbacks: an event that names an address is delivered there, too, with every retry that others get.

The address gets an endpoint without topics, which the business sees among its others; rotating it shows a secret.
"""

from collections.abc import Sequence

from loyalty import events
from loyalty.kernel import clock, ids
from loyalty.models import Business, Event
from loyalty.services.publication import Published
from webhooks.models import Delivery, Endpoint
from webhooks.services import signing

DESCRIPTION = "Told of single events only"


def make(published: Sequence[Published]) -> int:
    """A delivery for each event that asked for a reply. Answers how many; what nobody can describe is left out."""
    asked = [event for event in published if event.reply_to is not None]
    return sum(_reply(event, event.reply_to) for event in asked if event.reply_to)


def _reply(published: Published, url: str) -> bool:
    business = Business.objects.get(pk=published.business_id)
    endpoint = _endpoint(business, url)
    if not endpoint.is_active:
        return False
    event = Event.objects.for_business(business).get(pk=published.event_id)
    endpoint.last_sequence += 1
    endpoint.save(update_fields=["last_sequence"])
    now = clock.wall()
    Delivery.objects.create(
        business=business,
        endpoint=endpoint,
        example=events.reply_about(business, event),
        topic=published.topic,
        sequence=endpoint.last_sequence,
        next_attempt_at=now,
        created_at=now,
    )
    return True


def _endpoint(business: Business, url: str) -> Endpoint:
    """The locked endpoint of an address: the oldest one that the business has, or a new one without topics."""
    rows = Endpoint.objects.for_business(business).select_for_update(no_key=True).filter(url=url)
    found = rows.order_by("created_at").first()
    if found is not None:
        return found
    endpoint = Endpoint(id=ids.new_id(), business=business, url=url, topics=[], description=DESCRIPTION)
    endpoint.secret_sealed = signing.seal(signing.new_secret(), endpoint_id=endpoint.pk)
    endpoint.save(force_insert=True)
    return endpoint
