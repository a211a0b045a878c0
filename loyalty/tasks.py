"""Celery's way in. Each task is safe to run twice, and finds by itself what is due."""

from typing import Any

import structlog
from celery import shared_task

from loyalty.kernel import heartbeat as pulse
from loyalty.services import (
    accrual,
    idempotency,
    ladders,
    memberships,
    proof_files,
    quarantine,
    settlement,
    simulations,
    verification,
)

log = structlog.get_logger(__name__)


@shared_task(name="loyalty.heartbeat")
def heartbeat(*, queue: str, **_: Any) -> None:
    pulse.beat(queue)


@shared_task(name="loyalty.settle_due_lots")
def settle_due_lots(**_: Any) -> None:
    settlement.settle_due()


@shared_task(name="loyalty.turn_periods")
def turn_periods(**_: Any) -> None:
    ladders.turn_due()


@shared_task(name="loyalty.end_memberships")
def end_memberships(**_: Any) -> None:
    memberships.end_due()


@shared_task(name="loyalty.warn_of_expiry")
def warn_of_expiry(**_: Any) -> None:
    settlement.warn_due()


@shared_task(name="loyalty.settle_silence")
def settle_silence(**_: Any) -> None:
    settlement.settle_silence()


@shared_task(name="loyalty.accrue_holdings")
def accrue_holdings(**_: Any) -> None:
    accrual.accrue_due()


@shared_task(name="loyalty.work_off_simulations")
def work_off_simulations(**_: Any) -> None:
    simulations.work_off()


@shared_task(name="loyalty.purge")
def purge(**_: Any) -> None:
    idempotency.purge()
    quarantine.purge()
    proof_files.purge()


@shared_task(name="loyalty.verify_ledger")
def verify_ledger(**_: Any) -> None:
    for finding in verification.verify():
        log.error("ledger_broken", check=finding.check, business=finding.business_id, offender=finding.offender)
