"""SQL of relationships between memories. They stay within a store, by their keys (F22.4)."""

from collections.abc import Sequence
from uuid import UUID

from radiant.infra.db import Row, Tx
from radiant.workspace.memory.schemas import Node, Relationship

_EDGES = (
    "select r.id, r.source_memory_id, r.target_memory_id, r.relationship_type, r.strength::float8 as strength"
    " from memory_relationships r where r.tenant_id = $1 and r.user_id = $2"
)


async def put(tx: Tx, store_id: UUID, source_id: UUID, target_id: UUID, kind: str, strength: float) -> Relationship:
    """Join two memories of a store; joined so before, they get the new strength."""
    row = await tx.one(
        "insert into memory_relationships as r (tenant_id, user_id, store_id, source_memory_id, target_memory_id,"
        " relationship_type, strength) values ($1, $2, $3, $4, $5, $6, $7::float8::numeric)"
        " on conflict (source_memory_id, target_memory_id, relationship_type) do update set strength = excluded.strength"
        " returning id, source_memory_id, target_memory_id, relationship_type, strength::float8 as strength",
        tx.tenant_id, tx.user_id, store_id, source_id, target_id, kind, strength,
    )  # fmt: skip
    return Relationship.model_validate(dict(row))


async def put_many(tx: Tx, kind: str, edges: Sequence[tuple[UUID, UUID]]) -> None:
    """Join memories to others by the greatest strength."""
    await tx.run(
        "insert into memory_relationships (tenant_id, user_id, store_id, source_memory_id, target_memory_id,"
        " relationship_type, strength) select $1, $2, m.store_id, e.source, e.target, $3, 1"
        " from unnest($4::uuid[], $5::uuid[]) as e(source, target)"
        " join memories m on m.tenant_id = $1 and m.user_id = $2 and m.id = e.source"
        " on conflict (source_memory_id, target_memory_id, relationship_type) do nothing",
        tx.tenant_id, tx.user_id, kind, [source for source, _ in edges], [target for _, target in edges],
    )  # fmt: skip


async def delete(tx: Tx, relationship_id: UUID) -> bool:
    """Part two memories."""
    return (
        await tx.run(
            "delete from memory_relationships where tenant_id = $1 and user_id = $2 and id = $3",
            tx.tenant_id, tx.user_id, relationship_id,
        )
        == 1
    )  # fmt: skip


async def around(tx: Tx, ids: Sequence[UUID], limit: int) -> list[Row]:
    """Edges that touch these memories, from their side (`near`, `far`), the strongest first; `far` is current."""
    return await tx.all(
        "select e.near, e.far, e.relationship_type, e.strength from ("
        " select source_memory_id as near, target_memory_id as far, relationship_type, strength::float8 as strength"
        "  from memory_relationships where tenant_id = $1 and user_id = $2 and source_memory_id = any($3::uuid[])"
        " union all select target_memory_id, source_memory_id, relationship_type, strength::float8"
        "  from memory_relationships where tenant_id = $1 and user_id = $2 and target_memory_id = any($3::uuid[])) e"
        " join memories m on m.tenant_id = $1 and m.user_id = $2 and m.id = e.far and m.status = 'current'"
        " and (m.expires_at is null or m.expires_at > current_timestamp)"
        " order by e.strength desc, e.far limit $4",
        tx.tenant_id, tx.user_id, ids, limit,
    )  # fmt: skip


async def facts(tx: Tx, kind: str, numbers: Sequence[int]) -> list[Row]:
    """Which of these memories are facts, and the numbers of what they were extracted from."""
    return await tx.all(
        "select f.number as fact, t.number as source from memories f"
        " join memory_relationships r on r.tenant_id = $1 and r.user_id = $2 and r.source_memory_id = f.id"
        "  and r.relationship_type = $3"
        " join memories t on t.tenant_id = $1 and t.user_id = $2 and t.id = r.target_memory_id"
        " where f.tenant_id = $1 and f.user_id = $2 and f.number = any($4::bigint[])",
        tx.tenant_id, tx.user_id, kind, numbers,
    )  # fmt: skip


async def nodes(tx: Tx, limit: int) -> list[Node]:
    """Current memories that have relationships, the most important first."""
    rows = await tx.all(
        "select m.id, left(m.content, 200) as content, m.memory_type, m.importance::float8 as importance, m.pinned"
        " from memories m where m.tenant_id = $1 and m.user_id = $2 and m.status = 'current'"
        " and (m.expires_at is null or m.expires_at > current_timestamp)"
        " and exists (select from memory_relationships r where r.tenant_id = $1 and r.user_id = $2"
        "  and (r.source_memory_id = m.id or r.target_memory_id = m.id))"
        " order by m.pinned desc, m.importance desc, m.number desc limit $3",
        tx.tenant_id, tx.user_id, limit,
    )  # fmt: skip
    return [Node.model_validate(dict(row)) for row in rows]


async def among(tx: Tx, ids: Sequence[UUID], limit: int) -> list[Relationship]:
    """Edges of which both ends are among these."""
    rows = await tx.all(
        _EDGES + " and r.source_memory_id = any($3::uuid[]) and r.target_memory_id = any($3::uuid[])"
        " order by r.strength desc, r.id limit $4",
        tx.tenant_id, tx.user_id, ids, limit,
    )  # fmt: skip
    return [Relationship.model_validate(dict(row)) for row in rows]


async def move(tx: Tx, from_ids: Sequence[UUID], to_id: UUID) -> None:
    """Edges of memories that were merged go to the one that stays; those that it has already, or that would join it to
    itself, go."""
    await tx.run(
        "with old as (delete from memory_relationships where tenant_id = $1 and user_id = $2"
        "  and (source_memory_id = any($3::uuid[]) or target_memory_id = any($3::uuid[])) returning *),"
        " moved as (select store_id, case when source_memory_id = any($3::uuid[]) then $4 else source_memory_id end as s,"
        "  case when target_memory_id = any($3::uuid[]) then $4 else target_memory_id end as t, relationship_type,"
        "  max(strength) as strength from old group by 1, 2, 3, 4)"
        " insert into memory_relationships (tenant_id, user_id, store_id, source_memory_id, target_memory_id,"
        " relationship_type, strength) select $1, $2, store_id, s, t, relationship_type, strength from moved where s <> t"
        " on conflict (source_memory_id, target_memory_id, relationship_type) do nothing",
        tx.tenant_id, tx.user_id, from_ids, to_id,
    )  # fmt: skip


async def page(tx: Tx, after: UUID | None, limit: int) -> list[Relationship]:
    """All of the caller's, by id."""
    rows = await tx.all(
        _EDGES + " and ($3::uuid is null or r.id > $3) order by r.id limit $4",
        tx.tenant_id, tx.user_id, after, limit,
    )  # fmt: skip
    return [Relationship.model_validate(dict(row)) for row in rows]


async def put_joined(tx: Tx, edges: Sequence[tuple[UUID, UUID, str, float]]) -> None:
    """Join memories that are in one store; other pairs are left out."""
    await tx.run(
        "insert into memory_relationships (tenant_id, user_id, store_id, source_memory_id, target_memory_id,"
        " relationship_type, strength) select distinct on (e.source, e.target, e.kind) $1::uuid, $2::uuid, s.store_id,"
        "  e.source, e.target, e.kind, e.strength::numeric"
        " from unnest($3::uuid[], $4::uuid[], $5::text[], $6::float8[]) as e(source, target, kind, strength)"
        " join memories s on s.tenant_id = $1 and s.user_id = $2 and s.id = e.source"
        " join memories t on t.tenant_id = $1 and t.user_id = $2 and t.id = e.target and t.store_id = s.store_id"
        " on conflict (source_memory_id, target_memory_id, relationship_type) do nothing",
        tx.tenant_id, tx.user_id, [e[0] for e in edges], [e[1] for e in edges], [e[2] for e in edges],
        [e[3] for e in edges],
    )  # fmt: skip
