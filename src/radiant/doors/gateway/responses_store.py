"""SQL of stored responses, a person's own."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from radiant.infra.db import Row, Tx
from radiant.kit.ids import uuid7


@dataclass(frozen=True, slots=True)
class Stored:
    """A response that can be gone on from. `provider`: who keeps it, or None where `input` and `answer` are here."""

    response_id: str
    previous_id: str | None
    provider: str | None
    status: str
    input: Sequence[dict[str, Any]]
    answer: dict[str, Any]
    alive_until: datetime | None


@dataclass(frozen=True, slots=True)
class Work:
    """What there is to do for a response in the background: `work` as it was written by `insert`."""

    work: dict[str, Any]
    answer: dict[str, Any]
    attempts: int


def _stored(row: Row) -> Stored:
    return Stored(**dict(row))


async def insert(
    tx: Tx, response_id: str, *, status: str, previous_id: str | None = None, provider: str | None = None,
    input: Sequence[dict[str, Any]] = (), answer: dict[str, Any] | None = None, alive_until: datetime | None = None,
    work: dict[str, Any] | None = None,
) -> None:  # fmt: skip
    """Keep a response of the person's; a second time under the same id changes nothing."""
    await tx.run(
        "insert into stored_responses (id, tenant_id, user_id, response_id, previous_id, provider, status, input,"
        " answer, alive_until, work) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
        " on conflict (tenant_id, user_id, response_id) do nothing",
        uuid7(), tx.tenant_id, tx.user_id, response_id, previous_id, provider, status, list(input), answer or {},
        alive_until, work,
    )  # fmt: skip


async def find(tx: Tx, response_id: str) -> Stored | None:
    """The person's response of that id."""
    row = await tx.one_or_none(
        "select response_id, previous_id, provider, status, input, answer, alive_until from stored_responses"
        " where tenant_id = $1 and user_id = $2 and response_id = $3",
        tx.tenant_id, tx.user_id, response_id,
    )  # fmt: skip
    return _stored(row) if row else None


async def chain(tx: Tx, response_id: str, most: int) -> list[Stored]:
    """The response and those that it goes on from, the oldest first; at most that many."""
    rows = await tx.all(
        "with recursive chain as ("
        " select s.*, 1 as depth from stored_responses s"
        " where s.tenant_id = $1 and s.user_id = $2 and s.response_id = $3"
        " union all select s.*, c.depth + 1 from chain c join stored_responses s"
        " on s.tenant_id = $1 and s.user_id = $2 and s.response_id = c.previous_id where c.depth < $4)"
        " select response_id, previous_id, provider, status, input, answer, alive_until from chain"
        " order by depth desc",
        tx.tenant_id, tx.user_id, response_id, most,
    )  # fmt: skip
    return [_stored(row) for row in rows]


async def take(tx: Tx, response_id: str, attempt: int) -> Work | None:
    """Begin to work on one in the background, for the how-manieth time; None where there is nothing more to do."""
    row = await tx.one_or_none(
        "update stored_responses set status = 'in_progress', attempts = $4,"
        " answer = answer || '{\"status\": \"in_progress\"}'"
        " where tenant_id = $1 and user_id = $2 and response_id = $3 and status in ('queued', 'in_progress')"
        " and work is not null returning work, answer, attempts",
        tx.tenant_id, tx.user_id, response_id, attempt,
    )  # fmt: skip
    return Work(**dict(row)) if row else None


async def is_worked_on(tx: Tx, response_id: str, attempt: int) -> bool:
    """Whether it is still to be ended, and nobody has taken it up since that attempt."""
    return await tx.value(
        "select exists (select from stored_responses where tenant_id = $1 and user_id = $2 and response_id = $3"
        " and status = 'in_progress' and attempts = $4)",
        tx.tenant_id, tx.user_id, response_id, attempt,
    )  # fmt: skip


async def finish(tx: Tx, response_id: str, status: str, answer: dict[str, Any]) -> bool:
    """Write how one in the background ended; False where it has ended already."""
    touched = await tx.run(
        "update stored_responses set status = $4, answer = $5, alive_until = null, work = null"
        " where tenant_id = $1 and user_id = $2 and response_id = $3 and status in ('queued', 'in_progress')",
        tx.tenant_id, tx.user_id, response_id, status, answer,
    )  # fmt: skip
    return touched == 1


async def delete(tx: Tx, response_id: str) -> bool:
    """Forget one; whether there was one."""
    touched = await tx.run(
        "delete from stored_responses where tenant_id = $1 and user_id = $2 and response_id = $3",
        tx.tenant_id, tx.user_id, response_id,
    )  # fmt: skip
    return touched == 1
