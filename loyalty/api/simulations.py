"""Programme as code: what a draft would have paid for what people did."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, Self
from uuid import UUID

import msgspec
from msgspec import field

from loyalty.api import examples, types
from loyalty.api.parsing import Body
from loyalty.api.programme import MAX_DOCUMENT
from loyalty.api.views import Call, KeyView, Shape, operation
from loyalty.kernel.errors import Code
from loyalty.models import Simulation
from loyalty.services import programme, simulations

DocumentBody: Any = programme.document_type()
EXAMPLE = {
    "document": {
        "earnRules": [
            {
                "key": "purchase",
                "title": "Points for purchases",
                "trigger": "order_paid",
                "earn": {"points": 7, "per": "1.00", "currency": "EUR"},
            }
        ]
    },
    "pointValue": "0.01",
}


class Try(Body, kw_only=True):
    document: DocumentBody
    from_: types.Timestamp | None = field(default=None, name="from")
    to: types.Timestamp | None = None
    point_value: types.Money | None = None


class SimulationProgress(Shape):
    example = {"done": 250, "total": 1000}

    done: int
    total: int


class SimulatedPoints(Shape):
    example = {"paid": 1200, "draft": 1680}

    paid: int
    draft: int


class SimulatedCost(Shape):
    example = {"paid": "12.00", "draft": "16.80", "currency": "EUR"}

    paid: str
    draft: str
    currency: str


class SimulatedPeople(Shape):
    example = {"paid": 40, "draft": 40, "more": 40, "less": 0, "otherTier": 3}

    paid: int
    draft: int
    more: int
    less: int
    other_tier: int


class SimulatedLine(Shape):
    example = examples.SIMULATED_LINE

    kind: Literal["rule", "quest"]
    key: str
    title: str
    paid: int
    times_paid: int
    draft: int
    times_draft: int


class SimulatedTier(Shape):
    example = {"key": "silver", "now": 12, "draft": 15}

    key: str
    now: int
    draft: int


class SimulationReport(Shape):
    points: SimulatedPoints
    cost: SimulatedCost | None
    people: SimulatedPeople
    lines: list[SimulatedLine]
    tiers: list[SimulatedTier]

    @classmethod
    def of(cls, row: Simulation) -> Self:
        found = simulations.report(row)
        cost = None
        if found.cost_paid is not None and found.cost_draft is not None:
            cost = SimulatedCost(
                paid=_money(found.cost_paid), draft=_money(found.cost_draft), currency=row.business.currency
            )
        people = SimulatedPeople(
            paid=found.people["paid"],
            draft=found.people["draft"],
            more=found.people["more"],
            less=found.people["less"],
            other_tier=found.people["otherTier"],
        )
        return cls(
            points=SimulatedPoints(paid=found.paid, draft=found.draft),
            cost=cost,
            people=people,
            lines=[
                SimulatedLine(**{name: getattr(line, name) for name in SimulatedLine.__struct_fields__})
                for line in found.lines
            ],
            tiers=[SimulatedTier(key=key, now=now, draft=draft) for key, now, draft in found.tiers],
        )


class SimulationShape(Shape):
    example = examples.SIMULATION

    id: UUID
    state: str
    from_: datetime = field(name="from")
    to: datetime
    progress: SimulationProgress
    failure: str | None
    report: SimulationReport
    created_at: datetime
    finished_at: datetime | None

    @classmethod
    def of(cls, row: Simulation) -> Self:
        return cls(
            id=row.pk,
            state=row.state,
            from_=row.starts_at,
            to=row.ends_at,
            progress=SimulationProgress(done=row.people_done, total=max(row.people, row.people_done)),
            failure=row.failure or None,
            report=SimulationReport.of(row),
            created_at=row.created_at,
            finished_at=row.finished_at,
        )


class OneSimulation(Shape):
    simulation: SimulationShape


class Simulate(KeyView):
    max_body = MAX_DOCUMENT

    @operation(
        "Try a draft on what people did",
        body=Try,
        answer=OneSimulation,
        status=202,
        errors=(Code.CONFLICT,),
        example=EXAMPLE,
        description="In the background: ask for its id how far it is. Sections that are left out are as they are now. "
        "Without a window it is the last 30 days. `pointValue` is what a point costs, for the cost. Nothing is paid, "
        "told or changed. One runs at a time.",
    )
    def post(self, call: Call[Try, None]) -> OneSimulation:
        row = simulations.start(
            business=call.business,
            document=msgspec.to_builtins(programme.sections_of(call.body.document)),
            starts_at=call.body.from_,
            ends_at=call.body.to,
            point_value=call.body.point_value,
            author=call.caller.key_name,
        )
        return OneSimulation(simulation=SimulationShape.of(row))


class ReadSimulation(KeyView):
    @operation("Read how far a simulation is, and what it has found so far", answer=OneSimulation)
    def get(self, call: Call[None, None], simulation_id: UUID) -> OneSimulation:
        row = simulations.found(business=call.business, simulation_id=simulation_id)
        return OneSimulation(simulation=SimulationShape.of(row))


class CancelSimulation(KeyView):
    @operation(
        "Stop a simulation",
        answer=OneSimulation,
        errors=(Code.CONFLICT,),
        description="What it has found so far stays.",
    )
    def post(self, call: Call[None, None], simulation_id: UUID) -> OneSimulation:
        row = simulations.cancel(business=call.business, simulation_id=simulation_id)
        return OneSimulation(simulation=SimulationShape.of(row))


def _money(amount: Decimal) -> str:
    """To two digits at least, and as fine as a point's value is."""
    text = f"{amount.normalize():f}"
    whole, _, rest = text.partition(".")
    return f"{whole}.{rest:0<2}"
