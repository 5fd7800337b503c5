"""What the command line does with people, workspaces and keys: the same services as the page, as the system itself."""

from pydantic import ValidationError

from radiant.foundation.identity import api_keys, api_keys_store, users, users_store
from radiant.foundation.identity.callers import ALL_SCOPES, Caller, Role
from radiant.foundation.identity.schemas import (
    ApiKey,
    Invited,
    MadeApiKey,
    NewApiKey,
    NewUser,
    User,
    UserChange,
)
from radiant.foundation.tenants import store as tenants_store
from radiant.foundation.tenants.schemas import NewTenant, Tenant
from radiant.infra.db import Database
from radiant.kit.errors import Invalid, NotFound
from radiant.kit.ids import ApiKeyId, TenantId, parse_uuid

_ALL = 200


async def _tenant(database: Database, slug: str) -> TenantId:
    async with database.system("command line").tx() as tx:
        tenant = await tenants_store.get_by_slug(tx, slug)
    if tenant is None:
        raise NotFound(f"there is no workspace {slug!r}; radiant tenant list shows them")
    return tenant.id


async def _acting(database: Database, slug: str, email: str | None = None) -> tuple[Caller, User | None]:
    """The command line acts with an owner's rights; a person, where one is named, must be of that workspace."""
    tenant_id = await _tenant(database, slug)
    async with database.tenant(tenant_id).tx() as tx:
        everybody = await users_store.page(tx, None, 100_000)
    owner = next((user for user in everybody if user.role == "owner" and user.status == "active"), everybody[0])
    person = next((user for user in everybody if email is not None and user.email == email.strip().lower()), None)
    if email is not None and person is None:
        raise NotFound(f"there is nobody of the e-mail {email} in {slug}; radiant user list shows them")
    caller = Caller(
        tenant_id=tenant_id, user_id=owner.id, role=Role.OWNER, is_operator=True, kind="user", scopes=ALL_SCOPES,
        request_id="command line",
    )  # fmt: skip
    return caller, person


async def list_users(database: Database, tenant_slug: str) -> list[User]:
    """People of a workspace."""
    tenant_id = await _tenant(database, tenant_slug)
    async with database.tenant(tenant_id).tx() as tx:
        return await users_store.page(tx, None, 100_000)


async def add_user(database: Database, tenant_slug: str, email: str, name: str, role: str) -> Invited:
    """Invite somebody. Raises NotFound, Invalid, EmailTaken."""
    caller, _ = await _acting(database, tenant_slug)
    try:
        new = NewUser.model_validate({"email": email, "name": name, "role": role})
    except ValidationError as error:
        raise Invalid(f"{email}: {error.errors()[0]['msg']}") from error
    return await users.invite(database, caller, new)


async def reset_password(database: Database, tenant_slug: str, email: str) -> str:
    """A new one-time password. Raises NotFound."""
    caller, person = await _acting(database, tenant_slug, email)
    assert person is not None
    return await users.reset_password(database, caller, person.id)


async def change_user(
    database: Database, tenant_slug: str, email: str, *, role: str | None = None, status: str | None = None
) -> User:
    """Change role or status. Raises NotFound, LastOwner."""
    caller, person = await _acting(database, tenant_slug, email)
    assert person is not None
    change = UserChange.model_validate({"role": role, "status": status})
    return await users.change(database, caller, person.id, change)


async def list_tenants(database: Database) -> list[Tenant]:
    """The first two hundred workspaces."""
    async with database.system("command line").tx() as tx:
        return await tenants_store.page(tx, "", _ALL)


async def add_tenant(database: Database, slug: str, name: str, owner_email: str) -> tuple[Tenant, Invited]:
    """A workspace and its first owner. Raises Invalid, SlugTaken."""
    try:
        email = NewUser.model_validate({"email": owner_email}).email
        new = NewTenant.model_validate({"name": name, "slug": slug, "owner_email": email})
    except ValidationError as error:
        item = error.errors()[0]
        raise Invalid(f"{item['loc'][0]}: {item['msg']}") from error
    return await users.make_tenant(database, new, None)


async def list_keys(database: Database, tenant_slug: str) -> list[ApiKey]:
    """The newest keys of a workspace."""
    tenant_id = await _tenant(database, tenant_slug)
    async with database.tenant(tenant_id).tx() as tx:
        return await api_keys_store.page(tx, None, None, _ALL)


async def make_key(database: Database, tenant_slug: str, email: str, name: str, scopes: list[str]) -> MadeApiKey:
    """A key of somebody's. Raises NotFound, Invalid, Forbidden."""
    caller, person = await _acting(database, tenant_slug, email)
    assert person is not None
    try:
        new = NewApiKey.model_validate({"name": name, "scopes": scopes})
    except ValidationError as error:
        raise Invalid("scope: choose from inference, read, write, admin") from error
    role = Role[person.role.upper()]
    holder = Caller(
        tenant_id=caller.tenant_id, user_id=person.id, role=role, is_operator=False, kind="user", scopes=ALL_SCOPES,
        request_id="command line",
    )  # fmt: skip
    return await api_keys.make(database, holder, new)


async def revoke_key(database: Database, tenant_slug: str, key_id: str) -> None:
    """Revoke a key. Raises NotFound."""
    caller, _ = await _acting(database, tenant_slug)
    parsed = parse_uuid(key_id)
    if parsed is None:
        raise NotFound(f"there is no key {key_id}; radiant key list shows them")
    await api_keys.revoke(database, caller, ApiKeyId(parsed))
