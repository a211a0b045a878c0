"""Testimonials for a merchant's backend."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from msgspec import Meta

from advocates.api import examples
from advocates.models import Testimonial
from advocates.services import testimonials
from loyalty.api import types
from loyalty.api.examples import ADVOCATE_ID
from loyalty.api.paging import NumberedQuery, page_numbered
from loyalty.api.parsing import Body
from loyalty.api.views import Call, KeyView, Shape, operation
from loyalty.kernel.errors import Code

Status = Literal["pending", "approved", "rejected", "withdrawn"]
Rating = Annotated[int, Meta(ge=1, le=5)]
Text200 = Annotated[str, Meta(max_length=200)]
Words = Annotated[str, Meta(min_length=1, max_length=5000)]
Source = Annotated[str, Meta(min_length=1, max_length=60)]
Link = Annotated[str, Meta(max_length=testimonials.LONGEST_LINK)]
Media = Annotated[list[Link], Meta(max_length=testimonials.MOST_MEDIA)]


class ListTestimonials(NumberedQuery):
    status: Status | None = None
    rating: Rating | None = None
    advocate_id: UUID | None = None


class NewTestimonial(Body, kw_only=True):
    advocate_id: UUID
    rating: Rating
    title: Text200 = ""
    body: Words
    source: Source = "api"
    consent: bool
    media: Media = []


class DecidedTestimonial(Body):
    status: Status
    reason: types.Text500 = ""


class TestimonialShape(Shape):
    example = examples.TESTIMONIAL

    id: UUID
    advocate_id: UUID
    rating: int
    title: str
    body: str
    source: str
    media: list[str]
    consent: bool
    consent_at: datetime | None
    status: str
    reason: str | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: Testimonial) -> Self:
        return cls(
            id=row.pk,
            advocate_id=row.advocate_id,
            rating=row.rating,
            title=row.title,
            body=row.body,
            source=row.source,
            media=row.media,
            consent=row.consent,
            consent_at=row.consent_at,
            status=row.status,
            reason=row.reason or None,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )


class TestimonialAnswer(Shape):
    testimonial: TestimonialShape


class TestimonialPage(Shape):
    testimonials: list[TestimonialShape]
    total: int
    total_is_capped: bool
    page: int
    next_cursor: str | None


class Testimonials(KeyView):
    @operation("List testimonials, newest first", query=ListTestimonials, answer=TestimonialPage)
    def get(self, call: Call[None, ListTestimonials]) -> TestimonialPage:
        query = call.query
        wanted = {"status": query.status, "rating": query.rating, "advocate_id": query.advocate_id}
        rows = Testimonial.objects.for_business(call.business)
        rows = rows.filter(**{name: value for name, value in wanted.items() if value is not None})
        page = page_numbered(rows, query, business=call.business)
        return TestimonialPage(
            testimonials=[TestimonialShape.of(row) for row in page.items],
            total=page.total,
            total_is_capped=page.total_is_capped,
            page=page.page,
            next_cursor=page.next_cursor,
        )

    @operation(
        "Submit a testimonial",
        body=NewTestimonial,
        answer=TestimonialAnswer,
        status=201,
        errors=(Code.NOT_FOUND, Code.CONFLICT),
        example={
            "advocateId": ADVOCATE_ID,
            "rating": 5,
            "title": "Best beans in town",
            "body": "I come back every week.",
            "source": "checkout",
            "consent": True,
            "media": ["https://cdn.example.com/beans.jpg"],
        },
        description="It waits for a decision. Only one with its author's consent can be approved.",
    )
    def post(self, call: Call[NewTestimonial, None]) -> TestimonialAnswer:
        body = call.body
        testimonial = testimonials.submit(
            business=call.business,
            advocate_id=body.advocate_id,
            rating=body.rating,
            title=body.title,
            body=body.body,
            source=body.source,
            consent=body.consent,
            media=body.media,
        )
        return TestimonialAnswer(testimonial=TestimonialShape.of(testimonial))


class OneTestimonial(KeyView):
    @operation(
        "Decide about a testimonial",
        body=DecidedTestimonial,
        answer=TestimonialAnswer,
        errors=(Code.CONFLICT,),
        example={"status": "approved", "reason": "Checked against the order"},
        description="A withdrawn testimonial stays withdrawn. Setting the status that it has changes nothing.",
    )
    def patch(self, call: Call[DecidedTestimonial, None], testimonial_id: UUID) -> TestimonialAnswer:
        testimonial = testimonials.decide(
            business=call.business,
            testimonial_id=testimonial_id,
            status=call.body.status,
            reason=call.body.reason,
            by=call.caller.key_name,
        )
        return TestimonialAnswer(testimonial=TestimonialShape.of(testimonial))
