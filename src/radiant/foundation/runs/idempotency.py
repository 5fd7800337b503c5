"""Writes that spend or start work are done once per Idempotency-Key: a retry gets the first answer again."""

import hashlib
from typing import Any

from radiant.infra.db import Tx
from radiant.kit.errors import Invalid


class IdempotencyMismatch(Invalid):
    """The key was used for another request."""

    slug = "idempotency-mismatch"


async def claim(tx: Tx, key: str | None, request: str) -> dict[str, Any] | None:
    """None: go ahead, then `remember`. Else the answer that was given to this key before.

    Two requests at once wait for each other here, as both insert the same row. Raises IdempotencyMismatch.
    """
    if key is None:
        return None
    request_hash = hashlib.sha256(request.encode()).digest()
    inserted = await tx.run(
        "insert into idempotency_keys (tenant_id, user_id, key, request_hash) values ($1, $2, $3, $4)"
        " on conflict (tenant_id, user_id, key) do nothing",
        tx.tenant_id, tx.user_id, key, request_hash,
    )  # fmt: skip
    if inserted:
        return None
    row = await tx.one(
        "select request_hash, response from idempotency_keys where tenant_id = $1 and user_id = $2 and key = $3",
        tx.tenant_id, tx.user_id, key,
    )  # fmt: skip
    if row["request_hash"] != request_hash:
        raise IdempotencyMismatch("Idempotency-Key: it was used for another request; make a new one")
    return row["response"]


async def remember(tx: Tx, key: str | None, response: dict[str, Any]) -> None:
    """Keep the answer of a claimed key, in the transaction that did the work."""
    if key is not None:
        await tx.run(
            "update idempotency_keys set response = $4, status = 200 where tenant_id = $1 and user_id = $2 and key = $3",
            tx.tenant_id, tx.user_id, key, response,
        )  # fmt: skip
