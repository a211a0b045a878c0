"""Field types that many bodies share, with the bounds that every surface keeps."""

from datetime import datetime
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
ExternalId = Annotated[
    str,
    msgspec.Meta(pattern=r"^(?!\s)[^/\x00-\x1f\x7f]{1,128}$(?<!\s)(?!\n)", min_length=1, max_length=128),
]
EmailText = Annotated[str, msgspec.Meta(max_length=254)]
Timestamp = Annotated[datetime, msgspec.Meta(tz=True)]
Money = Decimal  # a JSON number or string


def metadata(value: dict[str, Any], *, field: str = "metadata") -> dict[str, Any]:
    """A JSON object of at most 16 KB, ready for the database.

    :raises Invalid: if it is larger, or holds a number that JSON readers cannot
    """
    try:
        text = orjson.dumps(value, default=_number)
    except (TypeError, ValueError) as error:
        raise Invalid(f"{field} holds a number that is too large.", field=field) from error
    if len(text) > MAX_METADATA:
        raise Invalid(f"{field} is larger than {MAX_METADATA} bytes.", field=field)
    found: dict[str, Any] = orjson.loads(text)
    return found


def _number(value: object) -> float:
    if isinstance(value, Decimal) and Decimal("-1e308") < value < Decimal("1e308"):
        return float(value)
    raise TypeError
