"""Fixtures of every test: a real Postgres, tenants and people; nothing but loopback; a loop that is never blocked."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import asyncpg
import pytest
import pytest_socket
import structlog
from blockbuster import BlockBuster

from radiant.infra import telemetry
from radiant.infra.db import Database, open_database
from radiant.kit.ids import TenantId, UserId
from tests.kit import postgres
from tests.kit.people import Tenant, insert_tenant, insert_user, tenant_of_two


def _name_exception(_logger: Any, _method: str, event: Any) -> Any:
    # Formatting a traceback reads source files, which would count as blocking the loop.
    if event.pop("exc_info", None):
        event["exception"] = repr(sys.exc_info()[1])
    return event


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "blocks: what is tested runs before the loop does, and may block")
    structlog.configure(
        processors=[
            telemetry.tell_watchers,
            structlog.stdlib.add_log_level,
            _name_exception,
            structlog.processors.KeyValueRenderer(),
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    if not hasattr(config, "workerinput"):
        postgres.name_folder()


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        postgres.remove_folder()


def pytest_runtest_setup() -> None:
    pytest_socket.socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)


@pytest.fixture(autouse=True)
def loop_is_never_blocked(request: pytest.FixtureRequest) -> Iterator[None]:
    """A blocking call made by our own code on the event loop fails the test."""
    if request.node.get_closest_marker("blocks"):
        yield
        return
    blockbuster = BlockBuster(scanned_modules=["radiant"])
    blockbuster.activate()
    try:
        yield
    finally:
        blockbuster.deactivate()


@pytest.fixture(autouse=True)
def no_child_outlives_its_test(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A process that a failed test left behind would go on with the work of the tests after it, in the same database."""
    children: list[asyncio.subprocess.Process] = []
    start = asyncio.create_subprocess_exec

    async def noted(*command: Any, **options: Any) -> asyncio.subprocess.Process:
        process = await start(*command, **options)
        if any(str(part).startswith("tests.") for part in command):
            children.append(process)
        return process

    monkeypatch.setattr(asyncio, "create_subprocess_exec", noted)
    yield
    for child in children:
        if child.returncode is None:
            child.kill()


@pytest.fixture(scope="session")
def postgres_server() -> postgres.Server:
    """The session's server; its template database is migrated to the head."""
    return postgres.session_server()


@pytest.fixture(scope="session")
def dsns(postgres_server: postgres.Server) -> postgres.Dsns:
    """This worker's own database."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    return postgres.run_apart(postgres.create_database(postgres_server, f"test_{worker}"))


@pytest.fixture(scope="session")
async def _owner(dsns: postgres.Dsns) -> AsyncIterator[Any]:
    connection: Any = await asyncpg.connect(dsns.owner)
    yield connection
    await connection.close()


@pytest.fixture(scope="session")
async def _database(dsns: postgres.Dsns) -> AsyncIterator[Database]:
    database = await open_database(dsns.app, dsns.system)
    yield database
    await database.close()


@pytest.fixture
async def owner(_owner: Any) -> AsyncIterator[Any]:
    """A connection that owns the tables and sees everything; every table is emptied afterwards."""
    yield _owner
    await postgres.wipe(_owner)


@pytest.fixture
async def db(_database: Database, owner: Any) -> Database:
    """Both pools, as the application opens them."""
    return _database


@pytest.fixture
def make_tenant(owner: Any) -> Callable[..., Awaitable[TenantId]]:
    """`await make_tenant(slug=…, plan=…)`."""

    async def make(**options: Any) -> TenantId:
        return await insert_tenant(owner, **options)

    return make


@pytest.fixture
def make_user(owner: Any) -> Callable[..., Awaitable[UserId]]:
    """`await make_user(tenant_id, email=…, role=…, is_operator=…)`."""

    async def make(tenant_id: TenantId, **options: Any) -> UserId:
        return await insert_user(owner, tenant_id, **options)

    return make


@pytest.fixture
async def tenant(db: Database, owner: Any) -> Tenant:
    """A tenant with two members."""
    return await tenant_of_two(owner, db)


@pytest.fixture
async def two_tenants(db: Database, owner: Any) -> tuple[Tenant, Tenant]:
    """Two tenants with two members each."""
    return await tenant_of_two(owner, db, "ours"), await tenant_of_two(owner, db, "theirs")
