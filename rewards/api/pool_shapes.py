"""Code pools as callers send and see them. The codes go in, and come out one by one as coupons of redemptions."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import UNSET, Meta, UnsetType

from loyalty.api import types
from loyalty.api.paging import PageQuery
from loyalty.api.parsing import Body
from loyalty.api.views import Shape
from rewards.api import examples
from rewards.models import CodePool
from rewards.selectors.pools import Supply
from rewards.services import codes

Title = Annotated[str, Meta(min_length=1, max_length=120)]
CodeText = Annotated[str, Meta(min_length=1, max_length=64)]
PoolStatus = Literal["active", "archived"]


class NewPool(Body):
    title: Title
    key: types.Key | None = None


class PoolFields(Body):
    title: Title | UnsetType = UNSET
    status: PoolStatus | UnsetType = UNSET


class ListPools(PageQuery):
    status: PoolStatus | None = None


class NewCodes(Body):
    codes: Annotated[list[CodeText], Meta(min_length=1, max_length=codes.MOST)]


class CodesToMake(Body):
    count: Annotated[int, Meta(ge=1, le=codes.MOST)]
    prefix: Annotated[str, Meta(max_length=32)] = ""
    length: Annotated[int, Meta(ge=codes.SHORTEST, le=codes.LONGEST)] = 12


class CodePoolShape(Shape):
    """A pool. `total` codes came in, of which `available` are left."""

    example = examples.POOL

    id: UUID
    key: str
    title: str
    status: str
    total: int
    available: int
    taken: int
    created_at: datetime


class OneCodePool(Shape):
    code_pool: CodePoolShape


class CodePoolPage(Shape):
    code_pools: list[CodePoolShape]
    next_cursor: str | None


class CodesAdded(Shape):
    example = {"added": 2}

    added: int
    code_pool: CodePoolShape


def code_pool(row: CodePool, supply: Supply) -> CodePoolShape:
    return CodePoolShape(
        id=row.pk,
        key=row.key,
        title=row.title,
        status="active" if row.archived_at is None else "archived",
        total=supply.total,
        available=supply.available,
        taken=supply.taken,
        created_at=row.created_at,
    )
