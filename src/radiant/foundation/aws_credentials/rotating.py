"""The steps of a rotation, driven by a job; each is journalled, and audited, in the transaction that ends it.

    started -> creating -> stored -> verified -> switched -> deactivated -> done
    any of these, when it fails before `switched` or is cancelled -> rolling_back -> rolled_back

At every moment the vault's current version is a key that works: a new one becomes current after STS took it, and the old
one is switched off after that, and deleted last (F16.2, F16.7). A step may be cut off anywhere and taken again: what is
done at AWS is looked at first. A key that was created and whose secret was lost on the way is found by listing: one that
the user did not have before, of that hour, never used; it is deleted and another is made.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from radiant.foundation.aws_credentials import identities
from radiant.foundation.aws_credentials import rotations_store as store
from radiant.foundation.aws_credentials.calls import AccessKey, Aws, Keys
from radiant.foundation.aws_credentials.failures import AwsDenied, AwsKeysRefused, AwsLimit, AwsNothing, passes
from radiant.foundation.aws_credentials.identities import region_of, user_name_of
from radiant.foundation.aws_credentials.rotations import JOB, MOST_KEYS, TwoKeys, WrongUser
from radiant.foundation.aws_credentials.schemas import AwsIdentity, State
from radiant.foundation.aws_credentials.service import AwsCredentials, is_identity
from radiant.foundation.credentials.actor import Actor
from radiant.foundation.credentials.schemas import NewVersion
from radiant.foundation.credentials.service import Credentials, VersionOver
from radiant.foundation.identity import trail
from radiant.infra import jobs
from radiant.infra.db import Database, Row, TenantDb
from radiant.infra.jobs import Job
from radiant.kit.clock import Clock, utc_now
from radiant.kit.errors import Conflict, Problem
from radiant.kit.ids import TenantId, uuid7

log = structlog.get_logger()

_GOALS: Mapping[str, str] = {
    "started": "listed",
    "creating": "stored",
    "stored": "verified",
    "verified": "switched",
    "switched": "deactivated",
    "deactivated": "deleted",
    "rolling_back": "rolled_back",
}
_UNDOABLE = frozenset({"started", "creating", "stored", "verified"})
# Between the clocks of AWS and of this machine, and for how long a create may have been under way.
_SKEW, _CREATING = timedelta(minutes=5), timedelta(minutes=15)
_OVERDUE, _AT_ONCE = timedelta(seconds=30), 100
_SYSTEM = "AWS key rotation"


class CurrentChanged(Conflict):
    """Somebody made another version current in the vault meanwhile."""

    slug = "aws-current-changed"


@dataclass(frozen=True, slots=True)
class Pace:
    """How patient a rotation is, in seconds."""

    verify: float = 300
    """Until STS must know a new key; IAM is consistent in the end only, mostly within ten."""
    agree: int = 2
    """How often in a row STS must take it."""
    settle: float = 15
    """After a create was cut off, until its key shows in the list."""
    readers: float = 60
    """Until readers have noticed that the vault went back to the old key."""
    inline: float = 5
    """A longer wait is a job of its own."""
    lease: float = 120
    """After so long a rotation whose worker died is another's."""
    tries_before: int = 8
    """Failures in a row that may pass, before a rotation is rolled back …"""
    tries_after: int = 20
    """… and after the switch, before somebody must act."""


@dataclass(frozen=True, slots=True)
class _Moved:
    state: State
    detail: dict[str, Any] = field(default_factory=dict[str, Any])
    changes: dict[str, Any] = field(default_factory=dict[str, Any])
    """Columns that are known now."""
    step: str | None = None
    """What it is called in the journal, where that is not the state's goal."""


@dataclass(frozen=True, slots=True)
class _Wait:
    seconds: float
    detail: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class _Run:
    """One rotation in hand."""

    db: TenantDb
    actor: Actor
    holder: UUID
    row: Row
    identity: AwsIdentity

    @property
    def id(self) -> UUID:
        """The rotation's."""
        return self.row["id"]

    @property
    def user(self) -> tuple[str, str]:
        """Partition and name: what most calls of IAM take."""
        return self.identity.partition, user_name_of(self.identity)

    @property
    def credential_id(self) -> UUID:
        """Where the keys live; a rotation starts with one, and it is not changed while it is open."""
        if self.identity.key_credential is None:
            raise CurrentChanged("the credential that holds the user's keys was purged; name another, then retry")
        return self.identity.key_credential


class Rotating:
    """One per worker, made by a root."""

    def __init__(
        self, database: Database, vault: Credentials, service: AwsCredentials, aws: Aws, *, pace: Pace | None = None,
        clock: Clock = utc_now, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:  # fmt: skip
        self._database = database
        self._vault = vault
        self._service = service
        self._aws = aws
        self._pace = pace or Pace()
        self._clock = clock
        self._sleep = sleep
        self._steps: Mapping[str, Callable[[_Run], Awaitable[_Moved | _Wait]]] = {
            "started": self._started,
            "creating": self._creating,
            "stored": self._stored,
            "verified": self._verified,
            "switched": self._switched,
            "deactivated": self._deactivated,
            "rolling_back": self._rolling_back,
        }

    async def handle(self, job: Job) -> None:
        """A job `aws key rotation` {rotation}."""
        assert job.tenant_id is not None
        await self.advance(job.tenant_id, UUID(job.ids["rotation"]))

    async def gave_up(self, job: Job) -> None:
        """The same job, after it failed in a way that nobody expected: somebody must look."""
        assert job.tenant_id is not None
        db, rotation_id, holder = self._database.tenant(job.tenant_id), UUID(job.ids["rotation"]), uuid7()
        async with db.tx() as tx:
            if row := await store.lease(tx, rotation_id, holder, timedelta(0)):
                error = "something went wrong on our side; the operator finds it in the log. Then retry or cancel."
                await store.wait(tx, rotation_id, holder, self._clock(), error, failed=True, stuck=True)
                await store.note(tx, rotation_id, _GOALS[row["state"]], "failed", {"error": "internal"}, self._clock())
                await store.let_go(tx, rotation_id, holder)

    async def resume_overdue(self) -> None:
        """Take up those whose job was lost with its worker; done by the worker again and again."""
        async with self._database.system("overdue AWS rotations").tx() as tx:
            rows = await store.overdue(tx, _OVERDUE, _AT_ONCE)
        for row in rows:
            async with self._database.tenant(row["tenant_id"]).tx() as tx:
                await jobs.enqueue(tx, JOB, once=f"{row['id']}/overdue", rotation=row["id"])

    async def advance(self, tenant_id: TenantId, rotation_id: UUID) -> None:
        """Take steps until it ends, is stuck, or has to wait for longer, for which a job is left."""
        db, holder = self._database.tenant(tenant_id), uuid7()
        try:
            while (seconds := await self._step(db, rotation_id, holder)) is not None:
                if seconds > self._pace.inline:
                    async with db.tx() as tx:
                        await jobs.enqueue(tx, JOB, delay=timedelta(seconds=seconds), rotation=rotation_id)
                    return
                await self._sleep(seconds)
        finally:
            async with db.tx() as tx:
                await store.let_go(tx, rotation_id, holder)

    async def _step(self, db: TenantDb, rotation_id: UUID, holder: UUID) -> float | None:
        """One step; seconds until the next, None where there is none for us."""
        async with db.tx() as tx:
            row = await store.lease(tx, rotation_id, holder, timedelta(seconds=self._pace.lease))
            if row is None or row["stuck"]:
                return None
            identity = AwsIdentity.model_validate(dict(await identities.found(tx, row["identity_id"])))
        run = _Run(db, Actor.job(db.tenant_id, _SYSTEM), holder, row, identity)
        if row["cancelled_at"] is not None and row["state"] != "rolling_back":
            return await self._move(run, _Moved("rolling_back", {}, {"error": "cancelled"}, "cancelled"))
        if (early := (row["next_at"] - self._clock()).total_seconds()) > 0:
            return early
        try:
            outcome = await self._steps[row["state"]](run)
        except Problem as problem:
            return await self._failed(run, problem)
        return await (self._move(run, outcome) if isinstance(outcome, _Moved) else self._wait(run, outcome))

    # What comes of a step.

    async def _move(self, run: _Run, moved: _Moved) -> float | None:
        now = self._clock()
        step = moved.step or _GOALS[run.row["state"]]
        async with run.db.tx() as tx:
            if not await store.move(tx, run.id, run.holder, moved.state, now, now, moved.changes):
                return None
            await store.note(tx, run.id, step, "done", moved.detail, now)
            await trail.record_system(
                tx, run.db.tenant_id, f"aws_key_rotation.{step}", target=("aws_key_rotation", run.id),
                identity=str(run.identity.id), user=run.identity.arn, **moved.detail,
            )  # fmt: skip
        log.info("aws.rotation", rotation=str(run.id), step=step, state=moved.state)
        return None if moved.state in ("done", "rolled_back") else 0

    async def _wait(self, run: _Run, wait: _Wait, error: str | None = None) -> float | None:
        now = self._clock()
        async with run.db.tx() as tx:
            next_at = now + timedelta(seconds=wait.seconds)
            # Why a rotation is undone is said until its end.
            kept = error or (run.row["error"] if run.row["state"] == "rolling_back" else None)
            if not await store.wait(tx, run.id, run.holder, next_at, kept, failed=error is not None):
                return None
            outcome = "failed" if error else "waiting"
            await store.note(tx, run.id, _GOALS[run.row["state"]], outcome, wait.detail, now)
        return wait.seconds

    async def _failed(self, run: _Run, problem: Problem) -> float | None:
        state, failures = run.row["state"], run.row["failures"]
        most = self._pace.tries_before if state in _UNDOABLE else self._pace.tries_after
        detail: dict[str, Any] = {"error": problem.slug, "message": problem.detail}
        # A third key: one whose answer was lost is not in the list yet.
        if failures < most and (passes(problem) or (state == "creating" and isinstance(problem, AwsLimit))):
            return await self._wait(run, _Wait(min(2.0**failures, 300.0), detail), problem.detail)
        if state in _UNDOABLE:
            return await self._move(run, _Moved("rolling_back", detail, {"error": problem.detail}, "failed"))
        now = self._clock()
        async with run.db.tx() as tx:
            if await store.wait(tx, run.id, run.holder, now, problem.detail, failed=True, stuck=True):
                await store.note(tx, run.id, _GOALS[state], "failed", detail, now)
                await trail.record_system(
                    tx, run.db.tenant_id, "aws_key_rotation.stuck", target=("aws_key_rotation", run.id),
                    identity=str(run.identity.id), user=run.identity.arn, step=_GOALS[state], **detail,
                )  # fmt: skip
        log.warning("aws.rotation_stuck", rotation=str(run.id), state=state, error=problem.detail)
        return None

    async def _note(self, run: _Run, step: str, detail: dict[str, Any]) -> None:
        """Something that was done within a step."""
        async with run.db.tx() as tx:
            await store.note(tx, run.id, step, "done", detail, self._clock())
            await trail.record_system(
                tx, run.db.tenant_id, f"aws_key_rotation.{step}", target=("aws_key_rotation", run.id),
                identity=str(run.identity.id), user=run.identity.arn, **detail,
            )  # fmt: skip

    # The steps.

    async def _started(self, run: _Run) -> _Moved:
        managing = await self._managing(run)
        keys = await self._aws.access_keys(managing, *run.user)
        replaced = run.row["replaced_key_id"]
        if replaced is not None and replaced in {key.id for key in keys}:
            await self._aws.delete_access_key(managing, *run.user, replaced)
            await self._note(run, "replaced_key_deleted", {"access_key_id": replaced})
            keys = [key for key in keys if key.id != replaced]
        if len(keys) >= MOST_KEYS:
            raise TwoKeys(f"the user has two keys by now, {' and '.join(key.id for key in keys)}; delete one in IAM")
        known = [key.id for key in keys]
        return _Moved("creating", {"access_key_ids": known}, {"known_key_ids": known, "create_began_at": self._clock()})

    async def _creating(self, run: _Run) -> _Moved | _Wait:
        managing = await self._managing(run)
        if run.row["tries"] > 1:
            # A try before this one may have made a key.
            settled = run.row["create_began_at"] + timedelta(seconds=self._pace.settle)
            if (early := (settled - self._clock()).total_seconds()) > 0:
                return _Wait(early, {"for": "a key that may have been made to show in the list"})
            keys = await self._aws.access_keys(managing, *run.user)
            pending = await self._stored_key(run, "pending")
            if pending is not None and pending.access_key_id in _unknown(run, keys):
                return _stored(pending.access_key_id, None, self._clock(), {"taken_up": True})
            await self._delete_lost(run, managing, keys)
        new = await self._aws.create_access_key(managing, *run.user)
        version = await self._keep(run, managing, new)
        return _stored(new.access_key_id, version, self._clock(), {})

    async def _keep(self, run: _Run, managing: Keys, new: Keys) -> int:
        """Store a new key before anything else is done with it; where that cannot be, delete it: its secret is here alone."""
        fields = {"access_key_id": new.access_key_id, "secret_access_key": new.secret_access_key}
        pause = 0.5
        while True:
            try:
                kept = await self._vault.add_version(
                    run.actor, run.credential_id, NewVersion(stage="pending", fields=fields), f"rotation {run.id}"
                )
            except Problem as problem:
                if passes(problem) and pause < 4:
                    await self._sleep(pause)
                    pause *= 2
                    continue
                with contextlib.suppress(Problem):
                    await self._aws.delete_access_key(managing, *run.user, new.access_key_id)
                raise
            return kept.version

    async def _delete_lost(self, run: _Run, managing: Keys, keys: list[AccessKey]) -> None:
        """Keys that appeared since a create began, and of which nobody has the secret."""
        began = run.row["create_began_at"]
        if began is None:
            return
        for key in keys:
            if key.id not in _unknown(run, keys) or not began - _SKEW <= key.created_at <= began + _CREATING:
                continue
            if (await self._aws.last_used(managing, run.identity.partition, key.id)).at is not None:
                continue  # Somebody else made it, and uses it.
            await self._aws.delete_access_key(managing, *run.user, key.id)
            await self._note(run, "lost_key_deleted", {"access_key_id": key.id})

    async def _stored(self, run: _Run) -> _Moved | _Wait:
        pending = await self._pending(run)
        try:
            for _ in range(self._pace.agree):
                said = await self._aws.caller_identity(pending, region_of(run.identity))
                if not is_identity(said, run.identity):
                    raise WrongUser(f"STS says that the new key is {said.arn}'s, and not {run.identity.arn}'s")
        except (AwsKeysRefused, AwsDenied) as refused:
            if self._clock() >= run.row["stored_at"] + timedelta(seconds=self._pace.verify):
                raise
            return _Wait(min(2.0 ** (run.row["tries"] - 1), 15.0), {"sts": refused.slug})
        return _Moved("verified", {"access_key_id": pending.access_key_id})

    async def _verified(self, run: _Run) -> _Moved:
        current = await self._stored_key(run, None)
        new, old = run.row["new_access_key_id"], run.row["old_access_key_id"]
        if current is None or current.access_key_id != new:
            await self._pending(run)
            grace = run.row["grace_seconds"] + run.row["inactive_seconds"]
            await self._vault.promote(run.actor, run.credential_id, grace_seconds=grace, reason=f"rotation {run.id}")
        if old is None:
            return _Moved("done", {"access_key_id": new})
        return _Moved("switched", {"access_key_id": new}, {"switched_at": self._clock()})

    async def _switched(self, run: _Run) -> _Moved | _Wait:
        await self._require_new_is_current(run)
        managing = await self._managing(run)
        old, now = run.row["old_access_key_id"], self._clock()
        since = run.row["switched_at"]
        over = since + timedelta(seconds=run.row["grace_seconds"])
        detail: dict[str, Any] = {"access_key_id": old}
        try:
            used = await self._aws.last_used(managing, run.identity.partition, old)
            idle_from = max(since, used.at) if used.at else since
            due = min(idle_from + timedelta(seconds=run.row["idle_seconds"]), over)
            if used.at is not None:
                detail |= {"last_used": used.at, "service": used.service, "region": used.region}
        except AwsDenied:
            due = over
            detail |= {"last_used": "not allowed to ask (iam:GetAccessKeyLastUsed)"}
        except AwsNothing:
            return _Moved("deactivated", detail | {"gone": True}, {"delete_after": now})
        if due > now:
            return _Wait(min((due - now).total_seconds(), 3600.0), detail | {"at_the_latest": over})
        with contextlib.suppress(AwsNothing):
            await self._aws.set_key_active(managing, *run.user, old, False)
        after = now + timedelta(seconds=run.row["inactive_seconds"])
        return _Moved("deactivated", detail | {"delete_after": after}, {"delete_after": after})

    async def _deactivated(self, run: _Run) -> _Moved | _Wait:
        await self._require_new_is_current(run)
        old, now = run.row["old_access_key_id"], self._clock()
        if (early := (run.row["delete_after"] - now).total_seconds()) > 0:
            return _Wait(min(early, 3600.0), {"access_key_id": old, "delete_after": run.row["delete_after"]})
        managing = await self._managing(run)
        keys = await self._aws.access_keys(managing, *run.user)
        if any(key.id == old and key.is_active for key in keys):
            # Somebody needed it, and switched it on again: its grace begins anew.
            return _Moved("switched", {"access_key_id": old}, {"switched_at": now}, "switched_on_again")
        await self._aws.delete_access_key(managing, *run.user, old)
        return _Moved("done", {"access_key_id": old})

    async def _rolling_back(self, run: _Run) -> _Moved | _Wait:
        new = run.row["new_access_key_id"]
        current = await self._stored_key(run, None)
        if new is not None and current is not None and current.access_key_id == new:
            return await self._switch_back(run)
        if run.row["create_began_at"] is None:
            return _Moved("rolled_back")
        managing = await self._managing(run)
        keys = await self._aws.access_keys(managing, *run.user)
        if new is not None:
            await self._aws.delete_access_key(managing, *run.user, new)
        else:
            await self._delete_lost(run, managing, keys)
        pending = await self._stored_key(run, "pending")
        if pending is not None and (pending.access_key_id == new or pending.access_key_id in _unknown(run, keys)):
            await self._aws.delete_access_key(managing, *run.user, pending.access_key_id)
            await self._vault.discard_pending(run.actor, run.credential_id, f"rotation {run.id}")
        return _Moved("rolled_back", {"access_key_id": new} if new else {})

    async def _switch_back(self, run: _Run) -> _Moved | _Wait:
        """Readers have the new key: the old one must work before they get it back, and then they get time."""
        old = run.row["old_access_key_id"]
        managing = await self._managing(run)
        keys = {key.id: key for key in await self._aws.access_keys(managing, *run.user)}
        if old not in keys:
            return _Moved("done", {"access_key_id": run.row["new_access_key_id"]}, {}, "old_key_is_gone")
        if not keys[old].is_active:
            await self._aws.set_key_active(managing, *run.user, old, True)
            await self._note(run, "reactivated", {"access_key_id": old})
        try:
            previous = await self._service.stored_keys(run.actor, run.credential_id, "use", stage="previous")
            if previous.access_key_id != old:
                raise CurrentChanged(
                    "the vault's previous version is not the old key; roll back to that one, then retry"
                )
            await self._aws.caller_identity(previous, region_of(run.identity))
        except AwsKeysRefused as refused:
            if run.row["tries"] > self._pace.tries_after:
                raise
            return _Wait(min(2.0 ** (run.row["tries"] - 1), 15.0), {"sts": refused.slug})
        except VersionOver:
            pass  # Its grace in the vault has passed; rolled back to, it is current whatever that was.
        await self._vault.roll_back(run.actor, run.credential_id, reason=f"rotation {run.id}")
        await self._note(run, "switched_back", {"access_key_id": old})
        return _Wait(self._pace.readers, {"for": "readers to notice that the old key is back"})

    # What the vault holds.

    async def _managing(self, run: _Run) -> Keys:
        return await self._service.managing_keys(run.actor, run.identity)

    async def _stored_key(self, run: _Run, stage: str | None) -> Keys | None:
        """The current key, or that of a stage; None where there is none that is served."""
        try:
            return await self._service.stored_keys(run.actor, run.credential_id, "use", stage=stage)
        except Problem as problem:
            if passes(problem):
                raise
            return None

    async def _pending(self, run: _Run) -> Keys:
        pending = await self._stored_key(run, "pending")
        if pending is None or pending.access_key_id != run.row["new_access_key_id"]:
            raise CurrentChanged("somebody put another pending version in place of the new key in the vault")
        return pending

    async def _require_new_is_current(self, run: _Run) -> None:
        current = await self._stored_key(run, None)
        if current is None or current.access_key_id != run.row["new_access_key_id"]:
            raise CurrentChanged(
                "the vault's current version is not the new key, so the old one is left as it is: make the new key current"
                " again and retry, or cancel the rotation"
            )


def _stored(key_id: str, version: int | None, now: datetime, detail: dict[str, Any]) -> _Moved:
    changes = {"new_access_key_id": key_id, "stored_at": now}
    return _Moved("stored", detail | {"access_key_id": key_id}, changes | ({"version": version} if version else {}))


def _unknown(run: _Run, keys: list[AccessKey]) -> set[str]:
    return {key.id for key in keys} - set(run.row["known_key_ids"])
