"""By text message, through a gateway that speaks Twilio's way of posting; while developing into files, or a console.

Links are in them: start-up checks refuse files and consoles on a server that people reach.
"""

import asyncio
import sys
from pathlib import Path

import aiohttp
from django.conf import settings

from loyalty.kernel import net
from rewards.services.kinds.channels.base import Letter, Refused, Unreachable

CONSOLE = "console:"  # as `SMS_URL`
TIMEOUT = aiohttp.ClientTimeout(total=15, connect=5)


def send(letter: Letter) -> None:
    if settings.SMS_DIR:
        _write(letter)
    elif settings.SMS_URL == CONSOLE:
        _show(letter)
    elif settings.SMS_URL:
        asyncio.run(_post(letter))
    else:
        raise Refused("This installation sends no text messages.")


def _write(letter: Letter) -> None:
    folder = Path(settings.SMS_DIR)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{letter.key}.txt").write_text(f"To: {letter.sms}\n\n{letter.short}\n", encoding="utf-8")


def _show(letter: Letter) -> None:
    """Past whoever has replaced `sys.stdout`: workers make log entries of what is written there."""
    if sys.__stdout__ is not None:
        sys.__stdout__.write(f"Text message to {letter.sms}: {letter.short}\n")
        sys.__stdout__.flush()


async def _post(letter: Letter) -> None:
    """The account's id and its secret are in `SMS_USER` and `SMS_PASSWORD`."""
    form = {
        "To": letter.sms,
        "From": settings.SMS_FROM,
        "Body": letter.short,
        "StatusCallback": f"{settings.PUBLIC_URL}/notices/sms/{letter.key}",
    }
    headers = {"Authorization": aiohttp.encode_basic_auth(settings.SMS_USER, settings.SMS_PASSWORD)}
    guard = net.Guard(net.networks(settings.WEBHOOKS_ALLOWED_PRIVATE_NETWORKS))
    try:
        async with (
            net.session(guard, timeout=TIMEOUT) as session,
            session.post(settings.SMS_URL, data=form, headers=headers, allow_redirects=False) as response,
        ):
            status = response.status
    except (aiohttp.ClientError, OSError) as error:
        raise Unreachable(type(error).__name__) from error
    if status == 400:
        raise Refused("The gateway does not know this number.")
    if not 200 <= status < 300:
        raise Unreachable(f"HTTP {status}")
