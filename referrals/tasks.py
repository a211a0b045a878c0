"""Celery's way in. Each task is safe to run twice, and finds by itself what is due."""

from typing import Any

from celery import shared_task

from referrals.services import decisions, retention, share


@shared_task(name="referrals.release")
def release(**_: Any) -> None:
    decisions.release_due()


@shared_task(name="referrals.pay_shares")
def pay_shares(**_: Any) -> None:
    share.pay_due()


@shared_task(name="referrals.purge")
def purge(**_: Any) -> None:
    retention.purge()
