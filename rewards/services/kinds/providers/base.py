"""What providers share that sell their codes elsewhere: what is asked of them, and how they fail."""

from typing import NamedTuple


class Refused(Exception):
    """There will never be such a card."""


class Unreachable(Exception):
    """It did not work now, or nobody knows whether it did; it may later."""


class Wish(NamedTuple):
    """A card to be bought. `id` stays the same over all tries, and whoever sells sees it."""

    id: str
    value: str
    currency: str


class Bought(NamedTuple):
    code: str
    reference: str = ""  # the seller's own
