"""The page behind a card's link, `/g/<token>`. It works without script, and shows the code after a click only."""

from collections.abc import Mapping
from datetime import datetime

from babel.dates import format_time
from csp.decorators import csp_update
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import translation
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from loyalty.api import addresses, limits
from loyalty.kernel import card_numbers, clock, crypto, languages
from rewards.models import GiftCard
from rewards.services import gift_claims, gift_languages, gift_letters, gift_templates, gift_texts
from rewards.services.gift_claims import Claim, NotTheirAddress

PER_ADDRESS = 60  # a minute
MISSES = 20  # wrong answers a day, of a card
LONGEST_ADDRESS = 254


@method_decorator(csrf_exempt, name="dispatch")  # the link alone opens it: there is no cookie to ride on
@method_decorator(csp_update({"img-src": ["https:"]}), name="dispatch")  # products show pictures from elsewhere
class Gift(View):
    """Everybody may open it as often as a person does: whoever tries links at random is soon told to wait."""

    http_method_names = ["get", "head", "post"]

    def dispatch(self, request: HttpRequest, *args: object, **kwargs: str) -> HttpResponseBase:
        address = addresses.client_address(request)
        try:
            count = limits.hit([limits.Window(f"gift:{address}", limits.MINUTE, PER_ADDRESS)], is_guessable=True)
            is_fine = count.is_allowed
            response = super().dispatch(request, *args, **kwargs) if is_fine else _wait(request, count)
        except limits.LimiterUnavailable as error:
            response = _refused(request, 503, error.retry_after or 5)
        except limits.RateLimited as error:
            response = _refused(request, 429, error.retry_after or limits.MINUTE)
        response["Cache-Control"] = "no-store"
        response["X-Robots-Tag"] = "noindex, nofollow"
        response["Referrer-Policy"] = "no-referrer"
        return response

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        is_visit = request.method == "GET" and "prefetch" not in request.headers.get("Sec-Purpose", "")
        card = gift_claims.open_link(token, is_visit=is_visit)
        return _nothing(request) if card is None else _page(request, Claim(card))

    def post(self, request: HttpRequest, token: str) -> HttpResponse:
        tries = limits.Window(f"gift-address:{crypto.digest(token).hex()}", limits.DAY, MISSES)
        said = request.POST.get("address", "")[:LONGEST_ADDRESS]
        try:
            with limits.only_misses([tries]):
                claim = gift_claims.reveal(token, address=said)
        except NotTheirAddress as refusal:
            return _page(request, Claim(refusal.card), said=said, status=403)
        return _nothing(request) if claim is None else _page(request, claim)


def _page(request: HttpRequest, claim: Claim, *, said: str = "", status: int = 200) -> HttpResponse:
    card, business = claim.card, claim.card.order.business
    words = card.line.personalization
    tag = gift_languages.page_of(card, browser=translation.get_language_from_request(request))
    sent_at = card.sent_at or clock.now(business)
    context = {
        "business": business.name,
        "sender": words.get("FromName") or business.name,
        "to": words.get("To", ""),
        "message": words.get("Message", ""),
        "faceplate": next(iter(card.line.product.faceplates), ""),
        "product": gift_texts.texts_in(card.line.product, words.get("CultureCode") or tag),
        "value": _amount(card, card.line.value_minor, tag),
        "left": _left(card, tag),
        "code": claim.code and _readable(card, claim.code),
        "square": claim.code and card_numbers.square(claim.code),
        "asks": not claim.code and gift_claims.asks(card),
        "said": said,
        "is_wrong": status == 403,
        "is_late": request.method == "POST" and status == 200 and not claim.code,
        "claimed_at": card.claimed_at and _moment(card.claimed_at, tag),
        "ends_at": gift_letters.until(card, sent_at=sent_at, language=tag),
    }
    return _said(request, "gifts/card.html", context, language=tag, status=status)


def _readable(card: GiftCard, code: str) -> str:
    """A code of ours in groups; one that somebody else made is shown as it is."""
    if card.balance_minor is None:
        return code
    return card_numbers.grouped(code)


def _left(card: GiftCard, tag: str) -> str:
    """What is left on a card that was used in part."""
    if card.balance_minor is None or card.balance_minor == card.line.value_minor:
        return ""
    return _amount(card, card.balance_minor, tag)


def _amount(card: GiftCard, minor: int, tag: str) -> str:
    return gift_letters.amount_text(minor, card.order.currency, language=tag)


def _moment(at: datetime, tag: str) -> str:
    time = format_time(at, "short", locale=languages.locale_of(tag))
    return f"{gift_letters.day_text(at, language=tag)}, {time} UTC"


def _said(
    request: HttpRequest, template: str, context: Mapping[str, object] | None = None, *, language: str, status: int
) -> HttpResponse:
    """A page in our words of a language."""
    with translation.override(gift_templates.words_in(language) or gift_templates.ENGLISH):
        return render(request, template, context, status=status)


def _nothing(request: HttpRequest) -> HttpResponse:
    language = translation.get_language_from_request(request)
    return _said(request, "gifts/nothing.html", language=language, status=404)


def _wait(request: HttpRequest, count: limits.Count) -> HttpResponse:
    return _refused(request, 429, count.retry_after())


def _refused(request: HttpRequest, status: int, seconds: int) -> HttpResponse:
    language = translation.get_language_from_request(request)
    response = _said(request, "gifts/wait.html", language=language, status=status)
    response["Retry-After"] = str(seconds)
    return response
