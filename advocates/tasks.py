"""Celery's way in. Safe to run twice."""

from typing import Any

from celery import shared_task

from advocates.services import birthdays, sso, votes


@shared_task(name="advocates.purge")
def purge(**_: Any) -> None:
    sso.purge()


@shared_task(name="advocates.tell_birthdays")
def tell_birthdays(**_: Any) -> None:
    birthdays.tell_due()


@shared_task(name="advocates.settle_votes")
def settle_votes(**_: Any) -> None:
    votes.settle()
