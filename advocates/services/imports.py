"""Bringing a file: it is read and checked, then done part by part, and can be undone as a whole.

A part is checked, done or undone in one transaction: whoever is killed meanwhile has lost nothing, and whoever goes on
repeats nothing. Two at once wait for each other.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import timedelta
from itertools import islice
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction

from advocates.models import Import, ImportPart
from advocates.services import csv_files
from advocates.services.csv_files import BadFile
from advocates.services.kinds import imports as kinds
from advocates.services.kinds.imports.base import OURS, Job, Kind, Outcome, Problem, Row, cells_of
from loyalty.kernel import clock, jobs, tries
from loyalty.kernel.errors import Conflict, DomainError, Invalid, NotFound
from loyalty.models import Business
from loyalty.services import batches

PART = 1000  # rows
MOST_ROWS = 1_000_000
LONGEST_CELL = 1000
FORGOTTEN_AFTER = timedelta(days=7)  # what was checked and never done: its rows name people
WORK = "advocates.work_off_imports"
ROUNDS = 20

log = structlog.get_logger(__name__)
State = Import.State


class ImportedBefore(Conflict):
    def __init__(self, earlier: Import) -> None:
        super().__init__(f"This file was imported before, as {earlier.pk}. Undo that first.", field="file")


class WrongState(Conflict):
    def __init__(self, found: Import) -> None:
        super().__init__(f"This import is {found.state}.")


@transaction.atomic
def receive(
    *,
    business: Business,
    kind: str,
    lines: Iterable[str],
    title: str,
    layout: str = OURS,
    pays_signup: bool = False,
    author: str = "",
) -> Import:
    """Keep a CSV file's rows, to be checked by `advance`.

    :param lines: as an open text file gives them; commas, semicolons or tabs between cells
    :param layout: by whose export its columns are named
    :param pays_signup: whether rules pay for the joining of those who are new
    :raises BadFile: if it cannot be read, or a column is missing, unknown or there twice
    :raises ImportedBefore: if the same file was imported, and not undone
    """
    digest = hashlib.sha256(f"{kind}\n{layout}\n".encode())
    rows = csv_files.rows(csv_files.hashed(lines, digest))
    spelled = kinds.KINDS[kind]
    columns = csv_files.columns(
        next(rows, (0, []))[1],
        names=spelled.layouts[layout],
        required=spelled.required,
        is_ours=layout == OURS,
    )
    made = Import.objects.create(
        business=business,
        kind=kind,
        layout=layout,
        title=title[:200],
        columns=columns,
        pays_signup=pays_signup,
        author=author,
    )
    _keep(made, kinds.KINDS[kind], rows)
    made.digest = digest.hexdigest()
    earlier = Import.objects.for_business(business).filter(digest=made.digest).exclude(state=State.UNDONE)
    done = earlier.exclude(state__in=(State.CHECKING, State.CHECKED)).first()
    if done is not None:
        raise ImportedBefore(done)
    made.save(update_fields=["digest"])
    jobs.wake(WORK)
    return made


def start(*, business: Business, import_id: UUID) -> None:
    """Let what was checked be done.

    :raises NotFound: if the business has no such import
    :raises WrongState: if it is not checked, or done before
    """
    _turn(business, import_id, {State.CHECKED: State.RUNNING})


def undo(*, business: Business, import_id: UUID) -> None:
    """Take back what was done: all points, and whoever joined by it is erased, unless they have done something since.

    :raises NotFound, WrongState: as `start`, if it is not done
    """
    _turn(business, import_id, {State.DONE: State.UNDOING, State.RUNNING: State.UNDOING})


def advance(*, business: Business, import_id: UUID) -> bool:
    """Settle the next part of an import. Answers whether there may be another one."""
    # Whoever joined in between is found when looking again.
    return tries.again(lambda: _advance(business, import_id), on=IntegrityError)


def work_off() -> None:
    """Go on with the files of all businesses, a part of each in turn, and forget what nobody wanted.

    After so many rounds another task goes on, so that no worker is long at it, and no file waits for a long one.
    """
    busy = Import.objects.filter(state__in=(State.CHECKING, State.RUNNING, State.UNDOING))
    waiting = list(busy.select_related("business").order_by("created_at"))
    for _ in range(ROUNDS):
        waiting = [found for found in waiting if _go_on(found)]
    if waiting:
        jobs.wake(WORK)
    Import.objects.filter(state=State.CHECKED, created_at__lt=clock.wall() - FORGOTTEN_AFTER).delete()


def _go_on(found: Import) -> bool:
    """Whether there may be more. A file that we fail at keeps nobody else's from being done."""
    try:
        return advance(business=found.business, import_id=found.pk)
    except Exception:
        log.exception("import_failed", id=str(found.pk))
        return False


def forget(*, business: Business, names: Collection[str]) -> None:
    """Take the rows of people with these external ids and addresses out of files that wait."""
    them = {name.lower() for name in names}
    for part in ImportPart.objects.for_business(business).exclude(rows=[]).select_for_update():
        kept = [row for row in part.rows if them.isdisjoint(cell.lower() for cell in row[2:])]
        if len(kept) < len(part.rows):
            part.rows = kept
            part.save(update_fields=["rows"])


# Reading


def _keep(made: Import, kind: Kind, rows: Iterator[tuple[int, list[str]]]) -> None:
    names: set[tuple[str, str] | None] = set()
    total = 0
    for number, part in enumerate(iter(lambda: list(islice(rows, PART)), []), start=1):
        total += len(part)
        if total > MOST_ROWS:
            raise BadFile(f"There are more than {MOST_ROWS:,} rows. Split the file.")
        kept = []
        for line, cells in part:
            name = kind.identity(cells_of(made.columns, cells))
            kept.append([line, name is not None and name in names, *cells[: len(made.columns)]])
            names.add(name)
        ImportPart.objects.create(business_id=made.business_id, whole=made, number=number, rows=kept, size=len(kept))
    if not total:
        raise BadFile("There are no rows below the first line.")


# Settling


def _turn(business: Business, import_id: UUID, moves: dict[State, State]) -> None:
    with transaction.atomic():
        found = _locked(business, import_id)
        if found.state not in moves:
            raise WrongState(found)
        _enter(found, moves[State(found.state)])


def _enter(found: Import, state: State) -> None:
    found.state = state
    found.finished_at = clock.wall() if state in (State.DONE, State.UNDONE) else None
    found.save(update_fields=["state", "finished_at"])
    if found.is_busy:
        jobs.wake(WORK)
        parts = ImportPart.objects.filter(business_id=found.business_id, whole=found)
        parts.update(is_settled=False)


def _locked(business: Business, import_id: UUID) -> Import:
    found = Import.objects.for_business(business).select_for_update().filter(pk=import_id).first()
    if found is None:
        raise NotFound("import")
    return found


NEXT = {State.CHECKING: State.CHECKED, State.RUNNING: State.DONE, State.UNDOING: State.UNDONE}


@transaction.atomic
def _advance(business: Business, import_id: UUID) -> bool:
    found = _locked(business, import_id)
    if not found.is_busy:
        return False
    parts = ImportPart.objects.for_business(business).filter(whole=found, is_settled=False)
    part = parts.order_by("number").first()
    if part is None:
        _enter(found, NEXT[State(found.state)])
        return False
    if found.state == State.UNDOING:
        _undo_part(business, part)
    else:
        _bring_part(business, found, part)
    part.is_settled = True
    part.save()
    return True


def _bring_part(business: Business, found: Import, part: ImportPart) -> None:
    is_trial = found.state == State.CHECKING
    job = Job(
        business=business,
        import_id=found.pk,
        author=found.author,
        pays_signup=found.pays_signup,
        is_trial=is_trial,
    )
    good, bad = _sound(found, part)
    with transaction.atomic():
        outcome = kinds.KINDS[found.kind].bring(job, good)
        transaction.set_rollback(is_trial)
    _note(part, outcome, bad)
    if not is_trial:
        part.people_batch_id, part.points_batch_id = outcome.people_batch_id, outcome.points_batch_id
        part.rows = []


def _sound(found: Import, part: ImportPart) -> tuple[list[Row], list[Problem]]:
    good, bad = [], []
    for line, is_again, *cells in part.rows:
        try:
            good.append(Row(line, _cells(found, cells), is_again))
        except DomainError as error:
            bad.append(Problem(line, error))
    return good, bad


def _cells(found: Import, cells: Sequence[str]) -> dict[str, str]:
    if len(cells) < len(found.columns):
        raise Invalid(f"There are {len(cells)} cells, and {len(found.columns)} columns.")
    named = cells_of(found.columns, cells)
    for column, text in named.items():
        if len(text) > LONGEST_CELL or "\0" in text:
            raise Invalid(f"{column} is longer than {LONGEST_CELL:,} characters, or no text.", field=column)
    if kinds.KINDS[found.kind].identity(named) is None:
        raise Invalid("Nothing says who or what this is.")
    return named


def _note(part: ImportPart, outcome: Outcome, bad: Sequence[Problem]) -> None:
    problems = sorted([*outcome.problems, *bad], key=lambda problem: problem.line)
    part.joined, part.known, part.points = outcome.joined, outcome.known, outcome.points
    part.refused = len(problems)
    part.problems = [
        {"line": line, "column": error.field, "code": error.code, "message": error.message}
        for line, error in ((problem.line, problem.error) for problem in problems)
    ]


def _undo_part(business: Business, part: ImportPart) -> None:
    """People first: with them goes what they were given. What was done since stays, and is counted."""
    made = [batch_id for batch_id in (part.people_batch_id, part.points_batch_id) if batch_id]
    results = [result for batch_id in made for result in batches.undo(business=business, batch_id=batch_id).results]
    part.stayed = sum(isinstance(result, DomainError) for result in results)
    part.rows = []
