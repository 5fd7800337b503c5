"""Which role in a vault may do what (F15.10).

An owner may everything. A manager stores, rotates, deletes and says who else is in. A user uses by reference. An auditor
reads the trail. Most may write and never read: who is shown a value is `reveal_roles` of the vault, owners unless that
says otherwise. Admins of the workspace manage every vault and are shown nothing for that: they must first make themselves
a member, which the trail tells.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

from radiant.foundation.credentials import vaults_store
from radiant.foundation.credentials.actor import Actor
from radiant.infra.db import Row, Tx
from radiant.kit.errors import Forbidden, NotFound

VaultRole = Literal["owner", "manager", "user", "auditor"]
Right = Literal["see", "use", "write", "members", "trail", "administer", "reveal"]

_RIGHTS: dict[VaultRole, frozenset[Right]] = {
    "owner": frozenset({"see", "use", "write", "members", "trail", "administer"}),
    "manager": frozenset({"see", "use", "write", "members", "trail"}),
    "user": frozenset({"see", "use"}),
    "auditor": frozenset({"see", "trail"}),
}
_OF_ADMINS: frozenset[Right] = frozenset({"see", "write", "members", "trail", "administer"})
_REVEAL: frozenset[Right] = frozenset({"reveal"})
_ALL: frozenset[Right] = frozenset(get_args(Right))


class NoSuchVault(NotFound):
    """No vault of that id is the caller's to see."""

    slug = "no-such-vault"


class NotInThisVault(Forbidden):
    """The caller's role in the vault does not allow it."""

    slug = "vault-role"


class SecondPersonNeeded(Forbidden):
    """It takes another person's approval."""

    slug = "second-person-needed"


@dataclass(frozen=True, slots=True)
class Reached:
    """A vault, as the actor stands to it."""

    id: UUID
    name: str
    description: str | None
    key_id: str
    reveal_roles: tuple[VaultRole, ...]
    second_person: bool
    reveal_window_seconds: int
    recovery_days: int
    created_at: datetime
    role: VaultRole | None
    """Their role; None: an admin of the workspace or a job, who has none."""
    rights: frozenset[Right]

    def require(self, right: Right) -> None:
        """Raises NotInThisVault, and NoSuchVault where they may not even see it."""
        if right in self.rights:
            return
        if "see" not in self.rights:
            raise NoSuchVault("there is no such vault")
        raise NotInThisVault(
            f"your role in the vault {self.name!r} ({self.role or 'none, as an admin of the workspace'}) does not allow"
            f" this: {_SAYS[right]}"
        )


_SAYS: dict[Right, str] = {
    "see": "it takes a member",
    "use": "using a credential takes an owner, manager or user",
    "write": "storing and changing takes an owner or manager",
    "members": "saying who is in takes an owner or manager",
    "trail": "the trail is for owners, managers and auditors",
    "administer": "settings of the vault are for its owners and for admins of the workspace",
    "reveal": "the vault says which roles are shown values, and a key needs such a role of its own",
}


async def reach(tx: Tx, actor: Actor, vault_id: UUID, right: Right = "see") -> Reached:
    """The vault, where the actor has that right to it. Raises NoSuchVault, NotInThisVault."""
    row = await vaults_store.reach(tx, vault_id, actor.user_id, actor.api_key_id)
    if row is None:
        raise NoSuchVault("there is no such vault")
    found = reached(actor, row)
    found.require(right)
    return found


def reached(actor: Actor, row: Row) -> Reached:
    """How the actor stands to the vault of that row."""
    role, own = _role(actor, row["person_role"], row["key_role"])
    rights = _RIGHTS[role] if role else frozenset[Right]()
    if actor.is_admin:
        rights |= _OF_ADMINS
    if own is not None and own in row["reveal_roles"]:
        rights |= _REVEAL
    if actor.kind == "system":
        rights = _ALL
    return Reached(
        id=row["id"],
        name=row["vault_name"],
        description=row["description"],
        key_id=row["encryption_key_arn"],
        reveal_roles=tuple(row["reveal_roles"]),
        second_person=row["second_person"],
        reveal_window_seconds=row["reveal_window_seconds"],
        recovery_days=row["recovery_days"],
        created_at=row["created_at"],
        role=role,
        rights=rights,
    )


def _role(actor: Actor, person: VaultRole | None, key: VaultRole | None) -> tuple[VaultRole | None, VaultRole | None]:
    """The role that they act in, and the one by which they may be shown values. A key acts in its own role; one that has
    none acts as a manager at most for the person whose it is, and is shown nothing."""
    if actor.kind != "api_key":
        return person, person
    if key is not None:
        return key, key
    return ("manager" if person == "owner" else person), None
