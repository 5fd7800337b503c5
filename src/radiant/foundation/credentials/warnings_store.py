"""SQL of warnings. All of it in system transactions."""

from uuid import UUID

from radiant.infra.db import Row, Tx


async def claim(tx: Tx, days: list[int], limit: int) -> list[Row]:
    """Note what is to be warned of by now and was not yet, of whichever tenant. Of several terms that have passed, the
    nearest to the time counts. System transaction."""
    return await tx.all(
        "insert into credential_warnings (tenant_id, credential_id, kind, at, days)"
        " select tenant_id, id, kind, at, days from ("
        "  select c.tenant_id, c.id, 'expiry' as kind, c.expires_at as at,"
        "   (select min(d) from unnest($1::int[]) d where c.expires_at <= current_timestamp + make_interval(days => d))"
        "    as days"
        "  from stored_credentials c where c.expires_at <= current_timestamp + interval '30 days'"
        "   and c.expires_at > current_timestamp - interval '30 days'"
        "   and c.deleted_at is null and coalesce(c.is_active, true)"
        "  union all"
        "  select c.tenant_id, c.id, 'rotation', c.next_rotation_at, 0 from stored_credentials c"
        "  where c.next_rotation_at <= current_timestamp and c.deleted_at is null and coalesce(c.is_active, true)"
        "   and not exists (select from credential_rotators r where r.tenant_id = c.tenant_id and r.credential_id = c.id)"
        " ) due where not exists (select from credential_warnings w where w.tenant_id = due.tenant_id"
        "  and w.credential_id = due.id and w.kind = due.kind and w.at = due.at and w.days <= due.days)"
        " order by at limit $2 on conflict do nothing returning tenant_id, credential_id, kind, at, days",
        days, limit,
    )  # fmt: skip


async def credential(tx: Tx, tenant_id: UUID, credential_id: UUID) -> Row | None:
    """Its name and its vault's. System transaction."""
    return await tx.one_or_none(
        "select c.credential_name, v.vault_name from stored_credentials c"
        " join credential_vaults v on v.tenant_id = c.tenant_id and v.id = c.vault_id"
        " where c.tenant_id = $1 and c.id = $2 and c.deleted_at is null",
        tenant_id, credential_id,
    )  # fmt: skip


async def managers(tx: Tx, tenant_id: UUID, credential_id: UUID) -> list[str]:
    """Addresses of the owners and managers of its vault. System transaction."""
    rows = await tx.all(
        "select distinct u.email from stored_credentials c"
        " join credential_vault_members m on m.tenant_id = c.tenant_id and m.vault_id = c.vault_id"
        " join users u on u.tenant_id = m.tenant_id and u.id = m.user_id"
        " where c.tenant_id = $1 and c.id = $2 and m.role in ('owner', 'manager') and u.status = 'active' order by 1",
        tenant_id, credential_id,
    )  # fmt: skip
    return [row["email"] for row in rows]
