"""The work of batches: a job a batch, each line through the very endpoint that it names, as its creator.

What is answered is written at once and never asked again, so after a kill -9 a batch goes on where it was; only lines
that were under way are asked a second time. A batch always ends: when its window is over it has expired, when nobody
can work on it it has failed, and in both cases what was answered is kept.
"""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

import msgspec
import structlog

from radiant.doors.gateway import batches_store as store
from radiant.doors.gateway.anthropic_messages import messages
from radiant.doors.gateway.batches_store import Batch, Line
from radiant.doors.gateway.call import Call, Protocol
from radiant.doors.gateway.completions import completions
from radiant.doors.gateway.inner import InnerCall
from radiant.doors.gateway.lanes import Engine
from radiant.doors.gateway.openai_chat import chat_completions, embeddings
from radiant.doors.gateway.responses import responses
from radiant.foundation.files import service as files
from radiant.foundation.identity.again import caller_again
from radiant.foundation.identity.callers import Caller
from radiant.infra.db import TenantDb
from radiant.infra.jobs import Job, Registry
from radiant.kit.clock import utc_now
from radiant.kit.errors import NotFound
from radiant.kit.ids import AssetId, uuid7

log = structlog.get_logger()

JOB = "gateway.batch"
ENDPOINTS: Mapping[str, Callable[[Engine, Call], Awaitable[None]]] = {
    "/v1/chat/completions": chat_completions,
    "/v1/embeddings": embeddings,
    "/v1/responses": responses,
    "/v1/completions": completions,
}
# Anthropic's form has one endpoint, and no files.
_HANDLERS = {**ENDPOINTS, "/v1/messages": messages}
WINDOW = timedelta(hours=24)
# A batch is nobody's hurry: it has that many requests under way at once, and steps back when it is refused.
_AT_ONCE = 4
MOST_LINES = 50_000
_MOST_ERRORS = 100
_PAGE = 100
_PATIENCE = 8
_CUSTOM_ID = re.compile(r"[^\x00-\x1f\x7f]{1,512}")
_DAY_AND_MORE = 26 * 3600.0
ATTEMPTS = 100
"""Each life of a worker is one try, hence so many."""
_TRIES_TO_END = 3


def register(jobs: Registry, engine: Engine) -> None:
    """Serve batches."""

    async def run(job: Job) -> None:
        await run_batch(engine, job)

    async def give_up(job: Job) -> None:
        await end_batch(engine, job)

    jobs.handle(JOB, run, attempts=ATTEMPTS, timeout=_DAY_AND_MORE, gave_up=give_up)


async def _of_job(engine: Engine, job: Job) -> tuple[TenantDb, Batch | None]:
    """The batch, unless it has ended."""
    assert job.tenant_id is not None
    db = engine.database.tenant(job.tenant_id, job.user_id)
    async with db.tx() as tx:
        batch = await store.find(tx, UUID(job.ids["batch_id"]))
    return db, None if batch is None or batch.finished_at is not None else batch


async def end_batch(engine: Engine, job: Job) -> None:
    """End a batch that will not be worked on any more."""
    db, batch = await _of_job(engine, job)
    if batch is None:
        return
    message = f"it was begun {job.attempt} times and never came to its end; look into the log of the server"
    # What ended all of them may be the very writing of its files.
    with_files = job.attempt <= ATTEMPTS + _TRIES_TO_END
    await _fail(engine, db, batch, [_error("server_error", message, None)], with_files=with_files)


async def run_batch(engine: Engine, job: Job) -> None:
    """Bring the batch to its end from wherever it is."""
    db, batch = await _of_job(engine, job)
    if batch is None:
        return
    if batch.status == "validating" and not await _read(engine, db, batch):
        return
    end = await _answer_lines(engine, db, batch)
    if end is not None:
        await _finish(engine, db, batch, end)


# --- reading the file ---


class _Wrong(Exception):
    """The file is none that can be answered; `errors` says why, line by line."""

    def __init__(self, errors: list[dict[str, Any]]) -> None:
        super().__init__(f"{len(errors)} errors")
        self.errors = errors


async def _read(engine: Engine, db: TenantDb, batch: Batch) -> bool:
    """Write the file's lines down; False where they cannot be answered, and the batch has failed."""
    assert batch.input_file_id is not None
    try:
        asset = await files.get(db, AssetId(batch.input_file_id))
        data = await files.read_bytes(engine.objects, asset)
        lines = await asyncio.to_thread(_lines, data, batch.endpoint)
    except NotFound:
        wrong = [_error("file_not_found", "the input file was deleted before it was read", None)]
        await _fail(engine, db, batch, wrong)
        return False
    except _Wrong as error:
        await _fail(engine, db, batch, error.errors)
        return False
    async with db.tx() as tx:
        await store.begin(tx, batch.id, lines)
    return True


async def _fail(
    engine: Engine, db: TenantDb, batch: Batch, errors: list[dict[str, Any]], *, with_files: bool = True
) -> None:
    """End a batch that cannot be worked on; what was answered until now is kept."""
    status = "failed" if utc_now() < batch.expires_at else "expired"
    await _finish(engine, db, batch, status, errors, with_files=with_files)
    log.warning("batch.failed", batch=str(batch.id), status=status, errors=errors[:3])


def _error(code: str, message: str, line: int | None, param: str | None = None) -> dict[str, Any]:
    return {"code": code, "message": message, "line": line, "param": param}


def _lines(data: bytes, endpoint: str) -> list[tuple[int, str, dict[str, Any]]]:
    """Number, custom_id and body of each line. Raises _Wrong."""
    lines: list[tuple[int, str, dict[str, Any]]] = []
    errors: list[dict[str, Any]] = []
    seen: set[str] = set()
    for number, text in enumerate(data.split(b"\n"), 1):
        if not text.strip():
            continue
        try:
            custom_id, body = _request(text, endpoint)
            if custom_id in seen:
                raise ValueError("duplicate_custom_id", "custom_id: another line has the same", "custom_id")
        except ValueError as error:
            code, message, param = error.args
            errors.append(_error(code, message, number, param))
            if len(errors) == _MOST_ERRORS:
                break
            continue
        seen.add(custom_id)
        lines.append((number, custom_id, body))
    if not errors and not lines:
        errors = [_error("empty_file", "the file holds no requests", None)]
    if len(lines) > MOST_LINES:
        errors = [_error("too_many_requests", f"a batch has at most {MOST_LINES} requests", None)]
    if errors:
        raise _Wrong(errors)
    return lines


class _Request(msgspec.Struct):
    custom_id: str
    method: str
    url: str
    body: dict[str, Any]


_decode_request = msgspec.json.Decoder(_Request).decode


def _request(text: bytes, endpoint: str) -> tuple[str, dict[str, Any]]:
    try:
        asked = _decode_request(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError("invalid_json_line", f"not a request: {error}", None) from error
    if not _CUSTOM_ID.fullmatch(asked.custom_id):
        raise ValueError("invalid_custom_id", "custom_id: 1 to 512 characters", "custom_id")
    if asked.method != "POST":
        raise ValueError("invalid_method", "method: POST", "method")
    if asked.url != endpoint:
        raise ValueError("mismatched_url", f"url: this batch is for {endpoint}", "url")
    if asked.body.get("stream") or asked.body.get("background"):
        raise ValueError("invalid_request", "body: neither stream nor background in a batch", "body")
    return asked.custom_id, asked.body


# --- answering ---


async def _answer_lines(engine: Engine, db: TenantDb, batch: Batch) -> str | None:
    """Answer what is open; how the batch ends, or None where that was seen to already."""
    while True:
        async with db.tx() as tx:
            status = await store.status_of(tx, batch.id)
            lines = await store.open_lines(tx, batch.id, _AT_ONCE * 4)
        if status is None:
            return None
        if status == "cancelling":
            return "cancelled"
        if not lines:
            return "completed"
        left = (batch.expires_at - utc_now()).total_seconds()
        if left <= 0:
            return "expired"
        caller = await caller_again(db, batch.api_key_id)
        if caller is None:
            wrong = _error("not_allowed", "its creator, or their key, may no longer call models", None)
            await _fail(engine, db, batch, [wrong])
            return None
        turns = asyncio.Semaphore(_AT_ONCE)
        # What is under way when the window closes is cut off, and expires with the rest.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(left), asyncio.TaskGroup() as group:
                for line in lines:
                    group.create_task(_answer_line(engine, db, batch, caller, line, turns))


async def _answer_line(
    engine: Engine, db: TenantDb, batch: Batch, caller: Caller, line: Line, turns: asyncio.Semaphore
) -> None:
    body = msgspec.json.encode(line.request)
    async with turns:
        inner = await _asked(engine, caller, batch, body)
        for again in range(_PATIENCE):
            if not _busy(inner):
                break
            await asyncio.sleep(min(2.0**again, 60.0))
            inner = await _asked(engine, caller, batch, body)
        async with db.tx() as tx:
            await store.write_answer(tx, batch.id, line.line, inner.status, inner.answered, inner.request_id)


async def _asked(engine: Engine, caller: Caller, batch: Batch, body: bytes) -> InnerCall:
    inner = InnerCall(caller, batch.endpoint, body, cast("Protocol", batch.protocol))
    await inner.run(_HANDLERS[batch.endpoint](engine, inner))
    return inner


def _busy(inner: InnerCall) -> bool:
    """Whether the same request may well be answered later."""
    error: dict[str, Any] = inner.answered.get("error") or {}
    spent = error.get("code") == "insufficient_quota" or error.get("type") == "billing_error"
    return inner.status == 503 or (inner.status == 429 and not spent)


# --- the files of answers ---


async def _finish(
    engine: Engine, db: TenantDb, batch: Batch, status: str, errors: Sequence[dict[str, Any]] = (), *,
    with_files: bool = True,
) -> None:  # fmt: skip
    output: UUID | None = None
    error: UUID | None = None
    # Anthropic's results are read from the lines.
    if batch.protocol == "openai" and with_files:
        output = await _write(engine, db, batch, "output", _answers(db, batch, good=True))
        error = await _write(engine, db, batch, "error", _failures(db, batch, status))
    async with db.tx() as tx:
        await store.finish(tx, batch.id, status, output=output, error=error, errors=errors)
    log.info("batch.finished", batch=str(batch.id), status=status)


async def _write(engine: Engine, db: TenantDb, batch: Batch, what: str, lines: AsyncIterator[bytes]) -> UUID | None:
    """The id of the file, or None where it would be empty."""
    try:
        first = await anext(lines)
    except StopAsyncIteration:
        return None

    async def pieces() -> AsyncIterator[bytes]:
        yield first
        async for line in lines:
            yield line

    name = f"batch_{batch.id.hex}_{what}.jsonl"
    asset = await files.save(
        db, engine.objects, pieces(), name=name, claimed_type="application/jsonl", purpose="batch_output",
        limit=2**34,
    )  # fmt: skip
    return asset.id


async def answered_lines(db: TenantDb, batch: Batch) -> AsyncIterator[Line]:
    """Its lines that were answered, in order."""
    after = 0
    while True:
        async with db.tx() as tx:
            lines = await store.answered(tx, batch.id, after, _PAGE)
        for line in lines:
            yield line
        if len(lines) < _PAGE:
            return
        after = lines[-1].line


async def _answers(db: TenantDb, batch: Batch, *, good: bool) -> AsyncIterator[bytes]:
    async for line in answered_lines(db, batch):
        if (line.status_code == 200) == good:
            told = {"status_code": line.status_code, "request_id": line.request_id, "body": line.answer}
            yield _result(line, told, None)


async def _failures(db: TenantDb, batch: Batch, status: str) -> AsyncIterator[bytes]:
    async for line in _answers(db, batch, good=False):
        yield line
    if status == "completed":
        return
    said = {
        "expired": "the batch was not done within its window", "cancelled": "the batch was cancelled",
        "failed": "the batch could not be worked on; its own errors say why",
    }[status]  # fmt: skip
    error = {"code": f"batch_{status}", "message": f"this request was not made: {said}"}
    for line in await unanswered(db, batch):
        yield _result(line, None, error)


async def unanswered(db: TenantDb, batch: Batch) -> list[Line]:
    """Its lines that were not answered, in order."""
    async with db.tx() as tx:
        return await store.open_lines(tx, batch.id, MOST_LINES)


def _result(line: Line, response: dict[str, Any] | None, error: dict[str, Any] | None) -> bytes:
    body = {"id": f"batch_req_{uuid7().hex}", "custom_id": line.custom_id, "response": response, "error": error}
    return msgspec.json.encode(body) + b"\n"
