"""Who works for a business, and as what. It always keeps an owner."""

from django.db import IntegrityError, transaction

from loyalty.kernel import tries
from loyalty.kernel.errors import Conflict
from loyalty.models import Business, Membership, User

Role = Membership.Role


class AlreadyMember(Conflict):
    def __init__(self) -> None:
        super().__init__("This person works for the business already. Change their role instead.", field="email")


class LastOwner(Conflict):
    def __init__(self) -> None:
        super().__init__("A business keeps at least one owner. Make somebody else an owner first.", field="role")


def add(*, business: Business, email: str, role: Role) -> Membership:
    """Let someone work for a business. Who is new gets a user without a password, and chooses one by mail.

    :raises AlreadyMember: if they do already
    """
    # Whom somebody else has just made a user is found when looking again.
    return tries.again(lambda: _add(business, email.strip().lower(), role), on=IntegrityError)


@transaction.atomic
def _add(business: Business, address: str, role: Role) -> Membership:
    user = User.objects.filter(email=address).first() or User.objects.create_user(address)
    membership, is_new = Membership.objects.get_or_create(business=business, user=user, defaults={"role": role})
    if not is_new:
        raise AlreadyMember
    return membership


@transaction.atomic
def change_role(*, membership: Membership, role: Role) -> Membership:
    """Let a member do more, or less.

    :raises LastOwner: if nobody would be left who may do everything
    """
    if role != Role.OWNER:
        _keep_an_owner(membership)
    membership.role = role
    membership.save(update_fields=["role"])
    return membership


@transaction.atomic
def remove(*, membership: Membership) -> None:
    """Let a member go. Their user stays: they may work for others.

    :raises LastOwner: if nobody would be left who may do everything
    """
    _keep_an_owner(membership)
    membership.delete()


def _keep_an_owner(leaving: Membership) -> None:
    """Locks the owners, so that two who leave at once do not both find the other one there."""
    business_id = leaving.business_id
    owners = Membership.objects.filter(business_id=business_id, role=Role.OWNER).order_by("pk").select_for_update()
    others = [owner for owner in owners if owner.pk != leaving.pk]
    if not others:
        raise LastOwner
