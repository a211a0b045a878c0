"""Single sign-on: a merchant's backend signs who its customer is, and the browser trades that for a token.

The signed text is `businessId:externalCustomerId:timestamp`, with `:email:name` behind it when both are sent.
Only the name, which comes last, may hold a colon: so no two claims have the same text.
"""

import hmac
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from uuid import UUID

from django.db import IntegrityError, transaction

from advocates.models.sso import SsoSecret, SsoSignature
from advocates.services import advocates
from loyalty.kernel import clock, crypto, ids
from loyalty.kernel.errors import Code, Conflict, DomainError, Invalid
from loyalty.models import Business
from loyalty.services import tokens
from loyalty.services.sealing import Sealed

WINDOW = timedelta(seconds=300)
REMEMBERED = 2 * WINDOW  # one dated ahead is accepted that long
MOST_SECRETS = 2


class NotRecognized(DomainError):
    """Business, signature, time, origin or person: the caller is not told which of them is wrong."""

    code = Code.UNAUTHENTICATED

    def __init__(self) -> None:
        super().__init__("This sign-in is not recognised. Check business, secret and clock, and sign each one anew.")


class TooManySecrets(Conflict):
    def __init__(self) -> None:
        super().__init__(f"{MOST_SECRETS} SSO secrets are live. Retire one first.")


@dataclass(frozen=True, slots=True)
class Claim:
    """Who the merchant says its customer is. `email` and `name` come together or not at all."""

    business_id: str
    external_id: str
    timestamp: int
    signature: str
    email: str | None = None
    name: str | None = None

    def text(self) -> str:
        return ":".join([self.business_id, self.external_id, str(self.timestamp), *self._person()])

    def _person(self) -> list[str]:
        return [] if self.email is None or self.name is None else [self.email, self.name]


@dataclass(frozen=True, slots=True)
class Recognized:
    advocate_id: UUID
    token: str


def check(claim: Claim, *, origin: str | None = None) -> Business:
    """Answer the business whose signature the claim carries.

    :raises Invalid: if the claim's text would not be clear
    :raises NotRecognized: if the signature is wrong, used or not of now, or the origin is not the business's
    """
    _check_fields(claim)
    business_id = ids.parse_id(claim.business_id)
    business = Business.objects.filter(pk=business_id).select_related("plan").first() if business_id else None
    if (
        business is None
        or business.status != Business.Status.ACTIVE
        or not _is_of_now(claim.timestamp)
        or (origin is not None and origin not in business.allowed_origins)
        or not any(crypto.is_same(signature(secret, claim), claim.signature) for secret in _secrets(business))
        or SsoSignature.objects.for_business(business).filter(digest=crypto.digest(claim.signature)).exists()
    ):
        raise NotRecognized
    return business


@transaction.atomic
def sign_in(*, business: Business, claim: Claim) -> Recognized:
    """Spend the signature of a checked claim on a token for its customer, who joins if they are new.

    :raises Invalid: if the external id or the e-mail address makes no sense
    :raises NotRecognized: if the signature was used before, or the person is not active
    """
    _spend(business, claim)
    advocate = advocates.find_or_create_by_external_id(
        business=business,
        external_id=claim.external_id,
        email=claim.email.lower() if claim.email else None,
        name=claim.name or "",
    )
    advocates.touch(business=business, advocate_id=advocate.pk)
    try:
        token = tokens.issue(business=business, account_id=advocate.pk, scope="user")
    except tokens.NoTokenForAccount as error:
        raise NotRecognized from error
    return Recognized(advocate.pk, token)


@transaction.atomic
def create_secret(*, business: Business) -> str:
    """Make a secret beside the one that may be live. Its text is answered here and never again.

    :raises TooManySecrets: if two are live
    """
    Business.objects.select_for_update().get(pk=business.pk)
    if SsoSecret.objects.for_business(business).live().count() >= MOST_SECRETS:
        raise TooManySecrets
    text = crypto.new_secret("sso_")
    secret = SsoSecret(business=business, created_at=clock.wall())
    secret.secret_sealed = crypto.seal(text.encode(), context=_context(secret))
    secret.save(force_insert=True)
    return text


def retire_secret(*, secret: SsoSecret) -> None:
    """Accept no more signatures made with the secret."""
    SsoSecret.objects.for_business(secret.business).live().filter(pk=secret.pk).update(retired_at=clock.wall())


def purge() -> int:
    """Forget signatures that are too old to be accepted anyway. Answers how many."""
    return SsoSignature.objects.filter(used_at__lt=clock.wall() - REMEMBERED).delete()[0]


def _check_fields(claim: Claim) -> None:
    if ":" in claim.external_id:
        raise Invalid("externalCustomerId must not contain a colon here.", field="externalCustomerId")
    if (claim.email is None) != (claim.name is None):
        raise Invalid("Send email and name together, or neither.", field="name" if claim.email else "email")
    if claim.email is not None and ":" in claim.email:
        raise Invalid("email must not contain a colon here.", field="email")


def _is_of_now(timestamp: int) -> bool:
    now = int(clock.wall().timestamp())
    return abs(now - timestamp) <= WINDOW.total_seconds()


def _secrets(business: Business) -> list[bytes]:
    live = SsoSecret.objects.for_business(business).live()
    return [crypto.unseal(bytes(secret.secret_sealed), context=_context(secret)) for secret in live]


def signature(secret: bytes, claim: Claim) -> str:
    """The one signature of a claim, in lower-case hex."""
    return hmac.new(secret, claim.text().encode(), sha256).hexdigest()


def _spend(business: Business, claim: Claim) -> None:
    """The unique row decides between copies that arrive at once."""
    try:
        with transaction.atomic():
            SsoSignature.objects.create(business=business, digest=crypto.digest(claim.signature), used_at=clock.wall())
    except IntegrityError as error:
        raise NotRecognized from error


def _context(secret: SsoSecret) -> str:
    return f"advocates.sso_secret:{secret.pk}"


SEALED = Sealed(SsoSecret, "secret_sealed", context=_context)
