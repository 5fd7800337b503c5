"""Forward-only migrations: `migrations/NNNN_<slice>_<what>.sql`, each in one transaction, under one lock."""

import asyncio
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

MIGRATIONS = Path(__file__).parent.parent / "migrations"
_LOCK = 0x52414449  # "RADI"
_NAME = re.compile(r"^(\d{4})_[a-z0-9_]+\.sql$")


class MigrationError(Exception):
    """A migration is misnamed, missing, or was changed after it was applied."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One file."""

    number: int
    name: str
    sql: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the text, in hex."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def load(folder: Path = MIGRATIONS) -> list[Migration]:
    """Every migration in order. Raises MigrationError on a bad or doubled number."""
    found: list[Migration] = []
    for path in sorted(folder.glob("*.sql")):
        match = _NAME.match(path.name)
        if not match:
            raise MigrationError(f"{path.name}: name it NNNN_slice_what.sql")
        found.append(Migration(int(match[1]), path.name, path.read_text()))
    numbers = [migration.number for migration in found]
    if len(set(numbers)) != len(numbers):
        raise MigrationError("two migrations have one number")
    return found


async def ensure_roles(connection: Any, passwords: dict[str, str]) -> None:
    """Create the two login roles, or set their passwords. Needs CREATEROLE, not SUPERUSER; they own nothing.

    Raises MigrationError when a role of that name exists and row level security would not hold for it.
    """
    for role, password in passwords.items():
        powers = await connection.fetchrow(
            "select rolsuper or rolbypassrls as unbound from pg_roles where rolname = $1", role
        )
        if powers is None:
            form = "create role %I login nosuperuser nocreatedb nocreaterole password %L"
        elif powers["unbound"]:
            raise MigrationError(f"the role {role} is a superuser or bypasses row level security: drop it")
        else:
            # Naming an attribute, even to deny it, takes a superuser; a password does not.
            form = "alter role %I login password %L"
        statement = await connection.fetchval("select format($1, $2::text, $3::text)", form, role, password)
        await connection.execute(statement)


async def migrate(dsn: str, passwords: dict[str, str] | None = None, folder: Path = MIGRATIONS) -> list[str]:
    """Bring the database to the head; the names that were applied. Safe to run from two processes at once."""
    connection: Any = await asyncpg.connect(dsn, server_settings={"application_name": "radiant migrate"})
    try:
        await connection.execute("select pg_advisory_lock($1::bigint)", _LOCK)
        if passwords:
            await ensure_roles(connection, passwords)
        return await _apply(connection, await asyncio.to_thread(load, folder))
    finally:
        await connection.close()


async def _apply(connection: Any, migrations: list[Migration]) -> list[str]:
    await connection.execute(
        "create table if not exists schema_migrations (number integer primary key, name text not null,"
        " checksum text not null, applied_at timestamptz not null default current_timestamp)"
    )
    rows = await connection.fetch("select number, name, checksum from schema_migrations")
    applied = {row["number"]: row for row in rows}
    known = {migration.number for migration in migrations}
    if unknown := sorted(set(applied) - known):
        raise MigrationError(f"this database is newer than this program (migration {unknown[-1]}): update RADIANT")
    done: list[str] = []
    for migration in migrations:
        before = applied.get(migration.number)
        if before is not None:
            if before["checksum"] != migration.checksum:
                raise MigrationError(
                    f"{migration.name} was changed after it was applied: write a new migration instead"
                )
            continue
        async with connection.transaction():
            await connection.execute("set local lock_timeout = '5s'; set local statement_timeout = '300s'")
            try:
                await connection.execute(migration.sql)
            except asyncpg.PostgresError as error:
                error.add_note(f"in migration {migration.name}")
                raise
            await connection.execute(
                "insert into schema_migrations (number, name, checksum) values ($1, $2, $3)",
                migration.number,
                migration.name,
                migration.checksum,
            )
        done.append(migration.name)
    return done
