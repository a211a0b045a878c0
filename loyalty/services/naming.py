"""Keys: what a programme's document calls a thing. One row of a kind has each."""

from collections.abc import Container, Sequence
from itertools import count
from typing import Any

from django.db.models import QuerySet
from django.utils.text import slugify

from loyalty.kernel.errors import Conflict, NotFound
from loyalty.models import Business, Metric
from loyalty.selectors import segments


class KeyTaken(Conflict):
    def __init__(self, noun: str, key: str) -> None:
        super().__init__(f"Another {noun} has the key {key!r}. Choose another one.", field="key")


def lock(business: Business) -> Business:
    """The business as it is now. Its lock lets set-ups change one step at a time, so that keys stay unique."""
    return Business.objects.select_for_update(no_key=True).get(pk=business.pk)


def free_key(title: str, *, taken: Container[str], noun: str) -> str:
    """A key made from a title, which nothing else has."""
    base = slugify(title)[:56].strip("-_") or noun.rpartition(" ")[2]
    return base if base not in taken else next(key for n in count(2) if (key := f"{base}-{n}") not in taken)


def key_for(rows: "QuerySet[Any]", *, key: str | None, title: str, noun: str) -> str:
    """The key that was asked for, or a free one made from the title.

    :param rows: those of the locked business that may have taken it
    :raises KeyTaken: if one of them has
    """
    if key is None or key == "":
        return free_key(title, taken=set(rows.values_list("key", flat=True)), noun=noun)
    if rows.filter(key=key).exists():
        raise KeyTaken(noun, key)
    return key


def metric(business: Business, key: str, *, field: str) -> Metric:
    """:raises NotFound: naming `field`, if the programme has no such metric"""
    found = Metric.objects.for_business(business).filter(key=key, archived_at=None).first()
    if found is None:
        raise NotFound("metric", field=field)
    return found


def segment_keys(business: Business, keys: Sequence[str]) -> list[str]:
    """The keys, each once and in order.

    :raises NotFound: naming `segments.…`, if the programme has no such segment
    """
    known = segments.live_keys(business=business)
    for number, key in enumerate(keys):
        if key not in known:
            raise NotFound("segment", field=f"segments.{number}")
    return sorted(set(keys))
