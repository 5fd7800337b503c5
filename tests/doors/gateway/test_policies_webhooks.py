"""A tenant's own server as a guardrail: signed, bounded in time, and never inside."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from tests.doors.gateway.test_policies import make
from tests.doors.gateway.test_policies_guardrails import chat, frames, put, sent_text
from tests.kit.fixtures import Callers
from tests.kit.server import Client, Server
from tests.kit.upstream import Upstream


@dataclass
class Hook:
    """A webhook on loopback. `says` is its next answer; `wait` seconds before it."""

    url: str = ""
    says: Any = None
    status: int = 200
    wait: float = 0.0
    heard: list[tuple[dict[str, str], bytes]] = field(default_factory=list[Any])


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    running = Hook(says={"action": "allow"})

    async def answer(request: web.Request) -> web.Response:
        running.heard.append((dict(request.headers), await request.read()))
        await asyncio.sleep(running.wait)
        return web.json_response(running.says, status=running.status)

    app = web.Application()
    app.router.add_post("/hook", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    running.url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}/hook"  # type: ignore[union-attr]
    yield running
    await runner.cleanup()


async def hooked(server: Server, callers: Callers, hook: Hook, **settings: Any) -> dict[str, Any]:
    """A webhook's guardrail that leads to loopback, which no tenant could write."""
    given = {"url": "https://hooks.example.org/x", "timeout_ms": 400, **settings}
    made = await put(callers, await make(callers), kind="webhook", stage="both", settings=given)
    server.app.state.gateway.inference.policies.guardrails.allow_private = True
    async with server.database.system("test").tx() as tx:
        await tx.run(
            "update guardrails set settings = jsonb_set(settings, '{url}', to_jsonb($1::text)) where id = $2",
            hook.url, made["id"],
        )  # fmt: skip
    await server.app.state.changes.caught_up()
    return made


async def test_a_webhook_is_asked_by_a_signed_request_and_may_allow_deny_and_replace(
    server: Server, key: Client, callers: Callers, upstream: Upstream, hook: Hook
) -> None:
    made = await hooked(server, callers, hook)
    assert (await chat(key, "Hello")).status == 200
    (headers, body), after = hook.heard[0], json.loads(hook.heard[1][1])
    asked = json.loads(body)
    assert (asked["stage"], asked["texts"], asked["model"]) == ("before", ["Hello"], "gpt-4o")
    assert (after["stage"], after["texts"]) == ("after", ["Hello from upstream."])
    fields = dict(part.split("=") for part in headers["X-Radiant-Signature"].split(","))
    digest = hmac.new(made["signing_secret"].encode(), f"{fields['t']}.".encode() + body, hashlib.sha256)
    assert hmac.compare_digest(digest.hexdigest(), fields["v1"])
    hook.says = {"action": "deny", "reason": "not on Sundays"}
    refused = await chat(key, "Hello")
    assert (refused.status, "not on Sundays" in refused.json()["error"]["message"]) == (403, True)
    hook.says = {"action": "replace", "texts": ["Something else"]}
    answer = await chat(key, "Hello", stream=True)
    assert sent_text(upstream) == "Something else"
    said = "".join(c["delta"].get("content") or "" for chunk in frames(answer) for c in chunk["choices"])
    assert said == "Something else"


@pytest.mark.parametrize("fault", ["slow", "status", "form", "count"])
@pytest.mark.parametrize("on_failure", ["open", "closed"])
async def test_a_webhook_that_fails_lets_through_or_refuses_by_setting(
    server: Server, key: Client, callers: Callers, upstream: Upstream, hook: Hook, fault: str, on_failure: str
) -> None:
    await hooked(server, callers, hook, on_failure=on_failure)
    hook.wait = 0.8 if fault == "slow" else 0
    hook.status = 500 if fault == "status" else 200
    hook.says = {"form": ["?"], "count": {"action": "replace", "texts": []}}.get(fault, {"action": "allow"})
    assert (await chat(key, "Hello")).status == (200 if on_failure == "open" else 403)


async def test_a_webhook_of_a_tenants_reaches_nothing_inside(
    server: Server, key: Client, callers: Callers, upstream: Upstream, hook: Hook
) -> None:
    await hooked(server, callers, hook)
    server.app.state.gateway.inference.policies.guardrails.allow_private = False
    server.app.state.changes._all_changed()
    refused = await chat(key, "Hello")
    assert (refused.status, "could not be asked" in refused.json()["error"]["message"]) == (403, True)
    assert hook.heard == []
