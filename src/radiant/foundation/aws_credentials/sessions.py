"""Sessions of assumed roles: asked of STS once for all who ask alike, in this process and in others (F16.4).

A process keeps what it has in memory, all share it sealed in a row. Whoever finds it missing or due takes the row's lease
and asks STS; the others go on with what is still good, or wait. A session is renewed before its end, at a moment of each
one's own, and is never given out in its last minute.
"""

import asyncio
import hashlib
import json
import random
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from radiant.foundation.aws_credentials import sessions_store as store
from radiant.foundation.aws_credentials.calls import Assumed, Aws, Keys, RoleAsked
from radiant.foundation.aws_credentials.failures import AwsAway, AwsDurationTooLong
from radiant.foundation.aws_credentials.identities import region_of
from radiant.foundation.aws_credentials.schemas import AssumeAsked, AwsIdentity
from radiant.infra.db import Database, Row
from radiant.infra.kms import CannotOpen, Context, Kms, KmsError, open_sealed, seal
from radiant.infra.rekeying import SealedPlace
from radiant.kit.clock import Clock, utc_now
from radiant.kit.errors import Invalid, Problem, Unavailable
from radiant.kit.ids import TenantId, uuid7

log = structlog.get_logger()

LAST_MINUTE = timedelta(seconds=60)
_EARLY = timedelta(minutes=5)
CHAINED_SECONDS = 3600
# Longer than STS may take with all its tries.
_LEASE = timedelta(seconds=75)
_LONGEST_WAIT, _FIRST_PAUSE, _LONGEST_PAUSE = 90.0, 0.05, 0.5
_KEPT, _MOST_TAGS = 500, 50


SEALED = SealedPlace(
    "sessions of AWS roles", store.SEALED_DUE, store.SEALED_PUT,
    lambda row: _context((row["tenant_id"], row["identity_id"], row["digest"])),
)  # fmt: skip


class KeysUnavailable(Unavailable):
    """The session cannot be sealed or opened."""

    slug = "key-service-away"


@dataclass(frozen=True, slots=True)
class Source:
    """By whose keys a role is assumed. `keys` None: the process's own. `ask` gives them when STS is asked."""

    ask: Callable[[], Awaitable[Keys | None]]
    external_id: Callable[[], Awaitable[str | None]]


@dataclass(frozen=True, slots=True)
class Session:
    """A session that may be used now."""

    assumed: Assumed
    refresh_at: datetime


_Which = tuple[TenantId, UUID, bytes]


class Sessions:
    """One per process."""

    def __init__(
        self,
        database: Database,
        kms: Kms,
        aws: Aws,
        clock: Clock = utc_now,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._database = database
        self._kms = kms
        self._aws = aws
        self._clock = clock
        self._jitter = jitter
        self._held: OrderedDict[_Which, Session] = OrderedDict()
        self._asking: dict[_Which, asyncio.Task[Session]] = {}
        self._chained: OrderedDict[tuple[str | None, str], bool] = OrderedDict()

    async def get(self, tenant_id: TenantId, identity: AwsIdentity, asked: AssumeAsked, source: Source) -> Assumed:
        """A session that lasts a minute at least. Raises problems of `failures`, Invalid, KeysUnavailable."""
        tags = _tags(identity, asked)
        which = (tenant_id, identity.id, _digest(identity, asked))
        held = self._held.get(which)
        now = self._clock()
        if held is not None and now < held.refresh_at:
            self._held.move_to_end(which)
            return held.assumed
        task = self._asking.get(which)
        if task is None:
            task = asyncio.create_task(self._shared(which, identity, asked, tags, source))
            self._asking[which] = task
            task.add_done_callback(lambda done: self._ended(which, done))
        if held is not None and _is_good(held.assumed.expires_at, now):
            return held.assumed
        # One who goes away leaves the others their answer.
        return (await asyncio.shield(task)).assumed

    def _ended(self, which: _Which, task: "asyncio.Task[Session]") -> None:
        del self._asking[which]
        if not task.cancelled() and (error := task.exception()) is not None:
            log.info("aws.session_failed", identity=str(which[1]), error=str(error))

    async def _shared(
        self, which: _Which, identity: AwsIdentity, asked: AssumeAsked, tags: dict[str, str], source: Source
    ) -> Session:
        """From the row, or from STS by whoever has the lease."""
        tenant_id, identity_id, digest = which
        db, holder = self._database.tenant(tenant_id), uuid7()
        waited, pause = 0.0, _FIRST_PAUSE
        while True:
            async with db.tx() as tx:
                row = await store.get(tx, identity_id, digest)
                now = self._clock()
                fresh = row is not None and now < row["refresh_at"]
                mine = not fresh and await store.lease(tx, identity_id, digest, holder, _LEASE, now)
            if row is not None and (fresh or (not mine and _is_good(row["expires_at"], self._clock()))):
                return self._keep(which, await self._open(which, row))
            if mine:
                return await self._ask(which, identity, asked, tags, source, row, holder)
            if waited >= _LONGEST_WAIT:
                raise AwsAway("assuming the role: another process has been asking for long; try again")
            await asyncio.sleep(pause)
            waited += pause
            pause = min(pause * 1.5, _LONGEST_PAUSE)

    async def _ask(
        self, which: _Which, identity: AwsIdentity, asked: AssumeAsked, tags: dict[str, str], source: Source,
        row: Row | None, holder: UUID,
    ) -> Session:  # fmt: skip
        tenant_id, identity_id, digest = which
        db = self._database.tenant(tenant_id)
        try:
            session = await self._from_sts(identity, asked, tags, source)
            sealed = await self._seal(which, session)
        except BaseException as error:
            async with db.tx() as tx:
                await store.let_go(tx, identity_id, digest, holder)
            if isinstance(error, Problem) and row is not None and _is_good(row["expires_at"], self._clock()):
                return await self._open(which, row)
            raise
        async with db.tx() as tx:
            await store.save(
                tx, identity_id, digest, holder, sealed, session.refresh_at, session.assumed.expires_at
            )  # fmt: skip
        return self._keep(which, session)

    async def _from_sts(
        self, identity: AwsIdentity, asked: AssumeAsked, tags: dict[str, str], source: Source
    ) -> Session:
        keys, region = await source.ask(), region_of(identity)
        role = RoleAsked(
            role_arn=identity.arn,
            session_name=asked.session_name,
            duration_seconds=_duration(identity, asked, await self._is_chained(keys, region)),
            external_id=await source.external_id(),
            session_policy=identity.session_policy,
            policy_arns=identity.policy_arns,
            tags=tags,
            transitive_tag_keys=sorted({*identity.transitive_tag_keys, *asked.transitive_tag_keys}),
        )
        assumed = await self._aws.assume_role(keys, region, role)
        return Session(assumed, self._refresh_at(assumed.expires_at))

    def _refresh_at(self, expires_at: datetime) -> datetime:
        """Five to ten minutes before the end; half way at the earliest."""
        now = self._clock()
        early = _EARLY * (1 + self._jitter())
        return max(expires_at - early, now + (expires_at - now) / 2)

    async def _is_chained(self, keys: Keys | None, region: str) -> bool:
        """Whether these keys are themselves a role's session: then AWS gives an hour at most."""
        if keys is not None and keys.session_token is None:
            return False
        which = (keys.access_key_id if keys else None, region)
        if which not in self._chained:
            self._chained[which] = (await self._aws.caller_identity(keys, region)).is_role_session
            while len(self._chained) > _KEPT:
                self._chained.popitem(last=False)
        return self._chained[which]

    def _keep(self, which: _Which, session: Session) -> Session:
        self._held[which] = session
        self._held.move_to_end(which)
        while len(self._held) > _KEPT:
            self._held.popitem(last=False)
        return session

    async def _seal(self, which: _Which, session: Session) -> dict[str, Any]:
        keys = session.assumed.keys
        plain = json.dumps([keys.access_key_id, keys.secret_access_key, keys.session_token, session.assumed.arn])
        try:
            return await seal(self._kms, plain.encode(), _context(which))
        except KmsError as error:
            raise KeysUnavailable(f"the session could not be sealed: {error}; try again") from error

    async def _open(self, which: _Which, row: Row) -> Session:
        try:
            *parts, arn = json.loads(await open_sealed(self._kms, row["sealed"], _context(which)))
        except (KmsError, CannotOpen) as error:
            raise KeysUnavailable(f"the kept session does not open: {error}; try again") from error
        return Session(Assumed(Keys(*parts), arn, row["expires_at"]), row["refresh_at"])


def _is_good(expires_at: datetime, now: datetime) -> bool:
    return now < expires_at - LAST_MINUTE


def _context(which: _Which) -> Context:
    tenant_id, identity_id, digest = which
    return {
        "purpose": "aws-session", "tenant": str(tenant_id), "identity": str(identity_id), "digest": digest.hex(),
    }  # fmt: skip


def _digest(identity: AwsIdentity, asked: AssumeAsked) -> bytes:
    """Of all that makes a difference: a change of the identity makes other sessions."""
    what = [identity.updated_at.isoformat(), asked.model_dump(include=set(AssumeAsked.model_fields))]
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).digest()


def _tags(identity: AwsIdentity, asked: AssumeAsked) -> dict[str, str]:
    if taken := set(asked.tags) & set(identity.tags):
        raise Invalid(f"tags: {sorted(taken)[0]!r} is set where the role is registered; leave it out")
    tags = identity.tags | asked.tags
    if len(tags) > _MOST_TAGS:
        raise Invalid(f"tags: AWS takes {_MOST_TAGS} at most, the registered ones included")
    if stray := set(asked.transitive_tag_keys) - set(tags):
        raise Invalid(f"transitive_tag_keys: {sorted(stray)[0]!r} is no key of tags")
    return tags


def _duration(identity: AwsIdentity, asked: AssumeAsked, chained: bool) -> int:
    limit = min(identity.max_duration_seconds, CHAINED_SECONDS) if chained else identity.max_duration_seconds
    seconds = limit if asked.duration_seconds is None else asked.duration_seconds
    if seconds > identity.max_duration_seconds:
        raise AwsDurationTooLong(
            f"duration_seconds: {seconds}; {identity.name} is registered for {identity.max_duration_seconds} at most"
        )
    if seconds > limit:
        raise AwsDurationTooLong(
            f"duration_seconds: {seconds}; the keys that assume this role are a role's session themselves, and AWS gives"
            f" {CHAINED_SECONDS} at most for that"
        )
    return seconds
