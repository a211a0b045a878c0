"""Languages, by tags as in de or pt-BR."""

from babel import Locale, UnknownLocaleError
from babel.core import get_locale_identifier

from loyalty.kernel.errors import Invalid


def language(value: str, *, field: str) -> str:
    """A tag in the one spelling that we keep.

    :raises Invalid: if there is no such language
    """
    try:
        found = Locale.parse(value, sep="-")
    except (UnknownLocaleError, ValueError) as error:
        raise Invalid(f"{field} is no language, as in de or pt-BR.", field=field) from error
    return get_locale_identifier((found.language, found.territory, found.script), sep="-")


def chain(tag: str) -> list[str]:
    """The language itself, then what it is a variety of: de-AT, de."""
    parts = tag.split("-") if tag else []
    return ["-".join(parts[:count]) for count in range(len(parts), 0, -1)]


def locale_of(tag: str) -> Locale:
    return Locale.parse(tag, sep="-")
