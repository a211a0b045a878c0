"""From a claimed delivery to a signed request, or why there is none."""

import structlog
from django.conf import settings

from loyalty.kernel import clock
from loyalty.services import bodies
from webhooks.services import replies, signing
from webhooks.services.claims import Claim
from webhooks.services.kinds.base import Message
from webhooks.services.sending import Answer, Parcel

log = structlog.get_logger(__name__)

MOST_CLAIMS = 3  # nobody came back from it so often: that counts as a failed try, with the wait that follows

NOT_CARRIED = "Not sent: the endpoint's signature profile has no words for this topic."
ERASED = "The event's data was erased before it could be delivered."
POISONOUS = "Not tried: three workers stopped while they were at it."
IN_THE_CLEAR = "Not sent: the address must begin with https:// now."
NOT_PREPARED = (
    "It could not be opened or signed. Look whether ENCRYPTION_KEYS lost one; else rotate the endpoint's secret."
)


def pack(claim: Claim) -> Parcel | Answer:
    """The request, or why there is none."""
    now, url = clock.wall(), claim.url or claim.endpoint.url
    if claim.claims > MOST_CLAIMS:
        return Answer(now, error=POISONOUS)
    if url.startswith("http:") and not settings.WEBHOOKS_ALLOW_HTTP:  # it was saved while that was allowed
        return Answer(now, error=IN_THE_CLEAR)
    try:
        profile = signing.PROFILES[claim.endpoint.signature_profile]
        if not signing.carries(profile, claim.topic):  # it was owed under another one
            return Answer(now, error=NOT_CARRIED, is_final=True)
        body = _body(claim)
        if body is None:
            return Answer(now, error=ERASED, is_final=True)
        message = Message(
            id=bodies.public_id(claim.event_id or claim.id),
            timestamp=int(now.timestamp()),
            body=profile.body_of(body),
            secrets=signing.live_secrets(claim.endpoint, at=now),
        )
        headers = {**_headers(claim, message), **profile.sign(message)}
    except Exception:  # one endpoint's misfortune
        log.exception("webhook_not_prepared", endpoint=str(claim.endpoint.pk), delivery=str(claim.id))
        return Answer(now, error=NOT_PREPARED)
    return Parcel(now, url, headers, message.body)


def _body(claim: Claim) -> bytes | None:
    if claim.reply_sealed is not None:
        return replies.opened(bytes(claim.reply_sealed), delivery_id=claim.id)
    return None if claim.body is None else bytes(claim.body)


def _headers(claim: Claim, message: Message) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "User-Agent": "Laurel-Webhooks/1",
        "Accept-Encoding": "identity",  # what is read is bounded as it comes
        "webhook-id": message.id,
        "X-Webhook-Topic": claim.topic,
        "X-Webhook-Id": str(claim.id),
        "X-Webhook-Attempt": str(claim.attempts_made + 1),
        "X-Webhook-Sequence": str(claim.sequence),
    }
