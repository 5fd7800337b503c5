"""What is registered: the roles that may be assumed and the users whose keys are rotated (F16.6).

Admins of a workspace register identities that are reached by keys in its vaults. Those reached by the installation's own
AWS identity are the operator's to register, change and use: else any admin could have any role that trusts it.
"""

import secrets
from collections.abc import Sequence
from uuid import UUID

import asyncpg

from radiant.foundation.aws_credentials import identities_store as store
from radiant.foundation.aws_credentials.calls import HOME_REGIONS
from radiant.foundation.aws_credentials.schemas import AwsIdentity, AwsIdentitySettings, NewAwsIdentity
from radiant.foundation.credentials import access
from radiant.foundation.credentials import store as credentials_store
from radiant.foundation.credentials.access import Right
from radiant.foundation.credentials.actor import Actor
from radiant.foundation.credentials.schemas import Use
from radiant.foundation.identity import trail
from radiant.foundation.identity.callers import Caller, Role
from radiant.infra.db import Database, Row, TenantDb, Tx
from radiant.kit.errors import Conflict, Forbidden, Invalid, NotFound
from radiant.kit.ids import uuid7

_OF_ROLES = ("external_id", "external_id_credential", "session_policy", "policy_arns", "tags", "transitive_tag_keys")
_OF_USERS = ("manager_id", "rotate_after_days")
_PREFIXES = (
    ("cn-", "aws-cn"), ("us-gov-", "aws-us-gov"), ("us-isob-", "aws-iso-b"), ("us-isof-", "aws-iso-f"),
    ("us-iso-", "aws-iso"), ("eu-isoe-", "aws-iso-e"), ("eusc-", "aws-eusc"),
)  # fmt: skip
_MOST_POLICY = 2048


class NoSuchIdentity(NotFound):
    """No role or user of that id is registered here."""

    slug = "no-such-aws-identity"


class IdentityTaken(Conflict):
    """Its name or ARN is registered already."""

    slug = "aws-identity-taken"


class IdentityInUse(Conflict):
    """A rotation is under way, or it manages other users' keys."""

    slug = "aws-identity-in-use"


class OperatorsOnly(Forbidden):
    """What the installation's own AWS identity reaches is the operator's."""

    slug = "aws-operators-only"


def partition_of(region: str) -> str:
    """The partition that a region is in, by its name."""
    return next((partition for prefix, partition in _PREFIXES if region.startswith(prefix)), "aws")


def region_of(identity: AwsIdentity) -> str:
    """Whose STS is asked."""
    return identity.region or HOME_REGIONS[identity.partition]


def user_name_of(identity: AwsIdentity) -> str:
    """The name without its path: what IAM's calls take."""
    return identity.arn.rpartition("/")[2]


def require_source(caller: Caller, source: str) -> None:
    """Raises OperatorsOnly where the process's own AWS identity is meant and the caller is not the operator."""
    if source == "platform" and not (caller.is_operator and caller.role >= Role.ADMIN and "admin" in caller.scopes):
        raise OperatorsOnly(
            "source: only the platform's operator may use this installation's own AWS identity; store keys in a vault and"
            " name them in key_credential"
        )


async def identities(db: TenantDb, after: tuple[str, UUID] | None, limit: int) -> list[AwsIdentity]:
    """The tenant's by name."""
    async with db.tx() as tx:
        return [AwsIdentity.model_validate(dict(row)) for row in await store.page(tx, after, limit)]


async def identity(db: TenantDb, identity_id: UUID) -> AwsIdentity:
    """One. Raises NoSuchIdentity."""
    async with db.tx() as tx:
        return AwsIdentity.model_validate(dict(await found(tx, identity_id)))


async def found(tx: Tx, identity_id: UUID) -> Row:
    """Its row. Raises NoSuchIdentity."""
    row = await store.get(tx, identity_id)
    if row is None:
        raise NoSuchIdentity("no such AWS role or user is registered in this workspace")
    return row


async def register(database: Database, caller: Caller, new: NewAwsIdentity) -> AwsIdentity:
    """Raises IdentityTaken, Invalid, OperatorsOnly, and what the vault refuses."""
    identity_id, kind = uuid7(), new.arn.split(":")[5].partition("/")[0]
    if kind == "role" and new.external_id is None and new.external_id_credential is None:
        new = new.model_copy(update={"external_id": secrets.token_urlsafe(24)})
    _check(kind, new.arn, new)
    require_source(caller, new.source)
    try:
        async with caller.db(database).tx() as tx:
            await _check_references(tx, caller, kind, new)
            await _refuse_taken(tx, new.name, new.arn, identity_id)
            await store.insert(tx, identity_id, kind, new.arn, new, caller.user_id)
            await _record(tx, caller, "registered", identity_id, arn=new.arn, **_told(new))
            return AwsIdentity.model_validate(dict(await found(tx, identity_id)))
    except asyncpg.UniqueViolationError as error:
        raise IdentityTaken("name, arn: another identity has this name or ARN already") from error


async def change(database: Database, caller: Caller, identity_id: UUID, new: AwsIdentitySettings) -> AwsIdentity:
    """Replace what may be changed; sessions that were given before end as they would.

    Raises NoSuchIdentity, IdentityTaken, Invalid, OperatorsOnly, IdentityInUse.
    """
    try:
        async with caller.db(database).tx() as tx:
            held = await found(tx, identity_id)
            require_source(caller, held["source"])
            require_source(caller, new.source)
            _check(held["kind"], held["arn"], new)
            if held["open_rotation"] and held["key_credential"] != new.key_credential:
                raise IdentityInUse(
                    "key_credential: a rotation is under way, which stores the new key there; let it end first"
                )
            await _check_references(tx, caller, held["kind"], new, but=identity_id)
            await _refuse_taken(tx, new.name, held["arn"], identity_id)
            await store.update(tx, identity_id, new)
            await _record(tx, caller, "changed", identity_id, **_told(new))
            return AwsIdentity.model_validate(dict(await found(tx, identity_id)))
    except asyncpg.UniqueViolationError as error:
        raise IdentityTaken("name: another identity has this name already") from error


async def forget(database: Database, caller: Caller, identity_id: UUID) -> None:
    """No longer assume or rotate it; nothing at AWS changes. Raises NoSuchIdentity, IdentityInUse, OperatorsOnly."""
    async with caller.db(database).tx() as tx:
        held = await found(tx, identity_id)
        require_source(caller, held["source"])
        if held["open_rotation"]:
            raise IdentityInUse("a rotation of its keys is under way; let it end, or cancel it, first")
        if names := await store.manages(tx, identity_id):
            raise IdentityInUse(f"it manages the keys of {', '.join(names)}; give these another manager first")
        await store.delete(tx, identity_id)
        await _record(tx, caller, "forgotten", identity_id, arn=held["arn"])


async def uses_of(db: TenantDb, credential_id: UUID) -> Sequence[Use]:
    """Which identities a credential is part of: a port of the vault's, so that it can be said before a deletion."""
    async with db.tx() as tx:
        return [
            Use(kind="aws-identity", id=str(row["id"]), name=row["name"])
            for row in await store.using(tx, credential_id)
        ]


async def require_credential(tx: Tx, actor: Actor, field: str, credential_id: UUID, right: Right) -> Row:
    """The credential's row, where the actor has that right in its vault. Raises Invalid, NotInThisVault."""
    row = await credentials_store.get(tx, credential_id)
    if row is None or row["deleted_at"] is not None:
        raise Invalid(f"{field}: there is no such credential in this workspace")
    await access.reach(tx, actor, row["vault_id"], right)
    return row


def _check(kind: str, arn: str, new: AwsIdentitySettings) -> None:
    partition = arn.split(":")[1]
    if partition not in HOME_REGIONS:
        raise Invalid(f"arn: the partition {partition!r} is not known; there are {', '.join(HOME_REGIONS)}")
    if new.region is not None and partition_of(new.region) != partition:
        raise Invalid(f"region: {new.region} is not in the partition {partition} of the ARN")
    foreign = _OF_USERS if kind == "role" else _OF_ROLES
    if wrong := [name for name in foreign if getattr(new, name)]:
        raise Invalid(f"{wrong[0]}: a {kind} has none; leave it out")
    if kind == "user" and new.source == "platform":
        raise Invalid("source: a user's keys live in a vault; name them in key_credential")
    if (new.source == "credential") != (new.key_credential is not None):
        raise Invalid("key_credential: name a credential where source is credential, and none where it is platform")
    if new.external_id is not None and new.external_id_credential is not None:
        raise Invalid("external_id: give it, or the credential that holds it, and not both")
    if stray := set(new.transitive_tag_keys) - set(new.tags):
        raise Invalid(f"transitive_tag_keys: {sorted(stray)[0]!r} is no key of tags")
    if new.session_policy is not None and len(str(new.session_policy)) > _MOST_POLICY * 2:
        raise Invalid(f"session_policy: AWS takes {_MOST_POLICY} characters at most")
    if new.idle_seconds > new.grace_seconds:
        raise Invalid("idle_seconds: no longer than grace_seconds, at whose end the old key is switched off anyway")


async def _check_references(
    tx: Tx, caller: Caller, kind: str, new: AwsIdentitySettings, but: UUID | None = None
) -> None:
    actor = Actor.of(caller)
    if new.key_credential is not None:
        # A rotation writes there; a session is asked for by its keys.
        row = await require_credential(
            tx, actor, "key_credential", new.key_credential, "write" if kind == "user" else "use"
        )
        if row["credential_type"] != "aws":
            raise Invalid(f"key_credential: it is of type {row['credential_type']}; name one of type aws")
    if new.external_id_credential is not None:
        await require_credential(tx, actor, "external_id_credential", new.external_id_credential, "use")
    if new.manager_id is not None:
        manager = await store.get(tx, new.manager_id)
        if manager is None or manager["kind"] != "role" or new.manager_id == but:
            raise Invalid("manager_id: name a role that is registered in this workspace")
        require_source(caller, manager["source"])


async def _refuse_taken(tx: Tx, name: str, arn: str, but: UUID) -> None:
    field = await store.taken(tx, name, arn, but)
    if field is not None:
        raise IdentityTaken(f"{field}: another identity has it already; change that one")


def _told(new: AwsIdentitySettings) -> dict[str, object]:
    """For the trail: without what may be secret, and without what is long."""
    return new.model_dump(mode="json", exclude={"external_id", "session_policy", "tags", "arn"})


async def _record(tx: Tx, caller: Caller, what: str, identity_id: UUID, **detail: object) -> None:
    await trail.record(tx, caller, f"aws_identity.{what}", target=("aws_identity", identity_id), **detail)
