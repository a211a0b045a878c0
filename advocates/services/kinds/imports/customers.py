"""People, and what they had in the programme before: each row is a person, or more points of one.

Who is known already stays as they are, and gets the points of their row. Without an external id, the e-mail address
says who somebody is; an address whose holder has no external id yet is theirs, whatever id the row brings.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from advocates.models import Advocate
from advocates.selectors import identity as people
from advocates.services import joining
from advocates.services.details import Details
from advocates.services.kinds.imports.base import (
    OURS,
    Cells,
    Job,
    Kind,
    Name,
    Outcome,
    Problem,
    Row,
    day,
    moment,
    whole_number,
)
from loyalty.kernel import clock, points
from loyalty.kernel.errors import DomainError, Invalid
from loyalty.models import Account, Business, Metric
from loyalty.selectors import expiry
from loyalty.selectors import ledger as books
from loyalty.services import batches, postings
from loyalty.services.ledger import POINTS, AccountNotActive, BalanceLimitReached, Posting, Source
from loyalty.services.postings import Away, Move

SOURCE = "import"
DETAILS = {
    "email": "email",
    "name": "name",
    "firstName": "first_name",
    "lastName": "last_name",
    "phone": "phone",
    "locale": "locale",
    "timezone": "timezone",
}
AMOUNTS = ("points", "lifetimePoints", "spentPoints")
COLUMNS = (
    "externalId",
    *DETAILS,
    "birthday",
    "createdAt",
    *AMOUNTS,
    "earnedAt",
    "expiresAt",
)
LAYOUTS: Mapping[str, Mapping[str, Sequence[str]]] = {
    OURS: {column: (column.lower(),) for column in COLUMNS},
    "smile": {
        "email": ("email", "customer email"),
        "name": ("name", "full name"),
        "firstName": ("first name",),
        "lastName": ("last name",),
        "birthday": ("date of birth", "birthday"),
        "points": ("points", "points balance"),
    },
    "loyaltylion": {
        "externalId": ("merchant id", "merchant_id"),
        "email": ("email",),
        "name": ("name",),
        "firstName": ("first name", "first_name"),
        "lastName": ("last name", "last_name"),
        "birthday": ("birthday", "date of birth"),
        "lifetimePoints": ("points approved", "points_approved"),
        "spentPoints": ("points spent", "points_spent"),
        "createdAt": ("enrolled at", "enrolled_at"),
    },
    "yotpo": {
        "email": ("email",),
        "name": ("full name",),
        "firstName": ("first name",),
        "lastName": ("last name",),
        "birthday": ("birthday", "birthday (mm/dd)", "birthday (mm/dd/yyyy)"),
        "points": ("points balance",),
        "spentPoints": ("points spent",),
    },
    "woocommerce": {
        "externalId": ("user_id", "user id", "customer id"),
        "email": ("email", "user_email", "user email"),
        "firstName": ("first_name", "first name"),
        "lastName": ("last_name", "last name"),
        "points": ("points", "points balance", "points_balance"),
    },
}


@dataclass(frozen=True, slots=True)
class Brought:
    """What a row says. `amount` is what they have, `lifetime` what they ever earned: at least that."""

    row: Row
    details: Details
    since: datetime | None
    amount: int
    lifetime: int
    earned_at: datetime | None
    expires_at: datetime | None

    @property
    def name(self) -> Name:
        name = identity(self.row.cells)
        assert name is not None  # or the row was refused before
        return name


@dataclass(frozen=True, slots=True)
class Due:
    """What somebody gets for a row."""

    brought: Brought
    account_id: UUID
    is_new: bool

    @property
    def spent(self) -> int:
        return self.brought.lifetime - self.brought.amount if self.is_new else 0


def identity(cells: Cells) -> Name | None:
    """The external id, or without one the e-mail address in small letters."""
    if "externalId" in cells:
        return "externalId", cells["externalId"]
    return ("email", cells["email"].lower()) if "email" in cells else None


def bring(job: Job, rows: Sequence[Row]) -> Outcome:
    """Let those join who are new, and give everybody the points of their rows. A trial only says what it would do."""
    outcome = Outcome()
    brought = _read(job, rows, outcome)
    known = _known(job, brought)
    first = {each.name: each for each in reversed(brought) if each.name not in known and not each.row.is_again}
    joined, results = _join(job, list(first.values()), outcome)
    dues = [
        Due(each, account_id, is_new=each.name in joined and first[each.name] is each)
        for each in brought
        if (account_id := known.get(each.name) or joined.get(each.name))
    ]
    outcome.known = sum(not due.is_new for due in dues)
    if job.is_trial:  # who stands on a line of an earlier part has not joined
        waiting = [each for each in brought if each.row.is_again and each.name not in {**known, **joined}]
        outcome.known += len(waiting)
        outcome.points += sum(each.amount for each in waiting)
        _foresee(job, dues, outcome)
        return outcome
    _pay(job, dues, outcome)
    outcome.made["people"] = str(joining.keep(job.business, results, job.author).pk)
    return outcome


def _read(job: Job, rows: Sequence[Row], outcome: Outcome) -> list[Brought]:
    read = []
    for row in rows:
        try:
            read.append(_brought(job, row))
        except DomainError as error:
            outcome.problems.append(Problem(row.line, error))
    return read


def _brought(job: Job, row: Row) -> Brought:
    cells, zone = row.cells, job.business.timezone
    details = cast("Details", {ours: cells[name] for name, ours in DETAILS.items() if name in cells})
    if "externalId" in cells:
        details["external_id"] = cells["externalId"]
    if "birthday" in cells:
        details["birthday"] = day(cells["birthday"], column="birthday")
    moments = {name: moment(cells[name], zone, column=name) for name in ("createdAt", "earnedAt") if name in cells}
    ends = moment(cells["expiresAt"], zone, column="expiresAt", at_end=True) if "expiresAt" in cells else None
    amount, lifetime = _points(cells)
    brought = Brought(row, details, moments.get("createdAt"), amount, lifetime, moments.get("earnedAt"), ends)
    _check_times(brought, clock.now(job.business))
    return brought


def _points(cells: Mapping[str, str]) -> tuple[int, int]:
    """What they have, and what they ever earned; of two of the three numbers the third follows."""
    given = {name: whole_number(cells[name], column=name) for name in AMOUNTS if name in cells}
    spent = given.get("spentPoints", 0)
    has = given.get("points", given.get("lifetimePoints", spent) - spent)
    if has < 0:
        raise Invalid("More points were spent than ever earned.", field="spentPoints")
    lifetime = given.get("lifetimePoints", has + spent)
    if lifetime < has:
        raise Invalid("lifetimePoints must be at least points.", field="lifetimePoints")
    return has, lifetime


def _check_times(brought: Brought, now: datetime) -> None:
    for name, at in (("createdAt", brought.since), ("earnedAt", brought.earned_at)):
        if at and at > now:
            raise Invalid(f"{name} must not lie in the future.", field=name)
    if brought.expires_at and brought.expires_at <= now:
        raise Invalid("These points have expired already.", field="expiresAt")


def _known(job: Job, brought: Sequence[Brought]) -> dict[Name, UUID]:
    """Who is there already."""
    ids = {each.row.cells["externalId"] for each in brought if "externalId" in each.row.cells}
    by_id = people.ids_by_external_id(business=job.business, external_ids=ids)
    emails = {each.row.cells["email"] for each in brought if "email" in each.row.cells}
    by_email = people.by_emails(business=job.business, emails=emails)
    known = {}
    for each in brought:
        kind, name = each.name
        holder = by_email.get(each.row.cells.get("email", "").lower())
        if kind == "externalId" and name in by_id:
            known[each.name] = by_id[name]
        elif holder and (kind == "email" or holder.external_id is None):
            known[each.name] = holder.pk
    return known


def _join(job: Job, new: Sequence[Brought], outcome: Outcome) -> tuple[dict[Name, UUID], list[Advocate | DomainError]]:
    people = [joining.Newcomer(each.details, since=each.since, is_new=job.pays) for each in new]
    others = joining.others(business=job.business, people=people)
    results = joining.join_all(business=job.business, people=people, others=others, is_trial=job.is_trial)
    ids = {}
    for each, result in zip(new, results, strict=True):
        if isinstance(result, Advocate):
            ids[each.name] = result.pk
        else:
            outcome.problems.append(Problem(each.row.line, result))
    outcome.new = len(ids)
    return ids, results


def _foresee(job: Job, dues: Sequence[Due], outcome: Outcome) -> None:
    """What `_pay` would give, and whom it would refuse."""
    ids = {due.account_id for due in dues if not due.is_new}
    stopped = Account.objects.for_business(job.business).filter(pk__in=ids).exclude(status=Account.Status.ACTIVE)
    inactive = set(stopped.values_list("pk", flat=True))
    metric = Metric.objects.for_business(job.business).get(key=POINTS)
    most = metric.maximum or points.MAX_BALANCE
    rooms = books.rooms(business=job.business, account_ids=ids)
    for due in dues:
        amount, room = due.brought.amount, rooms.get(due.account_id, most - metric.default_value)
        if amount and due.account_id in inactive:
            outcome.problems.append(Problem(due.brought.row.line, AccountNotActive()))
        elif amount > room:
            outcome.problems.append(Problem(due.brought.row.line, BalanceLimitReached(limit=most)))
        else:
            outcome.points += amount
            rooms[due.account_id] = room - amount


def _pay(job: Job, dues: Sequence[Due], outcome: Outcome) -> None:
    """Everybody's points, each row as a lot; newcomers have spent some before, which counts for their lifetime."""
    _pay_past(job, [due for due in dues if due.spent])
    paid = [(due, ends) for due, ends in zip(dues, _ends(job, dues), strict=True) if due.brought.amount]
    moves = [_move(job, due, due.brought.amount, ends) for due, ends in paid]
    done = batches.move_points(business=job.business, moves=moves, author=job.author, source=SOURCE)
    outcome.made["points"] = str(done.batch.pk)
    for (due, _), result in zip(paid, done.results, strict=True):
        if isinstance(result, DomainError):
            outcome.problems.append(Problem(due.brought.row.line, result))
        elif isinstance(result, Posting):
            outcome.points += result.amount


def _pay_past(job: Job, dues: Sequence[Due]) -> None:
    """What newcomers have earned elsewhere, and spent there."""
    moves = [_move(job, due, due.spent) for due in dues]
    earned = postings.post(moves, business=job.business)
    spent = [
        Away(
            entry_id=posting.id,
            source=move.source,
            reason=move.reason,
            facts=move.facts,
            description=move.description,
        )
        for move, posting in zip(moves, earned, strict=True)
        if posting.id
    ]
    postings.take_away(spent, business=job.business)


def _ends(job: Job, dues: Sequence[Due]) -> list[datetime | None]:
    """When the points of each row end: as it says, or as the programme says of what was earned then."""
    earned = [due.brought.earned_at for due in dues if due.brought.earned_at]
    rules = dict(zip(earned, expiry.ends(business=job.business, metric=POINTS, earned=earned), strict=True))
    return [due.brought.expires_at or (due.brought.earned_at and rules[due.brought.earned_at]) for due in dues]


def _move(job: Job, due: Due, amount: int, expires_at: datetime | None = None) -> Move:
    earned_at = due.brought.earned_at
    earned = {"earnedAt": earned_at.isoformat()} if earned_at else {}
    return Move(
        account_id=due.account_id,
        amount=amount,
        source=Source(SOURCE, f"{job.import_id}:{due.brought.row.line}"),
        facts={"action": SOURCE},
        reason={"importId": str(job.import_id), "line": due.brought.row.line, **earned},
        description="Imported",
        expires_at=expires_at,
    )


def undo(business: Business, made: Mapping[str, Any]) -> int:
    """People first: with them goes what they were given. Answers how much could not be undone."""
    batch_ids = [UUID(made[name]) for name in ("people", "points") if name in made]
    results = [result for pk in batch_ids for result in batches.undo(business=business, batch_id=pk).results]
    return sum(isinstance(result, DomainError) for result in results)


KIND = Kind(
    title="Customers",
    known="stay as they are",
    undoing="Its points go back, and who joined by it is erased for good, unless they have done something since.",
    columns=COLUMNS,
    required=[("externalId", "email")],
    layouts=LAYOUTS,
    identity=identity,
    bring=bring,
    undo=undo,
    pays="joining",
)
