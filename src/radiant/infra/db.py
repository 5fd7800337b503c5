"""Postgres, one tenant at a time.

Services take a `TenantDb`: a handle that opens short transactions in which row level security lets exactly one
tenant (and one person, where rows are a person's) be seen. The tenant comes from the verified caller alone.
`SystemDb` is another role, for work across tenants; it asks for a reason and is imported by named modules only
(tests/architecture holds the list).
"""

import asyncio
import contextlib
import datetime
import functools
import json
import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, LiteralString, ParamSpec, TypeVar, cast

import asyncpg

from radiant.kit.ids import TenantId, UserId

Row = asyncpg.Record
Connection = asyncpg.Connection
Pool = asyncpg.Pool
P = ParamSpec("P")
T = TypeVar("T")
AWAY = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
"""What a database that is away raises."""


def again_after_deadlock(work: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """Does it again where two transactions waited for each other and Postgres ended this one: nothing of it was kept. For
    work whose effects are all in the database."""

    @functools.wraps(work)
    async def tried(*args: P.args, **kwargs: P.kwargs) -> T:
        for pause in (0.05, 0.2, 0.5):
            try:
                return await work(*args, **kwargs)
            except asyncpg.DeadlockDetectedError:
                await asyncio.sleep(pause)
        return await work(*args, **kwargs)

    return tried


class Tx:
    """An open transaction. Queries are literal strings, so one built by an f-string does not type-check."""

    __slots__ = ("_connection", "_tenant_id", "_user_id")

    def __init__(self, connection: Any, tenant_id: TenantId | None, user_id: UserId | None) -> None:
        self._connection = connection
        self._tenant_id = tenant_id
        self._user_id = user_id

    @property
    def tenant_id(self) -> TenantId:
        """The tenant of this transaction."""
        if self._tenant_id is None:
            raise RuntimeError("a system transaction has no tenant")
        return self._tenant_id

    @property
    def user_id(self) -> UserId:
        """The person of this transaction."""
        if self._user_id is None:
            raise RuntimeError("this transaction has no person")
        return self._user_id

    async def all(self, query: LiteralString, *args: Any) -> list[Row]:
        """Every row."""
        return await self._connection.fetch(query, *args)

    async def each(self, query: LiteralString, *args: Any) -> AsyncGenerator[Row]:
        """The rows one by one, of which a few hundred are held at a time."""
        async for row in self._connection.cursor(query, *args, prefetch=500):
            yield row

    async def one(self, query: LiteralString, *args: Any) -> Row:
        """The row that must exist."""
        row = await self._connection.fetchrow(query, *args)
        if row is None:
            raise LookupError("the query returned no row")
        return row

    async def one_or_none(self, query: LiteralString, *args: Any) -> Row | None:
        """The first row, or None."""
        return await self._connection.fetchrow(query, *args)

    async def value(self, query: LiteralString, *args: Any) -> Any:
        """The first column of the first row, or None."""
        return await self._connection.fetchval(query, *args)

    async def run(self, query: LiteralString, *args: Any) -> int:
        """Execute; the number of rows that it touched."""
        status: str = await self._connection.execute(query, *args)
        last = status.rsplit(" ", 1)[-1]
        return int(last) if last.isdigit() else 0

    @contextlib.asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """What fails inside is undone, and the transaction goes on. One at a time."""
        await self._connection.execute("savepoint part")
        try:
            yield
        except Exception:
            await self._connection.execute("rollback to savepoint part")
            raise
        await self._connection.execute("release savepoint part")

    @property
    def connection(self) -> Any:
        """The asyncpg connection, for `infra` parts that need to join this transaction (jobs, events)."""
        return self._connection


@dataclass(frozen=True, slots=True)
class TenantDb:
    """The database as one tenant, and one person in it, may see it."""

    pool: Pool
    tenant_id: TenantId
    user_id: UserId | None = None

    @contextlib.asynccontextmanager
    async def tx(self) -> AsyncIterator[Tx]:
        """A transaction: BEGIN and both settings in one trip, from parsed ids. Never hold it across a model call."""
        begin = f"begin; set local app.current_tenant_id = '{uuid.UUID(str(self.tenant_id))}'"
        if self.user_id is not None:
            begin += f"; set local app.current_user_id = '{uuid.UUID(str(self.user_id))}'"
        async with self.pool.acquire() as connection, _transaction(connection, begin):
            yield Tx(connection, self.tenant_id, self.user_id)

    @contextlib.asynccontextmanager
    async def reading(self, seconds: float) -> AsyncIterator[Tx]:
        """A transaction for other people's SQL: reads only, as `radiant_reader`, who sees this person's rows of the views
        in `tenant_views` and nothing else; a statement may take `seconds`."""
        begin = (
            f"begin read only; set local app.current_tenant_id = '{uuid.UUID(str(self.tenant_id))}'"
            f"; set local app.current_user_id = '{uuid.UUID(str(self.user_id))}'"
            f"; set local statement_timeout = {max(1, int(seconds * 1000))}; set local lock_timeout = '1s'"
            "; set local search_path = tenant_views, pg_catalog; set local standard_conforming_strings = on"
            "; set local max_parallel_workers_per_gather = 0; set local work_mem = '16MB'; set local jit = off"
            "; set local role radiant_reader"
        )
        async with self.pool.acquire() as connection, _transaction(connection, begin):
            yield Tx(connection, self.tenant_id, self.user_id)


@dataclass(frozen=True, slots=True)
class SystemDb:
    """The database across tenants. `reason` is shown in pg_stat_activity and in the logs."""

    pool: Pool
    reason: str

    @contextlib.asynccontextmanager
    async def tx(self) -> AsyncIterator[Tx]:
        """A transaction as radiant_system."""
        async with self.pool.acquire() as connection, _transaction(connection, "begin"):
            yield Tx(connection, None, None)


@contextlib.asynccontextmanager
async def _transaction(connection: Any, begin: str) -> AsyncIterator[None]:
    await connection.execute(begin)
    try:
        yield
    except BaseException:
        if not connection.is_closed():
            await connection.execute("rollback")
        raise
    await connection.execute("commit")


async def _configure(connection: Any) -> None:
    for name in ("json", "jsonb"):
        await connection.set_type_codec(name, encoder=_encode_json, decoder=json.loads, schema="pg_catalog")


def _encode_json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=_encode_json_value)
    # jsonb holds no NUL. A model may well write one; it becomes the replacement character.
    return json.dumps(_without_nul(json.loads(text)), ensure_ascii=False) if "\\u0000" in text else text


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd")
    if isinstance(value, list):
        return [_without_nul(item) for item in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {_without_nul(name): _without_nul(item) for name, item in cast("dict[str, Any]", value).items()}
    return value


def _encode_json_value(value: Any) -> str:
    if isinstance(value, uuid.UUID | datetime.date):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


async def _reset(connection: Any) -> None:
    """Nothing of a session outlives a transaction here, so giving a connection back costs no trip. One that is still
    in a transaction is put right."""
    if connection.is_in_transaction():
        await connection.reset()


async def open_pool(dsn: str, *, name: str, min_size: int = 1, max_size: int = 10) -> Pool:
    """A pool of connections to `dsn`; `name` appears in pg_stat_activity."""
    return await asyncpg.create_pool(
        dsn,
        min_size=min_size,
        max_size=max_size,
        init=_configure,
        reset=_reset,
        command_timeout=60,
        server_settings={
            "application_name": f"radiant {name}",
            "idle_in_transaction_session_timeout": "60s",
            "timezone": "UTC",
            # A cached generic plan cannot see how many rows the tenant has (research/platform.md, 3).
            "plan_cache_mode": "force_custom_plan",
        },
    )


@dataclass(frozen=True, slots=True)
class Database:
    """Both doors to Postgres, opened once by a composition root."""

    app: Pool
    system_pool: Pool

    def tenant(self, tenant_id: TenantId, user_id: UserId | None = None) -> TenantDb:
        """The database as this tenant sees it."""
        return TenantDb(self.app, tenant_id, user_id)

    def system(self, reason: str) -> SystemDb:
        """The database across tenants, for the reason given."""
        return SystemDb(self.system_pool, reason)

    async def close(self) -> None:
        """Give all connections back."""
        await self.app.close()
        await self.system_pool.close()


async def open_database(app_dsn: str, system_dsn: str, *, max_size: int = 10) -> Database:
    """Open both pools. Each role logs in as itself; neither owns a table."""
    return Database(
        app=await open_pool(app_dsn, name="app", max_size=max_size),
        system_pool=await open_pool(system_dsn, name="system", max_size=max(4, max_size // 2)),
    )
