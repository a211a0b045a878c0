"""What Celery's Redis transport lacks: getting over a Redis that hangs while a worker reports a finished task."""

from typing import Any

from kombu.transport import redis


class QoS(redis.QoS):
    """An acknowledgement that is lost gives its worker free all the same.

    Otherwise the message counts as being worked on for ever, and a worker that may have no more than that takes no
    other until it is restarted. Redis hands the message out again after the visibility timeout, which hurts nobody.
    """

    _quick_ack: Any  # the base class's: forget a message here

    def ack(self, delivery_tag: Any) -> None:
        try:
            super().ack(delivery_tag)
        finally:
            self._quick_ack(delivery_tag)

    def reject(self, delivery_tag: Any, requeue: bool = False) -> None:
        try:
            super().reject(delivery_tag, requeue=requeue)
        finally:
            self._quick_ack(delivery_tag)


def install() -> None:
    redis.Channel.QoS = QoS
