"""Celery's way in. Safe to run twice."""

from typing import Any

from celery import shared_task

from advocates.services import birthdays, imports, sso, votes


@shared_task(name="advocates.purge")
def purge(**_: Any) -> None:
    sso.purge()


@shared_task(name="advocates.tell_birthdays")
def tell_birthdays(**_: Any) -> None:
    birthdays.tell_due()


@shared_task(name="advocates.settle_votes")
def settle_votes(**_: Any) -> None:
    votes.settle()


@shared_task(name="advocates.work_off_imports")
def work_off_imports(**_: Any) -> None:
    imports.work_off()
