"""The mission that a friend must have done: a quest, or one task of it."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import Min

from loyalty.models import Business, QuestCompletion, TaskCompletion
from referrals.models.programmes import Mission

OPEN = "mission_open"  # why a conversion is held whose friend has not done it yet


def done_since(mission: Mission, *, business: Business, friend_ids: Collection[UUID]) -> dict[UUID, datetime]:
    """When friends had first done a mission: those who have. One query."""
    rows = (
        TaskCompletion.objects.for_business(business).filter(task_key=mission.task)
        if mission.task
        else QuestCompletion.objects.for_business(business)
    )
    theirs = rows.filter(quest__business=business, quest__key=mission.quest, account_id__in=list(friend_ids))
    return dict(theirs.values_list("account_id").annotate(since=Min("completed_at")))


# Who was not an advocate yet when they ordered may be one by now, under the id or the address that the order named.
FULFILLED = """
    SELECT c.business_id, c.id FROM referrals_conversion c
    JOIN loyalty_quest q ON q.business_id = c.business_id AND q.key = c.mission_quest
    LEFT JOIN advocates_advocate known ON c.friend_id IS NULL AND c.friend_external_id <> ''
        AND known.business_id = c.business_id AND known.external_id = c.friend_external_id
    LEFT JOIN advocates_advocate mailed ON c.friend_id IS NULL AND c.friend_email <> ''
        AND mailed.business_id = c.business_id AND lower(mailed.email) = lower(c.friend_email)
    CROSS JOIN LATERAL (SELECT coalesce(c.friend_id, known.id, mailed.id) AS id) friend
    WHERE c.status = 'held' AND c.reason = %(open)s AND c.due_at IS NULL AND CASE WHEN c.mission_task = ''
        THEN EXISTS (SELECT FROM loyalty_questcompletion d WHERE d.business_id = c.business_id
            AND d.account_id = friend.id AND d.quest_id = q.id)
        ELSE EXISTS (SELECT FROM loyalty_taskcompletion d WHERE d.business_id = c.business_id
            AND d.account_id = friend.id AND d.quest_id = q.id AND d.task_key = c.mission_task) END
    ORDER BY c.id LIMIT %(most)s
"""


def fulfilled(*, most: int) -> list[tuple[UUID, UUID]]:
    """The conversions, of every business, that were held for a mission which has been done since."""
    with connection.cursor() as cursor:
        cursor.execute(FULFILLED, {"open": OPEN, "most": most})
        found: list[tuple[UUID, UUID]] = cursor.fetchall()
    return found
