"""Whose errors a caller may see: an admin their workspace's, the platform's operator the platform's (F14.9)."""

from dataclasses import dataclass
from uuid import UUID

from radiant.foundation.error_tracking.schemas import Scope
from radiant.foundation.identity.callers import Caller, Role
from radiant.infra.db import Database, SystemDb, TenantDb
from radiant.kit.ids import TenantId

PLATFORM = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Reach:
    """A caller, and the database as far as their errors go. `tenant_id` None: the platform's."""

    caller: Caller
    db: TenantDb | SystemDb
    tenant_id: TenantId | None

    @property
    def owner_id(self) -> UUID:
        """What rows are found by."""
        return self.tenant_id or PLATFORM


def reach_of(database: Database, caller: Caller, scope: Scope) -> Reach:
    """Raises Forbidden: the role comes from the verified caller alone (F14.5)."""
    if scope == "platform":
        caller.require_operator()
        return Reach(caller, database.system("errors of the platform"), None)
    caller.require_role(Role.ADMIN)
    return Reach(caller, caller.db(database), caller.tenant_id)
