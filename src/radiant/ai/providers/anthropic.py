"""Anthropic's Messages API."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import msgspec

from radiant.ai.providers.anthropic_answer import Answer
from radiant.ai.providers.anthropic_request import message_body, sampling_allowed
from radiant.ai.providers.chat import ChatRequest, EmbeddingRequest, EmbeddingResult, Event
from radiant.ai.providers.errors import CutStream, UpstreamBadRequest
from radiant.ai.providers.provider import Connection, ListedModel
from radiant.ai.providers.retry import RETRIES, retried
from radiant.ai.providers.vendors import Vendor
from radiant.ai.providers.wire import Deadline, call_events, call_json, drain
from radiant.infra.httpclient import HttpClient

# The newer version refuses temperature and top_p even where the model takes them; the older one is kept for that.
VERSION = "2026-10-21"
VERSION_WITH_SAMPLING = "2023-06-01"


class _Model(msgspec.Struct):
    id: str
    max_input_tokens: int | None = None


class _Models(msgspec.Struct):
    data: list[_Model]


class Anthropic:
    """A `Provider` for the Messages API. It has no embeddings."""

    retries = RETRIES

    def __init__(self, http: HttpClient, vendor: Vendor) -> None:
        self._http = http
        self._vendor = vendor

    async def stream(self, request: ChatRequest, connection: Connection) -> AsyncGenerator[Event, None]:
        """The answer as it comes."""
        deadline = Deadline(connection.timeouts.total)
        body = message_body(request, self._vendor)
        version = VERSION_WITH_SAMPLING if sampling_allowed(request, self._vendor) else VERSION
        headers = {**_headers(connection, version), "Accept": "text/event-stream"}
        answer = Answer(connection)
        path = _path(connection, "/messages")
        async with aclosing(call_events(self._http, path, connection, headers, body, deadline)) as events:
            async for event in events:
                for piece in answer.feed(event.data):
                    yield piece
                if answer.finished:
                    await drain(events)
                    return
        raise CutStream(f"{connection.provider} ended in mid-answer", provider=connection.provider)

    async def embed(self, request: EmbeddingRequest, connection: Connection) -> EmbeddingResult:
        """Raises UpstreamBadRequest: this provider has no embeddings."""
        raise UpstreamBadRequest(
            f"{connection.provider} has no embeddings: {request.model} is not one of its models",
            provider=connection.provider,
        )

    async def list_models(self, connection: Connection) -> Sequence[ListedModel]:
        """What this key may use."""
        deadline = Deadline(connection.timeouts.total)

        async def attempt() -> _Models:
            return await self._models(connection, 1000, deadline)

        page = await retried(attempt, deadline.at)
        return [ListedModel(model.id, model.max_input_tokens) for model in page.data]

    async def check(self, connection: Connection) -> None:
        """One GET, not repeated, in at most 15 seconds: a person is waiting for it."""
        await self._models(connection, 1, Deadline(15.0))

    async def _models(self, connection: Connection, limit: int, deadline: Deadline) -> _Models:
        path = _path(connection, f"/models?limit={limit}")
        return await call_json(
            self._http, "GET", path, connection, _headers(connection, VERSION), None, _Models, deadline
        )


def _path(connection: Connection, path: str) -> str:
    """People enter the address with and without its /v1."""
    return path if connection.base_url.rstrip("/").endswith("/v1") else f"/v1{path}"


def _headers(connection: Connection, version: str) -> dict[str, str]:
    headers = {"Content-Type": "application/json", "anthropic-version": version}
    if connection.api_key:
        headers["x-api-key"] = connection.api_key.reveal()
    return headers
