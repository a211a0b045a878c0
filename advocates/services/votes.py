"""Votes for ideas: one a person. The idea's counters change last, where everybody who votes for it waits."""

from collections import Counter
from datetime import timedelta
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F

from advocates.models import Idea, Vote
from advocates.services import participants
from loyalty.kernel import clock
from loyalty.kernel.errors import Conflict, NotFound
from loyalty.models import Business

RECENT = timedelta(days=7)  # how long a vote makes its idea trend
BATCH = 500


class AlreadyVoted(Conflict):
    def __init__(self) -> None:
        super().__init__("This advocate has voted for this idea already.", field="advocateId")


class VotingClosed(Conflict):
    def __init__(self) -> None:
        super().__init__("This idea takes no more votes: it is shipped or declined, or its board is archived.")


@transaction.atomic
def cast(*, business: Business, idea_id: UUID, advocate_id: UUID) -> Idea:
    """Vote for an idea.

    :raises NotFound: if the business has no such idea, or no such advocate
    :raises AlreadyVoted: the second time
    :raises VotingClosed: if the idea is shipped or declined, or its board archived
    :raises participants.NotActive: as `participants.lock`
    """
    ideas = Idea.objects.for_business(business).filter(pk=idea_id)
    if not ideas.exists():
        raise NotFound("idea")
    participants.lock(business=business, advocate_id=advocate_id)
    if Vote.objects.for_business(business).filter(idea_id=idea_id, advocate_id=advocate_id).exists():
        raise AlreadyVoted
    Vote.objects.create(business=business, idea_id=idea_id, advocate_id=advocate_id, created_at=clock.now(business))
    _count(business, idea_id)
    return ideas.get()


@transaction.atomic
def take_back(*, business: Business, idea_id: UUID, advocate_id: UUID) -> Idea:
    """Take back a vote, also one's own for one's own idea, and also when voting is over.

    :raises NotFound: if there is no such vote in the business
    """
    votes = Vote.objects.for_business(business).filter(idea_id=idea_id, advocate_id=advocate_id)
    vote = votes.select_for_update().first()
    if vote is None:
        raise NotFound("vote")
    vote.delete()
    ideas = Idea.objects.for_business(business).filter(pk=idea_id)
    ideas.update(votes=F("votes") - 1, recent_votes=F("recent_votes") - int(vote.is_recent))
    return ideas.get()


def settle() -> int:
    """Let votes grow old: they count on, and make nothing trend. Answers how many; safe to run twice at once."""
    settled = 0
    while found := _settle_batch():
        settled += found
    return settled


def _count(business: Business, idea_id: UUID) -> None:
    """Count a vote, if the idea still takes one: checked and changed in one step."""
    votable = Idea.objects.for_business(business).filter(
        pk=idea_id, status__in=Idea.UNDECIDED, board__archived_at=None
    )
    if not votable.update(votes=F("votes") + 1, recent_votes=F("recent_votes") + 1):
        raise VotingClosed


# Every business has its own clock: what is old is asked against each one's.
GROW_OLD = """
    WITH old AS (
        SELECT v.id FROM advocates_vote v JOIN loyalty_business b ON b.id = v.business_id
        WHERE v.is_recent AND v.created_at <= %(old)s + b.clock_offset
        LIMIT %(batch)s FOR UPDATE OF v SKIP LOCKED
    )
    UPDATE advocates_vote v SET is_recent = false FROM old WHERE v.id = old.id RETURNING v.business_id, v.idea_id
"""


@transaction.atomic
def _settle_batch() -> int:
    with connection.cursor() as cursor:
        cursor.execute(GROW_OLD, {"old": clock.wall() - RECENT, "batch": BATCH})
        grown = Counter(cursor.fetchall())
    for (business_id, idea_id), votes in sorted(grown.items()):  # in one order, so that two sweeps never cross
        ideas = Idea.objects.filter(business_id=business_id, pk=idea_id)
        ideas.update(recent_votes=F("recent_votes") - votes)
    return grown.total()
