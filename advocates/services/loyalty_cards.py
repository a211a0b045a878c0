"""Loyalty cards: everybody has a number that nobody can guess; whoever shows it at a till is found by it."""

from collections.abc import Iterable
from uuid import UUID

from django.db import transaction

from advocates import events as news
from advocates.models import Advocate
from advocates.selectors import identity
from advocates.services.mappings import STAYS, AdvocateGone
from loyalty import events
from loyalty.kernel import card_numbers, clock, crypto
from loyalty.kernel.errors import NotFound
from loyalty.models import Business
from loyalty.services import accounts
from loyalty.services.sealing import Sealed

LONGEST = 64  # of what somebody types for a number


class UnknownLoyaltyCard(NotFound):
    """One answer for a number that is mistyped, unknown, replaced, or another business's."""

    def __init__(self) -> None:
        super().__init__("loyalty card", field="card")
        self.message = "There is no loyalty card with this number. Check it."


def put_on(people: Iterable[Advocate]) -> None:
    """Give people a new number. Their rows are the caller's to write."""
    for person in people:
        number = card_numbers.new_number()
        person.card_sealed = crypto.seal(number.encode(), context=_context(person.pk))
        person.card_hash = _hashes(person.business_id, number)[0]


def number_of(person: Advocate) -> str | None:
    """What is printed on somebody's card."""
    if person.card_sealed is None:
        return None
    return crypto.unseal(bytes(person.card_sealed), context=_context(person.pk)).decode()


def holder_of(*, business: Business, number: str) -> Advocate:
    """The person whose card it is, or was before they were merged into another one.

    :raises UnknownLoyaltyCard: if it is nobody's
    """
    text = card_numbers.tidy(number)
    if not card_numbers.is_well_formed(text):
        raise UnknownLoyaltyCard
    found = identity.by_card(business=business, hashes=_hashes(business.pk, text))
    if found is None:
        raise UnknownLoyaltyCard
    return found


@transaction.atomic
def reissue(*, business: Business, advocate_id: UUID) -> Advocate:
    """Give somebody another number; the one that they had leads nowhere from then on.

    :raises NotFound: if the business has no such advocate
    :raises AdvocateGone: if they are merged or erased
    """
    account = accounts.lock(business=business, account_ids=[advocate_id]).get(advocate_id)
    person = Advocate.objects.for_business(business).filter(pk=advocate_id).first()
    if account is None or person is None:
        raise NotFound("advocate")
    if account.status in STAYS:
        raise AdvocateGone
    put_on([person])
    person.updated_at = clock.now(business)
    person.save(update_fields=["card_sealed", "card_hash", "updated_at"])
    events.record([news.updated(person, ["loyalty_card"])], now=person.updated_at)
    return person


def _hashes(business_id: UUID, number: str) -> list[bytes]:
    return crypto.keyed_hashes(number, context=f"advocates.card:{business_id}")


def _context(advocate_id: UUID) -> str:
    return f"advocates.card:{advocate_id}"


SEALED = Sealed(
    Advocate,
    "card_sealed",
    context=lambda person: _context(person.pk),
    beside=lambda person, number: {"card_hash": _hashes(person.business_id, number.decode())[0]},
)
