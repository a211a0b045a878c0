"""Writing down what people did and how far it brought them, in one statement."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import msgspec

from loyalty.kernel import database
from loyalty.models import Business
from loyalty.services.reports import Data


class Note(msgspec.Struct, frozen=True):
    """An action as it will be written, by the names of its columns."""

    id: UUID
    account_id: UUID
    name: str
    event_id: str | None
    origin: str
    outcome: str
    data: Data
    occurred_at: datetime
    unpaid: Mapping[str, str] | None = None


class Row(msgspec.Struct, frozen=True):
    """How far a step has come, by the names of its columns."""

    id: UUID
    account_id: UUID
    quest_id: UUID
    period: str
    task_key: str
    value: Decimal
    last_day: date


class TakenMeanwhile(Exception):
    """Somebody else has just sent one of these events, of another person: whoever looks again finds it."""


WRITE = """
    WITH counted AS (
        INSERT INTO loyalty_taskprogress (id, business_id, account_id, quest_id, period, task_key, value, last_day)
        SELECT id, %(business)s::uuid, account_id, quest_id, period, task_key, value, last_day
        FROM json_to_recordset(%(rows)s::json) AS t(id uuid, account_id uuid, quest_id uuid, period text,
            task_key text, value numeric, last_day date)
        ON CONFLICT (business_id, account_id, quest_id, period, task_key)
            DO UPDATE SET value = excluded.value, last_day = excluded.last_day
    )
    INSERT INTO loyalty_action
        (id, business_id, account_id, name, event_id, origin, outcome, data, occurred_at, unpaid)
    SELECT id, %(business)s::uuid, account_id, name, event_id, origin, outcome, data, occurred_at, unpaid
    FROM json_to_recordset(%(notes)s::json) AS t(id uuid, account_id uuid, name text, event_id text, origin text,
        outcome text, data jsonb, occurred_at timestamptz, unpaid jsonb)
    ON CONFLICT (business_id, event_id) WHERE event_id IS NOT NULL DO NOTHING
"""


def write(notes: Sequence[Note], rows: Sequence[Row], *, business: Business) -> None:
    """Actions are sorted by their callers' ids: whoever writes the same ones waits, and not for ever.

    :raises TakenMeanwhile: if somebody else has sent one of them, of another person
    """
    if not notes and not rows:
        return
    ordered = sorted(notes, key=lambda note: note.event_id or "")
    cursor = database.prepared_cursor()
    written = {"rows": msgspec.json.encode(rows).decode(), "notes": msgspec.json.encode(ordered).decode()}
    cursor.execute(WRITE, {"business": business.pk, **written})
    if cursor.rowcount < len(notes):
        raise TakenMeanwhile
