"""Endpoints: registered, changed, given new secrets, disabled and deleted."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Min, Q

from loyalty.events import record
from loyalty.kernel import clock, ids, jobs, net
from loyalty.kernel.errors import Code, Conflict, DomainError, Invalid, NotFound
from loyalty.models import Business
from loyalty.services import naming
from webhooks import events
from webhooks.models import Delivery, Endpoint
from webhooks.services import signing, topics

OVERLAP = timedelta(hours=24)
MOST = 200  # endpoints of a business

STREAK = ("failures", "failed_at", "failing_since", "held_until", "is_warned")  # how it has been failing

Reason = Endpoint.Reason

# There may be millions of them: they are not read into memory to be deleted.
DELETE_ATTEMPTS = """
    DELETE FROM webhooks_attempt a USING webhooks_delivery d WHERE d.id = a.delivery_id AND d.endpoint_id = %s
"""
DELETE_DELIVERIES = "DELETE FROM webhooks_delivery WHERE endpoint_id = %s"


class TooManyEndpoints(DomainError):
    code = Code.LIMIT_REACHED

    def __init__(self) -> None:
        super().__init__(f"A business has at most {MOST} endpoints. Delete one that is no longer used.")


class EndpointDisabled(Conflict):
    def __init__(self) -> None:
        super().__init__("This endpoint is disabled. Set its status to active first.")


class RepliesOnly(Conflict):
    def __init__(self) -> None:
        super().__init__("This endpoint is for replies to what was asked for. Change its description or status only.")


@transaction.atomic
def create(
    *,
    business: Business,
    url: str,
    topics: Sequence[str],
    signature_profile: str = "standard",
    description: str = "",
) -> tuple[Endpoint, str]:
    """Register an endpoint. Its secret is answered here and never again.

    :raises net.UnsafeUrl: if we do not call such a URL
    :raises topics.UnknownTopic, signing.UnknownProfile, signing.TopicsNotCarried: see there
    :raises TooManyEndpoints: beyond 200
    """
    naming.lock(business)  # so that two who register at once do not both find the last place free
    if Endpoint.objects.for_business(business).filter(is_reply=False).count() >= MOST:
        raise TooManyEndpoints
    endpoint_id, secret, now = ids.new_id(), signing.new_secret(), clock.wall()
    endpoint = Endpoint(
        id=endpoint_id,
        business=business,
        url=url,
        topics=list(dict.fromkeys(topics)),
        signature_profile=signature_profile,
        description=description,
        secret_sealed=signing.seal(secret, endpoint_id=endpoint_id),
        created_at=now,
        updated_at=now,
    )
    _check_url(endpoint)
    _check_topics(endpoint)
    endpoint.save(force_insert=True)
    return endpoint, secret


@transaction.atomic
def update(
    *,
    business: Business,
    endpoint_id: UUID,
    url: str | None = None,
    topics: Sequence[str] | None = None,
    signature_profile: str | None = None,
    description: str | None = None,
    status: str | None = None,
) -> Endpoint:
    """Change what is given. With another URL, or active again, an endpoint begins from a clean slate.

    :raises NotFound: if the business has no such endpoint
    :raises RepliesOnly: if it is an endpoint for replies, and more than its description or status is changed
    :raises net.UnsafeUrl: if we do not call another URL that is given
    :raises topics.UnknownTopic, signing.UnknownProfile, signing.TopicsNotCarried: as `create`
    """
    endpoint = locked(business=business, endpoint_id=endpoint_id)
    is_elsewhere = url not in (None, endpoint.url)
    if endpoint.is_reply and not (url is topics is signature_profile is None):
        raise RepliesOnly
    given = {"url": url, "topics": topics, "signature_profile": signature_profile, "description": description}
    for name, value in given.items():
        if value is not None:
            setattr(endpoint, name, value)
    endpoint.topics = list(dict.fromkeys(endpoint.topics))
    endpoint.updated_at = clock.wall()
    if is_elsewhere:
        _check_url(endpoint)
    _check_topics(endpoint)
    endpoint.save(update_fields=[*given, "updated_at"])
    if is_elsewhere:
        release(endpoint)
    if status == Endpoint.Status.ACTIVE and not endpoint.is_active:
        enable(endpoint)
    elif status == Endpoint.Status.DISABLED and endpoint.is_active:
        disable(endpoint, reason=Reason.OPERATOR)
    return endpoint


@transaction.atomic
def rotate(*, business: Business, endpoint_id: UUID) -> tuple[Endpoint, str]:
    """Give an endpoint a new secret; the old one signs beside it for 24 hours.

    :raises NotFound: if the business has no such endpoint
    """
    endpoint = locked(business=business, endpoint_id=endpoint_id)
    secret, now = signing.new_secret(), clock.wall()
    endpoint.old_secret_sealed = endpoint.secret_sealed
    endpoint.old_secret_until = now + OVERLAP
    endpoint.secret_sealed = signing.seal(secret, endpoint_id=endpoint.pk)
    endpoint.updated_at = now
    endpoint.save(update_fields=["secret_sealed", "old_secret_sealed", "old_secret_until", "updated_at"])
    return endpoint, secret


@transaction.atomic
def delete(*, business: Business, endpoint_id: UUID) -> None:
    """Delete an endpoint with all that was sent to it; what is still owed to it is not sent.

    :raises NotFound: if the business has no such endpoint
    """
    endpoint = locked(business=business, endpoint_id=endpoint_id)
    lock_in_flight(endpoint)
    with connection.cursor() as cursor:
        cursor.execute(DELETE_ATTEMPTS, [endpoint.pk])
        cursor.execute(DELETE_DELIVERIES, [endpoint.pk])
    endpoint.delete()


def locked(*, business: Business, endpoint_id: UUID, active: bool = False) -> Endpoint:
    """The endpoint, locked for the rest of the transaction.

    :raises NotFound: if the business has no such endpoint
    :raises EndpointDisabled: if it has to be `active` and is not
    """
    rows = Endpoint.objects.for_business(business).select_for_update(no_key=True)
    endpoint = rows.filter(pk=endpoint_id).first()
    if endpoint is None:
        raise NotFound("webhook")
    if active and not endpoint.is_active:
        raise EndpointDisabled
    return endpoint


def lock_in_flight(endpoint: Endpoint) -> None:
    """Before many deliveries of a locked endpoint change: wait for what is just being written down of some.

    Both take them in the order of their ids, so that neither waits for ever. What comes later finds the change.
    """
    rows = Delivery.objects.for_business(endpoint.business).filter(endpoint=endpoint, leased_until__isnull=False)
    list(rows.order_by("pk").select_for_update(no_key=True).values_list("pk"))


@transaction.atomic
def disable(endpoint: Endpoint, *, reason: Reason) -> None:
    """Send nothing more to a locked endpoint; unless the business itself wished so, a mail will tell it."""
    endpoint.status = Endpoint.Status.DISABLED
    endpoint.disabled_reason = reason
    endpoint.updated_at = clock.wall()
    endpoint.notice_due_at = None
    if reason != Reason.OPERATOR:
        endpoint.notice_due_at, endpoint.failing_since = endpoint.updated_at, _first_lost(endpoint)
        jobs.wake("webhooks.notify")
    endpoint.save(update_fields=["status", "disabled_reason", "updated_at", "notice_due_at", "failing_since"])
    lock_in_flight(endpoint)
    owed = Delivery.objects.for_business(endpoint.business).filter(endpoint=endpoint, status=Delivery.Status.PENDING)
    owed.update(status=Delivery.Status.DISABLED, next_attempt_at=None)
    record([events.disabled(endpoint)], now=clock.now(endpoint.business))


def _first_lost(endpoint: Endpoint) -> datetime | None:
    """When the oldest event happened, or reply was made, that did not arrive since the endpoint fails: from there a
    replay sends all.
    """
    owed = Q(status=Delivery.Status.PENDING)
    if endpoint.failing_since is not None:
        owed |= Q(status=Delivery.Status.FAILED, attempts__at__gte=endpoint.failing_since)
    lost = Delivery.objects.for_business(endpoint.business).filter(owed, endpoint=endpoint)
    happened = "created_at" if endpoint.is_reply else "event__created_at"
    oldest: datetime | None = lost.aggregate(at=Min(happened))["at"]
    return oldest or endpoint.failing_since


def warn(endpoint: Endpoint) -> None:
    """Let a mail tell the business that a locked endpoint fails, once until the next success."""
    endpoint.is_warned, endpoint.notice_due_at = True, clock.wall()
    endpoint.save(update_fields=["is_warned", "notice_due_at"])
    jobs.wake("webhooks.notify")


def enable(endpoint: Endpoint) -> None:
    """Let a locked endpoint be tried again, from a clean slate."""
    endpoint.status = Endpoint.Status.ACTIVE
    endpoint.disabled_reason = Reason.NONE
    endpoint.save(update_fields=["status", "disabled_reason"])
    release(endpoint)


def release(endpoint: Endpoint) -> None:
    """Forget the failures of a locked endpoint, and let its queue move at once."""
    endpoint.held_until = None
    forgive(endpoint)


def forgive(endpoint: Endpoint) -> None:
    """Forget the failures of a locked endpoint. What is said of one that is disabled stays."""
    endpoint.failures, endpoint.is_warned, endpoint.failed_at = 0, False, None
    if endpoint.is_active:
        endpoint.failing_since = endpoint.notice_due_at = None
    endpoint.save(update_fields=[*STREAK, "notice_due_at"])


def _check_url(endpoint: Endpoint) -> None:
    net.check_url(
        endpoint.url,
        field="url",
        allow_http=settings.WEBHOOKS_ALLOW_HTTP,
        allowed=net.networks(settings.WEBHOOKS_ALLOWED_PRIVATE_NETWORKS),
    )


def _check_topics(endpoint: Endpoint) -> None:
    if not endpoint.topics and not endpoint.is_reply:
        raise Invalid("Name at least one topic, or *.", field="topics")
    topics.check(endpoint.topics)
    signing.check(endpoint.signature_profile, endpoint.topics)
