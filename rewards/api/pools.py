"""Code pools for a merchant's backend."""

from uuid import UUID

from msgspec import UNSET

from loyalty.api.paging import page_by_cursor
from loyalty.api.views import Call, KeyView, get_or_404, operation
from loyalty.kernel.errors import Code
from loyalty.models import Business
from rewards.api import pool_shapes as shapes
from rewards.models import CodePool
from rewards.selectors.pools import supplies
from rewards.services import codes, pools


class CodePools(KeyView):
    @operation("List code pools, newest first", query=shapes.ListPools, answer=shapes.CodePoolPage)
    def get(self, call: Call[None, shapes.ListPools]) -> shapes.CodePoolPage:
        rows = CodePool.objects.for_business(call.business)
        if call.query.status is not None:
            rows = rows.filter(archived_at__isnull=call.query.status == "active")
        page = page_by_cursor(rows, call.query, business=call.business)
        counted = supplies(business=call.business, pools=page.items)
        return shapes.CodePoolPage(
            code_pools=[shapes.code_pool(pool, counted[pool.pk]) for pool in page.items], next_cursor=page.next_cursor
        )

    @operation(
        "Open a code pool",
        body=shapes.NewPool,
        answer=shapes.OneCodePool,
        status=201,
        errors=(Code.CONFLICT,),
        example={"title": "Cinema tickets", "key": "cinema"},
    )
    def post(self, call: Call[shapes.NewPool, None]) -> shapes.OneCodePool:
        pool = pools.create(business=call.business, title=call.body.title, key=call.body.key)
        return shapes.OneCodePool(code_pool=_shown(call.business, pool))


class OneCodePool(KeyView):
    @operation("Get a code pool, with how many codes are left", answer=shapes.OneCodePool)
    def get(self, call: Call[None, None], pool_id: UUID) -> shapes.OneCodePool:
        pool = get_or_404(CodePool.objects.for_business(call.business), noun="code pool", pk=pool_id)
        return shapes.OneCodePool(code_pool=_shown(call.business, pool))

    @operation(
        "Rename a code pool, archive it or fetch it back",
        body=shapes.PoolFields,
        answer=shapes.OneCodePool,
        errors=(Code.CONFLICT,),
        example={"status": "archived"},
    )
    def patch(self, call: Call[shapes.PoolFields, None], pool_id: UUID) -> shapes.OneCodePool:
        title, status = call.body.title, call.body.status
        pool = pools.update(
            business=call.business,
            pool_id=pool_id,
            title=None if title is UNSET else title,
            is_archived=None if status is UNSET else status == "archived",
        )
        return shapes.OneCodePool(code_pool=_shown(call.business, pool))


class PoolCodes(KeyView):
    max_body = 5_000_000

    @operation(
        "Add codes to a pool",
        body=shapes.NewCodes,
        answer=shapes.CodesAdded,
        errors=(Code.CONFLICT,),
        example={"codes": ["CINEMA-4711", "CINEMA-4712"]},
        description="All of them, or none: the error names the first that is malformed, sent twice or known already.",
    )
    def post(self, call: Call[shapes.NewCodes, None], pool_id: UUID) -> shapes.CodesAdded:
        added = codes.add(business=call.business, pool_id=pool_id, codes=call.body.codes)
        return _added(call.business, pool_id, added)


class GenerateCodes(KeyView):
    @operation(
        "Make codes in a pool",
        body=shapes.CodesToMake,
        answer=shapes.CodesAdded,
        example={"count": 1000, "prefix": "SPRING-", "length": 12},
        description="Codes that nobody can guess, up to 100,000 in one call.",
    )
    def post(self, call: Call[shapes.CodesToMake, None], pool_id: UUID) -> shapes.CodesAdded:
        body = call.body
        added = codes.generate(
            business=call.business, pool_id=pool_id, count=body.count, prefix=body.prefix, length=body.length
        )
        return _added(call.business, pool_id, added)


def _added(business: Business, pool_id: UUID, added: int) -> shapes.CodesAdded:
    pool = CodePool.objects.for_business(business).get(pk=pool_id)
    return shapes.CodesAdded(added=added, code_pool=_shown(business, pool))


def _shown(business: Business, pool: CodePool) -> shapes.CodePoolShape:
    return shapes.code_pool(pool, supplies(business=business, pools=[pool])[pool.pk])
