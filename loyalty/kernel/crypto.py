"""Secrets: made, hashed, compared, sealed.

Sealed values are `key id (4 bytes) ‖ nonce (12) ‖ AES-256-GCM ciphertext`, bound to a context such as
"webhooks.endpoint:<id>", so that a value moved to another row does not open.
"""

import hashlib
import hmac
import secrets
from base64 import b64decode
from functools import cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings

READABLE = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # no 0/O, 1/I/L


class Unsealable(Exception):
    """The value was sealed with a key that is not configured, or for another context."""


def new_secret(prefix: str) -> str:
    """`prefix` and 256 random bits."""
    return prefix + secrets.token_urlsafe(32)


def new_code(length: int) -> str:
    """A code that people can read out: no look-alikes, about 4.95 bits a character."""
    code = ""
    while len(code) < length:
        drawn = secrets.token_bytes(length)
        code += "".join(READABLE[byte % 31] for byte in drawn if byte < 248)  # 8 × 31: no character is likelier
    return code[:length]


def digest(secret: str) -> bytes:
    """What is kept of a secret of 256 random bits: enough to recognise it, useless to a thief."""
    return hashlib.sha256(secret.encode()).digest()


def keyed_hashes(value: str, *, context: str) -> list[bytes]:
    """What finds a guessable value again without telling it: by the key that seals now, then by the older ones."""
    said = f"{context}:{value}".encode()
    return [hmac.digest(key, said, "sha256") for key in _hash_keys()]


def is_same(left: str | bytes, right: str | bytes) -> bool:
    return hmac.compare_digest(_bytes(left), _bytes(right))


def seal(value: bytes, *, context: str) -> bytes:
    key_id, cipher = next(iter(_ciphers().items()))
    nonce = secrets.token_bytes(12)
    return key_id + nonce + cipher.encrypt(nonce, value, context.encode())


def unseal(sealed: bytes, *, context: str) -> bytes:
    """Open what `seal` made.

    :raises Unsealable: if the key is unknown, or the value is damaged or belongs elsewhere
    """
    key_id, nonce, body = sealed[:4], sealed[4:16], sealed[16:]
    cipher = _ciphers().get(key_id)
    if cipher is None:
        raise Unsealable("sealed with a key that is not in ENCRYPTION_KEYS")
    try:
        return cipher.decrypt(nonce, body, context.encode())
    except InvalidTag as error:
        raise Unsealable(f"does not open for {context}") from error


def sealing_key_id() -> bytes:
    """What every value begins with that is sealed now."""
    return next(iter(_ciphers()))


@cache
def _hash_keys() -> list[bytes]:
    """One key for each that seals, and not the same one."""
    return [hmac.digest(b64decode(key), b"laurel keyed hash", "sha256") for key in settings.ENCRYPTION_KEYS]


@cache
def _ciphers() -> dict[bytes, AESGCM]:
    keys = [b64decode(key) for key in settings.ENCRYPTION_KEYS]
    return {hashlib.sha256(key).digest()[:4]: AESGCM(key) for key in keys}


def _bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value
