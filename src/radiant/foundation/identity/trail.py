"""Who did what: a row of the outbox in the transaction that did it. The audit slice, above, chains them."""

from typing import Any

from radiant.foundation.identity.callers import Caller
from radiant.infra import events
from radiant.infra.db import Tx
from radiant.kit.ids import TenantId, UserId

TOPIC = "audit"


async def record(tx: Tx, caller: Caller, action: str, *, target: tuple[str, object] = ("", ""), **detail: Any) -> None:
    """Note in this transaction that `caller` did `action` to `target` (kind, id)."""
    await _emit(
        tx, caller.tenant_id, action, target, detail,
        actor_id=str(caller.api_key_id or caller.user_id), actor_kind=caller.kind,
        ip=caller.ip, request_id=caller.request_id,
    )  # fmt: skip


async def record_system(
    tx: Tx,
    tenant_id: TenantId | None,
    action: str,
    *,
    target: tuple[str, object] = ("", ""),
    user_id: UserId | None = None,
    ip: str | None = None,
    request_id: str = "",
    **detail: Any,
) -> None:
    """The same where nobody is signed in: sign-in itself, the command line, a job."""
    await _emit(
        tx, tenant_id, action, target, detail,
        actor_id=str(user_id) if user_id else None, actor_kind="user" if user_id else "system",
        ip=ip, request_id=request_id,
    )  # fmt: skip


async def _emit(
    tx: Tx, tenant_id: TenantId | None, action: str, target: tuple[str, object], detail: dict[str, Any], **actor: Any
) -> None:
    payload = {
        **actor,
        "action": action,
        "target_kind": target[0],
        "target_id": str(target[1]),
        "detail": detail,
    }
    await events.emit_for(tx, tenant_id, TOPIC, payload)
