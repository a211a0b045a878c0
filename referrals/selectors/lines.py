"""Who brought whom, and who brought them in turn."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import connection

from loyalty.models import Business

FARTHEST = 4  # levels of a share

# A line ends where nobody is known to have brought somebody, or where a merge has cut it. Lines hold no circles.
ABOVE = """
    WITH RECURSIVE line AS (
        SELECT r.friend_id AS friend, c.advocate_id AS above, 1 AS level
        FROM referrals_referral r JOIN referrals_referralcode c ON c.id = r.code_id
        WHERE r.business_id = %(business)s AND r.friend_id = ANY (%(friends)s) AND NOT r.is_cut
        UNION ALL
        SELECT l.friend, c.advocate_id, l.level + 1 FROM line l
        JOIN referrals_referral r ON r.business_id = %(business)s AND r.friend_id = l.above AND NOT r.is_cut
        JOIN referrals_referralcode c ON c.id = r.code_id
        WHERE l.level < %(levels)s
    )
    SELECT friend, above FROM line ORDER BY friend, level
"""
ALL = 2**31 - 1


def lock(business: Business) -> None:
    """Let one transaction at a time of a business change who brought whom, as the database itself does on commit."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"referrals{business.pk}"])


def above(
    *, business: Business, friend_ids: Collection[UUID], levels: int = FARTHEST
) -> Mapping[UUID, Sequence[UUID]]:
    """Who brought each friend, then who brought those, up to so many levels: one query."""
    place: dict[str, Any] = {"business": business.pk, "friends": list(friend_ids), "levels": levels}
    found: dict[UUID, list[UUID]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(ABOVE, place)
        for friend, person in cursor.fetchall():
            found[friend].append(person)
    return found


def is_above(person_id: UUID, friend_id: UUID, *, business: Business) -> bool:
    """Whether somebody has brought a friend, through however many others."""
    return person_id in above(business=business, friend_ids=[friend_id], levels=ALL).get(friend_id, ())
