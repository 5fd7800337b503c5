"""What a plan bounds: seats, keys, storage, by every way that they are taken."""

import asyncio
from typing import Any
from uuid import UUID

import aiohttp
import pytest

from radiant.foundation.tenants import plans
from radiant.infra.db import Database
from tests.kit.fixtures import Callers
from tests.kit.server import PASSWORD, Answer, Client


def full(answer: Answer, limit: str) -> None:
    """It is refused, and says by which limit."""
    assert answer.status == 402, answer.body
    body = answer.json()
    assert (body["type"].rpartition("/")[2], body["limit"]) == ("plan-limit", limit)
    assert body["used"] >= body["allowed"]


async def used(callers: Callers) -> dict[str, Any]:
    """What our workspace has and may have."""
    items = (await callers.owner.get("/api/tenant/limits")).json()["items"]
    return {item["limit"]: item for item in items}


async def set_limits(callers: Callers, **limits: int) -> None:
    answer = await callers.operator.put(f"/api/tenants/{callers.tenant.id}/limits", limits)
    assert answer.status == 200, answer.body


@pytest.mark.parametrize(
    ("settings", "seats"),
    [({}, 5), ({"limits": {"seats": 7}}, 7), ({"limits": {"seats": -1}}, None), ({"limits": {"seats": 0}}, 0),
     ({"limits": {"seats": True}}, 5), ({"limits": {"seats": "9"}}, 5), ({"limits": [1]}, 5), ({"limits": None}, 5)],
)  # fmt: skip
def test_a_workspaces_own_figures_stand_over_its_plans(settings: dict[str, Any], seats: int | None) -> None:
    found = plans.limits_of("free", settings)
    assert found.seats == seats
    assert found.keys == 10
    assert plans.limits_of("enterprise", {}).seats is None


async def test_seats_are_bounded_whichever_way_somebody_comes(callers: Callers) -> None:
    made = (await callers.owner.post("/api/invitations", {"email": "late@example.org"})).json()
    before = (await used(callers))["seats"]["used"]
    await set_limits(callers, seats=before + 1)
    first = await callers.owner.post("/api/users", {"email": "a@example.org"})
    assert first.status == 201
    full(await callers.owner.post("/api/users", {"email": "b@example.org"}), "seats")
    full(await callers.owner.post("/api/invitations", {"email": "b@example.org"}), "seats")
    token = made["link"].partition("#")[2]
    accepted = await callers.nobody.post("/api/invitation/accept", {"token": token, "new_password": PASSWORD})
    full(accepted, "seats")
    # A refused acceptance does not use the invitation up.
    secret = (await callers.owner.post("/api/scim/token")).json()["token"]
    idp = Client(callers.owner.base_url, callers.owner.http, {"Authorization": f"Bearer {secret}"})
    refused = await idp.post("/scim/v2/Users", {"userName": "c@example.org"})
    assert (refused.status, refused.json()["status"]) == (403, "403")
    # Who is disabled takes no seat, and gets none back while all are taken.
    path = f"/api/users/{first.json()['id']}"
    assert (await callers.owner.patch(path, {"status": "disabled"})).status == 200
    answer = await callers.nobody.post("/api/invitation/accept", {"token": token, "new_password": PASSWORD})
    assert answer.status == 200, answer.body
    full(await callers.owner.patch(path, {"status": "active"}), "seats")
    # A service account takes none.
    assert (await callers.owner.post("/api/service-accounts", {"name": "x"})).status == 201


async def test_the_last_seat_is_taken_once(callers: Callers) -> None:
    before = (await used(callers))["seats"]["used"]
    await set_limits(callers, seats=before + 2)
    new = [callers.owner.post("/api/users", {"email": f"p{n}@example.org"}) for n in range(8)]
    answers = await asyncio.gather(*new)
    assert sorted(answer.status for answer in answers) == [201] * 2 + [402] * 6
    assert (await used(callers))["seats"]["used"] == before + 2


async def test_keys_are_bounded_and_a_revoked_one_makes_room(callers: Callers) -> None:
    await set_limits(callers, keys=2)
    answers = await asyncio.gather(*(callers.member.post("/api/keys", {"name": f"k{n}"}) for n in range(6)))
    assert sorted(answer.status for answer in answers) == [201] * 2 + [402] * 4
    key = next(answer.json()["id"] for answer in answers if answer.status == 201)
    full(await callers.owner.post("/api/keys", {"name": "x"}), "keys")
    assert (await callers.member.delete(f"/api/keys/{key}")).status == 204
    assert (await callers.owner.post("/api/keys", {"name": "x"})).status == 201
    assert (await callers.foreign_owner.post("/api/keys", {"name": "x"})).status == 201


def upload(client: Client, size: int) -> Any:
    form = aiohttp.FormData()
    form.add_field("file", b"x" * size, filename="a.txt", content_type="text/plain")
    return client.send("POST", "/api/files", data=form)


async def test_storage_is_bounded_over_everybodys_files(callers: Callers) -> None:
    await set_limits(callers, storage_bytes=1000)
    stored = await upload(callers.member, 700)
    assert stored.status == 201, stored.body
    assert (await upload(callers.owner, 500)).status == 413
    assert (await upload(callers.owner, 300)).status == 201
    full(await upload(callers.owner, 1), "storage_bytes")
    assert (await used(callers))["storage_bytes"] == {"limit": "storage_bytes", "allowed": 1000, "used": 1000}
    assert (await callers.member.delete(f"/api/files/{stored.json()['id']}")).status == 204
    assert (await upload(callers.owner, 100)).status == 201
    assert (await upload(callers.foreign_owner, 5000)).status == 201


async def test_figures_are_the_operators_to_set_and_the_plans_come_back(callers: Callers, db: Database) -> None:
    path = f"/api/tenants/{callers.tenant.id}/limits"
    assert (await callers.owner.put(path, {"seats": -1})).status == 403
    assert (await callers.member.get("/api/tenant/limits")).status == 403
    assert (await callers.operator.put(path, {"seats": -2})).status == 422
    assert (await callers.operator.put(path, {"seats": 2**60})).status == 422
    missing = "/api/tenants/01a204fa-5bf7-74a5-889a-d39cb4a4b580/limits"
    assert (await callers.operator.put(missing, {})).status == 404
    await callers.owner.put("/api/tenant/second-factor", {"required": False})
    await set_limits(callers, seats=-1)
    assert (await used(callers))["seats"]["allowed"] is None
    await set_limits(callers)
    assert (await used(callers))["seats"]["allowed"] == plans.PLANS["standard"].seats
    async with db.system("test").tx() as tx:
        settings = await tx.value("select settings from tenants where id = $1", UUID(str(callers.tenant.id)))
    assert settings == {"limits": {}, "second_factor": "optional"}
