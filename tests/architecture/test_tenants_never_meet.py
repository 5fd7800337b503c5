"""Two tenants, and two people of one tenant, over every table: nobody reads, changes or plants another's rows."""

from typing import Any

import asyncpg
import pytest

from radiant.infra.db import Database, TenantDb
from tests.kit import postgres
from tests.kit.catalogue import Table, read_tables
from tests.kit.people import Tenant
from tests.kit.rows import RowBuilder

REFUSED = (asyncpg.InsufficientPrivilegeError,)


@pytest.fixture
async def tables(owner: Any) -> dict[str, Table]:
    return await read_tables(owner)


async def _privileged_columns(owner: Any, table: str, verb: str) -> list[str]:
    rows = await owner.fetch(
        "select attname from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped"
        " and attgenerated = '' and has_column_privilege('radiant_app', attrelid, attnum, $2)",
        table,
        verb,
    )
    return [row[0] for row in rows]


async def _may(owner: Any, table: str, verb: str) -> bool:
    return await owner.fetchval("select has_table_privilege('radiant_app', $1, $2)", table, verb)


async def _touched(owner: Any, db: TenantDb, table: str, condition: str, *args: Any) -> list[str]:
    """What this caller can do to the rows that `condition` finds; [] when nothing."""
    done: list[str] = []
    readable = await _privileged_columns(owner, table, "select")
    # A condition on a column that may not be read is itself refused, which is as good.
    if readable:
        async with db.tx() as tx:
            if await tx.connection.fetchval(f"select count(*) from {table} where {condition}", *args):
                done.append("select")
    if (updatable := await _privileged_columns(owner, table, "update")) and readable:
        column = updatable[0]
        async with db.tx() as tx:
            status = await tx.connection.execute(f"update {table} set {column} = {column} where {condition}", *args)
            if status != "UPDATE 0":
                done.append("update")
    if await _may(owner, table, "delete") and readable:
        async with db.tx() as tx:
            status = await tx.connection.execute(f"delete from {table} where {condition}", *args)
            if status != "DELETE 0":
                done.append("delete")
    return done


async def _can_plant(owner: Any, db: TenantDb, table: str, values: dict[str, Any]) -> bool:
    allowed = await _privileged_columns(owner, table, "insert")
    offered = {column: value for column, value in values.items() if column in allowed}
    if not offered:
        return False
    async with db.pool.acquire() as connection:
        await connection.execute(f"begin; set local app.current_tenant_id = '{db.tenant_id}'")
        try:
            if db.user_id is not None:
                await connection.execute(f"set local app.current_user_id = '{db.user_id}'")
            columns = ", ".join(f'"{c}"' for c in offered)
            places = ", ".join(f"${n}" for n in range(1, len(offered) + 1))
            await connection.execute(
                f"insert into {table} ({columns}) values ({places})",
                *({} if value == "{}" else value for value in offered.values()),
            )
        except REFUSED:
            return False
        finally:
            await connection.execute("rollback")
    return True


def _tenant_tables(tables: dict[str, Table]) -> list[str]:
    return [name for name, table in tables.items() if "tenant_id" in table.columns]


async def test_f0_1_another_tenant_sees_changes_and_plants_nothing_in_any_table(
    owner: Any, tables: dict[str, Table], two_tenants: tuple[Tenant, Tenant]
):
    ours, theirs = two_tenants
    builder = RowBuilder(owner, tables, ours.id, ours.user_id)
    problems: list[str] = []
    swept = 0
    for name in _tenant_tables(tables):
        await builder.row(name)
        swept += 1
        for db in (theirs.db, theirs.nobody_db):
            done = await _touched(owner, db, name, "tenant_id = $1", ours.id)
            # Whoever can set a tenant but claims our person still has the other tenant.
            pretender = TenantDb(db.pool, theirs.id, ours.user_id)
            done += await _touched(owner, pretender, name, "tenant_id = $1", ours.id)
            if done:
                problems.append(f"{name}: {done}")
        if await _can_plant(owner, theirs.db, name, await builder.values(name)):
            problems.append(f"{name}: plant")
    assert swept > 60

    assert not problems, "\n".join(problems)


async def test_f0_1_a_tenants_row_itself_is_seen_by_that_tenant_alone(two_tenants: tuple[Tenant, Tenant]):
    ours, theirs = two_tenants
    async with ours.db.tx() as tx:
        assert [row["id"] for row in await tx.all("select id from tenants")] == [ours.id]
        assert await tx.run("update tenants set name = 'taken' where id = $1", theirs.id) == 0


async def test_f0_1_a_row_cannot_be_moved_to_another_tenant(
    owner: Any, tables: dict[str, Table], two_tenants: tuple[Tenant, Tenant]
):
    ours, theirs = two_tenants
    builder = RowBuilder(owner, tables, ours.id, ours.user_id)
    problems: list[str] = []
    for name in _tenant_tables(tables):
        if "tenant_id" not in await _privileged_columns(owner, name, "update"):
            continue
        await builder.row(name)
        try:
            async with ours.db.tx() as tx:
                moved = await tx.connection.execute(
                    f"update {name} set tenant_id = $1 where tenant_id = $2", theirs.id, ours.id
                )
        except REFUSED:
            continue
        except (asyncpg.ForeignKeyViolationError, asyncpg.CheckViolationError):
            problems.append(f"{name}: a key refused it, and not the policy")
            continue
        if moved != "UPDATE 0":
            problems.append(name)

    assert not problems, "\n".join(problems)


async def test_f0_1_another_person_of_the_same_tenant_meets_nothing_of_a_persons_own(
    owner: Any, tables: dict[str, Table], tenant: Tenant
):
    builder = RowBuilder(owner, tables, tenant.id, tenant.user_id)
    problems: list[str] = []
    personal = [name for name, table in tables.items() if table.kind in ("person", "shareable")]
    assert {"chats", "messages", "memory_terms", "memories", "voice_sessions", "merge_sessions"} <= set(personal)
    for name in personal:
        await builder.row(name)
        for db in (tenant.other_db, tenant.nobody_db):
            if done := await _touched(owner, db, name, "user_id = $1", tenant.user_id):
                problems.append(f"{name}: {done}")
        if await _can_plant(owner, tenant.other_db, name, await builder.values(name)):
            problems.append(f"{name}: plant")
        # The person does see it, so the emptiness above is the policy's doing.
        if await _privileged_columns(owner, name, "select"):
            async with tenant.db.tx() as tx:
                if not await tx.connection.fetchval(f"select count(*) from {name}"):
                    problems.append(f"{name}: its own person does not see it")

    assert not problems, "\n".join(problems)


async def test_f0_1_what_is_shared_is_seen_by_the_tenant_and_cannot_be_taken(
    owner: Any, tables: dict[str, Table], two_tenants: tuple[Tenant, Tenant]
):
    ours, theirs = two_tenants
    builder = RowBuilder(owner, tables, ours.id, ours.user_id)
    for name in ("canvases", "artifacts", "artifact_versions", "canvas_publications", "assets"):
        await builder.row(name)
    # The canvas alone is opened; its rows below follow through the key.
    await owner.execute("update canvases set shared = true")
    await owner.execute("update assets set shared = true")
    for name in ("canvases", "artifacts", "artifact_versions", "canvas_publications", "assets"):
        async with ours.other_db.tx() as tx:
            assert await tx.connection.fetchval(f"select count(*) from {name}") == 1, name
        async with theirs.db.tx() as tx:
            assert await tx.connection.fetchval(f"select count(*) from {name}") == 0, name
    for name in ("canvases", "artifacts", "artifact_versions", "canvas_publications", "assets"):
        for change in ("shared = false", f"user_id = '{ours.other_user_id}'"):
            with pytest.raises(REFUSED):
                async with ours.other_db.tx() as tx:
                    await tx.connection.execute(f"update {name} set {change}")


async def test_f0_1_a_shared_row_is_made_in_ones_own_name_and_handed_over_by_its_owner_alone(
    owner: Any, tables: dict[str, Table], tenant: Tenant
):
    builder = RowBuilder(owner, tables, tenant.id, tenant.user_id)
    for name in ("canvases", "assets"):
        assert not await _can_plant(owner, tenant.other_db, name, await builder.values(name, shared=True)), name
        assert await _can_plant(owner, tenant.db, name, await builder.values(name, shared=True)), name
    await builder.row("artifact_versions")
    await owner.execute("update canvases set shared = true")

    async with tenant.db.tx() as tx:
        await tx.run("update canvases set user_id = $2 where tenant_id = $1", tx.tenant_id, tenant.other_user_id)

    for name in ("canvases", "artifacts", "artifact_versions"):
        assert await owner.fetchval(f"select user_id from {name}") == tenant.other_user_id, name


async def test_f0_2_unset_and_empty_settings_mean_no_rows_and_never_an_error(
    owner: Any, tables: dict[str, Table], dsns: postgres.Dsns, tenant: Tenant
):
    builder = RowBuilder(owner, tables, tenant.id, tenant.user_id)
    for name in tables:
        await builder.row(name)
    connection: Any = await asyncpg.connect(dsns.app)
    problems: list[str] = []
    try:
        for begin in (
            "begin",
            # What a transaction-local setting leaves behind on a reused connection.
            "begin; set local app.current_tenant_id = ''; set local app.current_user_id = ''",
        ):
            await connection.execute(
                f"begin; set local app.current_tenant_id = '{tenant.id}';"
                f"set local app.current_user_id = '{tenant.user_id}'; commit"
            )
            await connection.execute(begin)
            for name, table in tables.items():
                if not (columns := await _privileged_columns(owner, name, "select")):
                    continue
                rows = await connection.fetch(f"select {columns[0]} from {name}")
                if rows and table.kind != "global":
                    problems.append(f"{name}: {len(rows)} rows")
            await connection.execute("rollback")
    finally:
        await connection.close()

    assert not problems, "\n".join(problems)


async def test_f0_2_after_a_transaction_the_next_one_on_that_connection_starts_without_a_tenant(
    db: Database, tenant: Tenant
):
    for _ in range(30):
        async with tenant.db.tx() as tx:
            assert await tx.value("select app.tenant()") == tenant.id
            assert await tx.value("select app.person()") == tenant.user_id
        async with tenant.nobody_db.tx() as tx:
            assert await tx.value("select app.person()") is None
        async with db.app.acquire() as connection:
            assert await connection.fetchval("select app.tenant()") is None


async def test_f0_3_global_rows_are_read_by_all_and_written_by_no_tenant(
    owner: Any, tables: dict[str, Table], two_tenants: tuple[Tenant, Tenant]
):
    ours, _theirs = two_tenants
    builder = RowBuilder(owner, tables, ours.id, ours.user_id)
    shared = [name for name, table in tables.items() if table.kind == "shared"]
    assert set(shared) == {"brain_routing_rules", "thinktank_tools"}
    problems: list[str] = []
    for name in shared:
        values = await builder.values(name, tenant_id=None)
        await builder.insert(name, values)
        done = await _touched(owner, ours.db, name, "tenant_id is null")
        if done != ["select"]:
            problems.append(f"{name}: {done}")
        if await _can_plant(owner, ours.db, name, await builder.values(name, tenant_id=None)):
            problems.append(f"{name}: plants a global row")
        own = await builder.insert(name, await builder.values(name))
        with pytest.raises(REFUSED):
            async with ours.db.tx() as tx:
                await tx.connection.execute(f"update {name} set tenant_id = null where id = $1", own["id"])

    assert not problems, "\n".join(problems)


async def test_f0_3_tables_for_all_are_read_only_to_the_application(
    owner: Any, tables: dict[str, Table], tenant: Tenant
):
    for name, table in tables.items():
        if table.kind == "global":
            for verb in ("insert", "update", "delete", "truncate"):
                assert not await _may(owner, name, verb), (name, verb)


async def test_f0_3_a_tenant_neither_reads_nor_makes_the_platforms_own_connections_and_errors(
    owner: Any, tables: dict[str, Table], tenant: Tenant
):
    builder = RowBuilder(owner, tables, tenant.id, tenant.user_id)
    for name in ("provider_connections", "error_logs", "audit_log", "outbox"):
        await builder.insert(name, await builder.values(name, tenant_id=None, **_no_person(tables[name])))
        assert await _touched(owner, tenant.db, name, "tenant_id is null") == [], name
        planted = await builder.values(name, tenant_id=None, **_no_person(tables[name]))
        assert not await _can_plant(owner, tenant.db, name, planted), name


def _no_person(table: Table) -> dict[str, None]:
    return {"user_id": None} if "user_id" in table.columns else {}


async def test_f0_5_a_foreign_id_finds_nothing_to_answer_with(
    owner: Any, tables: dict[str, Table], two_tenants: tuple[Tenant, Tenant]
):
    """What the schema gives to every endpoint: looked up as the caller, another's id is an absent one."""
    ours, theirs = two_tenants
    builder = RowBuilder(owner, tables, theirs.id, theirs.user_id)
    for name in ("collaboration_rooms", "canvases", "stored_credentials", "assets", "chats", "runs"):
        row = await builder.row(name)
        async with ours.db.tx() as tx:
            assert await tx.connection.fetchrow(f"select id from {name} where id = $1", row["id"]) is None


async def test_f0_6_a_failure_in_a_transaction_leaves_nothing_of_it(tenant: Tenant):
    with pytest.raises(ZeroDivisionError):
        async with tenant.db.tx() as tx:
            await tx.run(
                "insert into chats (tenant_id, user_id, title) values ($1, $2, 'half')", tx.tenant_id, tx.user_id
            )
            raise ZeroDivisionError

    async with tenant.db.tx() as tx:
        assert await tx.value("select count(*) from chats") == 0


async def test_f0_10_deleting_a_tenant_leaves_its_trail_and_nothing_else(
    owner: Any, tables: dict[str, Table], db: Database, two_tenants: tuple[Tenant, Tenant]
):
    ours, theirs = two_tenants
    for tenant in two_tenants:
        builder = RowBuilder(owner, tables, tenant.id, tenant.user_id)
        for name in _tenant_tables(tables):
            await builder.row(name)

    async with db.system("test").tx() as tx:
        assert await tx.run("delete from tenants where id = $1", ours.id) == 1

    left = {}
    for name in _tenant_tables(tables):
        assert await owner.fetchval(f"select count(*) from {name} where tenant_id = $1", theirs.id), name
        if count := await owner.fetchval(f"select count(*) from {name} where tenant_id = $1", ours.id):
            left[name] = count
    # Its one asset and the row made for the sweep wait for their objects to be removed.
    assert left == {
        "audit_log": 1,
        "credential_access_log": 1,
        "credential_trail_keys": 1,
        "object_deletions": 2,
        "usage_metrics_rejected": 1,
    }


async def test_f0_10_deleting_a_person_leaves_nothing_that_names_them(
    owner: Any, tables: dict[str, Table], db: Database, tenant: Tenant
):
    builder = RowBuilder(owner, tables, tenant.id, tenant.user_id)
    for name, table in tables.items():
        if "user_id" in table.columns:
            await builder.row(name)

    async with tenant.db.tx() as tx:
        assert await tx.run("delete from users where tenant_id = $1 and id = $2", tx.tenant_id, tx.user_id) == 1

    left: list[str] = []
    for name, table in tables.items():
        for column, facts in table.columns.items():
            if facts.type == "uuid" and await owner.fetchval(
                f"select count(*) from {name} where {column} = $1", tenant.user_id
            ):
                left.append(f"{name}.{column}")
    assert left == []
    assert await owner.fetchval("select count(*) from usage_ledger") == 1
    assert await owner.fetchval("select count(*) from object_deletions") == 1


async def test_f0_10_deleting_a_chat_deletes_its_messages_and_empties_its_pane(
    owner: Any, tables: dict[str, Table], tenant: Tenant
):
    builder = RowBuilder(owner, tables, tenant.id, tenant.user_id)
    chat = await builder.row("chats")
    message = await builder.row("messages")
    await owner.execute("update chats set leaf_message_id = $1", message["id"])
    pane = await builder.insert("concurrent_panes", await builder.values("concurrent_panes", chat_id=chat["id"]))
    canvas = await builder.insert("canvases", await builder.values("canvases", chat_id=chat["id"]))

    async with tenant.db.tx() as tx:
        await tx.run("delete from chats where tenant_id = $1 and id = $2", tx.tenant_id, chat["id"])

    assert await owner.fetchval("select count(*) from messages") == 0
    assert await owner.fetchval("select chat_id from concurrent_panes where id = $1", pane["id"]) is None
    assert await owner.fetchval("select chat_id from canvases where id = $1", canvas["id"]) is None


async def test_drop_boxes_take_a_tenants_own_row_and_show_none(owner: Any, tables: dict[str, Table], tenant: Tenant):
    builder = RowBuilder(owner, tables, tenant.id, tenant.user_id)
    for name in ("outbox", "object_deletions"):
        assert tables[name].kind == "drop box"
        values = await builder.values(name)
        assert await _can_plant(owner, tenant.db, name, values), name
        with pytest.raises(REFUSED):
            async with tenant.db.tx() as tx:
                await tx.connection.fetch(f"select * from {name}")


@pytest.mark.parametrize(
    ("table", "policy", "hole"),
    [
        ("chats", "person", "tenant_id = (select app.tenant())"),
        ("budgets", "tenant", "true"),
        ("thinktank_tools", "tenant", "tenant_id is null or tenant_id = (select app.tenant())"),
    ],
)
async def test_the_sweep_itself_notices_a_hole(
    owner: Any, tables: dict[str, Table], two_tenants: tuple[Tenant, Tenant], table: str, policy: str, hole: str
):
    ours, theirs = two_tenants
    builder = RowBuilder(owner, tables, ours.id, ours.user_id)
    tenant_id = None if table == "thinktank_tools" else ours.id
    await builder.insert(table, await builder.values(table, tenant_id=tenant_id))
    intruder = ours.other_db if table == "chats" else theirs.db
    kept = tables[table].policies[policy]
    try:
        await owner.execute(f"alter policy {policy} on {table} using ({hole}) with check ({hole})")
        found = await _touched(owner, intruder, table, "tenant_id is not distinct from $1", tenant_id)
        planted = await _can_plant(owner, intruder, table, await builder.values(table, tenant_id=tenant_id))
    finally:
        await owner.execute(f"alter policy {policy} on {table} using ({kept.using}) with check ({kept.check})")

    assert found == ["select", "update", "delete"]
    assert planted
