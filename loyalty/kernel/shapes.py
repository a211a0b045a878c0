"""Plain data as typed structs, refused with the name of the field that is to blame."""

import re
from datetime import datetime
from typing import Annotated, Any, TypeVar

import msgspec

from loyalty.kernel.errors import Invalid

T = TypeVar("T")

Key = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$(?!\n)")]


def to_struct(data: Any, type: type[T], *, strict: bool = True) -> T:
    """Plain data as a struct; what is not `strict` reads numbers out of text, as in query strings.

    :raises Invalid: naming the first offending field
    """
    try:
        return _in_range(msgspec.convert(data, type, strict=strict))
    except msgspec.ValidationError as error:
        raise _invalid(str(error)) from error


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
