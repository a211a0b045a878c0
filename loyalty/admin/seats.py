"""Where a signed-in person sits: the business they look at, and what they may do there."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db.models import Q
from django.http import HttpRequest

from loyalty.kernel import ids
from loyalty.models import Business, Membership, User

Role = Membership.Role

CHOSEN = "business"  # in the session: the id of the business that was chosen last
OWNERS = frozenset({Role.OWNER})
EDITORS = frozenset({Role.OWNER, Role.MANAGER})
EVERYONE = frozenset(Role)


@dataclass(frozen=True, slots=True)
class Seat:
    """One business and the role that someone has in it."""

    business: Business
    role: Role

    def is_one_of(self, roles: Collection[Role]) -> bool:
        return self.role in roles


def seats_of(request: HttpRequest) -> list[Seat]:
    """The businesses that the user works for, by name; a live one brings its sandbox. Asked once a request."""
    found: list[Seat] | None = vars(request).get("_seats")
    if found is None:
        found = vars(request)["_seats"] = _seats_of(request)
    return found


def seat_of(request: HttpRequest) -> Seat | None:
    """The seat that a request acts from: the business chosen last, else the first live one."""
    if "_seat" not in vars(request):
        vars(request)["_seat"] = _seat_of(request)
    seat: Seat | None = vars(request)["_seat"]
    return seat


def business_of(request: HttpRequest) -> Business | None:
    seat = seat_of(request)
    return seat.business if seat else None


def choose(request: HttpRequest, business_id: str) -> Business | None:
    """Move to another business until the session ends. None if the user has no seat there."""
    seat = _seat_in(request, business_id)
    if seat is None:
        return None
    request.session[CHOSEN] = str(seat.business.pk)
    vars(request).pop("_seat", None)
    return seat.business


def _seats_of(request: HttpRequest) -> list[Seat]:
    user = request.user
    if not isinstance(user, User):
        return []
    roles = dict(user.memberships.values_list("business_id", "role"))
    rows = Business.objects.filter(Q(pk__in=roles) | Q(live__in=roles)).order_by("name", "pk")
    return [
        _seated(business, Role(roles.get(business.pk) or roles[business.live_id or business.pk]))
        for business in rows.select_related("plan")
    ]


def _seat_of(request: HttpRequest) -> Seat | None:
    chosen = _seat_in(request, request.session.get(CHOSEN, "")) if hasattr(request, "session") else None
    if chosen:
        return chosen
    seats = sorted(seats_of(request), key=lambda seat: seat.business.is_sandbox)
    if seats:
        return seats[0]
    first = Business.objects.filter(live=None).order_by("created_at").first() if _goes_anywhere(request) else None
    return Seat(first, Role.OWNER) if first else None


def _seat_in(request: HttpRequest, business_id: str) -> Seat | None:
    wanted = ids.parse_id(business_id)
    if wanted is None:
        return None
    if _goes_anywhere(request):
        business = Business.objects.filter(pk=wanted).first()
        return Seat(business, Role.OWNER) if business else None
    return next((seat for seat in seats_of(request) if seat.business.pk == wanted), None)


def _seated(business: Business, role: Role) -> Seat:
    """In a suspended business everyone may look, and nobody may act."""
    is_open = business.status == Business.Status.ACTIVE
    return Seat(business, role if is_open else Role.ANALYST)


def _goes_anywhere(request: HttpRequest) -> bool:
    """Operators of the installation see every business."""
    user = request.user
    return isinstance(user, User) and user.is_active and user.is_superuser
