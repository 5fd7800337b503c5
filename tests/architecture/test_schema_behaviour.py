"""What the schema itself sees to, so that no service has to."""

import asyncio
import datetime
from typing import Any

import asyncpg
import pytest

from radiant.infra.db import Database
from tests.kit.catalogue import Table, read_tables
from tests.kit.people import Tenant
from tests.kit.rows import RowBuilder


@pytest.fixture
async def tables(owner: Any) -> dict[str, Table]:
    return await read_tables(owner)


@pytest.fixture
def builder(owner: Any, tables: dict[str, Table], tenant: Tenant) -> RowBuilder:
    return RowBuilder(owner, tables, tenant.id, tenant.user_id)


async def _memories(tenant: Tenant, store_id: Any, count: int) -> None:
    async with tenant.db.tx() as tx:
        await tx.run(
            "insert into memories (tenant_id, user_id, store_id, content)"
            " select $1, $2, $3, n::text from generate_series(1, $4::integer) n",
            tx.tenant_id, tx.user_id, store_id, count,
        )  # fmt: skip


async def test_the_count_of_a_store_follows_its_memories_however_they_come_and_go(
    owner: Any, db: Database, tenant: Tenant, builder: RowBuilder
):
    store = await builder.row("memory_stores")

    async def total() -> int:
        return await owner.fetchval("select total_memories from memory_stores where id = $1", store["id"])

    await _memories(tenant, store["id"], 5)
    assert await total() == 5
    async with tenant.db.tx() as tx:
        await tx.run("delete from memories where tenant_id = $1 and content in ('1', '2')", tx.tenant_id)
    assert await total() == 3
    await owner.execute("update memories set expires_at = current_timestamp - interval '2 days' where content = '3'")
    # A row that another process of the tests gives its vector in that very moment is left for the next time.
    for _ in range(20):
        async with db.system("test").tx() as tx:
            await tx.all("select * from app.apply_retention()")
        if await total() == 2:
            break
        await asyncio.sleep(0.1)
    assert await total() == 2
    with pytest.raises(ZeroDivisionError):
        async with tenant.db.tx() as tx:
            await tx.run("delete from memories where tenant_id = $1", tx.tenant_id)
            raise ZeroDivisionError
    assert await total() == 2


async def test_a_relationship_joins_two_memories_of_one_store(owner: Any, builder: RowBuilder):
    values = await builder.values("memory_relationships")
    await builder.insert("memory_relationships", values)
    elsewhere = await builder.insert("memory_stores", await builder.values("memory_stores", store_name="elsewhere"))
    foreign = await builder.insert("memories", await builder.values("memories", store_id=elsewhere["id"]))

    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await builder.insert("memory_relationships", values | {"target_memory_id": foreign["id"]})


@pytest.mark.parametrize("table", ["memories"])
async def test_vectors_are_of_any_length_and_name_their_model(owner: Any, builder: RowBuilder, table: str):
    row = await builder.row(table)
    for length in (3, 384, 1536, 4096):
        await owner.execute(
            f"update {table} set embedding = $2::text::vector, embedding_dimension = $3, embedding_model = 'm'"
            " where id = $1",
            row["id"], str([0.5] * length), length,
        )  # fmt: skip
    for wrong in (
        "embedding_dimension = 5",
        "embedding_model = null",
        "embedding = null",
        "embedding_dimension = null",
    ):
        with pytest.raises(asyncpg.CheckViolationError):
            await owner.execute(f"update {table} set {wrong}")


@pytest.mark.parametrize("table", ["memories"])
async def test_an_approximate_index_is_made_when_it_pays_and_then_used(
    owner: Any, db: Database, builder: RowBuilder, table: str
):
    row = await builder.row(table)
    await owner.execute(
        f"update {table} set embedding = '[1,0,0]', embedding_dimension = 3, embedding_model = 'it''s' where id = $1",
        row["id"],
    )
    try:
        async with db.system("test").tx() as tx:
            assert not await tx.value("select app.ensure_ann_index($1::text::regclass, 'it''s', 3)", table)
            assert await tx.value("select app.ensure_ann_index($1::text::regclass, 'it''s', 3, 1)", table)
            assert await tx.value("select app.ensure_ann_index($1::text::regclass, 'it''s', 3, 1)", table)
        async with owner.transaction():
            await owner.execute("set local enable_seqscan = off")
            await owner.execute("set local enable_sort = off")
            plan = await owner.fetch(
                f"explain select id from {table} where embedding_model = 'it''s'"
                " order by embedding::halfvec(3) <=> '[1,0,0]'::halfvec(3) limit 1"
            )
        assert any("_ann_" in line[0] for line in plan)
    finally:
        for index in await owner.fetch("select relname from pg_class where relname like '%\\_ann\\_%'"):
            await owner.execute(f"drop index {index[0]}")


async def test_there_is_no_approximate_index_on_an_empty_table(owner: Any):
    assert not await owner.fetchval("select count(*) from pg_indexes where indexdef ~ 'ivfflat|hnsw'")


async def test_one_statement_can_close_the_gap_that_a_pane_leaves(tenant: Tenant, builder: RowBuilder):
    session = await builder.row("concurrent_sessions")
    for n in range(4):
        await builder.insert("concurrent_panes", await builder.values("concurrent_panes", pane_index=n))

    async with tenant.db.tx() as tx:
        await tx.run("delete from concurrent_panes where tenant_id = $1 and pane_index = 1", tx.tenant_id)
        await tx.run(
            "update concurrent_panes set pane_index = pane_index - 1"
            " where tenant_id = $1 and session_id = $2 and pane_index > 1",
            tx.tenant_id, session["id"],
        )  # fmt: skip
        rows = await tx.all("select pane_index from concurrent_panes where tenant_id = $1 order by 1", tx.tenant_id)

    assert [row["pane_index"] for row in rows] == [0, 1, 2]


async def test_the_log_of_accesses_records_what_never_was_and_outlives_what_was(
    owner: Any, db: Database, tenant: Tenant, builder: RowBuilder
):
    credential = await builder.row("stored_credentials")
    first = await builder.values("credential_access_log", credential_id=credential["id"], seq=1)
    await builder.insert("credential_access_log", first)
    async with tenant.db.tx() as tx:
        await tx.run("delete from credential_vaults where tenant_id = $1", tx.tenant_id)

    assert await owner.fetchval("select count(*) from stored_credentials") == 0
    assert await owner.fetchval("select count(*) from credential_access_log") == 1
    with pytest.raises(asyncpg.UniqueViolationError):
        await builder.insert("credential_access_log", await builder.values("credential_access_log", seq=1))
    for statement in ("update credential_access_log set success = true", "delete from credential_access_log"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with db.system("test").tx() as tx:
                await tx.connection.execute(statement)


async def test_an_asset_of_nobody_is_the_tenants_and_one_below_another_tenant_is_none(builder: RowBuilder):
    with pytest.raises(asyncpg.CheckViolationError):
        await builder.insert("assets", await builder.values("assets", user_id=None))
    for key in ("elsewhere/x", "x"):
        with pytest.raises(asyncpg.CheckViolationError):
            await builder.insert("assets", await builder.values("assets", key=key))


async def test_periods_begin_where_utc_hours_days_iso_weeks_and_months_do(builder: RowBuilder):
    monday = datetime.datetime(2026, 11, 16, tzinfo=datetime.UTC)
    good = {
        "hourly": monday.replace(hour=5),
        "daily": monday.replace(day=18),
        "weekly": monday,
        "monthly": monday.replace(day=1),
    }
    for period_type, start in good.items():
        end = start + datetime.timedelta(hours=1)
        values = {"period_type": period_type, "period_start": start, "period_end": end}
        await builder.insert("aggregated_metrics", await builder.values("aggregated_metrics", **values))
        wrong = values | {"period_start": start + datetime.timedelta(minutes=30)}
        with pytest.raises(asyncpg.CheckViolationError):
            await builder.insert("aggregated_metrics", await builder.values("aggregated_metrics", **wrong))


async def test_f0_10_a_person_exports_everything_of_their_own_and_nothing_of_anybody_elses(
    owner: Any, tables: dict[str, Table], tenant: Tenant, builder: RowBuilder
):
    other = RowBuilder(owner, tables, tenant.id, tenant.other_user_id)
    readable: set[str] = set()
    for name, table in tables.items():
        if {"tenant_id", "user_id"} <= set(table.columns):
            await builder.row(name)
            # One visual job, run … of the other person too, where nothing is unique in the tenant.
            try:
                async with owner.transaction():
                    await other.row(name)
            except asyncpg.UniqueViolationError:
                continue
            if await owner.fetchval("select has_any_column_privilege('radiant_app', $1, 'select')", name):
                readable.add(name)

    async with tenant.db.tx() as tx:
        exported = {row["table_name"]: row["content"] for row in await tx.all("select * from app.export_person()")}

    derived = await owner.fetch("select relname from pg_class where obj_description(oid, 'pg_class') like 'derived:%'")
    assert {name for name in readable if not exported.get(name)} == {row["relname"] for row in derived}
    assert [row["id"] for row in exported["users"]] == [str(tenant.user_id)]
    assert str(tenant.other_user_id) not in str(exported)
    assert "hash" not in {column for rows in exported.values() for row in rows for column in row}
