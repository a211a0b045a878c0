"""From bytes to typed structs: the one parser of every surface.

Refused with a message that names the field: bad UTF-8, a BOM, NUL, duplicate keys, unknown fields, NaN and Infinity,
numbers of the wrong kind (`12.0` and `1e3` are no integers), too large bodies, other media types.
"""

import json
import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

import msgspec
from django.http import HttpRequest, QueryDict

from loyalty.kernel.errors import Code, DomainError, Invalid
from loyalty.kernel.shapes import check_characters, to_struct

__all__ = ["Body", "canonical", "decoded", "query_to_struct", "read_json", "to_struct"]

MAX_BODY = 1_000_000
_ISO = re.compile(r"\d{4}-")
TOO_DEEP = "The JSON is nested too deeply."


class Body(msgspec.Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What a caller sends: a JSON object, or a query string."""


T = TypeVar("T")


class PayloadTooLarge(DomainError):
    code = Code.PAYLOAD_TOO_LARGE

    def __init__(self, limit: int) -> None:
        super().__init__(f"The body is larger than {limit:,} bytes.")


class UnsupportedMediaType(DomainError):
    code = Code.UNSUPPORTED_MEDIA_TYPE

    def __init__(self, media_types: Sequence[str]) -> None:
        super().__init__(f"Send the header Content-Type: {' or '.join(media_types)}, and a body that is.")


def read_json(request: HttpRequest, *, limit: int = MAX_BODY) -> Any:
    """The body as plain data; an empty body is an empty object.

    :raises PayloadTooLarge, UnsupportedMediaType, Invalid: as the module says
    """
    body = read_body(request, media_types=("application/json",), limit=limit)
    return decoded(body) if body else {}


def read_body(request: HttpRequest, *, media_types: Sequence[str], limit: int) -> bytes:
    """:raises PayloadTooLarge, UnsupportedMediaType: as `read_json`"""
    length = int(request.META.get("CONTENT_LENGTH") or 0)
    if length > limit:
        raise PayloadTooLarge(limit)
    if length and request.content_type not in media_types:
        raise UnsupportedMediaType(media_types)
    return request.body if length else b""


def decoded(body: bytes) -> Any:
    """:raises Invalid: as the module says"""
    try:
        text = body.decode()
        data = _decoder.decode(text)
        if "\\u" in text:
            check_characters(data)
        return data
    except UnicodeDecodeError as error:
        raise Invalid("The body is not valid UTF-8.") from error
    except RecursionError as error:
        raise Invalid(TOO_DEEP) from error
    except json.JSONDecodeError as error:
        raise Invalid(f"The body is not valid JSON: {error.msg}, at character {error.pos}.") from error
    except ValueError as error:  # the interpreter's own bound on digits
        raise Invalid("The body contains a number with too many digits.") from error


def query_to_struct(query: QueryDict, type: type[T]) -> T:
    """A query string as a struct; a parameter given twice is refused.

    :raises Invalid: naming the first offending parameter
    """
    twice = next((name for name, values in query.lists() if len(values) > 1), None)
    if twice:
        raise Invalid(f"Give {twice} once.", field=twice)
    if any("\x00" in value for value in query.values()):
        raise Invalid("The query contains a NUL character. Remove it.")
    return _without_epochs(to_struct(query.dict(), type, strict=False), query)


def _without_epochs(found: T, query: QueryDict) -> T:
    """Numbers are read out of text; a number that stands for a time is not what the schema says."""
    names = getattr(found, "__struct_fields__", ())
    for name, spelled in zip(names, getattr(found, "__struct_encode_fields__", ()), strict=True):
        if isinstance(getattr(found, name), date) and not _ISO.match(query.get(spelled) or "0000-"):
            raise Invalid(f"{spelled} is no time with offset, such as 2026-05-01T12:00:00Z.", field=spelled)
    return found


def canonical(data: Any) -> bytes:
    """The same bytes for the same data, whatever its key order and white space were."""
    return msgspec.json.encode(data, order="deterministic")


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """:raises Invalid: naming a key that is given twice"""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Invalid(f"The field {twice} is given twice.", field=twice)
    return found


def _no_constant(name: str) -> None:
    raise Invalid(f"{name} is not a JSON number.")


_decoder = json.JSONDecoder(object_pairs_hook=unique, parse_constant=_no_constant, parse_float=Decimal, strict=True)
