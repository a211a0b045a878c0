"""Around every request: an id, one log line, and the gate that answers API paths without the pages' middlewares."""

import re
import time
from collections.abc import Callable

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve

from loyalty.api import addresses, limits
from loyalty.api.authentication import HttpsRequired
from loyalty.api.surfaces import Surface, surface_of
from loyalty.api.views import refusal
from loyalty.api.views import request_id as request_identity
from loyalty.kernel import ids
from loyalty.kernel.errors import Code, DomainError

log = structlog.get_logger(__name__)

Respond = Callable[[HttpRequest], HttpResponse]
SANE_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")


class UnknownPath(DomainError):
    code = Code.NOT_FOUND

    def __init__(self) -> None:
        super().__init__("There is nothing at this path. Check its spelling in /api/docs/.")


class Internal(DomainError):
    code = Code.INTERNAL

    def __init__(self) -> None:
        super().__init__("Something failed on our side. Try again; if it stays, tell us the requestId.")


class Unavailable(DomainError):
    code = Code.UNAVAILABLE

    def __init__(self) -> None:
        super().__init__("The database cannot be reached. Try again in a moment.", retry_after=5)


def request_id(respond: Respond) -> Respond:
    """Take or make `X-Request-Id`, echo it, and log the request by its route, never by its path's values."""

    def middleware(request: HttpRequest) -> HttpResponse:
        started = time.perf_counter()
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        identity = given if SANE_ID.fullmatch(given) else ids.new_id().hex
        request.request_id = identity  # type: ignore[attr-defined]  # ours, on every request
        response = respond(request)
        response["X-Request-Id"] = identity
        log.info(
            "request",
            id=identity,
            method=request.method,
            route=request.resolver_match.route if request.resolver_match else None,
            status=response.status_code,
            ms=round((time.perf_counter() - started) * 1000, 1),
        )
        return response

    return middleware


def api_gate(respond: Respond) -> Respond:
    """Answer API paths here, always in JSON and with their limits; leave pages to the middlewares below."""

    def middleware(request: HttpRequest) -> HttpResponse:
        surface = surface_of(request.path_info)
        if surface is None:
            return respond(request)
        response = _answer(surface, request)
        count = getattr(request, "limit_count", None)
        if count is None:  # nobody we know: counted by address
            count = limits.hit(limits.for_address(addresses.client_address(request)))
            is_away = response.status_code == Code.UNAVAILABLE.status  # nobody could be recognised
            if not (count.is_allowed or is_away):
                response = refusal(surface, limits.RateLimited(count.retry_after()), request)
        for name, value in count.headers().items():
            response[name] = value
        response["Content-Length"] = str(len(response.content))  # or the server would answer in chunks
        return response

    return middleware


def _answer(surface: Surface, request: HttpRequest) -> HttpResponse:
    if settings.REQUIRE_HTTPS and not request.is_secure():
        return refusal(surface, HttpsRequired(), request)
    try:
        match = resolve(request.path_info)
        request.resolver_match = match
        return match.func(request, *match.args, **match.kwargs)  # type: ignore[no-any-return]  # a view
    except Resolver404:
        return refusal(surface, UnknownPath(), request)
    except (OperationalError, InterfaceError) as error:
        log.error("database_unreachable", id=request_identity(request), error=type(error).__name__)
        return refusal(surface, Unavailable(), request)
    except Exception:
        log.exception("crash", id=request_identity(request))
        return refusal(surface, Internal(), request)
