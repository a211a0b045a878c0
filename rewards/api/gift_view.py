"""What every view of the Gift Card API stands on: who calls, by which token, and how often codes may be tried."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import structlog
from django.http import HttpRequest

from loyalty import events
from loyalty.api import authentication, limits, surfaces
from loyalty.api.authentication import Caller, Forbidden, Unauthenticated
from loyalty.api.parsing import Body
from loyalty.api.views import ApiView, Call, Shape
from loyalty.events import Happening
from loyalty.kernel import clock
from loyalty.models import Business
from rewards.events import GIFT_CARD_GUESSED
from rewards.models import GiftToken
from rewards.services.gift_accounts import AccountDisabled

log = structlog.get_logger(__name__)

SCOPES = frozenset({"read", "write"})
MISSES = 100  # wrong codes that an account may try in a minute


class GiftBody(Body, rename="pascal"):
    """What a caller of the Gift Card API sends."""


class GiftShape(Shape, rename="pascal"):
    """What the Gift Card API answers."""


class GiftView(ApiView):
    """For any system that sends gift cards, by a token of `POST /v1/Tokens`."""

    surface = surfaces.GIFT_CARDS

    def authenticate_caller(self, request: HttpRequest) -> tuple[Caller | None, Any]:
        token = authentication.bearer(request)
        if token.startswith(("sk_", "ik_")) or "HTTP_X_API_KEY" in request.META:
            raise Forbidden("This path takes a token of POST /v1/Tokens, not a key.")
        if not token:
            raise Unauthenticated("Send a token of POST /v1/Tokens: Authorization: Bearer <Value>.")
        caller = authentication.remembered(token, _looked_up)
        plan = caller.business.plan
        return caller, limits.for_business(caller.business.pk, plan.calls_per_minute, plan.calls_per_day)


def account_of(call: Call[Any, Any]) -> UUID:
    assert call.caller.account_id is not None  # every gift token has one
    return call.caller.account_id


@contextmanager
def guarded(call: Call[Any, Any]) -> Iterator[None]:
    """Let an account try codes: each counts, unless it is right. Beyond the limit none is even looked up.

    :raises RateLimited, LimiterUnavailable: then, and while nobody can count
    """
    account_id = account_of(call)
    try:
        with limits.only_misses([limits.Window(f"codes:{account_id}", limits.MINUTE, MISSES)]):
            yield
    except limits.RateLimited:
        _alarm(call.business, account_id)
        raise


def _alarm(business: Business, account_id: UUID) -> None:
    """Say so, once a minute."""
    once = limits.Window(f"alarm:{account_id}", limits.MINUTE, 1)
    if limits.hit((once,)).is_allowed:
        log.warning("gift_codes_guessed", business=str(business.pk), account=str(account_id))
        facts = {"id": str(account_id), "refused": MISSES}
        events.record([Happening(business.pk, GIFT_CARD_GUESSED, None, facts)], now=clock.now(business))


def _looked_up(digest: bytes) -> Caller:
    rows = GiftToken.objects.usable(at=clock.wall()).filter(digest=digest)
    token = rows.select_related("account", "business", "business__plan").first()
    if token is None:
        raise Unauthenticated("This token is unknown or has ended. Get another one: POST /v1/Tokens.")
    if token.account.disabled_at or token.business.status != Business.Status.ACTIVE:
        raise AccountDisabled
    return Caller(token.business, "gift", SCOPES, token.account.email, (), token.account_id)
