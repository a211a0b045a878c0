"""What newcomers start with where a metric has a default: posted like all else, so that the books balance."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import connection

from loyalty import events
from loyalty.kernel import clock, points
from loyalty.services import climbing
from loyalty.services.ledger import Posting

TOPIC, ACTION = "points/adjusted", "default"

# No default, no row: then this is all that it costs.
START = """
    SELECT m.business_id, p.*, laurel_moves(false)
    FROM ROWS FROM (unnest(%(businesses)s::uuid[], %(accounts)s::uuid[])) AS newcomer(business_id, account_id)
    JOIN loyalty_metric m ON m.business_id = newcomer.business_id AND m.default_value > 0 AND m.archived_at IS NULL
    CROSS JOIN LATERAL laurel_award(m.business_id, newcomer.account_id, m.key, 'adjust', m.default_value, %(action)s,
        m.id || ':' || newcomer.account_id, NULL, NULL, '{}', '', %(topic)s,
        jsonb_build_object('action', %(action)s::text), %(wall)s, NULL, NULL, %(limit)s, NULL, NULL, NULL) p
"""


def hear(joined: Sequence[events.Happening]) -> None:
    """Give those who have just joined the default of every metric that has one. It counts as nothing earned."""
    arguments: dict[str, Any] = {
        "businesses": [newcomer.business_id for newcomer in joined],
        "accounts": [newcomer.account_id for newcomer in joined],
        "topic": TOPIC,
        "action": ACTION,
        "wall": clock.wall(),
        "limit": points.MAX_BALANCE,
    }
    with connection.cursor() as cursor:
        cursor.execute(START, arguments)
        posted = [(business_id, Posting(*row)) for business_id, *row in cursor.fetchall()]
    events.announce([told for business_id, posting in posted for told in _news(business_id, posting)])


def _news(business_id: UUID, posting: Posting) -> list[events.Happening]:
    facts = {"entryId": str(posting.id), "amount": posting.amount, "metric": posting.metric}
    moves = climbing.moves(business_id, posting.moves)
    return [events.Happening(business_id, TOPIC, posting.account_id, facts), *moves]
