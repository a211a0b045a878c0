"""A membership: who has it stays for longer. The floor registers it, because memberships give benefits themselves."""

from collections.abc import Iterator
from uuid import UUID

from loyalty.kernel.shapes import Key
from loyalty.models import Business
from loyalty.services import memberships
from loyalty.services.kinds.benefits.base import Benefit, Document, Occasion, comes_back


class MembershipBenefit(Benefit, tag="membership", kw_only=True):
    membership: Key


SHAPE = MembershipBenefit


def check(benefit: MembershipBenefit, *, business: Business, field: str) -> None:
    memberships.membership_named(business=business, key=benefit.membership, field=f"{field}.membership")


def dangling(benefit: MembershipBenefit, document: Document) -> Iterator[tuple[str, str]]:
    known = document.get("memberships")
    if known is not None and benefit.membership not in {each.key for each in known}:
        yield "membership", f"The programme has no membership {benefit.membership!r}."


def points_of(benefit: MembershipBenefit) -> int:
    return 0


def give(benefit: MembershipBenefit, *, business: Business, account_id: UUID, occasion: Occasion) -> int:
    source = _named(occasion)
    memberships.join(business=business, account_id=account_id, key=benefit.membership, source=source)
    return 0


def take_back(benefit: MembershipBenefit, *, business: Business, account_id: UUID, occasion: Occasion) -> int:
    """Unless they had it before, or have it again for something else."""
    source = _named(occasion)
    memberships.leave(business=business, account_id=account_id, key=benefit.membership, source=source)
    return 0


def recover(benefit: MembershipBenefit, *, business: Business, account_id: UUID, occasion: Occasion) -> bool:
    return comes_back(lambda: take_back(benefit, business=business, account_id=account_id, occasion=occasion))


def _named(occasion: Occasion) -> str:
    return f"{occasion.source.type}:{occasion.source.id}"
