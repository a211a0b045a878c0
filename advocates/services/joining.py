"""Many people join in one call, each on their own."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction

from advocates import events as news
from advocates.models import Advocate
from advocates.services import details, loyalty_cards
from advocates.services.advocates import EmailTaken
from advocates.services.details import Details
from loyalty import events
from loyalty.kernel import clock, tries
from loyalty.kernel.database import tables
from loyalty.kernel.errors import DomainError
from loyalty.models import Account, Batch, Business
from loyalty.services import accounts


@dataclass(frozen=True, slots=True)
class Joined:
    """A batch, and who joined by each item, or why nobody did."""

    batch: Batch
    results: Sequence[Advocate | DomainError]


def join_many(*, business: Business, people: Sequence[Details | DomainError], author: str = "") -> Joined:
    """Let everybody join whose details make sense and whose address and external id are free."""
    # Whoever joined in between is found when looking again.
    return tries.again(lambda: _join_many(business, people, author), on=IntegrityError)


@transaction.atomic
def _join_many(business: Business, people: Sequence[Details | DomainError], author: str) -> Joined:
    newcomers = [each if isinstance(each, DomainError) else Newcomer(each) for each in people]
    results = join_all(business=business, people=newcomers, others=others(business=business, people=newcomers))
    batch = keep(business, results, author)
    return Joined(batch, results)


def keep(business: Business, results: Sequence[object], author: str) -> Batch:
    """Remember who joined by a batch, so that it can be taken back."""
    new = [result for result in results if isinstance(result, Advocate)]
    made = [result.pk if isinstance(result, Advocate) else None for result in results]
    reached = accounts.sequences(business=business, account_ids=[advocate.pk for advocate in new])
    return Batch.objects.create(
        business=business,
        kind=Batch.Kind.ADVOCATES,
        made=made,
        reached=[pk and reached[pk] for pk in made],
        author=author,
    )


@transaction.atomic
def join_named(*, business: Business, external_ids: Collection[str]) -> dict[str, UUID]:
    """Let people join of whom nothing is known but the merchant's own ids, which are well formed.

    :raises IntegrityError: if one of them is known already
    """
    new = {external_id: _unknown(business, external_id) for external_id in external_ids}
    _open(business, list(new.values()))
    return {external_id: advocate.pk for external_id, advocate in new.items()}


def _unknown(business: Business, external_id: str) -> Advocate:
    now, account = clock.now(business), Account(external_id=external_id)
    return Advocate(
        pk=account.pk, business=business, account=account, external_id=external_id, created_at=now, updated_at=now
    )


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Who joins; since when the merchant has known them, if not just now, and whether rules pay for their coming."""

    details: Details
    since: datetime | None = None
    is_new: bool = True


@dataclass(frozen=True, slots=True)
class Others:
    """Which of the external ids and addresses (in small letters) that newcomers name are somebody's already."""

    names: Collection[str]
    emails: Collection[str]


def others(*, business: Business, people: Sequence[Newcomer | DomainError]) -> Others:
    """As it is now: two queries."""
    given = [each.details for each in people if isinstance(each, Newcomer)]
    known = Advocate.objects.for_business(business)
    named = known.filter(external_id__in=[name for each in given if (name := each.get("external_id"))])
    addressed = known.with_emails(email for each in given if (email := each.get("email")))
    return Others(
        names={str(each.external_id) for each in named.only("external_id")},
        emails={str(each.email).lower() for each in addressed.only("email")},
    )


def join_all(
    *, business: Business, people: Sequence[Newcomer | DomainError], others: Others, is_trial: bool = False
) -> list[Advocate | DomainError]:
    """Within the caller's transaction.

    :param others: who is there already, as the caller found them
    :param is_trial: only say who could
    :raises IntegrityError: if somebody was faster, and has one of the addresses or external ids by now
    """
    checked = [each if isinstance(each, DomainError) else _checked(business, each) for each in people]
    results = list(_without_taken(checked, others))
    if is_trial:
        return results
    older = {
        result.pk
        for each, result in zip(people, results, strict=True)
        if isinstance(each, Newcomer) and isinstance(result, Advocate) and not each.is_new
    }
    _open(business, [result for result in results if isinstance(result, Advocate)], older)
    return results


def _open(business: Business, new: Sequence[Advocate], older: Collection[UUID] = ()) -> None:
    """Let them join; rules pay nothing for the coming of those who are older than the programme.

    Ids and addresses are taken in their order: whoever takes the same ones waits, and not for ever.
    """
    named = sorted((advocate.account for advocate in new), key=lambda account: account.external_id or "")
    addressed = sorted(new, key=lambda advocate: (advocate.email or "").lower())
    accounts.open_accounts(business=business, accounts=named)
    loyalty_cards.put_on(new)
    tables.write(addressed)
    joined = [news.joined(advocate, is_new=advocate.pk not in older) for advocate in new]
    events.record(joined, now=clock.now(business))


def _checked(business: Business, newcomer: Newcomer) -> Advocate | DomainError:
    """Somebody who has not joined yet: their account has its id, and is not open."""
    now = clock.now(business)
    account = Account()
    since = min(newcomer.since or now, now)
    advocate = Advocate(pk=account.pk, business=business, account=account, created_at=since, updated_at=now)
    try:
        details.apply(newcomer.details, to=advocate, today=now.date())
    except DomainError as error:
        return error
    account.external_id = advocate.external_id
    return advocate


def _without_taken(people: Sequence[Advocate | DomainError], others: Others) -> Iterable[Advocate | DomainError]:
    """Everybody, or who stands in their way: somebody who joined before, or an earlier item."""
    names, emails = {*others.names}, {*others.emails}
    for each in people:
        if isinstance(each, Advocate) and each.email and each.email.lower() in emails:
            yield EmailTaken()
        elif isinstance(each, Advocate) and each.external_id and each.external_id in names:
            yield accounts.ExternalIdTaken()
        else:
            yield each
            if isinstance(each, Advocate):
                emails.add((each.email or "").lower())
                names.add(each.external_id or "")
