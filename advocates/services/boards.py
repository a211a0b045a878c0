"""Boards are opened, renamed and archived here."""

from uuid import UUID

from django.db import transaction

from advocates.models import Board
from loyalty.kernel import clock
from loyalty.kernel.errors import NotFound
from loyalty.models import Business
from loyalty.services import naming


@transaction.atomic
def create(*, business: Business, title: str, description: str = "", key: str | None = None) -> Board:
    """Open a board. Its key is made from its title where none is given.

    :raises naming.KeyTaken: if another board has the key
    """
    business = naming.lock(business)
    rows = Board.objects.for_business(business)
    key = naming.key_for(rows, key=key, title=title, noun="board")
    board = Board(business=business, key=key, title=title, description=description, created_at=clock.now(business))
    board.save(force_insert=True)
    return board


def update(*, business: Business, board_id: UUID, title: str, description: str) -> Board:
    """Change what a board is called.

    :raises NotFound: if the business has no such board
    """
    rows = Board.objects.for_business(business).filter(pk=board_id)
    if not rows.update(title=title, description=description):
        raise NotFound("board")
    return rows.get()


def set_archived(*, business: Business, board_id: UUID, archived: bool) -> Board:
    """Close a board for new ideas and votes, or open it again.

    :raises NotFound: if the business has no such board
    """
    rows = Board.objects.for_business(business).filter(pk=board_id)
    if not rows.update(archived_at=clock.now(business) if archived else None):
        raise NotFound("board")
    return rows.get()
