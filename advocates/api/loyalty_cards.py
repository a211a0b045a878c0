"""The Platform API: who stands at the till, by the number of the card that they show."""

from typing import Any

import structlog
from django.http import HttpRequest

from advocates.api.customer_shapes import CardBody, CustomerAnswer, CustomerShape
from advocates.services import loyalty_cards, settled
from loyalty.api import addresses, limits
from loyalty.api.authentication import Caller
from loyalty.api.views import Call, KeyView, operation
from loyalty.kernel.errors import Code

log = structlog.get_logger(__name__)

MISSES = 100  # wrong numbers that a key, and an address, may try in a minute


class Lookup(KeyView):
    is_guessable = True

    @operation(
        "Find a customer by the number of their loyalty card",
        body=CardBody,
        answer=CustomerAnswer,
        errors=(Code.NOT_FOUND, Code.UNAVAILABLE),
        example={"card": "7K3MX2-QJH8VN-RD4WTH"},
        description="In any case, with blanks and hyphens or without. A number that is mistyped, unknown, replaced or "
        f"another business's is answered alike. After {MISSES} of them in a minute none is looked up any more.",
        idempotency="none",
    )
    def post(self, call: Call[CardBody, None]) -> CustomerAnswer:
        try:
            with limits.only_misses(_windows(call.caller, call.request)):
                holder = loyalty_cards.holder_of(business=call.business, number=call.body.card)
        except limits.RateLimited:
            log.warning("loyalty_cards_guessed", business=str(call.business.pk), key=call.caller.key_name)
            raise
        profile = settled.profile(business=call.business, advocate_id=holder.pk)
        return CustomerAnswer(customer=CustomerShape.of(profile))


def _windows(caller: Caller, request: HttpRequest) -> list[limits.Window]:
    who: Any = (caller.key_id, addresses.client_address(request))
    return [limits.Window(f"loyalty_cards:{each}", limits.MINUTE, MISSES) for each in who]
