"""/api/memory. All of it is the caller's own, which nobody else of the workspace sees; or, with `group`, what a group of
theirs has in common."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse

from radiant.foundation.identity.callers import Caller
from radiant.foundation.identity.dependencies import AdminCaller, AnyCaller, Databases, MemberCaller
from radiant.http.idempotency import IdempotencyKey
from radiant.http.pages import Cursor, ItemsOf, Limit, PageOf
from radiant.kit.page import decode_cursor, encode_cursor, moment
from radiant.workspace.memory import portable, sharing, store
from radiant.workspace.memory.schemas import (
    Added,
    AddedAll,
    Batch,
    Changes,
    Forget,
    Forgotten,
    Found,
    Graph,
    GroupMemory,
    Happening,
    ImportedMemories,
    MembersMay,
    Memory,
    MemoryText,
    MergeMemories,
    NewMemory,
    NewRelationship,
    NewStore,
    Related,
    Relationship,
    State,
    Store,
)
from radiant.workspace.memory.schemas import Query as Wanted
from radiant.workspace.memory.service import Memory as Engine

router = APIRouter(prefix="/api/memory", tags=["memory"])

_Text = Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$")]


_Group = Annotated[
    UUID | None, Query(description="act for what this group has in common, in place of the caller's own memory")
]


async def _reader(database: Databases, caller: AnyCaller, group: _Group = None) -> Caller:
    return caller if group is None else await sharing.acting(database, caller, group, "read")


async def _writer(database: Databases, caller: MemberCaller, group: _Group = None) -> Caller:
    return caller if group is None else await sharing.acting(database, caller, group, "write")


async def _manager(database: Databases, caller: MemberCaller, group: _Group = None) -> Caller:
    return caller if group is None else await sharing.acting(database, caller, group, "manage")


# Whoever may look at, change, or empty the memory that the request is about.
Reader = Annotated[Caller, Depends(_reader)]
Writer = Annotated[Caller, Depends(_writer)]
Manager = Annotated[Caller, Depends(_manager)]


def engine_of(request: Request) -> Engine:
    """The engine that the root made."""
    return request.app.state.memory


@router.post("/stores", operation_id="get_or_create_store")
async def get_or_create_store(request: Request, caller: Writer, new: NewStore) -> Store:
    """The store of that name, made where it is absent."""
    return await engine_of(request).get_or_create_store(caller, new)


@router.get("/stores")
async def list_stores(caller: Reader, database: Databases) -> ItemsOf[Store]:
    """The caller's stores, by name."""
    async with caller.db(database).tx() as tx:
        return ItemsOf(items=[Store.model_validate(dict(row)) for row in await store.stores(tx)])


@router.delete("/stores/{store_id}", status_code=204)
async def delete_store(request: Request, caller: Manager, store_id: UUID) -> None:
    """Delete a store with all that is in it."""
    await engine_of(request).delete_store(caller, store_id)


@router.post("/memories", status_code=201, operation_id="add_memory")
async def add_memory(
    request: Request, caller: Writer, new: MemoryText, idempotency_key: IdempotencyKey = None
) -> Added:
    """Remember something. It is found by its words at once and by its meaning within two seconds. What was said before
    becomes evidence; another value of the same slot is superseded."""
    (added,) = await engine_of(request).add(caller, [NewMemory(**dict(new))], idempotency_key)
    return added


@router.post("/memories/batch", status_code=201, operation_id="add_memories")
async def add_memories(
    request: Request, caller: Writer, batch: Batch, idempotency_key: IdempotencyKey = None
) -> AddedAll:
    """Remember several things at once: all of them, or none."""
    memories = [NewMemory(**dict(new)) for new in batch.memories]
    return AddedAll(results=await engine_of(request).add(caller, memories, idempotency_key))


@router.get("/memories")
async def list_memories(
    caller: Reader,
    database: Databases,
    store_name: _Text = None,
    type: _Text = None,
    state: State | None = None,
    search: _Text = None,
    conversation: _Text = None,
    learned: bool | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> PageOf[Memory]:
    """The caller's memories, the newest first; `search` looks for the very words."""
    before = moment(*decode_cursor(cursor, 2)) if cursor is not None else None
    async with caller.db(database).tx() as tx:
        found = await store.page(
            tx, store_name, type, state, (search or "").strip() or None, conversation, learned, before, limit
        )
    last = found[-1] if len(found) == limit else None
    return PageOf(items=found, next=encode_cursor(last.created_at.isoformat(), str(last.id)) if last else None)


@router.post("/memories/merge", operation_id="merge_memories")
async def merge_memories(request: Request, caller: Writer, merge: MergeMemories) -> Memory:
    """Make one of several: the first stays, the others are its evidence."""
    return await engine_of(request).merge(caller, merge)


@router.get("/memories/{memory_id}")
async def read_memory(request: Request, caller: Reader, memory_id: UUID) -> Memory:
    """A memory."""
    return await engine_of(request).get(caller, memory_id)


@router.patch("/memories/{memory_id}", operation_id="update_memory")
async def update_memory(request: Request, caller: Writer, memory_id: UUID, changes: Changes) -> Memory:
    """Change a memory. Changed words are a new version; the old one stays in its history."""
    return await engine_of(request).update(caller, memory_id, changes)


@router.delete("/memories/{memory_id}", status_code=204, operation_id="delete_memory")
async def delete_memory(request: Request, caller: Writer, memory_id: UUID) -> None:
    """Forget a memory with everything that was kept of it."""
    await engine_of(request).delete(caller, memory_id)


@router.get("/memories/{memory_id}/history", operation_id="memory_history")
async def memory_history(request: Request, caller: Reader, database: Databases, memory_id: UUID) -> ItemsOf[Happening]:
    """What became of a memory, the newest first."""
    await engine_of(request).get(caller, memory_id)
    async with caller.db(database).tx() as tx:
        rows = await store.events(tx, memory_id, None, 200)
    return ItemsOf(items=[Happening.model_validate(dict(row)) for row in rows])


@router.post("/memories/{memory_id}/restore")
async def restore_memory(request: Request, caller: Writer, memory_id: UUID) -> Memory:
    """Undo that a memory was superseded."""
    return await engine_of(request).restore(caller, memory_id)


@router.post("/memories/{memory_id}/confirm")
async def confirm_memory(request: Request, caller: Writer, memory_id: UUID) -> Memory:
    """Say that a memory which needs a review is right."""
    return await engine_of(request).confirm(caller, memory_id)


@router.post("/memories/{memory_id}/relationships", status_code=201, operation_id="add_relationship")
async def add_relationship(request: Request, caller: Writer, memory_id: UUID, new: NewRelationship) -> Relationship:
    """Join a memory to another of its store; searches may follow it (`hops`)."""
    return await engine_of(request).add_relationship(caller, memory_id, new)


@router.get("/memories/{memory_id}/related", operation_id="get_related_memories")
async def get_related_memories(
    request: Request,
    caller: Reader,
    memory_id: UUID,
    limit: Annotated[int, Query(ge=1, le=100)] = 5,
    depth: Annotated[int, Query(ge=1, le=3)] = 1,
) -> ItemsOf[Related]:
    """Memories that relationships lead to, in either direction, the most strongly joined first."""
    return ItemsOf(items=await engine_of(request).get_related(caller, memory_id, limit, depth))


@router.delete("/relationships/{relationship_id}", status_code=204)
async def delete_relationship(request: Request, caller: Writer, relationship_id: UUID) -> None:
    """Part two memories."""
    await engine_of(request).delete_relationship(caller, relationship_id)


@router.get("/graph")
async def read_graph(request: Request, caller: Reader, limit: Annotated[int, Query(ge=1, le=500)] = 100) -> Graph:
    """Memories that have relationships, and those."""
    return await engine_of(request).graph(caller, limit)


@router.post("/search", operation_id="search_memories")
async def search_memories(request: Request, caller: Reader, query: Wanted) -> Found:
    """What is remembered that answers a question, and why each came back. Nothing comes back where nothing fits;
    `min_similarity: 0` gives the whole ranked list."""
    return await engine_of(request).search(caller, query)


@router.get("/timeline")
async def read_timeline(
    caller: Reader, database: Databases, cursor: Cursor = None, limit: Limit = 50
) -> PageOf[Happening]:
    """What became of the caller's memories, the newest first; of what was forgotten no words are left."""
    before = moment(*decode_cursor(cursor, 2)) if cursor is not None else None
    async with caller.db(database).tx() as tx:
        rows = await store.events(tx, None, before, limit)
    last = rows[-1] if len(rows) == limit else None
    items = [Happening.model_validate(dict(row)) for row in rows]
    return PageOf(items=items, next=encode_cursor(last["at"].isoformat(), str(last["id"])) if last else None)


@router.get("/export", operation_id="export_memories", response_class=StreamingResponse)
async def export_memories(caller: Reader, database: Databases) -> StreamingResponse:
    """All of the caller's memories and relationships, as JSON lines."""
    headers = {"Content-Disposition": 'attachment; filename="radiant-memories.jsonl"', "Cache-Control": "no-store"}
    return StreamingResponse(portable.lines(caller, database), media_type="application/jsonl", headers=headers)


@router.post("/import", operation_id="import_memories")
async def import_memories(request: Request, caller: Writer, database: Databases) -> ImportedMemories:
    """Take in an export. What is there already becomes evidence, so importing twice changes nothing."""
    return await portable.read(caller, database, engine_of(request), request.stream())


@router.post("/forget", operation_id="forget")
async def forget(request: Request, caller: Manager, what: Forget) -> Forgotten:
    """Forget some memories, those of a store, or all."""
    return Forgotten(forgotten=await engine_of(request).forget(caller, what))


@router.get("/groups")
async def list_group_memories(caller: AnyCaller, database: Databases) -> ItemsOf[GroupMemory]:
    """Memories that the caller's groups have in common, by name; for an admin those of every group. `group` in the other
    requests is the id of one."""
    return ItemsOf(items=await sharing.listed(database, caller))


@router.put("/groups/{group_id}")
async def share_memory(caller: AdminCaller, database: Databases, group_id: UUID, wanted: MembersMay) -> GroupMemory:
    """Let a group have a memory in common, or say anew what its members may do with it."""
    return await sharing.put(database, caller, group_id, wanted)


@router.delete("/groups/{group_id}", status_code=204)
async def unshare_memory(caller: AdminCaller, database: Databases, group_id: UUID) -> None:
    """Take a group's memory away, with all that is in it."""
    await sharing.delete(database, caller, group_id)
