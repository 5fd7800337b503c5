"""Memories as JSON lines, to take along: a line a memory, then a line a relationship. Read back by the same rules as any
memory comes in, so importing twice changes nothing."""

from collections.abc import AsyncGenerator, AsyncIterable
from typing import Any
from uuid import UUID

import msgspec
from pydantic import ValidationError

from radiant.foundation.identity.callers import Caller
from radiant.infra.db import Database
from radiant.workspace.memory import relations_store, store
from radiant.workspace.memory.problems import BadImport
from radiant.workspace.memory.schemas import ImportedMemories, Memory, NewMemory
from radiant.workspace.memory.service import Memory as Engine

_AT_ONCE = 200
_LONGEST_LINE = 1_000_000
_MOST_LINES = 200_000


async def lines(caller: Caller, database: Database) -> AsyncGenerator[bytes]:
    """The caller's memories that hold or held, oldest last, then what joins them."""
    before = None
    while True:
        async with caller.db(database).tx() as tx:
            page = await store.page(tx, None, None, None, None, None, None, before, _AT_ONCE)
        for memory in page:
            yield _line({"memory": memory.model_dump(mode="json")})
        if len(page) < _AT_ONCE:
            break
        before = (page[-1].created_at, page[-1].id)
    after: UUID | None = None
    while True:
        async with caller.db(database).tx() as tx:
            edges = await relations_store.page(tx, after, _AT_ONCE)
        for edge in edges:
            yield _line({"relationship": edge.model_dump(mode="json")})
        if len(edges) < _AT_ONCE:
            return
        after = edges[-1].id


def _line(what: dict[str, Any]) -> bytes:
    return msgspec.json.encode(what) + b"\n"


async def read(caller: Caller, database: Database, engine: Engine, body: AsyncIterable[bytes]) -> ImportedMemories:
    """Take in what `lines` wrote. Raises BadImport; what stood before the line that cannot be read is in."""
    done = ImportedMemories(added=0, repeated=0)
    now: dict[UUID, UUID] = {}
    waiting: list[tuple[UUID | None, NewMemory]] = []
    edges: list[tuple[UUID, UUID, str, float]] = []

    async def put() -> None:
        added = await engine.add(caller, [new for _, new in waiting]) if waiting else []
        for (old, _), one in zip(waiting, added, strict=True):
            done.repeated += one.outcome == "repeated"
            done.added += one.outcome != "repeated"
            if old is not None:
                now[old] = one.memory.id
        waiting.clear()

    number = 0
    async for line in _split(body):
        number += 1
        if number > _MOST_LINES:
            raise BadImport(f"line {number}: a file holds at most {_MOST_LINES} lines; import it in parts")
        if (memory := _memory(number, line)) is not None:
            waiting.append(memory)
        elif (edge := _edge(number, line)) is not None:
            edges.append(edge)
        if len(waiting) == _AT_ONCE:
            await put()
    await put()
    joined = [
        (now[source], now[target], kind, strength)
        for source, target, kind, strength in edges
        if source in now and target in now and now[source] != now[target]
    ]
    if joined:
        async with caller.db(database).tx() as tx:
            await relations_store.put_joined(tx, joined)
    return done


async def _split(body: AsyncIterable[bytes]) -> AsyncGenerator[bytes]:
    rest = b""
    async for piece in body:
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            if line.strip():
                yield line
        if len(rest) > _LONGEST_LINE:
            raise BadImport(f"a line is longer than {_LONGEST_LINE} bytes; each memory is a line of its own")
    if rest.strip():
        yield rest


def _object(number: int, line: bytes) -> dict[str, Any]:
    try:
        return msgspec.json.decode(line, type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadImport(f"line {number}: it is no JSON object ({error})") from error


_SAME = (
    "store_name", "content", "source", "importance", "metadata", "expires_at", "pinned", "scope", "aliases", "speaker",
    "said_at", "happened_at", "conversation", "message_id", "span", "slot", "learned", "learned_from", "confidence",
)  # fmt: skip


def _memory(number: int, line: bytes) -> tuple[UUID | None, NewMemory] | None:
    what = _object(number, line).get("memory")
    if what is None:
        return None
    try:
        memory = Memory.model_validate(what)
        values = {name: value for name, value in memory.model_dump().items() if name in _SAME}
        # A value of a slot holds from when it did; what was folded into another goes in as what it says.
        values["happened_at"] = memory.happened_at or memory.said_at or memory.valid_from
        return memory.id, NewMemory(type=memory.memory_type, **values)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise BadImport(f"line {number}: {where}: {first['msg']}; give lines that the export wrote") from error


def _edge(number: int, line: bytes) -> tuple[UUID, UUID, str, float] | None:
    what: dict[str, Any] = _object(number, line).get("relationship") or {}
    try:
        return (
            UUID(what["source_memory_id"]), UUID(what["target_memory_id"]), str(what["relationship_type"]),
            float(what["strength"]),
        )  # fmt: skip
    except (TypeError, KeyError, ValueError) as error:
        raise BadImport(
            f"line {number}: neither a memory nor a relationship; give lines that the export wrote"
        ) from error
