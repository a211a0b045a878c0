"""Whom a business is written to when something needs its eye."""

from django.db.models import QuerySet

from loyalty.models import Business, Membership, User


def addresses_of(business: Business) -> list[str]:
    """Its contact address; without one its owners'; without those, of whoever runs the server."""
    if business.contact_email:
        return [business.contact_email]
    people = User.objects.filter(is_active=True)
    owners = people.filter(memberships__business=business, memberships__role=Membership.Role.OWNER)
    return _addresses(owners) or _addresses(people.filter(is_superuser=True))


def _addresses(people: "QuerySet[User]") -> list[str]:
    return list(people.order_by("email").values_list("email", flat=True))
