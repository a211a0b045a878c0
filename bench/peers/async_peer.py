"""The async peer: FastAPI and asyncpg, one statement, the key remembered, JSON in and out.

No rate limit, no idempotency, no tiers, no chain of hashes: less than ours does, and written for speed.
"""

import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Annotated, Any
from uuid import UUID

import asyncpg
from fastapi import Depends, FastAPI, Header, HTTPException
from pydantic import BaseModel, Field

AWARD = """
    WITH balance AS (
        UPDATE peer_balance SET amount = amount + $3 WHERE account_id = $2 AND business_id = $1 RETURNING amount
    ), entry AS (
        INSERT INTO peer_entry (business_id, account_id, amount, balance_after, description)
        SELECT $1, $2, $3, amount, $4 FROM balance RETURNING id, balance_after, occurred_at
    ), lot AS (
        INSERT INTO peer_lot (business_id, account_id, entry_id, remaining) SELECT $1, $2, id, $3 FROM entry
    ), event AS (
        INSERT INTO peer_event (business_id, account_id, topic, facts)
        SELECT $1, $2, 'points/earned', jsonb_build_object('entryId', id, 'amount', $3, 'balance', balance_after)
        FROM entry
    )
    SELECT id, balance_after, occurred_at FROM entry
"""
REMEMBERED_SECONDS = 5.0


class Award(BaseModel):
    amount: int = Field(gt=0, le=10**12)
    description: str = Field(default="", max_length=500)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with asyncpg.create_pool(os.environ["PEER_DATABASE_URL"], min_size=16, max_size=16) as pool:
        app.state.pool = pool
        yield


app = FastAPI(lifespan=lifespan)
known: dict[bytes, tuple[float, UUID]] = {}


async def business_of(authorization: Annotated[str, Header()] = "") -> UUID:
    digest = sha256(authorization.removeprefix("Bearer ").encode()).digest()
    until, business_id = known.get(digest, (0.0, None))
    if business_id is None or until < time.monotonic():
        business_id = await app.state.pool.fetchval("SELECT business_id FROM peer_key WHERE digest = $1", digest)
        if business_id is None:
            raise HTTPException(401, "Send your key.")
        known[digest] = (time.monotonic() + REMEMBERED_SECONDS, business_id)
    return business_id


@app.post("/advocates/{account_id}/points")
async def award(account_id: UUID, body: Award, business_id: Annotated[UUID, Depends(business_of)]) -> dict[str, Any]:
    row = await app.state.pool.fetchrow(AWARD, business_id, account_id, body.amount, body.description)
    if row is None:
        raise HTTPException(404, "There is no such advocate.")
    transaction = {
        "id": row["id"],
        "advocateId": account_id,
        "type": "earn",
        "amount": body.amount,
        "description": body.description,
        "createdAt": row["occurred_at"],
    }
    return {"transaction": transaction, "newBalance": row["balance_after"]}
