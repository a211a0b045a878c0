"""A shop's customers: people under the shop's own id. Whoever is new joins the programme."""

from calendar import isleap
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import IntegrityError, transaction

from advocates.models import Advocate
from advocates.selectors import identity
from advocates.services import advocates, joining
from advocates.services.address_book import AddressBook
from advocates.services.details import Details
from advocates.services.joining import Newcomer, Others
from loyalty.kernel import tries
from loyalty.kernel.errors import Conflict, DomainError, Invalid
from loyalty.models import Batch, Business

UNKNOWN_YEAR = 1904  # of a birthday that came without one; it has a 29 February


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A customer as the shop tells of them; what `details` do not name stays.

    `since`: since when the shop has known them. `birth`: month and day. `pays_signup`: whether rules pay for their
    joining; if nobody says, not for whom the shop knew before there was a programme.
    """

    external_id: str
    details: Details
    since: datetime | None = None
    birth: tuple[int, int] | None = None
    pays_signup: bool | None = None

    def is_new_to(self, business: Business) -> bool:
        if self.pays_signup is not None:
            return self.pays_signup
        return self.since is None or self.since >= business.created_at


@dataclass(frozen=True, slots=True)
class Put:
    advocate: Advocate
    is_new: bool


def put(*, business: Business, told: Told) -> Put:
    """Change what is known of a customer; who is not known yet joins.

    An e-mail address of a person without an external id says that it is them.

    :raises Invalid: if a detail makes no sense
    :raises advocates.EmailTaken: if someone else has the e-mail address
    :raises AdvocateGone: if they are erased
    """
    # Whatever a faster call wrote is found when looking again.
    return tries.again(lambda: _put(business, told), on=Conflict, most=tries.FEW)


@transaction.atomic
def _put(business: Business, told: Told) -> Put:
    known = identity.by_external_id(business=business, external_id=told.external_id)
    if known is None and (email := told.details.get("email")):
        known = advocates.nameless(business=business, email=email)
    given = _given(told, known)
    if known is not None:
        return Put(advocates.update(business=business, advocate_id=known.pk, **given), is_new=False)
    is_new = told.is_new_to(business)
    return Put(advocates.create(business=business, since=told.since, is_new=is_new, **given), is_new=True)


@dataclass(frozen=True, slots=True)
class Done:
    """A batch of customers, and what became of each. Undoing it erases those who joined by it."""

    batch: Batch
    results: Sequence[Put | DomainError]


def put_all(*, business: Business, told: Sequence[Told | DomainError], author: str = "") -> Done:
    """As `put`, for many: each on its own, all by the set."""
    # Whoever joined in between is found when looking again.
    return tries.again(lambda: _put_all(business, told, author), on=IntegrityError)


@transaction.atomic
def _put_all(business: Business, told: Sequence[Told | DomainError], author: str) -> Done:
    sent = [one for one in told if isinstance(one, Told)]
    emails = [email.lower() for one in sent if (email := one.details.get("email"))]
    book = AddressBook(business, [one.external_id for one in sent], emails)
    changed = [one if isinstance(one, DomainError) else _changed(business, book, one) for one in told]
    book.write()
    newcomers = [one for one in changed if isinstance(one, Newcomer)]
    others = Others(book.names(), book.emails())
    joined = iter(joining.join_all(business=business, people=newcomers, others=others) if newcomers else [])
    people = [next(joined) if isinstance(one, Newcomer) else one for one in changed]
    new = [isinstance(one, Newcomer) for one in changed]
    results = [
        person if isinstance(person, DomainError) else Put(person, is_new)
        for person, is_new in zip(people, new, strict=True)
    ]
    made = [one.advocate if isinstance(one, Put) and one.is_new else None for one in results]
    return Done(joining.keep(business, made, author), results)


def _changed(business: Business, book: AddressBook, told: Told) -> Advocate | Newcomer | DomainError:
    known = book.find(told.external_id, told.details.get("email"))
    try:
        given = _given(told, known)
    except DomainError as error:
        return error
    return book.change(known, given) if known else Newcomer(given, told.since, told.is_new_to(business))


def _given(told: Told, known: Advocate | None) -> Details:
    """:raises Invalid: if there is no such birthday"""
    given = told.details
    if known is None or known.external_id is None:
        given = {**given, "external_id": told.external_id}
    if told.birth is not None:
        given = {**given, "birthday": birthday(*told.birth, before=known.birthday if known else None)}
    return given


def birthday(month: int, day: int, *, before: date | None) -> date:
    """A birthday in the year that is known, or in the one that stands for none.

    :raises Invalid: if there is no such day
    """
    year = before.year if before and (isleap(before.year) or (month, day) != (2, 29)) else UNKNOWN_YEAR
    try:
        return date(year, month, day)
    except ValueError as error:
        raise Invalid("birthdayMonth and birthdayDay are no day of a year.", field="birthdayDay") from error
