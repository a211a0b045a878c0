"""The codes of pools: taken in by thousands, handed out one by one, each once.

A code rests sealed, beside a keyed hash that tells whether it is known. When its redemption shows it, the redemption
holds it in the clear like any coupon; a code that nobody has seen yet goes back when its redemption is cancelled.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from typing import NamedTuple, TypeVar
from uuid import UUID

from django.db import connection, transaction

from loyalty.kernel import crypto, ids
from loyalty.kernel.errors import Conflict, Invalid, NotFound
from loyalty.models import Business
from loyalty.services.sealing import Sealed
from rewards.models import Code, CodePool, Redemption

MOST = 100_000  # codes that one call takes in or makes
SHORTEST, LONGEST = 8, 32  # characters of a made code behind its prefix; 8 are 31^8, not to be guessed
CHUNK = 5_000
TOLD = 20  # problems of one upload
SHAPE = re.compile(r"[!-.0-~]{1,64}")  # visible ASCII but the slash: it stands in a path when it is used


Row = TypeVar("Row")


class Problem(NamedTuple):
    """What is wrong with one of the codes that were sent, counted from 0."""

    place: int
    message: str


class BadCodes(Invalid):
    """Nothing was taken in. The first problem is the error's own; `problems` are all that are told."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(problems[0].message, field=f"codes.{problems[0].place}")
        self.problems = problems


class CodesArrived(Conflict):
    def __init__(self) -> None:
        super().__init__("Somebody else added some of these codes just now. Nothing was added; try again.")


@transaction.atomic
def add(*, business: Business, pool_id: UUID, codes: Sequence[str]) -> int:
    """Take codes into a pool: all of them, or none. Answers how many.

    :raises NotFound: if the business has no such pool
    :raises BadCodes: naming those that are malformed, sent twice, or known to the business already
    :raises Invalid: if they are too many
    """
    pool = _pool(business, pool_id)
    if len(codes) > MOST:
        raise Invalid(f"Send at most {MOST:,} codes at a time.", field="codes")
    problems = _problems(pool, codes)
    if problems:
        raise BadCodes(problems)
    if _insert(pool, codes) < len(codes):
        raise CodesArrived
    return len(codes)


@transaction.atomic
def generate(*, business: Business, pool_id: UUID, count: int, prefix: str = "", length: int = 12) -> int:
    """Make codes that nobody can guess: `prefix` and `length` characters without look-alikes. Answers how many.

    :raises NotFound: if the business has no such pool
    :raises Invalid: if they are too many, or too short
    """
    pool = _pool(business, pool_id)
    if not 1 <= count <= MOST:
        raise Invalid(f"Make 1 to {MOST:,} codes at a time.", field="count")
    if not SHORTEST <= length <= LONGEST:
        raise Invalid(f"length is {SHORTEST} to {LONGEST}.", field="length")
    if len(prefix) > 64 - LONGEST or (prefix and not SHAPE.fullmatch(prefix)):
        raise Invalid(f"prefix is up to {64 - LONGEST} visible ASCII characters without a slash.", field="prefix")
    missing = count
    while missing:  # once, but for the rare code that was there before
        missing -= _insert(pool, {prefix + crypto.new_code(length) for _ in range(missing)})
    return count


def allocate(*, business: Business, pool_id: UUID, redemption_id: UUID) -> str | None:
    """The next free code of a pool, which is the redemption's from now on; None when there is none.

    Codes that others are about to take are passed over, so nobody waits and nobody gets the same.
    """
    with connection.cursor() as cursor:
        cursor.execute(ALLOCATE, {"business": business.pk, "pool": pool_id, "redemption": redemption_id})
        row = cursor.fetchone()
    return opened(*row) if row else None


def held_by(redemption: Redemption) -> str | None:
    """The code that a redemption took, if it took one."""
    rows = Code.objects.for_business(redemption.business).filter(redemption=redemption)
    row = rows.values_list("pk", "sealed").first()
    return opened(*row) if row else None


def give_back(redemption: Redemption) -> None:
    """Free the code of a redemption that nobody has seen it on."""
    if redemption.coupon_code is None:
        Code.objects.for_business(redemption.business).filter(redemption=redemption).update(redemption=None)


ALLOCATE = """
    UPDATE rewards_code SET redemption_id = %(redemption)s WHERE id = (
        SELECT id FROM rewards_code
        WHERE business_id = %(business)s AND pool_id = %(pool)s AND redemption_id IS NULL AND card_id IS NULL
        ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
    ) RETURNING id, sealed
"""
INSERT = """
    INSERT INTO rewards_code (id, business_id, pool_id, sealed, hash)
    SELECT id, %s, %s, sealed, hash FROM unnest(%s::uuid[], %s::bytea[], %s::bytea[]) AS new (id, sealed, hash)
    ON CONFLICT (business_id, hash) DO NOTHING
"""


def _pool(business: Business, pool_id: UUID) -> CodePool:
    pool = CodePool.objects.for_business(business).filter(pk=pool_id).first()
    if pool is None:
        raise NotFound("code pool")
    pool.business = business
    return pool


def _insert(pool: CodePool, codes: Collection[str]) -> int:
    """Write those that are new, in the order of their hashes: two who add the same codes never wait in a circle."""
    rows = sorted((hashes(text, business=pool.business)[0], ids.new_id(), text) for text in codes)
    added = 0
    with connection.cursor() as cursor:
        for chunk in _chunks(rows):
            new, hashed = [id for _, id, _ in chunk], [hash for hash, _, _ in chunk]
            bodies = [sealed(text, code_id=id) for _, id, text in chunk]
            cursor.execute(INSERT, [pool.business_id, pool.pk, new, bodies, hashed])
            added += cursor.rowcount
    return added


def _problems(pool: CodePool, codes: Sequence[str]) -> list[Problem]:
    """The first problems of an upload, in its order."""
    problems = [*_malformed(codes), *_repeated(codes)]
    well = [(place, text) for place, text in enumerate(codes) if SHAPE.fullmatch(text)]
    for chunk in _chunks(well):
        problems += _known(pool, chunk)
    return sorted(problems)[:TOLD]


def _malformed(codes: Sequence[str]) -> Iterator[Problem]:
    for place, text in enumerate(codes):
        if not SHAPE.fullmatch(text):
            yield Problem(place, "A code is 1 to 64 visible ASCII characters without spaces and slashes.")


def _repeated(codes: Sequence[str]) -> Iterator[Problem]:
    seen: set[str] = set()
    for place, text in enumerate(codes):
        if text in seen:
            yield Problem(place, "This code is sent twice.")
        seen.add(text)


def _known(pool: CodePool, chunk: Sequence[tuple[int, str]]) -> Iterator[Problem]:
    """Codes that a pool of the business holds, or that were handed out as coupons."""
    known_by = {text: hashes(text, business=pool.business) for _, text in chunk}
    wanted = [hash for found in known_by.values() for hash in found]
    pooled = Code.objects.for_business(pool.business).filter(hash__in=wanted)
    known = {bytes(hash) for hash in pooled.values_list("hash", flat=True)}
    coupons = Redemption.objects.for_business(pool.business).filter(coupon_code__in=[text for _, text in chunk])
    handed_out = set(coupons.values_list("coupon_code", flat=True))
    for place, text in chunk:
        if text in handed_out or not known.isdisjoint(known_by[text]):
            yield Problem(place, "This code was added or handed out before.")


def hashes(text: str, *, business: Business) -> list[bytes]:
    """What finds a code of a business again."""
    return _hashes(text, business.pk)


def _hashes(text: str, business_id: UUID) -> list[bytes]:
    return crypto.keyed_hashes(text, context=f"rewards.code:{business_id}")


def sealed(text: str, *, code_id: UUID) -> bytes:
    return crypto.seal(text.encode(), context=_context(code_id))


def opened(code_id: UUID, sealed: bytes | memoryview) -> str:
    return crypto.unseal(bytes(sealed), context=_context(code_id)).decode()


def _context(code_id: UUID) -> str:
    return f"rewards.code:{code_id}"


SEALED = Sealed(
    Code,
    "sealed",
    context=lambda code: _context(code.pk),
    beside=lambda code, text: {"hash": _hashes(text.decode(), code.business_id)[0]},
)


def _chunks(rows: Sequence[Row]) -> Iterator[list[Row]]:
    rest = iter(rows)
    while chunk := list(islice(rest, CHUNK)):
        yield chunk
