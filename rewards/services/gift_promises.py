"""Gift cards that the programme gives people: ordered by itself, once per source.

What somebody pays for with points is ordered at once, or refused. What they were promised is owed until it can be
ordered, the oldest first. Whoever orders has locked the person's account; the deposit comes last.
"""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Q

from advocates.models import Advocate
from loyalty.kernel import clock, jobs, languages
from loyalty.kernel.emails import email
from loyalty.kernel.errors import Code, DomainError, Invalid, NotFound
from loyalty.kernel.money import money_text
from loyalty.models import Account, Business
from loyalty.services import accounts, ledger
from rewards.models import GiftOrder, GiftProduct, GiftPromise
from rewards.services import gift_orders
from rewards.services.gift_funds import InsufficientFunds
from rewards.services.gift_lines import Asked
from rewards.services.gift_orders import Occasion

Type = GiftOrder.Type
KEEP = "rewards.keep_gift_promises"
ROUNDS = 100  # promises of a business that one task keeps
AGAIN_AFTER = timedelta(hours=1)  # for what waits for something else than money
LONGEST_NAME = 100

log = structlog.get_logger(__name__)


class NotToBeOrdered(DomainError):
    code = Code.OUT_OF_STOCK

    def __init__(self, why: str) -> None:
        super().__init__(f"This gift card cannot be ordered now: {why}")


def order(promise: GiftPromise) -> GiftOrder:
    """Order a card, by e-mail to whoever has an address, else as a link; in the caller's transaction.

    :raises InsufficientFunds: if the deposit does not cover it
    :raises NotToBeOrdered: if there are no codes, or the product has changed
    """
    person = Advocate.objects.for_business(promise.business).get(pk=promise.advocate_id)
    product, address = promise.product, _address(person, promise.product)
    asked = Asked(
        product=product.key,
        value=Decimal(money_text(promise.value_minor, product.currency)),
        email=address,
        personalization={"To": (person.first_name or person.name)[:LONGEST_NAME], "CultureCode": _language(person)},
    )
    try:
        return gift_orders.place(
            business=promise.business,
            type=Type.DIGITAL if address else Type.LINKS,
            po_number=f"{promise.source_type}-{promise.pk}",
            asked=[asked],
            occasion=Occasion(promise.advocate_id, promise.source_type, promise.source_id),
        ).order
    except InsufficientFunds:
        raise
    except DomainError as error:
        raise NotToBeOrdered(error.message) from error


def give(promise: GiftPromise) -> None:
    """Order a card, or owe it until it can be ordered; in the caller's transaction.

    :raises ledger.AlreadyPosted: if it was ordered, or is owed, for the source before
    """
    theirs = {"source_type": promise.source_type, "source_id": promise.source_id}
    is_ordered = GiftOrder.objects.for_business(promise.business).filter(**theirs).exists()
    if is_ordered or GiftPromise.objects.for_business(promise.business).filter(**theirs).exists():
        raise ledger.AlreadyPosted
    try:
        order(promise)
    except (InsufficientFunds, NotToBeOrdered) as error:
        promise.reason, promise.created_at = error.code, clock.now(promise.business)
        promise.tried_at = clock.wall()
        promise.save(force_insert=True)


def take_back(*, business: Business, source: ledger.Source) -> None:
    """Undo `order` or `give`.

    :raises NotFound: if nothing was given for the source
    :raises ledger.AlreadyReversed: the second time
    :raises gift_orders.CodeShown: if somebody has the card's code
    """
    theirs = {"source_type": source.type, "source_id": source.id}
    if GiftPromise.objects.for_business(business).filter(**theirs).delete()[0]:
        return
    placed = GiftOrder.objects.for_business(business).filter(**theirs).first()
    if placed is None:
        raise NotFound("gift card")
    if placed.status == GiftOrder.Status.CANCELLED:
        raise ledger.AlreadyReversed
    gift_orders.revoke(business=business, order_id=placed.pk)


def keep_due() -> None:
    """Order what is owed, as the deposits allow; safe to run twice, or twice at once."""
    owing = Business.objects.filter(pk__in=GiftPromise.objects.order_by().values("business"))
    waiting = [business for business in owing if _keep_of(business)]
    if waiting:
        jobs.wake(KEEP)


def _keep_of(business: Business) -> bool:
    """Keep some promises of a business, the oldest first. Whether there may be more that can be kept."""
    due = Q(reason=Code.INSUFFICIENT_FUNDS) | Q(tried_at__lt=clock.wall() - AGAIN_AFTER)
    rows = GiftPromise.objects.for_business(business).filter(due).order_by("created_at", "pk")
    promises = list(rows.select_related("business")[:ROUNDS])
    for promise in promises:
        reason = _tried(promise)
        if reason:
            rows.filter(pk=promise.pk).update(reason=reason, tried_at=clock.wall())
        if reason == Code.INSUFFICIENT_FUNDS:  # whoever came later waits for them
            return False
    return len(promises) == ROUNDS


def _tried(promise: GiftPromise) -> str:
    """Keep a promise. Answers the code of what it waits for; empty when it is kept."""
    try:
        _keep(promise.business, promise.advocate_id, promise.pk)
    except DomainError as error:
        return error.code
    except Exception:  # what we fail at keeps nobody else's from being kept
        log.exception("gift_promise_failed", id=str(promise.pk))
        return Code.INTERNAL
    return ""


@transaction.atomic
def _keep(business: Business, advocate_id: UUID, promise_id: UUID) -> None:
    held = accounts.lock(business=business, account_ids=[advocate_id])
    rows = GiftPromise.objects.for_business(business).filter(pk=promise_id, advocate=advocate_id)
    promise = rows.select_for_update(of=("self",)).select_related("business", "product__business").first()
    if promise is None:  # it was kept, taken back or given to somebody else meanwhile
        return
    if held[advocate_id].status != Account.Status.ACTIVE:
        raise ledger.AccountNotActive
    order(promise)
    promise.delete()


def _language(person: Advocate) -> str:
    """What the card's mail and page are in; empty where nobody said, or no language that we know."""
    try:
        return languages.language(person.locale.replace("_", "-"), field="locale") if person.locale else ""
    except Invalid:  # whoever wrote it down was less strict
        return ""


def _address(person: Advocate, product: GiftProduct) -> str:
    """Where the card is mailed to; empty where it is a link."""
    if not person.email or GiftProduct.Delivery.EMAIL not in product.delivery_types:
        return ""
    try:
        return email(person.email)
    except Invalid:  # whoever wrote it down was less strict
        return ""
