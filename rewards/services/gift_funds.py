"""The deposit that gift cards are paid from. All money moves here: the balance and its posting in one transaction.

What is paid is taken by a statement that also asks whether there is enough, and writes the posting; and the database
refuses less than zero.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F

from loyalty.kernel import clock, ids, jobs
from loyalty.kernel.errors import Code, Conflict, DomainError, Invalid, NotFound
from loyalty.models import Business
from rewards.models import FundingRequest, GiftFunds, GiftPosting

Side, Source = GiftPosting.Side, GiftPosting.Source
Status = FundingRequest.Status
MOST = 10**12  # minor units that one request is for
TAKE = """
    WITH paid AS (
        UPDATE rewards_giftfunds SET available_minor = available_minor - %(amount)s
        WHERE business_id = %(business)s AND currency = %(currency)s AND available_minor >= %(amount)s
        RETURNING business_id
    )
    INSERT INTO rewards_giftposting
        (id, business_id, debit, credit, amount_minor, currency, source_type, source_id, created_at)
    SELECT %(id)s, business_id, 'available', 'sold', %(amount)s, %(currency)s, 'order', %(order)s, %(now)s FROM paid
"""


class InsufficientFunds(DomainError):
    code = Code.INSUFFICIENT_FUNDS

    def __init__(self) -> None:
        super().__init__("The deposit does not cover this order. Nothing was taken; add funds in the dashboard.")


class AlreadyDecided(Conflict):
    def __init__(self) -> None:
        super().__init__("Somebody has decided about this request already.")


def funds_of(business: Business) -> GiftFunds:
    """The deposit of a business, in its currency; opened empty when it is first asked for."""
    opened = {"currency": business.currency}
    return GiftFunds.objects.get_or_create(business=business, defaults=opened)[0]


def request(*, business: Business, amount_minor: int, reference: str = "") -> FundingRequest:
    """Note that a business is sending money. It is pending until `apply`.

    :raises Invalid: if it is nothing, or too much
    """
    if not 0 < amount_minor <= MOST:
        raise Invalid("Name an amount that is more than 0, and less than ten billion.", field="amount")
    currency = funds_of(business).currency
    return FundingRequest.objects.create(
        business=business,
        amount_minor=amount_minor,
        currency=currency,
        reference=reference,
        created_at=clock.now(business),
    )


@transaction.atomic
def apply(*, business: Business, request_id: UUID) -> FundingRequest:
    """The money has arrived: it can be spent from now on.

    :raises NotFound: if the business has no such request
    :raises AlreadyDecided: if it is not pending any more
    """
    found = _decide(business, request_id, Status.APPLIED)
    deposits = GiftFunds.objects.for_business(business)
    deposits.update(available_minor=F("available_minor") + found.amount_minor)
    _post(
        found.business, Side.OUTSIDE, Side.AVAILABLE, [(found.pk, found.amount_minor)], Source.FUNDING, found.currency
    )
    jobs.wake("rewards.keep_gift_promises")
    return found


@transaction.atomic
def refuse(*, business: Business, request_id: UUID) -> FundingRequest:
    """The money will not come.

    :raises NotFound, AlreadyDecided: as `apply`
    """
    return _decide(business, request_id, Status.REFUSED)


def take(*, business: Business, amount_minor: int, currency: str, order_id: UUID) -> None:
    """Pay for an order, inside its transaction.

    :raises InsufficientFunds: if the deposit, in this currency, does not cover it
    """
    if not _take(business, amount_minor, currency, order_id):
        raise InsufficientFunds


def give_back(*, business: Business, cards: Iterable[tuple[UUID, int]], currency: str) -> None:
    """Return what cards cost that were paid for and are not wanted or not to be had, inside the transaction."""
    _give_back(business, list(cards), Source.CARD, currency)


def give_back_order(*, business: Business, order_id: UUID, amount_minor: int, currency: str) -> None:
    """Return what is still paid for an order that is cancelled, inside its transaction."""
    _give_back(business, [(order_id, amount_minor)], Source.CANCELLED, currency)


def _give_back(business: Business, rows: Sequence[tuple[UUID, int]], source: str, currency: str) -> None:
    deposits = GiftFunds.objects.for_business(business)
    deposits.update(available_minor=F("available_minor") + sum(amount for _, amount in rows))
    _post(business, Side.SOLD, Side.AVAILABLE, rows, source, currency)


def _take(business: Business, amount_minor: int, currency: str, order_id: UUID) -> bool:
    """Take it, if that much is there: checked and changed in one step."""
    with connection.cursor() as cursor:
        cursor.execute(
            TAKE,
            {
                "business": business.pk,
                "amount": amount_minor,
                "currency": currency,
                "order": order_id,
                "id": ids.new_id(),
                "now": clock.now(business),
            },
        )
        return bool(cursor.rowcount)


def _decide(business: Business, request_id: UUID, status: Status) -> FundingRequest:
    rows = FundingRequest.objects.for_business(business).select_for_update(of=("self",))
    found = rows.select_related("business").filter(pk=request_id).first()
    if found is None:
        raise NotFound("funding request")
    if found.status != Status.PENDING:
        raise AlreadyDecided
    found.status, found.decided_at = status, clock.now(business)
    found.save(update_fields=["status", "decided_at"])
    return found


def _post(  # noqa: PLR0917  # from, to, what
    business: Business, debit: str, credit: str, rows: Sequence[tuple[UUID, int]], source: str, currency: str
) -> None:
    now: datetime = clock.now(business)
    GiftPosting.objects.bulk_create(
        GiftPosting(
            business=business,
            debit=debit,
            credit=credit,
            amount_minor=amount,
            currency=currency,
            source_type=source,
            source_id=source_id,
            created_at=now,
        )
        for source_id, amount in rows
    )
