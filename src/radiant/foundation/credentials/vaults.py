"""Vaults and who is in them. Every change is in the access log, in the transaction that makes it (F15.11)."""

from typing import Literal
from uuid import UUID

from radiant.foundation.credentials import access, reveals_store, vaults_store
from radiant.foundation.credentials.access import Reached, SecondPersonNeeded, VaultRole
from radiant.foundation.credentials.access_log import AccessLog, Entry
from radiant.foundation.credentials.actor import Actor
from radiant.foundation.credentials.envelope import KeyServiceAway
from radiant.foundation.credentials.schemas import Member, NewVault, Vault, VaultChange
from radiant.infra.db import Database, Row, Tx
from radiant.infra.kms import Kms, KmsError
from radiant.kit.clock import Clock, utc_now
from radiant.kit.errors import Conflict, Forbidden, NotFound
from radiant.kit.ids import uuid7

KeyPerVault = Literal["shared", "per-vault"]


class VaultNameTaken(Conflict):
    """The workspace has a vault of that name."""

    slug = "vault-name-taken"


class VaultNotEmpty(Conflict):
    """It still holds credentials."""

    slug = "vault-not-empty"


class LastOwner(Conflict):
    """A vault has an owner at all times."""

    slug = "last-owner"


class Vaults:
    """One per process. `keys`: whether a vault has a key of its own in the KMS, or all share the one of the settings."""

    def __init__(
        self, database: Database, kms: Kms, log: AccessLog, keys: KeyPerVault = "shared", clock: Clock = utc_now
    ) -> None:
        self._clock = clock
        self._database = database
        self._kms = kms
        self._log = log
        self._keys = keys

    async def create(self, actor: Actor, new: NewVault) -> Vault:
        """Make a vault, which the actor's person owns. Raises VaultNameTaken, KeyServiceAway."""
        vault_id = uuid7()
        entry = Entry("create_vault", vault_id=vault_id, detail={"name": new.name})
        async with self._log.attempt(actor, entry):
            db = actor.db(self._database)
            async with db.tx() as tx:
                # Looked at before a key is made, which cannot be unmade at once.
                if await vaults_store.name_taken(tx, new.name, vault_id):
                    raise VaultNameTaken(f"name: there is a vault {new.name!r} already")
            key_id = await self._make_key(actor, vault_id, new.name)
            async with db.tx() as tx:
                inserted = await vaults_store.insert(
                    tx, vault_id, new.name, new.description, key_id, actor.user_id, list(new.reveal_roles),
                    new.second_person, new.reveal_window_seconds, new.recovery_days,
                )  # fmt: skip
                if not inserted:
                    raise VaultNameTaken(f"name: there is a vault {new.name!r} already")
                if actor.user_id is not None:
                    await vaults_store.put_member(tx, uuid7(), vault_id, actor.user_id, None, "owner", actor.user_id)
                vault = await access.reach(tx, actor, vault_id)
                entry.detail |= {
                    "key": key_id,
                    "reveal_roles": list(new.reveal_roles),
                    "second_person": new.second_person,
                }
                await self._log.note(tx, actor, entry)
        return _vault(vault)

    async def _make_key(self, actor: Actor, vault_id: UUID, name: str) -> str:
        try:
            if self._keys == "shared":
                return await self._kms.settle()
            tags = {"radiant:tenant": str(actor.tenant_id), "radiant:vault": str(vault_id)}
            return await self._kms.make_key(f"radiant/{actor.tenant_id}/{vault_id}", tags)
        except KmsError as error:
            raise KeyServiceAway(f"no key could be had for the vault: {error}; try again") from error

    async def page(self, actor: Actor, after: tuple[str, UUID] | None, limit: int) -> list[Vault]:
        """Vaults by name: those that the actor is in, and all for an admin of the workspace or a job."""
        everything = actor.is_admin or actor.kind == "system"
        async with actor.db(self._database).tx() as tx:
            rows = await vaults_store.page(tx, actor.user_id, actor.api_key_id, everything, after, limit)
        return [_vault(access.reached(actor, row), row["credentials"]) for row in rows]

    async def get(self, actor: Actor, vault_id: UUID) -> Vault:
        """A vault. Raises NoSuchVault."""
        async with (
            self._log.seen(actor, Entry("describe_vault", vault_id=vault_id)),
            actor.db(self._database).tx() as tx,
        ):
            return _vault(await access.reach(tx, actor, vault_id))

    async def change(self, actor: Actor, vault_id: UUID, change: VaultChange) -> Vault:
        """Change a vault's name or rules. That showing a value takes two people is switched off by two people.

        Raises NoSuchVault, NotInThisVault, VaultNameTaken, SecondPersonNeeded.
        """
        entry = Entry("change_vault", vault_id=vault_id, detail=change.model_dump(mode="json", exclude_unset=True))
        async with self._log.attempt(actor, entry), actor.db(self._database).tx() as tx:
            vault = await access.reach(tx, actor, vault_id, "administer")
            if vault.second_person and change.second_person is False:
                await self._use_approval(tx, actor, vault_id, change.request_id)
            if change.name is not None and await vaults_store.name_taken(tx, change.name, vault_id):
                raise VaultNameTaken(f"name: there is a vault {change.name!r} already")
            await vaults_store.change(
                tx, vault_id, change.name, change.description,
                list(change.reveal_roles) if change.reveal_roles is not None else None,
                change.second_person, change.reveal_window_seconds, change.recovery_days,
            )  # fmt: skip
            changed = await access.reach(tx, actor, vault_id)
            await self._log.note(tx, actor, entry)
        return _vault(changed)

    async def _use_approval(self, tx: Tx, actor: Actor, vault_id: UUID, request_id: UUID | None) -> None:
        approved = (
            request_id is not None
            and actor.user_id is not None
            and await reveals_store.use(tx, request_id, vault_id, actor.user_id, self._clock())
        )
        if not approved:
            raise SecondPersonNeeded(
                "second_person: switching it off takes the approval of another person who administers the vault: ask at"
                f" POST /api/credentials/vaults/{vault_id}/reveal-requests, and give request_id once it is approved"
            )

    async def delete(self, actor: Actor, vault_id: UUID) -> None:
        """Delete a vault that holds nothing. Raises NoSuchVault, NotInThisVault, VaultNotEmpty."""
        entry = Entry("delete_vault", vault_id=vault_id)
        async with self._log.attempt(actor, entry), actor.db(self._database).tx() as tx:
            vault = await access.reach(tx, actor, vault_id, "administer")
            entry.detail = {"name": vault.name, "key": vault.key_id}
            if not await vaults_store.delete(tx, vault_id):
                raise VaultNotEmpty(
                    f"the vault {vault.name!r} still holds credentials, or deleted ones that can be had back; delete and"
                    " purge them first"
                )
            await self._log.note(tx, actor, entry)

    async def members(self, actor: Actor, vault_id: UUID, after: UUID | None, limit: int) -> list[Member]:
        """Who is in a vault. Raises NoSuchVault."""
        async with (
            self._log.seen(actor, Entry("describe_vault", vault_id=vault_id)),
            actor.db(self._database).tx() as tx,
        ):
            await access.reach(tx, actor, vault_id)
            return [_member(row) for row in await vaults_store.members(tx, vault_id, after, limit)]

    async def put_member(
        self,
        actor: Actor,
        vault_id: UUID,
        role: VaultRole,
        *,
        user_id: UUID | None = None,
        api_key_id: UUID | None = None,
    ) -> Member:
        """Give a person or a key a role. Owners are made, and unmade, by those who administer the vault.

        Raises NoSuchVault, NotInThisVault, NotFound, LastOwner.
        """
        entry = _of_member("grant", vault_id, user_id, api_key_id, role)
        async with self._log.attempt(actor, entry), actor.db(self._database).tx() as tx:
            vault = await access.reach(tx, actor, vault_id, "members")
            if not await vaults_store.is_here(tx, user_id, api_key_id):
                raise NotFound("there is no such person or key in this workspace")
            before = await vaults_store.member(tx, vault_id, user_id, api_key_id)
            _guard(vault, before, role)
            if before is not None and before["role"] == "owner" and role != "owner":
                await _keep_an_owner(tx, vault_id, before["id"])
            await vaults_store.put_member(tx, uuid7(), vault_id, user_id, api_key_id, role, actor.user_id)
            made = await vaults_store.member(tx, vault_id, user_id, api_key_id)
            assert made is not None
            await self._log.note(tx, actor, entry)
        return _member(made)

    async def remove_member(
        self, actor: Actor, vault_id: UUID, *, user_id: UUID | None = None, api_key_id: UUID | None = None
    ) -> None:
        """Take a person's or key's role away. Raises NoSuchVault, NotInThisVault, NotFound, LastOwner."""
        entry = _of_member("revoke", vault_id, user_id, api_key_id, None)
        async with self._log.attempt(actor, entry), actor.db(self._database).tx() as tx:
            vault = await access.reach(tx, actor, vault_id, "members")
            before = await vaults_store.member(tx, vault_id, user_id, api_key_id)
            if before is None:
                raise NotFound("they are not in this vault")
            _guard(vault, before, None)
            if before["role"] == "owner":
                await _keep_an_owner(tx, vault_id, before["id"])
            await vaults_store.remove_member(tx, before["id"])
            await self._log.note(tx, actor, entry)


def _guard(vault: Reached, before: Row | None, role: VaultRole | None) -> None:
    touched = {role, before["role"] if before else None} - {None}
    # Whoever could give a role that is shown values could take it.
    if "owner" in touched or touched & set(vault.reveal_roles):
        vault.require("administer")


async def _keep_an_owner(tx: Tx, vault_id: UUID, but: UUID) -> None:
    if not await vaults_store.has_other_owner(tx, vault_id, but):
        raise LastOwner("this is the vault's last owner; make another person one first")


def _of_member(
    what: str, vault_id: UUID, user_id: UUID | None, api_key_id: UUID | None, role: VaultRole | None
) -> Entry:
    if (user_id is None) == (api_key_id is None):
        raise Forbidden("a member is a person or a key")
    detail = {"user_id": str(user_id)} if user_id else {"api_key_id": str(api_key_id)}
    return Entry(what, vault_id=vault_id, detail=detail | ({"role": role} if role else {}))


def _vault(reached: Reached, credentials: int | None = None) -> Vault:
    return Vault(
        id=reached.id,
        name=reached.name,
        description=reached.description,
        encryption_key_arn=reached.key_id,
        reveal_roles=list(reached.reveal_roles),
        second_person=reached.second_person,
        reveal_window_seconds=reached.reveal_window_seconds,
        recovery_days=reached.recovery_days,
        created_at=reached.created_at,
        role=reached.role,
        may=sorted(reached.rights),
        credentials=credentials,
    )


def _member(row: Row) -> Member:
    return Member.model_validate(dict(row))
