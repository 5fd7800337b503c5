"""Service accounts: users without a way to sign in, which own API keys and outlive the people who made them."""

from datetime import datetime
from uuid import UUID

from radiant.foundation.identity import api_keys, trail, users, users_store
from radiant.foundation.identity.callers import Caller, Role, role_of
from radiant.foundation.identity.schemas import MadeApiKey, NewApiKey, NewServiceAccount, User
from radiant.infra.db import Database
from radiant.kit.errors import NotFound
from radiant.kit.ids import UserId, uuid7

# A name that mail never reaches (RFC 6761).
_HOST = "service.invalid"


async def page(database: Database, caller: Caller, after: tuple[datetime, UUID] | None, limit: int) -> list[User]:
    """Service accounts, the oldest first. Takes an admin."""
    caller.require_role(Role.ADMIN)
    async with caller.db(database).tx() as tx:
        return await users_store.page(tx, after, limit, kind="service")


async def make(database: Database, caller: Caller, new: NewServiceAccount) -> User:
    """A service account of a role that is not above the caller's. Takes an admin."""
    users.require_grantable(caller, new.role)
    async with caller.db(database).tx() as tx:
        user_id = UserId(uuid7())
        await users_store.insert_service(tx, user_id, f"{user_id.hex}@{_HOST}", new.name, new.role)
        await trail.record(tx, caller, "service_account.made", target=("user", user_id), name=new.name, role=new.role)
        made = await users_store.get(tx, user_id)
    assert made is not None
    return made


async def make_key(database: Database, caller: Caller, user_id: UserId, new: NewApiKey) -> MadeApiKey:
    """A key of the account's. Takes an admin who may give the account's role. Raises NotFound, Forbidden, Invalid."""
    caller.require_role(Role.ADMIN)
    async with caller.db(database).tx() as tx:
        account = await users_store.get(tx, user_id)
    if account is None or account.kind != "service":
        raise NotFound("there is no such service account")
    users.require_grantable(caller, account.role)
    return await api_keys.make(database, caller, new, holder=(user_id, role_of(account.role)))
