"""The connection to Redis, with time-outs: what lies there may be lost, and nobody waits for it."""

from functools import cache

import redis
from django.conf import settings

TIMEOUT = 0.25


@cache
def client() -> redis.Redis:
    return redis.Redis.from_url(
        settings.REDIS_URL, socket_timeout=TIMEOUT, socket_connect_timeout=TIMEOUT, health_check_interval=30
    )
