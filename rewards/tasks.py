"""Celery's way in. Each task is safe to run twice, and finds by itself what is due."""

from typing import Any

from celery import shared_task

from rewards.services import gift_accounts, gift_orders, gift_sending, gift_unclaimed, steps


@shared_task(name="rewards.cancel_overdue")
def cancel_overdue(**_: Any) -> None:
    steps.cancel_overdue()


@shared_task(name="rewards.purge_gift_tokens")
def purge_gift_tokens(**_: Any) -> None:
    gift_accounts.purge()


@shared_task(name="rewards.fill_gift_orders")
def fill_gift_orders(**_: Any) -> None:
    gift_orders.fill_waiting()


@shared_task(name="rewards.send_gift_cards")
def send_gift_cards(**_: Any) -> None:
    gift_sending.send_due()


@shared_task(name="rewards.follow_up_gift_cards")
def follow_up_gift_cards(**_: Any) -> None:
    gift_unclaimed.follow_up()
