"""/api/aws-credentials as admins, others and the operator meet it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from radiant.foundation.aws_credentials.identities import user_name_of
from tests.foundation.aws_credentials.kit import ACCOUNT, House, house
from tests.kit.fixtures import Callers
from tests.kit.server import Client, Server

BASE = "/api/aws-credentials"


@pytest.fixture
async def served(server: Server, callers: Callers, aws_endpoint: str) -> AsyncIterator[House]:
    """The server, whose AWS is the strict one."""
    state = server.app.state
    kept = state.aws_credentials, state.aws_rotations
    async with house(server.database, callers.tenant, aws_endpoint) as made:
        state.aws_credentials, state.aws_rotations = made.service, made.rotations
        yield made
    state.aws_credentials, state.aws_rotations = kept


async def post(who: Client, path: str, body: Any = None, status: int = 200) -> dict[str, Any]:
    answer = await who.post(BASE + path, {} if body is None else body)
    assert answer.status == status, answer.body
    return answer.json()


async def test_a_role_is_registered_listed_changed_and_forgotten(served: House, callers: Callers) -> None:
    credential = (await served.role()).key_credential
    new = {"name": "Deploy", "arn": f"arn:aws:iam::{ACCOUNT}:role/path/deploy", "key_credential": str(credential)}
    made = await post(callers.owner, "/identities", new, 201)
    assert (made["account_id"], made["partition"], made["kind"]) == (ACCOUNT, "aws", "role")
    assert len(made["external_id"]) >= 32
    taken = await post(callers.owner, "/identities", new, 409)
    assert taken["type"].endswith("aws-identity-taken")
    first = (await callers.owner.get(f"{BASE}/identities?limit=1")).json()
    second = (await callers.owner.get(f"{BASE}/identities?limit=1&cursor={first['next']}")).json()
    names = {item["name"] for page in (first, second) for item in page["items"]}
    assert "Deploy" in names
    assert len(names) == 2
    changed = await callers.owner.put(
        f"{BASE}/identities/{made['id']}",
        {"name": "Deploy", "key_credential": str(credential), "max_duration_seconds": 900, "external_id": "theirs"},
    )
    assert (changed.json()["max_duration_seconds"], changed.json()["external_id"]) == (900, "theirs")
    assert (await callers.owner.delete(f"{BASE}/identities/{made['id']}")).status == 204
    assert (await callers.owner.get(f"{BASE}/identities/{made['id']}")).status == 404
    assert [action for action in await served.audited() if action.startswith("aws_identity")][-3:] == [
        "aws_identity.registered", "aws_identity.changed", "aws_identity.forgotten",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("new", "field"),
    [
        ({"arn": "deploy"}, "arn"),
        ({"arn": "arn:aws:iam::12:role/x"}, "arn"),
        ({"region": "Frankfurt"}, "region"),
        ({"external_id": "a b"}, "external_id"),
        ({"max_duration_seconds": 60}, "max_duration_seconds"),
        ({"secret": "x"}, "secret"),
    ],
)
async def test_what_is_not_well_formed_names_its_field(
    served: House, callers: Callers, new: dict[str, Any], field: str
) -> None:
    given = {"name": "n", "arn": f"arn:aws:iam::{ACCOUNT}:role/x", "key_credential": None} | new
    problem = await post(callers.owner, "/identities", given, 422)
    assert field in {error["field"] for error in problem["errors"]}


async def test_f16_6_members_have_no_part_in_it_and_admins_only_where_the_vault_lets_them(
    served: House, callers: Callers, server: Server, make_user: Any
) -> None:
    role, user = await served.role(), await served.user()
    for path in ("/identities", f"/identities/{role.id}/assume", f"/identities/{user.id}/rotations"):
        assert (await callers.member.post(BASE + path, {})).status == 403
    assert (await callers.owner.get(f"{BASE}/platform")).status == 403
    assert (await callers.operator.get(f"{BASE}/platform")).json()["account_id"] == ACCOUNT
    admin = await server.signed_in(callers.tenant.id, await make_user(callers.tenant.id, role="admin"))
    refused = await post(admin, f"/identities/{role.id}/assume", {}, 403)
    assert refused["type"].endswith("vault-role")
    platform = {"name": "p", "arn": f"arn:aws:iam::{ACCOUNT}:role/p", "source": "platform"}
    assert (await post(callers.owner, "/identities", platform, 403))["type"].endswith("aws-operators-only")
    theirs = await post(callers.operator, "/identities", platform, 201)
    for act in ("assume", "validate"):
        await post(callers.owner, f"/identities/{theirs['id']}/{act}", {}, 403)
        await post(callers.operator, f"/identities/{theirs['id']}/{act}", {})


async def test_f16_3_a_session_is_answered_by_reference_and_its_keys_are_shown_to_who_may_with_a_reason(
    served: House, callers: Callers, server: Server
) -> None:
    role = await served.role()
    answer = await callers.owner.post(f"{BASE}/identities/{role.id}/assume", {"session_name": "ci"})
    assert answer.headers["Cache-Control"] == "no-store"
    told = answer.json()
    assert (told["secret_access_key"], told["session_token"]) == (None, None)
    assert told["arn"].endswith("/ci")
    no_reason = await post(callers.owner, f"/identities/{role.id}/assume", {"session_name": "ci", "reveal": True}, 422)
    assert "reason" in no_reason["detail"]
    asked = {"session_name": "ci", "reveal": True, "reason": "a deployment by hand"}
    shown = await callers.owner.post(f"{BASE}/identities/{role.id}/assume", asked)
    assert shown.headers["Cache-Control"] == "no-store"
    assert shown.json()["secret_access_key"] == served.front.secrets[told["access_key_id"]]
    assert shown.json()["session_token"]
    assert served.front.count("AssumeRole") == 1
    async with server.database.system("test").tx() as tx:
        rows = await tx.all("select payload from outbox where topic = 'audit' order by id")
    noted = [row["payload"] for row in rows if row["payload"]["action"].startswith("aws_role")]
    assert [(each["action"], each["detail"]["reason"]) for each in noted] == [
        ("aws_role.assumed", None), ("aws_role.revealed", "a deployment by hand"),
    ]  # fmt: skip
    assert shown.json()["secret_access_key"] not in str(rows)


async def test_a_vault_of_two_persons_gives_sessions_by_reference_alone(served: House, callers: Callers) -> None:
    role = await served.role()
    credential = (await callers.owner.get(f"/api/credentials/{role.key_credential}")).json()
    await callers.owner.patch(f"/api/credentials/vaults/{credential['vault_id']}", {"second_person": True})
    asked = {"reveal": True, "reason": "a deployment by hand"}
    refused = await post(callers.owner, f"/identities/{role.id}/assume", asked, 403)
    assert refused["type"].endswith("second-person-needed")
    await post(callers.owner, f"/identities/{role.id}/assume", {})


async def test_f16_5_a_rotation_is_started_watched_cancelled_and_listed(served: House, callers: Callers) -> None:
    user = await served.user()
    started = await post(callers.owner, f"/identities/{user.id}/rotations", {}, 202)
    assert (started["state"], started["steps"]) == ("started", [])
    assert "@" in started["started_by"]
    again = await post(callers.owner, f"/identities/{user.id}/rotations", {}, 409)
    assert again["rotation_id"] == started["id"]
    assert (await callers.owner.delete(f"{BASE}/identities/{user.id}")).status == 409
    await served.rotating.advance(
        served.tenant.id, (await served.rotations.rotations(served.tenant.db, user.id, None, 1))[0].id
    )
    seen = (await callers.owner.get(f"{BASE}/rotations/{started['id']}")).json()
    assert [step["step"] for step in seen["steps"]] == ["listed", "stored", "verified", "switched", "deactivated"]
    assert seen["steps"][-1]["outcome"] == "waiting"
    assert all(step["at"] for step in seen["steps"])
    cancelled = await post(callers.owner, f"/rotations/{started['id']}/cancel", {}, 202)
    assert cancelled["cancelled_at"]
    rotation = await served.finish((await served.rotations.rotations(served.tenant.db, user.id, None, 1))[0].id)
    assert rotation.state == "rolled_back"
    for act in ("retry", "cancel"):
        assert (await post(callers.owner, f"/rotations/{started['id']}/{act}", {}, 409))["type"].endswith(
            "aws-rotation-ended"
        )
    listed = (await callers.owner.get(f"{BASE}/identities/{user.id}/rotations")).json()
    assert [item["state"] for item in listed["items"]] == ["rolled_back"]
    for secret in served.front.secrets.values():
        assert secret == "testing" or secret not in str(seen)


async def test_f16_1_two_keys_are_a_problem_that_names_them(served: House, callers: Callers) -> None:
    user = await served.user()
    other = await served.make_key(user_name_of(user))
    problem = await post(callers.owner, f"/identities/{user.id}/rotations", {}, 409)
    assert problem["type"].endswith("aws-two-keys")
    assert other.access_key_id in problem["access_key_ids"]
    await post(callers.owner, f"/identities/{user.id}/rotations", {"replace_key_id": other.access_key_id}, 202)


async def test_credentials_are_validated_stored_and_registered(served: House, callers: Callers) -> None:
    user = await served.user()
    said = await post(callers.owner, "/validate", {"credential_id": str(user.key_credential)})
    assert (said["arn"], said["as_registered"]) == (user.arn, None)
    assert (await post(callers.owner, f"/identities/{user.id}/validate"))["as_registered"] is True
    served.front.secrets.pop((await served.kept(user)).access_key_id)
    problem = await post(callers.owner, f"/identities/{user.id}/validate", {}, 409)
    assert problem["type"].endswith("aws-keys-refused")
    assert "store a key that is active" in problem["detail"]
