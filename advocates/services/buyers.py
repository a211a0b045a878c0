"""Who bought: found by the shop's own id, else by the address; whoever is not known joins. By the set."""

from collections.abc import Sequence
from uuid import UUID

from advocates.models import Advocate
from advocates.selectors import identity
from advocates.services import advocates, joining
from advocates.services.baskets import Basket, Buyer
from advocates.services.details import Details
from advocates.services.joining import Newcomer, Others
from advocates.services.till import Meanwhile
from loyalty.kernel.errors import Conflict, DomainError
from loyalty.models import Business

Found = dict[str, Advocate]


def find_or_join(*, business: Business, baskets: Sequence[Basket], are_new: bool = True) -> list[UUID | DomainError]:
    """The buyer of each basket, or why they cannot join. Nobody's order is lost for an address that is taken.

    :param are_new: whether rules pay for the coming of those who join

    :raises IntegrityError, Meanwhile: if somebody has joined just now, who is found when looking again
    """
    buyers = [basket.buyer for basket in baskets]
    names = {buyer.external_id for buyer in buyers if buyer.external_id}
    by_name = identity.by_external_ids(business=business, external_ids=names) if names else {}
    unknown = [buyer for buyer in buyers if buyer.external_id not in by_name]
    emails = {_address(buyer) for buyer in unknown if buyer.email}
    by_email = identity.by_emails(business=business, emails=emails) if emails else {}
    new = _newcomers(business, unknown, by_name, by_email)
    people = [Newcomer(details, is_new=are_new) for details in new]
    joined = joining.join_all(business=business, people=people, others=Others(by_name, by_email)) if people else []
    named: dict[str, Advocate | DomainError] = {**by_name}
    addressed: dict[str, Advocate | DomainError] = {**by_email}
    for details, result in zip(new, joined, strict=True):
        named[details["external_id"] or ""] = addressed[(details["email"] or "").lower()] = result
    found = [named[buyer.external_id] if buyer.external_id else addressed[_address(buyer)] for buyer in buyers]
    return [one.pk if isinstance(one, Advocate) else one for one in found]


def _newcomers(business: Business, unknown: Sequence[Buyer], by_name: Found, by_email: Found) -> list[Details]:
    """Those who are nobody yet, as if one came after the other. Whoever had no id of the shop's may have one now."""
    new: list[Details] = []
    named: dict[str, Details] = {}
    addressed: dict[str, Details] = {}
    for buyer in unknown:
        name, email = buyer.external_id, _address(buyer)
        holder, twin = by_email.get(email), addressed.get(email)
        if name is None and (holder or twin) or name in named or name in by_name:
            continue
        if name and holder and holder.external_id is None:
            by_name[name] = by_email[email] = _named(business, email, name)
        elif name and twin and twin["external_id"] is None:
            twin["external_id"] = name
            named[name] = twin
        else:  # an address that is somebody else's stays theirs
            details: Details = {**buyer.details, "external_id": name, "email": None if holder or twin else buyer.email}
            new.append(details)
            if name:
                named[name] = details
            if details["email"]:
                addressed[email] = details
    return new


def _named(business: Business, email: str, name: str) -> Advocate:
    """Whoever has the address, known by the shop's id of theirs from now on."""
    holder = advocates.nameless(business=business, email=email)
    if holder is None:
        raise Meanwhile
    try:
        return advocates.update(business=business, advocate_id=holder.pk, external_id=name)
    except Conflict as error:
        raise Meanwhile from error


def _address(buyer: Buyer) -> str:
    return (buyer.email or "").lower()
