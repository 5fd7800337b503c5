"""Everything between an empty folder and a server that can answer: database, migrations, catalogue, first person."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from radiant.ai.catalog.seed import seed
from radiant.ai.serving.manifest import load_manifest
from radiant.config import Settings
from radiant.foundation.identity import api_keys, users, users_store
from radiant.foundation.identity.callers import ALL_SCOPES, Caller, Role
from radiant.foundation.identity.schemas import NewApiKey
from radiant.foundation.tenants.schemas import NewTenant
from radiant.infra.db import Database
from radiant.infra.embedded_postgres import EmbeddedPostgres
from radiant.infra.migrate import migrate
from radiant.runtime import Addresses, Runtime, addresses, role_passwords

FIRST_EMAIL = "admin@radiant.localhost"
Report = Callable[[str], None]


class NotReady(Exception):
    """The database is not as it must be; the message says what to do."""


@dataclass(frozen=True, slots=True)
class FirstPerson:
    """Shown once, at the first start."""

    email: str
    one_time_password: str
    api_key: str


def start_database(settings: Settings) -> EmbeddedPostgres | None:
    """Start the embedded Postgres, unless the settings name another. Blocks."""
    if settings.database_url is not None:
        return None
    postgres = EmbeddedPostgres(settings.data_dir)
    postgres.start()
    return postgres


async def migrate_database(settings: Settings, report: Report) -> Addresses:
    """Make the database if it is not there, and bring it to the head. Raises NotReady, MigrationError."""
    where = addresses(settings)
    await _create_database(where.owner)
    applied = await migrate(where.owner, role_passwords(settings))
    if applied:
        report(f"{len(applied)} migrations applied")
    return where


async def _create_database(owner: str) -> None:
    """Create the database that the address names, where it is missing and may be made."""
    try:
        connection = await asyncpg.connect(owner, timeout=10)
    except asyncpg.InvalidCatalogNameError:
        parts = urlsplit(owner)
        admin = await asyncpg.connect(urlunsplit(parts._replace(path="/postgres")), timeout=10)
        try:
            statement = await admin.fetchval("select format('create database %I', $1::text)", parts.path.lstrip("/"))
            await admin.execute(statement)
        finally:
            await admin.close()
        return
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        raise NotReady(f"the database cannot be reached: {error}. See RADIANT_DATABASE_URL.") from error
    try:
        version = connection.get_server_version()
        if version.major < 16:
            raise NotReady(f"the database is Postgres {version.major}; RADIANT needs 16 or newer")
    finally:
        await connection.close()


async def seed_catalog(database: Database) -> None:
    """Write the catalogue that this version ships."""
    await seed(database.system("seed catalogue"), load_manifest().model)


async def first_person(runtime: Runtime) -> FirstPerson | None:
    """Make the first workspace, its owner and an API key, if nobody is there yet."""
    database = runtime.database
    async with database.system("first start").tx() as tx:
        if await users_store.count(tx):
            return None
    new = NewTenant(name="Main", slug="main", owner_email=FIRST_EMAIL)
    tenant, owner = await users.make_tenant(database, new, None, operator=True)
    caller = Caller(
        tenant_id=tenant.id, user_id=owner.id, role=Role.OWNER, is_operator=True, kind="user",
        scopes=ALL_SCOPES,
    )  # fmt: skip
    key = await api_keys.make(database, caller, NewApiKey(name="First key", scopes=["inference"]))
    return FirstPerson(owner.email, owner.one_time_password, key.secret)


def stop_database(postgres: EmbeddedPostgres | None) -> None:
    """Stop what `start_database` started."""
    if postgres is not None:
        postgres.stop()
