"""Where the codes of gift cards come from: one module per provider, all with the same names.

How to add one:

1. Write `rewards/services/kinds/providers/<name>.py` with the names of `Provider`.
2. Add it to `PROVIDERS` below. Products may name it from there on; it is no enumeration in the database.
3. One that sells its codes elsewhere has the names of `Remote`, too, and stands in `REMOTES`.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import UUID

import aiohttp

from loyalty.kernel.errors import Invalid
from loyalty.models import Business
from rewards.models import GiftProduct
from rewards.services.kinds.providers import generated, http, vault
from rewards.services.kinds.providers.base import Bought, Wish


class Provider(Protocol):
    TITLE: str  # for people
    KEEPS_BALANCE: bool  # whether we honour its cards ourselves, part by part
    IS_REMOTE: bool  # whether its codes come after the order, from elsewhere; once bought, they stay paid

    def allocate(
        self, *, business: Business, product: GiftProduct, value_minor: int, cards: Sequence[UUID]
    ) -> set[UUID]:
        """Give each of these new cards a code, as far as there are any; inside the caller's transaction.

        Answers the cards that have one now, or will have.
        """


class Remote(Protocol):
    async def buy(self, session: aiohttp.ClientSession, *, product: GiftProduct, wish: Wish) -> Bought:
        """Buy one card's code. Asked again with the same wish, it answers the same code.

        :raises base.Refused: if there is no such card, ever
        :raises base.Unreachable: if it may work later
        """


PROVIDERS: Mapping[str, Provider] = {"generated": generated, "vault": vault, "http": http}
REMOTES: Mapping[str, Remote] = {"http": http}


def provider_of(name: str) -> Provider:
    """:raises Invalid: if there is no such provider"""
    if name not in PROVIDERS:
        raise Invalid(f"There is no provider {name!r}. Use one of: {', '.join(PROVIDERS)}.", field="provider")
    return PROVIDERS[name]
