"""Where a product's codes are bought: the address, the article and the secret, sealed together."""

import msgspec
from django.conf import settings

from loyalty.kernel import crypto, net
from loyalty.kernel.errors import Invalid
from loyalty.services.sealing import Sealed
from rewards.models import GiftProduct


class Remote(msgspec.Struct, frozen=True):
    url: str
    sku: str
    token: str


def put(product: GiftProduct, *, url: str, sku: str, token: str) -> None:
    """Say where a product's codes are bought; whoever writes it saves it. Without a token the last one stays.

    :raises net.UnsafeUrl: if we do not call such an address
    :raises Invalid: if something is missing
    """
    known = remote_of(product)
    token = token or (known.token if known else "")
    for field, said in (("remoteUrl", url), ("remoteSku", sku), ("remoteToken", token)):
        if not said:
            raise Invalid("Cards of a remote provider need an address, an article and a token.", field=field)
    net.check_url(
        url,
        field="remoteUrl",
        allow_http=settings.WEBHOOKS_ALLOW_HTTP,
        allowed=net.networks(settings.WEBHOOKS_ALLOWED_PRIVATE_NETWORKS),
    )
    product.remote_sealed = crypto.seal(msgspec.json.encode(Remote(url, sku, token)), context=_context(product))


def remote_of(product: GiftProduct) -> Remote | None:
    if product.remote_sealed is None:
        return None
    return msgspec.json.decode(crypto.unseal(bytes(product.remote_sealed), context=_context(product)), type=Remote)


def _context(product: GiftProduct) -> str:
    return f"rewards.gift_product:{product.pk}"


SEALED = Sealed(GiftProduct, "remote_sealed", context=_context)
