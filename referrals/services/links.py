"""The short link: it counts the visit, and says where to go."""

import re

from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Upper

from loyalty.kernel.errors import NotFound
from loyalty.models import Business
from referrals.models import ReferralCode
from referrals.selectors import links
from referrals.services import clicks, signals

NAME = re.compile(r"[A-Za-z0-9_.-]{3,60}")


class LeadsNowhere(NotFound):
    def __init__(self) -> None:
        super().__init__("link")


@transaction.atomic
def follow(*, name: str, to: str, address: str, agent: str, is_visit: bool = True) -> str:
    """Count a visit through `/r/<name>`, and answer the page of the shop that it leads to.

    :param to: where the visitor would like to go; obeyed on the business's own origins only
    :raises LeadsNowhere: if there is no such link, or its business is suspended or lists no origin
    """
    code = _locked(name)
    page = links.destination(code.business, code=code.code, to=to)
    if page is None:
        raise LeadsNowhere
    if is_visit:
        seen = signals.of(code.business, address=address or "unknown", agent=agent or "unknown")
        clicks.count(code, seen)
    return page


def _locked(name: str) -> ReferralCode:
    """The name says which business it is: among the links of all of them it is unique."""
    rows = ReferralCode.objects.alias(upper_name=Upper("link_name")).filter(upper_name=Upper(Value(name)))
    active = rows.filter(business__status=Business.Status.ACTIVE).select_related("business")
    code = active.select_for_update(of=("self",), no_key=True).first() if NAME.fullmatch(name) else None
    if code is None:
        raise LeadsNowhere
    return code
