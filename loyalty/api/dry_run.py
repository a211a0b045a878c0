"""What an event would do: told, and not done."""

from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from loyalty.api import examples
from loyalty.api.audience import ActionName, FieldOfAction, Said
from loyalty.api.examples import ADVOCATE_ID
from loyalty.api.parsing import Body
from loyalty.api.views import Call, KeyView, Shape, operation
from loyalty.kernel.errors import Code, Invalid
from loyalty.services import actions
from loyalty.services.earn_terms import AmountText, Named
from loyalty.services.payouts import Payout
from loyalty.services.progress import Verdict
from loyalty.services.reports import Report

Word = Annotated[str, Meta(max_length=1024)]


class LineOfTry(Body):
    """One product of an order: what was paid for all its pieces."""

    amount: AmountText
    quantity: Annotated[int, Meta(ge=1, le=1_000_000)] = 1
    product_id: Annotated[str, Meta(max_length=128)] = ""
    collections: Named = []


# What rules see of an event: flat data, the tags of a backend's event, the lines of an order.
TriedData = Annotated[
    dict[FieldOfAction, Said | Annotated[list[Word | LineOfTry], Meta(max_length=1000)]], Meta(max_length=53)
]


class TryEvent(Body):
    advocate_id: UUID
    event: ActionName
    data: TriedData = {}
    origin: Literal["client", "server"] = "server"

    def said(self) -> dict[str, Any]:
        """:raises Invalid: if it would be an app's word, and says what apps cannot"""
        listed = next((name for name, value in self.data.items() if isinstance(value, list)), None)
        if listed is not None and self.origin == "client":
            raise Invalid(f"data.{listed} is a list: apps send none.", field=f"data.{listed}")
        return {name: msgspec.to_builtins(value) for name, value in self.data.items()}


class StepShape(Shape):
    example = examples.STEP_TRIED

    quest_id: UUID
    task_id: UUID
    task_key: str
    matched: bool
    reason: str | None
    before: float
    after: float
    target: int
    completed: bool

    @classmethod
    def of(cls, verdict: Verdict) -> "StepShape":
        step = verdict.step
        return cls(
            quest_id=step.run.quest_id,
            task_id=step.task.pk,
            task_key=step.key,
            matched=verdict.moves,
            reason=verdict.reason,
            before=float(verdict.before),
            after=float(verdict.after),
            target=step.target,
            completed=verdict.completes,
        )


class RuleShape(Shape):
    example = examples.RULE_TRIED

    rule_id: UUID
    key: str
    version: int
    matched: bool
    reason: str | None
    points: int
    metric: str
    caps: list[str]

    @classmethod
    def of(cls, payout: Payout) -> "RuleShape":
        return cls(
            rule_id=payout.rule.rule_id,
            key=payout.rule.key,
            version=payout.rule.version,
            matched=payout.pays,
            reason=payout.reason,
            points=payout.points,
            metric=payout.rule.metric,
            caps=list(payout.caps),
        )


class Trial(Shape):
    example = examples.TRIAL

    outcome: str
    points_awarded: int
    quests_completed: list[UUID]
    tasks: list[StepShape]
    rules: list[RuleShape]


class DryRun(KeyView):
    @operation(
        "Try an event without sending it",
        body=TryEvent,
        answer=Trial,
        errors=(Code.FORBIDDEN, Code.NOT_FOUND, Code.CONFLICT),
        idempotency="none",
        example={"advocateId": ADVOCATE_ID, "event": "ride_completed", "data": {"km": 12}},
        description=(
            "Tells what the event would move, complete and pay, and of every task and rule that listens to it "
            "and would do nothing, why. Nothing is written. `origin` says whose word it would be: that of your "
            "`server`, or of an end user's app, the `client`."
        ),
    )
    def post(self, call: Call[TryEvent, None]) -> Trial:
        body = call.body
        report = Report(account_id=body.advocate_id, name=body.event, data=body.said(), origin=body.origin)
        taken = actions.dry_run(report, business=call.business)
        return Trial(
            outcome=taken.outcome,
            points_awarded=taken.points,
            quests_completed=[one.completion.quest_id for one in taken.completed if one.completed_quest],
            tasks=[StepShape.of(verdict) for verdict in taken.verdicts],
            rules=[RuleShape.of(payout) for payout in taken.paid],
        )
