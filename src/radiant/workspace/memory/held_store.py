"""SQL of what a process holds of a person's memories: what changed since it looked, as columns.

A snapshot is what Postgres writes of one: "xmin:xmax:xip, …". Transactions that another cluster began lie ahead of this
one's after a dump was restored; they are old ones.
"""

from typing import Final

from radiant.infra.db import Row, Tx
from radiant.workspace.memory.search_store import RECORD, SEPARATOR

NEVER: Final = "1:1:"
"""The snapshot of whoever has seen nothing."""


async def look(tx: Tx, snapshot: str, conversation: str | None) -> Row:
    """What is so now: `snapshot`, `now` in seconds, `talk` of a conversation, the ids of the stores, whether memories
    `changed` since that snapshot, and whether some were `dropped`."""
    return await tx.one(
        "select pg_current_snapshot()::text as snapshot, extract(epoch from current_timestamp)::float8 as now,"
        " hashtextextended($5, 0) as talk, exists (select from memories m where m.tenant_id = $1 and m.user_id = $2"
        "  and m.changed >= $4 and m.changed < pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
        "  and not pg_visible_in_snapshot(m.changed::text::xid8, $3::text::pg_snapshot)) as changed,"
        " coalesce((select bool_or(s.dropped >= $4 and s.dropped < pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
        "  and not pg_visible_in_snapshot(s.dropped::text::xid8, $3::text::pg_snapshot)) from memory_stores s"
        "  where s.tenant_id = $1 and s.user_id = $2), false) as dropped,"
        " array(select s.id from memory_stores s where s.tenant_id = $1 and s.user_id = $2) as stores",
        tx.tenant_id, tx.user_id, snapshot, xmin(snapshot), conversation,
    )  # fmt: skip


def xmin(snapshot: str) -> int:
    """The oldest transaction that may not be visible in it."""
    return int(snapshot.partition(":")[0])


async def changed(tx: Tx, snapshot: str) -> Row:
    """Memories that a snapshot did not see as they are, each column one value a memory, in network order or joined by
    RECORD, as `search_store.columns` has them; `store`: 16 bytes, `vectors`: as pgvector sends them, nothing where there is none; those that do not
    hold are told of (`holds`). Times are seconds; `useful` -1 for never."""
    return await tx.one(
        "select string_agg(int8send(number), '') as numbers,"
        " string_agg(boolsend(holds), '') as holds, string_agg(uuid_send(store_id), '') as store,"
        " string_agg(int4send(words), '') as words, string_agg(int8send(talk), '') as talk,"
        " string_agg(float8send(said), '') as said, string_agg(speaker, $5) as speaker,"
        " string_agg(float4send(importance), '') as importance, string_agg(float8send(useful), '') as useful,"
        " string_agg(float8send(expires), '') as expires, string_agg(boolsend(pinned), '') as pinned,"
        " string_agg(memory_type, $5) as kind, string_agg(alias, $5) as alias, string_agg(scope, $5) as scope,"
        " string_agg(int4send(dimension), '') as dimensions, string_agg(model, $5) as model,"
        " string_agg(vector, '') as vectors from ("
        " select m.number, m.status = 'current' as holds, m.store_id, coalesce(m.words, 0) as words,"
        "  coalesce(hashtextextended(m.conversation, 0), 0) as talk,"
        "  extract(epoch from coalesce(m.said_at, m.happened_at, m.created_at))::float8 as said,"
        "  translate(coalesce(m.speaker, ''), $5, '') as speaker, m.importance::float4 as importance,"
        "  coalesce(extract(epoch from m.last_useful)::float8, -1) as useful,"
        "  coalesce(extract(epoch from m.expires_at)::float8, 'infinity') as expires, m.pinned, m.memory_type,"
        "  translate(array_to_string(m.aliases, $6), $5, '') as alias,"
        "  translate(array_to_string(m.scope, $6), $5, '') as scope,"
        "  case when m.status = 'current' then coalesce(m.embedding_dimension, 0) else 0 end as dimension,"
        "  translate(coalesce(m.embedding_model, ''), $5, '') as model,"
        "  case when m.status = 'current' then vector_send(m.embedding) end as vector"
        " from memories m where m.tenant_id = $1 and m.user_id = $2 and ($4 = 1 or m.changed >= $4"
        "  and m.changed < pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
        "  and not pg_visible_in_snapshot(m.changed::text::xid8, $3::text::pg_snapshot)) order by m.number) found",
        tx.tenant_id, tx.user_id, snapshot, xmin(snapshot), RECORD, SEPARATOR,
    )  # fmt: skip


async def present(tx: Tx) -> bytes:
    """The numbers of all memories of the caller, in network order."""
    return await tx.value(
        "select coalesce(string_agg(int8send(number), ''), '') from memories where tenant_id = $1 and user_id = $2",
        tx.tenant_id, tx.user_id,
    )  # fmt: skip
