"""The topics in the API's description: OpenAPI's `webhooks`, each with the schema of its body and an example."""

from typing import Any

import msgspec

from loyalty.api.examples import BUSINESS_ID, NOW
from loyalty.api.schema import REFS
from webhooks.api.examples import DELIVERY
from webhooks.services.payloads import PAYLOADS, CustomerData, CustomerErasedData
from webhooks.services.topics import EXAMPLES

HEADERS = {
    "webhook-id": "The event's id, the same at every try and every endpoint.",
    "webhook-timestamp": "When this try was made, in epoch seconds.",
    "webhook-signature": "v1, and the base64 of HMAC-SHA256 over id.timestamp.body; several while a secret rotates.",
    "X-Webhook-Topic": "The topic.",
    "X-Webhook-Id": "The delivery's id.",
    "X-Webhook-Attempt": "Which try this is, from 1.",
    "X-Webhook-Sequence": "Counts what this endpoint is sent, without gaps.",
}


def add_topics(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """A hook of drf-spectacular, which ends a schema with it."""
    types, components = msgspec.json.schema_components(PAYLOADS.values(), ref_template=REFS)
    schemas = result["components"]["schemas"]
    if twice := schemas.keys() & components.keys():
        raise ValueError(f"Two different shapes are called {', '.join(twice)}. Rename one.")
    schemas.update(sorted(components.items()))
    result["webhooks"] = {
        topic: {"post": _operation(topic, data)} for topic, data in zip(PAYLOADS, types, strict=True)
    }
    return result


def _operation(topic: str, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "operationId": f"webhook_{topic.replace('/', '_')}",
        "summary": f"{topic} happened",
        "tags": ["webhooks"],
        "parameters": [
            {"name": name, "in": "header", "required": True, "description": text, "schema": {"type": "string"}}
            for name, text in HEADERS.items()
        ],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _envelope(topic, data), "example": _example(topic)}},
        },
        "responses": {
            "2XX": {"description": "Delivered."},
            "410": {"description": "Send nothing more: the endpoint is disabled."},
            "default": {"description": "Tried again later, not before Retry-After."},
        },
    }


def _envelope(topic: str, data: dict[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "id": {"type": "string", "pattern": "^evt_[0-9a-f]{32}$"},
        "type": {"const": topic},
        "created": {"type": "string", "format": "date-time"},
        "businessId": {"type": "string", "format": "uuid"},
        "sequence": {
            "type": ["integer", "null"],
            "description": "Counts all topics of one advocate without gaps; null for events of no advocate.",
        },
        "data": data,
    }
    return {"type": "object", "properties": fields, "required": list(fields)}


def _example(topic: str) -> dict[str, Any]:
    is_of_somebody = issubclass(PAYLOADS[topic], CustomerData | CustomerErasedData)
    return {
        "id": DELIVERY["eventId"],
        "type": topic,
        "created": NOW,
        "businessId": BUSINESS_ID,
        "sequence": 12 if is_of_somebody else None,
        "data": EXAMPLES[topic],
    }
