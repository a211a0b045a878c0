"""Cards that somebody else sells, through a JSON API of theirs: each is bought by a worker, once its order is placed.

`docs/developers/gift-cards.md` says what is posted, and what must come back.
"""

from collections.abc import Sequence
from uuid import UUID

import aiohttp
import msgspec

from loyalty.kernel import clock, jobs
from loyalty.models import Business
from rewards.models import GiftProduct, GiftPurchase
from rewards.services import gift_remotes
from rewards.services.codes import SHAPE
from rewards.services.kinds.providers.base import Bought, Refused, Unreachable, Wish

TITLE = "Remote provider"
KEEPS_BALANCE = False
IS_REMOTE = True

FINAL = {400, 404, 410, 422}
LARGEST = 64 * 1024  # bytes of an answer
MOST_REASON = 150  # characters of what a provider says


class Answer(msgspec.Struct):
    code: str
    id: str = ""


class Complaint(msgspec.Struct):
    message: str = ""


def allocate(*, business: Business, product: GiftProduct, value_minor: int, cards: Sequence[UUID]) -> set[UUID]:
    """They have no codes yet, but will: nothing is asked for inside a transaction."""
    now = clock.wall()
    GiftPurchase.objects.bulk_create(
        GiftPurchase(business=business, card_id=card, product=product, due_at=now) for card in cards
    )
    jobs.wake("rewards.buy_gift_codes")
    return set(cards)


async def buy(session: aiohttp.ClientSession, *, product: GiftProduct, wish: Wish) -> Bought:
    """Buy one card.

    :raises Refused: if the provider has no such card
    :raises Unreachable: if it did not answer, or not with a code
    """
    remote = gift_remotes.remote_of(product)
    if remote is None:
        raise Unreachable("The product says no provider.")
    body = {"sku": remote.sku, "value": wish.value, "currency": wish.currency, "reference": wish.id}
    headers = {
        "Authorization": f"Bearer {remote.token}",
        "Idempotency-Key": wish.id,
        "Accept-Encoding": "identity",  # what is read is bounded as it comes
        "User-Agent": "Laurel-Gifts/1",
    }
    try:
        async with session.post(remote.url, json=body, headers=headers, allow_redirects=False) as response:
            return _read(response.status, await _text(response))
    except (aiohttp.ClientError, OSError) as error:
        raise Unreachable(f"The provider did not answer: {type(error).__name__}.") from error


async def _text(response: aiohttp.ClientResponse) -> bytes:
    text = b""
    async for chunk in response.content.iter_chunked(8192):
        text += chunk
        if len(text) > LARGEST:
            raise Unreachable("The provider's answer is too long.")
    return text


def _read(status: int, text: bytes) -> Bought:
    if status in FINAL:
        raise Refused(f"The provider refused it: {_reason(text) or f'HTTP {status}'}")
    if status not in {200, 201}:
        raise Unreachable(f"The provider answered HTTP {status}.")
    try:
        answer = msgspec.json.decode(text, type=Answer)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unreachable("The provider's answer has no code.") from error
    if not SHAPE.fullmatch(answer.code):
        raise Unreachable("The provider's answer has no code.")
    return Bought(answer.code, answer.id[:100])


def _reason(text: bytes) -> str:
    try:
        return msgspec.json.decode(text, type=Complaint).message[:MOST_REASON]
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""
