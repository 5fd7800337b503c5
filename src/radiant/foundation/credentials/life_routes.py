"""/api/credentials: rotations, mirrors and imports of Secrets Manager, leaks."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request

from radiant.foundation.credentials.actor import Actor
from radiant.foundation.credentials.callers import VaultCaller
from radiant.foundation.credentials.leaks import Leaks
from radiant.foundation.credentials.life_schemas import (
    ImportAsked,
    Imported,
    Leak,
    ListedSecrets,
    Mirror,
    NewMirror,
    NewRotation,
    NewRotator,
    Rotation,
    RotationPlan,
    SecretsAsked,
)
from radiant.foundation.credentials.mirrors import SecretsMirrors
from radiant.foundation.credentials.rotations import Rotations
from radiant.http.pages import Cursor, ItemsOf, Limit, PageOf
from radiant.kit.page import decode_cursor, encode_cursor, moment

router = APIRouter(prefix="/api/credentials", tags=["credentials"])


def rotations_of(request: Request) -> Rotations:
    """What the root made."""
    return request.app.state.credential_rotations


def mirrors_of(request: Request) -> SecretsMirrors:
    """What the root made."""
    return request.app.state.credential_mirrors


def leaks_of(request: Request) -> Leaks:
    """What the root made."""
    return request.app.state.credential_leaks


def _after(cursor: str | None) -> tuple[datetime, UUID] | None:
    return moment(*decode_cursor(cursor, 2)) if cursor is not None else None


@router.get("/{credential_id}/rotation")
async def get_rotation_plan(request: Request, caller: VaultCaller, credential_id: UUID) -> RotationPlan:
    """How and when a credential is rotated, and what could rotate it."""
    return await rotations_of(request).plan(Actor.of(caller), credential_id)


@router.put("/{credential_id}/rotation")
async def set_rotation_plan(
    request: Request, caller: VaultCaller, credential_id: UUID, new: NewRotator
) -> RotationPlan:
    """Say how and when it is rotated."""
    inner = caller.is_operator
    return await rotations_of(request).set_plan(Actor.of(caller), credential_id, new, inner=inner)


@router.post("/{credential_id}/rotations", status_code=202)
async def start_rotation(request: Request, caller: VaultCaller, credential_id: UUID, new: NewRotation) -> Rotation:
    """Rotate now. A worker does it; its steps are read at …/rotations/{id}."""
    return await rotations_of(request).start(Actor.of(caller), credential_id, new)


@router.get("/{credential_id}/rotations")
async def list_rotations(
    request: Request, caller: VaultCaller, credential_id: UUID, cursor: Cursor = None, limit: Limit = 50
) -> PageOf[Rotation]:
    """A credential's rotations, the latest first."""
    items = await rotations_of(request).page(Actor.of(caller), credential_id, _after(cursor), limit)
    last = items[-1] if len(items) == limit else None
    return PageOf(items=items, next=encode_cursor(last.started_at.isoformat(), str(last.id)) if last else None)


@router.get("/{credential_id}/rotations/{rotation_id}")
async def get_rotation(request: Request, caller: VaultCaller, credential_id: UUID, rotation_id: UUID) -> Rotation:
    """One rotation, with the times of its steps."""
    return await rotations_of(request).get(Actor.of(caller), credential_id, rotation_id)


@router.get("/{credential_id}/mirrors")
async def list_mirrors(request: Request, caller: VaultCaller, credential_id: UUID) -> ItemsOf[Mirror]:
    """Secrets that follow a credential, and whether somebody else changed them."""
    return ItemsOf(items=await mirrors_of(request).of_credential(Actor.of(caller), credential_id))


@router.post("/{credential_id}/mirrors", status_code=201)
async def add_mirror(request: Request, caller: VaultCaller, credential_id: UUID, new: NewMirror) -> Mirror:
    """Push the current version to Secrets Manager, now and after each rotation."""
    return await mirrors_of(request).add(Actor.of(caller), credential_id, new, operator=caller.is_operator)


@router.post("/{credential_id}/mirrors/{mirror_id}/push", status_code=204)
async def push_mirror(request: Request, caller: VaultCaller, credential_id: UUID, mirror_id: UUID) -> None:
    """Push at once, over whatever is there."""
    await mirrors_of(request).push_again(Actor.of(caller), credential_id, mirror_id)


@router.delete("/{credential_id}/mirrors/{mirror_id}", status_code=204)
async def remove_mirror(request: Request, caller: VaultCaller, credential_id: UUID, mirror_id: UUID) -> None:
    """Push there no more; what is there stays."""
    await mirrors_of(request).remove(Actor.of(caller), credential_id, mirror_id)


@router.post("/secrets-manager/secrets")
async def list_secrets(request: Request, caller: VaultCaller, asked: SecretsAsked) -> ListedSecrets:
    """A page of the secrets that AWS Secrets Manager holds, without values."""
    return await mirrors_of(request).list(Actor.of(caller), asked, operator=caller.is_operator)


@router.post("/secrets-manager/import")
async def import_secrets(request: Request, caller: VaultCaller, asked: ImportAsked) -> Imported:
    """Import secrets into a vault; with `dry_run` (the default) say what that would make."""
    return await mirrors_of(request).bring(Actor.of(caller), asked, operator=caller.is_operator)


@router.get("/vaults/{vault_id}/leaks")
async def list_leaks(
    request: Request, caller: VaultCaller, vault_id: UUID, cursor: Cursor = None, limit: Limit = 50
) -> PageOf[Leak]:
    """Stored values of a vault that were found in errors or in the request log, the latest first."""
    items = await leaks_of(request).page(Actor.of(caller), vault_id, _after(cursor), limit)
    last = items[-1] if len(items) == limit else None
    return PageOf(items=items, next=encode_cursor(last.found_at.isoformat(), str(last.id)) if last else None)


@router.post("/{credential_id}/leaks/acknowledge", status_code=204)
async def acknowledge_leaks(request: Request, caller: VaultCaller, credential_id: UUID) -> None:
    """Say that a credential's leaks were seen to."""
    await leaks_of(request).acknowledge(Actor.of(caller), credential_id)
