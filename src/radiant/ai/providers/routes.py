"""/api/providers."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from radiant.ai.providers.connections import Connected, Connections, Source
from radiant.ai.providers.vendors import vendors
from radiant.ai.serving.detect import detect_local_servers
from radiant.foundation.identity.callers import Role
from radiant.foundation.identity.dependencies import AdminCaller, AnyCaller, Db
from radiant.http.pages import ItemsOf
from radiant.kit.errors import NotFound

router = APIRouter(prefix="/api/providers", tags=["providers"])


def connections_of(request: Request) -> Connections:
    """The connections that the root made."""
    return request.app.state.connections


class ConnectionInfo(BaseModel):
    """A connection, without its key."""

    id: UUID | None
    hint: str
    base_url: str
    is_active: bool
    checked_at: datetime | None
    check_error: str | None
    source: Source


class ProviderInfo(BaseModel):
    """A provider, and how this workspace reaches it."""

    provider: str
    display_name: str
    docs_url: str
    default_base_url: str
    needs_key: bool
    local: bool
    detected: str | None
    """The address of a server of this kind that was found on this machine and is not connected; for the operator."""
    connection: ConnectionInfo | None


class NewConnection(BaseModel):
    """A key to be tested and sealed. `shared`: for every workspace (operator)."""

    model_config = ConfigDict(extra="forbid")

    api_key: str | None = Field(default=None, max_length=2000)
    base_url: str | None = Field(default=None, max_length=500)
    shared: bool = False


def _info(connected: Connected | None, *, see_hint: bool) -> ConnectionInfo | None:
    if connected is None:
        return None
    return ConnectionInfo(
        id=connected.id,
        hint=connected.hint if see_hint and connected.source == "workspace" else "",
        base_url=connected.base_url if see_hint else "",
        is_active=connected.is_active,
        checked_at=connected.checked_at,
        check_error=connected.check_error if see_hint else None,
        source=connected.source,
    )


async def _detected(request: Request) -> dict[str, str]:
    own_port = request.scope["server"][1]
    servers = await detect_local_servers(request.app.state.http, own_ports=(own_port,))
    return {server.kind: server.base_url for server in servers}


@router.get("")
async def list_providers(request: Request, db: Db, caller: AnyCaller) -> ItemsOf[ProviderInfo]:
    """All providers that RADIANT speaks to."""
    connected = await connections_of(request).all(db)
    found = await _detected(request) if caller.is_operator else {}
    items = [
        ProviderInfo(
            provider=name,
            display_name=known.display_name,
            docs_url=known.docs_url,
            default_base_url=known.base_url,
            needs_key=known.needs_key,
            local=known.local,
            detected=None if name in connected else found.get(name),
            connection=_info(connected.get(name), see_hint=caller.role >= Role.ADMIN),
        )
        for name, known in vendors().items()
    ]
    return ItemsOf(items=items)


async def _one(request: Request, db: Db, provider: str) -> ConnectionInfo:
    info = _info((await connections_of(request).all(db)).get(provider), see_hint=True)
    if info is None:
        raise NotFound(f"{provider} is not connected")
    return info


@router.put("/{provider}")
async def connect(request: Request, db: Db, caller: AdminCaller, provider: str, new: NewConnection) -> ConnectionInfo:
    """Test a key at once, and keep it sealed if it works."""
    key = (new.api_key or "").strip() or None
    base_url = (new.base_url or "").strip() or None
    await connections_of(request).save(caller, provider, key, base_url, shared=new.shared)
    return await _one(request, db, provider)


@router.post("/{provider}/check")
async def check(request: Request, db: Db, caller: AdminCaller, provider: str) -> ConnectionInfo:
    """Test the connection again."""
    await connections_of(request).check(caller, provider)
    return await _one(request, db, provider)


@router.delete("/{provider}", status_code=204)
async def disconnect(request: Request, caller: AdminCaller, provider: str) -> None:
    """Forget the key."""
    await connections_of(request).delete(caller, provider)
