"""Webhooks for a merchant's backend: endpoints, what was sent to them, and sending it again."""

from typing import Any
from uuid import UUID

from loyalty.api.paging import PageQuery, page_by_cursor
from loyalty.api.views import Call, KeyView, Reply, get_or_404, operation
from loyalty.kernel.errors import Code
from webhooks import selectors
from webhooks.api import shapes
from webhooks.models import Endpoint
from webhooks.services import deliveries, endpoints

SECRET_ONCE = "The secret is in this answer only. A repeat with the same Idempotency-Key answers without it."


class Endpoints(KeyView):
    @operation("List webhook endpoints, newest first", query=PageQuery, answer=shapes.WebhookPage)
    def get(self, call: Call[None, PageQuery]) -> shapes.WebhookPage:
        page = page_by_cursor(Endpoint.objects.for_business(call.business), call.query, business=call.business)
        return shapes.WebhookPage(webhooks=[shapes.webhook(row) for row in page.items], next_cursor=page.next_cursor)

    @operation(
        "Register a webhook endpoint",
        body=shapes.NewWebhook,
        answer=shapes.OneNewWebhook,
        status=201,
        errors=(Code.LIMIT_REACHED,),
        example={"url": "https://example.com/hooks/laurel", "topics": ["points/redeemed", "customers/*"]},
        description=SECRET_ONCE,
    )
    def post(self, call: Call[shapes.NewWebhook, None]) -> Reply:
        body = call.body
        endpoint, secret = endpoints.create(
            business=call.business,
            url=body.url,
            topics=body.topics,
            signature_profile=body.signature_profile,
            description=body.description,
        )
        return _once(endpoint, secret)


class OneEndpoint(KeyView):
    @operation("Get a webhook endpoint", answer=shapes.OneWebhook)
    def get(self, call: Call[None, None], endpoint_id: UUID) -> shapes.OneWebhook:
        return shapes.OneWebhook(webhook=shapes.webhook(_endpoint(call, endpoint_id)))

    @operation(
        "Change a webhook endpoint",
        body=shapes.WebhookChanges,
        answer=shapes.OneWebhook,
        errors=(Code.CONFLICT,),
        example={"status": "active"},
        description="Fields that are left out, or null, stay. A disabled endpoint starts afresh when set active.",
    )
    def patch(self, call: Call[shapes.WebhookChanges, None], endpoint_id: UUID) -> shapes.OneWebhook:
        body = call.body
        endpoint = endpoints.update(
            business=call.business,
            endpoint_id=endpoint_id,
            url=body.url,
            topics=body.topics,
            signature_profile=body.signature_profile,
            description=body.description,
            status=body.status,
        )
        return shapes.OneWebhook(webhook=shapes.webhook(endpoint))

    @operation("Delete a webhook endpoint and its deliveries", status=204)
    def delete(self, call: Call[None, None], endpoint_id: UUID) -> Reply:
        endpoints.delete(business=call.business, endpoint_id=endpoint_id)
        return Reply(None)


class Test(KeyView):
    @operation(
        "Send an example to a webhook endpoint",
        body=shapes.SendExample,
        answer=shapes.OneDelivery,
        status=202,
        errors=(Code.CONFLICT,),
        example={"topic": "points/redeemed"},
        description="Without a topic it is the first one that the endpoint hears of.",
    )
    def post(self, call: Call[shapes.SendExample, None], endpoint_id: UUID) -> shapes.OneDelivery:
        delivery = deliveries.send_example(business=call.business, endpoint_id=endpoint_id, topic=call.body.topic)
        return shapes.OneDelivery(delivery=shapes.delivery(delivery))


class Rotate(KeyView):
    @operation(
        "Give a webhook endpoint a new secret",
        answer=shapes.OneNewWebhook,
        description=f"The old secret signs beside the new one for 24 hours. {SECRET_ONCE}",
    )
    def post(self, call: Call[None, None], endpoint_id: UUID) -> Reply:
        return _once(*endpoints.rotate(business=call.business, endpoint_id=endpoint_id))


class Deliveries(KeyView):
    @operation(
        "List what was sent to a webhook endpoint, newest first",
        query=shapes.ListDeliveries,
        answer=shapes.DeliveryPage,
    )
    def get(self, call: Call[None, shapes.ListDeliveries], endpoint_id: UUID) -> shapes.DeliveryPage:
        rows = selectors.deliveries_of(_endpoint(call, endpoint_id), status=call.query.status)
        page = page_by_cursor(rows, call.query, business=call.business, order=("-sequence",))
        return shapes.DeliveryPage(
            deliveries=[shapes.delivery(row) for row in page.items], next_cursor=page.next_cursor
        )


class Replay(KeyView):
    @operation(
        "Send a webhook endpoint again all that happened since a time",
        body=shapes.ReplaySince,
        answer=shapes.Replayed,
        status=202,
        errors=(Code.CONFLICT,),
        example={"from": "2026-05-01T00:00:00Z"},
        description="Also what happened while it was disabled, or before it was registered.",
    )
    def post(self, call: Call[shapes.ReplaySince, None], endpoint_id: UUID) -> shapes.Replayed:
        count = deliveries.replay(business=call.business, endpoint_id=endpoint_id, since=call.body.since)
        return shapes.Replayed(count=count)


class Retry(KeyView):
    @operation("Try a delivery again at once", answer=shapes.OneDelivery, status=202, errors=(Code.CONFLICT,))
    def post(self, call: Call[None, None], delivery_id: UUID) -> shapes.OneDelivery:
        delivery = deliveries.retry(business=call.business, delivery_id=delivery_id)
        return shapes.OneDelivery(delivery=shapes.delivery(delivery))


def _endpoint(call: "Call[Any, Any]", endpoint_id: UUID) -> Endpoint:
    return get_or_404(
        Endpoint.objects.for_business(call.business).select_related("business"), noun="webhook", pk=endpoint_id
    )


def _once(endpoint: Endpoint, secret: str) -> Reply:
    shown = shapes.OneNewWebhook(webhook=shapes.with_secret(endpoint, secret))
    return Reply(shown, kept=shapes.OneWebhook(webhook=shapes.webhook(endpoint)))
