"""SQL of fingerprints, of texts that wait to be looked through, and of leaks."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from radiant.infra.db import Row, Tx

if TYPE_CHECKING:
    from radiant.foundation.credentials.fingerprints import Print

KEY_DUE = (
    "select id, sealed from credential_fingerprint_keys where sealed ->> 'kek' <> $1 and ($2::uuid is null or id > $2)"
    " order by id limit $3"
)
KEY_PUT = (
    "update credential_fingerprint_keys k set sealed = n.sealed"
    " from unnest($1::uuid[], $2::jsonb[], $3::text[]) n(id, sealed, was)"
    " where k.id = n.id and k.sealed ->> 'key' = n.was"
)


async def fingerprint_key(tx: Tx) -> dict[str, Any] | None:
    """The sealed key. System transaction."""
    return await tx.value("select sealed from credential_fingerprint_keys")


async def put_fingerprint_key(tx: Tx, sealed: dict[str, Any]) -> None:
    """Keep it, unless there is one. System transaction."""
    await tx.run("insert into credential_fingerprint_keys (sealed) values ($1) on conflict do nothing", sealed)


async def put_prints(tx: Tx, credential_id: UUID, version: int, prints: "Sequence[Print]") -> None:
    """Keep the fingerprints of a version."""
    await tx.run(
        "insert into credential_fingerprints (tenant_id, credential_id, version, digest, mark, length, form)"
        " select $1, $2, $3, p.digest, p.mark, p.length, p.form"
        " from unnest($4::bytea[], $5::int[], $6::smallint[], $7::text[]) p(digest, mark, length, form)"
        " on conflict do nothing",
        tx.tenant_id, credential_id, version, [each.digest for each in prints], [each.mark for each in prints],
        [each.length for each in prints], [each.form for each in prints],
    )  # fmt: skip


async def take_texts(tx: Tx, limit: int) -> list[Row]:
    """Texts that wait, taken from the queue and held until the transaction ends. System transaction."""
    return await tx.all(
        "delete from credential_texts where id in (select id from credential_texts order by id limit $1"
        " for update skip locked) returning tenant_id, source, row_id",
        limit,
    )


async def marks(tx: Tx, tenants: list[UUID] | None) -> list[int]:
    """All marks of those tenants, of everybody's (None). System transaction."""
    found = await tx.value(
        "select array_agg(distinct mark) from credential_fingerprints where $1::uuid[] is null or tenant_id = any($1)",
        tenants,
    )
    return found or []


async def prints(tx: Tx, seen: list[int], tenants: list[UUID] | None) -> list[Row]:
    """The fingerprints with these marks. System transaction."""
    return await tx.all(
        "select tenant_id, credential_id, version, digest, mark, length, form from credential_fingerprints"
        " where mark = any($1::int[]) and ($2::uuid[] is null or tenant_id = any($2))",
        seen, tenants,
    )  # fmt: skip


async def note(tx: Tx, found: Sequence[dict[str, Any]]) -> list[Row]:
    """Keep leaks; those that are new. System transaction."""
    return await tx.all(
        "insert into credential_leaks (tenant_id, credential_id, version, source, row_id, form)"
        " select * from unnest($1::uuid[], $2::uuid[], $3::int[], $4::text[], $5::uuid[], $6::text[])"
        " on conflict do nothing returning id, tenant_id, credential_id, version, source, form",
        *[[each[name] for each in found] for name in ("tenant_id", "credential_id", "version", "source", "row_id", "form")],
    )  # fmt: skip


async def page(
    tx: Tx, vault_id: UUID | None, credential_id: UUID | None, after: tuple[datetime, UUID] | None, limit: int
) -> list[Row]:
    """Leaks of a vault or a credential, the latest first."""
    return await tx.all(
        "select l.id, l.credential_id, c.credential_name, c.vault_id, l.version, l.source, l.row_id, l.form, l.found_at,"
        " l.acknowledged_at from credential_leaks l"
        " join stored_credentials c on c.tenant_id = l.tenant_id and c.id = l.credential_id"
        " where l.tenant_id = $1 and ($2::uuid is null or c.vault_id = $2) and ($3::uuid is null or l.credential_id = $3)"
        " and ($4::timestamptz is null or (l.found_at, l.id) < ($4, $5::uuid))"
        " order by l.found_at desc, l.id desc limit $6",
        tx.tenant_id, vault_id, credential_id, after[0] if after else None, after[1] if after else None, limit,
    )  # fmt: skip


async def acknowledge(tx: Tx, credential_id: UUID, user_id: UUID | None) -> int:
    """Somebody has seen to the leaks of a credential; how many there were."""
    return await tx.run(
        "update credential_leaks set acknowledged_at = current_timestamp, acknowledged_by = $3"
        " where tenant_id = $1 and credential_id = $2 and acknowledged_at is null",
        tx.tenant_id, credential_id, user_id,
    )  # fmt: skip
