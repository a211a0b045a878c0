"""The deployment's ES256 keys: made on demand, sealed at rest, changed without breaking a token."""

import re
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.db import connection, transaction
from django.db.models import Q
from jwt.algorithms import ECAlgorithm
from jwt.utils import base64url_encode

from loyalty.kernel import clock, crypto
from loyalty.kernel.recent import Recent
from loyalty.models import SigningKey
from loyalty.services.sealing import Sealed

ALGORITHM = "ES256"
OVERLAP = timedelta(hours=25)  # outlives every token
KEY_ID = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Signer:
    key_id: str
    private_key: ec.EllipticCurvePrivateKey


def signer() -> Signer:
    """The newest key; the first one is made here."""
    return _signers.get("newest") or _first_signer()


def public_key(key_id: str) -> jwt.PyJWK | None:
    """The key of this id, if it verifies."""
    return _public_keys.get(key_id) if KEY_ID.fullmatch(key_id) else None


def public_keys() -> list[dict[str, Any]]:
    """All keys that verify, as JWKs, newest first."""
    keys = SigningKey.objects.filter(_verifies()).order_by("-created_at")
    return list(keys.values_list("public_jwk", flat=True))


@transaction.atomic
def rotate(*, overlap: timedelta = OVERLAP) -> SigningKey:
    """Sign with a new key from now on. The others verify until the overlap is over: none for a stolen key."""
    _lock()
    end = clock.wall() + overlap
    SigningKey.objects.filter(Q(retired_at=None) | Q(retired_at__gt=end)).update(retired_at=end)
    return _make()


def forget() -> None:
    """Look up every key anew."""
    _signers.clear()
    _public_keys.clear()


def _first_signer() -> Signer:
    with transaction.atomic():
        _lock()  # of several processes that find no key, one makes it
        if not SigningKey.objects.filter(retired_at=None).exists():
            _make()
    made = _signers.get("newest")
    assert made
    return made


def _lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('signing keys', 0))")


def _make() -> SigningKey:
    private_key = ec.generate_private_key(ec.SECP256R1())
    jwk = ECAlgorithm.to_jwk(private_key.public_key(), as_dict=True)
    # RFC 7638: a key's id is the hash of its required members, in the order of their names.
    members = '{{"crv":"{crv}","kty":"{kty}","x":"{x}","y":"{y}"}}'.format(**jwk)
    key_id = base64url_encode(sha256(members.encode()).digest()).decode()
    der = private_key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return SigningKey.objects.create(
        kid=key_id,
        private_sealed=crypto.seal(der, context=_context(key_id)),
        public_jwk={**jwk, "kid": key_id, "use": "sig", "alg": ALGORITHM},
        created_at=clock.wall(),
    )


def _verifies() -> Q:
    return Q(retired_at=None) | Q(retired_at__gt=clock.wall())


def _context(key_id: str) -> str:
    return f"loyalty.signing_key:{key_id}"


SEALED = Sealed(SigningKey, "private_sealed", context=lambda key: _context(key.kid))


def _newest(_: str) -> Signer | None:
    key = SigningKey.objects.filter(retired_at=None).order_by("-created_at").first()
    if key is None:
        return None
    der = crypto.unseal(bytes(key.private_sealed), context=_context(key.kid))
    private_key = serialization.load_der_private_key(der, password=None)
    assert isinstance(private_key, ec.EllipticCurvePrivateKey)
    return Signer(key.kid, private_key)


def _find(key_id: str) -> jwt.PyJWK | None:
    key = SigningKey.objects.filter(_verifies(), pk=key_id).first()
    return jwt.PyJWK(key.public_jwk) if key else None


_signers = Recent(_newest)
_public_keys = Recent(_find)
