"""The connection to Redis, with time-outs: what lies there may be lost, and nobody waits for it."""

import threading
from collections.abc import Sequence
from functools import cache
from hashlib import sha1
from typing import Any

import redis
from django.conf import settings

TIMEOUT = 0.25


@cache
def client() -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT, health_check_interval=30
    )


class Script:
    """A Lua script, which runs as one atomic step."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.digest = sha1(text.encode(), usedforsecurity=False).hexdigest()

    def __call__(self, *, keys: Sequence[str], args: Sequence[int]) -> Any:
        """Run it.

        :raises redis.RedisError: if Redis is away, or slow
        """
        try:
            return ask("EVALSHA", self.digest, len(keys), *keys, *args)
        except redis.exceptions.NoScriptError:
            return ask("EVAL", self.text, len(keys), *keys, *args)


def ask(*command: str | int) -> Any:
    """Send a command over the thread's own connection: the client's pool costs more than the round trip."""
    try:
        return _own.ask(*command)
    except redis.ConnectionError:  # it was closed while nobody used it; a fresh one decides
        return _own.ask(*command)


class _Own(threading.local):
    def __init__(self) -> None:
        pool = client().connection_pool
        self.connection = pool.connection_class(**pool.connection_kwargs)  # outside the pool, which would count it

    def ask(self, *command: str | int) -> Any:
        self.connection.send_command(*command, check_health=False)
        return self.connection.read_response()


_own = _Own()
