"""The verified caller: the one place from which a tenant id comes."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Literal, get_args

from radiant.infra.db import Database, TenantDb
from radiant.kit.errors import Forbidden
from radiant.kit.ids import ApiKeyId, SessionId, TenantId, UserId

Scope = Literal["inference", "read", "write", "memory", "documents", "admin"]
ALL_SCOPES: frozenset[str] = frozenset(get_args(Scope))


class Role(IntEnum):
    """Roles in a tenant; each may do what the lower ones may."""

    VIEWER = 1
    MEMBER = 2
    ADMIN = 3
    OWNER = 4

    @property
    def label(self) -> str:
        """The name that the table and the API use."""
        return self.name.lower()


def role_of(label: str) -> Role:
    """The role of that name."""
    return Role[label.upper()]


class MissingScope(Forbidden):
    """The API key was not given this scope."""

    slug = "missing-scope"


class PasswordChangeRequired(Forbidden):
    """The one-time password must be changed first."""

    slug = "password-change-required"


class SecondFactorMissing(Forbidden):
    """The workspace asks for a second factor."""

    slug = "second-factor-missing"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is calling, as proven by a session or an API key."""

    tenant_id: TenantId
    user_id: UserId
    role: Role
    is_operator: bool
    kind: Literal["user", "api_key"]
    scopes: frozenset[str]
    session_id: SessionId | None = None
    method: Literal["password", "sso", "passkey", "invitation"] = "password"
    """How the session was opened."""
    api_key_id: ApiKeyId | None = None
    must_change_password: bool = False
    must_enrol: bool = False
    """The workspace asks for a second factor, and this session has none."""
    ip: str | None = None
    user_agent: str = ""
    request_id: str = ""

    def db(self, database: Database) -> TenantDb:
        """The database as this caller may see it."""
        return database.tenant(self.tenant_id, self.user_id)

    def require_role(self, role: Role) -> None:
        """Raises Forbidden below `role`."""
        if self.role < role:
            raise Forbidden(f"this takes the role {role.label}; you are {self.role.label} here")
        if role >= Role.ADMIN:
            self.require_scope("admin")

    def require_operator(self) -> None:
        """Raises Forbidden unless the caller is the platform's operator, signed in as a person."""
        if not self.is_operator:
            raise Forbidden("only the platform's operator may do this")
        self.require_scope("admin")

    def require_scope(self, scope: Scope) -> None:
        """Raises MissingScope for a key without it. A person's session has all scopes."""
        if scope not in self.scopes:
            raise MissingScope(f"this API key lacks the scope {scope}; make one that has it under Settings, Keys")
