"""Referrals as callers send and see them."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from msgspec import Meta, field

from loyalty.api import addresses, types
from loyalty.api.paging import NumberedPage, NumberedQuery
from loyalty.api.parsing import Body
from loyalty.api.views import Shape
from loyalty.kernel.errors import Invalid
from loyalty.kernel.money import money_text
from loyalty.models import Business
from referrals.api import examples
from referrals.models import Conversion, ReferralCode
from referrals.selectors import links
from referrals.selectors.counters import Stats, Tally
from referrals.services import signals
from referrals.services.signals import Signals

CodeText = Annotated[str, Meta(min_length=1, max_length=40)]
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}$(?!\n)")]
OrderId = Annotated[str, Meta(min_length=1, max_length=128)]
VisitorId = Annotated[str, Meta(min_length=1, max_length=200)]
Agent = Annotated[str, Meta(max_length=1000)]
Address = Annotated[str, Meta(max_length=45)]
Url = Annotated[str, Meta(max_length=4000)]


class Seen(Body):
    """What the shop saw of somebody's device. It is kept as keyed hashes only."""

    client_ip: Address | None = None
    user_agent: Agent | None = None

    def signals(self, business: Business, *, visitor_id: str | None = None) -> Signals:
        """:raises Invalid: if `clientIp` is no address"""
        address = addresses.parse_address(self.client_ip) if self.client_ip else None
        if self.client_ip and address is None:
            raise Invalid("clientIp is not an IP address, such as 203.0.113.7.", field="clientIp")
        return signals.of(
            business, visitor_id=visitor_id or "", address=str(address or ""), agent=self.user_agent or ""
        )


class NewReferral(Seen, kw_only=True):
    advocate_id: UUID
    code: CodeText | None = None


class NewVisit(Seen, kw_only=True):
    code: CodeText
    visitor_id: VisitorId
    landing_url: Url | None = None


class NewConversion(Seen, kw_only=True):
    code: CodeText
    order_id: OrderId
    order_value: Decimal
    currency: Currency | None = None
    visitor_id: VisitorId | None = None
    friend_email: types.EmailText | None = None
    friend_external_id: types.ExternalId | None = None


class ListReferrals(NumberedQuery):
    advocate_id: UUID | None = None


class Period(Body):
    from_: types.Timestamp | None = field(default=None, name="from")
    to: types.Timestamp | None = None


class ReferralShape(Shape):
    example = examples.REFERRAL

    id: UUID
    code: str
    advocate_id: UUID
    link: str
    clicks: int
    conversions: int
    revenue: str
    currency: str
    created_at: datetime


class OneReferral(Shape):
    referral: ReferralShape


class ReferralPage(Shape):
    referrals: list[ReferralShape]
    total: int
    total_is_capped: bool
    page: int
    next_cursor: str | None


class StatsShape(Shape):
    example = examples.STATS

    clicks: int
    unique_visitors: int
    conversions: int
    revenue: str
    pending: int
    rejected: int
    currency: str


class Tracked(Shape):
    example = {"tracked": True}

    tracked: bool


class ConversionShape(Shape):
    example = examples.CONVERSION

    id: UUID
    code: str
    order_id: str
    order_value: str
    currency: str
    status: str
    reason: str | None
    created_at: datetime


class Converted(Shape):
    example = examples.CONVERTED

    conversion: ConversionShape
    points_awarded: int
    already_converted: bool


def referral(row: ReferralCode, tally: Tally, *, currency: str) -> ReferralShape:
    return ReferralShape(
        id=row.pk,
        code=row.code,
        advocate_id=row.advocate_id,
        link=links.url_of(row),
        clicks=row.clicks,
        conversions=tally.conversions,
        revenue=money_text(tally.revenue_minor, currency),
        currency=currency,
        created_at=row.created_at,
    )


def referral_page(page: NumberedPage[ReferralCode], shown: list[ReferralShape]) -> ReferralPage:
    return ReferralPage(
        referrals=shown,
        total=page.total,
        total_is_capped=page.total_is_capped,
        page=page.page,
        next_cursor=page.next_cursor,
    )


def stats(found: Stats, *, currency: str) -> StatsShape:
    return StatsShape(
        clicks=found.clicks,
        unique_visitors=found.unique_visitors,
        conversions=found.conversions,
        revenue=money_text(found.revenue_minor, currency),
        pending=found.pending,
        rejected=found.rejected,
        currency=currency,
    )


def conversion(row: Conversion) -> ConversionShape:
    return ConversionShape(
        id=row.pk,
        code=row.code.code,
        order_id=row.order_id,
        order_value=money_text(row.order_minor, row.currency),
        currency=row.currency,
        status=row.status,
        reason=row.reason or None,
        created_at=row.created_at,
    )
