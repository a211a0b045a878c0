"""What an event would do: told, and not done."""

from typing import Literal
from uuid import UUID

from loyalty.api import examples
from loyalty.api.audience import ActionData, ActionName
from loyalty.api.examples import ADVOCATE_ID
from loyalty.api.parsing import Body
from loyalty.api.views import Call, KeyView, Shape, operation
from loyalty.kernel.errors import Code
from loyalty.services import actions
from loyalty.services.payouts import Payout
from loyalty.services.progress import Verdict
from loyalty.services.reports import Report


class TryEvent(Body):
    advocate_id: UUID
    event: ActionName
    data: ActionData = {}
    origin: Literal["client", "server"] = "server"


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
        report = Report(account_id=body.advocate_id, name=body.event, data=body.data, origin=body.origin)
        taken = actions.dry_run(report, business=call.business)
        return Trial(
            outcome=taken.outcome,
            points_awarded=taken.points,
            quests_completed=[one.completion.quest_id for one in taken.completed if one.completed_quest],
            tasks=[StepShape.of(verdict) for verdict in taken.verdicts],
            rules=[RuleShape.of(payout) for payout in taken.paid],
        )
