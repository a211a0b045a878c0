"""Celery's way in. Each task is safe to run twice, and finds by itself what is due."""

from typing import Any

from celery import shared_task

from rewards.services import steps


@shared_task(name="rewards.cancel_overdue")
def cancel_overdue(**_: Any) -> None:
    steps.cancel_overdue()
