"""Rotations of access keys as people start, see, retry and cancel them. The steps are in `rotating`."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import structlog

from radiant.foundation.aws_credentials import identities, identities_store
from radiant.foundation.aws_credentials import rotations_store as store
from radiant.foundation.aws_credentials.calls import AccessKey, Aws, Keys
from radiant.foundation.aws_credentials.identities import region_of, user_name_of
from radiant.foundation.aws_credentials.schemas import (
    AwsIdentity,
    KeyRotation,
    KeyRotationInSteps,
    KeyRotationStep,
    RotateAsked,
)
from radiant.foundation.aws_credentials.service import AwsCredentials, is_identity
from radiant.foundation.credentials.actor import Actor
from radiant.foundation.identity import trail
from radiant.infra import jobs
from radiant.infra.db import Database, Row, TenantDb, Tx
from radiant.kit.errors import Conflict, Invalid, NotFound, Problem
from radiant.kit.ids import TenantId, uuid7

log = structlog.get_logger()

JOB = "aws key rotation"
MOST_KEYS = 2
_MOST_STEPS = 500
_AGAIN, _AT_ONCE = timedelta(days=1), 50


class NoSuchRotation(NotFound):
    """No rotation of that id is here."""

    slug = "no-such-aws-rotation"


class RotationOpen(Conflict):
    """The user's keys are being rotated already; `rotation_id` says by which."""

    slug = "aws-rotation-open"


class RotationEnded(Conflict):
    """It is done, or was undone."""

    slug = "aws-rotation-ended"


class TwoKeys(Conflict):
    """The user has two keys, and AWS allows no third (F16.1); `access_key_ids` names them."""

    slug = "aws-two-keys"


class WrongUser(Conflict):
    """The stored keys are another user's."""

    slug = "aws-wrong-user"


class CannotReplace(Invalid):
    """The key named is not the user's other one."""

    slug = "aws-cannot-replace"


class Rotations:
    """One per process."""

    def __init__(self, database: Database, service: AwsCredentials, aws: Aws) -> None:
        self._database = database
        self._service = service
        self._aws = aws

    async def rotate_access_keys(
        self, actor: Actor, identity_id: UUID, asked: RotateAsked, started_by: str
    ) -> KeyRotationInSteps:
        """Look whether the user's key can be rotated, and start: a job takes the steps. The new secret goes to the vault
        and nowhere else (F16.3). `started_by`: a person's address, or what else asked.

        Raises NoSuchIdentity, Invalid, RotationOpen, TwoKeys, CannotReplace, WrongUser, what the vault refuses, and
        problems of `failures`.
        """
        db = actor.db(self._database)
        identity = await identities.identity(db, identity_id)
        await self._require_write(actor, identity)
        if identity.open_rotation is not None:
            raise _open(identity.open_rotation)
        current = await self._current(actor, identity)
        managing = await self._service.managing_keys(actor, identity)
        keys = await self._aws.access_keys(managing, identity.partition, user_name_of(identity))
        replaced = _make_room(identity, keys, current, asked.replace_key_id)
        old = current.access_key_id if current and current.access_key_id in {key.id for key in keys} else None
        rotation_id = uuid7()
        async with db.tx() as tx:
            if not await store.insert(tx, rotation_id, identity_id, old, replaced, started_by):
                raise _open((await identities.found(tx, identity_id))["open_rotation"])
            await jobs.enqueue(tx, JOB, rotation=rotation_id)
            await _record(tx, actor, "started", rotation_id, identity)
        return await self.rotation(db, rotation_id)

    async def start_due(self) -> None:
        """Start those whose time has come (`rotate_after_days`); done by the worker again and again. What cannot be
        started is in the trail, and tried again a day later."""
        async with self._database.system("due AWS rotations").tx() as tx:
            due = await identities_store.take_due(tx, _AGAIN, _AT_ONCE)
        for row in due:
            actor = Actor.job(TenantId(row["tenant_id"]), "AWS key rotation")
            try:
                await self.rotate_access_keys(actor, row["id"], RotateAsked(), "schedule")
            except Problem as problem:
                log.warning("aws.rotation_not_started", identity=str(row["id"]), error=problem.detail)
                async with actor.db(self._database).tx() as tx:
                    await trail.record_system(
                        tx, actor.tenant_id, "aws_key_rotation.not_started", target=("aws_identity", row["id"]),
                        error=problem.slug, message=problem.detail,
                    )  # fmt: skip

    async def _require_write(self, actor: Actor, identity: AwsIdentity) -> None:
        if identity.kind != "user":
            raise Invalid("this is a role, and no user: a role has no keys to rotate")
        if identity.key_credential is None:
            raise Invalid("key_credential: the credential that held the user's keys is gone; name another")
        async with actor.db(self._database).tx() as tx:
            await identities.require_credential(tx, actor, "key_credential", identity.key_credential, "write")

    async def _current(self, actor: Actor, identity: AwsIdentity) -> Keys | None:
        """The stored keys, which must be the user's; None where a role manages them and those stored serve no more."""
        try:
            keys = await self._service.stored_keys(actor, identity.key_credential, "write")
            said = await self._aws.caller_identity(keys, region_of(identity))
        except Problem:
            if identity.manager_id is None:
                raise
            return None
        if not is_identity(said, identity):
            raise WrongUser(
                f"key_credential: the keys in it are those of {said.arn}, and {identity.arn} is registered; store the user's"
                " own keys there, or register the user whose they are"
            )
        return keys

    async def rotations(self, db: TenantDb, identity_id: UUID, before: UUID | None, limit: int) -> list[KeyRotation]:
        """Those of an identity, the newest first. Raises NoSuchIdentity."""
        async with db.tx() as tx:
            await identities.found(tx, identity_id)
            return [KeyRotation.model_validate(dict(row)) for row in await store.page(tx, identity_id, before, limit)]

    async def rotation(self, db: TenantDb, rotation_id: UUID) -> KeyRotationInSteps:
        """One with its journal. Raises NoSuchRotation."""
        async with db.tx() as tx:
            row = await _found(tx, rotation_id)
            steps = [
                KeyRotationStep.model_validate(dict(step)) for step in await store.steps(tx, rotation_id, _MOST_STEPS)
            ]
        return KeyRotationInSteps.model_validate({**row, "steps": steps})

    async def retry(self, actor: Actor, rotation_id: UUID) -> KeyRotationInSteps:
        """Go on at once with one that waits or is stuck. Raises NoSuchRotation, RotationEnded, NotInThisVault."""
        return await self._go_on(actor, rotation_id, "retried")

    async def cancel(self, actor: Actor, rotation_id: UUID) -> KeyRotationInSteps:
        """Undo one: the old key is current and active again, the new one is deleted. Raises as `retry` does."""
        return await self._go_on(actor, rotation_id, "cancelled")

    async def _go_on(self, actor: Actor, rotation_id: UUID, what: str) -> KeyRotationInSteps:
        db = actor.db(self._database)
        async with db.tx() as tx:
            row = await _found(tx, rotation_id)
        identity = await identities.identity(db, row["identity_id"])
        await self._require_write(actor, identity)
        async with db.tx() as tx:
            change = store.cancel if what == "cancelled" else store.retry
            if not await change(tx, rotation_id):
                raise RotationEnded("this rotation has ended; start another")
            await jobs.enqueue(tx, JOB, rotation=rotation_id)
            await _record(tx, actor, what, rotation_id, identity)
        return await self.rotation(db, rotation_id)


def _make_room(
    identity: AwsIdentity, keys: Sequence[AccessKey], current: Keys | None, replace: str | None
) -> str | None:
    """The key to be deleted first, if one is. Raises TwoKeys, CannotReplace."""
    others = [key for key in keys if current is None or key.id != current.access_key_id]
    if replace is not None:
        if replace not in {key.id for key in others}:
            raise CannotReplace(
                f"replace_key_id: {replace} is not a key of {identity.name} other than the one in use; it has"
                f" {', '.join(key.id for key in others) or 'no other'}"
            )
        if len(keys) < MOST_KEYS:
            raise CannotReplace("replace_key_id: the user has room for another key; leave it out")
        return replace
    if len(keys) >= MOST_KEYS:
        told = ", ".join(f"{key.id} ({_told(key, current)})" for key in keys)
        raise TwoKeys(
            f"{identity.name} has two access keys, and AWS allows no third: {told}. Delete the one that nothing uses in IAM,"
            " or name it as replace_key_id to have it deleted here",
            access_key_ids=[key.id for key in keys],
            replaceable_key_ids=[key.id for key in others],
        )
    return None


def _told(key: AccessKey, current: Keys | None) -> str:
    use = "in use here" if current and key.id == current.access_key_id else "not known here"
    return f"{use}, {'active' if key.is_active else 'inactive'}, made {key.created_at:%Y-%m-%d}"


def _open(rotation_id: UUID) -> RotationOpen:
    return RotationOpen(
        "a rotation of this user's keys is open: let it end, retry it where it is stuck, or cancel it",
        rotation_id=str(rotation_id),
    )


async def _found(tx: Tx, rotation_id: UUID) -> Row:
    row = await store.get(tx, rotation_id)
    if row is None:
        raise NoSuchRotation("there is no such rotation")
    return row


async def _record(tx: Tx, actor: Actor, what: str, rotation_id: UUID, identity: AwsIdentity) -> None:
    await trail.record_system(
        tx, actor.tenant_id, f"aws_key_rotation.{what}", target=("aws_key_rotation", rotation_id), user_id=actor.user_id,
        ip=actor.ip, request_id=actor.request_id, identity=str(identity.id), user=identity.arn,
    )  # fmt: skip
