"""Texts that merchants write with places for what is said: Liquid, of which output, conditions and a few filters.

Without loops, assignments and includes a text costs no more than it is long, and reads nothing but what it is given.
"""

from collections.abc import Collection, Mapping
from functools import cache, lru_cache

from liquid import BoundTemplate, Environment, StrictUndefined
from liquid.exceptions import LiquidError

from loyalty.kernel.errors import Invalid

TAGS = {"#", "case", "comment", "content", "if", "illegal", "output", "unless"}
FILTERS = {"capitalize", "default", "downcase", "escape", "newline_to_br", "strip", "truncate", "upcase"}
KEPT = 500  # parsed texts


def check(text: str, *, names: Collection[str], field: str, is_html: bool = False) -> None:
    """:raises Invalid: if it does not read as such a text, or has places for more than `names`"""
    try:
        found = _parsed(text, is_html).analyze()
    except LiquidError as error:
        raise Invalid(f"This does not read as a template: {error.message}.", field=field) from error
    said = [variable for variables in found.variables.values() for variable in variables]
    unknown = next((v for v in said if len(v.segments) > 1 or v.segments[0] not in names), None)
    if unknown is not None:
        raise Invalid(f"There is no {unknown}. Use some of: {', '.join(names)}.", field=field)
    wrong = next((name for name in found.filters if name not in FILTERS), None)
    if wrong is not None:
        raise Invalid(f"There is no filter {wrong!r}. Use some of: {', '.join(sorted(FILTERS))}.", field=field)


def render(text: str, said: Mapping[str, str], *, is_html: bool = False) -> str:
    """A text that was checked, filled in. In HTML what is said is escaped; to a condition an empty text is nothing."""
    return str(_parsed(text, is_html).render(**{name: value or None for name, value in said.items()}))


@lru_cache(maxsize=KEPT)
def _parsed(text: str, is_html: bool) -> BoundTemplate:
    return _environment(is_html).from_string(text)


@cache
def _environment(is_html: bool) -> Environment:
    environment = Environment(autoescape=is_html, undefined=StrictUndefined)
    environment.tags = {name: tag for name, tag in environment.tags.items() if name in TAGS}
    environment.filters = {name: done for name, done in environment.filters.items() if name in FILTERS}
    return environment
