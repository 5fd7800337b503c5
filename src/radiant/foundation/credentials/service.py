"""Credentials: stored, described, rotated, deleted. Plain values leave by `open` alone, which reveals and leases build on.

The specification's operations: `create_vault` is `Vaults.create`; `store_credential` is `store`; `get_credential` is
`Reveals.reveal` for people and `Leases` for our own parts; `rotate_credential` is `rotate`.

A version is pending, current, previous (served until its `valid_until`, by number or stage) or retired. Of the first three
there is one each. Promoting makes the current one the previous, and what was previous before is retired; retired versions
can be rolled back to for 90 days.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from radiant.foundation.credentials import access, envelope, schedule, store
from radiant.foundation.credentials.access import Reached, Right
from radiant.foundation.credentials.access_log import AccessLog, Entry
from radiant.foundation.credentials.actor import Actor
from radiant.foundation.credentials.envelope import Place
from radiant.foundation.credentials.schemas import Credential, CredentialChange, NewCredential, NewVersion, Use, Version
from radiant.foundation.credentials.value import Value, checked
from radiant.infra.db import Database, Row, TenantDb, Tx
from radiant.infra.kms import Kms, Sealed
from radiant.kit.clock import Clock, utc_now
from radiant.kit.errors import Conflict, NotFound
from radiant.kit.ids import TenantId, uuid7

FindUses = Callable[[TenantDb, UUID], Awaitable[Sequence[Use]]]
"""A port that the roots fill, one for each slice which takes credentials by reference."""
_PURGED_AT_ONCE = 500


class Remembers(Protocol):
    """Is told of each value that is stored, so that it is known again where it should not be (`leaks.Fingerprints`)."""

    async def ready(self) -> None:
        """Before the transaction that stores."""
        ...

    async def remember(self, tx: Tx, credential_id: UUID, version: int, kind: str, value: Value) -> None:
        """In that transaction."""
        ...


class NoSuchCredential(NotFound):
    """No credential of that id is the caller's to see."""

    slug = "no-such-credential"


class NoSuchVersion(NotFound):
    """The credential has no such version."""

    slug = "no-such-version"


class CredentialNameTaken(Conflict):
    """The vault has a credential of that name (F15.9)."""

    slug = "credential-name-taken"


class CredentialExpired(Conflict):
    """Past `expires_at` a value is not served (F15.5)."""

    slug = "credential-expired"


class CredentialInactive(Conflict):
    """It was switched off."""

    slug = "credential-inactive"


class CredentialDeleted(Conflict):
    """It was deleted, and can be had back."""

    slug = "credential-deleted"


class VersionOver(Conflict):
    """The version's grace has passed, or it never was current."""

    slug = "version-over"


class CredentialInUse(Conflict):
    """Something uses it by reference; `uses` lists what."""

    slug = "credential-in-use"


class NothingBefore(Conflict):
    """There is no version to roll back to, or none to promote."""

    slug = "no-version-before"


@dataclass(frozen=True, slots=True)
class Opened:
    """A plain value with what it is of. Goes to whoever needs it, and nowhere else."""

    vault: Reached
    place: Place
    name: str
    kind: str
    value: Value
    expires_at: datetime | None
    """When it may be served no more: of the credential, or of the version's grace."""


@dataclass(frozen=True, slots=True)
class _Found:
    vault: Reached
    row: Row


class Credentials:
    """One per process."""

    def __init__(
        self, database: Database, kms: Kms, log: AccessLog, uses: Sequence[FindUses] = (), clock: Clock = utc_now,
        remembers: Remembers | None = None,
    ) -> None:  # fmt: skip
        self._database = database
        self._kms = kms
        self._log = log
        self._uses = tuple(uses)
        self._clock = clock
        self._remembers = remembers

    async def store(self, actor: Actor, vault_id: UUID, new: NewCredential) -> Credential:
        """Keep a credential, sealed as its version 1.

        Raises NoSuchVault, NotInThisVault, Invalid, WrongFields, ValueTooLarge, CredentialNameTaken, KeyServiceAway.
        """
        credential_id = uuid7()
        entry = Entry(
            "store", vault_id=vault_id, credential_id=credential_id, version=1,
            detail={"name": new.name, "type": new.type},
        )  # fmt: skip
        async with self._log.attempt(actor, entry):
            schedule.check(new.rotation_schedule)
            db = actor.db(self._database)
            async with db.tx() as tx:
                vault = await access.reach(tx, actor, vault_id, "write")
                if await store.name_taken(tx, vault_id, new.name, credential_id):
                    raise _taken(new.name)
            value = checked(new.type, new.value, new.value_base64, new.fields)
            place = Place(actor.tenant_id, vault_id, credential_id, 1)
            sealed = await self._seal(vault, value, place)
            async with db.tx() as tx:
                await access.reach(tx, actor, vault_id, "write")
                inserted = await store.insert(
                    tx, credential_id, vault_id, new.name, new.type, sealed.payload, new.metadata, new.expires_at,
                    new.rotation_schedule, new.grace_seconds, actor.user_id,
                )  # fmt: skip
                if not inserted:
                    raise _taken(new.name)
                await store.insert_version(tx, credential_id, 1, sealed, "current", actor.user_id)
                await self._remember(tx, place, new.type, value)
                kept = await self._described(tx, credential_id)
                await self._log.note(tx, actor, entry)
        return kept

    async def page(
        self, actor: Actor, vault_id: UUID, after: tuple[str, UUID] | None, limit: int, *, deleted: bool = False
    ) -> list[Credential]:
        """A vault's credentials by name, without values. Raises NoSuchVault."""
        async with (
            self._log.seen(actor, Entry("describe_vault", vault_id=vault_id)),
            actor.db(self._database).tx() as tx,
        ):
            await access.reach(tx, actor, vault_id)
            return [self._credential(row) for row in await store.page(tx, vault_id, deleted, after, limit)]

    async def describe(self, actor: Actor, credential_id: UUID) -> Credential:
        """A credential without its value, deleted or not. Raises NoSuchCredential."""
        entry = Entry("describe", credential_id=credential_id)
        async with self._log.seen(actor, entry), actor.db(self._database).tx() as tx:
            return self._credential((await self._find(tx, actor, entry, "see")).row)

    async def change(self, actor: Actor, credential_id: UUID, change: CredentialChange) -> Credential:
        """Rename, switch off, set expiry, metadata, schedule, grace.

        Raises NoSuchCredential, NotInThisVault, CredentialNameTaken, CredentialDeleted.
        """
        named = change.model_fields_set
        entry = Entry(
            "change", credential_id=credential_id,
            detail=change.model_dump(mode="json", exclude_unset=True, exclude={"metadata"}),
        )  # fmt: skip
        async with self._log.attempt(actor, entry), actor.db(self._database).tx() as tx:
            schedule.check(change.rotation_schedule)
            found = await self._find(tx, actor, entry, "write", alive=True)
            if change.name is not None and await store.name_taken(tx, found.vault.id, change.name, credential_id):
                raise _taken(change.name)
            await store.change(
                tx, credential_id, change.name, change.metadata, change.expires_at, "expires_at" in named,
                change.is_active, change.rotation_schedule, "rotation_schedule" in named, change.grace_seconds,
            )  # fmt: skip
            changed = await self._described(tx, credential_id)
            await self._log.note(tx, actor, entry)
        return changed

    async def rotate(self, actor: Actor, credential_id: UUID, new: NewVersion, reason: str | None = None) -> Version:
        """A new version that is the current one at once: `add_version` with stage current."""
        return await self.add_version(actor, credential_id, new.model_copy(update={"stage": "current"}), reason)

    async def add_version(
        self, actor: Actor, credential_id: UUID, new: NewVersion, reason: str | None = None
    ) -> Version:
        """Keep a new version: pending, in place of one that was, or current, by which the one before becomes previous.

        Raises NoSuchCredential, NotInThisVault, CredentialDeleted, Invalid, WrongFields, ValueTooLarge, KeyServiceAway.
        """
        entry = Entry("rotate" if new.stage == "current" else "stage", credential_id=credential_id, reason=reason)
        async with self._log.attempt(actor, entry):
            db = actor.db(self._database)
            while True:
                async with db.tx() as tx:
                    found = await self._find(tx, actor, entry, "write", alive=True)
                    number = found.row["last_version"] + 1
                value = checked(found.row["credential_type"], new.value, new.value_base64, new.fields)
                place = Place(actor.tenant_id, found.vault.id, credential_id, number)
                sealed = await self._seal(found.vault, value, place)
                async with db.tx() as tx:
                    held = await store.lock(tx, credential_id)
                    if held is None:
                        raise _no_credential()
                    if held["last_version"] + 1 != number:
                        continue  # Somebody else added one: the number is part of what this is bound to.
                    entry.version = number
                    await store.retire(tx, credential_id, "pending")
                    await store.insert_version(tx, credential_id, number, sealed, "pending", actor.user_id)
                    await self._remember(tx, place, found.row["credential_type"], value)
                    if new.stage == "current":
                        await _promote(tx, held, number, new.grace_seconds)
                    if new.expires_at is not None:
                        await store.change(tx, credential_id, None, None, new.expires_at, True, None, None, False, None)
                    kept = await self._version(tx, credential_id, number)
                    await self._log.note(tx, actor, entry)
                return kept

    async def promote(
        self, actor: Actor, credential_id: UUID, *, version: int | None = None, grace_seconds: int | None = None,
        reason: str | None = None,
    ) -> Version:  # fmt: skip
        """Make the pending version the current one; where `version` is given, that one and no other. Raises
        NoSuchCredential, NotInThisVault, NothingBefore."""
        entry = Entry("rotate", credential_id=credential_id, reason=reason)
        async with self._log.attempt(actor, entry), actor.db(self._database).tx() as tx:
            await self._find(tx, actor, entry, "write", alive=True)
            held = await store.lock(tx, credential_id)
            if held is None:
                raise _no_credential()
            entry.version = pending = await store.pending(tx, credential_id)
            if pending is None:
                raise NothingBefore("there is no pending version; add one first")
            if version is not None and pending != version:
                raise NothingBefore(f"version {pending} is the pending one by now, and not {version}")
            await _promote(tx, held, pending, grace_seconds)
            kept = await self._version(tx, credential_id, pending)
            await self._log.note(tx, actor, entry)
        return kept

    async def discard_pending(self, actor: Actor, credential_id: UUID, reason: str | None = None) -> None:
        """Retire the pending version, where there is one. Raises NoSuchCredential, NotInThisVault."""
        entry = Entry("discard", credential_id=credential_id, reason=reason)
        async with self._log.attempt(actor, entry), actor.db(self._database).tx() as tx:
            await self._find(tx, actor, entry, "write", alive=True)
            await store.lock(tx, credential_id)
            await store.retire(tx, credential_id, "pending")
            await self._log.note(tx, actor, entry)

    async def roll_back(
        self, actor: Actor, credential_id: UUID, version: int | None = None, reason: str | None = None
    ) -> Version:
        """Make an earlier version current again: the one named, or the one before.

        Raises NoSuchCredential, NotInThisVault, NoSuchVersion, NothingBefore.
        """
        entry = Entry("rollback", credential_id=credential_id, version=version, reason=reason)
        async with self._log.attempt(actor, entry), actor.db(self._database).tx() as tx:
            await self._find(tx, actor, entry, "write", alive=True)
            held = await store.lock(tx, credential_id)
            if held is None:
                raise _no_credential()
            to = version if version is not None else await store.last_before(tx, credential_id)
            if to is None:
                raise NothingBefore("there is no version before the current one")
            stage = await store.stage_of(tx, credential_id, to)
            if stage is None:
                raise NoSuchVersion(f"there is no version {to}; retired ones are kept for 90 days")
            if stage in ("current", "pending"):
                raise NothingBefore(f"version {to} is the {stage} one; name one that was current before")
            entry.version = to
            await _promote(tx, held, to, None)
            kept = await self._version(tx, credential_id, to)
            await self._log.note(tx, actor, entry)
        return kept

    async def versions(self, actor: Actor, credential_id: UUID, before: int | None, limit: int) -> list[Version]:
        """Versions without values, the newest first. Raises NoSuchCredential."""
        entry = Entry("describe", credential_id=credential_id)
        async with self._log.seen(actor, entry), actor.db(self._database).tx() as tx:
            await self._find(tx, actor, entry, "see")
            return [Version.model_validate(dict(row)) for row in await store.versions(tx, credential_id, before, limit)]

    async def uses(self, actor: Actor, credential_id: UUID) -> list[Use]:
        """What uses it by reference. Raises NoSuchCredential."""
        entry = Entry("describe", credential_id=credential_id)
        async with self._log.seen(actor, entry), actor.db(self._database).tx() as tx:
            await self._find(tx, actor, entry, "see")
        return await self._used_by(actor.tenant_id, credential_id)

    async def _used_by(self, tenant_id: TenantId, credential_id: UUID) -> list[Use]:
        db = self._database.tenant(tenant_id)
        return [use for find in self._uses for use in await find(db, credential_id)]

    async def delete(self, actor: Actor, credential_id: UUID, *, force: bool = False) -> None:
        """Delete so that it can be had back for the vault's days; it is served no more from now on.

        Raises NoSuchCredential, NotInThisVault, CredentialInUse unless forced.
        """
        entry = Entry("delete", credential_id=credential_id, detail={"forced": force} if force else {})
        async with self._log.attempt(actor, entry):
            db = actor.db(self._database)
            async with db.tx() as tx:
                await self._find(tx, actor, entry, "write", alive=True)
            used = [] if force else await self._used_by(actor.tenant_id, credential_id)
            if used:
                names = ", ".join(f"{use.kind} {use.name!r}" for use in used[:5])
                raise CredentialInUse(
                    f"in use by {names}{' and more' if len(used) > 5 else ''}; give these another credential first, or"
                    " delete with force=true, by which they stop working",
                    uses=[use.model_dump() for use in used],
                )
            async with db.tx() as tx:
                found = await self._find(tx, actor, entry, "write", alive=True)
                if not await store.delete(tx, credential_id, found.vault.recovery_days):
                    raise _no_credential()
                await self._log.note(tx, actor, entry)

    async def restore(self, actor: Actor, credential_id: UUID) -> Credential:
        """Have a deleted credential back. Raises NoSuchCredential, NotInThisVault, CredentialNameTaken."""
        entry = Entry("restore", credential_id=credential_id)
        async with self._log.attempt(actor, entry), actor.db(self._database).tx() as tx:
            found = await self._find(tx, actor, entry, "write")
            name = found.row["credential_name"]
            if await store.name_taken(tx, found.vault.id, name, credential_id):
                raise CredentialNameTaken(f"another credential is named {name!r} by now; rename that one first")
            if not await store.restore(tx, credential_id):
                raise NothingBefore("it was not deleted")
            back = await self._described(tx, credential_id)
            await self._log.note(tx, actor, entry)
        return back

    async def purge(self, actor: Actor, credential_id: UUID) -> None:
        """Destroy a deleted credential before its time. Raises NoSuchCredential, NotInThisVault, NothingBefore."""
        entry = Entry("purge", credential_id=credential_id)
        async with self._log.attempt(actor, entry), actor.db(self._database).tx() as tx:
            found = await self._find(tx, actor, entry, "administer")
            entry.detail = {"name": found.row["credential_name"]}
            if not await store.purge(tx, credential_id):
                raise NothingBefore("delete it first; then it can be purged")
            await self._log.note(tx, actor, entry)

    async def _seal(self, vault: Reached, value: Value, place: Place) -> Sealed:
        if self._remembers is not None:
            await self._remembers.ready()
        return await envelope.seal(self._kms, vault.key_id, value, place)

    async def _remember(self, tx: Tx, place: Place, kind: str, value: Value) -> None:
        if self._remembers is not None:
            await self._remembers.remember(tx, place.credential_id, place.version, kind, value)

    async def open(
        self, actor: Actor, entry: Entry, right: Right, *, version: int | None = None, stage: str | None = None,
        expired_too: bool = False,
    ) -> Opened:  # fmt: skip
        """The plain value of a version (by number or stage; the current one unless said), where the actor has that right
        and it may be served. Records nothing: it is called within `AccessLog.attempt` with that `entry`, which names the
        credential. `expired_too`: for what rotates it, which an expired one needs most.

        Raises NoSuchCredential, NotInThisVault, NoSuchVersion, VersionOver, CredentialExpired, CredentialInactive,
        CredentialDeleted, ValueUnreadable, KeyServiceAway.
        """
        assert entry.credential_id is not None
        async with actor.db(self._database).tx() as tx:
            row = await store.sealed(tx, entry.credential_id, version, stage, actor.user_id, actor.api_key_id)
        if row is None:
            raise _no_credential()
        vault = access.reached(actor, row)
        entry.vault_id = vault.id
        _require(vault, right)
        entry.version = row["version"]
        expires_at = self._check(row, expired_too=expired_too)
        place = Place(actor.tenant_id, vault.id, entry.credential_id, row["version"])
        sealed = Sealed(row["kek_id"], row["sealed_under"], row["wrapped_key"], row["payload"])
        value = await envelope.unseal(self._kms, sealed, place)
        return Opened(vault, place, row["credential_name"], row["credential_type"], value, expires_at)

    def _check(self, row: Row, *, expired_too: bool) -> datetime | None:
        """Until when it may be served; None: without end."""
        now = self._clock()
        if row["deleted_at"] is not None:
            raise _deleted()
        if row["version"] is None:
            raise NoSuchVersion("there is no such version of it")
        if expired_too:
            return None
        if not row["is_active"]:
            raise CredentialInactive("this credential is switched off; switch it on first")
        if row["expires_at"] is not None and row["expires_at"] <= now:
            raise CredentialExpired(
                f"it expired at {row['expires_at']:%Y-%m-%d %H:%M} UTC; rotate it, or set a later expiry"
            )
        if row["stage"] == "retired":
            raise VersionOver(f"version {row['version']} was retired; roll back to it first")
        if row["stage"] == "previous" and row["valid_until"] <= now:
            raise VersionOver(f"the grace of version {row['version']} ended at {row['valid_until']:%Y-%m-%d %H:%M} UTC")
        ends = [at for at in (row["expires_at"], row["valid_until"]) if at is not None]
        return min(ends, default=None)

    async def _find(self, tx: Tx, actor: Actor, entry: Entry, right: Right, *, alive: bool = False) -> _Found:
        """The credential of the entry and its vault, where the actor has that right to it; the entry learns the vault."""
        assert entry.credential_id is not None
        row = await store.get(tx, entry.credential_id)
        if row is None:
            raise _no_credential()
        entry.vault_id = row["vault_id"]
        vault = await _reach(tx, actor, row["vault_id"], right)
        if alive and row["deleted_at"] is not None:
            raise _deleted()
        return _Found(vault, row)

    async def _described(self, tx: Tx, credential_id: UUID) -> Credential:
        row = await store.get(tx, credential_id)
        assert row is not None
        return self._credential(row)

    async def _version(self, tx: Tx, credential_id: UUID, version: int) -> Version:
        (row,) = await store.versions(tx, credential_id, version + 1, 1)
        return Version.model_validate(dict(row))

    def _credential(self, row: Row) -> Credential:
        expires_at = row["expires_at"]
        return Credential(
            **{name: value for name, value in row.items() if name not in ("credential_name", "credential_type")},
            name=row["credential_name"],
            type=row["credential_type"],
            is_expired=expires_at is not None and expires_at <= self._clock(),
        )


async def purge_due(database: Database, log: AccessLog) -> None:
    """Destroy what was deleted and whose time to be had back has passed; a job, every hour."""
    async with database.system("purge credentials").tx() as tx:
        tenants = await store.tenants_to_purge(tx)
    for tenant_id in tenants:
        actor = Actor.job(TenantId(tenant_id), "purge")
        await log.ready(actor.tenant_id)
        while True:
            async with actor.db(database).tx() as tx:
                gone = await store.purge_due(tx, _PURGED_AT_ONCE)
                entries = [
                    Entry(
                        "purge",
                        credential_id=row["id"],
                        vault_id=row["vault_id"],
                        detail={"name": row["credential_name"]},
                    )
                    for row in gone
                ]
                await log.note_all(tx, actor, entries)
            if len(gone) < _PURGED_AT_ONCE:
                break


async def _promote(tx: Tx, held: Row, version: int, grace_seconds: int | None) -> None:
    """Make that version the current one, and the one before the previous."""
    credential_id: UUID = held["id"]
    grace = held["grace_seconds"] if grace_seconds is None else grace_seconds
    # Of each stage there is one at any moment; rolled back to, the previous version is retired and comes back.
    await store.retire(tx, credential_id, "previous")
    await store.end_current(tx, credential_id, grace)
    await store.make_current(tx, credential_id, version)


async def _reach(tx: Tx, actor: Actor, vault_id: UUID, right: Right) -> Reached:
    try:
        return await access.reach(tx, actor, vault_id, right)
    except access.NoSuchVault:
        raise _no_credential() from None


def _require(vault: Reached, right: Right) -> None:
    try:
        vault.require(right)
    except access.NoSuchVault:
        raise _no_credential() from None


def _no_credential() -> NoSuchCredential:
    return NoSuchCredential("there is no such credential")


def _deleted() -> CredentialDeleted:
    return CredentialDeleted("it was deleted; have it back first: POST …/restore")


def _taken(name: str) -> CredentialNameTaken:
    return CredentialNameTaken(
        f"name: the vault has a credential {name!r} already; rotate that one, or choose another name"
    )
