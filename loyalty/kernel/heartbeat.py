"""Whether a worker is alive: it writes the time to Redis every few seconds."""

from loyalty.kernel import clock, redis

KEY = "laurel:heartbeat"
STALE_SECONDS = 30.0


def beat() -> None:
    redis.client().set(KEY, clock.wall().timestamp())


def seconds_since() -> float | None:
    """Seconds since a worker last beat; None if none ever did.

    :raises redis.RedisError: if Redis cannot be asked
    """
    last = redis.client().get(KEY)
    return None if last is None else clock.wall().timestamp() - float(last)
