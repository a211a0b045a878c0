"""Plain data as typed structs, refused with the name of the field that is to blame."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import msgspec

from loyalty.kernel.errors import Invalid

T = TypeVar("T")

Key = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$(?!\n)")]
ExternalId = Annotated[
    str,
    msgspec.Meta(pattern=r"^(?!\s)[^/\x00-\x1f\x7f]{1,128}$(?<!\s)(?!\n)", min_length=1, max_length=128),
]


def to_struct(data: Any, type: type[T], *, strict: bool = True) -> T:
    """Plain data as a struct; what is not `strict` reads numbers out of text, as in query strings.

    :raises Invalid: naming the first offending field
    """
    try:
        found = msgspec.convert(data, type, strict=strict)
    except msgspec.ValidationError as error:
        raise _invalid(str(error)) from error
    _in_utc(found)
    return found


def check_characters(data: Any) -> None:
    """Escapes can spell what UTF-8 text cannot hold, and NUL, which PostgreSQL cannot.

    :raises Invalid: if they do
    """
    match data:
        case str() if "\x00" in data:
            raise Invalid("A text contains a NUL character. Remove it.")
        case str():
            try:
                data.encode()
            except UnicodeEncodeError as error:
                raise Invalid("A text contains half of a surrogate pair.") from error
        case list():
            for item in data:
                check_characters(item)
        case dict():
            for name, item in data.items():
                check_characters(name)
                check_characters(item)


_WHERE = re.compile(r" - at `(?:key in )?\$(?P<path>.*)`$")
_UNKNOWN = re.compile(r"Object contains unknown field `(?P<name>.*)`$", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(?P<name>.*)`$")


def _in_utc(value: Any, path: str = "") -> None:
    """Move every time in a struct to UTC: PostgreSQL knows fewer offsets than ISO 8601, and fewer years."""
    if isinstance(value, list):
        for number, item in enumerate(value):
            _in_utc(item, _join(path, str(number)))
    elif isinstance(value, msgspec.Struct):
        for name, spelled in zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True):
            part = getattr(value, name)
            if isinstance(part, datetime) and part.tzinfo:
                if not 1 < part.year < 9999:
                    here = _join(path, spelled)
                    raise Invalid(f"{here} is out of range.", field=here)
                msgspec.structs.force_setattr(value, name, part.astimezone(UTC))
            elif isinstance(part, list | msgspec.Struct):
                _in_utc(part, _join(path, spelled))


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
