"""What this app holds of a person: the profile, the ids mapped to them, and what operators wrote down."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from django.contrib.admin.models import LogEntry
from django.db.models import QuerySet

from advocates.models import Advocate, SsoMapping
from advocates.services import imports, loyalty_cards
from loyalty.kernel.names import camel
from loyalty.models import Business
from loyalty.services.personal_data import Holder, of_rows

NOBODY: dict[str, Any] = {
    "external_id": None,
    "email": None,
    "name": "",
    "first_name": "",
    "last_name": "",
    "phone": "",
    "locale": "",
    "birthday": None,
    "accepts_marketing": None,
    "tags": [],
    "metadata": {},
}
NO_CARD: dict[str, Any] = {"card_sealed": None, "card_hash": None}
SHOWN = (*NOBODY, "last_seen_at", "created_at", "updated_at")


def _profiles(business: Business, account_ids: Collection[UUID]) -> "QuerySet[Advocate]":
    return Advocate.objects.for_business(business).filter(pk__in=account_ids)


def _export_profile(business: Business, account_id: UUID) -> dict[str, Any]:
    person = _profiles(business, [account_id]).first()
    if person is None:
        return {}
    shown = {camel(name): getattr(person, name) for name in SHOWN}
    return {**shown, "loyaltyCard": loyalty_cards.number_of(person)}


def _erase_profiles(business: Business, account_ids: Collection[UUID]) -> None:
    _profiles(business, account_ids).update(**NOBODY, **NO_CARD, last_seen_at=None)


def _stay(business: Business, source: UUID, target: UUID, only: Sequence[str] | None) -> Sequence[str]:
    """A merged advocate keeps its profile: what it is called goes on to lead to the person."""
    return ()


def _log(business: Business, account_ids: Collection[UUID]) -> "QuerySet[LogEntry]":
    label = Advocate._meta
    ours = LogEntry.objects.filter(content_type__app_label=label.app_label, content_type__model=label.model_name)
    return ours.filter(object_id__in=list(map(str, account_ids)))


def _export_log(business: Business, account_id: UUID) -> list[dict[str, Any]]:
    rows = _log(business, [account_id]).order_by("action_time")
    return [{"at": entry.action_time, "change": entry.change_message} for entry in rows]


def _erase_log(business: Business, account_ids: Collection[UUID]) -> None:
    _log(business, account_ids).update(change_message="")


def _keep_out_of_imports(business: Business, account_ids: Collection[UUID]) -> None:
    """Rows of files that wait to be done name people by what they are still called here."""
    named = _profiles(business, account_ids).values_list("external_id", "email")
    imports.forget(business=business, names=[name for pair in named for name in pair if name])


def _no_rows(business: Business, account_id: UUID) -> list[Any]:
    return []


HOLDERS = (
    Holder(name="profile", export=_export_profile, erase=_erase_profiles, move=_stay),
    Holder(name="operatorsLog", export=_export_log, erase=_erase_log, move=_stay),
    of_rows(
        SsoMapping,
        name="ssoMappings",
        exported=("external_customer_id", "external_email", "external_name", "created_at"),
        erased=None,
        account="advocate_id",
    ),
    # Behind the profile: erasing begins with the last.
    Holder(name="imports", export=_no_rows, erase=_keep_out_of_imports, move=_stay),
)
