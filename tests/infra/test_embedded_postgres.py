"""The supervisor of the embedded Postgres: starts, attaches, survives kill -9, and keeps what was committed."""

import asyncio
import os
import shutil
import stat
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from radiant.infra.embedded_postgres import EmbeddedPostgres

# Each step runs before the application's loop does.
pytestmark = pytest.mark.blocks


def _ask(server: EmbeddedPostgres, statement: str) -> Any:
    async def ask() -> Any:
        connection: Any = await asyncpg.connect(server.dsn("postgres"), timeout=10)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    return asyncio.run(ask())


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedPostgres]:
    """A cluster of its own, fsync on, under a folder with a blank and an umlaut in its name."""
    made = EmbeddedPostgres(tmp_path / "dätä folder")
    yield made
    made.stop()
    if made.cluster.is_relative_to("/var/lib/radiant"):
        shutil.rmtree(made.cluster.parent, ignore_errors=True)


def test_it_starts_from_nothing_and_again_and_keeps_what_was_committed(server: EmbeddedPostgres):
    server.start()
    assert _ask(server, "select 1") == 1
    _ask(server, "create table kept (n integer)")
    _ask(server, "insert into kept values (7)")

    before = time.monotonic()
    server.start()
    assert time.monotonic() - before < 2, "attaching to a running server takes no start"

    server.stop()
    assert server.pid is None
    server.stop()
    server.start()
    assert _ask(server, "select n from kept") == 7


def test_after_a_kill_9_it_comes_back_with_everything_that_was_committed(server: EmbeddedPostgres):
    server.start()
    _ask(server, "create table kept (n integer)")
    for n in range(3):
        _ask(server, f"insert into kept values ({n})")
        server.kill()
        # At once: the postmaster is still a zombie, or its children still hold the shared memory.
        server.start()
        assert _ask(server, "select count(*) from kept") == n + 1


def test_a_start_that_fails_leaves_no_lock_behind(server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch):
    def broken() -> None:
        raise RuntimeError("disk full")

    monkeypatch.setattr(server, "_initialise", broken)
    with pytest.raises(RuntimeError, match="disk full"):
        server.start()
    monkeypatch.undo()

    server.start()
    assert _ask(server, "select 1") == 1


def test_it_listens_on_its_socket_alone_asks_for_a_password_and_syncs(server: EmbeddedPostgres):
    server.start()

    assert _ask(server, "show listen_addresses") == ""
    assert _ask(server, "show fsync") == "on"
    assert _ask(server, "show data_checksums") == "on"
    with pytest.raises(asyncpg.InvalidPasswordError):
        asyncio.run(asyncpg.connect(server.dsn("postgres", password="wrong")))
    socket_folder = Path(_ask(server, "show unix_socket_directories"))
    assert stat.S_IMODE(socket_folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((server.data_dir / "postgres" / "password").stat().st_mode) == 0o600


def test_two_supervisors_of_one_folder_start_one_server(server: EmbeddedPostgres):
    async def both() -> None:
        second = EmbeddedPostgres(server.data_dir)
        await asyncio.gather(asyncio.to_thread(server.start), asyncio.to_thread(second.start))

    asyncio.run(both())

    assert _ask(server, "select 1") == 1
    assert server.pid == EmbeddedPostgres(server.data_dir).pid


@pytest.mark.skipif(os.geteuid() != 0, reason="as an ordinary user the server runs as that user")
def test_as_root_it_runs_under_an_account_of_its_own_and_changes_no_permission_of_a_home(
    server: EmbeddedPostgres, tmp_path: Path
):
    modes = {folder: folder.stat().st_mode for folder in [tmp_path, *tmp_path.parents]}
    server.start()

    assert server.pid is not None
    owner = subprocess.run(
        ["ps", "-o", "user=", "-p", str(server.pid)], capture_output=True, text=True, check=True
    ).stdout.strip()
    assert owner.startswith("radiant")
    assert {folder: folder.stat().st_mode for folder in modes} == modes
