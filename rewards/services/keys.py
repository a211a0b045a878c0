"""Keys of rewards and pools: made from a name where none is given."""

from itertools import count
from typing import Any

from django.utils.text import slugify

from loyalty.kernel.errors import Conflict
from loyalty.models import Business
from rewards.models import CodePool, Reward


class KeyTaken(Conflict):
    def __init__(self, noun: str, key: str) -> None:
        super().__init__(f"Another {noun} has the key {key!r}. Choose another one.", field="key")


def lock(business: Business) -> Business:
    """The business as it is now. Its lock makes catalogues change one step at a time, so that keys stay unique."""
    return Business.objects.select_for_update(no_key=True).get(pk=business.pk)


def free_key(model: type[CodePool | Reward], *, business: Business, name: str, noun: str) -> str:
    """The name as a key, numbered where it is taken."""
    base = slugify(name)[:56].strip("-_") or noun
    rows: Any = model.objects.for_business(business).filter(key__startswith=base)
    taken = set(rows.values_list("key", flat=True))
    return base if base not in taken else next(key for n in count(2) if (key := f"{base}-{n}") not in taken)


def check_key(row: CodePool | Reward, *, noun: str) -> None:
    """:raises KeyTaken: if another row of the business has its key"""
    rows: Any = type(row).objects.for_business(row.business).filter(key=row.key)
    if rows.exclude(pk=row.pk).exists():
        raise KeyTaken(noun, row.key)
