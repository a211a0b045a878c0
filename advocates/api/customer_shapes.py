"""A shop's customers as its system tells of them, and as it is answered."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from advocates.api import examples
from advocates.api.shapes import TransactionShape
from advocates.selectors.profiles import Profile
from advocates.services import loyalty_cards
from advocates.services.customers import Told
from advocates.services.details import Details
from loyalty.api import types
from loyalty.api.paging import PageQuery
from loyalty.api.parsing import Body
from loyalty.api.views import Shape
from loyalty.kernel import points
from loyalty.kernel.errors import Invalid

Text100 = Annotated[str, Meta(max_length=100)]
Tag = Annotated[str, Meta(min_length=1, max_length=60)]
Balance = Annotated[int, Meta(ge=-points.MAX_BALANCE, le=points.MAX_BALANCE)]
TEXTS = ("name", "first_name", "last_name", "phone", "locale")


class CustomerBody(Body):
    """What is left out stays as it is. Null empties a text and the list of tags; a birthday only changes."""

    email: types.EmailText | None | UnsetType = UNSET
    first_name: Text100 | None | UnsetType = UNSET
    last_name: Text100 | None | UnsetType = UNSET
    name: Annotated[str, Meta(max_length=200)] | None | UnsetType = UNSET
    birthday_month: Annotated[int, Meta(ge=1, le=12)] | None = None
    birthday_day: Annotated[int, Meta(ge=1, le=31)] | None = None
    phone: Annotated[str, Meta(max_length=16)] | None | UnsetType = UNSET
    locale: Annotated[str, Meta(max_length=35)] | None | UnsetType = UNSET
    accepts_marketing: bool | None | UnsetType = UNSET
    tags: Annotated[list[Tag], Meta(max_length=100)] | None | UnsetType = UNSET
    metadata: dict[str, Any] | UnsetType = UNSET
    created_at: types.Timestamp | None = None
    signup_points: bool | None = None

    def details(self) -> Details:
        """What is said, by the names of the services.

        :raises Invalid: if the e-mail address is none, or the metadata too large
        """
        names = ("email", *TEXTS, "accepts_marketing", "tags", "metadata")
        given = {name: value for name in names if (value := getattr(self, name)) is not UNSET}
        given |= {name: "" for name in TEXTS if given.get(name, "") is None}
        given |= {"tags": []} if given.get("tags", []) is None else {}
        if given.get("email"):
            given["email"] = types.email(given["email"])
        if "metadata" in given:
            given["metadata"] = types.metadata(given["metadata"])
        return given  # type: ignore[return-value]  # the services' names

    def told(self, external_id: str) -> Told:
        """:raises Invalid: as `details`, and if a birthday is half of one"""
        return Told(
            external_id=external_id,
            details=self.details(),
            since=self.created_at,
            birth=self.birth,
            pays_signup=self.signup_points,
        )

    @property
    def birth(self) -> tuple[int, int] | None:
        """:raises Invalid: if only one of the two is there"""
        if self.birthday_month is None or self.birthday_day is None:
            if self.birthday_month != self.birthday_day:
                raise Invalid("Send birthdayMonth and birthdayDay together.", field="birthdayDay")
            return None
        return self.birthday_month, self.birthday_day


class NamedCustomer(CustomerBody, kw_only=True):
    external_id: types.ExternalId


class ListCustomers(PageQuery):
    email: types.EmailText | None = None
    min_point_balance: Balance | None = None
    max_point_balance: Balance | None = None
    created_after: types.Timestamp | None = None
    updated_after: types.Timestamp | None = None
    last_seen_after: types.Timestamp | None = None


class TierShape(Shape):
    id: UUID
    title: str


class CustomerShape(Shape):
    example = examples.CUSTOMER

    id: UUID
    external_id: str | None
    email: str | None
    name: str | None
    first_name: str | None
    last_name: str | None
    phone: str | None
    birthday_month: int | None
    birthday_day: int | None
    locale: str | None
    accepts_marketing: bool | None
    tags: list[str]
    metadata: dict[str, Any]
    point_balance: int
    lifetime_points: int
    current_loyalty_tier: TierShape | None
    referral_url: str | None
    loyalty_card: str | None
    segments: list[str]
    last_seen_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, profile: Profile) -> Self:
        advocate, born, tier = profile.advocate, profile.advocate.birthday, profile.advocate.account.tier
        return cls(
            id=advocate.pk,
            external_id=advocate.external_id,
            email=advocate.email,
            name=advocate.name or None,
            first_name=advocate.first_name or None,
            last_name=advocate.last_name or None,
            phone=advocate.phone or None,
            birthday_month=born.month if born else None,
            birthday_day=born.day if born else None,
            locale=advocate.locale or None,
            accepts_marketing=advocate.accepts_marketing,
            tags=advocate.tags,
            metadata=advocate.metadata,
            point_balance=profile.points.amount,
            lifetime_points=profile.points.lifetime_earned,
            current_loyalty_tier=TierShape(id=tier.pk, title=tier.title) if tier else None,
            referral_url=profile.referral_url,
            loyalty_card=loyalty_cards.number_of(advocate),
            segments=list(profile.segments),
            last_seen_at=advocate.last_seen_at,
            created_at=advocate.created_at,
            updated_at=advocate.updated_at,
        )


class CustomerAnswer(Shape):
    customer: CustomerShape


class CardBody(Body, kw_only=True):
    card: Annotated[str, Meta(min_length=1, max_length=loyalty_cards.LONGEST)]


class CustomerPage(Shape):
    customers: list[CustomerShape]
    next_cursor: str | None


class GivenPoints(Body, kw_only=True):
    points: types.PositivePoints
    summary: types.Text500 = ""
    earn_rule_id: UUID | None = None
    update_last_seen: bool = False


class TakenPoints(Body, kw_only=True):
    points: types.PositivePoints
    summary: types.Text500 = ""


class CustomerMoved(Shape):
    example = {"newBalance": 750}

    transaction: TransactionShape
    new_balance: int
