"""The long tail of providers, through LiteLLM's SDK in a process of its own with a Python of its own.

It takes some ten seconds and 300 MB to import and pins versions that are not ours: it is installed apart
(docs/how-to/connect-a-provider.md), started by the first call, and stopped when nobody has used it for a while.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from pathlib import Path

from radiant.ai.providers import litellm_child
from radiant.ai.providers.chat import ChatRequest, EmbeddingRequest, EmbeddingResult, Event
from radiant.ai.providers.errors import UpstreamUnreachable
from radiant.ai.providers.openai_compatible import OpenAICompatible
from radiant.ai.providers.provider import Connection, ListedModel, Secret
from radiant.ai.providers.vendors import Vendor
from radiant.ai.serving.child import Child, start_child
from radiant.ai.serving.problems import ModelLoadFailed
from radiant.infra.httpclient import HttpClient

NAME = "litellm"
_IDLE_SECONDS = 900.0
_LOOK_SECONDS = 30.0


class LiteLLM:
    """A `Provider`. `python`: one that has the package `litellm`; None: not installed here."""

    def __init__(self, http: HttpClient, vendor: Vendor, python: Path | None, *, idle: float = _IDLE_SECONDS) -> None:
        self.retries = 0
        self._protocol = OpenAICompatible(http, vendor, retries=self.retries)
        self._vendor = vendor
        self._python = python
        self._idle = idle
        self._child: Child | None = None
        self._changing = asyncio.Lock()
        self._users = 0
        self._used_at = 0.0
        self._watcher: asyncio.Task[None] | None = None

    async def stream(self, request: ChatRequest, connection: Connection) -> AsyncGenerator[Event, None]:
        """The answer as it comes."""
        async with (
            self._reached(connection) as reached,
            aclosing(self._protocol.stream(request, reached)) as events,
        ):
            async for event in events:
                yield event

    async def embed(self, request: EmbeddingRequest, connection: Connection) -> EmbeddingResult:
        """One vector for each input."""
        async with self._reached(connection) as reached:
            return await self._protocol.embed(request, reached)

    async def list_models(self, connection: Connection) -> Sequence[ListedModel]:
        """What LiteLLM knows of the provider's models."""
        async with self._reached(connection) as reached:
            return await self._protocol.list_models(reached)

    async def check(self, connection: Connection) -> None:
        """That the process starts; whether the key is right, only a call would tell, and it would cost."""
        async with self._reached(connection) as reached:
            await self._protocol.check(reached)

    @asynccontextmanager
    async def _reached(self, connection: Connection) -> AsyncIterator[Connection]:
        """The connection to our process, which is told whom to ask."""
        self._users += 1
        try:
            child = await self._running(connection.provider)
            asked = {
                "provider": connection.settings.get("provider", ""),
                "api_key": connection.api_key.reveal() if connection.api_key else "",
                "api_base": connection.base_url if connection.base_url != self._vendor.base_url else "",
                "timeout": connection.timeouts.total,
            }
            yield replace(
                connection,
                base_url=child.base_url,
                api_key=Secret(child.api_key),
                allow_private=True,
                keep_alive=False,
                headers={**connection.headers, "X-LiteLLM": json.dumps(asked)},
            )
        finally:
            self._users -= 1
            self._used_at = time.monotonic()

    async def _running(self, provider: str) -> Child:
        async with self._changing:
            if self._child is not None and self._child.alive:
                return self._child
            if self._python is None:
                raise UpstreamUnreachable(
                    "LiteLLM is not installed on this server: its operator makes an environment for it and names its"
                    " Python in RADIANT_LITELLM_PYTHON",
                    provider=provider,
                )
            command = (str(self._python), "-P", litellm_child.__file__)
            try:
                self._child = await start_child(NAME, "", {}, command=command)
            except (ModelLoadFailed, OSError) as error:
                raise UpstreamUnreachable(
                    f"LiteLLM does not start by {self._python}: {error}", provider=provider
                ) from error
            self._watcher = self._watcher or asyncio.create_task(self._stop_when_idle())
            return self._child

    async def _stop_when_idle(self) -> None:
        while True:
            await asyncio.sleep(min(_LOOK_SECONDS, self._idle))
            async with self._changing:
                if self._child is not None and not self._users and time.monotonic() - self._used_at > self._idle:
                    child, self._child = self._child, None
                    await child.stop()

    async def close(self) -> None:
        """End the process."""
        if self._watcher is not None:
            self._watcher.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watcher
        child, self._child = self._child, None
        if child is not None:
            await child.stop()
