"""Files that people hand in as proof: sealed beside their submission, so that they come and go with it."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from loyalty.kernel import clock, crypto
from loyalty.kernel.errors import Invalid
from loyalty.models import Business, ProofFile, Submission
from loyalty.services.personal_data import Holder
from loyalty.services.sealing import Sealed

MOST = 3_000_000  # bytes
KEPT_FOR = timedelta(days=90)  # after the decision


def media_type(content: bytes) -> str:
    """What a file is, by its own first bytes: nobody's word for it counts.

    :raises Invalid: if it is nothing that may be handed in, or too much of it
    """
    if len(content) > MOST:
        raise Invalid(f"The file is larger than {MOST:,} bytes.", field="file")
    if content.startswith(b"\xff\xd8\xff"):
        return ProofFile.Kind.JPEG
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return ProofFile.Kind.PNG
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return ProofFile.Kind.WEBP
    if content.startswith(b"%PDF-"):
        return ProofFile.Kind.PDF
    raise Invalid("The file must be a picture (JPEG, PNG, WebP) or a PDF.", field="file")


def attach(submission: Submission, content: bytes) -> ProofFile:
    """Keep a file with a submission.

    :raises Invalid: as `media_type`
    """
    row = ProofFile(
        business_id=submission.business_id, submission=submission, kind=media_type(content), size=len(content)
    )
    row.content_sealed = crypto.seal(content, context=_context(row))
    row.save(force_insert=True)
    return row


def read(row: ProofFile) -> bytes:
    return crypto.unseal(bytes(row.content_sealed), context=_context(row))


def purge() -> int:
    """Forget the files of what was decided 90 days ago. Answers how many."""
    return ProofFile.objects.filter(submission__decided_at__lt=clock.wall() - KEPT_FOR).delete()[0]


def _context(row: ProofFile) -> str:
    return f"proof:{row.pk}"


SEALED = Sealed(ProofFile, "content_sealed", context=_context, page=5)


def _of(business: Business, account_ids: Collection[UUID]) -> Any:
    return ProofFile.objects.for_business(business).filter(submission__account_id__in=account_ids)


def _export(business: Business, account_id: UUID) -> list[dict[str, Any]]:
    rows = _of(business, [account_id]).order_by("pk")
    return [{"submissionId": row.submission_id, "type": row.kind, "content": read(row)} for row in rows]


def _erase(business: Business, account_ids: Collection[UUID]) -> None:
    _of(business, account_ids).delete()


def _move(business: Business, source: UUID, target: UUID, only: Sequence[str] | None) -> Sequence[str]:
    """They go where their submissions go."""
    return ()


FILES = Holder(name="proofFiles", export=_export, erase=_erase, move=_move)
