"""The embedded models as a provider: OpenAI's protocol, over a lease of the host that runs them."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace

from radiant.ai.providers import local_more
from radiant.ai.providers.chat import ChatRequest, EmbeddingRequest, EmbeddingResult, Event
from radiant.ai.providers.local_tools import prepare
from radiant.ai.providers.openai_compatible import OpenAICompatible
from radiant.ai.providers.provider import Connection, ListedModel, Secret, Timeouts
from radiant.ai.providers.vendors import LOCAL
from radiant.ai.serving.host import Host
from radiant.ai.serving.running import Endpoint
from radiant.infra.httpclient import HttpClient

# A long prompt takes a minute on one busy core before the first word comes (research: 50 s for 1,000 tokens).
_TIMEOUTS = Timeouts(connect=5.0, first=600.0, idle=600.0)


class LocalProvider:
    """A `Provider`. Of the connection only `timeouts.total` counts: where the model is, the host knows.

    Besides `UpstreamError` it raises the problems of `serving.problems`: not installed, busy, crashed, ….
    """

    def __init__(self, http: HttpClient, host: Host) -> None:
        self._http = http
        self._host = host
        # A process that died is gone, and a busy one says so through the host's queue.
        self.retries = 0
        self._protocol = OpenAICompatible(http, LOCAL, retries=self.retries)

    async def stream(self, request: ChatRequest, connection: Connection) -> AsyncGenerator[Event, None]:
        """The answer as it comes, holding the model's turn until it ends or is closed."""
        request, reader = prepare(request)
        async with (
            self._host.lease(request.model) as endpoint,
            aclosing(self._protocol.stream(request, _at(endpoint, connection))) as events,
        ):
            async for event in events:
                for out in (event,) if reader is None else reader.feed(event):
                    yield out

    async def embed(self, request: EmbeddingRequest, connection: Connection) -> EmbeddingResult:
        """One vector for each input."""
        async with self._host.lease(request.model) as endpoint:
            return await self._protocol.embed(request, _at(endpoint, connection))

    async def count_tokens(self, request: ChatRequest, connection: Connection) -> int:
        """How many tokens the prompt has for this model, counted by itself; it is loaded for that."""
        request, _ = prepare(request)
        async with self._host.lease(request.model) as endpoint:
            at = _at(endpoint, connection)
            # The server's own paths lie beside those of OpenAI's protocol.
            at = replace(at, base_url=at.base_url.removesuffix("/v1"))
            return await local_more.count_tokens(self._http, request, at)

    def completing(self) -> "LocalCompletions":
        """The same models, going on from a plain text instead of answering."""
        return LocalCompletions(self._http, self._host)

    async def list_models(self, connection: Connection) -> Sequence[ListedModel]:
        """The models that were asked for since the start; the catalogue knows all that are installed."""
        return [ListedModel(model_id) for model_id in self._host.states()]

    async def check(self, connection: Connection) -> None:
        """There is nothing to check: no key, no address."""


class LocalCompletions(LocalProvider):
    """A `Provider` whose `stream` goes on from the text of the request's only message: no template, no roles."""

    async def stream(self, request: ChatRequest, connection: Connection) -> AsyncGenerator[Event, None]:
        """What follows the text, holding the model's turn until it ends or is closed."""
        async with (
            self._host.lease(request.model) as endpoint,
            aclosing(local_more.complete(self._http, request, _at(endpoint, connection))) as events,
        ):
            async for event in events:
                yield event


def _at(endpoint: Endpoint, connection: Connection) -> Connection:
    return Connection(
        provider="local",
        base_url=endpoint.base_url,
        api_key=Secret(endpoint.api_key),
        timeouts=replace(_TIMEOUTS, total=connection.timeouts.total),
        allow_private=True,
        # The server closes kept connections whenever it likes, and a request that meets this is not repeated.
        keep_alive=False,
    )
