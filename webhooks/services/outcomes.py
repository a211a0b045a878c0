"""What a try came to: written down, scheduled again, and learned from."""

import random
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q

from loyalty.kernel import clock, ids
from webhooks.models import Delivery, Endpoint
from webhooks.services import endpoints
from webhooks.services.claims import FAILING, Claim
from webhooks.services.sending import Answer

# After the first try, and after each that follows: ten tries over three days.
SCHEDULE = tuple(
    timedelta(seconds=seconds) for seconds in (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
)
JITTER = 0.2
LONGEST_RETRY_AFTER = timedelta(hours=24)
WARN_AT, WARN_AFTER = 4, timedelta(minutes=25)  # failures in a row, for so long: the fourth try comes after it
GIVE_UP_AFTER = timedelta(days=5)
SHORTEST_HOLD, LONGEST_HOLD = timedelta(seconds=5), timedelta(minutes=5)
GONE, BUSY = 410, (429, 503)

Result = tuple[Claim, Answer]
Status = Delivery.Status

# An answer may quote what was sent: whoever is being erased meanwhile is waited for, and nothing of them is written
# down. That comes before every other lock, as erasing waits for the relay, and the relay for endpoints.
PEOPLE = """
    SELECT d.id, a.status = 'erased' FROM webhooks_delivery d
    JOIN loyalty_event v ON v.id = d.event_id JOIN loyalty_account a ON a.id = v.account_id
    WHERE d.id = ANY(%s) ORDER BY a.id FOR KEY SHARE OF a
"""

# A claim whose lease was lost is another's by now, and its late result is not written. The rows are taken in the order
# in which whoever changes many of an endpoint's takes them (`endpoints.lock_in_flight`). What somebody asked for once
# more while it was on its way stays due, unless it has arrived.
WRITE = """
    WITH result AS (
        SELECT * FROM unnest(%s::uuid[], %s::timestamptz[], %s::timestamptz[], %s::text[], %s::timestamptz[],
                %s::uuid[], %s::timestamptz[], %s::int[], %s::int[], %s::text[], %s::text[])
            AS r (id, leased_until, due_at, verdict, next_attempt_at, attempt_id, at, status, duration_ms, error,
                answer)
    ), ours AS (
        SELECT d.id, r.verdict <> 'delivered' AND r.due_at <> d.next_attempt_at AS is_wanted_anew
        FROM webhooks_delivery d JOIN result r USING (id) WHERE d.leased_until = r.leased_until
        ORDER BY d.id FOR NO KEY UPDATE OF d
    ), written AS (
        UPDATE webhooks_delivery d SET leased_until = NULL, claims = 0, attempts_made = d.attempts_made + 1,
            attempts_before = CASE WHEN is_wanted_anew THEN d.attempts_made + 1 ELSE d.attempts_before END,
            status = CASE WHEN is_wanted_anew THEN d.status ELSE r.verdict END,
            next_attempt_at = CASE WHEN is_wanted_anew THEN d.next_attempt_at ELSE r.next_attempt_at END
        FROM ours JOIN result r USING (id) WHERE d.id = ours.id
        RETURNING d.id, d.business_id, d.attempts_made
    )
    INSERT INTO webhooks_attempt (id, business_id, delivery_id, number, at, status, duration_ms, error, answer)
    SELECT r.attempt_id, w.business_id, w.id, w.attempts_made, r.at, r.status, r.duration_ms, r.error, r.answer
    FROM written w JOIN result r USING (id)
"""


@transaction.atomic
def record(results: Sequence[Result]) -> None:
    """Write down what claimed deliveries came to, when each is due again, and how their endpoints do."""
    now = clock.wall()
    unquotable = _about_erased(results)
    concerned = _lock(results)
    answers: dict[UUID, list[Answer]] = defaultdict(list)
    for claim, answer in results:
        endpoint = concerned.get(claim.endpoint.pk)
        # What was never sent, and what its URL before answered, says nothing of the endpoint.
        if endpoint and endpoint.url == claim.endpoint.url and not answer.is_final:
            answers[endpoint.pk].append(answer)
    lost = [concerned[pk] for pk, theirs in answers.items() if _end_of(concerned[pk], theirs, at=now)]
    if lost:
        _lock_deliveries(lost, results)
    for endpoint_id, theirs in answers.items():
        if concerned[endpoint_id].is_active:
            _learn(concerned[endpoint_id], theirs, at=now)
    rows = (
        _row(claim, answer, *_verdict(claim, answer, concerned, at=now), is_quotable=claim.id not in unquotable)
        for claim, answer in results
    )
    with connection.cursor() as cursor:
        cursor.execute(WRITE, [list(column) for column in zip(*rows, strict=True)])


def wait_after(attempts_made: int, answer: Answer) -> timedelta | None:
    """How long to wait after a failure that `attempts_made` tries of a schedule preceded; None when it is spent."""
    if answer.is_final or attempts_made >= len(SCHEDULE):
        return None
    planned = SCHEDULE[attempts_made] * random.uniform(1 - JITTER, 1 + JITTER)
    return max(planned, min(answer.retry_after or timedelta(0), LONGEST_RETRY_AFTER))


def _about_erased(results: Sequence[Result]) -> Collection[UUID]:
    """The deliveries that told of somebody who is erased by now."""
    with connection.cursor() as cursor:
        cursor.execute(PEOPLE, [[claim.id for claim, _ in results]])
        return {delivery_id for delivery_id, is_erased in cursor.fetchall() if is_erased}


def _lock(results: Sequence[Result]) -> Mapping[UUID, Endpoint]:
    """The endpoints that failed, or had been failing: what is known of the others does not change."""
    failed = {claim.endpoint.pk for claim, answer in results if not answer.is_success}
    others = {claim.endpoint.pk for claim, _ in results} - failed
    concerned = Q(pk__in=failed) | Q(pk__in=others, failures__gt=0)
    rows = Endpoint.objects.filter(concerned).select_related("business")
    return {row.pk: row for row in rows.select_for_update(no_key=True, of=("self",)).order_by("pk")}


def _lock_deliveries(lost: Sequence[Endpoint], results: Sequence[Result]) -> None:
    """What is in flight of all endpoints that end, and these: one endpoint after the other would be another order."""
    theirs = Q(endpoint__in=lost, leased_until__isnull=False) | Q(pk__in=[claim.id for claim, _ in results])
    list(Delivery.objects.filter(theirs).order_by("pk").select_for_update(no_key=True).values_list("pk"))


def _learn(endpoint: Endpoint, answers: Sequence[Answer], *, at: datetime) -> None:
    end = _end_of(endpoint, answers, at=at)
    if end:
        return endpoints.disable(endpoint, reason=end)
    asked = max(_asked_for(answer) for answer in answers)
    if any(answer.is_success for answer in answers):
        _hold(endpoint, asked, at=at)
        return endpoints.forgive(endpoint)
    endpoint.failing_since = endpoint.failing_since or min(answer.at for answer in answers)
    if endpoint.failed_at is None or any(answer.at > endpoint.failed_at for answer in answers):
        endpoint.failures, endpoint.failed_at = endpoint.failures + 1, at
    _hold(endpoint, max(_hold_after(endpoint.failures), asked), at=at)
    if endpoint.failures >= WARN_AT and at - endpoint.failing_since >= WARN_AFTER and not endpoint.is_warned:
        endpoints.warn(endpoint)
    return endpoint.save(update_fields=endpoints.STREAK)


def _end_of(endpoint: Endpoint, answers: Sequence[Answer], *, at: datetime) -> Endpoint.Reason | None:
    """Why nothing more is sent to an endpoint, if that is so."""
    if not endpoint.is_reply and any(answer.status == GONE for answer in answers):  # one reply's URL is not them all
        return Endpoint.Reason.GONE
    since = endpoint.failing_since
    if since is None or any(answer.is_success for answer in answers):
        return None
    return Endpoint.Reason.FAILING if at - since >= GIVE_UP_AFTER else None


def _hold(endpoint: Endpoint, wait: timedelta, *, at: datetime) -> None:
    """What was on its way meanwhile, whatever becomes of it, makes no wait shorter that was asked for."""
    if wait:
        endpoint.held_until = max(endpoint.held_until or at, at + wait)


def _hold_after(failures: int) -> timedelta:
    if failures < FAILING:
        return timedelta(0)
    doubled: timedelta = SHORTEST_HOLD * 2 ** min(failures - FAILING, 10)
    return min(doubled, LONGEST_HOLD)


def _asked_for(answer: Answer) -> timedelta:
    """For how long a receiver that is busy wants to hear nothing at all."""
    asked = answer.retry_after if answer.status in BUSY else None
    return min(asked or timedelta(0), LONGEST_RETRY_AFTER)


def _verdict(
    claim: Claim, answer: Answer, concerned: Mapping[UUID, Endpoint], *, at: datetime
) -> tuple[Status, datetime | None]:
    if answer.is_success:
        return Status.DELIVERED, None
    endpoint = concerned.get(claim.endpoint.pk)
    if endpoint is None or not endpoint.is_active:
        return Status.DISABLED, None
    if endpoint.is_reply and answer.status == GONE:
        return Status.FAILED, None
    wait = wait_after(claim.attempts_made - claim.attempts_before, answer)
    return (Status.FAILED, None) if wait is None else (Status.PENDING, at + wait)


def _row(
    claim: Claim, answer: Answer, verdict: Status, due: datetime | None, *, is_quotable: bool
) -> tuple[object, ...]:
    is_quotable = is_quotable and claim.reply_sealed is None  # an answer to a reply may repeat its secrets
    text = answer.body.decode(errors="replace").replace("\x00", "\ufffd") if is_quotable else ""
    return (
        *(claim.id, claim.leased_until, claim.due_at, verdict.value, due, ids.new_id()),
        *(answer.at, answer.status, answer.duration_ms, answer.error, text),
    )
