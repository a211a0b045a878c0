"""What hints that two visitors are one: keyed hashes, which say nothing without the house's key, nor elsewhere."""

from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network

from django.utils.crypto import salted_hmac

from loyalty.models import Business

GOOGLE = {"gmail.com", "googlemail.com"}


@dataclass(frozen=True, slots=True)
class Signals:
    """Hashes of what is known of a visitor: the shop's id of them, their address, their browser."""

    visitor: bytes | None = None
    address: bytes | None = None
    agent: bytes | None = None

    @property
    def device(self) -> bytes | None:
        """Address and browser together, in place of a visitor's id."""
        if self.address is None or self.agent is None:
            return None
        return _hash("device", f"{self.address.hex()}:{self.agent.hex()}")


NONE = Signals()


def of(business: Business, *, visitor_id: str = "", address: str = "", agent: str = "") -> Signals:
    """Hash what is known; empty texts are not.

    :param address: an IP address in its usual spelling
    """

    def hashed(kind: str, text: str) -> bytes | None:
        return _hash(f"{kind}.{business.pk}", text) if text else None

    return Signals(hashed("visitor", visitor_id), hashed("address", _network(address)), hashed("agent", agent))


def email_hash(business: Business, email: str | None) -> bytes | None:
    """The same for all spellings that reach one mailbox."""
    return _hash(f"email.{business.pk}", mailbox(email)) if email else None


def mailbox(email: str) -> str:
    """An address without what its owner may add at will: capitals, tags behind a plus, dots at Google."""
    name, _, host = email.strip().lower().rpartition("@")
    name = name.partition("+")[0]
    if host in GOOGLE:
        name, host = name.replace(".", ""), "gmail.com"
    return f"{name}@{host}"


def _network(address: str) -> str:
    """Of IPv6 the network, within which a machine changes its address every day."""
    if not address or not isinstance(ip_address(address), IPv6Address):
        return address
    return str(ip_network(f"{address}/64", strict=False))


def _hash(salt: str, text: str) -> bytes:
    return salted_hmac(f"referrals.{salt}", text, algorithm="sha256").digest()
