"""What tests of tools say again and again."""

from typing import Any

from radiant.foundation.identity.callers import ALL_SCOPES, Caller, Role
from radiant.kit.ids import TenantId, UserId, uuid7
from radiant.workspace.tools.base import Use
from tests.kit.fixtures import Callers
from tests.kit.people import Tenant
from tests.kit.server import Answer, Client

TOOLS = "/api/tools"
SIGNING = "a signing secret"


def caller_of(tenant_id: TenantId, user_id: UserId, role: Role = Role.MEMBER, **options: Any) -> Caller:
    """A verified person, as routes hand them on."""
    given: dict[str, Any] = {"is_operator": False, "kind": "user", "scopes": ALL_SCOPES} | options
    return Caller(tenant_id=tenant_id, user_id=user_id, role=role, **given)


def use_of(tenant: Tenant, seconds: float = 20, **options: Any) -> Use:
    """A call of the tenant's first person."""
    return Use(caller_of(tenant.id, tenant.user_id), uuid7(), seconds, **options)


async def secret_of(callers: Callers, value: str = SIGNING) -> str:
    """The id of a new credential of our owner's that holds that text."""
    name = f"v-{uuid7().hex[-12:]}"
    vault = (await callers.owner.post("/api/credentials/vaults", {"name": name})).json()["id"]
    answer = await callers.owner.post(
        f"/api/credentials/vaults/{vault}/credentials", {"name": "signing", "type": "text", "value": value}
    )
    assert answer.status == 201, answer.body
    return answer.json()["id"]


async def tools_of(client: Client) -> dict[str, dict[str, Any]]:
    """What is listed, by name."""
    answer = await client.get(TOOLS)
    assert answer.status == 200, answer.body
    return {tool["name"]: tool for tool in answer.json()["items"]}


async def attempt(client: Client, name: str, arguments: dict[str, Any] | None = None, **options: Any) -> Answer:
    """Try a tool."""
    return await client.post(f"{TOOLS}/{name}/try", {"arguments": arguments or {}, **options})
