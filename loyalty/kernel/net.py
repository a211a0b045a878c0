"""The one guarded way out: which URLs may be called, and which addresses a name may lead to.

A URL is judged when it is saved, without a look-up. Every address that its host leads to is judged again
whenever a connection is made, and the connection goes to the very address that was judged.
"""

import asyncio
import re
import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from loyalty.kernel.errors import Invalid

Networks = Sequence[IPv4Network | IPv6Network]

MAX_URL = 2048
IDLE_SECONDS = 4.0  # common servers close idle connections after 5: a request must not cross that on its way
LOOK_UP_SECONDS = 5  # how long a judged look-up serves new connections

# The only IPv6 space handed out to the public: the mapped, translated and local forms lie outside.
GLOBAL_UNICAST = IPv6Network("2000::/3")
# Named here, as the standard library's own classes let some through and change between versions.
NOT_PUBLIC: Networks = tuple(
    ip_network(text)
    for text in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24"),
        *("192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24"),
        *("224.0.0.0/4", "240.0.0.0/4"),
        "168.63.129.16/32",  # a cloud's metadata, at a public address
        "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarking
        *("2001:db8::/32", "2002::/16", "3fff::/20"),  # examples, 6to4, examples
    )
)
LOCAL_DOMAINS = frozenset(
    ("localhost", "localdomain", "local", "internal", "intranet", "private", "corp", "home", "lan", "arpa")
)
# Where other services than HTTP listen.
SERVICE_PORTS = frozenset(
    (
        *(20, 21, 22, 23, 25, 53, 69, 110, 111, 113, 119, 123, 135, 137, 138, 139, 143, 161, 179, 389, 445, 465),
        *(512, 513, 514, 515, 548, 554, 587, 631, 636, 873, 990, 993, 995, 1080, 1433, 1521, 1723, 2049, 2181),
        *(2375, 2376, 2379, 2380, 3128, 3306, 3389, 4369, 5060, 5061, 5432, 5672, 5900, 5984, 6000, 6379, 6380),
        *(6443, 6667, 7000, 7001, 9042, 9092, 9200, 9300, 10250, 11211, 27017),
    )
)

_URL = re.compile(
    r"(?P<scheme>https?)://"
    r"(?:\[(?P<literal>[0-9A-Fa-f]*:[0-9A-Fa-f:.]*)\]|(?P<name>[A-Za-z0-9_.-]+))"
    r"(?::(?P<port>[0-9]{1,5}))?"
    r"(?:[/?][!$-;=?-\[\]_a-z~]*)?"
)
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMERIC = re.compile(r"[0-9]+|0x[0-9a-f]*")


class UnsafeUrl(Invalid):
    """We do not call such a URL."""


class AddressRefused(OSError):
    """The host leads to an address that is not public."""

    def __init__(self) -> None:
        super().__init__("the host does not lead to public addresses only")


def networks(texts: Sequence[str]) -> Networks:
    return tuple(ip_network(text) for text in texts)


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address is on the public internet: nothing local, shared, reserved, translated or mapped."""
    if address.version == 6 and address not in GLOBAL_UNICAST:
        return False
    return not any(address in network for network in NOT_PUBLIC)


def check_url(url: str, *, field: str, allow_http: bool = False, allowed: Networks = ()) -> None:
    """Judge a URL that is about to be saved. `allowed` networks (and then local names) pass.

    :raises UnsafeUrl: naming `field` and what to change
    """
    match = _URL.fullmatch(url)
    if len(url) > MAX_URL:
        raise UnsafeUrl(f"The URL is longer than {MAX_URL} characters.", field=field)
    if match is None:
        raise UnsafeUrl(
            "Give a URL such as https://example.com/hooks: plain ASCII, without user and fragment.",
            field=field,
        )
    if match["scheme"] == "http" and not allow_http:
        raise UnsafeUrl("The URL must begin with https://.", field=field)
    if match["port"] and not _is_sane_port(int(match["port"])):
        raise UnsafeUrl("Use port 443, or another that no other service is known for.", field=field)
    if not _is_outside(match["literal"] or match["name"].lower(), allowed):
        raise UnsafeUrl("The host must be a public name or address, in its usual spelling.", field=field)


def _is_sane_port(port: int) -> bool:
    return 0 < port < 65536 and port not in SERVICE_PORTS


def _is_outside(host: str, allowed: Networks) -> bool:
    labels = host.split(".")
    if ":" in host or _NUMERIC.fullmatch(labels[-1]):
        return _is_good(host, allowed)
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        return False
    return bool(allowed) or len(labels) > 1 and labels[-1] not in LOCAL_DOMAINS


def _is_good(text: str, allowed: Networks) -> bool:
    try:
        address = ip_address(text)  # refuses every spelling but the usual one
    except ValueError:
        return False
    return is_public(address) or any(address in network for network in allowed)


class Guard(AbstractResolver):
    """Judges where connections go: every address of a name, and the one that a socket is opened for."""

    def __init__(self, allowed: Networks = ()) -> None:
        self._allowed = allowed

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """All addresses of a name, or none if one of them is not public.

        :raises AddressRefused: then
        """
        found = await self.look_up(host, port)
        addresses = list(dict.fromkeys(str(address[0]) for *_, address in found))
        if not addresses or not all(_is_good(address, self._allowed) for address in addresses):
            raise AddressRefused
        return [_result(host, address, port) for address in addresses]

    async def look_up(self, host: str, port: int) -> list[Any]:
        return await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)

    def open_socket(self, info: Any) -> socket.socket:
        """A socket for an address that a name led to, or that stood in the URL itself.

        :raises AddressRefused: if it is not public
        """
        family, kind, protocol, _, address = info
        if not _is_good(str(address[0]), self._allowed):
            raise AddressRefused
        return socket.socket(family, kind, protocol)

    async def close(self) -> None:
        """Nothing is held open."""


def session(guard: Guard, *, timeout: aiohttp.ClientTimeout) -> aiohttp.ClientSession:
    """A client that only goes where `guard` lets it: no proxy of the environment, no cookies, no unpacking.

    It keeps connections open for its next requests. Whoever holds it replaces it every 30 seconds, so that no
    connection outlives the judgement of its address for longer.
    """
    connector = aiohttp.TCPConnector(
        resolver=guard,
        socket_factory=guard.open_socket,
        ttl_dns_cache=LOOK_UP_SECONDS,
        keepalive_timeout=IDLE_SECONDS,
        limit=0,  # callers bound what they have in flight
    )
    return aiohttp.ClientSession(
        connector=connector,
        timeout=timeout,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        trust_env=False,
        raise_for_status=False,
    )


def _result(host: str, address: str, port: int) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return ResolveResult(
        hostname=host,
        host=address,
        port=port,
        family=family,
        proto=socket.IPPROTO_TCP,
        flags=socket.AI_NUMERICHOST,
    )
