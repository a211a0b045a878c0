"""End users' tokens: ES256 JWTs that stand for one account of one business, for at most 24 hours.

Its header says which of our keys signed it and nothing more: the algorithm is fixed, and no address in it is
followed. A signature alone opens nothing: account and business are looked up, a few seconds ago at most, so that
a revocation holds in every process within 5.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
from django.conf import settings

from loyalty.kernel import clock, ids
from loyalty.kernel.errors import Code, Conflict, DomainError, NotFound
from loyalty.kernel.recent import Recent
from loyalty.models import Account, Business
from loyalty.services import signing

AUDIENCE = "laurel-user"
LONGEST = timedelta(hours=24)
LEEWAY = timedelta(seconds=2)  # between the clocks of our own servers
MAX_LENGTH = 2048
CLAIMS = ["iss", "aud", "sub", "biz", "scope", "iat", "exp", "jti"]


class InvalidToken(DomainError):
    """Forged, expired or revoked, or its person or business is not active: the caller is not told which."""

    code = Code.UNAUTHENTICATED

    def __init__(self) -> None:
        super().__init__("This user token is not valid, or not any more. Ask the merchant's backend for one.")


class NoTokenForAccount(Conflict):
    def __init__(self) -> None:
        super().__init__("This person is blocked, merged or erased, and gets no token.")


@dataclass(frozen=True, slots=True)
class TokenClaims:
    """What a valid token says, with the business it belongs to."""

    business: Business
    account_id: UUID
    scope: str
    token_id: str
    expires_at: datetime


def issue(*, business: Business, account_id: UUID, scope: str = "widget", lifetime: timedelta = LONGEST) -> str:
    """Sign a token for an account.

    :raises NotFound: if the business has no such account
    :raises NoTokenForAccount: if the account is not active
    """
    assert timedelta(0) < lifetime <= LONGEST
    account = Account.objects.for_business(business).filter(pk=account_id).first()
    if account is None:
        raise NotFound("advocate")
    if account.status != Account.Status.ACTIVE:
        raise NoTokenForAccount
    now = clock.wall()
    claims = {
        "iss": settings.PUBLIC_URL,
        "aud": AUDIENCE,
        "sub": str(account_id),
        "biz": str(business.pk),
        "scope": scope,
        # With its fraction: a revocation tells the tokens before it from those after it in the same second.
        "iat": now.timestamp(),
        "exp": int((now + lifetime).timestamp()),
        "jti": str(ids.new_id()),
    }
    signer = signing.signer()
    return jwt.encode(claims, signer.private_key, signing.ALGORITHM, headers={"kid": signer.key_id})


def verify(token: str) -> TokenClaims:
    """Check a token and everything it stands on.

    :raises InvalidToken: whatever is wrong with it
    """
    claims = _signed.get(token)
    assert claims  # or it has raised
    if claims["exp"] <= (clock.wall() - LEEWAY).timestamp():  # it was good some seconds ago
        raise InvalidToken
    account = _accounts.get((UUID(claims["biz"]), UUID(claims["sub"])))
    if account is None or not _may_use(account, issued_at=datetime.fromtimestamp(claims["iat"], UTC)):
        raise InvalidToken
    return TokenClaims(
        business=account.business,
        account_id=account.pk,
        scope=claims["scope"],
        token_id=claims["jti"],
        expires_at=datetime.fromtimestamp(claims["exp"], UTC),
    )


def revoke_all(*, business: Business) -> None:
    """Refuse every user token that the business has handed out, within 5 seconds everywhere."""
    business.tokens_valid_from = clock.wall()
    business.save(update_fields=["tokens_valid_from"])


def forget() -> None:
    """Look up every account and key anew."""
    _accounts.clear()
    _signed.clear()
    signing.forget()


def _signed_claims(token: str) -> dict[str, Any]:
    if len(token) > MAX_LENGTH or not token.isascii():
        raise InvalidToken
    try:
        header = jwt.get_unverified_header(token)
        key_id = str(header.get("kid"))
        public_key = signing.public_key(key_id)
        if header != {"alg": signing.ALGORITHM, "typ": "JWT", "kid": key_id} or public_key is None:
            raise InvalidToken
        claims: dict[str, Any] = jwt.decode(
            token,
            public_key,
            algorithms=[signing.ALGORITHM],
            audience=AUDIENCE,
            issuer=settings.PUBLIC_URL,
            leeway=LEEWAY,
            options={"require": CLAIMS, "strict_aud": True},
        )
    except jwt.InvalidTokenError as error:
        raise InvalidToken from error
    return claims


def _may_use(account: Account, *, issued_at: datetime) -> bool:
    business = account.business
    is_active = account.status == Account.Status.ACTIVE and business.status == Business.Status.ACTIVE
    revocations = (account.tokens_valid_from, business.tokens_valid_from)
    return is_active and all(moment is None or issued_at >= moment for moment in revocations)


def _find(of: tuple[UUID, UUID]) -> Account | None:
    business_id, account_id = of
    accounts = Account.objects.for_business(Business(pk=business_id))
    return accounts.select_related("business__plan").filter(pk=account_id).first()


_accounts = Recent(_find)
_signed = Recent(_signed_claims)
