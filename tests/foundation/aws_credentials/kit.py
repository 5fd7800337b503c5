"""What tests of this slice share: a vault, a user at AWS whose key lives in it, and a clock that is set forward."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import boto3
from botocore.exceptions import ClientError

from radiant.foundation.aws_credentials import identities
from radiant.foundation.aws_credentials.calls import Aws, Keys
from radiant.foundation.aws_credentials.rotating import Pace, Rotating
from radiant.foundation.aws_credentials.rotations import Rotations
from radiant.foundation.aws_credentials.schemas import AwsIdentity, KeyRotationInSteps, NewAwsIdentity, RotateAsked
from radiant.foundation.aws_credentials.service import AwsCredentials
from radiant.foundation.aws_credentials.sessions import Sessions
from radiant.foundation.credentials.access_log import AccessLog, Entry
from radiant.foundation.credentials.actor import Actor
from radiant.foundation.credentials.schemas import NewCredential, NewVault
from radiant.foundation.credentials.service import Credentials
from radiant.foundation.credentials.vaults import Vaults
from radiant.foundation.identity.callers import ALL_SCOPES, Caller, Role
from radiant.infra.db import Database
from radiant.infra.kms import LocalKms
from radiant.kit.ids import UserId, uuid7
from tests.kit.aws_front import AwsFront, aws_front
from tests.kit.people import Tenant

ACCOUNT = "123456789012"
KMS_KEY = bytes(range(32))
HASTE = Pace(settle=0, readers=0, lease=1)


@dataclass
class Clock:
    """Now, and later when a test says so."""

    ahead: timedelta = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def forward(self, **by: float) -> None:
        """Set it forward."""
        self.ahead += timedelta(**by)

    async def sleep(self, seconds: float) -> None:
        """Let the time pass without waiting."""
        self.ahead += timedelta(seconds=seconds)
        await asyncio.sleep(0)


@dataclass
class House:
    """The parts, as a root puts them together."""

    db: Database
    tenant: Tenant
    front: AwsFront
    clock: Clock = field(default_factory=Clock)
    pace: Pace = HASTE

    def __post_init__(self) -> None:
        kms = LocalKms(KMS_KEY)
        self.kms = kms
        self.log = AccessLog(self.db, kms)
        self.vaults = Vaults(self.db, kms, self.log)
        self.credentials = Credentials(self.db, kms, self.log, [identities.uses_of], self.clock)
        self.aws = Aws(self.front.url)
        self.sessions = Sessions(self.db, kms, self.aws, self.clock)
        self.service = AwsCredentials(self.db, self.credentials, self.log, self.aws, self.sessions)
        self.rotations = Rotations(self.db, self.service, self.aws)
        self.rotating = Rotating(
            self.db, self.credentials, self.service, self.aws, pace=self.pace, clock=self.clock, sleep=self.clock.sleep
        )
        self.caller = caller_of(self.tenant, self.tenant.user_id)
        self.actor = Actor.of(self.caller)

    async def vault(self) -> UUID:
        """A vault that the actor owns."""
        return (await self.vaults.create(self.actor, NewVault(name=f"v {uuid7().hex[-8:]}"))).id

    async def keep(self, keys: Keys, vault_id: UUID | None = None) -> UUID:
        """Those keys in a vault."""
        fields: dict[str, Any] = {"access_key_id": keys.access_key_id, "secret_access_key": keys.secret_access_key}
        if keys.session_token:
            fields["session_token"] = keys.session_token
        new = NewCredential(name=f"c {uuid7().hex[-8:]}", type="aws", fields=fields)
        return (await self.credentials.store(self.actor, vault_id or await self.vault(), new)).id

    async def user(self, name: str | None = None, **settings: Any) -> AwsIdentity:
        """A registered user whose one key lives in the vault."""
        name = name or f"deployer-{uuid7().hex[-8:]}"
        arn = await asyncio.to_thread(self._make_user, name)
        credential = await self.keep(await self.make_key(name))
        new = NewAwsIdentity(name=name, arn=arn, key_credential=credential, **settings)
        return await identities.register(self.db, self.caller, new)

    async def role(self, name: str = "deploy", **settings: Any) -> AwsIdentity:
        """A registered role that is assumed by a user's keys."""
        if "key_credential" not in settings and settings.get("source") != "platform":
            user = f"assumer-{uuid7().hex[-8:]}"
            await asyncio.to_thread(self._make_user, user)
            settings["key_credential"] = await self.keep(await self.make_key(user))
        new = NewAwsIdentity(
            name=f"{name} {uuid7().hex[-6:]}", arn=f"arn:aws:iam::{ACCOUNT}:role/{name}-{uuid7().hex[-6:]}", **settings
        )
        return await identities.register(self.db, self.caller, new)

    def _make_user(self, name: str) -> str:
        return _iam(self.front.moto).create_user(UserName=name, Path="/ci/")["User"]["Arn"]

    async def make_key(self, name: str) -> Keys:
        """Another key, made outside of RADIANT and known everywhere."""
        lag, self.front.sts_lag, self.front.list_lag = (self.front.sts_lag, self.front.list_lag), 0, 0
        made = await asyncio.to_thread(lambda: _iam(self.front.url).create_access_key(UserName=name)["AccessKey"])
        self.front.sts_lag, self.front.list_lag = lag
        return Keys(made["AccessKeyId"], made["SecretAccessKey"])

    async def at_aws(self, identity: AwsIdentity) -> dict[str, str]:
        """The user's keys: id to status."""
        name = identity.arn.rpartition("/")[2]
        listed = await asyncio.to_thread(lambda: _iam(self.front.moto).list_access_keys(UserName=name))
        return {key["AccessKeyId"]: key["Status"] for key in listed["AccessKeyMetadata"]}

    async def kept(self, identity: AwsIdentity, stage: str | None = None) -> Keys:
        """What the vault gives readers now."""
        assert identity.key_credential is not None
        entry = Entry("use", credential_id=identity.key_credential)
        opened = await self.credentials.open(self.actor, entry, "use", stage=stage)
        assert opened.value.fields is not None
        return Keys(opened.value.fields["access_key_id"], opened.value.fields["secret_access_key"])

    async def start(self, identity: AwsIdentity, **asked: Any) -> UUID:
        """Begin a rotation."""
        rotation = await self.rotations.rotate_access_keys(
            self.actor, identity.id, RotateAsked(**asked), f"user:{self.actor.user_id}"
        )
        return rotation.id

    async def advance(self, rotation_id: UUID) -> KeyRotationInSteps:
        """As the job does."""
        await self.rotating.advance(self.tenant.id, rotation_id)
        return await self.rotations.rotation(self.tenant.db, rotation_id)

    async def finish(self, rotation_id: UUID) -> KeyRotationInSteps:
        """To its end, over all its waits."""
        for _ in range(50):
            rotation = await self.advance(rotation_id)
            if rotation.finished_at is not None or rotation.stuck:
                return rotation
            self.clock.ahead += max(rotation.next_at - self.clock(), timedelta(0)) + timedelta(seconds=1)
        raise AssertionError(rotation)

    async def works(self, keys: Keys) -> bool:
        """Whether AWS takes those keys: with nothing late, and the signature checked."""
        self.front._unknown.clear()

        def ask() -> bool:
            try:
                session = boto3.Session(keys.access_key_id, keys.secret_access_key, keys.session_token)
                session.client("sts", region_name="us-east-1", endpoint_url=self.front.url).get_caller_identity()
            except ClientError:
                return False
            return True

        return await asyncio.to_thread(ask)

    async def audited(self) -> list[str]:
        """Actions that went to the trail."""
        async with self.db.system("test").tx() as tx:
            rows = await tx.all("select payload from outbox where topic = 'audit' order by id")
        return [row["payload"]["action"] for row in rows]


def caller_of(tenant: Tenant, user_id: UserId, role: Role = Role.OWNER, *, operator: bool = False) -> Caller:
    """A person of that tenant."""
    return Caller(
        tenant_id=tenant.id, user_id=user_id, role=role, is_operator=operator, kind="user",
        scopes=ALL_SCOPES, ip="127.0.0.1",
    )  # fmt: skip


def _iam(endpoint: str) -> Any:
    untyped: Any = boto3.Session("testing", "testing")
    return untyped.client("iam", region_name="us-east-1", endpoint_url=endpoint)


@asynccontextmanager
async def house(db: Database, tenant: Tenant, moto: str, **options: Any) -> AsyncIterator[House]:
    """All of it, before moto."""
    async with aws_front(moto) as front:
        made = House(db, tenant, front, **options)
        yield made
        made.aws.close()


async def dump(owner: Any) -> str:
    """Every table as text."""
    tables = await owner.fetch(
        "select c.oid::regclass::text as name from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        " where n.nspname = 'public' and c.relkind in ('r', 'p')"
    )
    parts = [str(row[0]) for table in tables for row in await owner.fetch(f"select t::text from {table['name']} t")]
    return re.sub(r"\s+", " ", " ".join(parts))
