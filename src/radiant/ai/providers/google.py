"""Google's Gemini API: generateContent as it is, not through its OpenAI-compatible door."""

import math
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from urllib.parse import quote

import msgspec

from radiant.ai.providers.chat import ChatRequest, EmbeddingRequest, EmbeddingResult, Event
from radiant.ai.providers.errors import CutStream, MalformedStream
from radiant.ai.providers.google_answer import Answer
from radiant.ai.providers.google_request import Json, content_body
from radiant.ai.providers.provider import Connection, ListedModel
from radiant.ai.providers.retry import RETRIES
from radiant.ai.providers.vendors import Vendor
from radiant.ai.providers.wire import Deadline, call_events, call_json, drain
from radiant.infra.httpclient import HttpClient

# How many texts one batchEmbedContents takes.
_BATCH = 100
_PAGES = 10


class _Vector(msgspec.Struct):
    values: list[float]


class _EmbedUsage(msgspec.Struct, rename="camel"):
    prompt_token_count: int | None = None


class _Vectors(msgspec.Struct, rename="camel"):
    embeddings: list[_Vector]
    usage_metadata: _EmbedUsage | None = None


class _Model(msgspec.Struct, rename="camel"):
    name: str
    input_token_limit: int | None = None
    supported_generation_methods: list[str] | None = None


class _Models(msgspec.Struct, rename="camel"):
    models: list[_Model] | None = None
    next_page_token: str = ""


class Google:
    """A `Provider` for the Gemini API, by key."""

    retries = RETRIES

    def __init__(self, http: HttpClient, vendor: Vendor) -> None:
        self._http = http
        self._vendor = vendor

    async def stream(self, request: ChatRequest, connection: Connection) -> AsyncGenerator[Event, None]:
        """The answer as it comes."""
        deadline = Deadline(connection.timeouts.total)
        body = content_body(request, self._vendor)
        path = f"/models/{quote(request.model, safe='')}:streamGenerateContent?alt=sse"
        single = request.parallel_tool_calls is False
        async with aclosing(
            stream_once(self._http, path, connection, _headers(connection), body, deadline, single=single)
        ) as events:
            async for event in events:
                yield event

    async def embed(self, request: EmbeddingRequest, connection: Connection) -> EmbeddingResult:
        """One vector for each input, in order, of length one."""
        deadline = Deadline(connection.timeouts.total)
        vectors: list[Sequence[float]] = []
        tokens, estimated = 0, False
        for start in range(0, len(request.inputs), _BATCH):
            texts = request.inputs[start : start + _BATCH]
            answer = await self._embed_batch(request, texts, connection, deadline)
            if len(answer.embeddings) != len(texts):
                raise MalformedStream(
                    f"{connection.provider} gave {len(answer.embeddings)} vectors for {len(texts)} texts",
                    provider=connection.provider,
                )
            vectors += [unit(item.values) for item in answer.embeddings]
            counted = answer.usage_metadata.prompt_token_count if answer.usage_metadata else None
            estimated = estimated or counted is None
            tokens += counted if counted is not None else sum(-(-len(text) // 4) for text in texts)
        return EmbeddingResult(vectors, tokens, estimated)

    async def _embed_batch(
        self, request: EmbeddingRequest, texts: Sequence[str], connection: Connection, deadline: Deadline
    ) -> _Vectors:
        model = request.model.removeprefix("models/")
        each: Json = {"model": f"models/{model}"}
        if request.dimensions is not None:
            each["outputDimensionality"] = request.dimensions
        body = {"requests": [{**each, "content": {"parts": [{"text": text}]}} for text in texts]}
        path = f"/models/{quote(model, safe='')}:batchEmbedContents"
        return await call_json(self._http, "POST", path, connection, _headers(connection), body, _Vectors, deadline)

    async def list_models(self, connection: Connection) -> Sequence[ListedModel]:
        """What this key may use, of what answers in words or vectors."""
        deadline = Deadline(connection.timeouts.total)
        found: list[ListedModel] = []
        token = ""
        for _ in range(_PAGES):
            page = await self._models(connection, 1000, token, deadline)
            found += [
                ListedModel(model.name.removeprefix("models/"), model.input_token_limit)
                for model in page.models or ()
                if {"generateContent", "embedContent"} & set(model.supported_generation_methods or ("generateContent",))
            ]
            token = page.next_page_token
            if not token:
                break
        return found

    async def check(self, connection: Connection) -> None:
        """One GET, not repeated, in at most 15 seconds: a person is waiting for it."""
        await self._models(connection, 1, "", Deadline(15.0))

    async def _models(self, connection: Connection, size: int, token: str, deadline: Deadline) -> _Models:
        path = f"/models?pageSize={size}" + (f"&pageToken={quote(token, safe='')}" if token else "")
        return await call_json(self._http, "GET", path, connection, _headers(connection), None, _Models, deadline)


async def stream_once(
    http: HttpClient,
    path: str,
    connection: Connection,
    headers: Mapping[str, str],
    body: Json,
    deadline: Deadline,
    *,
    single: bool,
) -> AsyncGenerator[Event, None]:
    """One try of a streamed answer, of the Gemini API and of Vertex AI alike. The end has no event of its own."""
    answer = Answer(connection, single_call=single)
    async with aclosing(
        call_events(http, path, connection, {**headers, "Accept": "text/event-stream"}, body, deadline)
    ) as events:
        async for event in events:
            for piece in answer.feed(event.data):
                yield piece
        if not answer.finished:
            raise CutStream(f"{connection.provider} ended in mid-answer", provider=connection.provider)
        for last in answer.end():
            yield last
        await drain(events)


def unit(vector: Sequence[float]) -> Sequence[float]:
    """The vector at length one: shortened ones come at another, and whoever compares by dot product would err."""
    length = math.sqrt(math.fsum(value * value for value in vector))
    return vector if length == 0 or abs(length - 1) < 1e-6 else [value / length for value in vector]


def _headers(connection: Connection) -> dict[str, str]:
    headers = {"Content-Type": "application/json"}
    if connection.api_key:
        headers["x-goog-api-key"] = connection.api_key.reveal()
    return headers
