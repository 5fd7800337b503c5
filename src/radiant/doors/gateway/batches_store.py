"""SQL of batches and their lines, a person's own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from radiant.infra.db import Row, Tx
from radiant.kit.ids import ApiKeyId


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as it stands; `completed` and `failed` count its lines."""

    id: UUID
    api_key_id: UUID | None
    protocol: str
    endpoint: str
    status: str
    input_file_id: UUID | None
    output_file_id: UUID | None
    error_file_id: UUID | None
    errors: Sequence[dict[str, Any]]
    metadata: Mapping[str, str]
    in_progress_at: datetime | None
    cancelling_at: datetime | None
    finished_at: datetime | None
    expires_at: datetime
    created_at: datetime
    total: int = 0
    completed: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """A request of a batch, and its answer where it has one."""

    line: int
    custom_id: str
    request: dict[str, Any]
    status_code: int | None
    answer: dict[str, Any] | None
    request_id: str


def _batch(row: Row) -> Batch:
    return Batch(**dict(row))


def _line(row: Row) -> Line:
    return Line(**dict(row))


async def insert(
    tx: Tx, batch_id: UUID, api_key_id: ApiKeyId | None, endpoint: str, input_file_id: UUID | None,
    metadata: Mapping[str, str], expires_at: datetime, *, protocol: str = "openai",
) -> None:  # fmt: skip
    """A new batch, its lines not read yet."""
    await tx.run(
        "insert into gateway_batches (id, tenant_id, user_id, api_key_id, endpoint, input_file_id, metadata,"
        " expires_at, protocol) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        batch_id, tx.tenant_id, tx.user_id, api_key_id, endpoint, input_file_id, dict(metadata), expires_at, protocol,
    )  # fmt: skip


async def find(tx: Tx, batch_id: UUID) -> Batch | None:
    """The person's batch of that id, its lines counted."""
    row = await tx.one_or_none(
        "select b.id, b.api_key_id, b.protocol, b.endpoint, b.status, b.input_file_id, b.output_file_id, b.error_file_id,"
        " b.errors, b.metadata, b.in_progress_at, b.cancelling_at, b.finished_at, b.expires_at, b.created_at,"
        " count(l.line)::int as total, count(l.line) filter (where l.status_code = 200)::int as completed,"
        " count(l.line) filter (where l.status_code <> 200)::int as failed"
        " from gateway_batches b left join gateway_batch_lines l on l.tenant_id = b.tenant_id"
        " and l.user_id = b.user_id and l.batch_id = b.id"
        " where b.tenant_id = $1 and b.user_id = $2 and b.id = $3 group by b.id",
        tx.tenant_id, tx.user_id, batch_id,
    )  # fmt: skip
    return _batch(row) if row else None


async def page(tx: Tx, protocol: str, after: UUID | None, limit: int) -> list[Batch]:
    """The person's batches, of one protocol, newest first, after that one."""
    rows = await tx.all(
        "select b.id, b.api_key_id, b.protocol, b.endpoint, b.status, b.input_file_id, b.output_file_id, b.error_file_id,"
        " b.errors, b.metadata, b.in_progress_at, b.cancelling_at, b.finished_at, b.expires_at, b.created_at,"
        " c.total, c.completed, c.failed from gateway_batches b cross join lateral ("
        " select count(*)::int as total, count(*) filter (where l.status_code = 200)::int as completed,"
        " count(*) filter (where l.status_code <> 200)::int as failed from gateway_batch_lines l"
        " where l.tenant_id = b.tenant_id and l.user_id = b.user_id and l.batch_id = b.id) c"
        " where b.tenant_id = $1 and b.user_id = $2 and b.protocol = $5 and ($3::uuid is null or (b.created_at, b.id) <"
        " (select a.created_at, a.id from gateway_batches a where a.tenant_id = $1 and a.user_id = $2 and a.id = $3))"
        " order by b.created_at desc, b.id desc limit $4",
        tx.tenant_id, tx.user_id, after, limit, protocol,
    )  # fmt: skip
    return [_batch(row) for row in rows]


async def page_before(tx: Tx, protocol: str, before: UUID | None, limit: int) -> list[Batch]:
    """The person's batches, of one protocol, oldest first, before that one in the list: the newer ones."""
    rows = await tx.all(
        "select b.id, b.api_key_id, b.protocol, b.endpoint, b.status, b.input_file_id, b.output_file_id, b.error_file_id,"
        " b.errors, b.metadata, b.in_progress_at, b.cancelling_at, b.finished_at, b.expires_at, b.created_at,"
        " c.total, c.completed, c.failed from gateway_batches b cross join lateral ("
        " select count(*)::int as total, count(*) filter (where l.status_code = 200)::int as completed,"
        " count(*) filter (where l.status_code <> 200)::int as failed from gateway_batch_lines l"
        " where l.tenant_id = b.tenant_id and l.user_id = b.user_id and l.batch_id = b.id) c"
        " where b.tenant_id = $1 and b.user_id = $2 and b.protocol = $5 and ($3::uuid is null or (b.created_at, b.id) >"
        " (select a.created_at, a.id from gateway_batches a where a.tenant_id = $1 and a.user_id = $2 and a.id = $3))"
        " order by b.created_at, b.id limit $4",
        tx.tenant_id, tx.user_id, before, limit, protocol,
    )  # fmt: skip
    return [_batch(row) for row in rows]


async def begin(tx: Tx, batch_id: UUID, lines: Sequence[tuple[int, str, dict[str, Any]]]) -> bool:
    """Write the lines that its file holds and go on to answer them; False where that has been done."""
    touched = await tx.run(
        "update gateway_batches set status = 'in_progress', in_progress_at = current_timestamp"
        " where tenant_id = $1 and user_id = $2 and id = $3 and status = 'validating'",
        tx.tenant_id, tx.user_id, batch_id,
    )  # fmt: skip
    if touched != 1:
        return False
    await tx.run(
        "insert into gateway_batch_lines (tenant_id, user_id, batch_id, line, custom_id, request)"
        " select $1, $2, $3, n, c, r from unnest($4::int[], $5::text[], $6::jsonb[]) as given (n, c, r)",
        tx.tenant_id, tx.user_id, batch_id, [line for line, _, _ in lines], [name for _, name, _ in lines],
        [request for _, _, request in lines],
    )  # fmt: skip
    return True


async def open_lines(tx: Tx, batch_id: UUID, limit: int) -> list[Line]:
    """Lines that wait for an answer, in order."""
    rows = await tx.all(
        "select line, custom_id, request, status_code, answer, request_id from gateway_batch_lines"
        " where tenant_id = $1 and user_id = $2 and batch_id = $3 and status_code is null order by line limit $4",
        tx.tenant_id, tx.user_id, batch_id, limit,
    )  # fmt: skip
    return [_line(row) for row in rows]


async def answered(tx: Tx, batch_id: UUID, after: int, limit: int) -> list[Line]:
    """Lines that were answered, in order, after that line."""
    rows = await tx.all(
        "select line, custom_id, request, status_code, answer, request_id from gateway_batch_lines"
        " where tenant_id = $1 and user_id = $2 and batch_id = $3 and line > $4 and status_code is not null"
        " order by line limit $5",
        tx.tenant_id, tx.user_id, batch_id, after, limit,
    )  # fmt: skip
    return [_line(row) for row in rows]


async def write_answer(
    tx: Tx, batch_id: UUID, line: int, status_code: int, answer: dict[str, Any], request_id: str
) -> None:
    """Keep the answer of a line; the first one stays."""
    await tx.run(
        "update gateway_batch_lines set status_code = $5, answer = $6, request_id = $7,"
        " answered_at = current_timestamp where tenant_id = $1 and user_id = $2 and batch_id = $3 and line = $4"
        " and status_code is null",
        tx.tenant_id, tx.user_id, batch_id, line, status_code, answer, request_id,
    )  # fmt: skip


async def status_of(tx: Tx, batch_id: UUID) -> str | None:
    """How it stands."""
    return await tx.value(
        "select status from gateway_batches where tenant_id = $1 and user_id = $2 and id = $3",
        tx.tenant_id, tx.user_id, batch_id,
    )  # fmt: skip


async def cancel(tx: Tx, batch_id: UUID) -> None:
    """Ask for its end; one that has ended stays as it is."""
    await tx.run(
        "update gateway_batches set status = 'cancelling', cancelling_at = current_timestamp where tenant_id = $1"
        " and user_id = $2 and id = $3 and status in ('validating', 'in_progress')",
        tx.tenant_id, tx.user_id, batch_id,
    )  # fmt: skip


async def finish(
    tx: Tx, batch_id: UUID, status: str, *, output: UUID | None = None, error: UUID | None = None,
    errors: Sequence[dict[str, Any]] = (),
) -> bool:  # fmt: skip
    """Its end; False where it has ended already."""
    touched = await tx.run(
        "update gateway_batches set status = $4, finished_at = current_timestamp, output_file_id = $5,"
        " error_file_id = $6, errors = $7 where tenant_id = $1 and user_id = $2 and id = $3 and finished_at is null",
        tx.tenant_id, tx.user_id, batch_id, status, output, error, list(errors),
    )  # fmt: skip
    return touched == 1


async def delete(tx: Tx, batch_id: UUID) -> None:
    """Forget a batch and its lines."""
    await tx.run(
        "delete from gateway_batches where tenant_id = $1 and user_id = $2 and id = $3",
        tx.tenant_id, tx.user_id, batch_id,
    )  # fmt: skip


async def take_up_expired(tx: Tx, job: str) -> None:
    """Queue a job for each batch that has outlived its window and that nobody works on. For a system transaction."""
    late = await tx.value(
        "select exists (select from gateway_batches where finished_at is null and expires_at < current_timestamp)"
    )
    if not late:
        return
    # As infra/jobs writes them.
    await tx.run(
        "insert into pgqueuer (priority, entrypoint, payload, dedupe_key, headers, status)"
        " select 0, $1::text, convert_to(json_build_object('batch_id', b.id)::text, 'UTF8'),"
        " concat_ws('/', b.tenant_id, $1::text, b.id),"
        " jsonb_build_object('tenant_id', b.tenant_id, 'user_id', b.user_id), 'queued'"
        " from gateway_batches b where b.finished_at is null and b.expires_at < current_timestamp"
        " on conflict do nothing",
        job,
    )  # fmt: skip
