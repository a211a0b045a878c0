"""What happens to people, and how it reads outside."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from advocates.models import Advocate, Idea, Response, Testimonial
from loyalty.events import Happening
from loyalty.models import Milestone

JOINED = "customers/joined"
UPDATED = "customers/updated"
TIER_CHANGED = "customers/tier_changed"
ERASED = "customers/erased"


def joined(advocate: Advocate, *, is_new: bool = True) -> Happening:
    """`is_new` is false of whoever was a customer before there was a programme: nothing is paid for their coming."""
    return Happening(advocate.business_id, JOINED, advocate.pk, {"isNew": is_new})


def updated(advocate: Advocate, fields: Sequence[str]) -> Happening:
    """Says which fields changed, not to what: facts outlive the person."""
    return Happening(advocate.business_id, UPDATED, advocate.pk, {"fields": list(fields)})


def customer(advocate: Advocate, *, balance: int, referral_url: str | None = None) -> dict[str, Any]:
    """The person in every published body. `balance` is what they had right after the event."""
    born = advocate.birthday
    return {
        "id": advocate.pk,
        "externalId": advocate.external_id,
        "email": advocate.email,
        "name": advocate.name or None,
        "birthdayMonth": born.month if born else None,
        "birthdayDay": born.day if born else None,
        "referralUrl": referral_url,
        "pointBalance": balance,
        "currentLoyaltyTier": tier(advocate.account.tier),
        "createdAt": advocate.created_at,
        "updatedAt": advocate.updated_at,
    }


def tier(milestone: Milestone | None) -> dict[str, Any] | None:
    return {"id": milestone.pk, "title": milestone.title} if milestone else None


TESTIMONIAL_SUBMITTED = "testimonials/submitted"
IDEA_SUBMITTED = "ideas/submitted"
IDEA_MOVED = "ideas/status_changed"
SURVEY_ANSWERED = "surveys/answered"

# To its receivers a withdrawn testimonial is as gone as a rejected one; its status tells them apart.
TOPIC_OF_TESTIMONIAL: Mapping[str, str] = {
    Testimonial.Status.APPROVED: "testimonials/approved",
    Testimonial.Status.REJECTED: "testimonials/rejected",
    Testimonial.Status.WITHDRAWN: "testimonials/rejected",
}


def testimonial(topic: str, testimonial: Testimonial) -> Happening:
    """Without the rating: no rule can reward five stars above one."""
    facts = {"testimonialId": str(testimonial.pk), "status": testimonial.status}
    return Happening(testimonial.business_id, topic, testimonial.advocate_id, facts)


def idea_submitted(idea: Idea) -> Happening:
    return Happening(idea.business_id, IDEA_SUBMITTED, idea.advocate_id, _idea(idea))


def idea_moved(idea: Idea, *, was: str, hearer_id: UUID) -> Happening:
    """Told to its author and to every voter, each in an event of their own; `isAuthor` tells them apart."""
    facts = {**_idea(idea), "previousStatus": was, "isAuthor": hearer_id == idea.advocate_id}
    return Happening(idea.business_id, IDEA_MOVED, hearer_id, facts)


def survey_answered(response: Response) -> Happening:
    facts = {"surveyId": str(response.survey_id), "responseId": str(response.pk)}
    return Happening(response.business_id, SURVEY_ANSWERED, response.advocate_id, facts)


def _idea(idea: Idea) -> dict[str, Any]:
    return {"ideaId": str(idea.pk), "boardId": str(idea.board_id), "status": idea.status, "votes": idea.votes}
