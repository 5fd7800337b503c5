"""/api/providers."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from radiant.ai.providers.connections import Connected, Connections, Source
from radiant.ai.providers.health import Upstreams
from radiant.ai.providers.vendors import Field as VendorField
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


def upstreams_of(request: Request) -> Upstreams:
    """What the root's callers know of their upstreams."""
    return request.app.state.upstreams


class FieldInfo(BaseModel):
    """Something that a connection needs besides key and address. `lines`: a key file, of several lines."""

    name: str
    label: str
    hint: str
    default: str
    required: bool
    secret: bool
    lines: bool


class KeyInfo(BaseModel):
    """One of several keys for a provider."""

    name: str
    hint: str
    is_active: bool
    checked_at: datetime | None
    check_error: str | None


class ConnectionInfo(BaseModel):
    """A connection, without its key."""

    id: UUID | None
    hint: str
    base_url: str
    is_active: bool
    checked_at: datetime | None
    check_error: str | None
    source: Source
    settings: dict[str, str]
    credential: UUID | None
    """The credential of the vault that stands in place of a key."""
    keys: list[KeyInfo]
    """Every key, the first among them; calls are spread over those that are active."""


class ProviderInfo(BaseModel):
    """A provider, and how this workspace reaches it."""

    provider: str
    display_name: str
    docs_url: str
    default_base_url: str
    needs_key: bool
    local: bool
    fields: list[FieldInfo]
    detected: str | None
    """The address of a server of this kind that was found on this machine and is not connected; for the operator."""
    connection: ConnectionInfo | None


class NewConnection(BaseModel):
    """A key to be tested and sealed. `shared`: for every workspace (operator)."""

    model_config = ConfigDict(extra="forbid")

    api_key: str | None = Field(default=None, max_length=2000)
    credential: UUID | None = None
    """A credential of the vault in place of a key; the caller's role there must allow using it."""
    base_url: str | None = Field(default=None, max_length=500)
    shared: bool = False
    settings: dict[str, str] = Field(default_factory=dict[str, str], max_length=20)
    """The vendor's fields by name, secret ones among them."""
    name: str = Field(default="default", pattern=r"^[a-zA-Z0-9 ._-]{1,50}$")
    """Another name is another key for the same provider."""


class UpstreamInfo(BaseModel):
    """How a key and a model do, as this process sees it. `resting`: seconds until it is asked again."""

    provider: str
    name: str
    model: str
    source: Source
    state: Literal["closed", "open", "half-open"]
    running: int
    calls: int
    failures: int
    last_error: str
    resting: float
    requests_left: int | None
    tokens_left: int | None


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
        settings=dict(connected.settings) if see_hint else {},
        credential=connected.credential if see_hint else None,
        keys=[_key_info(each) for each in (connected, *connected.others)] if see_hint else [],
    )


def _key_info(connected: Connected) -> KeyInfo:
    return KeyInfo(
        name=connected.name,
        hint=connected.hint if connected.source == "workspace" else "",
        is_active=connected.is_active,
        checked_at=connected.checked_at,
        check_error=connected.check_error,
    )


def _field_info(field: VendorField) -> FieldInfo:
    return FieldInfo(
        name=field.name,
        label=field.label,
        hint=field.hint,
        default=field.default,
        required=field.required,
        secret=field.secret,
        lines=field.lines,
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
            fields=[_field_info(field) for field in known.fields],
            detected=None if name in connected else found.get(name),
            connection=_info(connected.get(name), see_hint=caller.role >= Role.ADMIN),
        )
        for name, known in vendors().items()
    ]
    return ItemsOf(items=items)


@router.get("/health")
async def health(request: Request, db: Db, caller: AdminCaller) -> ItemsOf[UpstreamInfo]:
    """How the upstreams do that this workspace uses: its own keys, and the platform's."""
    used = {name for name, each in (await connections_of(request).all(db)).items() if each.source != "workspace"}
    items = [
        UpstreamInfo(
            provider=line.provider,
            name=line.name,
            model=line.model,
            source="workspace" if line.owner else "platform",
            state=line.state,
            running=line.running,
            calls=line.calls,
            failures=line.failures,
            last_error=line.last_error,
            resting=line.resting,
            requests_left=line.requests_left,
            tokens_left=line.tokens_left,
        )
        for line in upstreams_of(request).snapshot((str(caller.tenant_id), ""))
        if line.owner or line.provider in used
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
    await connections_of(request).save(
        caller,
        provider,
        key,
        base_url,
        shared=new.shared,
        settings=new.settings,
        name=new.name,
        credential=new.credential,
    )
    upstreams_of(request).forget("" if new.shared else str(caller.tenant_id), provider)
    return await _one(request, db, provider)


@router.post("/{provider}/check")
async def check(request: Request, db: Db, caller: AdminCaller, provider: str) -> ConnectionInfo:
    """Test the connection again."""
    await connections_of(request).check(caller, provider)
    return await _one(request, db, provider)


@router.delete("/{provider}", status_code=204)
async def disconnect(request: Request, caller: AdminCaller, provider: str, name: str | None = None) -> None:
    """Forget the key, or with `name` that one of several."""
    await connections_of(request).delete(caller, provider, name)
