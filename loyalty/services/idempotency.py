"""The same request twice has one effect and one answer: `Idempotency-Key`.

The key's row is written in the transaction of its effect. `run` wraps any use case; the ledger's own functions do
the same inside their SQL and are given the key instead.
"""

import re
from collections.abc import Callable, Collection
from datetime import timedelta
from typing import TypeVar, cast
from uuid import UUID

import msgspec
from django.db import OperationalError, transaction
from django.db.models import Q, QuerySet

from loyalty.kernel import clock, crypto, database
from loyalty.kernel.errors import Code, Conflict, DomainError
from loyalty.kernel.ids import new_id
from loyalty.models import Business, IdempotencyRecord
from loyalty.services.sealing import Sealed

KEPT_FOR = timedelta(hours=72)
TRIES = 3
SERIALIZATION_FAILURES = {"40001", "40P01"}
CLAIM = "SELECT outcome, status, answer FROM laurel_claim_key(%s, %s, %s)"
KEEP = """
    INSERT INTO loyalty_idempotencyrecord
        (id, business_id, scope, key, fingerprint, status, answer, names, created_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
REFUSED = "refused"  # how the ledger's functions answer a kept refusal
IDS = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


T = TypeVar("T")


class Key(msgspec.Struct, frozen=True):
    """A digest of an Idempotency-Key with its scope (a business or an account) and the SHA-256 of the request."""

    scope: UUID
    text: str
    fingerprint: bytes


class Answer(msgspec.Struct, frozen=True):
    """A finished answer. `kept_body` replaces a body that shows a secret when it is stored."""

    status: int
    body: bytes
    kept_body: bytes | None = None
    is_replay: bool = False


class KeyInUse(Conflict):
    """The first request with this key is still running."""

    def __init__(self) -> None:
        super().__init__("The first request with this Idempotency-Key is still running. Try again.", retry_after=1)


class KeptRefusal(DomainError):
    """What a request was refused with the first time."""

    def __init__(self, *, code: str, message: str, field: str | None) -> None:
        super().__init__(message, field=field)
        self.code = Code.__members__[code]
        self.is_replay = True


class KeyMismatch(DomainError):
    """The key came before with another request."""

    code = Code.IDEMPOTENCY_MISMATCH

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was used for another request. Send a new key.")


def run(
    work: Callable[[], Answer],
    *,
    business: Business,
    key: Key | None,
    refuse: Callable[[DomainError], Answer],
) -> Answer:
    """Do `work` once per key. A refusal by the business is kept like a success; any other error keeps nothing.

    :raises KeyInUse: while the first request with the key runs
    :raises KeyMismatch: if the key came with another request
    """
    return insist(work if key is None else lambda: _run_once(work, business=business, key=key, refuse=refuse))


def insist(work: Callable[[], T]) -> T:
    """Do `work` again where the database ended it for the sake of others.

    It leaves nothing if it fails: what may not happen twice is in one transaction with whatever comes after it.
    """
    for remaining in reversed(range(TRIES)):
        try:
            return work()
        except OperationalError as error:
            if not remaining or getattr(error.__cause__, "sqlstate", None) not in SERIALIZATION_FAILURES:
                raise
    raise AssertionError("unreachable")


def _run_once(
    work: Callable[[], Answer], *, business: Business, key: Key, refuse: Callable[[DomainError], Answer]
) -> Answer:
    try:
        return _done(work, business=business, key=key)
    except DomainError as error:
        if not error.code.is_refusal:
            raise
        answer = refuse(error)
    # In a transaction of its own: with a savepoint in the first, every success would pay for the few refusals.
    return _done(lambda: answer, business=business, key=key)


@transaction.atomic
def _done(work: Callable[[], Answer], *, business: Business, key: Key) -> Answer:
    kept = _claim(key)
    if kept is not None:
        return kept
    answer = work()
    body = answer.body if answer.kept_body is None else answer.kept_body
    names = sorted({UUID(id.decode()) for id in IDS.findall(body)}) or None
    sealed = crypto.seal(body, context=_context(key))
    database.prepared_cursor().execute(
        KEEP,
        [
            *(new_id(), business.pk, key.scope, key.text, key.fingerprint),
            *(answer.status, sealed, names, clock.wall()),
        ],
    )
    return answer


@transaction.atomic
def keep_refusal(error: DomainError, *, business: Business, key: Key) -> UUID | None:
    """Keep what a request is refused with, for one whose work is given the key and is taken back.

    Answers the entry that the key stands for, where the request was done before; it is not refused then.

    :raises KeptRefusal: if it was refused before
    :raises KeyInUse, KeyMismatch: as `run`
    """
    cursor = database.prepared_cursor()
    cursor.execute("SELECT outcome, entry_id, refusal FROM laurel_claim_key(%s, %s, %s)", _columns(key))
    outcome, entry_id, refusal = cursor.fetchone()
    _check(outcome)
    if refusal is not None:
        raise KeptRefusal(**{name: refusal[name] for name in ("code", "message", "field")})
    if outcome == "new":
        said = {"outcome": REFUSED, "code": error.code, "message": error.message, "field": error.field}
        IdempotencyRecord.objects.create(
            business=business, scope=key.scope, key=key.text, fingerprint=key.fingerprint, refusal=said
        )
    return cast("UUID | None", entry_id)


def _claim(key: Key) -> Answer | None:
    cursor = database.prepared_cursor()
    cursor.execute(CLAIM, _columns(key))
    outcome, status, answer = cursor.fetchone()
    _check(outcome)
    if outcome == "new":
        return None
    return Answer(status, crypto.unseal(bytes(answer), context=_context(key)), is_replay=True)


def _check(outcome: str) -> None:
    if outcome not in ("new", "replay"):
        raise KeyInUse if outcome == "busy" else KeyMismatch


def _columns(key: Key) -> tuple[UUID, str, bytes]:
    return key.scope, key.text, key.fingerprint


def _context(key: Key) -> str:
    return f"idempotency:{key.scope}:{key.text}"


def _key_of(record: IdempotencyRecord) -> Key:
    return Key(record.scope, record.key, bytes(record.fingerprint))


SEALED = Sealed(IdempotencyRecord, "answer", context=lambda record: _context(_key_of(record)))


def naming(*, business: Business, account_ids: Collection[UUID]) -> "QuerySet[IdempotencyRecord]":
    """What was answered to some people, or about them."""
    rows = IdempotencyRecord.objects.for_business(business)
    return rows.filter(Q(names__overlap=list(account_ids)) | Q(scope__in=account_ids))


def read(record: IdempotencyRecord) -> bytes:
    """The answer that a record keeps; empty where it follows from an entry, or is a refusal."""
    return crypto.unseal(bytes(record.answer), context=_context(_key_of(record))) if record.answer else b""


def purge() -> int:
    """Forget keys older than 72 hours. Answers how many."""
    return IdempotencyRecord.objects.filter(created_at__lt=clock.wall() - KEPT_FOR).delete()[0]
