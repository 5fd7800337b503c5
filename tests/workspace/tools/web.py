"""A loopback web of whatever a test wants to be answered."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Web:
    """Its address, and the paths that were asked for."""

    url: str = ""
    port: int = 0
    got: list[web.Request] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)


@asynccontextmanager
async def web_of(answer: Answer, host: str = "127.0.0.1") -> AsyncIterator[Web]:
    """Until the block ends."""
    made = Web()

    async def take(request: web.Request) -> web.StreamResponse:
        made.got.append(request)
        made.bodies.append(await request.read())
        return await answer(request)

    app = web.Application(client_max_size=2**26)
    app.router.add_route("*", "/{path:.*}", take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, host, 0)
    await site.start()
    made.port = runner.addresses[0][1]
    made.url = f"http://{host}:{made.port}"
    try:
        yield made
    finally:
        await runner.cleanup()
