"""The same request twice has one effect and one answer: `Idempotency-Key`.

The key's row is written in the transaction of its effect. `run` wraps any use case; the ledger's own functions do
the same inside their SQL and are given the key instead.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import OperationalError, connection, transaction
from django.db.models import Q, QuerySet

from loyalty.kernel import clock, crypto
from loyalty.kernel.errors import Code, Conflict, DomainError
from loyalty.models import Business, IdempotencyRecord
from loyalty.services.sealing import Sealed

KEPT_FOR = timedelta(hours=72)
TRIES = 3
SERIALIZATION_FAILURES = {"40001", "40P01"}
IDS = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Key:
    """A digest of an Idempotency-Key with its scope (a business or an account) and the SHA-256 of the request."""

    scope: UUID
    text: str
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished answer. `kept_body` replaces a body that shows a secret when it is stored."""

    status: int
    body: bytes
    kept_body: bytes | None = None
    is_replay: bool = False


class KeyInUse(Conflict):
    """The first request with this key is still running."""

    def __init__(self) -> None:
        super().__init__("The first request with this Idempotency-Key is still running. Try again.", retry_after=1)


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
    for remaining in reversed(range(TRIES)):
        try:
            return work() if key is None else _run_once(work, business=business, key=key, refuse=refuse)
        except OperationalError as error:
            if not remaining or getattr(error.__cause__, "sqlstate", None) not in SERIALIZATION_FAILURES:
                raise
    raise AssertionError("unreachable")


@transaction.atomic
def _run_once(
    work: Callable[[], Answer], *, business: Business, key: Key, refuse: Callable[[DomainError], Answer]
) -> Answer:
    kept = _claim(key)
    if kept is not None:
        return kept
    try:
        with transaction.atomic():
            answer = work()
    except DomainError as error:
        if not error.code.is_refusal:
            raise
        answer = refuse(error)
    body = answer.body if answer.kept_body is None else answer.kept_body
    IdempotencyRecord.objects.create(
        business=business,
        scope=key.scope,
        key=key.text,
        fingerprint=key.fingerprint,
        status=answer.status,
        answer=crypto.seal(body, context=_context(key)),
        names=sorted({UUID(id.decode()) for id in IDS.findall(body)}) or None,
    )
    return answer


def _claim(key: Key) -> Answer | None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT outcome, status, answer FROM laurel_claim_key(%s, %s, %s)",
            [key.scope, key.text, key.fingerprint],
        )
        outcome, status, answer = cursor.fetchone()
    if outcome == "new":
        return None
    if outcome != "replay":
        raise KeyInUse if outcome == "busy" else KeyMismatch
    return Answer(status, crypto.unseal(bytes(answer), context=_context(key)), is_replay=True)


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
