"""/api/aws-credentials: registered AWS roles and users, sessions, rotations. For admins."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Request, Response

from radiant.foundation.aws_credentials import identities
from radiant.foundation.aws_credentials.rotations import Rotations
from radiant.foundation.aws_credentials.schemas import (
    AssumedRole,
    AssumeRequest,
    AwsIdentity,
    AwsIdentitySettings,
    KeyRotation,
    KeyRotationInSteps,
    NewAwsIdentity,
    RotateAsked,
    ValidateAsked,
    ValidatedCredentials,
)
from radiant.foundation.aws_credentials.service import AwsCredentials
from radiant.foundation.credentials.actor import Actor
from radiant.foundation.identity import trail
from radiant.foundation.identity.callers import Caller
from radiant.foundation.identity.dependencies import AdminCaller, Databases, Db, OperatorCaller
from radiant.http.pages import Cursor, Limit, PageOf
from radiant.kit.errors import Invalid
from radiant.kit.ids import parse_uuid
from radiant.kit.page import NOT_OURS, BadCursor, decode_cursor, encode_cursor

router = APIRouter(prefix="/api/aws-credentials", tags=["aws-credentials"])


def service_of(request: Request) -> AwsCredentials:
    """What the root made."""
    return request.app.state.aws_credentials


def rotations_of(request: Request) -> Rotations:
    """What the root made."""
    return request.app.state.aws_rotations


@router.get("/identities")
async def list_identities(db: Db, caller: AdminCaller, cursor: Cursor = None, limit: Limit = 50) -> PageOf[AwsIdentity]:
    """Registered roles and users, by name."""
    del caller
    after = None
    if cursor is not None:
        name, id_text = decode_cursor(cursor, 2)
        after = (name, _id(id_text))
    items = await identities.identities(db, after, limit)
    last = items[-1] if len(items) == limit else None
    return PageOf(items=items, next=encode_cursor(last.name.lower(), str(last.id)) if last else None)


@router.post("/identities", status_code=201)
async def register_identity(database: Databases, caller: AdminCaller, new: NewAwsIdentity) -> AwsIdentity:
    """Register a role that may be assumed, or a user whose keys are rotated."""
    return await identities.register(database, caller, new)


@router.get("/identities/{aws_identity_id}")
async def get_identity(db: Db, caller: AdminCaller, aws_identity_id: UUID) -> AwsIdentity:
    """One."""
    del caller
    return await identities.identity(db, aws_identity_id)


@router.put("/identities/{aws_identity_id}")
async def change_identity(
    database: Databases, caller: AdminCaller, aws_identity_id: UUID, new: AwsIdentitySettings
) -> AwsIdentity:
    """Replace what may be changed. Sessions that were given before end as they would."""
    return await identities.change(database, caller, aws_identity_id, new)


@router.delete("/identities/{aws_identity_id}", status_code=204)
async def forget_identity(database: Databases, caller: AdminCaller, aws_identity_id: UUID) -> None:
    """No longer assume or rotate it. Nothing at AWS changes."""
    await identities.forget(database, caller, aws_identity_id)


@router.post("/identities/{aws_identity_id}/validate")
async def validate_identity(
    request: Request, database: Databases, caller: AdminCaller, aws_identity_id: UUID
) -> ValidatedCredentials:
    """Ask STS whose keys these are: a role is assumed for it."""
    await _require_source(database, caller, aws_identity_id)
    return await service_of(request).validate_credentials(Actor.of(caller), identity_id=aws_identity_id)


@router.post("/validate")
async def validate_credential(request: Request, caller: AdminCaller, asked: ValidateAsked) -> ValidatedCredentials:
    """Ask STS whose keys a stored credential holds."""
    return await service_of(request).validate_credentials(
        Actor.of(caller), credential_id=asked.credential_id, region=asked.region
    )


@router.get("/platform")
async def platform_identity(request: Request, caller: OperatorCaller) -> ValidatedCredentials:
    """Who this installation itself is at AWS."""
    return await service_of(request).validate_credentials(Actor.of(caller))


@router.post("/identities/{aws_identity_id}/assume")
async def assume_role(
    request: Request,
    response: Response,
    database: Databases,
    caller: AdminCaller,
    aws_identity_id: UUID,
    asked: Annotated[AssumeRequest, Body()],
) -> AssumedRole:
    """A session of a role, by reference: which it is and until when. The keys themselves only where that is asked for,
    with a reason, by those whom the vault shows values to; recorded either way."""
    response.headers["Cache-Control"] = "no-store"
    if asked.reveal and asked.reason is None:
        raise Invalid("reason: say why you want to be shown the keys")
    identity = await _require_source(database, caller, aws_identity_id)
    service, actor = service_of(request), Actor.of(caller)
    if asked.reveal:
        await service.require_reveal(actor, identity)
    assumed = await service.assume_deployment_role(actor, aws_identity_id, asked)
    async with caller.db(database).tx() as tx:
        await trail.record(
            tx, caller, "aws_role.revealed" if asked.reveal else "aws_role.assumed",
            target=("aws_identity", aws_identity_id), arn=assumed.arn, access_key_id=assumed.keys.access_key_id,
            session_name=asked.session_name, expires_at=assumed.expires_at.isoformat(), reason=asked.reason,
        )  # fmt: skip
    shown = AssumedRole(
        identity_id=aws_identity_id,
        arn=assumed.arn,
        access_key_id=assumed.keys.access_key_id,
        expires_at=assumed.expires_at,
    )
    if asked.reveal:
        shown.secret_access_key = assumed.keys.secret_access_key
        shown.session_token = assumed.keys.session_token
    return shown


@router.post("/identities/{aws_identity_id}/rotations", status_code=202)
async def rotate_access_keys(
    request: Request, database: Databases, caller: AdminCaller, aws_identity_id: UUID, asked: RotateAsked
) -> KeyRotationInSteps:
    """Start to rotate a user's access key. The new secret goes to the vault, and is in no answer."""
    await _require_source(database, caller, aws_identity_id)
    return await rotations_of(request).rotate_access_keys(Actor.of(caller), aws_identity_id, asked, _named(caller))


@router.get("/identities/{aws_identity_id}/rotations")
async def list_rotations(
    request: Request, db: Db, caller: AdminCaller, aws_identity_id: UUID, cursor: Cursor = None, limit: Limit = 50
) -> PageOf[KeyRotation]:
    """Rotations of a user's keys, the newest first."""
    del caller
    before = _id(decode_cursor(cursor, 1)[0]) if cursor is not None else None
    items = await rotations_of(request).rotations(db, aws_identity_id, before, limit)
    return PageOf(items=items, next=encode_cursor(str(items[-1].id)) if len(items) == limit else None)


@router.get("/rotations/{aws_rotation_id}")
async def get_rotation(request: Request, db: Db, caller: AdminCaller, aws_rotation_id: UUID) -> KeyRotationInSteps:
    """A rotation with what was done when."""
    del caller
    return await rotations_of(request).rotation(db, aws_rotation_id)


@router.post("/rotations/{aws_rotation_id}/retry", status_code=202)
async def retry_rotation(request: Request, caller: AdminCaller, aws_rotation_id: UUID) -> KeyRotationInSteps:
    """Go on at once with one that waits or is stuck."""
    return await rotations_of(request).retry(Actor.of(caller), aws_rotation_id)


@router.post("/rotations/{aws_rotation_id}/cancel", status_code=202)
async def cancel_rotation(request: Request, caller: AdminCaller, aws_rotation_id: UUID) -> KeyRotationInSteps:
    """Undo one: the old key is current and active again, and the new one is deleted."""
    return await rotations_of(request).cancel(Actor.of(caller), aws_rotation_id)


async def _require_source(database: Databases, caller: Caller, identity_id: UUID) -> AwsIdentity:
    """What the installation's own AWS identity reaches is the operator's."""
    identity = await identities.identity(caller.db(database), identity_id)
    identities.require_source(caller, identity.source)
    return identity


def _named(caller: Caller) -> str:
    return f"{caller.kind}:{caller.api_key_id or caller.user_id}"


def _id(text: str) -> UUID:
    found = parse_uuid(text)
    if found is None:
        raise BadCursor(NOT_OURS)
    return found
