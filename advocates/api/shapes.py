"""People and their points as the APIs answer them."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

import msgspec

from advocates.api import examples
from advocates.models import SsoMapping
from advocates.selectors.profiles import Profile
from loyalty.api.paging import NumberedPage
from loyalty.api.views import Shape
from loyalty.selectors.ledger import Expiring, Wallet, Why
from loyalty.services.ledger import POINTS, Posting


class AdvocateShape(Shape):
    example = examples.ADVOCATE

    id: UUID
    external_id: str | None
    email: str | None
    name: str | None
    first_name: str | None
    last_name: str | None
    phone: str | None
    locale: str | None
    timezone: str | None
    birthday: date | None
    metadata: dict[str, Any]
    tier: str | None
    tier_is_manual: bool
    points: int
    pending_points: int
    lifetime_points: int
    segments: list[str]
    referral_url: str | None
    status: str
    last_seen_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, profile: Profile) -> Self:
        advocate, points = profile.advocate, profile.points
        account = advocate.account
        return cls(
            id=advocate.pk,
            external_id=advocate.external_id,
            email=advocate.email,
            name=advocate.name or None,
            first_name=advocate.first_name or None,
            last_name=advocate.last_name or None,
            phone=advocate.phone or None,
            locale=advocate.locale or None,
            timezone=account.timezone or None,
            birthday=advocate.birthday,
            metadata=advocate.metadata,
            tier=account.tier.key if account.tier else None,
            tier_is_manual=account.tier_is_manual,
            points=points.amount,
            pending_points=points.pending,
            lifetime_points=points.lifetime_earned,
            segments=list(profile.segments),
            referral_url=profile.referral_url,
            status=account.status,
            last_seen_at=advocate.last_seen_at,
            created_at=advocate.created_at,
            updated_at=advocate.updated_at,
        )


class AdvocateAnswer(Shape):
    advocate: AdvocateShape

    @classmethod
    def of(cls, profile: Profile) -> Self:
        return cls(advocate=AdvocateShape.of(profile))


class AdvocatePage(Shape):
    advocates: list[AdvocateShape]
    total: int
    total_is_capped: bool
    page: int
    next_cursor: str | None

    @classmethod
    def of(cls, page: NumberedPage[Any], profiles: Sequence[Profile]) -> Self:
        return cls(
            advocates=[AdvocateShape.of(profile) for profile in profiles],
            total=page.total,
            total_is_capped=page.total_is_capped,
            page=page.page,
            next_cursor=page.next_cursor,
        )


class HeldShape(Shape):
    example = examples.HELD

    advocate_id: UUID
    held: dict[str, Any]


class ExportShape(Shape):
    example = examples.EXPORT

    advocate_id: UUID
    exported_at: datetime
    held: dict[str, Any]
    merged: list[HeldShape]

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        return msgspec.convert(document, cls)


class MappingShape(Shape):
    example = examples.MAPPING

    id: UUID
    advocate_id: UUID
    external_customer_id: str
    external_email: str | None
    external_name: str | None
    created_at: datetime

    @classmethod
    def of(cls, mapping: SsoMapping) -> Self:
        return cls(
            id=mapping.pk,
            advocate_id=mapping.advocate_id,
            external_customer_id=mapping.external_customer_id,
            external_email=mapping.external_email or None,
            external_name=mapping.external_name or None,
            created_at=mapping.created_at,
        )


class MappingAnswer(Shape):
    mapping: MappingShape


class MappingPage(Shape):
    mappings: list[MappingShape]
    next_cursor: str | None


class ExpiringShape(Shape):
    example = examples.EXPIRING

    amount: int
    expires_at: datetime


class PointsShape(Shape):
    example = examples.POINTS

    balance: int
    pending: int
    lifetime_earned: int
    lifetime_spent: int
    expiring: list[ExpiringShape]
    metrics: dict[str, int]

    @classmethod
    def of(cls, wallets: Mapping[str, Wallet], expiring: Sequence[Expiring]) -> Self:
        points = wallets[POINTS]
        return cls(
            balance=points.amount,
            pending=points.pending,
            lifetime_earned=points.lifetime_earned,
            lifetime_spent=points.lifetime_spent,
            expiring=[ExpiringShape(amount=lot.amount, expires_at=lot.expires_at) for lot in expiring],
            metrics={key: wallet.amount for key, wallet in wallets.items()},
        )


class SourceShape(Shape):
    type: str
    id: str


class TransactionShape(Shape):
    example = examples.TRANSACTION

    id: UUID
    advocate_id: UUID
    type: str
    metric: str
    amount: int
    balance_after: int
    description: str
    source: SourceShape
    rule_id: UUID | None
    rule_version: int | None
    created_at: datetime

    @classmethod
    def of(cls, posting: Posting) -> Self:
        return cls._of(posting, metric=posting.metric, description=posting.description)

    @classmethod
    def of_entry(cls, entry: Any) -> Self:
        """`entry` is one of `loyalty.selectors.ledger.entries`; its class is private to the ledger."""
        text = getattr(entry, "text", None)
        return cls._of(entry, metric=entry.metric.key, description=text.description if text else "")

    @classmethod
    def _of(cls, entry: Any, *, metric: str, description: str) -> Self:
        return cls(
            id=entry.id,
            advocate_id=entry.account_id,
            type=entry.type,
            metric=metric,
            amount=entry.amount,
            balance_after=entry.balance_after,
            description=description,
            source=SourceShape(type=entry.source_type, id=entry.source_id),
            rule_id=entry.rule_id,
            rule_version=entry.rule_version,
            created_at=entry.occurred_at,
        )


class MovedPoints(Shape):
    example = {"newBalance": 750}

    transaction: TransactionShape
    new_balance: int


class TransactionPage(Shape):
    transactions: list[TransactionShape]
    next_cursor: str | None


class MadeLot(Shape):
    example = examples.MADE_LOT

    id: UUID
    amount: int
    remaining: int
    expires_at: datetime | None
    pending_until: datetime | None


class TakenLot(Shape):
    id: UUID
    amount: int
    expires_at: datetime | None


class Lots(Shape):
    example = {"taken": []}

    made: list[MadeLot]
    taken: list[TakenLot]


class WhyShape(Shape):
    example = examples.WHY

    transaction: TransactionShape
    rule: UUID | None
    version: int | None
    inputs: dict[str, Any]
    caps: list[Any]
    lots: Lots

    @classmethod
    def of(cls, why: Why) -> Self:
        inputs = dict(why.entry.reason)
        return cls(
            transaction=TransactionShape.of_entry(why.entry),
            rule=why.entry.rule_id,
            version=why.entry.rule_version,
            caps=inputs.pop("caps", []),
            inputs=inputs,
            lots=Lots(
                made=[
                    MadeLot(
                        id=lot.id,
                        amount=lot.amount,
                        remaining=lot.remaining,
                        expires_at=lot.expires_at,
                        pending_until=lot.ripens_at,
                    )
                    for lot in why.made
                ],
                taken=[TakenLot(id=use.lot_id, amount=use.amount, expires_at=use.lot.expires_at) for use in why.took],
            ),
        )
