"""The protocol that most speak: OpenAI's chat completions, embeddings and models, over any vendor's address."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import msgspec

from radiant.ai.providers.chat import ChatRequest, EmbeddingRequest, EmbeddingResult, Event
from radiant.ai.providers.errors import CutStream, MalformedStream
from radiant.ai.providers.openai_answer import Answer, WireUsage
from radiant.ai.providers.openai_request import Json, chat_body
from radiant.ai.providers.provider import Connection, ListedModel
from radiant.ai.providers.retry import RETRIES, retried
from radiant.ai.providers.vendors import Vendor
from radiant.ai.providers.wire import Deadline, call_events, call_json, drain
from radiant.infra.httpclient import HttpClient


class _Embedding(msgspec.Struct):
    embedding: list[float]
    index: int | None = None


class _Embeddings(msgspec.Struct):
    data: list[_Embedding]
    usage: WireUsage | None = None


class _Model(msgspec.Struct):
    id: str
    # Every vendor's own name for the same number.
    context_length: int | None = None
    max_model_len: int | None = None
    context_window: int | None = None
    max_context_length: int | None = None


class _Models(msgspec.Struct):
    data: list[_Model] | None = None


class OpenAICompatible:
    """A `Provider` for one vendor of the table."""

    def __init__(self, http: HttpClient, vendor: Vendor, *, retries: int = RETRIES) -> None:
        self._http = http
        self._vendor = vendor
        self.retries = retries

    async def stream(self, request: ChatRequest, connection: Connection) -> AsyncGenerator[Event, None]:
        """The answer as it comes."""
        deadline = Deadline(connection.timeouts.total)
        body = chat_body(request, self._vendor)
        connection = self._at(connection)
        answer = Answer(connection, logprobs=request.logprobs is not None)
        headers = {**self._headers(connection), "Accept": "text/event-stream"}
        async with aclosing(
            call_events(
                self._http,
                self._path(connection, "/chat/completions", body["model"]),
                connection,
                headers,
                body,
                deadline,
            )
        ) as events:
            async for event in events:
                if event.data == b"[DONE]":
                    break
                for piece in answer.feed(event.data):
                    yield piece
            for last in _last(answer, connection):
                yield last
            await drain(events)

    async def embed(self, request: EmbeddingRequest, connection: Connection) -> EmbeddingResult:
        """One vector for each input, in order."""
        deadline = Deadline(connection.timeouts.total)
        body: Json = {"model": request.model, "input": list(request.inputs), "encoding_format": "float"}
        if request.dimensions is not None:
            body["dimensions"] = request.dimensions

        connection = self._at(connection)
        path = self._path(connection, "/embeddings", request.model)
        answer = await call_json(
            self._http, "POST", path, connection, self._headers(connection), body, _Embeddings, deadline
        )
        if len(answer.data) != len(request.inputs):
            raise MalformedStream(
                f"{connection.provider} gave {len(answer.data)} vectors for {len(request.inputs)} texts",
                provider=connection.provider,
            )
        ordered = sorted(enumerate(answer.data), key=lambda item: item[0] if item[1].index is None else item[1].index)
        usage = answer.usage or WireUsage()
        return EmbeddingResult([item.embedding for _, item in ordered], usage.prompt_tokens or 0)

    async def list_models(self, connection: Connection) -> Sequence[ListedModel]:
        """What this key may use; nothing where the vendor has no list."""
        if not self._vendor.check_path:
            return []
        deadline = Deadline(connection.timeouts.total)
        connection = self._at(connection)

        async def attempt() -> _Models:
            path = self._path(connection, "/models")
            return await call_json(
                self._http, "GET", path, connection, self._headers(connection), None, _Models, deadline
            )

        answer = await retried(attempt, deadline.at, self.retries)
        return [
            ListedModel(
                model.id,
                model.context_length or model.max_model_len or model.context_window or model.max_context_length,
            )
            for model in answer.data or ()
        ]

    async def check(self, connection: Connection) -> None:
        """One GET, not repeated, in at most 15 seconds: a person is waiting for it. Nothing where the vendor has no call that costs nothing."""
        if not self._vendor.check_path:
            return
        connection = self._at(connection)
        await call_json(
            self._http,
            "GET",
            self._path(connection, self._vendor.check_path),
            connection,
            self._headers(connection),
            None,
            dict[str, msgspec.Raw],
            Deadline(15.0),
        )

    def _at(self, connection: Connection) -> Connection:
        """The connection at its real address. For vendors whose address depends on settings."""
        return connection

    def _path(self, connection: Connection, path: str, model: str = "") -> str:
        """Where under the address `path` is; `model` for vendors that name it there."""
        return path

    def _headers(self, connection: Connection) -> dict[str, str]:
        headers = {"Content-Type": "application/json"}
        if connection.api_key:
            headers["Authorization"] = f"Bearer {connection.api_key.reveal()}"
        return headers


def _last(answer: Answer, connection: Connection) -> list[Event]:
    if not answer.finished:
        raise CutStream(f"{connection.provider} ended in mid-answer", provider=connection.provider)
    return list(answer.end())
