"""SQL of registered identities."""

from datetime import timedelta
from uuid import UUID

from radiant.foundation.aws_credentials.schemas import AwsIdentitySettings
from radiant.infra.db import Row, Tx
from radiant.kit.ids import UserId


async def page(tx: Tx, after: tuple[str, UUID] | None, limit: int) -> list[Row]:
    """The tenant's by name."""
    name, id_ = after or (None, None)
    return await tx.all(
        "select i.*, r.id as open_rotation from aws_identities i left join aws_key_rotations r"
        " on r.tenant_id = i.tenant_id and r.identity_id = i.id and r.finished_at is null"
        " where i.tenant_id = $1 and ($2::text is null or (lower(i.name), i.id) > ($2, $3))"
        " order by lower(i.name), i.id limit $4",
        tx.tenant_id, name, id_, limit,
    )  # fmt: skip


async def get(tx: Tx, identity_id: UUID) -> Row | None:
    """One."""
    return await tx.one_or_none(
        "select i.*, r.id as open_rotation from aws_identities i left join aws_key_rotations r"
        " on r.tenant_id = i.tenant_id and r.identity_id = i.id and r.finished_at is null"
        " where i.tenant_id = $1 and i.id = $2",
        tx.tenant_id, identity_id,
    )  # fmt: skip


async def taken(tx: Tx, name: str, arn: str, but: UUID) -> str | None:
    """Which of both another identity has: 'name', 'arn' or neither."""
    return await tx.value(
        "select case when name = $2 then 'name' else 'arn' end from aws_identities"
        " where tenant_id = $1 and (name = $2 or arn = $3) and id <> $4 limit 1",
        tx.tenant_id, name, arn, but,
    )  # fmt: skip


async def insert(tx: Tx, identity_id: UUID, kind: str, arn: str, new: AwsIdentitySettings, user_id: UserId) -> None:
    """Register one. Raises UniqueViolationError."""
    await tx.run(
        "insert into aws_identities (id, tenant_id, kind, arn, created_by, name, region, source, key_credential,"
        " external_id, external_id_credential, session_policy, policy_arns, tags, transitive_tag_keys,"
        " max_duration_seconds, manager_id, idle_seconds, grace_seconds, inactive_seconds, rotate_after_days)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)",
        identity_id, tx.tenant_id, kind, arn, user_id, new.name, new.region, new.source, new.key_credential,
        new.external_id, new.external_id_credential, new.session_policy, new.policy_arns, new.tags,
        new.transitive_tag_keys, new.max_duration_seconds, new.manager_id, new.idle_seconds, new.grace_seconds,
        new.inactive_seconds, new.rotate_after_days,
    )  # fmt: skip


async def update(tx: Tx, identity_id: UUID, new: AwsIdentitySettings) -> bool:
    """Replace what may be changed. Raises UniqueViolationError."""
    touched = await tx.run(
        "update aws_identities set name = $3, region = $4, source = $5, key_credential = $6, external_id = $7,"
        " external_id_credential = $8, session_policy = $9, policy_arns = $10, tags = $11, transitive_tag_keys = $12,"
        " max_duration_seconds = $13, manager_id = $14, idle_seconds = $15, grace_seconds = $16, inactive_seconds = $17,"
        " rotate_after_days = $18, updated_at = clock_timestamp() where tenant_id = $1 and id = $2",
        tx.tenant_id, identity_id, new.name, new.region, new.source, new.key_credential, new.external_id,
        new.external_id_credential, new.session_policy, new.policy_arns, new.tags, new.transitive_tag_keys,
        new.max_duration_seconds, new.manager_id, new.idle_seconds, new.grace_seconds, new.inactive_seconds,
        new.rotate_after_days,
    )  # fmt: skip
    return touched == 1


async def delete(tx: Tx, identity_id: UUID) -> bool:
    """Forget one, its sessions and rotations; nothing at AWS changes."""
    return await tx.run("delete from aws_identities where tenant_id = $1 and id = $2", tx.tenant_id, identity_id) == 1


async def manages(tx: Tx, identity_id: UUID) -> list[str]:
    """Names of the users whose keys that role manages; five at most."""
    rows = await tx.all(
        "select name from aws_identities where tenant_id = $1 and manager_id = $2 order by name limit 5",
        tx.tenant_id, identity_id,
    )  # fmt: skip
    return [row["name"] for row in rows]


async def using(tx: Tx, credential_id: UUID) -> list[Row]:
    """Identities that a credential is part of: id and name; a hundred at most."""
    return await tx.all(
        "select id, name from aws_identities where tenant_id = $1"
        " and (key_credential = $2 or external_id_credential = $2) order by name limit 100",
        tx.tenant_id, credential_id,
    )  # fmt: skip


async def take_due(tx: Tx, again: timedelta, limit: int) -> list[Row]:
    """Users whose key is old enough to be rotated by itself, each given out once within `again`: tenant and id. Oldness
    counts from the last rotation that was done, or from the registration. System transaction."""
    return await tx.all(
        "update aws_identities i set rotation_tried_at = clock_timestamp() from ("
        "  select d.id from aws_identities d where d.rotate_after_days is not null and d.kind = 'user'"
        "  and (d.rotation_tried_at is null or d.rotation_tried_at < clock_timestamp() - $1::interval)"
        "  and not exists (select from aws_key_rotations r where r.tenant_id = d.tenant_id and r.identity_id = d.id"
        "   and (r.finished_at is null or (r.state = 'done'"
        "    and r.started_at > clock_timestamp() - make_interval(days => d.rotate_after_days))))"
        "  and d.created_at < clock_timestamp() - make_interval(days => d.rotate_after_days)"
        "  order by d.id limit $2 for update skip locked) due"
        " where i.id = due.id returning i.tenant_id, i.id",
        again, limit,
    )  # fmt: skip
