"""End users' tokens: ES256 JWTs that stand for one account of one business, for at most 24 hours.

Its header says which of our keys signed it and nothing more: the algorithm is fixed, and no address in it is
followed. A signature alone opens nothing: its key, account and business are looked up, a few seconds ago at most, so
that a revocation holds in every process within 5.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import jwt
from django.conf import settings

from loyalty.kernel import clock, database, ids
from loyalty.kernel.errors import Code, Conflict, DomainError, NotFound
from loyalty.kernel.recent import Recent
from loyalty.models import Account, Business
from loyalty.services import signing

AUDIENCE = "laurel-user"
LONGEST = timedelta(hours=24)
LEEWAY = timedelta(seconds=2)  # between the clocks of our own servers
MAX_LENGTH = 2048
CLAIMS = ["iss", "aud", "sub", "biz", "scope", "iat", "exp", "jti"]
SIGNATURES_SECONDS = 600.0  # what a key has signed once, it has signed for ever


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
    signed = _signed.get(token)
    assert signed  # or it has raised
    claims = signed.claims
    # It was good minutes ago: what may have changed since is asked again.
    if signing.public_key(signed.key_id) is None or claims["exp"] <= (clock.wall() - LEEWAY).timestamp():
        raise InvalidToken
    business_id, account_id = UUID(claims["biz"]), UUID(claims["sub"])
    business, standing = _businesses.get(business_id), _standings.get((business_id, account_id))
    issued_at = datetime.fromtimestamp(claims["iat"], UTC)
    if business is None or standing is None or not _may_use(business, standing, issued_at=issued_at):
        raise InvalidToken
    return TokenClaims(
        business=business,
        account_id=account_id,
        scope=claims["scope"],
        token_id=claims["jti"],
        expires_at=datetime.fromtimestamp(claims["exp"], UTC),
    )


def revoke_all(*, business: Business) -> None:
    """Refuse every user token that the business has handed out, within 5 seconds everywhere."""
    business.tokens_valid_from = clock.wall()
    business.save(update_fields=["tokens_valid_from"])


def forget() -> None:
    """Look up every business, account and key anew."""
    _businesses.clear()
    _standings.clear()
    _signed.clear()
    signing.forget()


class Signed(NamedTuple):
    """What a token says, and which of our keys signed it."""

    key_id: str
    claims: dict[str, Any]


class Standing(NamedTuple):
    """Whether an account may use tokens, and since when."""

    status: str
    valid_from: datetime | None


def _signed_claims(token: str) -> Signed:
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
    return Signed(key_id, claims)


def _may_use(business: Business, standing: Standing, *, issued_at: datetime) -> bool:
    is_active = standing.status == Account.Status.ACTIVE and business.status == Business.Status.ACTIVE
    revocations = (standing.valid_from, business.tokens_valid_from)
    return is_active and all(moment is None or issued_at >= moment for moment in revocations)


def _business(business_id: UUID) -> Business | None:
    return Business.objects.select_related("plan").filter(pk=business_id).first()


def _standing(of: tuple[UUID, UUID]) -> Standing | None:
    """Of an account of a business: asked by nearly every call of an app, so without the cost of a model."""
    cursor = database.prepared_cursor()
    cursor.execute("SELECT status, tokens_valid_from FROM loyalty_account WHERE business_id = %s AND id = %s", of)
    row = cursor.fetchone()
    return Standing(*row) if row else None


_businesses = Recent(_business)
_standings = Recent(_standing)
_signed = Recent(_signed_claims, seconds=SIGNATURES_SECONDS)
