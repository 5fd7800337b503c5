"""What a workspace may have by its plan: seats, keys, storage. The operator may set other figures for one workspace
(`limits` in `tenants.settings`)."""

from dataclasses import dataclass, fields
from typing import Any, cast

from radiant.infra.db import Tx
from radiant.kit.errors import Problem
from radiant.kit.ids import TenantId


class LimitReached(Problem):
    """The workspace has all that its plan gives; `limit`, `allowed` and `used` say which and how much."""

    status, slug = 402, "plan-limit"


@dataclass(frozen=True, slots=True)
class Limits:
    """None: without limit. Storage in bytes."""

    seats: int | None
    keys: int | None
    storage_bytes: int | None


_GIB = 2**30
PLANS: dict[str, Limits] = {
    "free": Limits(seats=5, keys=10, storage_bytes=_GIB),
    "standard": Limits(seats=200, keys=2_000, storage_bytes=100 * _GIB),
    "enterprise": Limits(seats=None, keys=None, storage_bytes=None),
}


def limits_of(plan: str, settings: dict[str, Any]) -> Limits:
    """A plan's limits with a workspace's own figures over them. A figure of -1 is: without limit."""
    given: object = settings.get("limits")
    own = cast("dict[str, object]", given) if isinstance(given, dict) else {}
    found: dict[str, int | None] = {field.name: getattr(PLANS[plan], field.name) for field in fields(Limits)}
    for name in found:
        figure = own.get(name)
        if isinstance(figure, int) and not isinstance(figure, bool):
            found[name] = None if figure < 0 else figure
    return Limits(**found)


def _refuse(what: str, limit: str, allowed: int | None, used: int, more: int = 1) -> None:
    if allowed is not None and used + more > allowed:
        raise LimitReached(
            f"the workspace's plan has {allowed} {what}, and {used} are used: remove some, or ask the operator",
            limit=limit, allowed=allowed, used=used,
        )  # fmt: skip


async def locked_limits(tx: Tx, tenant_id: TenantId) -> Limits:
    """The limits of a workspace, whose row is locked so that two at once do not both take the last. System
    transaction."""
    row = await tx.one("select plan, settings from tenants where id = $1 for update", tenant_id)
    return limits_of(row["plan"], row["settings"])


async def require_seat(tx: Tx, tenant_id: TenantId) -> None:
    """Raises LimitReached where every seat is taken by an active person. System transaction."""
    limits = await locked_limits(tx, tenant_id)
    used = await tx.value(
        "select count(*) from users where tenant_id = $1 and kind = 'person' and status = 'active'", tenant_id
    )
    _refuse("seats", "seats", limits.seats, used)
