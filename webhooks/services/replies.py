"""Answers to whoever asked for something and named a URL: an endpoint for each server, which nobody registered."""

from collections.abc import Sequence
from uuid import UUID

from yarl import URL

from loyalty.kernel import crypto, ids
from loyalty.services.publication import Published
from loyalty.services.sealing import Sealed
from webhooks.models import Delivery, Endpoint
from webhooks.services import signing


def open_for(published: Sequence[Published]) -> None:
    """Make the endpoints of servers that are replied to for the first time."""
    servers = {(event.business_id, server_of(event.reply_to)) for event in published if event.reply_to}
    Endpoint.objects.bulk_create(
        [_endpoint(business_id, server) for business_id, server in sorted(servers)], ignore_conflicts=True
    )


def url_at(endpoint: Endpoint, event: Published) -> str:
    """Where at this endpoint's server the event replies to, if it does."""
    return event.reply_to if event.reply_to and server_of(event.reply_to) == endpoint.url else ""


def server_of(url: str) -> str:
    """Scheme, host and port of a URL that was judged."""
    return str(URL(url, encoded=True).origin())


def seal(body: bytes, *, delivery_id: UUID) -> bytes:
    return crypto.seal(body, context=_context(delivery_id))


def opened(sealed: bytes, *, delivery_id: UUID) -> bytes:
    """The body that `seal` was given.

    :raises crypto.Unsealable: if the key that sealed it is gone
    """
    return crypto.unseal(sealed, context=_context(delivery_id))


def _context(delivery_id: UUID) -> str:
    return f"webhooks.delivery:{delivery_id}"


def _endpoint(business_id: UUID, server: str) -> Endpoint:
    """Its secret is nobody's until it is rotated."""
    endpoint = Endpoint(id=ids.new_id(), business_id=business_id, url=server, topics=[], is_reply=True)
    endpoint.secret_sealed = signing.seal(signing.new_secret(), endpoint_id=endpoint.pk)
    return endpoint


SEALED = Sealed(Delivery, "reply_sealed", context=lambda delivery: _context(delivery.pk), page=20)
