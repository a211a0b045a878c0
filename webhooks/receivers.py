"""What the floor asks this app: to be woken, to describe its events, to forget people, and to prove its numbers."""

from loyalty import events
from loyalty.services import personal_data, sealing, verification
from webhooks import selectors
from webhooks.events import DISABLED
from webhooks.services import replies, signing
from webhooks.services.holdings import HOLDER

events.register_wake_up("webhooks.relay")
events.register_describer(selectors.describe_disabled, DISABLED)
personal_data.register_holder(HOLDER)
sealing.register(*signing.SEALED, replies.SEALED)

verification.register_check(
    "an endpoint's deliveries are numbered without gaps",
    """
    SELECT e.business_id, e.id FROM webhooks_endpoint e
    LEFT JOIN (SELECT endpoint_id, count(*) AS made, max(sequence) AS latest
               FROM webhooks_delivery GROUP BY 1) d ON d.endpoint_id = e.id
    WHERE (e.last_sequence <> coalesce(d.made, 0) OR e.last_sequence <> coalesce(d.latest, 0))
        AND (%(business)s::uuid IS NULL OR e.business_id = %(business)s::uuid)
    """,
)
verification.register_check(
    "a delivery stays within its business",
    """
    SELECT d.business_id, d.id FROM webhooks_delivery d
    JOIN webhooks_endpoint e ON e.id = d.endpoint_id LEFT JOIN loyalty_event v ON v.id = d.event_id
    WHERE (d.business_id <> e.business_id OR d.business_id <> v.business_id)
        AND (%(business)s::uuid IS NULL OR d.business_id = %(business)s::uuid)
    """,
)
