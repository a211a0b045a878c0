"""The Tap to Earn programmes of a programme's document."""

from typing import Literal

from loyalty.models import TapProgramme
from loyalty.services import tap_programmes
from loyalty.services.programmes_section import Programmes
from loyalty.services.quest_rules import Key, Title
from loyalty.services.tap_programmes import TapRules, problems


class TapItem(TapRules, kw_only=True):
    """A programme. What it pays and whom it is for are keys of other sections."""

    key: Key
    title: Title
    status: Literal["active", "paused"] = "active"


SECTION = Programmes(
    section="tapToEarn",
    item=TapItem,
    rules=TapRules,
    rows=lambda business: TapProgramme.objects.for_business(business).select_related("pays"),
    rules_of=tap_programmes.rules_of,
    create=tap_programmes.create,
    update=tap_programmes.update,
    problems=problems,
    metrics=("pays",),
).as_section()
