"""What happens to endpoints, and how it reads outside."""

from typing import Any

from loyalty.events import Happening
from webhooks.models import Endpoint

DISABLED = "endpoints/disabled"


def disabled(endpoint: Endpoint) -> Happening:
    """Names the endpoint and why; its URL may be changed or deleted, and is looked up when it is told."""
    facts = {"endpointId": str(endpoint.pk), "reason": endpoint.disabled_reason}
    return Happening(endpoint.business_id, DISABLED, None, facts)


def description(endpoint: Endpoint | None, *, endpoint_id: str, reason: str) -> dict[str, Any]:
    """The data of the published body; of an endpoint that was deleted since, only the id is known."""
    return {
        "id": endpoint_id,
        "url": endpoint.url if endpoint else None,
        "topics": endpoint.topics if endpoint else None,
        "reason": reason,
    }
