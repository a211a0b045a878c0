"""Workers, spenders and readers at once: a minute is shared out once, and an accrual posted once."""

from contextlib import contextmanager

import pytest
from django.db import connection

from loyalty.kernel import clock
from loyalty.models import HoldAccrual, HoldProgramme
from loyalty.models.hold import PARTS
from loyalty.selectors import ledger as books
from loyalty.services import accrual, ledger, verification
from tests.races import at_once, errors

pytestmark = pytest.mark.django_db(transaction=True)


def begin_an_hour_ago(programme):
    """At once, and an hour of minutes to share out."""
    HoldProgramme.objects.for_business(programme.business).filter(pk=programme.pk).update(
        accrued_until=programme.accrued_until - accrual.HOUR, started_at=programme.started_at - accrual.HOUR
    )


class TestTwentyWorkersAtOnce:
    def test_share_each_minute_out_once(self, acme, start, holder):
        programme = start()
        begin_an_hour_ago(programme)
        [holder(100) for _ in range(5)]

        results = at_once(20, lambda _: accrual.catch_up(programme))

        assert errors(results) == []
        programme.refresh_from_db()
        assert programme.poured in (60_000 * 1440, 61_000 * 1440)
        assert verification.verify() == []

    @pytest.mark.breaks_the_books
    def test_would_not_without_the_lock(self, acme, start, holder):
        """The control: the same function, but for its lock."""
        programme = start()
        begin_an_hour_ago(programme)
        holder(100)

        with unlocked("laurel_accrue", "FOR NO KEY UPDATE SKIP LOCKED"):
            at_once(20, lambda _: accrual.catch_up(programme))

        programme.refresh_from_db()
        assert programme.poured > 61_000 * 1440


class TestFiftySpendersAndReadersAtOnce:
    def test_are_paid_once(self, acme, start, holder):
        programme = start(per_day=1440 * 10)
        with clock.moved_to(clock.wall() - 2 * accrual.HOUR):
            ada = holder(100)
        begin_an_hour_ago(programme)
        accrual.catch_up(programme)

        def act(number):
            if number % 2:
                ledger.settle(business_id=acme.pk, account_id=ada.pk)
            else:
                ledger.spend(business=acme, account_id=ada.pk, amount=1)

        results = at_once(50, act)

        assert errors(results) == []
        entries = books.entries(business=acme, account_id=ada.pk).filter(source_type="hold")
        row = HoldAccrual.objects.for_business(acme).get()
        assert sum(entry.amount for entry in entries) == row.posted
        assert row.parts < PARTS
        assert verification.verify() == []


@contextmanager
def unlocked(function, lock):
    """Let a function of the database be without its lock for a while."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_functiondef(%s::regproc)", [function])
        (source,) = cursor.fetchone()
        assert lock in source
        cursor.execute(source.replace(lock, ""))
        try:
            yield
        finally:
            cursor.execute(source)
