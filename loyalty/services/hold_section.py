"""The Hold to Earn programmes of a programme's document."""

from typing import Literal

from loyalty.models import HoldProgramme
from loyalty.services import hold_programmes
from loyalty.services.hold_rules import HoldRules, problems
from loyalty.services.programmes_section import Programmes
from loyalty.services.quest_rules import Key, Title


class HoldItem(HoldRules, kw_only=True):
    """A programme. What it counts and whom it is for are keys of other sections."""

    key: Key
    title: Title
    status: Literal["active", "paused"] = "active"


SECTION = Programmes(
    section="holdToEarn",
    item=HoldItem,
    rules=HoldRules,
    rows=lambda business: HoldProgramme.objects.for_business(business).select_related("business", "stake", "pays"),
    rules_of=hold_programmes.rules_of,
    create=hold_programmes.create,
    update=hold_programmes.update,
    problems=problems,
    metrics=("stake", "pays"),
).as_section()
