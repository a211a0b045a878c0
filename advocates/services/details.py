"""What may be known of a person, and what makes sense of it."""

from collections.abc import Mapping
from datetime import date
from typing import Any, TypedDict
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson
from django.core.exceptions import ValidationError

from advocates.models import Advocate
from loyalty.kernel.errors import Invalid
from loyalty.kernel.names import camel
from loyalty.models import Account

METADATA_BYTES = 16 * 1024
LONGEST_NAME = Advocate._meta.get_field("name").max_length
BORN_AFTER = date(1900, 1, 1)


class Details(TypedDict, total=False):
    """`metadata` is merged key by key; None removes a key."""

    external_id: str | None
    email: str | None
    name: str
    first_name: str
    last_name: str
    phone: str
    locale: str
    timezone: str
    birthday: date | None
    accepts_marketing: bool | None
    tags: list[str]
    metadata: Mapping[str, Any]


class Changes(Details, total=False):
    """`tier` is a tier's key, to stay there until the next change says None."""

    tier: str | None


def apply(given: Details, *, to: Advocate, today: date) -> list[str]:
    """Set details on an unsaved or locked advocate and its account. Answers which fields changed.

    :raises Invalid: naming the first field that makes no sense
    """
    changed = []
    values = _with_whole_name({**given}, to)
    for field, value in values.items():
        holder = to.account if field == "timezone" else to
        new = _merged(to.metadata, value) if field == "metadata" else value
        if new != getattr(holder, field):
            setattr(holder, field, new)
            changed.append(field)
    _check(to, today)
    return changed


def _with_whole_name(given: dict[str, Any], known: Advocate) -> dict[str, Any]:
    """With the name that its parts make, where nobody says it: as far as both are known, or nothing else is."""
    if "name" in given or not given.keys() & {"first_name", "last_name"}:
        return given
    parts = [given.get(part, getattr(known, part)) for part in ("first_name", "last_name")]
    whole = " ".join(filter(None, parts))[:LONGEST_NAME]
    return given | {"name": whole} if all(parts) or not known.name else given


def check(given: Details, *, today: date) -> None:
    """:raises Invalid: as `apply`"""
    apply(given, to=Advocate(account=Account()), today=today)


def _merged(held: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = {key: value for key, value in {**held, **changes}.items() if value is not None}
    if len(orjson.dumps(merged)) > METADATA_BYTES:
        raise Invalid("metadata would be larger than 16 KB. Remove keys by sending null.", field="metadata")
    return merged


def _check(advocate: Advocate, today: date) -> None:
    try:
        advocate.clean_fields(exclude={"id", "business", "account"})
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise Invalid(f"{camel(field)}: {messages[0]}", field=camel(field)) from error
    for field in ("external_id", "email"):
        if getattr(advocate, field) == "":
            raise Invalid(f"{camel(field)} must not be empty.", field=camel(field))
    if advocate.birthday and not BORN_AFTER <= advocate.birthday <= today:
        raise Invalid("birthday must be a day since 1900 that has come.", field="birthday")
    if advocate.account.timezone:
        _check_timezone(advocate.account.timezone)


def _check_timezone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Invalid("timezone must be a name such as Europe/Berlin.", field="timezone") from error
