"""Field types that many bodies share, with the bounds that every surface keeps."""

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

import msgspec
import orjson

from loyalty.kernel import points, shapes
from loyalty.kernel.emails import email as email
from loyalty.kernel.errors import Invalid

MAX_METADATA = 16_384

PositivePoints = Annotated[int, msgspec.Meta(ge=1, le=points.MAX_MOVE)]
Points = Annotated[int, msgspec.Meta(ge=0, le=points.MAX_MOVE)]
Count = Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)]
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Text500 = Annotated[str, msgspec.Meta(max_length=500)]
Text5000 = Annotated[str, msgspec.Meta(max_length=5000)]
Key = shapes.Key
ExternalId = shapes.ExternalId
EventId = Annotated[str, msgspec.Meta(pattern=r"^[!-~]{1,128}$(?!\n)")]
EmailText = Annotated[str, msgspec.Meta(max_length=254)]
Timestamp = Annotated[datetime, msgspec.Meta(tz=True)]
Money = Decimal  # a JSON number or string
_PLAIN = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


def moment(value: str, *, field: str) -> datetime:
    """A time as `yyyy-MM-dd HH:mm:ss`, which is in UTC, or in ISO 8601 with its offset.

    :raises Invalid: if it is neither
    """
    try:
        found = msgspec.convert(f"{value}Z" if _PLAIN.fullmatch(value) else value, Timestamp)
        return found.astimezone(UTC)
    except (msgspec.ValidationError, OverflowError) as error:
        message = f"{field} must be yyyy-MM-dd HH:mm:ss in UTC, or a time with offset such as 2026-05-01T12:00:00Z."
        raise Invalid(message, field=field) from error


def metadata(value: dict[str, Any], *, field: str = "metadata") -> dict[str, Any]:
    """A JSON object of at most 16 KB, ready for the database.

    :raises Invalid: if it is larger, or holds a number that JSON readers cannot
    """
    try:
        text = orjson.dumps(value, default=_number)
        found: dict[str, Any] = json.loads(text, parse_float=_float)
    except (TypeError, ValueError) as error:
        raise Invalid(f"{field} holds a number that is too large.", field=field) from error
    if len(text) > MAX_METADATA:
        raise Invalid(f"{field} is larger than {MAX_METADATA} bytes.", field=field)
    return found


def _float(text: str) -> float:
    """The database gives a whole one back as an integer, and writers of JSON know those of 64 bits."""
    value = float(text)
    if value.is_integer() and abs(value) >= 2**63:
        raise ValueError(text)
    return value


def _number(value: object) -> float:
    if isinstance(value, Decimal) and Decimal("-1e308") < value < Decimal("1e308"):
        return float(value)
    raise TypeError
