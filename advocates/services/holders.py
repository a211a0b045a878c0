"""What this app holds of what people say: for their export, their erasure, and merges of two people into one."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.db.models import Max

from advocates.models import (
    Answer,
    Idea,
    IdeaDecision,
    Order,
    OrderLine,
    Refund,
    Response,
    Testimonial,
    TestimonialDecision,
    Vote,
)
from loyalty.models import Business
from loyalty.models.base import TenantModel
from loyalty.services.personal_data import Holder, of_rows


def of_parts(model: type[TenantModel], *, name: str, account: str, exported: Sequence[str], text: str) -> Holder:
    """A holder of rows that belong to a person's row, and go where it goes.

    :param account: the way to the person, such as `idea__advocate_id`
    :param text: the column that an erasure clears
    """

    def rows_of(business: Business, *account_ids: UUID) -> Any:
        return model._default_manager.filter(business_id=business.pk, **{f"{account}__in": account_ids})

    def export(business: Business, account_id: UUID) -> Any:
        return list(rows_of(business, account_id).order_by("pk").values(*exported))

    def erase(business: Business, account_ids: Collection[UUID]) -> None:
        rows_of(business, *account_ids).update(**{text: ""})

    def move(business: Business, source: UUID, target: UUID, only: Sequence[str] | None) -> Sequence[str]:
        return ()

    return Holder(name=name, export=export, erase=erase, move=move)


def _erase_nothing(business: Business, account_ids: Collection[UUID]) -> None:
    """These rows hold ids, codes and numbers, which stay: counters go on counting them."""


def _move_votes(business: Business, source: UUID, target: UUID, only: Sequence[str] | None) -> Sequence[str]:
    """Where both have voted, the merged person's vote stays behind: it is counted, and its place is taken."""
    votes = Vote.objects.for_business(business)
    rows = votes.filter(advocate_id=source) if only is None else votes.filter(advocate_id=source, pk__in=only)
    taken = votes.filter(advocate_id=target).values("idea_id")
    moved = list(rows.exclude(idea_id__in=taken).order_by("pk").values_list("pk", flat=True))
    votes.filter(pk__in=moved).update(advocate_id=target)
    return [str(pk) for pk in moved]


def _move_responses(business: Business, source: UUID, target: UUID, only: Sequence[str] | None) -> Sequence[str]:
    """Numbered on after the other person's; of a survey that is answered once, the second answer stays behind."""
    responses = Response.objects.for_business(business)
    rows = responses.filter(advocate_id=source) if only is None else responses.filter(advocate_id=source, pk__in=only)
    theirs = responses.filter(advocate_id=target).values_list("survey_id")
    latest = dict(theirs.annotate(latest=Max("number")).order_by())
    moved = []
    for response in rows.select_related("survey").order_by("pk"):
        number = latest.get(response.survey_id, 0) + 1
        if number == 1 or response.survey.repeatable:
            responses.filter(pk=response.pk).update(advocate_id=target, number=number)
            latest[response.survey_id] = number
            moved.append(str(response.pk))
    return moved


TESTIMONIALS = of_rows(
    Testimonial,
    name="testimonials",
    exported=["id", "rating", "title", "body", "source", "media", "consent", "consent_at", "status", "created_at"],
    erased={"title": "", "body": "", "source": "", "media": [], "reason": "", "status": Testimonial.Status.WITHDRAWN},
    account="advocate_id",
)
IDEAS = of_rows(
    Idea,
    name="ideas",
    exported=["id", "board__key", "title", "body", "status", "response", "votes", "created_at"],
    erased={"title": "", "body": "", "response": ""},
    account="advocate_id",
)
VOTES = of_rows(Vote, name="votes", exported=["id", "idea_id", "created_at"], erased={}, account="advocate_id")
ORDERS = of_rows(
    Order,
    name="orders",
    exported=[
        *("external_id", "number", "currency", "total_minor", "refunded_minor", "status", "discount_codes"),
        *("referral_code", "placed_at"),
    ],
    erased={"number": "", "discount_codes": [], "referral_code": "", "fingerprint": b""},
    account="advocate_id",
)
RESPONSES = of_rows(
    Response,
    name="surveyResponses",
    exported=["id", "survey__key", "number", "created_at"],
    erased={},
    account="advocate_id",
)

ALL = (
    TESTIMONIALS,
    IDEAS,
    ORDERS,
    of_parts(
        OrderLine,
        name="orderLines",
        account="order__advocate_id",
        exported=["order__external_id", "external_id", "product_id", "sku", "quantity", "amount_minor"],
        text="sku",
    ),
    replace(
        of_parts(
            Refund,
            name="refunds",
            account="order__advocate_id",
            exported=["order__external_id", "external_id", "amount_minor", "created_at"],
            text="external_id",
        ),
        erase=_erase_nothing,
    ),
    replace(VOTES, erase=_erase_nothing, move=_move_votes),
    replace(RESPONSES, erase=_erase_nothing, move=_move_responses),
    of_parts(
        TestimonialDecision,
        name="testimonialDecisions",
        account="testimonial__advocate_id",
        exported=["testimonial_id", "was", "became", "reason", "at"],
        text="reason",
    ),
    of_parts(
        IdeaDecision,
        name="ideaDecisions",
        account="idea__advocate_id",
        exported=["idea_id", "was", "became", "response", "at"],
        text="response",
    ),
    of_parts(
        Answer,
        name="surveyAnswers",
        account="response__advocate_id",
        exported=["response_id", "question__key", "codes", "text"],
        text="text",
    ),
)
