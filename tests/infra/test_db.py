"""The handles on the database: one tenant a transaction, given back clean whatever happened."""

import asyncio
import datetime
import uuid
from typing import Any

import asyncpg
import pytest

from radiant.infra.db import Database, TenantDb, open_pool
from radiant.kit.ids import TenantId
from tests.kit import postgres
from tests.kit.people import Tenant


async def test_a_transaction_knows_its_tenant_and_person_and_a_system_one_has_neither(db: Database, tenant: Tenant):
    async with tenant.db.tx() as tx:
        assert (tx.tenant_id, tx.user_id) == (tenant.id, tenant.user_id)
    async with tenant.nobody_db.tx() as tx:
        with pytest.raises(RuntimeError):
            _ = tx.user_id
    async with db.system("test").tx() as tx:
        with pytest.raises(RuntimeError):
            _ = tx.tenant_id


async def test_an_id_that_is_none_cannot_become_sql(db: Database):
    handle = TenantDb(db.app, TenantId("x'; drop table users; --"))  # type: ignore[arg-type]

    with pytest.raises(ValueError):
        async with handle.tx():
            pass


async def test_f0_2_a_connection_that_failed_in_mid_transaction_serves_the_next_tenant_clean(
    dsns: postgres.Dsns, two_tenants: tuple[Tenant, Tenant]
):
    """One connection, so that whatever a failure leaves behind is met by the next."""
    ours, theirs = two_tenants
    pool = await open_pool(dsns.app, name="one", max_size=1)
    try:
        mine, other = TenantDb(pool, ours.id, ours.user_id), TenantDb(pool, theirs.id)
        for failure in (ZeroDivisionError, asyncio.CancelledError):
            with pytest.raises(failure):
                async with mine.tx() as tx:
                    await tx.value("select 1")
                    raise failure
            async with other.tx() as tx:
                assert await tx.value("select app.tenant()") == theirs.id
                assert await tx.value("select app.person()") is None
        with pytest.raises(asyncpg.PostgresSyntaxError):
            async with mine.tx() as tx:
                await tx.all("selec")
        async with other.tx() as tx:
            assert [row["id"] for row in await tx.all("select id from tenants")] == [theirs.id]
    finally:
        await pool.close()


async def test_f0_2_many_tenants_on_few_connections_never_see_each_other(owner: Any, db: Database, make_tenant: Any):
    tenants = [await make_tenant() for _ in range(12)]

    async def look(tenant_id: TenantId) -> set[uuid.UUID]:
        seen: set[uuid.UUID] = set()
        for _ in range(25):
            async with db.tenant(tenant_id).tx() as tx:
                seen |= {row["id"] for row in await tx.all("select id from tenants")}
        return seen

    assert await asyncio.gather(*(look(tenant) for tenant in tenants)) == [{tenant} for tenant in tenants]


async def test_a_cancelled_query_gives_its_connection_back(dsns: postgres.Dsns, tenant: Tenant):
    pool = await open_pool(dsns.app, name="one", max_size=1)
    try:
        handle = TenantDb(pool, tenant.id)

        async def slow() -> None:
            async with handle.tx() as tx:
                await tx.all("select pg_sleep(30)")

        task = asyncio.create_task(slow())
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with asyncio.timeout(5), handle.tx() as tx:
            assert await tx.value("select 1") == 1
    finally:
        await pool.close()


async def test_json_times_and_counts_come_back_as_python(tenant: Tenant):
    at = datetime.datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=datetime.UTC)
    async with tenant.db.tx() as tx:
        assert await tx.value("select $1::jsonb", {"a": [1, None, "é"], "id": tenant.id}) == {
            "a": [1, None, "é"],
            "id": str(tenant.id),
        }
        assert await tx.value("select $1::timestamptz", at) == at
        assert await tx.value("show timezone") == "UTC"
        assert await tx.run("update users set name = 'x' where tenant_id = $1", tx.tenant_id) == 2
        assert await tx.one_or_none("select 1 where false") is None
        with pytest.raises(LookupError):
            await tx.one("select 1 where false")


async def test_the_application_cannot_become_another_role_or_switch_the_policies_off(tenant: Tenant):
    for statement in (
        "set role radiant_system",
        "set role postgres",
        "alter table chats disable row level security",
        "drop policy person on chats",
        "create policy mine on chats using (true)",
        "create table mine (id integer)",
        "truncate chats",
        "copy users to stdout",
        "select password_hash from users",
        "select token_hash from sessions",
        "select secret_hash from api_keys",
        "update users set is_operator = true",
        "update tenants set plan = 'enterprise'",
        "create function f() returns integer language sql security definer as 'select 1'",
    ):
        with pytest.raises(asyncpg.PostgresError):
            async with tenant.db.tx() as tx:
                await tx.connection.execute(statement)
    # Switching one's own row security off makes a query fail, not see more.
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with tenant.db.tx() as tx:
            await tx.connection.execute("set local row_security = off")
            await tx.all("select id from chats")
