"""Proof of a step: the advocate hands it in, an operator approves it or says why not."""

from urllib.parse import urlsplit
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from loyalty.kernel import clock
from loyalty.kernel.errors import Conflict, Invalid, NotFound
from loyalty.models import Account, Business, Submission
from loyalty.services import completions, ledger, proof_files, quest_gate
from loyalty.services.completions import Outcome
from loyalty.services.kinds.tasks import kind_of
from loyalty.services.quest_gate import Attempt

Status = Submission.Status
MOST_TEXT, MOST_LINK = 5000, 2000


class DoneAlready(Conflict):
    def __init__(self) -> None:
        super().__init__("This task is done, or what was handed in for it waits for a decision.")


class Decided(Conflict):
    def __init__(self) -> None:
        super().__init__("This was approved or rejected before.")


@transaction.atomic
def submit(
    *,
    business: Business,
    quest_id: UUID,
    task_id: UUID,
    account_id: UUID,
    text: str = "",
    link: str = "",
    file: bytes = b"",
) -> Submission:
    """Hand in proof of a step: a text, a link, a file, or several of them.

    :raises Invalid: if there is nothing, one is too long, the link is none, the file is not what we take, or the
        task takes no proof
    :raises DoneAlready: if the step is done in this period, or a submission waits
    :raises NotFound, quest_gate.*, ledger.AccountNotActive: as `completions.complete`
    """
    _check_content(text, link, file)
    attempt = quest_gate.attempt(business=business, account_id=account_id, quest_id=quest_id, task_id=task_id)
    if not kind_of(attempt.task.type).TAKES_PROOF:
        raise Invalid(f"A task of type {attempt.task.type} takes no proof.", field="taskId")
    quest_gate.check(attempt)
    if attempt.done() or _open(attempt).exists():
        raise DoneAlready
    submission = Submission.objects.create(
        business=attempt.business,
        account_id=attempt.account.pk,
        quest=attempt.quest,
        period=attempt.period,
        task=attempt.task,
        task_key=attempt.task.key,
        text=text,
        link=link,
        created_at=attempt.at,
    )
    if file:
        proof_files.attach(submission, file)
    return submission


@transaction.atomic
def approve(*, business: Business, submission_id: UUID) -> Outcome:
    """Complete the step for which it was handed in: by the rules of then, and also when the quest is over by now.

    :raises NotFound: if the business has no such submission
    :raises Decided: if it was decided before, also by someone else just now
    :raises ledger.AccountNotActive: as `ledger.award`
    """
    submission, attempt = _decide(business, submission_id, Status.APPROVED, reason="")
    if attempt.account.status != Account.Status.ACTIVE:
        raise ledger.AccountNotActive
    before = attempt.done()
    return completions.repeated(before) if before else completions.finish_with_all(attempt)


@transaction.atomic
def reject(*, business: Business, submission_id: UUID, reason: str) -> Submission:
    """Refuse what was handed in, and say why. The advocate may hand in something else.

    :raises NotFound, Decided: as `approve`
    """
    submission, _ = _decide(business, submission_id, Status.REJECTED, reason=reason)
    return submission


def _decide(business: Business, submission_id: UUID, status: Status, *, reason: str) -> tuple[Submission, Attempt]:
    """Write the decision, with the account locked before the submission is looked at."""
    rows = Submission.objects.for_business(business).filter(pk=submission_id)
    whose = rows.values_list("account_id", flat=True).first()
    if whose is None:
        raise NotFound("submission")
    account = quest_gate.locked(business=business, account_id=whose)
    submission = rows.select_related("business", "quest", "task__version").get()
    if submission.account_id != whose:  # they were merged just now
        return _decide(business, submission_id, status, reason=reason)
    if submission.status != Status.PENDING:
        raise Decided
    now = max(clock.now(submission.business), account.last_event_at)
    submission.status, submission.reason, submission.decided_at = status, reason, now
    submission.save(update_fields=["status", "reason", "decided_at"])
    return submission, Attempt(submission.business, account, submission.quest, submission.task, now, submission.period)


def _open(attempt: Attempt) -> "QuerySet[Submission]":
    rows = Submission.objects.for_business(attempt.business).exclude(status=Status.REJECTED)
    return rows.filter(
        account=attempt.account.pk, quest=attempt.quest, period=attempt.period, task_key=attempt.task.key
    )


def _check_content(text: str, link: str, file: bytes) -> None:
    if not text.strip() and not link and not file:
        raise Invalid("Hand in a text, a link or a file.", field="text")
    if file:
        proof_files.media_type(file)
    if len(text) > MOST_TEXT:
        raise Invalid(f"text is longer than {MOST_TEXT:,} characters.", field="text")
    if link and not _is_web_address(link):
        raise Invalid(f"url is a web address of at most {MOST_LINK:,} characters, with http or https.", field="url")


def _is_web_address(link: str) -> bool:
    try:
        parts = urlsplit(link)
    except ValueError:
        return False
    is_sane = link.isprintable() and " " not in link and len(link) <= MOST_LINK
    return is_sane and parts.scheme in ("http", "https") and bool(parts.hostname)
