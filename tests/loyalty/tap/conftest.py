from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from advocates.models import Advocate
from loyalty.models import Business, TapProgramme
from loyalty.services import tap_programmes, taps
from loyalty.services.tap_programmes import TapRules
from loyalty.services.taps import Tapped
from tests.loyalty.hold import conftest as hold

Noon, time = hold.Noon, hold.time  # noon of a Monday, and what comes after


@pytest.fixture
def start(acme: Business) -> Callable[..., TapProgramme]:
    """Switch a programme on: `start(energy=100, refill_seconds=10)`."""

    def run(business: Business = acme, key: str = "tap", status: str = "active", **rules: Any) -> TapProgramme:
        said = TapRules(**{"energy": 100, "refill_seconds": 10, "per_second": 10, **rules})
        return tap_programmes.create(business=business, key=key, title="Tap", status=status, rules=said)

    return run


def tap(who: Advocate, count: int, batch_id: UUID | None = None, programme: str = "tap") -> Tapped:
    """Somebody's page sends so many taps."""
    return taps.take(
        business=who.business, account_id=who.pk, programme=programme, count=count, batch_id=batch_id or uuid4()
    )
