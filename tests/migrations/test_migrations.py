"""The migrator: from nothing, twice, changed, and two at once."""

import asyncio
import shutil
from pathlib import Path

import asyncpg
import pytest

from radiant.infra import migrate as migrator
from tests.kit import postgres

HEAD = [migration.name for migration in migrator.load()]


async def test_from_an_empty_database_every_migration_is_applied_in_order(postgres_server: postgres.Server):
    database = await postgres.create_database(postgres_server, "migrate_from_empty", template="template0")

    applied = await migrator.migrate(database.owner, postgres.PASSWORDS)

    assert applied == HEAD
    assert applied == sorted(applied)


async def test_migrating_twice_does_nothing(postgres_server: postgres.Server):
    database = await postgres.create_database(postgres_server, "migrate_twice")

    assert await migrator.migrate(database.owner, postgres.PASSWORDS) == []


async def test_a_migration_that_was_changed_after_it_was_applied_is_refused(
    postgres_server: postgres.Server, tmp_path: Path
):
    database = await postgres.create_database(postgres_server, "migrate_changed")
    folder = tmp_path / "migrations"
    shutil.copytree(migrator.MIGRATIONS, folder)
    first = sorted(folder.glob("*.sql"))[0]
    first.write_text(first.read_text() + "\n-- changed\n")

    with pytest.raises(migrator.MigrationError, match="was changed after it was applied"):
        await migrator.migrate(database.owner, folder=folder)


async def test_a_database_of_a_newer_program_is_refused(postgres_server: postgres.Server, tmp_path: Path):
    database = await postgres.create_database(postgres_server, "migrate_newer")
    folder = tmp_path / "migrations"
    folder.mkdir()
    first = sorted(migrator.MIGRATIONS.glob("*.sql"))[0]
    shutil.copy(first, folder)

    with pytest.raises(migrator.MigrationError, match="newer than this program"):
        await migrator.migrate(database.owner, folder=folder)


async def test_two_migrators_at_once_apply_each_migration_once(postgres_server: postgres.Server):
    database = await postgres.create_database(postgres_server, "migrate_race", template="template0")

    one, two = await asyncio.gather(
        migrator.migrate(database.owner, postgres.PASSWORDS),
        migrator.migrate(database.owner, postgres.PASSWORDS),
    )

    assert sorted(one + two) == HEAD


async def test_a_migration_that_fails_leaves_nothing_behind(postgres_server: postgres.Server, tmp_path: Path):
    database = await postgres.create_database(postgres_server, "migrate_fails", template="template0")
    (tmp_path / "0001_good.sql").write_text("create table good (id integer);")
    (tmp_path / "0002_bad.sql").write_text("create table half (id integer); select 1 / 0;")

    with pytest.raises(asyncpg.PostgresError):
        await migrator.migrate(database.owner, folder=tmp_path)

    connection = await asyncpg.connect(database.owner)
    try:
        assert await connection.fetchval("select to_regclass('good') is not null")
        assert await connection.fetchval("select to_regclass('half') is null")
        assert await connection.fetch("select number from schema_migrations") == [(1,)]
    finally:
        await connection.close()


@pytest.mark.parametrize("names", [("01_short.sql",), ("0001_a.sql", "0001_b.sql")])
def test_a_misnamed_or_doubled_migration_is_refused(names: tuple[str, ...], tmp_path: Path):
    for name in names:
        (tmp_path / name).write_text("select 1;")

    with pytest.raises(migrator.MigrationError):
        migrator.load(tmp_path)


async def test_an_owner_that_is_no_superuser_can_migrate(postgres_server: postgres.Server):
    """A managed Postgres gives CREATEROLE and a database of one's own, and no more."""
    admin = await asyncpg.connect(postgres_server.dsn("postgres"))
    try:
        await admin.execute("drop database if exists migrate_managed with (force)")
        await admin.execute("drop role if exists managed")
        await admin.execute("create role managed login createrole password 'managed'")
        await admin.execute("grant radiant_app, radiant_system to managed with admin option, inherit false, set false")
        await admin.execute("create database migrate_managed owner managed template template0")
    finally:
        await admin.close()
    extension = await asyncpg.connect(postgres_server.dsn("migrate_managed"))
    await extension.execute("create extension vector")
    await extension.close()

    dsn = postgres_server.dsn("migrate_managed", user="managed", password="managed")
    assert await migrator.migrate(dsn, postgres.PASSWORDS)

    connection = await asyncpg.connect(postgres.dsns(postgres_server, "migrate_managed").system)
    try:
        # Rules and partitions were written although the tables are FORCEd on their owner.
        assert await connection.fetchval("select count(*) from retention_policies") > 20
        assert await connection.fetchval("select app.create_month_partitions(5)") == 2
        assert await connection.fetchval("select app.ensure_ann_index('memories', 'm', 384, 0)")
    finally:
        await connection.close()
