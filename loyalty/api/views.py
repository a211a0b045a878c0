"""The base of every API view: credential, limit, parsing, idempotency, one call, answer.

A view's methods are declared with `@operation`, from which the schema is generated too. Structs in, structs out;
DRF lends its views' place in the URL tree and in the schema, not its serializers and negotiation, which cost the hot
path more than the database does.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, ClassVar, Generic, Literal, TypeVar
from uuid import UUID

import msgspec
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.http import parse_etags
from rest_framework.views import APIView

from loyalty.api import addresses, authentication, limits, parsing, surfaces
from loyalty.api.authentication import Caller, Forbidden
from loyalty.kernel.errors import Code, DomainError, Invalid, NotFound
from loyalty.models import Business
from loyalty.services import idempotency

B = TypeVar("B")
Q = TypeVar("Q")
M = TypeVar("M", bound=Model)
Idempotency = Literal["wrapped", "inside", "none"]


class Shape(msgspec.Struct, kw_only=True, rename="camel"):
    """What we answer: every field is always there. `example` shows it in the schema; its parts show themselves."""

    example: ClassVar[Mapping[str, Any]] = {}


class MethodNotAllowed(DomainError):
    code = Code.METHOD_NOT_ALLOWED

    def __init__(self, method: str | None, allowed: Sequence[str]) -> None:
        super().__init__(f"{method} is not allowed here. Use {', '.join(allowed)}.")
        self.allowed = allowed


class Call(msgspec.Struct, Generic[B, Q], frozen=True):
    """One parsed request. `key` is set where the handler takes care of idempotency itself."""

    caller: Caller
    body: B
    query: Q
    key: idempotency.Key | None
    request: HttpRequest

    @property
    def business(self) -> Business:
        return self.caller.business


class Reply(msgspec.Struct, frozen=True):
    """An answer that is more than its shape: another status, headers, or a secret that a repeat must not show."""

    shape: Shape | msgspec.Raw | None  # raw: encoded already
    status: int | None = None
    kept: Shape | None = None
    headers: Mapping[str, str] = msgspec.field(default_factory=dict)
    is_replay: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """What the schema and the base view know about one method of a view."""

    summary: str
    body: Any = None
    query: Any = None
    answer: Any = None
    status: int = 200
    other_status: int | None = None  # what it answers with the same shape where something was there before, or was not
    errors: tuple[Code, ...] = ()
    example: Mapping[str, Any] | None = None
    answer_example: Mapping[str, Any] | None = None  # where it is not made of its shapes' own
    idempotency: Idempotency = "wrapped"
    key_field: str = ""  # of the body, where one stands for the Idempotency-Key
    description: str = ""
    tags: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()  # of the request, each required
    media_types: tuple[str, ...] = ("application/json",)  # of the body, or without one of the answer


Handler = TypeVar("Handler", bound=Callable[..., Any])


def operation(summary: str, **declared: Any) -> Callable[[Handler], Handler]:
    """Declare a method of an API view; the fields are those of `Operation`."""

    def declare(handler: Handler) -> Handler:
        handler.operation = Operation(summary, **declared)  # type: ignore[attr-defined]  # read back below
        return handler

    return declare


def get_or_404(rows: "QuerySet[M]", *, noun: str, field: str | None = None, **lookup: Any) -> M:
    """The one row of `rows`.

    :raises NotFound: naming `field`, where the id came in a body
    """
    row = rows.filter(**lookup).first()
    if row is None:
        raise NotFound(noun, field=field)
    return row


def tagged(request: HttpRequest, shape: Shape, **headers: str) -> Reply:
    """The answer with its ETag, or 304 where the caller has it already, or a proxy that compressed it (`W/`)."""
    tag = f'"{sha256(msgspec.json.encode(shape)).hexdigest()[:32]}"'
    said = {"ETag": tag, **headers}
    known = [each.removeprefix("W/") for each in parse_etags(request.META.get("HTTP_IF_NONE_MATCH", ""))]
    if tag in known or known == ["*"]:
        return Reply(None, status=304, headers=said)
    return Reply(shape, headers=said)


class ApiView(APIView):
    surface: ClassVar[surfaces.Surface] = surfaces.ADVOCATES
    max_body: ClassVar[int] = parsing.MAX_BODY
    is_guessable: ClassVar[bool] = False  # a look-up that could be guessed at is refused while Redis is away

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            caller, windows = self.authenticate_caller(request)
            count = limits.hit(windows, is_guessable=self.is_guessable)
            request.limit_count = count  # type: ignore[attr-defined]  # the gate writes it into the headers
            if not count.is_allowed:
                raise limits.RateLimited(count.retry_after())
            return self._handle(request, caller, kwargs)
        except DomainError as error:
            return refusal(self.surface, error, request)

    def authenticate_caller(self, request: HttpRequest) -> tuple[Caller | None, Any]:
        """The caller, if the view asks for one, and the windows that count the call."""
        raise NotImplementedError

    def _handle(self, request: HttpRequest, caller: Caller | None, kwargs: dict[str, Any]) -> HttpResponse:
        handler, declared = self.declared(request)
        if caller and caller.kind != "user":
            _check_scope(caller, request)
        data = self.read_body(request) if declared.body else None
        body = parsing.to_struct(data, declared.body) if declared.body else None
        query = parsing.query_to_struct(request.GET, declared.query or parsing.Body)
        key = _key(request, caller, declared, data)
        is_inside = declared.idempotency == "inside"
        call = Call(caller, body, query, key if is_inside else None, request)  # type: ignore[arg-type]  # open views have no caller
        extra: dict[str, str] = {}

        def work() -> idempotency.Answer:
            reply = handler(call, **kwargs)
            if not isinstance(reply, Reply):
                reply = Reply(reply)
            extra.update(reply.headers)
            return _answer(reply, declared)

        if key is None or is_inside or caller is None:
            answer = idempotency.insist(work)
        else:
            answer = idempotency.run(
                work,
                business=caller.business,
                key=key,
                refuse=lambda error: idempotency.Answer(
                    error.code.status, msgspec.json.encode(self.surface.render(error, request_id(request)))
                ),
            )
        return _response(answer, extra)

    def declared(self, request: HttpRequest) -> tuple[Callable[..., Any], Operation]:
        """The handler of the request's method.

        :raises MethodNotAllowed: if there is none
        """
        handler = getattr(self, (request.method or "").lower(), None)
        declared: Operation | None = getattr(handler, "operation", None)
        if handler is None or declared is None:
            raise MethodNotAllowed(request.method, self._methods())
        return handler, declared

    def read_body(self, request: HttpRequest) -> Any:
        """The body as plain data."""
        return parsing.read_json(request, limit=self.max_body)

    def _methods(self) -> list[str]:
        return [m.upper() for m in self.http_method_names if hasattr(getattr(self, m, None), "operation")]


class KeyView(ApiView):
    """For a merchant's backend, by secret key."""

    def authenticate_caller(self, request: HttpRequest) -> tuple[Caller | None, Any]:
        caller = authentication.by_key(request, kind="secret")
        return caller, _windows(caller)


class IntegrationView(ApiView):
    """For a merchant's backend, by integration key, from a listed address."""

    surface = surfaces.INTEGRATION

    def authenticate_caller(self, request: HttpRequest) -> tuple[Caller | None, Any]:
        caller = authentication.by_key(request, kind="integration")
        return caller, _windows(caller)


class UserView(ApiView):
    """For an end user's app, by user token."""

    surface = surfaces.LOYALTY

    def authenticate_caller(self, request: HttpRequest) -> tuple[Caller | None, Any]:
        caller = authentication.by_token(request)
        return caller, limits.for_user(caller.account_id)


class VisitorView(ApiView):
    """For an end user's app, with or without a user token: then it is counted by address, and has no caller."""

    surface = surfaces.LOYALTY

    def authenticate_caller(self, request: HttpRequest) -> tuple[Caller | None, Any]:
        if request.META.get("HTTP_AUTHORIZATION"):
            caller = authentication.by_token(request)
            return caller, limits.for_user(caller.account_id)
        return None, limits.for_address(addresses.client_address(request))


class OpenView(ApiView):
    """For anyone, counted by address."""

    is_guessable = True

    def authenticate_caller(self, request: HttpRequest) -> tuple[Caller | None, Any]:
        return None, limits.for_address(addresses.client_address(request))


def refusal(surface: surfaces.Surface, error: DomainError, request: HttpRequest) -> HttpResponse:
    """An error in its surface's own words."""
    body = msgspec.json.encode(surface.render(error, request_id(request)))
    response = HttpResponse(body, status=error.code.status, content_type="application/json")
    if error.retry_after is not None:
        response["Retry-After"] = str(error.retry_after)
    if error.code is Code.UNAUTHENTICATED:
        response["WWW-Authenticate"] = "Bearer"
    if error.is_replay:
        response["Idempotent-Replayed"] = "true"
    if isinstance(error, MethodNotAllowed):
        response["Allow"] = ", ".join(error.allowed)
    response["Cache-Control"] = "no-store"
    return response


def request_id(request: HttpRequest) -> str:
    return str(getattr(request, "request_id", ""))


def _windows(caller: Caller) -> Any:
    plan = caller.business.plan
    return limits.for_business(caller.business.pk, plan.calls_per_minute, plan.calls_per_day)


def _check_scope(caller: Caller, request: HttpRequest) -> None:
    needed = "read" if request.method == "GET" else "write"
    if needed not in caller.scopes:
        raise Forbidden(f"This key may not {needed}. Use a key with the scope {needed}.")


def _key(request: HttpRequest, caller: Caller | None, declared: Operation, data: Any) -> idempotency.Key | None:
    name = declared.key_field
    text = f"{name}:{data[name]}" if name else request.META.get("HTTP_IDEMPOTENCY_KEY")
    if text is None or caller is None or request.method != "POST" or declared.idempotency == "none":
        return None
    if not (1 <= len(text) <= 255 and text.isascii() and text.isprintable() and " " not in text):
        raise Invalid("Idempotency-Key must be 1 to 255 visible ASCII characters.", field="Idempotency-Key")
    scope: UUID = caller.account_id or caller.business.pk
    said = f"{request.method} {request.get_full_path()}\n".encode() + parsing.canonical(data)
    return idempotency.Key(scope, kept_key(text), sha256(said).digest())


def kept_key(text: str) -> str:
    """A caller's key as it is kept: what they wrote may name somebody."""
    return sha256(text.encode()).hexdigest()


def _answer(reply: Reply, declared: Operation) -> idempotency.Answer:
    status = reply.status or declared.status
    if reply.shape is None:
        return idempotency.Answer(status, b"", is_replay=reply.is_replay)
    kept = None if reply.kept is None else msgspec.json.encode(reply.kept)
    return idempotency.Answer(status, msgspec.json.encode(reply.shape), kept, reply.is_replay)


def _response(answer: idempotency.Answer, extra: Mapping[str, str]) -> HttpResponse:
    response = HttpResponse(answer.body, status=answer.status, content_type="application/json")
    response["Cache-Control"] = "no-store"
    if answer.is_replay:
        response["Idempotent-Replayed"] = "true"
    for name, value in extra.items():
        response[name] = value
    return response
