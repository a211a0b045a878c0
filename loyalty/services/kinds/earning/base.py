"""What several kinds of earning have in common."""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from msgspec import structs

from loyalty.kernel.errors import Invalid
from loyalty.services.earn_terms import Limit, Terms
from loyalty.services.kinds.tasks import base as tasks

OF_ORDERS = {
    "include_products": "includeProducts",
    "include_collections": "includeCollections",
    "exclude_products": "excludeProducts",
    "exclude_collections": "excludeCollections",
    "min_spend": "minSpend",
}


Rates = Mapping[str, Fraction]  # what one of each currency is worth in the programme's own, which is 1


def fixed(terms: Terms, facts: Mapping[str, Any], rates: Rates) -> Fraction | str:
    """The same for everybody, whatever was said."""
    return Fraction(terms.earn.points)


def each_time(terms: Terms) -> Terms:
    """So many points each time.

    :raises Invalid: naming what only orders have
    """
    if terms.earn.per is not None or terms.earn.currency is not None:
        raise Invalid(f"Only order_paid earns by an amount: {terms.trigger} has none.", field="earn.per")
    if terms.earn.each != "order":
        raise Invalid(f"Only order_paid earns by the piece: {terms.trigger} has none.", field="earn.each")
    plain = Terms(trigger=terms.trigger, earn=terms.earn)
    for name, spelled in OF_ORDERS.items():
        if getattr(terms, name) != getattr(plain, name):
            raise Invalid(f"Only order_paid has {spelled}. Leave it out.", field=spelled)
    return terms


def unrated(terms: Terms) -> Terms:
    """So many points each time, whatever somebody thinks: nobody is paid for praise.

    :raises Invalid: if a condition looks at a rating
    """
    for number, condition in enumerate(terms.conditions):
        tasks.check_praise(terms.trigger, condition.field, field=f"conditions.{number}.field")
    return each_time(terms)


def never_more_than(limit: Limit, terms: Terms) -> Terms:
    """So many points each time, and this limit.

    :raises Invalid: if the terms have another one
    """
    if terms.limit not in (Limit(), limit):
        raise Invalid(f"{terms.trigger} is paid {_spelled(limit)}. Leave the limit out.", field="limit")
    return structs.replace(each_time(terms), limit=limit)


def limited(usual: Limit, terms: Terms) -> Terms:
    """So many points each time: apps tell of it, so it is never without a limit."""
    return structs.replace(each_time(terms), limit=usual if terms.limit.times is None else terms.limit)


def _spelled(limit: Limit) -> str:
    return "once a year" if limit.period == "yearly" else "once"
