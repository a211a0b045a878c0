"""The Loyalty API: what an end user's app asks and tells, with the user's own token."""

from typing import Annotated

from msgspec import Meta

from loyalty.api.parsing import Body
from loyalty.api.views import Call, UserView, operation
from loyalty.kernel.errors import Code
from loyalty.services import actions
from loyalty.services.quest_rules import Fraction, Whole

Said = Annotated[str, Meta(max_length=1024)] | Whole | Fraction | bool
ActionName = Annotated[str, Meta(min_length=1, max_length=64)]
ActionData = Annotated[dict[Annotated[str, Meta(min_length=1, max_length=64)], Said], Meta(max_length=50)]


class NewAction(Body):
    action: ActionName
    data: ActionData = {}


class Action(UserView):
    @operation(
        "Report an action",
        body=NewAction,
        errors=(Code.CONFLICT,),
        example={"action": "ride_completed", "data": {"km": 12, "city": "Ulm", "night": False}},
        description="It moves the quests that listen to it, at once. An unknown name is accepted and kept.",
        tags=("loyalty",),
    )
    def post(self, call: Call[NewAction, None]) -> None:
        assert call.caller.account_id  # a user's token has one
        report = actions.Report(
            account_id=call.caller.account_id, name=call.body.action, data=call.body.data, origin="client"
        )
        actions.take(report, business=call.business)
