"""Ideas come in, and are answered. Accounts are locked first, the board's and the idea's counters last."""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, QuerySet

from advocates import events as news
from advocates.models import Board, Idea, IdeaDecision, Vote
from advocates.services import participants
from loyalty import events
from loyalty.kernel import clock
from loyalty.kernel.errors import Conflict, NotFound
from loyalty.models import Account, Business


class BoardClosed(Conflict):
    def __init__(self) -> None:
        super().__init__("This board is archived, and takes no more ideas.")


@transaction.atomic
def submit(*, business: Business, board_id: UUID, advocate_id: UUID, title: str, body: str = "") -> Idea:
    """Put an idea on a board, with its author's own vote.

    :raises NotFound: if the business has no such board, or no such advocate
    :raises BoardClosed: if the board is archived
    :raises participants.NotActive: as `participants.lock`
    """
    boards = Board.objects.for_business(business).filter(pk=board_id)
    if not boards.exists():
        raise NotFound("board")
    participants.lock(business=business, advocate_id=advocate_id)
    now = clock.now(business)
    idea = Idea(
        business=business,
        board_id=board_id,
        advocate_id=advocate_id,
        title=title,
        body=body,
        votes=1,
        recent_votes=1,
        created_at=now,
        updated_at=now,
    )
    idea.save(force_insert=True)
    Vote.objects.create(business=business, idea=idea, advocate_id=advocate_id, created_at=now)
    events.record([news.idea_submitted(idea)], now=now)
    if not boards.filter(archived_at=None).update(idea_count=F("idea_count") + 1):
        raise BoardClosed
    return idea


@transaction.atomic
def decide(
    *, business: Business, idea_id: UUID, by: str, status: str | None = None, response: str | None = None
) -> Idea:
    """Say what becomes of an idea, in a word or in a sentence. Its author and voters hear of a new status.

    :param by: who says so, for the history
    :param status: None leaves it as it is, and so does None for the response
    :raises NotFound: if the business has no such idea
    """
    ideas = Idea.objects.for_business(business).filter(pk=idea_id)
    if not ideas.exists():
        raise NotFound("idea")
    audience = _locked_audience(business, ideas) if status is not None else []
    idea = ideas.select_for_update().get()
    was = idea.status
    wanted = (was if status is None else status, idea.response if response is None else response)
    if wanted == (was, idea.response):
        return idea

    now = clock.now(business)
    (idea.status, idea.response), idea.updated_at = wanted, now
    idea.save(update_fields=["status", "response", "updated_at"])
    IdeaDecision.objects.create(
        business=business, idea=idea, was=was, became=idea.status, response=idea.response, by=by, at=now
    )
    if idea.status != was:
        events.record([news.idea_moved(idea, was=was, hearer_id=hearer) for hearer in audience], now=now)
    return idea


def _locked_audience(business: Business, ideas: "QuerySet[Idea]") -> Sequence[UUID]:
    """Whoever has to hear of an idea: its author and voters, but not who is blocked or gone."""
    votes = Vote.objects.for_business(business).filter(idea__in=ideas.values("pk"))
    concerned = Q(pk__in=ideas.values("advocate_id")) | Q(pk__in=votes.values("advocate_id"))
    accounts = Account.objects.for_business(business).filter(concerned, status=Account.Status.ACTIVE)
    return list(accounts.order_by("pk").select_for_update(no_key=True).values_list("pk", flat=True))
