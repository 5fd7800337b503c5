"""/api/credentials: vaults, credentials, versions, values shown, and who did what."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from radiant.foundation.credentials import kinds, trail
from radiant.foundation.credentials.actor import Actor
from radiant.foundation.credentials.callers import VaultCaller
from radiant.foundation.credentials.reveals import Reveals
from radiant.foundation.credentials.schemas import (
    AccessEntry,
    Credential,
    CredentialChange,
    CredentialType,
    Member,
    MemberRole,
    NewCredential,
    NewRevealRequest,
    NewVault,
    NewVersion,
    RevealAsked,
    Revealed,
    RevealRequest,
    RollBack,
    TypeField,
    Use,
    Vault,
    VaultChange,
    Version,
)
from radiant.foundation.credentials.service import Credentials
from radiant.foundation.credentials.vaults import Vaults
from radiant.http.middleware import changes_nothing
from radiant.http.pages import Cursor, ItemsOf, Limit, PageOf
from radiant.kit.page import NOT_OURS, BadCursor, decode_cursor, encode_cursor, moment

router = APIRouter(prefix="/api/credentials", tags=["credentials"])


def vaults_of(request: Request) -> Vaults:
    """What the root made."""
    return request.app.state.vaults


def credentials_of(request: Request) -> Credentials:
    """What the root made."""
    return request.app.state.credentials


def reveals_of(request: Request) -> Reveals:
    """What the root made."""
    return request.app.state.reveals


def trail_of(request: Request) -> trail.Trail:
    """What the root made."""
    return request.app.state.credential_trail


class TrailVerification(BaseModel):
    """Whether the chain of the access log is whole, and if not, from which entry on."""

    whole: bool
    entries: int
    first_broken: int | None


def _by_name(cursor: str | None) -> tuple[str, UUID] | None:
    if cursor is None:
        return None
    name, id_text = decode_cursor(cursor, 2)
    try:
        return name, UUID(id_text)
    except ValueError as error:
        raise BadCursor(NOT_OURS) from error


def _number(cursor: str | None, most: int) -> int | None:
    if cursor is None:
        return None
    (text,) = decode_cursor(cursor, 1)
    if not (text.isascii() and text.isdigit()) or len(text) > 18 or int(text) > most:
        raise BadCursor(NOT_OURS)
    return int(text)


@router.get("/types")
async def list_types(_: VaultCaller) -> ItemsOf[CredentialType]:
    """Types of credentials with their fields."""
    return ItemsOf(
        items=[
            CredentialType(
                type=kind,
                fields=[
                    TypeField(name=name, required=required, main=name == kinds.main_field(kind))
                    for name, required in kinds.fields_of(kind)
                ],
            )
            for kind in kinds.TYPES
        ]
    )


@router.get("/vaults")
async def list_vaults(request: Request, caller: VaultCaller, cursor: Cursor = None, limit: Limit = 50) -> PageOf[Vault]:
    """Vaults that the caller is in, by name; an admin sees all."""
    items = await vaults_of(request).page(Actor.of(caller), _by_name(cursor), limit)
    return PageOf(items=items, next=encode_cursor(items[-1].name, str(items[-1].id)) if len(items) == limit else None)


@router.post("/vaults", status_code=201)
async def create_vault(request: Request, caller: VaultCaller, new: NewVault) -> Vault:
    """Make a vault, which the caller owns."""
    return await vaults_of(request).create(Actor.of(caller), new)


@router.get("/vaults/{vault_id}")
async def get_vault(request: Request, caller: VaultCaller, vault_id: UUID) -> Vault:
    """One vault."""
    return await vaults_of(request).get(Actor.of(caller), vault_id)


@router.patch("/vaults/{vault_id}")
async def change_vault(request: Request, caller: VaultCaller, vault_id: UUID, change: VaultChange) -> Vault:
    """Change a vault's name or rules."""
    return await vaults_of(request).change(Actor.of(caller), vault_id, change)


@router.post("/vaults/{vault_id}/reveal-requests", status_code=201)
async def ask_for_one_person(
    request: Request, caller: VaultCaller, vault_id: UUID, new: NewRevealRequest
) -> RevealRequest:
    """Ask another person to approve that showing a value take one person from now on: `second_person` switched off."""
    return await reveals_of(request).ask_for_one(Actor.of(caller), vault_id, new)


@router.delete("/vaults/{vault_id}", status_code=204)
async def delete_vault(request: Request, caller: VaultCaller, vault_id: UUID) -> None:
    """Delete a vault that holds nothing."""
    await vaults_of(request).delete(Actor.of(caller), vault_id)


@router.get("/vaults/{vault_id}/members")
async def list_members(
    request: Request, caller: VaultCaller, vault_id: UUID, cursor: Cursor = None, limit: Limit = 50
) -> PageOf[Member]:
    """Who is in a vault."""
    after: UUID | None = None
    if cursor is not None:
        try:
            after = UUID(decode_cursor(cursor, 1)[0])
        except ValueError as error:
            raise BadCursor(NOT_OURS) from error
    items = await vaults_of(request).members(Actor.of(caller), vault_id, after, limit)
    return PageOf(items=items, next=encode_cursor(str(items[-1].id)) if len(items) == limit else None)


Whom = Literal["people", "keys"]


def _whom(whom: Whom, member_id: UUID) -> dict[str, UUID]:
    return {"user_id": member_id} if whom == "people" else {"api_key_id": member_id}


@router.put("/vaults/{vault_id}/members/{whom}/{member_id}")
async def put_member(
    request: Request, caller: VaultCaller, vault_id: UUID, whom: Whom, member_id: UUID, given: MemberRole
) -> Member:
    """Give a person or a key a role in the vault, in place of the one before."""
    return await vaults_of(request).put_member(Actor.of(caller), vault_id, given.role, **_whom(whom, member_id))


@router.delete("/vaults/{vault_id}/members/{whom}/{member_id}", status_code=204)
async def remove_member(request: Request, caller: VaultCaller, vault_id: UUID, whom: Whom, member_id: UUID) -> None:
    """Take a person's or key's role away."""
    await vaults_of(request).remove_member(Actor.of(caller), vault_id, **_whom(whom, member_id))


@router.get("/vaults/{vault_id}/credentials")
async def list_credentials(
    request: Request,
    caller: VaultCaller,
    vault_id: UUID,
    cursor: Cursor = None,
    limit: Limit = 50,
    deleted: bool = False,
) -> PageOf[Credential]:
    """A vault's credentials by name, without values; `deleted`: those that can be had back."""
    items = await credentials_of(request).page(Actor.of(caller), vault_id, _by_name(cursor), limit, deleted=deleted)
    last = encode_cursor(items[-1].name.lower(), str(items[-1].id)) if len(items) == limit else None
    return PageOf(items=items, next=last)


@router.post("/vaults/{vault_id}/credentials", status_code=201)
async def store_credential(request: Request, caller: VaultCaller, vault_id: UUID, new: NewCredential) -> Credential:
    """Keep a credential. Its value is in no answer but that of `reveal`."""
    return await credentials_of(request).store(Actor.of(caller), vault_id, new)


@router.get("/reveal-requests")
async def list_reveal_requests(
    request: Request, caller: VaultCaller, cursor: Cursor = None, limit: Limit = 50
) -> PageOf[RevealRequest]:
    """Requests that the caller made or may decide, the newest first."""
    after = moment(*decode_cursor(cursor, 2)) if cursor is not None else None
    items = await reveals_of(request).page(Actor.of(caller), after, limit)
    last = items[-1] if len(items) == limit else None
    return PageOf(items=items, next=encode_cursor(last.created_at.isoformat(), str(last.id)) if last else None)


@router.post("/reveal-requests/{reveal_request_id}/approve")
async def approve_reveal(request: Request, caller: VaultCaller, reveal_request_id: UUID) -> RevealRequest:
    """Let the one who asked be shown the value, once, within the vault's window."""
    return await reveals_of(request).decide(Actor.of(caller), reveal_request_id, approve=True)


@router.post("/reveal-requests/{reveal_request_id}/refuse")
async def refuse_reveal(request: Request, caller: VaultCaller, reveal_request_id: UUID) -> RevealRequest:
    """Refuse."""
    return await reveals_of(request).decide(Actor.of(caller), reveal_request_id, approve=False)


@router.get("/trail")
async def list_trail(
    request: Request, caller: VaultCaller, vault_id: UUID | None = None, credential_id: UUID | None = None,
    access_type: Annotated[str | None, Query(max_length=50)] = None, success: bool | None = None,
    cursor: Cursor = None, limit: Limit = 50,
) -> PageOf[AccessEntry]:  # fmt: skip
    """Who did what, the newest first: of vaults whose trail the caller may read; an admin reads all of it."""
    before = _number(cursor, 2**62)
    items = await trail_of(request).page(
        Actor.of(caller), vault_id, credential_id, before, limit, access_type=access_type, success=success
    )
    return PageOf(items=items, next=encode_cursor(str(items[-1].seq)) if len(items) == limit else None)


@router.get("/trail/verification")
async def verify_trail(request: Request, caller: VaultCaller) -> TrailVerification:
    """Recompute the chain of the workspace's access log."""
    verdict = await trail_of(request).verify(Actor.of(caller))
    return TrailVerification(whole=verdict.whole, entries=verdict.entries, first_broken=verdict.first_broken)


@router.get("/{credential_id}")
async def get_credential(request: Request, caller: VaultCaller, credential_id: UUID) -> Credential:
    """A credential without its value."""
    return await credentials_of(request).describe(Actor.of(caller), credential_id)


@router.patch("/{credential_id}")
async def change_credential(
    request: Request, caller: VaultCaller, credential_id: UUID, change: CredentialChange
) -> Credential:
    """Rename, switch off or on, set expiry, metadata, schedule, grace."""
    return await credentials_of(request).change(Actor.of(caller), credential_id, change)


@router.delete("/{credential_id}", status_code=204)
async def delete_credential(
    request: Request, caller: VaultCaller, credential_id: UUID,
    force: Annotated[bool, Query(description="though something uses it")] = False,
) -> None:  # fmt: skip
    """Delete so that it can be had back for the vault's days."""
    await credentials_of(request).delete(Actor.of(caller), credential_id, force=force)


@router.post("/{credential_id}/restore")
async def restore_credential(request: Request, caller: VaultCaller, credential_id: UUID) -> Credential:
    """Have a deleted credential back."""
    return await credentials_of(request).restore(Actor.of(caller), credential_id)


@router.post("/{credential_id}/purge", status_code=204)
async def purge_credential(request: Request, caller: VaultCaller, credential_id: UUID) -> None:
    """Destroy a deleted credential at once."""
    await credentials_of(request).purge(Actor.of(caller), credential_id)


@router.get("/{credential_id}/uses")
async def list_uses(request: Request, caller: VaultCaller, credential_id: UUID) -> ItemsOf[Use]:
    """What uses it by reference."""
    return ItemsOf(items=await credentials_of(request).uses(Actor.of(caller), credential_id))


@router.get("/{credential_id}/versions")
async def list_versions(
    request: Request, caller: VaultCaller, credential_id: UUID, cursor: Cursor = None, limit: Limit = 50
) -> PageOf[Version]:
    """Versions without values, the newest first."""
    before = _number(cursor, 2**31 - 1)
    items = await credentials_of(request).versions(Actor.of(caller), credential_id, before, limit)
    return PageOf(items=items, next=encode_cursor(str(items[-1].version)) if len(items) == limit else None)


@router.post("/{credential_id}/versions", status_code=201)
async def add_version(request: Request, caller: VaultCaller, credential_id: UUID, new: NewVersion) -> Version:
    """Rotate: a new value, current at once or pending. The one before is served for its grace."""
    return await credentials_of(request).add_version(Actor.of(caller), credential_id, new)


@router.post("/{credential_id}/promote")
async def promote_version(request: Request, caller: VaultCaller, credential_id: UUID) -> Version:
    """Make the pending version the current one."""
    return await credentials_of(request).promote(Actor.of(caller), credential_id)


@router.post("/{credential_id}/roll-back")
async def roll_back(request: Request, caller: VaultCaller, credential_id: UUID, to: RollBack) -> Version:
    """Make an earlier version current again."""
    return await credentials_of(request).roll_back(Actor.of(caller), credential_id, to.version)


@router.post("/{credential_id}/reveal")
async def reveal(
    request: Request, response: Response, caller: VaultCaller, credential_id: UUID, asked: RevealAsked
) -> Revealed:
    """Show the value, for a reason. It is in the access log before it is in the answer."""
    response.headers["Cache-Control"] = "no-store"
    changes_nothing(request)
    return await reveals_of(request).reveal(Actor.of(caller), credential_id, asked)


@router.post("/{credential_id}/reveal-requests", status_code=201)
async def ask_reveal(
    request: Request, caller: VaultCaller, credential_id: UUID, new: NewRevealRequest
) -> RevealRequest:
    """Ask another person to approve, where the vault takes two."""
    return await reveals_of(request).ask(Actor.of(caller), credential_id, new)
