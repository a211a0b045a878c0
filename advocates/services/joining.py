"""Many people join in one call, each on their own."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction

from advocates import events as news
from advocates.models import Advocate
from advocates.services import details
from advocates.services.advocates import EmailTaken
from advocates.services.details import Details
from loyalty import events
from loyalty.kernel import clock, tries
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
    results = join_all(business=business, people=people)
    return Joined(write_down(business=business, results=results, author=author), results)


def write_down(*, business: Business, results: Sequence[Advocate | DomainError], author: str) -> Batch:
    """Note who has joined, and up to where they have come by that, so that it can be undone as a batch."""
    made = [result.pk if isinstance(result, Advocate) else None for result in results]
    reached = accounts.sequences(business=business, account_ids=[pk for pk in made if pk])
    return Batch.objects.create(
        business=business,
        kind=Batch.Kind.ADVOCATES,
        made=made,
        reached=[pk and reached[pk] for pk in made],
        author=author,
    )


def join_all(
    *,
    business: Business,
    people: Sequence[Details | DomainError],
    since: Sequence[datetime | None] = (),
    is_new: bool = True,
) -> list[Advocate | DomainError]:
    """Within the caller's transaction.

    :param since: when the merchant got to know each, if not just now
    :param is_new: whether rules pay for their coming
    :raises IntegrityError: if somebody was faster, and has one of the addresses or external ids by now
    """
    checked = [each if isinstance(each, DomainError) else _checked(business, each) for each in people]
    for advocate, earlier in zip(checked, since, strict=False):
        if isinstance(advocate, Advocate) and earlier:
            advocate.created_at = min(earlier, advocate.created_at)
    results = list(_without_taken(business, checked))
    new = [result for result in results if isinstance(result, Advocate)]
    accounts.open_accounts(business=business, accounts=[advocate.account for advocate in new])
    Advocate.objects.bulk_create(new)
    events.record([news.joined(advocate, is_new=is_new) for advocate in new], now=clock.now(business))
    return results


def _checked(business: Business, given: Details) -> Advocate | DomainError:
    """Somebody who has not joined yet: their account has its id, and is not open."""
    now = clock.now(business)
    account = Account()
    advocate = Advocate(pk=account.pk, business=business, account=account, created_at=now, updated_at=now)
    try:
        details.apply(given, to=advocate, today=now.date())
    except DomainError as error:
        return error
    account.external_id = advocate.external_id
    return advocate


def _without_taken(business: Business, people: Sequence[Advocate | DomainError]) -> Iterable[Advocate | DomainError]:
    """Everybody, or who stands in their way: somebody who joined before, or an earlier item."""
    new = [each for each in people if isinstance(each, Advocate)]
    known = Advocate.objects.for_business(business)
    named = known.filter(external_id__in=[each.external_id for each in new if each.external_id])
    names = set(named.values_list("external_id", flat=True))
    addressed = known.with_emails(each.email for each in new if each.email)
    emails = {email.lower() for email in addressed.values_list("email", flat=True) if email}
    for each in people:
        if isinstance(each, Advocate) and each.email and each.email.lower() in emails:
            yield EmailTaken()
        elif isinstance(each, Advocate) and each.external_id and each.external_id in names:
            yield accounts.ExternalIdTaken()
        else:
            yield each
            if isinstance(each, Advocate):
                emails.add((each.email or "").lower())
                names.add(each.external_id)
