"""Celery's way in. Each task is safe to run twice, and finds by itself what is due."""

from typing import Any

from celery import shared_task

from rewards.services import (
    gift_accounts,
    gift_buying,
    gift_orders,
    gift_promises,
    gift_sending,
    gift_shortages,
    gift_unclaimed,
    gift_uploads,
    steps,
)


@shared_task(name="rewards.cancel_overdue")
def cancel_overdue(**_: Any) -> None:
    steps.cancel_overdue()


@shared_task(name="rewards.expire_redemptions")
def expire_redemptions(**_: Any) -> None:
    steps.expire_due()


@shared_task(name="rewards.purge_gift_tokens")
def purge_gift_tokens(**_: Any) -> None:
    gift_accounts.purge()
    gift_uploads.purge()


@shared_task(name="rewards.fill_gift_orders")
def fill_gift_orders(**_: Any) -> None:
    gift_orders.fill_waiting()


@shared_task(name="rewards.keep_gift_promises")
def keep_gift_promises(**_: Any) -> None:
    gift_promises.keep_due()


@shared_task(name="rewards.buy_gift_codes")
def buy_gift_codes(**_: Any) -> None:
    gift_buying.buy_due()


@shared_task(name="rewards.tell_gift_shortages")
def tell_gift_shortages(**_: Any) -> None:
    gift_shortages.tell_due()


@shared_task(name="rewards.send_gift_cards")
def send_gift_cards(**_: Any) -> None:
    gift_sending.send_due()


@shared_task(name="rewards.follow_up_gift_cards")
def follow_up_gift_cards(**_: Any) -> None:
    gift_unclaimed.follow_up()
