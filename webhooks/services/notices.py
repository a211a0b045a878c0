"""Mails about endpoints that fail, or are disabled. The promise is `notice_due_at`: twice may be, never is not."""

from datetime import timedelta

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction

from loyalty.kernel import clock
from loyalty.selectors import contacts
from webhooks.models import Endpoint

TRY_AGAIN_AFTER = timedelta(minutes=5)
BATCH = 50

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
WHY = {
    Endpoint.Reason.GONE: "it answered 410 Gone",
    Endpoint.Reason.FAILING: "it has failed for five days without a single success",
}


def send_due() -> int:
    """Tell businesses about their endpoints. Answers how many were due; safe to run twice."""
    due = _claim()
    for endpoint in due:
        if not endpoint.business.is_sandbox:
            _send(endpoint)
        Endpoint.objects.filter(pk=endpoint.pk).update(notice_due_at=None)
    return len(due)


@transaction.atomic
def _claim() -> list[Endpoint]:
    """What is due, put off for as long as sending may take."""
    now = clock.wall()
    rows = Endpoint.objects.filter(notice_due_at__lte=now).select_related("business")
    due = list(rows.select_for_update(no_key=True, skip_locked=True, of=("self",)).order_by("pk")[:BATCH])
    Endpoint.objects.filter(pk__in=[endpoint.pk for endpoint in due]).update(notice_due_at=now + TRY_AGAIN_AFTER)
    return due


def _send(endpoint: Endpoint) -> None:
    subject, text = "A webhook endpoint fails", WARNING
    if not endpoint.is_active:
        subject, text = "A webhook endpoint was disabled", DISABLED
    said = text.format(
        business=endpoint.business.name,
        url=endpoint.url,
        why=WHY.get(Endpoint.Reason(endpoint.disabled_reason)),
        since=endpoint.failing_since or endpoint.updated_at,
        public_url=settings.PUBLIC_URL,
    )
    send_mail(subject, said, None, contacts.addresses_of(endpoint.business))
