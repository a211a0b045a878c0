"""Tap to Earn, for an end user's app: what there is to tap, and taps in batches."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from msgspec import Meta

from loyalty.api import examples
from loyalty.api.parsing import Body
from loyalty.api.views import Call, Shape, UserView, operation
from loyalty.kernel.errors import Code
from loyalty.selectors import taps as reads
from loyalty.selectors.taps import Standing
from loyalty.services import taps
from loyalty.services.quest_rules import Key

OK = "OK"
SECOND = timedelta(seconds=1)


class NewTaps(Body):
    programme: Key
    batch_id: UUID  # made by the app
    taps: Annotated[int, Meta(ge=1, le=taps.MOST)]


class TapShape(Shape):
    """A programme, and how the user stands in it. What is to come is told in seconds from now."""

    example = examples.TAP

    key: str
    title: str
    status: str
    metric_id: str
    points_per_tap: int
    energy: int
    maximum_energy: int
    refill_seconds: int
    taps_per_second: int
    next_energy_in: int
    full_energy_in: int
    per_day: int | None
    left_today: int | None
    earned: int

    @classmethod
    def of(cls, standing: Standing) -> "TapShape":
        row = standing.programme
        return cls(
            key=row.key,
            title=row.title,
            status=row.status,
            metric_id=row.pays.key,
            points_per_tap=row.per_tap,
            energy=standing.energy,
            maximum_energy=row.energy,
            refill_seconds=row.refill_seconds,
            taps_per_second=row.per_second,
            next_energy_in=seconds(standing.next_in),
            full_energy_in=seconds(standing.full_in),
            per_day=row.per_day,
            left_today=standing.left_today,
            earned=standing.earned,
        )


class TapsShape(Shape):
    example = examples.OK

    message: str
    data: list[TapShape]


class TappedShape(Shape):
    example = examples.TAPPED

    taps: int
    points: int
    limits: list[str]
    balance: int
    programme: TapShape


class OneTapped(Shape):
    example = examples.OK

    message: str
    data: TappedShape


class Taps(UserView):
    @operation(
        "Read what there is to tap",
        answer=TapsShape,
        description="The user's Tap to Earn programmes, each with the energy that is left; times in seconds from now.",
    )
    def get(self, call: Call[None, None]) -> TapsShape:
        assert call.caller.account_id  # a user's token has one
        found = reads.standings(business=call.business, account_id=call.caller.account_id)
        return TapsShape(message=OK, data=[TapShape.of(one) for one in found])

    @operation(
        "Send taps",
        body=NewTaps,
        answer=OneTapped,
        key_field="batchId",
        errors=(Code.NOT_FOUND,),
        example={"programme": "tap", "batchId": "7f0c2f86-3f5e-4c0e-9c1d-2f6b1a9d8e70", "taps": 20},
        description=(
            "As many count as the user's energy and pace let, by the server's clock; `limits` says what let fewer: "
            "paused, energy, pace, day, maximum. The same batchId with the same taps answers the same, and pays once."
        ),
    )
    def post(self, call: Call[NewTaps, None]) -> OneTapped:
        assert call.caller.account_id  # a user's token has one
        tapped = taps.take(
            business=call.business,
            account_id=call.caller.account_id,
            programme=call.body.programme,
            count=call.body.taps,
            batch_id=call.body.batch_id,
        )
        return OneTapped(
            message=OK,
            data=TappedShape(
                taps=tapped.taps,
                points=tapped.points,
                limits=tapped.limits,
                balance=tapped.balance,
                programme=TapShape.of(tapped.standing),
            ),
        )


def seconds(length: timedelta) -> int:
    """Whole ones, the last begun one too."""
    return -(-length // SECOND)
