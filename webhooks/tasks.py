"""Celery's way in. Each task is safe to run twice, and finds by itself what is due."""

from typing import Any

from celery import shared_task
from celery.signals import worker_process_shutdown

from webhooks.services import notices, retention
from webhooks.services import relay as relaying
from webhooks.services.courier import courier


@shared_task(name="webhooks.relay")
def relay(**_: Any) -> None:
    relaying.relay()


@shared_task(name="webhooks.deliver")
def deliver(**_: Any) -> None:
    courier.deliver()


@worker_process_shutdown.connect
def finish(**_: Any) -> None:
    courier.wait()


@shared_task(name="webhooks.notify")
def notify(**_: Any) -> None:
    notices.send_due()


@shared_task(name="webhooks.purge")
def purge(**_: Any) -> None:
    retention.purge()
