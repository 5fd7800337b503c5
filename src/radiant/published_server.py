"""The origin of published canvases: a port of its own in the API process, or a host of its own on the same port."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import structlog
from starlette.types import ASGIApp, Scope

from radiant.config import Settings

log = structlog.get_logger()
_STOP_SECONDS = 5


def host_of(settings: Settings) -> str | None:
    """The Host header of published canvases, where they have a host of their own."""
    return urlsplit(settings.published_url).netloc.lower() if settings.published_url else None


def is_for(scope: Scope, host: str | None) -> bool:
    """Whether a request is for that host."""
    if host is None or scope["type"] not in ("http", "websocket"):
        return False
    return next((value.decode("latin-1").lower() for name, value in scope["headers"] if name == b"host"), "") == host


@contextlib.asynccontextmanager
async def serving_published(settings: Settings, app: ASGIApp) -> AsyncIterator[str]:
    """Serve published canvases until the block ends; their address. A port that is taken is said in the log, and then they
    are not served: everything else is."""
    listener = _listener(settings)
    if listener is None:
        yield (settings.published_url or _url(settings, _port(settings) or 0)).rstrip("/")
        return
    import uvicorn

    server = uvicorn.Server(
        uvicorn.Config(
            app, lifespan="off", log_config=None, access_log=False, server_header=False, ws="none",
            timeout_graceful_shutdown=_STOP_SECONDS,
        )
    )  # fmt: skip
    # Signals are the main server's.
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]
    task = asyncio.create_task(server.serve([listener]))
    try:
        yield (settings.published_url or _url(settings, listener.getsockname()[1])).rstrip("/")
    finally:
        server.should_exit = True
        await task
        listener.close()


def _port(settings: Settings) -> int | None:
    if settings.published_port is not None:
        return settings.published_port
    return None if settings.published_url else settings.port + 1


def _url(settings: Settings, port: int) -> str:
    parts = urlsplit(settings.base_url)
    return f"{parts.scheme}://{parts.hostname}:{port}"


def _listener(settings: Settings) -> socket.socket | None:
    port = _port(settings)
    if port is None:
        return None
    listener = socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, port))
        listener.listen()
    except (OSError, OverflowError) as error:
        listener.close()
        log.error("published.port_taken", port=port, host=settings.host, error=str(error))
        return None
    return listener
