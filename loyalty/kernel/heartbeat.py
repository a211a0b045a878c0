"""Whether workers are alive: whoever serves a queue writes the time to Redis every few seconds."""

from collections.abc import Collection

from loyalty.kernel import clock, redis

KEY = "laurel:heartbeat"  # a hash by queue
STALE_SECONDS = 30.0


def beat(queue: str) -> None:
    redis.client().hset(KEY, queue, str(clock.wall().timestamp()))


def silent(queues: Collection[str], *, seconds: float = STALE_SECONDS) -> list[str]:
    """The queues whose workers have not been heard for so long, or never.

    :raises redis.RedisError: if Redis cannot be asked
    """
    heard = redis.client().hmget(KEY, list(queues))
    since = clock.wall().timestamp() - seconds
    return [queue for queue, last in zip(queues, heard, strict=True) if last is None or float(last) < since]
