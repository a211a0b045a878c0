"""How Laurel and the demo shop find each other: addresses, origins, and the webhook endpoint."""

import os
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction

from loyalty.models import Business
from webhooks.models import Endpoint
from webhooks.services import endpoints

TOPICS = ["points/*", "redemptions/cancelled", "customers/tier_changed"]
DESCRIPTION = "The demo shop"


def addresses() -> dict[str, str]:
    """Where this run has its pages, and its shop."""
    return {
        "publicUrl": settings.PUBLIC_URL,
        "adminUrl": f"{settings.PUBLIC_URL}/admin/",
        "shopUrl": os.environ.get("SHOP_URL", "http://127.0.0.1:8001"),
    }


@transaction.atomic
def renew(business: Business) -> str:
    """Let the shop hear what happens from now on. Answers a new secret."""
    endpoint = _endpoint(business)
    if endpoint is None:
        _, secret = endpoints.create(business=business, url=_url(), topics=TOPICS, description=DESCRIPTION)
    else:
        _, secret = endpoints.rotate(business=business, endpoint_id=endpoint.pk)
    move(business)
    return secret


@transaction.atomic
def move(business: Business) -> None:
    """Tell Laurel where the shop is now."""
    for tenant in (business, business.sandbox):
        tenant.allowed_origins = _origins()
        tenant.save(update_fields=["allowed_origins"])
    endpoint = _endpoint(business)
    if endpoint is not None:
        endpoints.update(business=business, endpoint_id=endpoint.pk, url=_url())


def _endpoint(business: Business) -> Endpoint | None:
    return Endpoint.objects.for_business(business).filter(description=DESCRIPTION).first()


def _url() -> str:
    return f"{addresses()['shopUrl']}/webhooks"


def _origins() -> list[str]:
    """The shop's own, and the other spelling of a loopback address."""
    shop_url = addresses()["shopUrl"]
    return sorted({shop_url, f"http://localhost:{urlsplit(shop_url).port}"})
