"""The signature profiles, and an endpoint's secrets. A new profile is a module in `kinds` and a line here."""

from base64 import b64encode
from collections.abc import Collection, Mapping
from datetime import datetime
from secrets import token_bytes
from typing import Any
from uuid import UUID

from loyalty.kernel import crypto
from loyalty.kernel.errors import Invalid
from loyalty.services.sealing import Sealed
from webhooks.models import Endpoint
from webhooks.services.kinds import callback_sha512, hmac_sha256_hex, standard
from webhooks.services.kinds.base import Profile

_KINDS: tuple[Profile, ...] = (standard, hmac_sha256_hex, callback_sha512)
PROFILES: Mapping[str, Profile] = {kind.NAME: kind for kind in _KINDS}


class UnknownProfile(Invalid):
    def __init__(self) -> None:
        super().__init__(f"Use one of the profiles {', '.join(PROFILES)}.", field="signatureProfile")


class TopicsNotCarried(Invalid):
    """The profile's body has no place for what the topics say."""

    def __init__(self, profile: Profile) -> None:
        carried = ", ".join(profile.TOPICS or ())
        super().__init__(f"The profile {profile.NAME} goes with the topics {carried} only.", field="topics")


def check(profile: str, subscribed: Collection[str]) -> None:
    """:raises UnknownProfile, TopicsNotCarried: if an endpoint cannot have this profile and these topics"""
    kind = PROFILES.get(profile)
    if kind is None:
        raise UnknownProfile
    if kind.TOPICS is not None and not set(subscribed) <= set(kind.TOPICS):
        raise TopicsNotCarried(kind)


def carries(profile: Profile, topic: str) -> bool:
    """Whether the profile's body can tell of a topic."""
    return profile.TOPICS is None or topic in (*profile.TOPICS, *profile.BESIDE)


def heard_by(endpoint: Endpoint) -> list[str]:
    """What an endpoint is subscribed to, and what its profile tells beside that."""
    return [*endpoint.topics, *PROFILES[endpoint.signature_profile].BESIDE]


def new_secret() -> str:
    """256 random bits, spelled as the Standard Webhooks libraries read them."""
    return "whsec_" + b64encode(token_bytes(32)).decode()


def seal(secret: str, *, endpoint_id: UUID) -> bytes:
    return crypto.seal(secret.encode(), context=_context(endpoint_id))


def live_secrets(endpoint: Endpoint, *, at: datetime) -> list[str]:
    """The current secret, and during a rotation the old one after it.

    :raises crypto.Unsealable: if the key that sealed them is gone
    """
    sealed: list[Any] = [endpoint.secret_sealed]
    if endpoint.rotates(at=at):
        sealed.append(endpoint.old_secret_sealed)
    return [crypto.unseal(bytes(each), context=_context(endpoint.pk)).decode() for each in sealed]


def _context(endpoint_id: UUID) -> str:
    return f"webhooks.endpoint:{endpoint_id}"


SEALED = tuple(
    Sealed(Endpoint, column, context=lambda endpoint: _context(endpoint.pk))
    for column in ("secret_sealed", "old_secret_sealed")
)
