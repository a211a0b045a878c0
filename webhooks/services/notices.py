"""Mails about endpoints that fail, or were disabled for it."""

from django.conf import settings
from django.core.mail import send_mail

from loyalty.selectors import contacts
from loyalty.services import notices
from webhooks.models import Endpoint

WARNING = """Hello,

since {since:%Y-%m-%d %H:%M} UTC nothing that we have sent of {business} has arrived at

    {url}

Every event is tried ten times within three days, and the address is disabled after five days without a single
success. What each try was answered is shown in your dashboard, where you can also send everything again.

{public_url}/admin/
"""
DISABLED = """Hello,

we have stopped sending events of {business} to

    {url}

because {why}. Nothing is lost: once the address works again, set the endpoint to active
and replay what happened since {since:%Y-%m-%d %H:%M} UTC.

{public_url}/admin/
"""
REPLIES_DISABLED = """Hello,

we have stopped answering there what was asked of {business} with an address at

    {url}

because {why}. Once the server works again, set its endpoint to active and replay what was
asked for since {since:%Y-%m-%d %H:%M} UTC. What is finished while it is disabled is not told there.

{public_url}/admin/
"""
WHY = {
    Endpoint.Reason.GONE: "it answered 410 Gone",
    Endpoint.Reason.FAILING: "it has failed for five days without a single success",
}


def send_due() -> int:
    """Tell businesses about their endpoints. Answers how many were due; safe to run twice."""
    return notices.send_due(Endpoint, _send)


def _send(endpoint: Endpoint) -> None:
    subject, text = "A webhook endpoint fails", WARNING
    if not endpoint.is_active:
        subject, text = "A webhook endpoint was disabled", REPLIES_DISABLED if endpoint.is_reply else DISABLED
    said = text.format(
        business=endpoint.business.name,
        url=endpoint.url,
        why=WHY.get(Endpoint.Reason(endpoint.disabled_reason)),
        since=endpoint.failing_since or endpoint.updated_at,
        public_url=settings.PUBLIC_URL,
    )
    send_mail(subject, said, None, contacts.addresses_of(endpoint.business))
