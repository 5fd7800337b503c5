"""Credentials and AWS Secrets Manager: import from it, and mirrors that follow a credential (F15.7).

A mirror's push carries a ClientRequestToken made of credential and version, so a repeated one makes nothing twice. It is
a job of its own: what fails is tried again and holds up no rotation. Once an hour each mirror is looked at, and what
somebody else changed there is shown as drift.
"""

import base64
import json
from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

import structlog

from radiant.foundation.credentials import access, kinds, store
from radiant.foundation.credentials import mirrors_store as mirrors
from radiant.foundation.credentials.access_log import AccessLog, Entry
from radiant.foundation.credentials.actor import Actor
from radiant.foundation.credentials.life_schemas import (
    ImportAsked,
    Imported,
    ImportedSecret,
    ListedSecret,
    ListedSecrets,
    Mirror,
    NewMirror,
    PickedSecret,
    SecretsAsked,
)
from radiant.foundation.credentials.rotations import Tell
from radiant.foundation.credentials.schemas import NewCredential, NewVersion, Use
from radiant.foundation.credentials.secrets_manager import Place, SecretsManager, SecretValue
from radiant.foundation.credentials.service import Credentials, NoSuchCredential
from radiant.foundation.credentials.value import Value, checked
from radiant.infra.db import Database, Row, TenantDb
from radiant.infra.jobs import Job, enqueue_each_for_platform
from radiant.kit.errors import Conflict, Forbidden, Invalid, NotFound, Problem
from radiant.kit.ids import TenantId, uuid7

log = structlog.get_logger()

PUSH = "credential-mirror"
_AT_ONCE = 100
# Told of once in a row of failures, and by then it is no passing trouble.
_TELL_AT = 5


class MirrorTaken(Conflict):
    """The credential is mirrored there already."""

    slug = "mirror-taken"


class SecretsMirrors:
    """One per process."""

    def __init__(
        self, database: Database, credentials: Credentials, access_log: AccessLog, manager: SecretsManager, *,
        tell: Tell | None = None,
    ) -> None:  # fmt: skip
        self._database = database
        self._credentials = credentials
        self._log = access_log
        self._manager = manager
        self._tell = tell

    async def _place(self, actor: Actor, region: str, access_credential_id: UUID | None) -> Place:
        """Whose account. The installation's own identity was asked for by an operator, which the callers see to."""
        if access_credential_id is None:
            return Place(region)
        entry = Entry("use", credential_id=access_credential_id, reason="asks Secrets Manager")
        async with self._log.attempt(actor, entry):
            opened = await self._credentials.open(actor, entry, "use")
            if opened.kind != "aws" or opened.value.fields is None:
                raise Invalid("access_credential_id: give a credential of type aws")
            fields = opened.value.fields
        keys = {"aws_access_key_id": fields["access_key_id"], "aws_secret_access_key": fields["secret_access_key"]}
        if token := fields.get("session_token"):
            keys["aws_session_token"] = token
        return Place(region, keys)

    # --- mirrors ---

    async def of_credential(self, actor: Actor, credential_id: UUID) -> list[Mirror]:
        """A credential's mirrors. Raises NoSuchCredential."""
        await self._credentials.describe(actor, credential_id)
        async with actor.db(self._database).tx() as tx:
            return [Mirror.model_validate(dict(row)) for row in await mirrors.of_credential(tx, credential_id)]

    async def add(self, actor: Actor, credential_id: UUID, new: NewMirror, *, operator: bool) -> Mirror:
        """Mirror a credential from now on. Raises NoSuchCredential, NotInThisVault, MirrorTaken, Forbidden, Invalid."""
        entry = Entry("add_mirror", credential_id=credential_id, detail={"region": new.region, "secret": new.secret_id})
        mirror_id = uuid7()
        async with self._log.attempt(actor, entry):
            own_identity(new.access_credential_id, operator)
            async with actor.db(self._database).tx() as tx:
                row = await store.get(tx, credential_id)
                if row is None or row["deleted_at"] is not None:
                    raise NoSuchCredential("there is no such credential")
                entry.vault_id = row["vault_id"]
                # Whoever reads it there is shown the value, so this takes who may be shown it here.
                vault = await access.reach(tx, actor, row["vault_id"], "write")
                vault.require("reveal")
                if vault.second_person and not operator:
                    raise Forbidden(
                        "in this vault values are shown to two people together: ask the operator for a mirror"
                    )
                if new.access_credential_id is not None:
                    other = await store.get(tx, new.access_credential_id)
                    if other is None or other["credential_type"] != "aws":
                        raise Invalid("access_credential_id: give a credential of type aws")
                    await access.reach(tx, actor, other["vault_id"], "use")
                made = await mirrors.insert(
                    tx, mirror_id, credential_id, new.region, new.secret_id, new.access_credential_id, actor.user_id
                )
                if not made:
                    raise MirrorTaken("the credential is mirrored to that secret already")
                kept = await mirrors.one(tx, mirror_id)
                assert kept is not None
                await self._log.note(tx, actor, entry)
        return Mirror.model_validate(dict(kept))

    async def remove(self, actor: Actor, credential_id: UUID, mirror_id: UUID) -> None:
        """Push there no more; what is there stays. Raises NoSuchCredential, NotInThisVault, NotFound."""
        await self._changed(actor, credential_id, "remove_mirror", mirrors.remove, mirror_id)

    async def push_again(self, actor: Actor, credential_id: UUID, mirror_id: UUID) -> None:
        """Push at once, over whatever is there. Raises NoSuchCredential, NotInThisVault, NotFound."""
        await self._changed(actor, credential_id, "push_mirror", mirrors.push_again, mirror_id)

    async def _changed(self, actor: Actor, credential_id: UUID, what: str, change: Any, mirror_id: UUID) -> None:
        entry = Entry(what, credential_id=credential_id, detail={"mirror": str(mirror_id)})
        async with self._log.attempt(actor, entry):
            credential = await self._credentials.describe(actor, credential_id)
            entry.vault_id = credential.vault_id
            async with actor.db(self._database).tx() as tx:
                await access.reach(tx, actor, credential.vault_id, "write")
                if not await change(tx, credential_id, mirror_id):
                    raise NotFound("the credential has no such mirror")
                await self._log.note(tx, actor, entry)

    async def tick(self) -> None:
        """Enqueue what lags behind or was not looked at for an hour."""
        async with self._database.system("credential mirrors").tx() as tx:
            due = await mirrors.due(tx, _AT_ONCE)
            jobs = [{"mirror": row["id"], "tenant": row["tenant_id"]} for row in due]
            await enqueue_each_for_platform(tx, PUSH, jobs)

    async def push(self, job: Job) -> None:
        """A job {mirror, tenant}: bring a mirror up to its credential, or look whether it still is."""
        actor = Actor.job(TenantId(UUID(job.ids["tenant"])), "mirror")
        db = actor.db(self._database)
        async with db.tx() as tx:
            row = await mirrors.one(tx, UUID(job.ids["mirror"]))
            credential = await store.get(tx, row["credential_id"]) if row else None
        if row is None or credential is None or credential["deleted_at"] is not None:
            return
        try:
            place = await self._place(actor, row["region"], row["access_credential_id"])
            if row["pushed_version"] == credential["current_version"]:
                drift = await self._drift(place, row)
                async with db.tx() as tx:
                    await mirrors.checked(tx, row["id"], drift)
                return
            await self._push(actor, place, row)
        except Problem as error:
            async with db.tx() as tx:
                failures = await mirrors.failed(tx, row["id"], error.detail)
            if failures == _TELL_AT and self._tell is not None:
                await self._tell(
                    actor.tenant_id, row["credential_id"], "mirror-failed",
                    f"the credential {row['credential_id']} cannot be mirrored to {row['secret_id']}: {error.detail}",
                )  # fmt: skip

    async def _push(self, actor: Actor, place: Place, row: Row) -> None:
        entry = Entry("mirror", credential_id=row["credential_id"], detail={"secret": row["secret_id"]})
        async with self._log.attempt(actor, entry):
            opened = await self._credentials.open(actor, entry, "use")
            token = token_of(row["credential_id"], opened.place.version)
            await self._manager.put(place, row["secret_id"], token, spelled(opened.kind, opened.value))
            async with actor.db(self._database).tx() as tx:
                await mirrors.pushed(tx, row["id"], opened.place.version)

    async def _drift(self, place: Place, row: Row) -> str:
        there = await self._manager.current(place, row["secret_id"])
        if there is None:
            return "missing"
        return "none" if there == token_of(row["credential_id"], row["pushed_version"]) else "changed"

    # --- import ---

    async def list(self, actor: Actor, asked: SecretsAsked, *, operator: bool) -> ListedSecrets:
        """A page of the secrets there are. Raises NoSuchVault, NotInThisVault, Forbidden, SecretsManagerRefused."""
        own_identity(asked.access_credential_id, operator)
        async with actor.db(self._database).tx() as tx:
            await access.reach(tx, actor, asked.vault_id, "write")
        place = await self._place(actor, asked.region, asked.access_credential_id)
        found, after = await self._manager.page(place, asked.prefix, asked.after)
        return ListedSecrets(
            items=[
                ListedSecret(
                    arn=each.arn, name=each.name, description=each.description, tags=each.tags,
                    changed_at=each.changed_at,
                )
                for each in found
            ],
            next=after,
        )  # fmt: skip

    async def bring(self, actor: Actor, asked: ImportAsked, *, operator: bool) -> Imported:
        """Import secrets, or say what that would make. One that cannot be imported keeps no other from it.

        Raises NoSuchVault, NotInThisVault, Forbidden, SecretsManagerRefused.
        """
        own_identity(asked.access_credential_id, operator)
        async with actor.db(self._database).tx() as tx:
            await access.reach(tx, actor, asked.vault_id, "write")
        place = await self._place(actor, asked.region, asked.access_credential_id)
        return Imported(items=[await self._bring_one(actor, place, asked, picked) for picked in asked.secrets])

    async def _bring_one(self, actor: Actor, place: Place, asked: ImportAsked, picked: PickedSecret) -> ImportedSecret:
        said = ImportedSecret(secret_id=picked.secret_id, outcome="refused")
        try:
            current = await self._manager.get(place, picked.secret_id)
            if current is None:
                raise NotFound("there is no such secret, or it has no current version")
            before = await self._manager.get(place, picked.secret_id, "AWSPREVIOUS")
            facts = await self._manager.describe(place, picked.secret_id)
            kind, given = read_value(current, picked.type)
            said.name = picked.name or facts.name
            said.type, said.binary, said.bytes = kind, current.binary, len(current.value)
            said.fields = sorted(given.get("fields", {}))
            versions = self._versions(kind, before, given)
            said.versions = len(versions)
            metadata = {"tags": facts.tags, "imported_from": facts.arn, "description": facts.description}
            new = NewCredential(name=said.name, type=kind, metadata=metadata, **versions[0])
            async with actor.db(self._database).tx() as tx:
                if await store.name_taken(tx, asked.vault_id, said.name, uuid7()):
                    raise Conflict(f"the vault has a credential {said.name!r} already: give this one another name")
            if asked.dry_run:
                said.outcome = "would-import"
                return said
            made = await self._credentials.store(actor, asked.vault_id, new)
            if len(versions) > 1:
                await self._credentials.add_version(
                    actor, made.id, NewVersion(**versions[1]), "the current version of an imported secret"
                )
            said.credential_id, said.outcome = made.id, "imported"
        except Problem as error:
            said.problem = error.detail
        except ValueError:
            # Of pydantic: its words may repeat what was given.
            said.problem = "name: between 1 and 100 characters, without control characters"
        return said

    @staticmethod
    def _versions(kind: str, before: SecretValue | None, current: dict[str, Any]) -> Sequence[dict[str, Any]]:
        """The former version, where it is of the same type, and the current one."""
        if before is None:
            return [current]
        try:
            return [read_value(before, kind)[1], current]
        except Problem:
            return [current]


async def uses(db: TenantDb, credential_id: UUID) -> list[Use]:
    """Credentials that are mirrored by means of that one: a port of `Credentials`."""
    async with db.tx() as tx:
        rows = await mirrors.asking_with(tx, credential_id)
    return [Use(kind="mirror", id=str(row["id"]), name=row["credential_name"]) for row in rows]


def own_identity(access_credential_id: UUID | None, operator: bool) -> None:
    """Raises Forbidden where the installation's own identity is asked for by another than its operator."""
    if access_credential_id is None and not operator:
        raise Forbidden(
            "access_credential_id: name a credential of type aws; this installation's own identity is the operator's to use"
        )


def token_of(credential_id: UUID, version: int) -> str:
    """The ClientRequestToken, and so the VersionId, of a credential's version."""
    return f"radiant-{credential_id.hex}-v{version}"[:64]


def spelled(kind: str, value: Value) -> bytes:
    """A value as Secrets Manager's own rotators and drivers write it."""
    if value.fields is None:
        return value.data if value.data is not None else (value.text or "").encode()
    fields = dict(value.fields)
    if kind == "database" and "database" in fields:
        fields["dbname"] = fields.pop("database")
    return json.dumps(fields, ensure_ascii=False).encode()


def read_value(secret: SecretValue, kind: str | None) -> tuple[str, dict[str, Any]]:
    """A secret's value: its type (told from its fields unless given), and how NewCredential takes it. Raises Invalid."""
    if secret.binary:
        return "binary", {"value_base64": base64.b64encode(secret.value).decode()}
    text = secret.value.decode()
    try:
        read: object = json.loads(text)
    except ValueError:
        read = None
    if not isinstance(read, dict):
        kind = kind or "text"
        checked(kind, text, None, None)
        return kind, {"value": text}
    fields = cast("dict[str, Any]", read)
    if "dbname" in fields and "database" not in fields:
        fields["database"] = fields.pop("dbname")
    if isinstance(port := fields.get("port"), str) and port.isdigit():
        fields["port"] = int(port)
    kind = kind or next(
        (each for each in kinds.TYPES if each not in ("json", "text", "binary") and _fits(each, fields)), "json"
    )
    checked(kind, None, None, fields)
    return kind, {"fields": fields}


def _fits(kind: str, fields: dict[str, Any]) -> bool:
    try:
        kinds.check_fields(kind, fields)
    except Invalid:
        return False
    return True
