"""What several benches do: a free port, a server with its environment, its CPU, a database with `openai` on loopback."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import aiohttp

from radiant.config import Settings
from radiant.foundation.identity import api_keys
from radiant.foundation.identity.callers import ALL_SCOPES, Caller, Scope, role_of
from radiant.foundation.identity.schemas import NewApiKey
from radiant.infra.db import Database
from radiant.infra.kms import seal
from radiant.kit.ids import TenantId, uuid7
from radiant.prepare import FirstPerson, first_person, migrate_database, seed_catalog
from radiant.runtime import open_runtime


def free_port() -> int:
    """A port of loopback that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment(folder: Path, port: int, **more: str) -> dict[str, str]:
    """Settings of a process over that folder."""
    return os.environ | {
        "RADIANT_DATA_DIR": str(folder), "RADIANT_PORT": str(port), "RADIANT_MODELS": "none",
        "RADIANT_MASTER_KEY_FILE": str(folder / "bench-master.key"), **more,
    }  # fmt: skip


@contextlib.asynccontextmanager
async def api_process(folder: Path, port: int, **more: str) -> AsyncIterator[subprocess.Popen[bytes]]:
    """`radiant serve` over that folder, once it answers; ended with the block. `more`: of its environment."""
    process = subprocess.Popen(
        [sys.executable, "-m", "radiant", "serve"], env=environment(folder, port, **more), stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with aiohttp.ClientSession() as http:
            for _ in range(600):
                with contextlib.suppress(aiohttp.ClientError, OSError):
                    async with http.get(f"http://127.0.0.1:{port}/api/health") as answer:
                        if answer.status == 200:
                            break
                await asyncio.sleep(0.05)
            else:
                raise SystemExit("the API process did not answer within half a minute")
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.wait(30)


def cpu_of(pid: int) -> float:
    """Seconds of CPU that a process has taken."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def connect_openai(settings: Settings, upstream_url: str, *, bound: bool = False) -> str:
    """A database as `prepare_openai` makes it; the key."""
    return (await prepare_openai(settings, upstream_url, bound=bound)).api_key


async def prepare_openai(settings: Settings, upstream_url: str, *, bound: bool = False) -> FirstPerson:
    """A migrated database with a person, a key, and `openai` connected for all. `bound`: under a budget of the tenant
    and limits of the key that are too large to be met."""
    await migrate_database(settings, lambda _: None)
    runtime = await open_runtime(settings)
    await seed_catalog(runtime.database)
    person = await first_person(runtime)
    assert person is not None
    context = {"purpose": "provider-connection", "tenant": "platform", "provider": "openai"}
    sealed = await seal(runtime.kms, b"sk-bench", context)
    async with runtime.database.system("bench").tx() as tx:
        await tx.run(
            "insert into provider_connections (provider, base_url, sealed) values ('openai', $1, $2)",
            upstream_url, sealed,
        )  # fmt: skip
        if bound:
            key = await tx.one("select id, tenant_id from api_keys")
            await tx.run(
                "insert into budgets (id, tenant_id, scope, period, amount) values ($1, $2, 'tenant', 'month', 100000)",
                uuid7(), key["tenant_id"],
            )  # fmt: skip
            for meter, amount in (("requests", 10_000_000), ("tokens", 2_000_000_000)):
                await tx.run(
                    "insert into rate_limits (id, tenant_id, scope, api_key_id, meter, period, allowed)"
                    " values ($1, $2, 'api_key', $3, $4, 'minute', $5)",
                    uuid7(), key["tenant_id"], key["id"], meter, amount,
                )  # fmt: skip
    await runtime.close()
    return person


async def _first_person(database: Database) -> Caller:
    async with database.system("bench").tx() as tx:
        person = await tx.one("select id, tenant_id, role from users order by created_at limit 1")
    return Caller(
        tenant_id=person["tenant_id"], user_id=person["id"], role=role_of(person["role"]), is_operator=False,
        kind="user", scopes=ALL_SCOPES,
    )  # fmt: skip


async def key_with_scopes(settings: Settings, *scopes: Scope) -> tuple[str, TenantId]:
    """Another key of the first person; its secret and the tenant."""
    runtime = await open_runtime(settings)
    try:
        person = await _first_person(runtime.database)
        made = await api_keys.make(runtime.database, person, NewApiKey(name="bench", scopes=list(scopes)))
    finally:
        await runtime.close()
    return made.secret, person.tenant_id


async def key_with_budget(settings: Settings, dollars: Decimal) -> tuple[str, UUID]:
    """Another key of the first person, which may spend so much in all; its secret and its id."""
    runtime = await open_runtime(settings)
    try:
        person = await _first_person(runtime.database)
        made = await api_keys.make(runtime.database, person, NewApiKey(name="small"))
        async with runtime.database.system("bench").tx() as tx:
            await tx.run(
                "insert into budgets (id, tenant_id, scope, api_key_id, period, amount)"
                " values ($1, $2, 'api_key', $3, 'total', $4)",
                uuid7(), person.tenant_id, made.id, dollars,
            )  # fmt: skip
        return made.secret, made.id
    finally:
        await runtime.close()


async def spent_by(settings: Settings, key_id: UUID) -> Decimal:
    """Dollars in the ledger for that key."""
    runtime = await open_runtime(settings)
    try:
        async with runtime.database.system("bench").tx() as tx:
            return await tx.value(
                "select coalesce(sum(coalesce(cost, reserved_cost)), 0) from usage_ledger where api_key_id = $1", key_id
            )
    finally:
        await runtime.close()
