"""`radiant up` where it is less at home: in a closed folder, as an ordinary user, with an external Postgres."""

import asyncio
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import pytest

from radiant.infra.embedded_postgres import EmbeddedPostgres
from radiant.infra.migrate import load
from tests.kit.postgres import run_apart
from tests.kit.server import PASSWORD
from tests.roots.home import Home, new_home
from tests.roots.person import content_of, one_time_password, run_line, sign_in

pytestmark = [pytest.mark.blocks, pytest.mark.model, pytest.mark.xdist_group("up")]

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="starts as root, to become others")


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield session


async def starts_answers_and_stops_twice(home: Home, http: aiohttp.ClientSession) -> None:
    await home.up()
    line = home.out.read_text()
    assert content_of(await run_line(home, line)).strip()
    password = one_time_password(home)
    assert password is not None
    await sign_in(home, http, password, first=True)
    assert await home.end(signal.SIGINT) == 0
    assert not home.processes()
    await home.up()
    assert one_time_password(home) is None
    await sign_in(home, http, PASSWORD)
    assert content_of(await run_line(home, line)).strip()
    assert await home.end(signal.SIGINT) == 0
    assert not home.processes()


@needs_root
@pytest.mark.long
async def test_as_root_in_a_folder_closed_to_others_the_database_lives_under_var_lib(
    small_models: Path, http: aiohttp.ClientSession
) -> None:
    async with new_home(small_models, closed=True) as home:
        await starts_answers_and_stops_twice(home, http)
        database = home.database_home()
        assert database is not None
        assert database.is_relative_to("/var/lib/radiant")
        assert (database / "cluster" / "PG_VERSION").exists()
        assert stat.S_IMODE(home.folder.stat().st_mode) == 0o700, "no permission was changed to get in"
    assert not database.exists()


def system_python() -> str | None:
    """A Python of our own version that everybody may run; ours may lie in a closed home."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return shutil.which(version, path="/usr/bin:/usr/local/bin")


def give(folder: Path, owner: tuple[int, int]) -> None:
    for path in [folder, *folder.rglob("*")]:
        # What is linked is shared with others, and stays theirs.
        if not path.is_symlink() and (path.is_dir() or path.stat().st_nlink == 1):
            os.chown(path, *owner)


@needs_root
@pytest.mark.long
async def test_as_an_ordinary_user_everything_is_that_users(small_models: Path, http: aiohttp.ClientSession) -> None:
    python = system_python()
    if python is None:
        pytest.skip("no Python of this version in /usr/bin that another user may run")
    entry = pwd.getpwnam("nobody")
    owner = (entry.pw_uid, entry.pw_gid)
    async with new_home(small_models, python=python, owner=owner) as home:
        home.folder.chmod(0o700)
        await asyncio.to_thread(give, home.folder, owner)
        await starts_answers_and_stops_twice(home, http)
        assert home.database_home() == home.data_dir / "postgres"
        made = [home.data_dir, *home.data_dir.rglob("*")]
        assert {path.lstat().st_uid for path in made} == {owner[0]}
        private = [home.data_dir / "roles.json", home.data_dir / "postgres" / "password"]
        assert [stat.S_IMODE(path.stat().st_mode) for path in private] == [0o600, 0o600]


async def _make_owner(dsn: str, new_database: str) -> None:
    superuser: Any = await asyncpg.connect(dsn)
    await superuser.execute("create role renter login createrole nosuperuser nocreatedb password 'rent'")
    await superuser.execute(f"create database {new_database} owner renter")
    await superuser.close()
    inside: Any = await asyncpg.connect(dsn.replace("/postgres?", f"/{new_database}?"))
    await inside.execute("create extension vector")
    await inside.close()


async def _look(dsn: str) -> tuple[int, list[str], list[str]]:
    connection: Any = await asyncpg.connect(dsn)
    try:
        applied = await connection.fetchval("select count(*) from schema_migrations")
        owners = await connection.fetch("select distinct tableowner as name from pg_tables where schemaname = 'public'")
        roles = await connection.fetch(
            "select rolname as name from pg_roles where rolname like 'radiant%' and not rolsuper and not rolbypassrls"
            " order by 1"
        )
    finally:
        await connection.close()
    return applied, [row["name"] for row in owners], [row["name"] for row in roles]


@pytest.mark.long
async def test_with_an_external_postgres_whose_owner_is_no_superuser(
    small_models: Path, http: aiohttp.ClientSession
) -> None:
    async with new_home(small_models) as home:
        external = EmbeddedPostgres(home.folder / "external")
        await asyncio.to_thread(external.start)
        try:
            await asyncio.to_thread(run_apart, _make_owner(external.dsn("postgres"), "rented"))
            address = external.dsn("rented", user="renter", password="rent")
            home.environment["RADIANT_DATABASE_URL"] = address
            await home.up()
            line = home.out.read_text()
            assert content_of(await run_line(home, line)).strip()
            assert not (home.data_dir / "postgres").exists(), "no embedded database beside it"
            applied, owners, roles = await asyncio.to_thread(run_apart, _look(address))
            assert (applied, owners) == (len(load()), ["renter"])
            assert roles == ["radiant_app", "radiant_reader", "radiant_system"]
            password = one_time_password(home)
            assert password is not None
            await sign_in(home, http, password, first=True)
            assert await home.end(signal.SIGINT) == 0
            assert await asyncio.to_thread(external.is_up), "what up did not start it does not stop"
            await home.up()
            assert content_of(await run_line(home, line)).strip()
            assert await home.end(signal.SIGINT) == 0
        finally:
            await asyncio.to_thread(external.stop)


async def test_an_external_postgres_that_is_away_is_one_clear_line(small_models: Path) -> None:
    async with new_home(small_models) as home:
        home.environment["RADIANT_DATABASE_URL"] = "postgresql://renter:s3cret@127.0.0.1:1/rented"
        done: subprocess.CompletedProcess[str] = await home.run("up", "--data-dir", str(home.data_dir))
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        assert "RADIANT_DATABASE_URL" in done.stderr
        assert "s3cret" not in done.stderr
