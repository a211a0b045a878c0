"""Keys: what programmes as code call a thing."""

from itertools import count
from typing import Any

from django.db.models import QuerySet
from django.utils.text import slugify

from loyalty.kernel.errors import Conflict
from loyalty.models import Business


class KeyTaken(Conflict):
    def __init__(self, key: str) -> None:
        super().__init__(f"The key {key!r} is taken. Choose another one.", field="key")


def lock(business: Business) -> Business:
    """The business as it is now. Its lock lets set-ups change one step at a time, so that keys stay unique."""
    return Business.objects.select_for_update(no_key=True).get(pk=business.pk)


def key_for(rows: "QuerySet[Any]", *, key: str | None, title: str, noun: str) -> str:
    """The key that was asked for, or a free one made from the title.

    :param rows: those of the locked business that may have taken it
    :raises KeyTaken: if one of them has
    """
    if key:
        if rows.filter(key=key).exists():
            raise KeyTaken(key)
        return key
    base = slugify(title)[:56].strip("-_") or noun
    taken = set(rows.filter(key__startswith=base).values_list("key", flat=True))
    return base if base not in taken else next(free for n in count(2) if (free := f"{base}-{n}") not in taken)
