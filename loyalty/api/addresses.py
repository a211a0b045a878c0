"""Who is calling: the client's address, through as many proxies as we were told to trust."""

from ipaddress import IPv4Address, IPv6Address, ip_address

from django.conf import settings
from django.http import HttpRequest

Address = IPv4Address | IPv6Address


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
    """Counted from the right: what stands further left, any client can write."""
    if not settings.TRUSTED_PROXY_COUNT:
        return parse_address(request.META.get("REMOTE_ADDR", ""))
    hops = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    if len(hops) < settings.TRUSTED_PROXY_COUNT:
        return None
    return parse_address(hops[-settings.TRUSTED_PROXY_COUNT])
