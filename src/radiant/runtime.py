"""What every process of RADIANT opens: the database by both roles, keys, objects. Shared by the roots."""

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from radiant.config import Settings
from radiant.infra.db import Database, open_database
from radiant.infra.embedded_postgres import EmbeddedPostgres
from radiant.infra.kms import (
    AwsKms,
    Kms,
    LocalKms,
    TookOver,
    load_or_make_master_keys,
    parse_master_keys,
    read_master_keys,
)
from radiant.infra.mail import Mailer
from radiant.infra.objects import LocalObjects, ObjectStore, S3Objects

DATABASE = "radiant"
APP_ROLE, SYSTEM_ROLE = "radiant_app", "radiant_system"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Connection strings: of the migrator, and of the two roles that everything else uses."""

    owner: str
    app: str
    system: str

    @property
    def app_secret(self) -> bytes:
        """What all processes of an installation know, and nobody else: tickets between them are signed with it."""
        return unquote(urlsplit(self.app).password or self.app).encode()


def write_private(path: Path, text: str) -> None:
    """Write a file that its owner alone may read, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    part.rename(path)


def role_passwords(settings: Settings) -> dict[str, str]:
    """The passwords of the two login roles, made at the first start."""
    path = settings.data_dir / "roles.json"
    if path.exists():
        return json.loads(path.read_text())
    made = {role: secrets.token_urlsafe(32) for role in (APP_ROLE, SYSTEM_ROLE)}
    write_private(path, json.dumps(made))
    return made


def _as_role(owner: str, role: str, password: str) -> str:
    parts = urlsplit(owner)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{quote(role)}:{quote(password)}@{host}"))


def addresses(settings: Settings, postgres: EmbeddedPostgres | None = None) -> Addresses:
    """Where the database is: the external one that the settings name, or the embedded one."""
    if settings.database_url is not None:
        owner = settings.database_url.get_secret_value()
    else:
        owner = (postgres or EmbeddedPostgres(settings.data_dir)).dsn(DATABASE)
    passwords = role_passwords(settings)
    return Addresses(
        owner, _as_role(owner, APP_ROLE, passwords[APP_ROLE]), _as_role(owner, SYSTEM_ROLE, passwords[SYSTEM_ROLE])
    )


@dataclass(frozen=True, slots=True)
class Runtime:
    """Opened once a process."""

    settings: Settings
    addresses: Addresses
    database: Database
    kms: Kms
    objects: ObjectStore

    async def close(self) -> None:
        """Give everything back."""
        await self.database.close()


def make_kms(settings: Settings) -> Kms:
    """AWS KMS where a key of it is named, which takes over from a local key that is there; else the local master key."""
    if settings.kms_key_id is not None:
        aws = AwsKms(settings.kms_key_id, endpoint_url=settings.aws_endpoint_url)
        # A key of before, until nothing is under it (`radiant vault rekey`).
        has_local = settings.master_key is not None or settings.key_file.exists()
        return TookOver(aws, _local_kms(settings)) if has_local else aws
    return _local_kms(settings)


def _local_kms(settings: Settings) -> LocalKms:
    if settings.master_key is not None:
        key, *former = parse_master_keys(settings.master_key.get_secret_value())
        return LocalKms(key, tuple(former))
    path = settings.key_file
    key, *former = load_or_make_master_keys(path)
    return LocalKms(key, tuple(former), lambda: read_master_keys(path))


def make_objects(settings: Settings, link_secret: bytes) -> ObjectStore:
    """S3 where the settings name a bucket (s3://bucket/prefix), else a folder."""
    if settings.objects_url is not None:
        parts = urlsplit(settings.objects_url)
        return S3Objects(parts.netloc, prefix=parts.path.strip("/"), endpoint=settings.aws_endpoint_url)
    return LocalObjects(settings.data_dir / "objects", secret=link_secret)


def heads_store(settings: Settings) -> ObjectStore | None:
    """Where heads of the trails go besides: a bucket of its own, best one that lets nobody overwrite."""
    if settings.trail_heads_url is None:
        return None
    parts = urlsplit(settings.trail_heads_url)
    return S3Objects(parts.netloc, prefix=parts.path.strip("/"), endpoint=settings.aws_endpoint_url)


async def open_runtime(settings: Settings) -> Runtime:
    """Connect. The database must be up and migrated."""
    where = addresses(settings)
    secret_file = settings.data_dir / "link-secret"
    if not secret_file.exists():
        write_private(secret_file, secrets.token_hex(32))
    return Runtime(
        settings=settings,
        addresses=where,
        database=await open_database(where.app, where.system, max_size=settings.database_pool),
        kms=make_kms(settings),
        objects=make_objects(settings, bytes.fromhex(secret_file.read_text().strip())),
    )


def mailer_of(settings: Settings) -> Mailer:
    """What sends mail; nothing where no server is set."""
    return Mailer(settings.smtp_url.get_secret_value() if settings.smtp_url else None, settings.smtp_from)
