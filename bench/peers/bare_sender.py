"""The bare sender: an asyncio loop that signs and posts one body, and remembers nothing.

`python -m bench.peers.bare_sender URL COUNT CONCURRENT`. No rows, no attempts, no retries, no addresses judged.
"""

import asyncio
import hashlib
import hmac
import sys
import time
from base64 import b64encode
from collections.abc import Iterator

import aiohttp

KEY = b"k" * 32
BODY = b'{"id": "evt_01890a5dac96774bbcceb302099a8057", "data": "%b"}' % (b"x" * 700)


async def send(url: str, count: int, concurrent: int) -> None:
    numbers = iter(range(count))
    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), auto_decompress=False)
    async with session, asyncio.TaskGroup() as group:
        for _ in range(concurrent):
            group.create_task(_work(session, url, numbers))


async def _work(session: aiohttp.ClientSession, url: str, numbers: Iterator[int]) -> None:
    for number in numbers:
        async with session.post(url, data=BODY, headers=_headers(number), allow_redirects=False) as response:
            await response.read()


def _headers(number: int) -> dict[str, str]:
    stamp = str(int(time.time()))
    signed = f"evt_{number}.{stamp}.".encode() + BODY
    signature = "v1," + b64encode(hmac.digest(KEY, signed, hashlib.sha256)).decode()
    return {"webhook-id": f"evt_{number}", "webhook-timestamp": stamp, "webhook-signature": signature}


if __name__ == "__main__":
    asyncio.run(send(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
