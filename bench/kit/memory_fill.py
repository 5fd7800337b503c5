"""Many memories in a moment: what was said in LoCoMo again and again, with its true words and vectors a little off."""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID

import asyncpg
import numpy as np

from radiant.ai.retrieval.embedding import written
from radiant.ai.retrieval.terms import terms
from radiant.kit.ids import TenantId, UserId, uuid7

_NOISES = 4999
# Of unit length: what is said again has a cosine of about .9 to what was said.
_SPREAD = 0.45


async def fill(
    dsn: str, tenant_id: TenantId, user_id: UserId, store: str, model: str, texts: Sequence[str],
    vectors: Sequence[np.ndarray], count: int,
) -> None:  # fmt: skip
    """Give a person `count` memories in a store, past the API. `dsn`: the owner's, who may leave out the triggers."""
    connection = await asyncpg.connect(dsn)
    try:
        async with connection.transaction():
            await connection.execute("set local session_replication_role = replica")
            await connection.execute(
                "create temp table said (n integer, content text, words integer, v vector) on commit drop;"
                "create temp table off (n integer, v vector) on commit drop;"
                "create temp table said_terms (n integer, term text, tf smallint) on commit drop"
            )
            held = [Counter(terms(text, "en")) for text in texts]
            await connection.executemany(
                "insert into said values ($1, $2, $3, $4::text::vector)",
                [(n, text, held[n].total(), written(vectors[n])) for n, text in enumerate(texts)],
            )
            noise = np.random.default_rng(7).standard_normal((_NOISES, len(vectors[0]))).astype(np.float32)
            noise *= _SPREAD / np.linalg.norm(noise, axis=1, keepdims=True)
            await connection.executemany(
                "insert into off values ($1, $2::text::vector)", [(n, written(v)) for n, v in enumerate(noise)]
            )
            await connection.executemany(
                "insert into said_terms values ($1, $2, $3)",
                [(n, term, tf) for n, each in enumerate(held) for term, tf in each.items()],
            )
            store_id: UUID = await connection.fetchval(
                "insert into memory_stores (id, tenant_id, user_id, store_name, embedding_model, total_memories, languages)"
                " values ($1, $2, $3, $4, $5, $6, '{en}') returning id",
                uuid7(), tenant_id, user_id, store, model, count,
            )  # fmt: skip
            await connection.execute(
                "insert into memories (id, tenant_id, user_id, store_id, content, conversation, speaker, said_at, words,"
                " language, embedding, embedding_model, embedding_dimension, embed_due)"
                " select gen_random_uuid(), $1, $2, $3, s.content || ' (' || g || ')', 'c' || g / 400,"
                " case when g % 2 = 0 then 'Ann' else 'Ben' end, '2026-01-01Z'::timestamptz + g * interval '1 minute',"
                " s.words, 'en', l2_normalize(s.v + o.v), $4, $5, null"
                " from generate_series(0, $6::integer - 1) g join said s on s.n = g % $7 join off o on o.n = g % $8",
                tenant_id, user_id, store_id, model, len(vectors[0]), count, len(texts), _NOISES,
            )  # fmt: skip
            await connection.execute(
                "insert into memory_terms (tenant_id, user_id, term, number, tf) select $1, $2, t.term, m.number, t.tf"
                " from memories m join said_terms t"
                "  on t.n = (extract(epoch from m.said_at - '2026-01-01Z'::timestamptz) / 60)::integer % $4"
                " where m.store_id = $3 order by t.term, m.number",
                tenant_id, user_id, store_id, len(texts),
            )  # fmt: skip
        await connection.execute("vacuum analyze memories")
        await connection.execute("vacuum analyze memory_terms")
    finally:
        await connection.close()


async def first_person(dsn: str) -> tuple[TenantId, UserId]:
    """Whoever was there first, with their tenant."""
    connection = await asyncpg.connect(dsn)
    try:
        row = await connection.fetchrow("select tenant_id, id from users order by created_at limit 1")
        assert row is not None
        return TenantId(row["tenant_id"]), UserId(row["id"])
    finally:
        await connection.close()


async def add_people(dsn: str, tenant_id: TenantId, count: int) -> list[UserId]:
    """More members of a tenant."""
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch(
            "insert into users (id, tenant_id, email, role) select gen_random_uuid(), $1, 'm' || g || '@example.com',"
            " 'member' from generate_series(1, $2::integer) g returning id",
            tenant_id, count,
        )  # fmt: skip
        return [UserId(row["id"]) for row in rows]
    finally:
        await connection.close()


async def index(dsn: str, model: str, dimension: int) -> None:
    """The approximate index, as it is made once there are so many."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("set maintenance_work_mem = '1GB'")
        assert await connection.fetchval("select app.ensure_ann_index('memories', $1, $2)", model, dimension)
    finally:
        await connection.close()
