"""The parts of the hosted page that show a person's own things: HTML, for the bearer of their token.

No cookie is read, so no other site can make a browser call these; they are never cached.
"""

import re
from collections.abc import Sequence
from functools import partial
from hashlib import sha256
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from advocates.services import advocates
from loyalty.api import addresses, authentication, limits
from loyalty.api.authentication import Unauthenticated
from loyalty.api.paging import PageQuery, page_by_cursor
from loyalty.kernel.errors import Code, DomainError, Invalid
from loyalty.models import Business
from loyalty.selectors import ledger
from loyalty.services import idempotency, wallets
from loyalty.services import ledger as points
from loyalty.services.idempotency import Answer
from rewards.selectors.redemptions import redemptions_of
from rewards.services import gift_links, redemptions
from widget.selectors import pages
from widget.services import openings

PER_PAGE = 20
KEY = re.compile(r"[!-~]{1,255}")
REFUSALS = {
    Code.INSUFFICIENT_POINTS: "You do not have enough points for this yet.",
    Code.OUT_OF_STOCK: "Someone was faster: this has just sold out.",
    Code.INSUFFICIENT_FUNDS: "This cannot be had just now. Your points are untouched: try again later.",
    Code.NOT_ELIGIBLE: "This is for members of another tier.",
    Code.LIMIT_REACHED: "You already have as many of these as one person can have.",
    Code.REWARD_INACTIVE: "This is not on offer any more.",
    Code.NOT_FOUND: "This is not on offer any more.",
    Code.CONFLICT: "We are still working on this. Look again in a moment.",
}


@method_decorator(csrf_exempt, name="dispatch")
class Fragment(View):
    """One part, for the person whose token the request carries, on the page of their business."""

    business: Business
    account_id: UUID

    def dispatch(self, request: HttpRequest, *args: Any, slug: str, **kwargs: Any) -> HttpResponseBase:
        try:
            self.business, self.account_id = _bearer(request, slug)
            handle = partial(super().dispatch, request, *args, **kwargs)
            with timezone.override(ZoneInfo(self.business.timezone)):
                response = idempotency.insist(handle)
        except DomainError as error:
            response = respond(_refusal(error))
        response["Cache-Control"] = "no-store"
        return response

    def _list(self, name: str, **context: Any) -> HttpResponse:
        wallet = wallets.of_one(business=self.business, account_id=self.account_id)
        return respond(render(name, balance=wallet.amount, **context))


class Opening(Fragment):
    """The page says once that somebody has opened it."""

    def post(self, request: HttpRequest) -> HttpResponse:
        token = request.headers["Authorization"].partition(" ")[2]
        openings.note(business=self.business, account_id=self.account_id, token=token)
        return HttpResponse(status=204)


class Home(Fragment):
    def get(self, request: HttpRequest) -> HttpResponse:
        advocates.touch(business=self.business, advocate_id=self.account_id)
        home = pages.home(business=self.business, account_id=self.account_id)
        if home.is_due:
            points.settle(business_id=self.business.pk, account_id=self.account_id)
            home = pages.home(business=self.business, account_id=self.account_id)
        return respond(render("home", home=home, balance=home.balance))


class Rewards(Fragment):
    def get(self, request: HttpRequest) -> HttpResponse:
        wallets.settle_due(business=self.business, account_id=self.account_id)
        window = pages.window(business=self.business, account_id=self.account_id)
        return respond(render("rewards", cards=window.cards, balance=window.balance))


class Coupons(Fragment):
    def get(self, request: HttpRequest) -> HttpResponse:
        rows = redemptions_of(business=self.business, advocate_id=self.account_id)
        page = page_by_cursor(rows, page_query(request), business=self.business)
        is_first = "cursor" not in request.GET
        return self._list(
            "coupons",
            gifts=gift_links.given_to(business=self.business, advocate_id=self.account_id) if is_first else (),
            coupons=pages.coupons(page.items, business=self.business),
            cursor=page.next_cursor,
        )


class History(Fragment):
    def get(self, request: HttpRequest) -> HttpResponse:
        wallets.settle_due(business=self.business, account_id=self.account_id)
        rows = ledger.entries(business=self.business, account_id=self.account_id).filter(metric__key="points")
        page = page_by_cursor(rows, page_query(request), business=self.business, order=("-sequence",))
        return self._list("history", movements=pages.movements(page.items), cursor=page.next_cursor)


class Choice(Fragment):
    """What one reward is, and what redeeming it would leave; then the redeem itself."""

    def get(self, request: HttpRequest, reward_id: UUID) -> HttpResponse:
        wallets.settle_due(business=self.business, account_id=self.account_id)
        choice = pages.choice(business=self.business, account_id=self.account_id, reward_id=reward_id)
        return respond(render("choice", choice=choice))

    def post(self, request: HttpRequest, reward_id: UUID) -> HttpResponse:
        answer = idempotency.run(
            lambda: self._redeem(reward_id),
            business=self.business,
            key=_key(request, self.account_id),
            refuse=_refusal,
        )
        return respond(answer)

    def _redeem(self, reward_id: UUID) -> Answer:
        redemption = redemptions.redeem(business=self.business, reward_id=reward_id, advocate_id=self.account_id)
        balance = pages.balance(business=self.business, account_id=self.account_id)
        (coupon,) = pages.coupons([redemption], business=self.business)
        return render("redeemed", coupon=coupon, balance=balance)


def _bearer(request: HttpRequest, slug: str) -> tuple[Business, UUID]:
    """Whose token this is. Strangers are counted by address, people one by one."""
    try:
        caller = authentication.by_token(request)
        if caller.business.slug != slug or caller.account_id is None:
            raise Unauthenticated("This token is for another programme.")
    except DomainError:
        _count(limits.for_address(addresses.client_address(request)))
        raise
    _count(limits.for_user(caller.account_id))
    return caller.business, caller.account_id


def _count(windows: Sequence[limits.Window]) -> None:
    count = limits.hit(windows)
    if not count.is_allowed:
        raise limits.RateLimited(count.retry_after())


def _key(request: HttpRequest, account_id: UUID) -> idempotency.Key:
    text = request.headers.get("Idempotency-Key", "")
    if not KEY.fullmatch(text):
        raise Invalid("A redeem needs an Idempotency-Key of 1 to 255 visible ASCII characters.")
    return idempotency.Key(account_id, text, sha256(f"POST {request.path}".encode()).digest())


def page_query(request: HttpRequest) -> PageQuery:
    return PageQuery(limit=PER_PAGE, cursor=request.GET.get("cursor"))


def render(name: str, *, status: int = 200, **context: Any) -> Answer:
    """Without the request, so that no context processor can look at a cookie."""
    return Answer(status, render_to_string(f"widget/parts/{name}.html", context).encode())


def _refusal(error: DomainError) -> Answer:
    text = REFUSALS.get(error.code, "This did not work. Reload the page and try again.")
    return render("refused", status=error.code.status, text=text)


def respond(answer: Answer) -> HttpResponse:
    return HttpResponse(answer.body, status=answer.status)
