"""A loopback server that keeps what is posted to it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass
class Hook:
    """What it got, and what it answers: each of `answers` (status, JSON) in turn, then `status` and nothing."""

    url: str = ""
    status: int = 200
    answers: list[tuple[int, Any]] = field(default_factory=list)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@asynccontextmanager
async def hook_server() -> AsyncIterator[Hook]:
    """Until the block ends."""
    hook = Hook()

    async def take(request: web.Request) -> web.Response:
        hook.got.append((dict(request.headers), await request.read()))
        if not hook.answers:
            return web.Response(status=hook.status)
        status, answer = hook.answers.pop(0)
        return web.json_response(answer, status=status)

    app = web.Application()
    app.router.add_post("/", take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    hook.url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    try:
        yield hook
    finally:
        await runner.cleanup()
