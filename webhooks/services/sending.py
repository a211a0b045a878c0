"""The HTTP side: one request, and what came of it. It knows no database, and never waits longer than its time-out."""

import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

import aiohttp
import structlog
from django.conf import settings
from yarl import URL

from loyalty.kernel import net

log = structlog.get_logger(__name__)

TIMEOUT = aiohttp.ClientTimeout(total=15, connect=5, ceil_threshold=60)  # to the second and not beyond
MOST_READ = 64 * 1024
MOST_KEPT = 4 * 1024

REFUSED = "The host does not lead to public addresses only."
NOT_FOUND = "The host's name could not be resolved."
TIMED_OUT = "No complete answer within 15 seconds, or no connection within 5."
NOT_TRUSTED = "The TLS connection could not be trusted."
NOT_CONNECTED = "The connection failed or was cut."
NOT_HTTP = "The answer is not HTTP/1.1, or its headers are too long: one has at most 8 KB."
REDIRECTED = "Redirects are not followed."


@dataclass(frozen=True, slots=True)
class Parcel:
    """A request. `at` is when it was handed over, by the clock of whoever did."""

    at: datetime
    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What a try came to. `is_final`: it was not sent, and no other try would be."""

    at: datetime
    duration_ms: int = 0
    status: int | None = None
    error: str = ""
    body: bytes = b""
    retry_after: timedelta | None = None
    is_final: bool = False

    @property
    def is_success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def open_session() -> aiohttp.ClientSession:
    """A session of the guarded client. It is closed within 30 seconds, and its connections with it."""
    allowed = net.networks(settings.WEBHOOKS_ALLOWED_PRIVATE_NETWORKS)
    return net.session(net.Guard(allowed), timeout=TIMEOUT)


async def send(session: aiohttp.ClientSession, parcel: Parcel) -> Answer:
    """Post a parcel. Whatever goes wrong is an answer, too."""
    started = time.perf_counter()
    try:
        answer = await _post(session, parcel)
    except (aiohttp.ClientError, OSError, ValueError) as error:
        answer = Answer(parcel.at, error=_reason(error))
    except Exception:
        log.exception("webhook_not_sent")
        answer = Answer(parcel.at, error=NOT_CONNECTED)
    return replace(answer, duration_ms=round((time.perf_counter() - started) * 1000))


async def _post(session: aiohttp.ClientSession, parcel: Parcel) -> Answer:
    url = URL(parcel.url, encoded=True)  # as it was given and judged
    async with session.post(url, data=parcel.body, headers=parcel.headers, allow_redirects=False) as response:
        return Answer(
            parcel.at,
            status=response.status,
            error=REDIRECTED if 300 <= response.status < 400 else "",
            body=await _read(response.content),
            retry_after=_retry_after(response.headers.get("Retry-After", ""), parcel.at),
        )


async def _read(content: aiohttp.StreamReader) -> bytes:
    """The beginning of an answer. What is longer than we read costs its connection, not our memory."""
    kept, left = bytearray(), MOST_READ
    while left and (chunk := await content.read(left)):
        kept += chunk[: MOST_KEPT - len(kept)]
        left -= len(chunk)
    return bytes(kept)


def _reason(error: Exception) -> str:
    """Why there is no answer, in words that say nothing about our network."""
    causes = [error, error.__cause__, getattr(error, "os_error", None)]
    if any(isinstance(cause, net.AddressRefused) for cause in causes):
        return REFUSED
    match error:
        case TimeoutError():
            return TIMED_OUT
        case aiohttp.ClientConnectorDNSError():
            return NOT_FOUND
        case aiohttp.ClientSSLError() | aiohttp.ClientConnectorCertificateError() | ssl.SSLError():
            return NOT_TRUSTED
        case aiohttp.ClientResponseError():
            return NOT_HTTP
        case _:
            return NOT_CONNECTED


def _retry_after(text: str, at: datetime) -> timedelta | None:
    """Seconds or a date, as HTTP has it; anything else is none."""
    if text.isascii() and text.isdigit():
        return timedelta(seconds=int(text[:9]))
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return max(moment - at, timedelta(0)) if moment.tzinfo else None
