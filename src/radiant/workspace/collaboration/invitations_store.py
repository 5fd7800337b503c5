"""SQL of links into rooms."""

from datetime import datetime
from uuid import UUID

from radiant.infra.db import Row, Tx
from radiant.workspace.collaboration.schemas import RoomInvitation


async def insert(
    tx: Tx, invitation_id: UUID, room_id: UUID, role: str, token_hash: bytes, expires_at: datetime
) -> RoomInvitation:
    """A link into a room."""
    row = await tx.one(
        "insert into collaboration_invitations (id, tenant_id, room_id, role, token_hash, created_by, expires_at)"
        " values ($3, $1, $4, $5, $6, $2, $7) returning id, role, uses, created_by, created_at, expires_at",
        tx.tenant_id, tx.user_id, invitation_id, room_id, role, token_hash, expires_at,
    )  # fmt: skip
    return RoomInvitation.model_validate(dict(row))


async def of_room(tx: Tx, room_id: UUID) -> list[RoomInvitation]:
    """The links into a room that hold, the newest first."""
    rows = await tx.all(
        "select id, role, uses, created_by, created_at, expires_at from collaboration_invitations"
        " where tenant_id = $1 and room_id = $2 and expires_at > current_timestamp order by created_at desc limit 200",
        tx.tenant_id, room_id,
    )  # fmt: skip
    return [RoomInvitation.model_validate(dict(row)) for row in rows]


async def delete(tx: Tx, room_id: UUID, invitation_id: UUID) -> bool:
    """Take a link back."""
    touched = await tx.run(
        "delete from collaboration_invitations where tenant_id = $1 and room_id = $2 and id = $3",
        tx.tenant_id, room_id, invitation_id,
    )  # fmt: skip
    return touched == 1


async def of_token(tx: Tx, token_hash: bytes) -> Row | None:
    """Where a link that holds leads: {id, room_id, role}."""
    return await tx.one_or_none(
        "select id, room_id, role from collaboration_invitations"
        " where tenant_id = $1 and token_hash = $2 and expires_at > current_timestamp",
        tx.tenant_id, token_hash,
    )  # fmt: skip


async def count_use(tx: Tx, invitation_id: UUID) -> None:
    """Somebody came in by this link."""
    await tx.run(
        "update collaboration_invitations set uses = uses + 1 where tenant_id = $1 and id = $2",
        tx.tenant_id, invitation_id,
    )  # fmt: skip
