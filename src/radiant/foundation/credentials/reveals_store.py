"""SQL of requests to be shown a value."""

from datetime import datetime
from uuid import UUID

from radiant.infra.db import Row, Tx

_READ = (
    "select r.id, r.credential_id, c.credential_name, v.id as vault_id, v.vault_name, r.user_id as requested_by,"
    " u.email as requested_by_email, r.reason, r.state, r.decided_by, r.decided_at, r.expires_at, r.created_at"
    " from credential_reveal_requests r"
    " left join stored_credentials c on c.tenant_id = r.tenant_id and c.id = r.credential_id"
    " join credential_vaults v on v.tenant_id = r.tenant_id and v.id = r.vault_id"
    " join users u on u.tenant_id = r.tenant_id and u.id = r.user_id"
)


async def insert(
    tx: Tx, request_id: UUID, vault_id: UUID, credential_id: UUID | None, user_id: UUID,
    api_key_id: UUID | None, reason: str,
) -> None:  # fmt: skip
    """Keep a request about a credential, or else about the vault's rule, which waits a day at most."""
    await tx.run(
        "insert into credential_reveal_requests (id, tenant_id, vault_id, credential_id, user_id, api_key_id, reason,"
        " expires_at) values ($1, $2, $3, $4, $5, $6, $7, current_timestamp + interval '1 day')",
        request_id, tx.tenant_id, vault_id, credential_id, user_id, api_key_id, reason,
    )  # fmt: skip


async def get(tx: Tx, request_id: UUID) -> Row | None:
    """A request."""
    return await tx.one_or_none(_READ + " where r.tenant_id = $1 and r.id = $2", tx.tenant_id, request_id)


async def page(
    tx: Tx, user_id: UUID | None, everything: bool, after: tuple[datetime, UUID] | None, limit: int
) -> list[Row]:
    """Requests of that person, and those of vaults where they may decide, the newest first."""
    return await tx.all(
        _READ + " where r.tenant_id = $1 and ($3 or r.user_id = $2 or exists (select from credential_vault_members m"
        "  where m.tenant_id = v.tenant_id and m.vault_id = v.id and m.user_id = $2"
        "  and (m.role = 'owner' or m.role = any (v.reveal_roles))))"
        " and ($4::timestamptz is null or (r.created_at, r.id) < ($4, $5::uuid))"
        " order by r.created_at desc, r.id desc limit $6",
        tx.tenant_id, user_id, everything, after[0] if after else None, after[1] if after else None, limit,
    )  # fmt: skip


async def decide(
    tx: Tx, request_id: UUID, user_id: UUID | None, approve: bool, now: datetime, window_seconds: int
) -> bool:
    """Approve for a window, or refuse; False where it waits no more."""
    touched = await tx.run(
        "update credential_reveal_requests set state = case when $4 then 'approved' else 'refused' end, decided_by = $3,"
        " decided_at = $5, expires_at = case when $4 then $5 + make_interval(secs => $6::int) else expires_at end"
        " where tenant_id = $1 and id = $2 and state = 'pending' and expires_at > $5",
        tx.tenant_id, request_id, user_id, approve, now, window_seconds,
    )  # fmt: skip
    return touched == 1


async def use(tx: Tx, request_id: UUID, subject_id: UUID, user_id: UUID, now: datetime) -> bool:
    """Use an approval up; False where there is none for that credential or vault and person."""
    touched = await tx.run(
        "update credential_reveal_requests set state = 'used' where tenant_id = $1 and id = $2"
        " and coalesce(credential_id, vault_id) = $3 and user_id = $4 and state = 'approved' and expires_at > $5",
        tx.tenant_id, request_id, subject_id, user_id, now,
    )  # fmt: skip
    return touched == 1
