"""Testimonials come in, and are decided about. Nothing here depends on how many stars one gives."""

from collections.abc import Sequence
from urllib.parse import urlsplit
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator
from django.db import transaction

from advocates import events as news
from advocates.models import Testimonial, TestimonialDecision
from advocates.services import participants
from loyalty import events
from loyalty.kernel import clock
from loyalty.kernel.errors import Conflict, Invalid, NotFound
from loyalty.models import Account, Business

MOST_MEDIA = 10
LONGEST_LINK = 500
Status = Testimonial.Status

is_web_address = URLValidator(schemes=["https"])


class NotAllowed(Conflict):
    def __init__(self, was: str, wanted: str) -> None:
        super().__init__(f"A testimonial that is {was} cannot become {wanted}.", field="status")


class NoConsent(Conflict):
    def __init__(self) -> None:
        message = "Its author has not consented to its publication. Ask them to submit it again with consent."
        super().__init__(message, field="status")


@transaction.atomic
def submit(
    *,
    business: Business,
    advocate_id: UUID,
    rating: int,
    body: str,
    consent: bool,
    title: str = "",
    source: str = "api",
    media: Sequence[str] = (),
) -> Testimonial:
    """Take in what a person says, to be decided about.

    :raises Invalid: if a link of `media` is none that the public can open over https
    :raises NotFound, participants.NotActive: as `participants.lock`
    """
    _check_media(media)
    participants.lock(business=business, advocate_id=advocate_id)
    now = clock.now(business)
    testimonial = Testimonial(
        business=business,
        advocate_id=advocate_id,
        rating=rating,
        title=title,
        body=body,
        source=source,
        media=list(media),
        consent=consent,
        consent_at=now if consent else None,
        created_at=now,
        updated_at=now,
    )
    testimonial.save(force_insert=True)
    events.record([news.testimonial(news.TESTIMONIAL_SUBMITTED, testimonial)], now=now)
    return testimonial


@transaction.atomic
def decide(*, business: Business, testimonial_id: UUID, status: str, by: str, reason: str = "") -> Testimonial:
    """Move a testimonial to another status. To the one that it has already, nothing happens.

    :param by: who decides, for the history
    :raises NotFound: if the business has no such testimonial
    :raises NotAllowed: if it cannot become that
    :raises NoConsent: if it would be approved without its author's consent
    """
    testimonial = _locked(business, testimonial_id)
    was = testimonial.status
    if status == was:
        return testimonial
    if not testimonial.may_become(status):
        raise NotAllowed(was, status)
    if status == Status.APPROVED and not testimonial.consent:
        raise NoConsent

    now = clock.now(business)
    testimonial.status, testimonial.reason, testimonial.updated_at = status, reason, now
    testimonial.save(update_fields=["status", "reason", "updated_at"])
    TestimonialDecision.objects.create(
        business=business, testimonial=testimonial, was=was, became=status, reason=reason, by=by, at=now
    )
    topic = news.TOPIC_OF_TESTIMONIAL.get(status)
    if topic:
        events.record([news.testimonial(topic, testimonial)], now=now)
    return testimonial


def _locked(business: Business, testimonial_id: UUID) -> Testimonial:
    """Its author's account first, as everywhere; then the row as it is by then."""
    rows = Testimonial.objects.for_business(business).filter(pk=testimonial_id)
    author_id = rows.values_list("advocate_id", flat=True).first()
    if author_id is None:
        raise NotFound("testimonial")
    Account.objects.for_business(business).select_for_update(no_key=True).get(pk=author_id)
    return rows.select_for_update().get()


def _check_media(media: Sequence[str]) -> None:
    if len(media) > MOST_MEDIA:
        raise Invalid(f"A testimonial has at most {MOST_MEDIA} links.", field="media")
    for number, link in enumerate(media):
        if not _is_public_link(link):
            message = f"Use an https address of at most {LONGEST_LINK} characters, without a password."
            raise Invalid(message, field=f"media.{number}")


def _is_public_link(link: str) -> bool:
    try:
        is_web_address(link)
        return len(link) <= LONGEST_LINK and "@" not in urlsplit(link).netloc
    except (ValidationError, ValueError):
        return False
