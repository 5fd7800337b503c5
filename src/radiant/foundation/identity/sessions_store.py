"""SQL of sessions and of guessing."""

from datetime import datetime, timedelta
from typing import Any

from radiant.infra.db import Row, Tx
from radiant.kit.ids import SessionId, TenantId, UserId


async def insert(
    tx: Tx, session_id: SessionId, tenant_id: TenantId, user_id: UserId, token_hash: bytes, ip: str | None,
    user_agent: str, expires_at: datetime, method: str, second_factor: bool, sso_token: dict[str, Any] | None,
) -> None:  # fmt: skip
    """Keep a session. System transaction."""
    await tx.run(
        "insert into sessions (id, tenant_id, user_id, token_hash, ip, user_agent, expires_at, method,"
        " second_factor, sso_token) values ($1, $2, $3, $4, $5::text::inet, $6, $7, $8, $9, $10)",
        session_id, tenant_id, user_id, token_hash, ip, user_agent[:400], expires_at, method, second_factor, sso_token,
    )  # fmt: skip


async def lookup(tx: Tx, token_hash: bytes) -> Row | None:
    """The live session of that token with its person and tenant. System transaction."""
    return await tx.one_or_none(
        "select s.id, s.tenant_id, s.user_id, s.last_seen_at, s.method, u.role, u.is_operator,"
        " u.must_change_password and s.method = 'password' as must_change_password,"
        " coalesce(t.settings ->> 'second_factor' = 'required', false) and not s.second_factor as must_enrol"
        " from sessions s join users u on u.tenant_id = s.tenant_id and u.id = s.user_id"
        " join tenants t on t.id = s.tenant_id"
        " where s.token_hash = $1 and s.expires_at > current_timestamp and u.status = 'active' and t.status = 'active'",
        token_hash,
    )


async def touch(tx: Tx, session_id: SessionId, expires_at: datetime) -> None:
    """Note that the session was used and put its end off. System transaction."""
    await tx.run(
        "with seen as (update sessions set last_seen_at = current_timestamp, expires_at = $2 where id = $1"
        " returning tenant_id, user_id)"
        " update users u set last_seen_at = current_timestamp from seen"
        " where u.tenant_id = seen.tenant_id and u.id = seen.user_id",
        session_id, expires_at,
    )  # fmt: skip


async def list_own(tx: Tx) -> list[Row]:
    """The caller's live sessions, the latest used first."""
    return await tx.all(
        "select id, ip, user_agent, method, created_at, last_seen_at, expires_at from sessions"
        " where tenant_id = $1 and user_id = $2 and expires_at > current_timestamp order by last_seen_at desc limit 100",
        tx.tenant_id, tx.user_id,
    )  # fmt: skip


async def delete(tx: Tx, session_id: SessionId) -> bool:
    """End one of the caller's sessions."""
    return (
        await tx.run(
            "delete from sessions where tenant_id = $1 and user_id = $2 and id = $3",
            tx.tenant_id, tx.user_id, session_id,
        )
        == 1
    )  # fmt: skip


async def end_all(tx: Tx, tenant_id: TenantId, user_id: UserId, *, keep: SessionId | None) -> None:
    """End a person's sessions, but the one to keep. System transaction."""
    await tx.run(
        "delete from sessions where tenant_id = $1 and user_id = $2 and id is distinct from $3",
        tenant_id, user_id, keep,
    )  # fmt: skip


async def note_attempts(tx: Tx, subjects: list[str]) -> None:
    """Count a try against each subject before the password is looked at. System transaction."""
    await tx.run("insert into sign_in_attempts (subject) select unnest($1::text[])", subjects)


async def recent_attempts(tx: Tx, subjects: list[str], window: timedelta) -> dict[str, tuple[int, datetime]]:
    """Per subject, the tries within the window and the time of the oldest. System transaction."""
    rows = await tx.all(
        "select subject, count(*) as tries, min(at) as oldest from sign_in_attempts"
        " where subject = any($1::text[]) and at > current_timestamp - $2::interval group by subject",
        subjects, window,
    )  # fmt: skip
    return {row["subject"]: (row["tries"], row["oldest"]) for row in rows}


async def forget_attempts(tx: Tx, subjects: list[str]) -> None:
    """Clear the count after a success. System transaction."""
    await tx.run("delete from sign_in_attempts where subject = any($1::text[])", subjects)
