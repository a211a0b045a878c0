"""What Hold to Earn programmes owe people: shared out each minute, posted each hour.

A minute is one statement and one transaction, however many hold; a stretch in which nothing changes is one, too. So a
worker may be stopped anywhere, and what it missed is made up for. Two at once share the programmes.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from loyalty import events
from loyalty.kernel import clock
from loyalty.kernel.rounds import Round
from loyalty.models import Business, HoldProgramme
from loyalty.models.hold import PARTS
from loyalty.services import climbing

PAGE = 250  # whoever is being posted to waits no longer than these take
HOUR = timedelta(hours=1)
NOBODY = UUID(int=0)

DUE = """
    SELECT h.account_id FROM loyalty_holdaccrual h LEFT JOIN loyalty_holdposting p ON p.accrual_id = h.id
    WHERE h.programme_id = %(programme)s AND h.account_id > %(last)s
        AND h.parts >= (coalesce(p.points, 0) + 1) * %(parts)s
    ORDER BY h.account_id LIMIT %(page)s
"""


def accrue_due() -> int:
    """Share out every minute that is over, and post what was not posted for an hour. Answers how many were posted."""
    with Round("accrue_holdings") as work:
        return sum(_serve(business, work) for business in _businesses())


def _serve(business: Business, work: Round) -> int:
    """How many were posted."""
    posted = 0
    with work.piece(business=business.pk):
        running = HoldProgramme.objects.for_business(business).filter(accrued_until__isnull=False)
        for programme in running.select_related("business").order_by("pk"):
            catch_up(programme)
        posted += _post_due(business, work)
    return posted


def catch_up(programme: HoldProgramme) -> None:
    """Share out the minutes of one programme that are over, each stretch of equal ones in a transaction of its own."""
    now = clock.now(programme.business)
    with connection.cursor() as cursor:
        while True:
            cursor.execute("SELECT laurel_accrue(%s, %s)", [programme.pk, now])
            if not cursor.fetchone()[0]:
                return


def _post_due(business: Business, work: Round) -> int:
    """Post what has accrued in the programmes whose hour is over, also of those that do not run any more."""
    now = clock.now(business)
    rows = HoldProgramme.objects.for_business(business).filter(posted_at__lte=now - HOUR)
    return sum(_post(programme, business, work) for programme in rows.order_by("pk"))


def _post(programme: HoldProgramme, business: Business, work: Round) -> int:
    """Post a programme's accruals, a page of people at a time."""
    hour = clock.now(business)
    serve = partial(_post_to, business.pk)
    posted = sum(work.page(serve, account_ids, business=business.pk) for account_ids in _pages(programme))
    HoldProgramme.objects.for_business(business).filter(pk=programme.pk).update(posted_at=hour)
    return posted


def _pages(programme: HoldProgramme) -> Iterator[list[UUID]]:
    last = NOBODY
    while True:
        place: dict[str, Any] = {"programme": programme.pk, "last": last, "parts": PARTS, "page": PAGE}
        with connection.cursor() as cursor:
            cursor.execute(DUE, place)
            found = [account_id for (account_id,) in cursor.fetchall()]
        if found:
            yield found
        if len(found) < PAGE:
            return
        last = found[-1]


@transaction.atomic
def _post_to(business_id: UUID, account_ids: Sequence[UUID]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p, laurel_moves(false) FROM laurel_post_all_accruals(%s, %s, %s) p",
            [business_id, list(account_ids), clock.wall()],
        )
        posted, moves = cursor.fetchone()
    events.announce(climbing.moves(business_id, moves))
    if posted:
        events.nudge()
    return int(posted)


def _businesses() -> list[Business]:
    """Those who have a programme at all, each with its own clock."""
    with_programmes = HoldProgramme.objects.exclude(started_at=None).values("business_id").distinct()
    return list(Business.objects.filter(pk__in=with_programmes).order_by("pk"))
