"""`boards`: where ideas are collected."""

from advocates.models import Board
from advocates.services.kinds.sections.base import Item, Key, Text, Title
from loyalty.kernel import clock
from loyalty.models import Business
from loyalty.services.programme import Section


class BoardItem(Item):
    key: Key
    title: Title
    description: Text = ""


def export(business: Business) -> list[BoardItem]:
    live = Board.objects.for_business(business).filter(archived_at=None).order_by("key")
    return [BoardItem(key=board.key, title=board.title, description=board.description) for board in live]


def apply(business: Business, items: list[BoardItem]) -> None:
    now = clock.now(business)
    rows = Board.objects.for_business(business)
    rows.filter(archived_at=None).exclude(key__in=[item.key for item in items]).update(archived_at=now)
    for item in items:
        said = {"title": item.title, "description": item.description, "archived_at": None}
        rows.update_or_create(
            business=business, key=item.key, defaults=said, create_defaults=said | {"created_at": now}
        )


SECTION = Section(key="boards", shape=list[BoardItem], export=export, apply=apply)
