"""Feedback boards, their ideas and the votes for them, for a merchant's backend."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from msgspec import Meta

from advocates.api import examples
from advocates.models import Board, Idea
from advocates.services import boards, ideas, votes
from loyalty.api import types
from loyalty.api.examples import ADVOCATE_ID
from loyalty.api.paging import NumberedQuery, PageQuery, page_by_cursor, page_numbered
from loyalty.api.parsing import Body
from loyalty.api.views import Call, KeyView, Shape, get_or_404, operation
from loyalty.kernel.errors import Code, Invalid

Status = Literal["open", "planned", "in_progress", "shipped", "declined"]
Title = Annotated[str, Meta(min_length=1, max_length=200)]

ORDERS = {
    "top": ("-votes", "-id"),
    "new": ("-created_at", "-id"),
    "trending": ("-recent_votes", "-id"),
}


class NewBoard(Body):
    title: Title
    description: types.Text5000 = ""
    key: types.Key | None = None


class ListIdeas(NumberedQuery):
    status: Status | None = None
    sort: Literal["top", "new", "trending"] = "top"


class NewIdea(Body):
    advocate_id: UUID
    title: Title
    body: types.Text5000 = ""


class DecidedIdea(Body):
    status: Status | None = None
    response: types.Text5000 | None = None


class NewVote(Body):
    advocate_id: UUID


class VoteOf(Body):
    advocate_id: UUID


class BoardShape(Shape):
    example = examples.BOARD

    id: UUID
    key: str
    title: str
    description: str
    ideas: int
    created_at: datetime

    @classmethod
    def of(cls, row: Board) -> Self:
        return cls(
            id=row.pk,
            key=row.key,
            title=row.title,
            description=row.description,
            ideas=row.idea_count,
            created_at=row.created_at,
        )


class IdeaShape(Shape):
    example = examples.IDEA

    id: UUID
    board_id: UUID
    advocate_id: UUID
    title: str
    body: str
    status: str
    votes: int
    response: str | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: Idea) -> Self:
        return cls(
            id=row.pk,
            board_id=row.board_id,
            advocate_id=row.advocate_id,
            title=row.title,
            body=row.body,
            status=row.status,
            votes=row.votes,
            response=row.response or None,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )


class BoardAnswer(Shape):
    board: BoardShape


class BoardPage(Shape):
    boards: list[BoardShape]
    next_cursor: str | None


class IdeaAnswer(Shape):
    idea: IdeaShape


class IdeaPage(Shape):
    ideas: list[IdeaShape]
    total: int
    total_is_capped: bool
    page: int
    next_cursor: str | None


class Boards(KeyView):
    @operation("List feedback boards, newest first", query=PageQuery, answer=BoardPage, tags=("feedback",))
    def get(self, call: Call[None, PageQuery]) -> BoardPage:
        live = Board.objects.for_business(call.business).filter(archived_at=None)
        page = page_by_cursor(live, call.query, business=call.business)
        return BoardPage(boards=[BoardShape.of(row) for row in page.items], next_cursor=page.next_cursor)

    @operation(
        "Open a feedback board",
        body=NewBoard,
        answer=BoardAnswer,
        status=201,
        errors=(Code.CONFLICT,),
        example={"title": "Ideas for our shops", "description": "What should we do next?"},
    )
    def post(self, call: Call[NewBoard, None]) -> BoardAnswer:
        body = call.body
        board = boards.create(business=call.business, title=body.title, description=body.description, key=body.key)
        return BoardAnswer(board=BoardShape.of(board))


class Ideas(KeyView):
    @operation(
        "List a board's ideas",
        query=ListIdeas,
        answer=IdeaPage,
        description="top: most votes first. new: newest first. trending: most votes within the last 7 days first.",
    )
    def get(self, call: Call[None, ListIdeas], board_id: UUID) -> IdeaPage:
        board = get_or_404(Board.objects.for_business(call.business), noun="board", pk=board_id)
        rows = Idea.objects.for_business(call.business).filter(board=board)
        if call.query.status is not None:
            rows = rows.filter(status=call.query.status)
        page = page_numbered(rows, call.query, business=call.business, order=ORDERS[call.query.sort])
        return IdeaPage(
            ideas=[IdeaShape.of(row) for row in page.items],
            total=page.total,
            total_is_capped=page.total_is_capped,
            page=page.page,
            next_cursor=page.next_cursor,
        )

    @operation(
        "Submit an idea",
        body=NewIdea,
        answer=IdeaAnswer,
        status=201,
        errors=(Code.CONFLICT,),
        example={
            "advocateId": ADVOCATE_ID,
            "title": "Oat milk",
            "body": "For the flat white, please.",
        },
        description="Its author votes for it by submitting it; that vote can be taken back like any other.",
    )
    def post(self, call: Call[NewIdea, None], board_id: UUID) -> IdeaAnswer:
        body = call.body
        idea = ideas.submit(
            business=call.business,
            board_id=board_id,
            advocate_id=body.advocate_id,
            title=body.title,
            body=body.body,
        )
        return IdeaAnswer(idea=IdeaShape.of(idea))


class OneIdea(KeyView):
    @operation(
        "Say what becomes of an idea",
        body=DecidedIdea,
        answer=IdeaAnswer,
        example={"status": "planned", "response": "From May on."},
        description="Its author and everybody who voted for it hear of a new status, each by an event.",
    )
    def patch(self, call: Call[DecidedIdea, None], idea_id: UUID) -> IdeaAnswer:
        body = call.body
        if body.status is None and body.response is None:
            raise Invalid("Send a status, a response, or both.", field="status")
        idea = ideas.decide(
            business=call.business,
            idea_id=idea_id,
            status=body.status,
            response=body.response,
            by=call.caller.key_name,
        )
        return IdeaAnswer(idea=IdeaShape.of(idea))


class Vote(KeyView):
    @operation(
        "Vote for an idea",
        body=NewVote,
        answer=IdeaAnswer,
        status=201,
        errors=(Code.CONFLICT,),
        example={"advocateId": ADVOCATE_ID},
        description="Once an advocate. Ideas that are shipped or declined take no more votes.",
    )
    def post(self, call: Call[NewVote, None], idea_id: UUID) -> IdeaAnswer:
        idea = votes.cast(business=call.business, idea_id=idea_id, advocate_id=call.body.advocate_id)
        return IdeaAnswer(idea=IdeaShape.of(idea))

    @operation("Take back a vote", query=VoteOf, answer=IdeaAnswer)
    def delete(self, call: Call[None, VoteOf], idea_id: UUID) -> IdeaAnswer:
        idea = votes.take_back(business=call.business, idea_id=idea_id, advocate_id=call.query.advocate_id)
        return IdeaAnswer(idea=IdeaShape.of(idea))
