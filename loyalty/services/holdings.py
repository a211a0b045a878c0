"""What the floor itself holds of a person: account, balances, entries, events, segments, kept answers."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import orjson

from loyalty.models import Account, Business, Event, SegmentMember
from loyalty.models.ledger import EntryText, LedgerEntry
from loyalty.selectors import ledger as books
from loyalty.selectors import segments
from loyalty.services import idempotency, personal_data, publication
from loyalty.services.personal_data import Holder


def stay(business: Business, source: UUID, target: UUID, only: Sequence[str] | None) -> Sequence[str]:
    """History stays with the account that it happened to."""
    return ()


# --- The account and what it has ---------------------------------------------------------------------------


def _export_account(business: Business, account_id: UUID) -> dict[str, Any]:
    account = Account.objects.for_business(business).select_related("tier").get(pk=account_id)
    return {
        "externalId": account.external_id,
        "status": account.status,
        "tier": account.tier.key if account.tier else None,
        "timezone": account.timezone,
        "createdAt": account.created_at,
        "metrics": {
            key: {"amount": wallet.amount, "pending": wallet.pending, "lifetimeEarned": wallet.lifetime_earned}
            for key, wallet in books.metrics_of(business=business, account_id=account_id).items()
        },
    }


def _erase_accounts(business: Business, account_ids: Collection[UUID]) -> None:
    Account.objects.for_business(business).filter(pk__in=account_ids).update(external_id=None, timezone="")


# --- What happened to it -----------------------------------------------------------------------------------


def _export_entries(business: Business, account_id: UUID) -> list[dict[str, Any]]:
    rows = books.entries(business=business, account_id=account_id).order_by("sequence")
    return [_entry(entry) for entry in rows]


def _entry(entry: LedgerEntry) -> dict[str, Any]:
    text = getattr(entry, "text", None)
    return {
        "id": entry.pk,
        "type": entry.type,
        "metric": entry.metric.key,
        "amount": entry.amount,
        "balanceAfter": entry.balance_after,
        "description": text.description if text else "",
        "source": {"type": entry.source_type, "id": entry.source_id},
        "reason": entry.reason,
        "createdAt": entry.occurred_at,
    }


def _erase_entry_texts(business: Business, account_ids: Collection[UUID]) -> None:
    EntryText.objects.for_business(business).filter(entry__account_id__in=account_ids).delete()


def _export_events(business: Business, account_id: UUID) -> list[Any]:
    rows = Event.objects.for_business(business).filter(account_id=account_id)
    return [_event(event) for event in rows.select_related("body").order_by("sequence")]


def _event(event: Event) -> Any:
    body = getattr(event, "body", None)
    return orjson.loads(bytes(body.body)) if body else {"type": event.topic, "created": event.created_at}


def _erase_bodies(business: Business, account_ids: Collection[UUID]) -> None:
    """Say again what happened, of somebody without a name."""
    publication.describe_anew(business, personal_data.events_naming(business=business, account_ids=account_ids))


# --- Groups, and what was answered -------------------------------------------------------------------------


def _export_segments(business: Business, account_id: UUID) -> list[str]:
    return list(segments.keys_of(business=business, account_ids=[account_id]).get(account_id, ()))


def _erase_segments(business: Business, account_ids: Collection[UUID]) -> None:
    SegmentMember.objects.for_business(business).filter(account_id__in=account_ids).delete()


def _move_segments(business: Business, source: UUID, target: UUID, only: Sequence[str] | None) -> Sequence[str]:
    """All but those that both are in: the second membership stays where it is."""
    members = SegmentMember.objects.for_business(business)
    rows = members.filter(account_id=source)
    rows = rows if only is None else rows.filter(pk__in=only)
    shared = members.filter(account_id=target).values_list("segment_id", flat=True)
    ids = [str(id) for id in rows.exclude(segment_id__in=list(shared)).values_list("pk", flat=True)]
    members.filter(pk__in=ids).update(account_id=target)
    return ids


def _export_answers(business: Business, account_id: UUID) -> list[Any]:
    kept = idempotency.naming(business=business, account_ids=[account_id]).order_by("created_at")
    return [orjson.loads(body) for body in map(idempotency.read, kept) if body]


def _erase_answers(business: Business, account_ids: Collection[UUID]) -> None:
    idempotency.naming(business=business, account_ids=account_ids).delete()


HOLDERS = (
    Holder(name="events", export=_export_events, erase=_erase_bodies, move=stay),  # erased last of all
    Holder(name="account", export=_export_account, erase=_erase_accounts, move=stay),
    Holder(name="transactions", export=_export_entries, erase=_erase_entry_texts, move=stay),
    Holder(name="segments", export=_export_segments, erase=_erase_segments, move=_move_segments),
    Holder(name="answers", export=_export_answers, erase=_erase_answers, move=stay),
)
