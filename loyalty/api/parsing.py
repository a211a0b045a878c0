"""From bytes to typed structs: the one parser of every surface.

Refused with a message that names the field: bad UTF-8, a BOM, NUL, duplicate keys, unknown fields, NaN and Infinity,
numbers of the wrong kind (`12.0` and `1e3` are no integers), too large bodies, other media types.
"""

import json
import re
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

import msgspec
from django.http import HttpRequest, QueryDict

from loyalty.kernel.errors import Code, DomainError, Invalid

MAX_BODY = 1_000_000
MAX_DEPTH_MESSAGE = "The JSON is nested too deeply."


class Body(msgspec.Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What a caller sends: a JSON object, or a query string."""


T = TypeVar("T")


class PayloadTooLarge(DomainError):
    code = Code.PAYLOAD_TOO_LARGE

    def __init__(self, limit: int) -> None:
        super().__init__(f"The body is larger than {limit:,} bytes.")


class UnsupportedMediaType(DomainError):
    code = Code.UNSUPPORTED_MEDIA_TYPE

    def __init__(self) -> None:
        super().__init__("Send JSON, with the header Content-Type: application/json.")


def read_json(request: HttpRequest, *, limit: int = MAX_BODY) -> Any:
    """The body as plain data; an empty body is an empty object.

    :raises PayloadTooLarge, UnsupportedMediaType, Invalid: as the module says
    """
    length = int(request.META.get("CONTENT_LENGTH") or 0)
    if length > limit:
        raise PayloadTooLarge(limit)
    if not length:
        return {}
    if request.content_type != "application/json":
        raise UnsupportedMediaType
    return _decoded(request.body)


def _decoded(body: bytes) -> Any:
    try:
        text = body.decode()
        data = _decoder.decode(text)
        if "\\u" in text:
            _check_characters(data)
        return data
    except UnicodeDecodeError as error:
        raise Invalid("The body is not valid UTF-8.") from error
    except RecursionError as error:
        raise Invalid(MAX_DEPTH_MESSAGE) from error
    except json.JSONDecodeError as error:
        raise Invalid(f"The body is not valid JSON: {error.msg}, at character {error.pos}.") from error
    except ValueError as error:  # the interpreter's own bound on digits
        raise Invalid("The body contains a number with too many digits.") from error


def to_struct(data: Any, type: type[T]) -> T:
    """Plain data as a struct.

    :raises Invalid: naming the first offending field
    """
    try:
        return _in_range(msgspec.convert(data, type))
    except msgspec.ValidationError as error:
        raise _invalid(str(error)) from error


def query_to_struct(query: QueryDict, type: type[T]) -> T:
    """A query string as a struct; a parameter given twice is refused.

    :raises Invalid: naming the first offending parameter
    """
    twice = next((name for name, values in query.lists() if len(values) > 1), None)
    if twice:
        raise Invalid(f"Give {twice} once.", field=twice)
    if any("\x00" in value for value in query.values()):
        raise Invalid("The query contains a NUL character. Remove it.")
    try:
        return _in_range(msgspec.convert(query.dict(), type, strict=False))
    except msgspec.ValidationError as error:
        raise _invalid(str(error)) from error


def canonical(data: Any) -> bytes:
    """The same bytes for the same data, whatever its key order and white space were."""
    return msgspec.json.encode(data, order="deterministic")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Invalid(f"The field {twice} is given twice.", field=twice)
    return found


def _check_characters(data: Any) -> None:
    """Escapes can spell what UTF-8 text cannot hold, and NUL, which PostgreSQL cannot."""
    match data:
        case str() if "\x00" in data:
            raise Invalid("The body contains a NUL character. Remove it.")
        case str():
            try:
                data.encode()
            except UnicodeEncodeError as error:
                raise Invalid("The body contains half of a surrogate pair.") from error
        case list():
            for item in data:
                _check_characters(item)
        case dict():
            for name, item in data.items():
                _check_characters(name)
                _check_characters(item)


def _no_constant(name: str) -> None:
    raise Invalid(f"{name} is not a JSON number.")


_decoder = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant, parse_float=Decimal, strict=True)

_WHERE = re.compile(r" - at `(?:key in )?\$(?P<path>.*)`$")
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<name>.*)`$", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(?P<name>.*)`$")


def _in_range(struct: T) -> T:
    """Years at the ends of the calendar leave it when they are moved to UTC."""
    names = getattr(struct, "__struct_fields__", ())
    for name, spelled in zip(names, getattr(struct, "__struct_encode_fields__", ()), strict=True):
        value = getattr(struct, name)
        if isinstance(value, datetime) and not 1 < value.year < 9999:
            raise Invalid(f"{spelled} is out of range.", field=spelled)
    return struct


def _invalid(text: str) -> Invalid:
    where = _WHERE.search(text)
    path = where["path"].replace("[...]", "").replace("[", ".").replace("]", "").strip(".") if where else ""
    reason = text[: where.start()] if where else text
    if unknown := _UNKNOWN.search(reason):
        field = _join(path, unknown["name"])
        return Invalid(f"There is no field {field}. Remove it, or check its spelling.", field=field)
    if missing := _MISSING.search(reason):
        field = _join(path, missing["name"])
        return Invalid(f"The field {field} is required.", field=field)
    return Invalid(f"{path or 'The body'}: {_plain(reason)}.", field=path or None)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


_WORDS = {
    "int": "an integer",
    "str": "a string",
    "bool": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
    "float": "a number",
    "decimal": "a number",
    "Decimal": "a number",
    "datetime": "a time with offset, such as 2026-05-01T12:00:00Z",
    "date": "a date, such as 2026-05-01",
    "uuid": "an id",
}


def _plain(reason: str) -> str:
    reason = re.sub(r"`([A-Za-z |]+)`", lambda m: " or ".join(_WORDS.get(w, w) for w in m[1].split(" | ")), reason)
    return reason[:1].lower() + reason[1:]
