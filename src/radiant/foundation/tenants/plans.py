"""What a workspace may have by its plan: seats, keys, storage, the size of a room's document. The operator may set other figures for one workspace
(`limits` in `tenants.settings`)."""

from dataclasses import dataclass, fields
from typing import Any, cast

from radiant.foundation.tenants import plans_store as store
from radiant.infra.db import Tx
from radiant.kit.errors import NotFound, Problem
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
    document_bytes: int | None
    """Of one room's document."""


_MIB, _GIB = 2**20, 2**30
PLANS: dict[str, Limits] = {
    "free": Limits(seats=5, keys=10, storage_bytes=_GIB, document_bytes=10 * _MIB),
    "standard": Limits(seats=200, keys=2_000, storage_bytes=100 * _GIB, document_bytes=10 * _MIB),
    "enterprise": Limits(seats=None, keys=None, storage_bytes=None, document_bytes=50 * _MIB),
}
_WORDS = {"seats": "seats", "keys": "keys", "storage_bytes": "bytes of storage"}


@dataclass(frozen=True, slots=True)
class Use:
    """What there may be of something, and what there is."""

    allowed: int | None
    used: int


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


def _refuse(limit: str, allowed: int | None, used: int, more: int = 1) -> None:
    if allowed is not None and used + more > allowed:
        raise LimitReached(
            f"the workspace's plan has {allowed} {_WORDS[limit]}, and {used} are used: remove some, or ask the"
            " operator of this installation for more",
            limit=limit, allowed=allowed, used=used,
        )  # fmt: skip


async def _locked(tx: Tx, tenant_id: TenantId) -> Limits:
    row = await store.locked_plan(tx, tenant_id)
    return limits_of(row["plan"], row["settings"])


async def require_seat(tx: Tx, tenant_id: TenantId) -> None:
    """Raises LimitReached where every seat is taken by an active person. Two at once do not both take the last."""
    limits = await _locked(tx, tenant_id)
    _refuse("seats", limits.seats, await store.seats(tx, tenant_id))


async def require_key(tx: Tx, tenant_id: TenantId) -> None:
    """Raises LimitReached where the workspace has all the keys that it may. Two at once do not both make the last."""
    limits = await _locked(tx, tenant_id)
    _refuse("keys", limits.keys, await store.keys(tx, tenant_id))


async def storage_left(tx: Tx, tenant_id: TenantId) -> int | None:
    """Bytes that may still be stored, None without limit. Raises LimitReached where it is none. System transaction."""
    row = await store.plan(tx, tenant_id)
    if row is None:
        raise NotFound("there is no such workspace")
    allowed = limits_of(row["plan"], row["settings"]).storage_bytes
    if allowed is None:
        return None
    used = await store.storage_bytes(tx, tenant_id)
    _refuse("storage_bytes", allowed, used)
    return allowed - used


async def uses(tx: Tx, tenant_id: TenantId) -> dict[str, Use]:
    """Every limit of a workspace with what is used. Raises NotFound. System transaction."""
    row = await store.plan(tx, tenant_id)
    if row is None:
        raise NotFound("there is no such workspace")
    limits = limits_of(row["plan"], row["settings"])
    return {
        "seats": Use(limits.seats, await store.seats(tx, tenant_id)),
        "keys": Use(limits.keys, await store.keys(tx, tenant_id)),
        "storage_bytes": Use(limits.storage_bytes, await store.storage_bytes(tx, tenant_id)),
    }
