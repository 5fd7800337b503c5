"""`radiant doctor`: what is wrong on this machine, each with what to do."""

import asyncio
import os
import platform
import shutil
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from radiant import web_build
from radiant.ai.serving.manifest import load_manifest
from radiant.ai.serving.packs import ModelStore
from radiant.config import Settings
from radiant.infra.embedded_postgres import EmbeddedPostgres, EmbeddedPostgresError, binaries
from radiant.infra.migrate import load
from radiant.runtime import addresses

_FREE_GB = 3
_MEMORY_GB = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    ok: bool
    says: str


def examine(settings: Settings) -> list[Finding]:
    """Every finding; none of the checks changes anything."""
    checks: list[tuple[str, Callable[[], tuple[bool, str]]]] = [
        ("python", _python),
        ("machine", _machine),
        ("disk", lambda: _disk(settings)),
        ("memory", _memory),
        ("data folder", lambda: _data_folder(settings)),
        ("database", lambda: _database(settings)),
        ("models", lambda: _models(settings)),
        ("page", _page),
        ("port", lambda: _port(settings)),
    ]
    return [_finding(what, check) for what, check in checks]


def _finding(what: str, check: Callable[[], tuple[bool, str]]) -> Finding:
    try:
        ok, says = check()
    except Exception as error:  # noqa: BLE001 - a check that fails is a finding
        ok, says = False, f"could not be looked at: {error}"
    return Finding(what, ok, says)


def _python() -> tuple[bool, str]:
    return sys.version_info >= (3, 11), f"{platform.python_version()} at {sys.executable} (3.11 or newer is needed)"


def _machine() -> tuple[bool, str]:
    known = sys.platform == "linux" and platform.machine() == "x86_64"
    says = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    return known, says if known else f"{says}: proven on Linux x86-64 only"


def _disk(settings: Settings) -> tuple[bool, str]:
    folder = settings.data_dir
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free / 1e9
    return free >= _FREE_GB, f"{free:.0f} GB free at {folder} ({_FREE_GB} GB are needed with the standard models)"


def _memory() -> tuple[bool, str]:
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
    return total >= _MEMORY_GB, f"{total:.0f} GB ({_MEMORY_GB} GB are needed with the standard models)"


def _data_folder(settings: Settings) -> tuple[bool, str]:
    folder: Path = settings.data_dir
    if not folder.exists():
        parent = next(path for path in folder.parents if path.exists())
        return os.access(parent, os.W_OK), f"{folder} will be made by radiant up"
    return os.access(folder, os.W_OK), f"{folder}" + ("" if os.access(folder, os.W_OK) else " cannot be written to")


def _database(settings: Settings) -> tuple[bool, str]:
    if settings.database_url is None:
        try:
            binaries()
        except EmbeddedPostgresError as error:
            return False, str(error)
        if not settings.data_dir.exists() or not (settings.data_dir / "postgres").exists():
            return True, "embedded; will be made by radiant up"
        embedded = EmbeddedPostgres(settings.data_dir)
        if not embedded.is_up():
            return True, f"embedded, not running (log: {embedded.log_file})"
    return asyncio.run(_ask_database(addresses(settings).owner))


async def _ask_database(dsn: str) -> tuple[bool, str]:
    try:
        connection = await asyncpg.connect(dsn, timeout=5)
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        return False, f"cannot be reached: {error}; see RADIANT_DATABASE_URL"
    try:
        version = connection.get_server_version()
        has_vector = await connection.fetchval("select count(*) from pg_available_extensions where name = 'vector'")
        there = await connection.fetchval("select to_regclass('schema_migrations') is not null")
        applied = await connection.fetchval("select count(*) from schema_migrations") if there else 0
    finally:
        await connection.close()
    behind = len(load()) - applied
    if version.major < 16 or not has_vector:
        return (
            False,
            f"Postgres {version.major}, pgvector {'there' if has_vector else 'missing'}: needs 16+ with pgvector",
        )
    return True, f"Postgres {version.major}, {'at the head' if not behind else f'{behind} migrations behind'}"


def _models(settings: Settings) -> tuple[bool, str]:
    if settings.models == "none":
        return True, "none are wanted"
    store = ModelStore(settings.model_folder, folder=settings.models_from)
    missing = [model for model in load_manifest().packs[settings.models] if not store.installed(model)]
    if missing:
        return False, f"not installed: {', '.join(missing)}; run: radiant models install"
    return True, f"the pack {settings.models} is installed"


def _page() -> tuple[bool, str]:
    if web_build.needed():
        return True, "will be built by radiant up"
    built = (web_build.STATIC / "index.html").exists()
    return built, "built" if built else "missing from this installation"


def _port(settings: Settings) -> tuple[bool, str]:
    with socket.socket() as probe:
        probe.settimeout(1)
        host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104
        taken = probe.connect_ex((host, settings.port)) == 0
    where = f"{settings.host}:{settings.port}"
    return True, f"{where} is in use (by a running RADIANT?)" if taken else f"{where} is free"
