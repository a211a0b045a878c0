"""Who calls, by which credential. A key is looked up by its digest and remembered for at most 5 seconds."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Literal, cast
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest

from loyalty.api import addresses
from loyalty.kernel import clock, crypto
from loyalty.kernel.errors import Code, DomainError
from loyalty.models import ApiKey, Business
from loyalty.services import tokens

REMEMBERED_SECONDS = 4.0  # within the 5 s in which a revocation takes hold, with time for a slow request
MOST_REMEMBERED = 10_000


class Unauthenticated(DomainError):
    code = Code.UNAUTHENTICATED


class Forbidden(DomainError):
    code = Code.FORBIDDEN


class IpNotAllowed(DomainError):
    code = Code.IP_NOT_ALLOWED

    def __init__(self, address: str) -> None:
        super().__init__(
            f"The address {address or 'of this call'} is not in the allowlist of this business. "
            f"Add it in the dashboard: {settings.PUBLIC_URL}/admin/ under Settings, IP allowlist."
        )


class HttpsRequired(DomainError):
    code = Code.HTTPS_REQUIRED

    def __init__(self) -> None:
        super().__init__("Call this over HTTPS. Replace the key: it has crossed the network in the clear.")


Kind = Literal["secret", "integration", "user", "gift"]


@dataclass(frozen=True, slots=True)
class Caller:
    """A credential's business, rights and limits.

    `account_id` is set for a user's token, and for a gift account's; `key_id` for a key.
    """

    business: Business
    kind: Kind
    scopes: frozenset[str]
    key_name: str
    allowlist: tuple[IPv4Network | IPv6Network, ...] = ()
    account_id: UUID | None = None
    key_id: UUID | None = None


LookUp = Callable[[bytes], Caller]  # by a credential's digest


def by_key(request: HttpRequest, *, kind: Kind) -> Caller:
    """The caller of a key of one kind.

    :raises Unauthenticated: without a key, or with one that is unknown, revoked or expired
    :raises Forbidden: with a key of another kind, or of a suspended business
    :raises IpNotAllowed: for an integration key from an address that is not listed
    """
    text = _presented(request, as_bearer=kind == "secret")
    caller = remembered(text, _looked_up)
    if caller.kind != kind:
        wanted, used = ("sk_…", "ik_…") if kind == "secret" else ("ik_…", "sk_…")
        raise Forbidden(f"This path takes a {wanted} key, not a {used} key.")
    if kind == "integration":
        _check_address(request, caller)
    return caller


def by_token(request: HttpRequest) -> Caller:
    """The caller of an end user's token.

    :raises Unauthenticated: without a token, or with one that is forged, expired or revoked
    """
    token = bearer(request)
    if not token:
        raise Unauthenticated("Send a user token: Authorization: Bearer <token>.")
    claims = tokens.verify(token)
    return Caller(claims.business, "user", frozenset(claims.scope.split()), "user", (), claims.account_id)


def forget() -> None:
    """Forget every remembered key of this process."""
    _memory.clear()


_memory: dict[tuple[LookUp, bytes], tuple[float, Caller]] = {}


def bearer(request: HttpRequest) -> str:
    """What `Authorization: Bearer …` says; empty without it."""
    scheme, _, text = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    return str(text.strip()) if scheme.lower() == "bearer" else ""


def _presented(request: HttpRequest, *, as_bearer: bool) -> str:
    text = (as_bearer and bearer(request)) or str(request.META.get("HTTP_X_API_KEY", ""))
    if not text:
        raise Unauthenticated(
            "Send your key: Authorization: Bearer sk_…" if as_bearer else "Send your key: X-API-KEY: ik_…"
        )
    return text


def remembered(text: str, look_up: LookUp) -> Caller:
    """The caller whose credential this is, looked up where this process does not know it."""
    digest = crypto.digest(text)
    found = _memory.get((look_up, digest))
    if found and found[0] > time.monotonic():
        return found[1]
    if len(_memory) >= MOST_REMEMBERED:
        _memory.clear()
    caller = look_up(digest)
    _memory[look_up, digest] = (time.monotonic() + REMEMBERED_SECONDS, caller)
    return caller


def _looked_up(digest: bytes) -> Caller:
    key = (
        ApiKey.objects.usable(at=clock.wall())
        .select_related("business", "business__plan")
        .filter(digest=digest)
        .first()
    )
    if key is None:
        raise Unauthenticated("This key is unknown, revoked or expired.")
    business = key.business
    if business.status != Business.Status.ACTIVE:
        raise Forbidden("This business is suspended. Ask the operator of this service.")
    networks = tuple(ip_network(text, strict=False) for text in business.ip_allowlist)
    return Caller(
        business=business,
        kind=cast("Kind", key.kind),
        scopes=frozenset(key.scopes),
        key_name=key.name,
        allowlist=networks,
        key_id=key.pk,
    )


def _check_address(request: HttpRequest, caller: Caller) -> None:
    """An empty list admits nobody."""
    address = addresses.parse_address(addresses.client_address(request))
    if address is None or not any(address in network for network in caller.allowlist):
        raise IpNotAllowed(str(address or ""))
