"""The judges of settings: addresses that may call, pages that may, and names that are asked for."""

from collections.abc import Callable, Iterable
from ipaddress import IPv4Network, IPv6Network, ip_interface, ip_network
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import DomainNameValidator
from django.http.request import validate_host

LOOPBACK = {"localhost", "127.0.0.1", "::1"}
IPV4_MAPPED = IPv6Network("::ffff:0:0/96")


def each(judge: Callable[[str], str], lines: Iterable[str]) -> list[str]:
    """Every line as `judge` spells it, or one error for each that it refuses."""
    good: list[str] = []
    errors: list[ValidationError] = []
    for line in lines:
        try:
            good.append(judge(line))
        except ValidationError as error:
            errors.append(error)
    if errors:
        raise ValidationError(errors)
    return list(dict.fromkeys(good))


def network(text: str) -> str:
    """An address, or a range in CIDR notation. IPv4 is written as such: callers are, too, however they connect."""
    try:
        meant = ip_interface(text).network
    except ValueError as error:
        raise ValidationError(
            f"“{text}” is not an address. Write one like 203.0.113.7, or a range like 203.0.113.0/24."
        ) from error
    if isinstance(meant, IPv6Network) and meant.subnet_of(IPV4_MAPPED):
        raise ValidationError(f"“{text}” is IPv4 in the form of IPv6. Write {_unmapped(meant)}.")
    try:
        return str(ip_network(text))
    except ValueError as error:
        raise ValidationError(
            f"“{text}” names one address inside a range. Write {meant} for the whole range."
        ) from error


def origin(text: str) -> str:
    """What a browser sends as `Origin`: scheme, host and port."""
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise ValidationError(f"“{text}” is not an origin. Write one like https://shop.example.") from error
    is_bare = not (parts.path.strip("/") or parts.query or parts.fragment or parts.username)
    if parts.scheme not in ("http", "https") or not host or not is_bare or "*" in host:
        raise ValidationError(f"“{text}” is not an origin. Write scheme and host only, like https://shop.example.")
    if parts.scheme == "http" and host not in LOOPBACK:
        raise ValidationError(f"“{text}” is not safe to allow. Use https; plain http is for localhost.")
    named = f"[{host}]" if ":" in host else host
    default = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{named}" + (f":{port}" if port not in (None, default) else "")


def domain(text: str) -> str:
    """A name under which this server is asked for one business alone."""
    name = text.lower().rstrip(".")
    DomainNameValidator(accept_idna=False)(name)  # browsers ask for xn--…
    service = urlsplit(settings.PUBLIC_URL).hostname
    if name == service or name.endswith(f".{service}"):
        raise ValidationError(f"{service} and what is below it belong to the service: a slug stands there by itself.")
    if not validate_host(name, settings.ALLOWED_HOSTS):
        raise ValidationError(f"This server does not answer to {name}. Add it to ALLOWED_HOSTS first.")
    return name


def _unmapped(mapped: IPv6Network) -> str:
    base, length = int(mapped.network_address) & 0xFFFF_FFFF, mapped.prefixlen - IPV4_MAPPED.prefixlen
    plain = IPv4Network((base, length))
    return str(plain.network_address if plain.num_addresses == 1 else plain)
