"""`sql_query`: what may be asked, what a person sees by it, and what hostile queries come to."""

import re
from typing import Any

import asyncpg
import pytest

from radiant.infra.db import Database
from radiant.kit.ids import uuid7
from radiant.workspace.tools import sql_plan, sql_reading
from radiant.workspace.tools.base import BadArguments, ToolFailed, ToolResult
from radiant.workspace.tools.sql_query import MOST_ROWS, SqlQuery
from tests.kit.people import Tenant
from tests.workspace.tools.kit import use_of

ORDINARY = [
    "select * from chats",
    "select count(*) filter (where role = 'user') as n, date_trunc('day', created_at) d from messages m"
    " where text ilike '%a%' and created_at > now() - interval '7 days' group by 2 having count(*) > 0 order by 1 desc nulls last"
    " limit 5 offset 0",
    "with a as (select model, sum(cost) c from usage group by model) select a.*, rank() over (order by c desc) from a"
    " left join chats c on c.model = a.model left join lateral (select 1 as one) x on true",
    "select extract(epoch from created_at), created_at::date, cast(cost as numeric(10,2)), coalesce(text, ''),"
    " case when cost > 1 then 'dear' else 'cheap' end, cost between 1 and 2, role in ('user', 'tool'),"
    " chat_id in (select id from chats), exists(select 1), not (cost > 1), -cost, cost is null, role is distinct from status"
    " from messages",
    "select percentile_cont(0.5) within group (order by cost), min(cost), max(cost), avg(cost), stddev(cost),"
    " bool_or(estimated), count(distinct model) from usage",
    "select lower(title), length(title), left(title, 3), title || '!', split_part(title, ' ', 1), position('a' in title),"
    " substring(title from 1 for 2), trim(title), to_char(created_at, 'YYYY-MM'), age(created_at), nullif(model, ''),"
    " row_number() over (partition by model order by created_at), lag(title) over (order by created_at) from tenant_views.chats",
    "select id from chats union all select id from documents intersect select id from memories",
    "select created_at at time zone 'Europe/Zurich', 'it''s', timestamp '2020-01-01', 1.5, 1e3, true, null, 'gpt' = any(models_used)"
    " from merges",
    'select c.Title as "Mixed Case", C.ID from Chats c order by "Mixed Case"',
    "select k.name, count(d.id) from knowledge_bases k left join documents d on d.base_id = k.id group by k.name",
    "select m.prompt, a.model, a.response from merges m join merge_answers a on a.merge_id = m.id",
    "select round(avg(cost), 2), floor(sum(cost)), variance(cost), mod(count(*)::int, 2) from usage where created_at > date '2020-01-01'",
    "select make_date(2020, 1, 1), date_part('hour', created_at), to_timestamp(1), width_bucket(1, 0, 10, 5), cardinality(models_used),"
    " array_length(models_used, 1), starts_with(prompt, 'a') from merges where prompt similar to 'a%' or prompt ~* 'b' or prompt like 'a!%' escape '!'",
    "select first_value(model) over (partition by kind order by created_at rows between 1 preceding and current row), ntile(4) over (order by cost),"
    " dense_rank() over (order by cost), greatest(cost, 1), least(cost, 1), abs(cost), sqrt(cost), ceil(cost), sign(cost) from usage",
    "select model, count(*) from usage group by grouping sets ((model), ()) having count(*) >= 0 order by 1 limit 3",
    "select title::varchar(3), created_at::timestamptz::date, pinned::text, id::text from chats where id = any(array[id]) and title <> all(array['x'])",
    "select a.id from chats a join messages b on b.chat_id = a.id full join documents c on c.id = b.id",
    "select distinct on (model) model, title from chats order by model, created_at desc fetch first 3 rows only",
    "select content, memory_type from memories where not pinned -- a comment\n /* and another */",
]
HOSTILE = [
    "select set_config('app.current_tenant_id', '00000000-0000-0000-0000-000000000000', true)",
    "select set_config('role', 'radiant_app', true), query_to_xml('select * from users', true, true, '')",
    "select pg_catalog.set_config('role', 'radiant_app', true)",
    "select \"set_config\"('role', 'radiant_app', true)",
    "select current_setting('app.current_tenant_id')",
    "select query_to_xml('select 1', true, true, '')",
    "select * from query_to_xml('select 1', true, true, '')",
    "select ts_stat('select 1')",
    "select pg_sleep(100)",
    "select * from pg_sleep(1)",
    "select pg_read_file('/etc/passwd')",
    "select pg_ls_dir('/')",
    "select pg_notify('radiant_changes', 'x')",
    "select lo_create(0)",
    "select lo_import('/etc/passwd')",
    "select dblink('host=127.0.0.1', 'select 1')",
    "select pg_terminate_backend(1)",
    "select pg_advisory_lock(1)",
    "select nextval('app.document_places')",
    "select version()",
    "select current_user",
    "select session_user",
    "select * from generate_series(1, 1000000000)",
    "select repeat('x', 1000000000)",
    "select lpad('x', 1000000000)",
    "select string_agg(text, '') from messages",
    "select array_agg(text) from messages",
    "copy chats to '/tmp/x'",
    "copy (select 1) to program 'id'",
    "copy chats from program 'id'",
    "do $$ begin perform 1; end $$",
    "call app.tenant_table('chats')",
    "create table x (a int)",
    "drop view chats",
    "insert into chats default values",
    "update chats set title = ''",
    "delete from chats",
    "with x as (delete from chats returning *) select * from x",
    "with x as (insert into chats default values returning *) select * from x",
    "with recursive x as (select 1 as n union all select n + 1 from x) select * from x",
    "select * into x from chats",
    "select * from chats for update",
    "select 1; select 2",
    "select 1; commit; delete from chats",
    "begin",
    "commit",
    "set role radiant_app",
    "reset role",
    "set local app.current_tenant_id = ''",
    "show all",
    "explain analyze select 1",
    "prepare x as select 1",
    "listen radiant_changes",
    "table users",
    "values (1)",
    "select * from users",
    "select * from public.chats",
    "select * from public.users",
    "select * from pg_catalog.pg_authid",
    "select * from pg_authid",
    "select * from pg_shadow",
    "select * from pg_stat_activity",
    "select * from pg_settings",
    "select * from information_schema.tables",
    "select * from stored_credentials",
    "select * from radiant.tenant_views.chats",
    "select 'pg_authid'::regclass",
    "select 'x'::regrole",
    "select title::xml from chats",
    "select '{}'::jsonb",
    "select row_to_json(chats) from chats",
    "select title from chats where title operator(pg_catalog.=) 'x'",
    "select U&'\\0041'",
    "select E'a\\'b'",
    "select $1",
    "select :x",
    "select * from chats tablesample system (1)",
    "select " + "||".join(["title"] * 20) + " from chats",
    "select " + "(" * 60 + "1" + ")" * 60,
    "select " + "- " * 4000 + "1",
    "select '" + "x" * 10_001 + "'",
    "select '\x00'",
    "",
    ";",
    "not sql at all",
    "select date_trunc('day''), set_config(''role', created_at) from chats",
    "select extract(\"epoch from now()), set_config('role', 'x', true), (1\" from created_at) from chats",
    'select 1 as "a""; drop table chats; --"; select 2',
]


async def _chat(tenant: Tenant, title: str, *, other: bool = False) -> None:
    async with (tenant.other_db if other else tenant.db).tx() as tx:
        chat_id = uuid7()
        await tx.run(
            "insert into chats (id, tenant_id, user_id, title) values ($1, $2, $3, $4)",
            chat_id, tx.tenant_id, tx.user_id, title,
        )  # fmt: skip
        await tx.run(
            "insert into messages (tenant_id, user_id, chat_id, role, content) values ($1, $2, $3, 'user', $4)",
            tx.tenant_id, tx.user_id, chat_id, [{"type": "text", "text": f"Words of {title}"}],
        )  # fmt: skip


async def _ask(db: Database, tenant: Tenant, query: str, seconds: float = 5) -> ToolResult:
    return await SqlQuery(db, seconds).call({"query": query}, use_of(tenant))


@pytest.mark.parametrize("query", ORDINARY, ids=lambda query: query[:60])
async def test_ordinary_questions_are_answered(db: Database, tenant: Tenant, query: str) -> None:
    await _chat(tenant, "Gardening tips")

    found = await _ask(db, tenant, query)

    assert found.text.split(":")[0].endswith(("row", "rows"))


@pytest.mark.blocks
@pytest.mark.parametrize("query", HOSTILE, ids=lambda query: query[:60])
async def test_hostile_queries_are_refused_before_they_run(db: Database, tenant: Tenant, query: str) -> None:
    with pytest.raises(BadArguments):
        sql_reading.checked(query)
    with pytest.raises(BadArguments):
        await _ask(db, tenant, query)


async def test_a_person_sees_their_own_rows_and_nobody_elses(
    db: Database, two_tenants: tuple[Tenant, Tenant], owner: Any
) -> None:
    ours, theirs = two_tenants
    await _chat(ours, "mine")
    await _chat(ours, "a colleague's", other=True)
    await _chat(theirs, "a stranger's")

    assert (await _ask(db, ours, "select title from chats")).data["rows"] == [["mine"]]
    assert (await _ask(db, ours, "select text from messages")).data["rows"] == [["Words of mine"]]
    assert (await _ask(db, theirs, "select count(*) from messages")).data["rows"] == [[1]]
    await owner.execute("update chats set deleted_at = now() where title = 'mine'")
    for view in ("chats", "messages"):
        assert (await _ask(db, ours, f"select * from {view}")).data["rows"] == []


async def test_every_view_shows_one_persons_rows_of_two_tenants(
    db: Database, two_tenants: tuple[Tenant, Tenant], owner: Any
) -> None:
    """The policies alone: each table is read past its view, with no predicate of ours in between."""
    from tests.kit.catalogue import read_tables
    from tests.kit.rows import RowBuilder

    ours, theirs = two_tenants
    tables = await read_tables(owner)
    readable = [name for name, table in tables.items() if "reader" in table.policies]
    assert len(readable) == len(sql_reading.VIEWS)
    for tenant, person in ((ours, ours.user_id), (ours, ours.other_user_id), (theirs, theirs.user_id)):
        builder = RowBuilder(owner, tables, tenant.id, person)
        for name in readable:
            await builder.row(name)
    for name in readable:
        async with ours.db.reading(5) as tx:
            rows = await tx.connection.fetch(f"select tenant_id, user_id from public.{name}")
            assert {tuple(row) for row in rows} == {(ours.id, ours.user_id)}, name
    for view in sql_reading.VIEWS:
        mine = (await _ask(db, ours, f"select count(*) from {view}")).data["rows"][0][0]
        async with ours.nobody_db.tx() as tx:
            assert tx.tenant_id == ours.id
        assert mine >= (0 if view in ("memories",) else 1), view


async def test_the_views_have_the_columns_that_the_tool_tells_of_and_run_as_whoever_asks(owner: Any) -> None:
    rows = await owner.fetch(
        "select c.relname as name, string_agg(a.attname, ', ' order by a.attnum) as columns,"
        " coalesce(c.reloptions @> array['security_invoker=true'], false) as invoker"
        " from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid"
        " where n.nspname = 'tenant_views' and a.attnum > 0 group by 1, 3"
    )

    assert {row["name"]: row["columns"] for row in rows} == dict(sql_reading.VIEWS)
    assert all(row["invoker"] for row in rows)


# What the role may not, though nothing had looked at the query.
BEHIND = [
    ("select * from users", asyncpg.UndefinedTableError),
    ("select * from public.users", asyncpg.InsufficientPrivilegeError),
    ("select * from public.tenants", asyncpg.InsufficientPrivilegeError),
    ("select * from public.stored_credentials", asyncpg.InsufficientPrivilegeError),
    ("select * from public.thinktank_tools", asyncpg.InsufficientPrivilegeError),
    ("select reasoning from public.messages", asyncpg.InsufficientPrivilegeError),
    ("select rolpassword from pg_authid", asyncpg.InsufficientPrivilegeError),
    ("select pg_read_file('/etc/passwd')", asyncpg.InsufficientPrivilegeError),
    ("select pg_ls_dir('/')", asyncpg.InsufficientPrivilegeError),
    ("select lo_import('/etc/passwd')", asyncpg.PostgresError),
    ("select lo_create(0)", asyncpg.PostgresError),
    ("select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()", asyncpg.PostgresError),
    ("copy (select 1) to program 'id'", asyncpg.InsufficientPrivilegeError),
    ("copy public.chats from program 'id'", asyncpg.PostgresError),
    ("insert into public.chats default values", asyncpg.PostgresError),
    ("create table public.x (a int)", asyncpg.PostgresError),
    ("create temp table x (a int)", asyncpg.PostgresError),
    ("select nextval('app.document_places')", asyncpg.InsufficientPrivilegeError),
    ("call app.tenant_table('public.chats')", asyncpg.PostgresError),
    ("select dblink('host=127.0.0.1', 'select 1')", asyncpg.UndefinedFunctionError),
    ("select 1; select 2", asyncpg.PostgresSyntaxError),
    ("set transaction read write", asyncpg.PostgresError),
]


@pytest.mark.parametrize(("query", "refusal"), BEHIND)
async def test_the_role_refuses_what_the_look_at_a_query_would_have_missed(
    tenant: Tenant, query: str, refusal: type[Exception]
) -> None:
    async with tenant.db.reading(5) as tx:
        await tx.connection.fetch("select 1")
        with pytest.raises(refusal):
            await tx.connection.fetch(query)
        with pytest.raises(asyncpg.InFailedSQLTransactionError):
            await tx.connection.fetch("select 1")
        await tx.connection.execute("rollback")
        await tx.connection.execute("begin")


# Hostile, and none that Postgres could not even plan.
PLANNED = [
    "select set_config('app.current_tenant_id', 'x', true)",
    "select pg_catalog.set_config('role', 'radiant_app', true)",
    "select \"set_config\"('role', 'radiant_app', true) from chats",
    "select title from chats where length(set_config('role', 'radiant_app', true)) > 0",
    "select query_to_xml('select * from users', true, true, '')",
    "select * from query_to_xml('select 1', true, true, '')",
    "select * from ts_stat('select 1')",
    "select pg_sleep(1)",
    "select case when title = 'x' then pg_sleep(1)::text end from chats order by pg_sleep(1)::text",
    "with a as materialized (select pg_notify('x', 'y')) select 1 from a, chats",
    "select pg_read_file('/etc/passwd')",
    "select lo_create(0)",
    "select repeat(title, 1000) from chats",
    "select * from generate_series(1, 3)",
    "select relname from pg_class",
    "select * from pg_catalog.pg_roles",
    "select * from pg_stat_activity",
    "select title from public.chats where exists (select 1 from pg_settings)",
]


@pytest.mark.parametrize("query", PLANNED)
async def test_a_query_that_the_first_look_misread_is_stopped_by_the_second(
    db: Database, tenant: Tenant, query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql_reading, "checked", lambda text: text)

    with pytest.raises(BadArguments, match=r"not allowed|permission denied"):
        await _ask(db, tenant, query)


def test_words_of_a_text_are_no_functions() -> None:
    assert sql_plan.unknown_parts("Filter: (title = 'it''s set_config(1) on pg_catalog.pg_authid'::text)") == []
    assert sql_plan.unknown_parts("Output: lower('a'), set_config('b')\n  ->  Seq Scan on public.users") == [
        "public.users",
        "set_config",
    ]


async def test_a_query_that_takes_too_long_is_stopped_and_the_connection_is_whole_after_it(
    db: Database, tenant: Tenant
) -> None:
    for number in range(12):
        await _chat(tenant, f"chat {number}")
    joined = ", ".join(f"chats c{number}" for number in range(9))

    with pytest.raises(ToolFailed, match=r"longer than 1 second"):
        await _ask(db, tenant, f"select count(*) from {joined}", seconds=1)

    assert (await _ask(db, tenant, "select count(*) from chats")).data["rows"] == [[12]]
    async with tenant.db.tx() as tx:
        assert await tx.value("select current_user::text") == "radiant_app"
        assert await tx.value("show transaction_read_only") == "off"
        assert await tx.value("show statement_timeout") == "0"


async def test_rows_and_texts_are_bounded(db: Database, tenant: Tenant) -> None:
    for number in range(16):
        await _chat(tenant, f"chat {number}")

    many = await _ask(db, tenant, "select a.id, b.id from chats a, chats b")
    assert len(many.data["rows"]) == MOST_ROWS
    assert many.data["cut"]
    assert many.text.startswith(f"{MOST_ROWS} rows (there are more): id, id\n")

    async with tenant.db.tx() as tx:
        await tx.run(
            "update messages set content = $3 where tenant_id = $1 and user_id = $2", tx.tenant_id, tx.user_id,
            [{"type": "text", "text": "x" * 9000}],
        )  # fmt: skip
    with pytest.raises(ToolFailed, match="shorten by left"):
        await _ask(db, tenant, "select text from messages")
    short = await _ask(db, tenant, "select left(text, 7000) as t from messages")
    assert short.data["cut"]
    assert len(short.text) < 110_000


async def test_a_fault_of_the_query_is_told_as_such(db: Database, tenant: Tenant) -> None:
    for query, told in (
        ("select nonsense from chats", "column"),
        ("select 1 / 0", "division by zero"),
        ("select lower(cost) from usage", "function"),
        ("select * from secrets", "there are chats, messages"),
    ):
        with pytest.raises(BadArguments, match=f"arguments.query: .*{re.escape(told)}"):
            await _ask(db, tenant, query)


async def test_nobody_but_a_person_reads(tenant: Tenant) -> None:
    with pytest.raises(ValueError):
        async with tenant.nobody_db.reading(5):
            pass
