"""Who acts on credentials: a person, an API key of theirs, or a job of the platform's."""

from dataclasses import dataclass
from typing import Literal

from radiant.foundation.identity.callers import Caller, Role
from radiant.infra.db import Database, TenantDb
from radiant.kit.ids import ApiKeyId, TenantId, UserId

Kind = Literal["user", "api_key", "system"]


@dataclass(frozen=True, slots=True)
class Actor:
    """As the access log names them. A job has neither person nor key, and passes every question of roles."""

    tenant_id: TenantId
    kind: Kind
    user_id: UserId | None = None
    api_key_id: ApiKeyId | None = None
    is_admin: bool = False
    """Of the workspace: may manage every vault, and is shown no value for that."""
    ip: str | None = None
    user_agent: str = ""
    request_id: str = ""

    @classmethod
    def of(cls, caller: Caller) -> "Actor":
        """The verified caller of a request."""
        return cls(
            tenant_id=caller.tenant_id,
            kind=caller.kind,
            user_id=caller.user_id,
            api_key_id=caller.api_key_id,
            is_admin=caller.role >= Role.ADMIN and "admin" in caller.scopes,
            ip=caller.ip,
            user_agent=caller.user_agent,
            request_id=caller.request_id,
        )

    @classmethod
    def job(cls, tenant_id: TenantId, name: str) -> "Actor":
        """A job of the platform's; its name stands where a request has its user agent."""
        return cls(tenant_id=tenant_id, kind="system", user_agent=f"radiant {name}")

    def db(self, database: Database) -> TenantDb:
        """The database as they may see it."""
        return database.tenant(self.tenant_id, self.user_id)
