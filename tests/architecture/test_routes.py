"""Every route: not signed in, another tenant, another person, a wrong role. New routes are swept by themselves."""

import asyncio
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from uuid import UUID

import aiohttp
import pytest
from fastapi.routing import APIRoute

from radiant.api import build_api
from radiant.config import Settings
from radiant.kit.ids import UserId, uuid7
from tests.kit.authenticator import new_passkey
from tests.kit.fixtures import Callers
from tests.kit.server import Client
from tests.kit.upstream import Upstream
from tests.workspace.canvas.kit import add as add_artifact
from tests.workspace.canvas.kit import make_canvas
from tests.workspace.collaboration.kit import ROOMS, make_room
from tests.workspace.documents.kit import make_base, put_text
from tests.workspace.memory.kit import MEMORIES, add
from tests.workspace.merging.kit import begin, given
from tests.workspace.reasoning.kit import begin as begin_session
from tests.workspace.turns.test_turns import ask, chat_of, events

# Routes that need no caller, and why.
OPEN = {
    ("GET", "/api/health"): "load balancers ask it",
    ("POST", "/api/session"): "it is the sign-in",
    ("GET", "/api/objects/{key}"): "the signed link is the right",
    ("POST", "/api/invitation/look"): "the token is the right",
    ("POST", "/api/invitation/accept"): "the token is the right",
    ("GET", "/api/sign-in/ways"): "asked before the sign-in",
    ("POST", "/api/password-reset"): "who forgot the password cannot sign in",
    ("POST", "/api/password-reset/finish"): "the token is the right",
    ("POST", "/api/session/passkey/options"): "it begins a sign-in",
    ("POST", "/api/session/passkey"): "it is a sign-in",
    ("POST", "/api/session/second-factor"): "it is the second step of the sign-in",
    ("GET", "/api/sso/workspaces/{slug}"): "asked before the sign-in",
    ("GET", "/api/sso/workspaces/{slug}/start"): "it begins the sign-in",
    ("GET", "/api/sso/callback"): "it ends the sign-in",
    ("GET", "/api/shared/{token}"): "the token is the right",
    ("GET", "/api/shared/{token}/pictures/{number}"): "the token is the right",
}
# What everybody sees: nothing foreign can be named by it.
UNNAMED = {"provider", "model_id", "whom", "preference_key", "built_in_tool"}
GUARDRAIL = {"name": "g", "kind": "secrets", "stage": "before"}
# What admins of the tenant see, whoever made it.
OF_ADMINS = {
    "user_id", "key_id", "tenant_id", "budget_id", "limit_id", "policy_id", "invitation_id", "group_id", "rule_id",
    "error_group_id", "error_id", "project_id",
    "vault_id", "credential_id", "member_id", "reveal_request_id", "rotation_id", "mirror_id", "aws_identity_id", "aws_rotation_id", "tool_id",
    "tool_server_id", "tool_name",
}  # fmt: skip
FOREIGN_ID = "01a204fa-5bf7-74a5-889a-d39cb4a4b580"


def _routes() -> list[tuple[str, str]]:
    app = build_api(Settings(models="none"))
    found: list[tuple[str, str]] = []

    def walk(routes: Any) -> None:
        for route in routes:
            if isinstance(route, APIRoute) and route.include_in_schema:
                path = re.sub(r":path", "", route.path)
                found.extend((method, path) for method in sorted(route.methods))
            elif hasattr(route, "original_router"):
                walk(route.original_router.routes)

    walk(app.routes)
    return found


ROUTES = _routes()


def test_the_sweep_finds_the_routes() -> None:
    assert len(ROUTES) > 40
    assert set(OPEN) <= set(ROUTES)


def _filled(path: str, ids: dict[str, str]) -> str:
    return re.sub(r"{(\w+)}", lambda match: ids.get(match[1], FOREIGN_ID), path)


async def _send(client: Client, method: str, path: str) -> int:
    body = None if method in ("GET", "DELETE") and "profile" not in path else {}
    async with client.http.request(method, client.base_url + path, json=body, headers=client.headers) as response:
        return response.status


@pytest.mark.parametrize(("method", "path"), [route for route in ROUTES if route not in OPEN])
async def test_f0_1_nobody_gets_in(callers: Callers, method: str, path: str) -> None:
    assert await _send(callers.nobody, method, _filled(path, {})) == 401


def by_area(routes: Iterable[tuple[str, str]]) -> dict[str, list[tuple[str, str]]]:
    """Routes by what they are about, the ones that delete last: making what they name takes longer than asking them."""
    found: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for route in sorted(routes, key=lambda route: route[0] == "DELETE"):
        found[route[1].split("/")[2]].append(route)
    return found


NAMING = by_area(route for route in ROUTES if route not in OPEN and set(re.findall(r"{(\w+)}", route[1])) - UNNAMED)


@pytest.mark.parametrize("area", NAMING)
async def test_f0_5_an_id_of_another_tenant_or_person_is_not_found(
    callers: Callers, upstream: Upstream, area: str
) -> None:
    ids = await _things_of(callers.member, callers)
    for method, path in NAMING[area]:
        await _is_not_found(callers, ids, method, path)


async def _is_not_found(callers: Callers, ids: dict[str, str], method: str, path: str) -> None:
    names = set(re.findall(r"{(\w+)}", path))
    assert names <= set(ids), f"the sweep does not know how to make a {names - set(ids)}: add it to _things_of"
    bodies: dict[str, Any] = {
        "turns": {"content": [{"type": "text", "text": "x"}]},
        "{policy_id}": {"name": "p"},
        "{rule_id}": {"name": "r", "target_model": "gpt-4o"},
        "keys": {"name": "k"},
        "feedback": {"good": True},
        "again": {"strategy": "debate"},
        "{project_id}": {"name": "p", "slug": "p"},
        "split": {"fingerprints": [FOREIGN_ID]},
        "action": {"enabled": False},
        "{member_id}": {"role": "user"},
        "{participant_id}": {"role": "viewer"},
        "participants": {"email": "x@example.org"},
        "history": {"action_type": "swept"},
        "cursor": {"cursor_position": None},
        "restore": {"seq": 0},
        "comments": {"body": "x"},
        "{room_version_id}": {"name": "v"},
        "credentials": {"name": "c", "type": "text", "value": "v"},
        "versions": {"name": "v"} if names & {"room_id", "artifact_id"} else {"value": "v"},
        "reveal": {"reason": "sweep"},
        "reveal-requests": {"reason": "sweep"},
        "sync": {"mode": "broadcast"},
        "{canvas_id}": {"canvas_name": "c"},
        "artifacts": {"type": "code", "content": "x"},
        "{artifact_id}": {"version": 1, "title": "t"},
        "put": {"from": {"kind": "merge", "merge_id": FOREIGN_ID}},
        "proposals": {"instruction": "x", "model": "gpt-4o"},
        "steer": {"kind": "pause"},
        # A pane's names the message in its body, a chat's in its address.
        "retry": {"message_id": ids["message_id"]} if "pane_id" in names else {},
        "edit": {"message_id": ids["message_id"], "content": [{"type": "text", "text": "x"}]},
        "common": {"turn": 1, "text": "x"},
        "best": {"message_id": ids["message_id"]},
        "mirrors": {"region": "eu-west-1", "secret_id": "x", "access_credential_id": FOREIGN_ID},
        "texts": {"name": "a.txt", "text": "x"},
        "relationships": {"target_memory_id": FOREIGN_ID, "relationship_type": "like"},
        "{tool_server_id}": {"is_active": False},
        "{aws_identity_id}": {"name": "n", "key_credential": FOREIGN_ID},
        "synthesis": {"text": "x"},
        "ask": {"question": "x", "at_ms": 0},
    }
    bodies |= {"guardrails": GUARDRAIL if method == "POST" else {"guardrails": []}, "{guardrail_id}": GUARDRAIL}
    body = bodies.get(path.rpartition("/")[2], {})
    strangers = [callers.foreign_owner] + ([] if OF_ADMINS & names else [callers.owner])
    for stranger in strangers:
        answer = await stranger.send(method, _filled(path, ids), json=None if method == "GET" else body)
        expected = {403} if "tenant_id" in names else {404}
        assert answer.status in expected, (path, answer.status, answer.body)


async def _of_policies(client: Client, callers: Callers) -> dict[str, str]:
    policy = (await callers.owner.post("/api/policies", {"name": "p", "logging": {}})).json()["id"]
    guardrail = await callers.owner.post(f"/api/policies/{policy}/guardrails", GUARDRAIL)
    secret = (await client.post("/api/keys", {"name": "logged"})).json()["secret"]
    program = Client(client.base_url, client.http, {"Authorization": f"Bearer {secret}"})
    await program.post("/v1/chat/completions", {"model": "gpt-4o", "messages": [{"role": "user", "content": "x"}]})
    logs: list[Any] = []
    while not logs:
        await asyncio.sleep(0.02)
        logs = (await client.get("/api/policies/logs")).json()["items"]
    return {"policy_id": policy, "guardrail_id": guardrail.json()["id"], "log_id": logs[0]["id"]}


async def _of_vaults(callers: Callers) -> dict[str, str]:
    base = "/api/credentials"
    vault = (await callers.owner.post(f"{base}/vaults", {"name": "sweep", "second_person": True})).json()["id"]
    new = {"name": "sweep", "type": "text", "value": "v"}
    credential = (await callers.owner.post(f"{base}/vaults/{vault}/credentials", new)).json()["id"]
    asked = (await callers.owner.post(f"{base}/{credential}/reveal-requests", {"reason": "sweep"})).json()["id"]
    plain = (await callers.owner.post(f"{base}/vaults", {"name": "sweep too"})).json()["id"]
    key = {"name": "key", "type": "aws", "fields": {"access_key_id": "AKIASWEEP", "secret_access_key": "s"}}
    aws = (await callers.owner.post(f"{base}/vaults/{plain}/credentials", key)).json()["id"]
    mirror = {"region": "eu-west-1", "secret_id": "sweep", "access_credential_id": aws}
    by = {"rotator": "webhook", "settings": {"url": "https://example.org", "signing": aws}}
    await callers.owner.put(f"{base}/{aws}/rotation", by)
    return {
        "rotation_id": (await callers.owner.post(f"{base}/{aws}/rotations", {})).json()["id"],
        "mirror_id": (await callers.owner.post(f"{base}/{aws}/mirrors", mirror)).json()["id"],
        "vault_id": vault,
        "credential_id": credential,
        "reveal_request_id": asked,
        "member_id": str(callers.member_id),
        "whom": "people",
    }


async def _of_aws(callers: Callers, vault_id: str) -> dict[str, str]:
    fields = {"access_key_id": "AKIAIOSFODNN7EXAMPLE", "secret_access_key": "sweep"}
    new = {"name": "aws", "type": "aws", "fields": fields}
    credential = (await callers.owner.post(f"/api/credentials/vaults/{vault_id}/credentials", new)).json()["id"]
    user = {"name": "sweep", "arn": "arn:aws:iam::123456789012:user/sweep", "key_credential": credential}
    identity = (await callers.owner.post("/api/aws-credentials/identities", user)).json()["id"]
    async with callers.tenant.db.tx() as tx:
        rotation = await tx.value(
            "insert into aws_key_rotations (tenant_id, identity_id) values ($1, $2) returning id",
            tx.tenant_id, UUID(identity),
        )  # fmt: skip
    return {"aws_identity_id": identity, "aws_rotation_id": str(rotation)}


async def _of_tools(callers: Callers, credential_id: str) -> dict[str, str]:
    new = {
        "name": "sweep", "description": "d", "parameters": {"type": "object"}, "url": "https://x.example.org/",
        "credential_id": credential_id,
    }  # fmt: skip
    tool = (await callers.owner.post("/api/tools/webhooks", new)).json()
    server = {"name": "sweep", "url": "https://mcp.example.org/"}
    return {
        "tool_id": tool["id"],
        "tool_name": tool["name"],
        "tool_server_id": (await callers.owner.post("/api/tools/servers", server)).json()["id"],
    }


async def _of_personalization(client: Client) -> dict[str, str]:
    """After a turn: there is something to count. A preference's key names what is the caller's own alone."""
    await client.post("/api/personalization/learn", {"messages": [{"role": "user", "content": "I love coffee"}]})
    pattern = (await client.get("/api/personalization/patterns")).json()["items"][0]
    return {"pattern_id": pattern["id"], "preference_key": "likes.coffee"}


async def _of_memory(client: Client) -> dict[str, str]:
    one, other = [(await add(client, text))["memory"] for text in ("The sky is blue.", "Grass is green.")]
    edge = {"target_memory_id": other["id"], "relationship_type": "like"}
    joined = (await client.post(f"{MEMORIES}/{one['id']}/relationships", edge)).json()
    return {"store_id": one["store_id"], "memory_id": one["id"], "relationship_id": joined["id"]}


async def _of_canvases(client: Client) -> dict[str, str]:
    canvas = await make_canvas(client)
    artifact = await add_artifact(client, canvas["id"])
    base = f"/api/canvas/canvases/{canvas['id']}"
    body = {"instruction": "Shorter.", "model": "gpt-4o"}
    return {
        "canvas_id": canvas["id"],
        "artifact_id": artifact["id"],
        "version": "1",
        "proposal_id": (await client.post(f"{base}/artifacts/{artifact['id']}/proposals", body)).json()["id"],
        "publication_id": (await client.post(f"{base}/publications")).json()["id"],
    }


async def _of_documents(client: Client) -> dict[str, str]:
    base = await make_base(client)
    return {"base_id": base, "document_id": (await put_text(client, base, "a.txt", "The sky is blue."))["id"]}


async def _of_voice(client: Client, callers: Callers) -> dict[str, str]:
    session = (await client.post("/api/voice/sessions", {"session_type": "realtime"})).json()["id"]
    ids = {"voice_session_id": session, "transcription_id": str(uuid7()), "synthesis_id": str(uuid7())}
    ids["video_id"] = str(uuid7())
    person = UserId(UUID((await client.get("/api/session")).json()["user"]["id"]))
    async with replace(callers.tenant.db, user_id=person).tx() as tx:
        await tx.run(
            "insert into voice_transcriptions (tenant_id, user_id, session_id, id, transcription, audio_url)"
            " values ($1::uuid, $2, $3, $4, 'x', $1::uuid::text || '/files/x')",
            tx.tenant_id, tx.user_id, UUID(session), UUID(ids["transcription_id"]),
        )  # fmt: skip
        await tx.run(
            "insert into voice_synthesis (tenant_id, user_id, session_id, id, input_text, voice_id, audio_url)"
            " values ($1::uuid, $2, $3, $4, 'x', 'v', $1::uuid::text || '/files/x')",
            tx.tenant_id, tx.user_id, UUID(session), UUID(ids["synthesis_id"]),
        )  # fmt: skip
        await tx.run(
            "insert into voice_videos (tenant_id, user_id, session_id, id, video_url, media_type, duration_ms, width,"
            " height, has_sound, has_pictures, status) values ($1::uuid, $2, $3, $4, $1::uuid::text || '/files/x',"
            " 'video/mp4', 1000, 16, 16, false, true, 'done')",
            tx.tenant_id, tx.user_id, UUID(session), UUID(ids["video_id"]),
        )  # fmt: skip
    return ids


async def _things_of(client: Client, callers: Callers) -> dict[str, str]:
    """One of each thing that a path can name, of our member."""
    chat_id = await chat_of(client)
    turn = await ask(client, chat_id, "Hello?")
    await events(client, turn["run_id"])
    key = (await client.post("/api/keys", {"name": "k"})).json()
    form = aiohttp.FormData()
    form.add_field("file", b"text", filename="a.txt", content_type="text/plain")
    asset = (await client.send("POST", "/api/files", data=form)).json()
    session = (await client.get("/api/sessions")).json()["items"][0]
    budget = (await callers.owner.post("/api/budgets", {"period": "day", "amount": "5"})).json()
    new_limit = {"meter": "requests", "period": "minute", "amount": 500}
    limit = (await callers.owner.post("/api/limits", new_limit)).json()
    project = (await callers.owner.post("/api/errors/projects", {"name": "p", "slug": f"p-{chat_id[-12:]}"})).json()
    error = (await callers.owner.post("/api/errors", {"message": "of the sweep"})).json()["id"]
    await callers.owner.get("/api/errors/groups")
    vault = await _of_vaults(callers)
    panes = (await client.post("/api/concurrent-chat/sessions", {"panes": [{"chat_id": chat_id}, {}]})).json()
    await client.post(f"/api/chats/{chat_id}/share")
    return {
        "concurrent_session_id": panes["id"],
        "pane_id": panes["panes"][0]["id"],
        "project_id": str(project["id"]),
        "error_id": error,
        "error_group_id": (await callers.owner.get(f"/api/errors/{error}")).json()["group_id"],
        "chat_id": chat_id,
        "message_id": turn["assistant_message"]["id"],
        "run_id": turn["run_id"],
        "key_id": key["id"],
        "merge_id": (await begin(client, "Hello?", "consensus", responses=given("Yes.")))["id"],
        "reasoning_session_id": await begin_session(client, "What is 2 + 2?", budget={"steps": 0}),
        "asset_id": asset["id"],
        "session_id": session["id"],
        **await _of_canvases(client),
        **await _of_memory(client),
        **await _of_documents(client),
        **await _of_personalization(client),
        "invitation_id": (await callers.owner.post("/api/invitations", {"email": "i@example.org"})).json()["id"],
        "group_id": await a_group(callers),
        "passkey_id": (await new_passkey(client))["id"],
        "user_id": str(callers.member_id),
        "budget_id": budget["id"],
        "limit_id": limit["id"],
        **await _of_policies(client, callers),
        **vault,
        **await _of_aws(callers, vault["vault_id"]),
        **await _of_tools(callers, vault["credential_id"]),
        **await _of_rooms(client, callers),
        **await _of_voice(client, callers),
        "rule_id": (await callers.owner.post("/api/routing/rules", {"name": "r", "target_model": "gpt-4o"})).json()[
            "id"
        ],
        "tenant_id": str(UUID(str(callers.tenant.id))),
    }


async def _of_rooms(client: Client, callers: Callers) -> dict[str, str]:
    room_id = await make_room(client)
    place = f"{ROOMS}/{room_id}"
    return {
        "room_id": room_id,
        "participant_id": str(callers.member_id),
        "room_invitation_id": (await client.post(f"{place}/invitations", {})).json()["id"],
        "room_version_id": (await client.post(f"{place}/versions", {"name": "v"})).json()["id"],
        "comment_id": (await client.post(f"{place}/comments", {"body": "x"})).json()["id"],
    }


async def a_group(callers: Callers) -> str:
    """A group that our member is in."""
    group = (await callers.owner.post("/api/groups", {"name": "Sweepers"})).json()
    await callers.owner.put(f"/api/groups/{group['id']}/members/{callers.member_id}", None)
    return group["id"]


# What a viewer may change: nothing but their own sign-in.
VIEWERS = {
    "/api/session",
    "/api/sso/sign-out",
    "/api/sessions/{session_id}",
    "/api/profile",
    "/api/profile/password",
    "/api/profile/totp",
    "/api/profile/totp/confirm",
    "/api/profile/recovery-codes",
    "/api/profile/passkeys",
    "/api/profile/passkeys/options",
    "/api/profile/passkeys/{passkey_id}",
    "/api/runs/{run_id}/cancel",
    "/api/errors/page",
}


@pytest.mark.parametrize(
    ("method", "path"),
    [route for route in ROUTES if route[0] != "GET" and route not in OPEN and route[1] not in VIEWERS],
)
async def test_a_viewer_changes_nothing(callers: Callers, method: str, path: str) -> None:
    bodies: dict[str, Any] = {
        "/api/keys": {"name": "k"},
        "/api/users": {"email": "x@example.org"},
        "/api/chats/{chat_id}/turns": {"content": [{"type": "text", "text": "x"}]},
    }
    answer = await callers.viewer.send(method, _filled(path, {}), json=bodies.get(path, {}))
    # 404: of what is not theirs they do not even learn that it may not be changed. 422: refused before anything.
    assert answer.status in (403, 404, 422), (path, answer.status)
