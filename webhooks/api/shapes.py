"""What is sent to and answered by the webhook endpoints of the API."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from loyalty.api import types
from loyalty.api.paging import PageQuery
from loyalty.api.parsing import Body
from loyalty.api.views import Shape
from loyalty.services import bodies
from webhooks import models
from webhooks.api import examples
from webhooks.services.topics import TOPICS

Url = Annotated[str, msgspec.Meta(min_length=1, max_length=2048)]
Topic = Annotated[str, msgspec.Meta(max_length=60, description="A topic, a family such as points/*, or *.")]
Topics = Annotated[list[Topic], msgspec.Meta(min_length=1, max_length=len(TOPICS))]
Profile = Literal["standard", "hmac-sha256-hex", "callback-sha512"]
Description = Annotated[str, msgspec.Meta(max_length=200)]
EndpointStatus = Literal["active", "disabled"]
DeliveryStatus = Literal["pending", "delivered", "failed", "disabled"]


class NewWebhook(Body):
    url: Url
    topics: Topics
    signature_profile: Profile = "standard"
    description: Description = ""


class WebhookChanges(Body):
    url: Url | None = None
    topics: Topics | None = None
    signature_profile: Profile | None = None
    description: Description | None = None
    status: EndpointStatus | None = None


class SendExample(Body):
    topic: Topic | None = None


class ReplaySince(Body):
    since: types.Timestamp = msgspec.field(name="from")


class ListDeliveries(PageQuery):
    status: DeliveryStatus | None = None


class Webhook(Shape):
    example = examples.WEBHOOK

    id: UUID
    url: str
    topics: list[str]
    signature_profile: str
    description: str
    status: str
    disabled_reason: str | None
    created_at: datetime
    updated_at: datetime


class WebhookWithSecret(Webhook):
    example = examples.WITH_SECRET

    secret: str | msgspec.UnsetType = msgspec.UNSET  # a repeat answers without it


class OneWebhook(Shape):
    webhook: Webhook


class OneNewWebhook(Shape):
    webhook: WebhookWithSecret


class WebhookPage(Shape):
    webhooks: list[Webhook]
    next_cursor: str | None


class Attempt(Shape):
    example = examples.ATTEMPT

    number: int
    at: datetime
    status: int | None
    duration_ms: int
    error: str | None
    response: str | None


class Delivery(Shape):
    example = examples.DELIVERY

    id: UUID
    event_id: str
    topic: str
    sequence: int
    status: str
    next_attempt_at: datetime | None
    attempts: list[Attempt]
    created_at: datetime


class OneDelivery(Shape):
    delivery: Delivery


class DeliveryPage(Shape):
    deliveries: list[Delivery]
    next_cursor: str | None


class Replayed(Shape):
    example = {"count": 128}

    count: int


def webhook(endpoint: models.Endpoint) -> Webhook:
    return Webhook(**_fields(endpoint))


def with_secret(endpoint: models.Endpoint, secret: str) -> WebhookWithSecret:
    return WebhookWithSecret(**_fields(endpoint), secret=secret)


def delivery(row: models.Delivery) -> Delivery:
    """It needs the attempts at hand, in their order."""
    return Delivery(
        id=row.pk,
        event_id=bodies.public_id(row.message_id),
        topic=row.topic,
        sequence=row.sequence,
        status=row.status,
        next_attempt_at=row.next_attempt_at,
        attempts=[_attempt(attempt) for attempt in row.attempts.all()],
        created_at=row.created_at,
    )


def _fields(endpoint: models.Endpoint) -> dict[str, Any]:
    return {
        "id": endpoint.pk,
        "url": endpoint.url,
        "topics": endpoint.topics,
        "signature_profile": endpoint.signature_profile,
        "description": endpoint.description,
        "status": endpoint.status,
        "disabled_reason": endpoint.disabled_reason or None,
        "created_at": endpoint.created_at,
        "updated_at": endpoint.updated_at,
    }


def _attempt(row: models.Attempt) -> Attempt:
    return Attempt(
        number=row.number,
        at=row.at,
        status=row.status,
        duration_ms=row.duration_ms,
        error=row.error or None,
        response=row.answer or None,
    )
