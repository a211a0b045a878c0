"""Who is calling: the client's address, through as many proxies as we were told to trust."""

from collections.abc import Sequence
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


def client_address(request: HttpRequest) -> str:
    """The address as text; empty when a header that we must trust is missing or makes no sense."""
    address = _seen(request)
    return str(address) if address else ""


def parse_address(text: str) -> Address | None:
    """An address, with IPv4 taken out of its IPv6 mapping; None for anything else."""
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address


def _seen(request: HttpRequest) -> Address | None:
    """Counted from the right: what stands further left, any client can write. Past our proxy, the socket counts."""
    socket = parse_address(request.META.get("REMOTE_ADDR", ""))
    if not settings.TRUSTED_PROXY_COUNT or not _is_proxy(socket):
        return socket
    hops = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    if len(hops) < settings.TRUSTED_PROXY_COUNT:
        return None
    return parse_address(hops[-settings.TRUSTED_PROXY_COUNT])


def _is_proxy(socket: Address | None) -> bool:
    """Whether one of our proxies is at the other end; without an address it is a socket of this machine."""
    return socket is None or any(socket in network for network in _networks(tuple(settings.TRUSTED_PROXY_NETWORKS)))


@cache
def _networks(texts: Sequence[str]) -> Sequence[Network]:
    return [ip_network(text) for text in texts]
