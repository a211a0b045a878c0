"""Bringing a file: it is read and checked, then done part by part, and can be undone as a whole.

A part is checked, done or undone in one transaction: whoever is killed meanwhile has lost nothing, and whoever goes on
repeats nothing. Two at once wait for each other.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction

from advocates.models import Import, ImportPart
from advocates.services import csv_files
from advocates.services.csv_files import BadFile
from advocates.services.growth import measure
from advocates.services.kinds import imports as kinds
from advocates.services.kinds.imports.base import OURS, Cells, Job, Kind, Name, Outcome, Problem, Row, cells_of
from loyalty.kernel import clock, jobs, tries
from loyalty.kernel.errors import Conflict, DomainError, Invalid, NotFound
from loyalty.models import Business

PART = 1000  # rows
MOST_ROWS = 1_000_000
LONGEST_CELL = 1000
FORGOTTEN_AFTER = timedelta(days=7)  # what was checked and never done: its rows name people
WORK = "advocates.work_off_imports"
ROUNDS = 20

log = structlog.get_logger(__name__)
State = Import.State


class BadLayout(Invalid):
    def __init__(self, kind: str) -> None:
        super().__init__(f"Layouts of {kind} are {', '.join(kinds.KINDS[kind].layouts)}.", field="layout")


class ImportedBefore(Conflict):
    def __init__(self, earlier: Import) -> None:
        super().__init__(f"This file was imported before, as {earlier.pk}. Undo that first.", field="file")


class WrongState(Conflict):
    def __init__(self, found: Import) -> None:
        super().__init__(f"This import is {found.state}.")


class Forgotten(Exception):
    """Somebody was erased out of rows that were just being brought: what is left of them is brought instead."""


@transaction.atomic
def receive(
    *,
    business: Business,
    kind: str,
    lines: Iterable[str],
    title: str,
    layout: str = OURS,
    pays: bool = False,
    author: str = "",
) -> Import:
    """Keep a CSV file's rows, to be checked by `advance`.

    :param lines: as an open text file gives them; commas, semicolons or tabs between cells
    :param layout: by whose export its columns are named
    :param pays: whether rules pay for what it brings: the joining of those who are new, or orders
    :raises BadLayout: if there is no such layout of this kind
    :raises BadFile: if it cannot be read, or a column is missing, unknown or there twice
    :raises ImportedBefore: if the same file was imported, and not undone
    """
    if layout not in kinds.KINDS[kind].layouts:
        raise BadLayout(kind)
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
        pays=pays,
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
    """Take back what was done, as far as nothing has come of it since.

    :raises NotFound, WrongState: as `start`, if it is not done
    """
    _turn(business, import_id, {State.DONE: State.UNDOING, State.RUNNING: State.UNDOING})


def advance(*, business: Business, import_id: UUID) -> bool:
    """Settle the next part of an import. Answers whether there may be another one."""
    measure()
    # Whoever joined in between is found when looking again.
    return tries.again(lambda: _advance(business, import_id), on=(IntegrityError, Forgotten))


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
        things = [rows for rows in _things(part.rows) if them.isdisjoint(_said(rows))]
        kept = [row for rows in things for row in rows]
        if len(kept) < len(part.rows):
            part.rows = kept
            part.save(update_fields=["rows"])


def _said(rows: Iterable[list[Any]]) -> Iterator[str]:
    return (cell.lower() for row in rows for cell in row[3:])


# Reading


def _keep(made: Import, kind: Kind, rows: Iterator[tuple[int, list[str]]]) -> None:
    total = 0
    for number, part in enumerate(_parts(_marked(made.columns, kind, rows)), start=1):
        total += len(part)
        if total > MOST_ROWS:
            raise BadFile(f"There are more than {MOST_ROWS:,} rows. Split the file.")
        ImportPart.objects.create(business_id=made.business_id, whole=made, number=number, rows=part, size=len(part))
    if not total:
        raise BadFile("There are no rows below the first line.")


def _marked(columns: Sequence[str], kind: Kind, rows: Iterable[tuple[int, list[str]]]) -> Iterator[list[Any]]:
    """Rows as they are kept: whether an earlier line names the same thing, and whether the one above does."""
    names: set[Name | None] = set()
    head: Cells = {}
    for line, cells in rows:
        said = cells_of(columns, cells)
        name = kind.identity(said)
        belongs = bool(kind.continues and head and kind.continues(head, said))
        yield [line, name is not None and name in names, belongs, *cells[: len(columns)]]
        names.add(name)
        head = head if belongs else said


def _parts(rows: Iterator[list[Any]]) -> Iterator[list[list[Any]]]:
    """So many rows each, and never half of a thing, unless it has that many rows alone."""
    part: list[list[Any]] = []
    for row in rows:
        if len(part) >= PART and (not row[2] or len(part) >= 2 * PART):
            yield part
            part = []
        part.append(row)
    if part:
        yield part


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
    rows = part.rows
    if found.state == State.UNDOING:
        _undo_part(business, found, part)
    else:
        _bring_part(business, found, part)
    _check_nobody_is_forgotten(part, rows)
    part.is_settled = True
    part.save()
    return True


def _check_nobody_is_forgotten(part: ImportPart, rows: Sequence[list[Any]]) -> None:
    """Lock the part, which still has these rows. Whoever erases locks people first, too, and parts after them.

    :raises Forgotten: if it has not
    """
    parts = ImportPart.objects.filter(business_id=part.business_id, pk=part.pk, rows=rows)
    if not parts.select_for_update().exists():
        raise Forgotten


def _bring_part(business: Business, found: Import, part: ImportPart) -> None:
    is_trial = found.state == State.CHECKING
    job = Job(
        business=business,
        import_id=found.pk,
        author=found.author,
        pays=found.pays,
        is_trial=is_trial,
    )
    good, bad = _sound(found, part)
    with transaction.atomic():
        outcome = kinds.KINDS[found.kind].bring(job, good)
        transaction.set_rollback(is_trial)
    _note(part, outcome, bad)
    if not is_trial:
        part.made, part.rows = outcome.made, []


def _sound(found: Import, part: ImportPart) -> tuple[list[Row], list[Problem]]:
    """Things whose rows can be read, and what is wrong with the others: one bad row spoils its thing."""
    good, bad = [], []
    for rows in _things(part.rows):
        read = []
        for line, is_again, _, *cells in rows:
            try:
                read.append(Row(line, _cells(found, cells), is_again))
            except DomainError as error:
                bad.append(Problem(line, error))
        if len(read) == len(rows):
            good.append(replace(read[0], more=read[1:]) if read[1:] else read[0])
    return good, bad


def _things(rows: Iterable[list[Any]]) -> Iterator[list[list[Any]]]:
    """The rows of each thing, which stand below each other."""
    thing: list[list[Any]] = []
    for row in rows:
        if thing and not row[2]:
            yield thing
            thing = []
        thing.append(row)
    if thing:
        yield thing


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
    part.new, part.known, part.points, part.money = outcome.new, outcome.known, outcome.points, dict(outcome.money)
    part.refused = len(problems)
    part.problems = [
        {"line": line, "column": error.field, "code": error.code, "message": error.message}
        for line, error in ((problem.line, problem.error) for problem in problems)
    ]


def _undo_part(business: Business, found: Import, part: ImportPart) -> None:
    """What was done since stays, and is counted."""
    part.stayed = kinds.KINDS[found.kind].undo(business, part.made)
    part.rows = []
