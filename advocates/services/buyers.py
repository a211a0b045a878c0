"""Who bought: found by the shop's own id, else by the address; whoever is not known joins. By the set."""

from collections.abc import Sequence
from uuid import UUID

from advocates.models import Advocate
from advocates.selectors import identity
from advocates.services import advocates, joining
from advocates.services.baskets import Basket, Buyer
from advocates.services.details import Details
from advocates.services.joining import Newcomer
from loyalty.kernel.errors import DomainError
from loyalty.models import Business

Found = dict[str, Advocate]


def find_or_join(*, business: Business, baskets: Sequence[Basket], are_new: bool = True) -> list[UUID | DomainError]:
    """The buyer of each basket, or why they cannot join. Nobody's order is lost for an address that is taken.

    :param are_new: whether rules pay for the coming of those who join

    :raises IntegrityError: if somebody has joined just now, who is found when looking again
    """
    buyers = [basket.buyer for basket in baskets]
    names = {buyer.external_id for buyer in buyers if buyer.external_id}
    by_name = identity.by_external_ids(business=business, external_ids=names) if names else {}
    unknown = [buyer for buyer in buyers if buyer.external_id not in by_name]
    emails = {buyer.email.lower() for buyer in unknown if buyer.email}
    by_email = identity.by_emails(business=business, emails=emails) if emails else {}
    joining_now = _newcomers(business, unknown, by_name, by_email)
    newcomers = {key: Newcomer(details, is_new=are_new) for key, details in joining_now.items()}
    refused = _joined(business, newcomers, by_name, by_email)
    return [_whose(buyer, by_name, by_email) or refused[_key(buyer)] for buyer in buyers]


def _whose(buyer: Buyer, by_name: Found, by_email: Found) -> UUID | None:
    name, email = buyer.external_id, (buyer.email or "").lower()
    found = by_name.get(name) if name else by_email.get(email)
    return found.pk if found else None


def _newcomers(business: Business, unknown: Sequence[Buyer], by_name: Found, by_email: Found) -> dict[str, Details]:
    """Those who are nobody yet; and under which id whoever had none is known from now on is noted."""
    new: dict[str, Details] = {}
    for buyer in unknown:
        holder = by_email.get((buyer.email or "").lower())
        if holder is None:
            details: Details = {**buyer.details, "external_id": buyer.external_id, "email": buyer.email}
            new.setdefault(_key(buyer), details)
        elif buyer.external_id and holder.external_id is None:
            advocates.update(business=business, advocate_id=holder.pk, external_id=buyer.external_id)
            holder.external_id = buyer.external_id
            by_name[buyer.external_id] = holder
        elif buyer.external_id:  # the address is somebody else's, who keeps it
            new.setdefault(_key(buyer), {**buyer.details, "external_id": buyer.external_id})
    return new


def _joined(business: Business, new: dict[str, Newcomer], by_name: Found, by_email: Found) -> dict[str, DomainError]:
    refused = {}
    results = joining.join_all(business=business, people=list(new.values())) if new else []
    for key, result in zip(new, results, strict=True):
        if isinstance(result, DomainError):
            refused[key] = result
            continue
        if result.external_id:
            by_name[result.external_id] = result
        if result.email:
            by_email[result.email.lower()] = result
    return refused


def _key(buyer: Buyer) -> str:
    return buyer.external_id or (buyer.email or "").lower()
