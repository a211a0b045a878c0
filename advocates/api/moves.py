"""Points that a caller gives or takes by hand."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from loyalty.api import types
from loyalty.api.parsing import Body
from loyalty.kernel import points
from loyalty.kernel.errors import Invalid
from loyalty.services.ledger import POINTS


class MovePoints(Body):
    amount: Annotated[int, Meta(ge=-points.MAX_MOVE, le=points.MAX_MOVE)]
    type: Literal["award", "deduct"] | None = None
    description: types.Text500 = ""
    metric: types.Key = POINTS
    expires_at: types.Timestamp | None = None
    pending_until: types.Timestamp | None = None

    def checked(self, *, now: datetime, is_repeat: Callable[[], bool]) -> int:
        """The amount, negative for a deduction. What repeats an earlier request may name times that have come since.

        :raises Invalid: if amount, type and times do not fit each other
        """
        if self.type == "deduct" or (self.type is None and self.amount < 0):
            return -self._deducted()
        if self.amount < 1:
            raise Invalid("amount must be at least 1. To take points, send the type deduct.", field="amount")
        for name, moment in (("expiresAt", self.expires_at), ("pendingUntil", self.pending_until)):
            if moment and moment <= now and not is_repeat():
                raise Invalid(f"{name} must be in the future.", field=name)
        if self.expires_at and self.pending_until and self.expires_at <= self.pending_until:
            raise Invalid("expiresAt must come after pendingUntil.", field="expiresAt")
        return self.amount

    def _deducted(self) -> int:
        amount = self.amount if self.type else -self.amount
        if amount < 1:
            raise Invalid("amount must be at least 1. The type deduct takes it away.", field="amount")
        for name, moment in (("expiresAt", self.expires_at), ("pendingUntil", self.pending_until)):
            if moment:
                raise Invalid(f"Only awards have {name}. Remove it.", field=name)
        return amount
