"""Responses that are kept for 30 days: the conversation that a new one goes on from, and /v1/responses/{id}."""

import asyncio
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import asyncpg
import msgspec
import structlog

from radiant.ai.inference.estimate import text_tokens
from radiant.ai.providers.endpoints import endpoint_wire, under
from radiant.ai.providers.vendors import vendor
from radiant.ai.providers.wire import Deadline, open_response, read_whole
from radiant.doors.gateway import responses_store as store
from radiant.doors.gateway.call import Call, MethodNotAllowed
from radiant.doors.gateway.lanes import Engine
from radiant.doors.gateway.openai_request import BadRequest
from radiant.doors.gateway.responses_request import Item
from radiant.doors.gateway.responses_store import Stored
from radiant.foundation.identity.callers import Caller
from radiant.infra.db import TenantDb
from radiant.infra.jobs import enqueue
from radiant.kit.clock import utc_now
from radiant.kit.errors import Conflict, NotFound, Unavailable
from radiant.kit.ids import TenantId, UserId, uuid7
from radiant.kit.text import shorten

log = structlog.get_logger()

_MOST_TURNS = 1000
JOB = "gateway.response"
ATTEMPTS = 3
LONGEST = timedelta(hours=1)
"""Of one attempt at a response in the background."""
# By then its job has ended it, whatever became of the processes that worked on it.
_ENDED_BY = ATTEMPTS * LONGEST + timedelta(hours=1)
# The headers of a request that its answer may depend on.
_HEADERS_KEPT = (b"x-radiant-tags", b"cache-control")
_VENDOR_SECONDS = 60.0
_UNDER_WAY = ("queued", "in_progress")
# Responses in the background that this process works on, to be cancelled at once.
_tasks: dict[tuple[TenantId, UserId | None, str], asyncio.Task[None]] = {}


class PreviousResponseNotFound(NotFound):
    """The response to go on from is not there, or not the caller's, or what it goes on from is gone."""

    slug = "previous-response-not-found"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.param = "previous_response_id"


@dataclass(frozen=True, slots=True)
class History:
    """What a new response goes on from. `provider`: a vendor keeps it, and nothing of it is known here."""

    items: Sequence[Item] = ()
    provider: str | None = None

    @property
    def tokens(self) -> int:
        """About how many tokens it adds to the prompt."""
        return text_tokens(sum(len(msgspec.json.encode(item)) for item in self.items)) if self.items else 0


async def history(db: TenantDb, previous_id: str | None) -> History:
    """The items of that response of the caller's and of those before it. Raises PreviousResponseNotFound, Conflict."""
    if previous_id is None:
        return History()
    async with db.tx() as tx:
        found = [] if "\x00" in previous_id else await store.chain(tx, previous_id, _MOST_TURNS)
    if not found:
        raise PreviousResponseNotFound(
            f"previous_response_id: there is no response {shorten(previous_id, 80)!r} of yours"
        )
    if found[-1].provider is not None:
        return History(provider=found[-1].provider)
    if found[-1].status in _UNDER_WAY:
        raise Conflict("previous_response_id: that response is still under way; wait until it has ended")
    if found[0].previous_id is not None:
        raise PreviousResponseNotFound(
            f"previous_response_id: the conversation goes on from {found[0].previous_id!r}, which was deleted or is"
            " older than 30 days; send it as input"
        )
    return History([item for one in found for item in (*one.input, *one.answer.get("output", []))])


def with_ids(items: Sequence[Item]) -> list[Item]:
    """Items as they are kept: each has an id and a type."""
    kinds = {"function_call": "fc", "function_call_output": "fco", "reasoning": "rs"}
    kept: list[Item] = []
    for item in items:
        kind = str(item.get("type") or "message")
        content = item.get("content")
        if kind == "message" and isinstance(content, str):
            said = "output_text" if item.get("role") == "assistant" else "input_text"
            item = {**item, "content": [{"type": said, "text": content}]}
        kept.append({"id": f"{kinds.get(kind, 'msg')}_{uuid7().hex}", **item, "type": kind})
    return kept


async def keep(
    db: TenantDb, response_id: str, *, status: str, previous_id: str | None = None, provider: str | None = None,
    input: Sequence[Item] = (), answer: dict[str, Any] | None = None,
) -> bool:  # fmt: skip
    """Keep a response; False where the database is away, for the answer itself has been paid for."""
    try:
        async with db.tx() as tx:
            await store.insert(
                tx, response_id, status=status, previous_id=previous_id, provider=provider, input=input, answer=answer
            )
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
        log.warning("responses.not_kept", error=str(error))
        return False
    return True


async def begin(
    db: TenantDb, call: Call, caller: Caller, answer: dict[str, Any], previous_id: str | None, items: Sequence[Item],
    request: dict[str, Any],
) -> None:  # fmt: skip
    """Keep one that begins in the background, and the job of answering `request` for it."""
    response_id = answer["id"]
    headers = {name.decode(): call.headers[name].decode("latin-1") for name in _HEADERS_KEPT if name in call.headers}
    work = {
        "request": request,
        "headers": headers,
        "request_id": call.request_id,
        "api_key_id": str(caller.api_key_id) if caller.api_key_id else None,
    }
    async with db.tx() as tx:
        await store.insert(
            tx, response_id, status="queued", previous_id=previous_id, input=with_ids(items), answer=answer,
            alive_until=utc_now() + _ENDED_BY, work=work,
        )  # fmt: skip
        await enqueue(tx, JOB, person=caller.user_id, once=response_id, response_id=response_id)


async def finish(db: TenantDb, response_id: str, answer: dict[str, Any]) -> None:
    """Write how it ended, unless it was cancelled meanwhile."""
    async with db.tx() as tx:
        await store.finish(tx, response_id, answer["status"], answer)


@contextmanager
def held(db: TenantDb, response_id: str, task: asyncio.Task[None]) -> Generator[None]:
    """While the block runs, a cancel of the response cancels this task."""
    key = (db.tenant_id, db.user_id, response_id)
    _tasks[key] = task
    try:
        yield
    finally:
        if _tasks.get(key) is task:
            del _tasks[key]


# --- /v1/responses/{id} ---


async def kept_response(engine: Engine, call: Call) -> None:
    """GET and DELETE /v1/responses/{id}, GET …/input_items, POST …/cancel."""
    caller = await call.identify(engine.keys)
    response_id, _, rest = call.path.removeprefix("/v1/responses/").partition("/")
    wanted = {"": ("GET", "DELETE"), "input_items": ("GET",), "cancel": ("POST",)}.get(rest)
    if wanted is None:
        raise NotFound(f"{call.path}: there is no such endpoint")
    if call.method not in wanted:
        raise MethodNotAllowed(f"{call.path} does not take {call.method}")
    db = caller.db(engine.database)
    async with db.tx() as tx:
        found = None if "\x00" in response_id else await store.find(tx, response_id)
    if found is None:
        raise NotFound(f"there is no response {shorten(response_id, 80)!r} of yours")
    if call.query().get("stream", "").lower() == "true":
        raise BadRequest("stream: a response that is kept comes whole; leave this out", "stream")
    if found.provider is not None:
        await _ask_vendor(engine, call, caller, found, rest)
    elif rest == "input_items":
        await call.answer_json(_page(found.input, call.query()))
    elif rest == "cancel":
        await call.answer_json(await _cancel(db, found))
    elif call.method == "DELETE":
        if task := _tasks.get((db.tenant_id, db.user_id, response_id)):
            task.cancel()
        await _forget(db, response_id)
        await call.answer_json({"id": response_id, "object": "response", "deleted": True})
    else:
        await call.answer_json(await _seen(db, found))


async def _forget(db: TenantDb, response_id: str) -> None:
    async with db.tx() as tx:
        await store.delete(tx, response_id)


async def _seen(db: TenantDb, found: Stored) -> dict[str, Any]:
    """The response as it stands; one whose job was lost (taken out of the queue by hand) has failed."""
    if found.status not in _UNDER_WAY or found.alive_until is None or found.alive_until > utc_now():
        return found.answer
    error = {"code": "server_error", "message": "nobody works on it any more; ask again"}
    answer = {**found.answer, "status": "failed", "error": error}
    await finish(db, found.response_id, answer)
    return answer


async def _cancel(db: TenantDb, found: Stored) -> dict[str, Any]:
    if not found.answer.get("background"):
        raise BadRequest("only a response in the background can be cancelled")
    if found.status not in _UNDER_WAY:
        return found.answer
    answer = {**found.answer, "status": "cancelled"}
    await finish(db, found.response_id, answer)
    if task := _tasks.get((db.tenant_id, db.user_id, found.response_id)):
        task.cancel()
    return answer


def _page(items: Sequence[Item], query: dict[str, str]) -> dict[str, Any]:
    asked = query.get("limit", "20")
    if not asked.isdecimal() or not 1 <= int(asked[:4]) <= 100:
        raise BadRequest("limit: must lie between 1 and 100", "limit")
    order = query.get("order", "desc")
    if order not in ("asc", "desc"):
        raise BadRequest("order: asc or desc", "order")
    ordered = list(items) if order == "asc" else list(reversed(items))
    start = 0
    if after := query.get("after"):
        place = next((i for i, item in enumerate(ordered) if item["id"] == after), None)
        if place is None:
            raise BadRequest("after: there is no such item in this response", "after")
        start = place + 1
    page = ordered[start : start + int(asked)]
    ends = {"first_id": page[0]["id"] if page else None, "last_id": page[-1]["id"] if page else None}
    return {"object": "list", "data": page, **ends, "has_more": start + len(page) < len(ordered)}


async def _ask_vendor(engine: Engine, call: Call, caller: Caller, found: Stored, rest: str) -> None:
    """Ask the vendor that keeps it, which only whoever it belongs to gets to do."""
    models, db = engine.inference.models, caller.db(engine.database)
    usable = (model for model in await models.all(db) if model.provider == found.provider and not model.unavailable)
    model = next(usable, None)
    target = await models.reach(db, model) if model else None
    reached = target and endpoint_wire("responses", vendor(found.provider or ""), target.keys, "")
    if not reached:
        raise Unavailable(f"that response is kept by {found.provider}, which is no longer connected")
    wire, (connection, *_) = reached
    below = f"/{quote(found.response_id, safe='')}" + (f"/{rest}" if rest else "")
    path = under(wire, below, call.query_string)
    deadline = Deadline(_VENDOR_SECONDS)
    headers = wire.headers(connection, call.headers)
    async with open_response(engine.http, call.method, path, connection, headers, None, deadline) as response:
        body = await read_whole(response, connection, deadline)
    if call.method == "DELETE":
        await _forget(db, found.response_id)
    await call.answer(body)
