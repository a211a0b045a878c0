"""What a secret key may ask of the floor: whose key it is, the feed of events, the sandbox's clock."""

import re
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import msgspec

from loyalty.api import examples, types
from loyalty.api.paging import PageQuery, page_by_cursor
from loyalty.api.parsing import Body
from loyalty.api.views import Call, KeyView, Shape, operation
from loyalty.kernel import clock
from loyalty.kernel.errors import Invalid
from loyalty.selectors import feed
from loyalty.services import businesses


class MeShape(Shape):
    example = examples.ME

    business_id: UUID
    name: str
    slug: str
    plan: str
    key_name: str
    mode: str
    scopes: list[str]


class Me(KeyView):
    @operation("Whose key this is", answer=MeShape, tags=("account",))
    def get(self, call: Call[None, None]) -> MeShape:
        business = call.business
        return MeShape(
            business_id=business.pk,
            name=business.name,
            slug=business.slug,
            plan=business.plan_id,
            key_name=call.caller.key_name,
            mode="test" if business.is_sandbox else "live",
            scopes=sorted(call.caller.scopes),
        )


class ListEvents(PageQuery):
    topic: Annotated[str, msgspec.Meta(max_length=60)] | None = None
    advocate_id: UUID | None = None


class EventPage(Shape):
    example = {"events": [examples.EVENT]}

    events: list[msgspec.Raw]
    next_cursor: str | None


class Events(KeyView):
    @operation(
        "Read what happened, in order",
        query=ListEvents,
        answer=EventPage,
        description="The bodies that webhooks send, byte for byte. topic is one, or a family such as points/*. "
        "nextCursor is null once you have read everything: ask again with the last cursor that you were given.",
    )
    def get(self, call: Call[None, ListEvents]) -> EventPage:
        rows = feed.published(call.business, topic=call.query.topic, account_id=call.query.advocate_id)
        page = page_by_cursor(rows, call.query, business=call.business, order=("position",))
        return EventPage(
            events=[msgspec.Raw(bytes(event.body.body)) for event in page.items], next_cursor=page.next_cursor
        )


class MoveClock(Body):
    now: types.Timestamp | None = None
    advance: Annotated[str, msgspec.Meta(max_length=40)] | None = None


class ClockShape(Shape):
    example = examples.CLOCK

    now: datetime


_DURATION = re.compile(
    r"P(?:(?P<weeks>\d{1,4})W)?(?:(?P<days>\d{1,5})D)?"
    r"(?:T(?:(?P<hours>\d{1,6})H)?(?:(?P<minutes>\d{1,7})M)?(?:(?P<seconds>\d{1,9})S)?)?"
)


class TestClock(KeyView):
    @operation("Read the sandbox's time", answer=ClockShape, description="For test keys.")
    def get(self, call: Call[None, None]) -> ClockShape:
        if not call.business.is_sandbox:
            raise businesses.NotASandbox
        return ClockShape(now=clock.now(call.business))

    @operation(
        "Move the sandbox's time forward",
        body=MoveClock,
        answer=ClockShape,
        example={"advance": "P1D"},
        description="For test keys. Time keeps ticking from there; give now or advance. What is due by then follows "
        "at once, in the background: points that ripen, are warned of or expire, periods, birthdays, holds of "
        "referrals and all else.",
    )
    def post(self, call: Call[MoveClock, None]) -> ClockShape:
        if (call.body.now is None) == (call.body.advance is None):
            raise Invalid("Give either now or advance.", field="now")
        moment = call.body.now or clock.now(call.business) + _duration(call.body.advance or "")
        return ClockShape(now=businesses.move_clock(business=call.business, to=moment))


def _duration(text: str) -> timedelta:
    match = _DURATION.fullmatch(text)
    if match is None or not any(match.groupdict().values()):
        raise Invalid("advance is an ISO 8601 duration, such as P1D or PT1H.", field="advance")
    return timedelta(**{unit: int(number) for unit, number in match.groupdict().items() if number})
