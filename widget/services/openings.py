"""That somebody has opened the widget: told to the engine once a token, which is one visit."""

from hashlib import sha256
from uuid import UUID

from loyalty.models import Business
from loyalty.services import actions
from loyalty.services.reports import Report

TRIGGER = "widget_opened"


def note(*, business: Business, account_id: UUID, token: str) -> None:
    """Tell of a visit. The widget may say so again: it counts once.

    :raises ledger.AccountNotActive: if the person was blocked, merged or erased just now
    """
    signed, _, _ = token.rpartition(".")  # one text has several signatures that hold
    event_id = f"widget:{sha256(signed.encode()).hexdigest()}"
    report = Report(account_id=account_id, name=TRIGGER, data={}, origin="server", event_id=event_id)
    actions.take(report, business=business)
