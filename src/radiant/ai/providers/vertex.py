"""Google's Vertex AI: Gemini's protocol, and Anthropic's for Claude, by a service account in one region or several."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from urllib.parse import quote

import msgspec

from radiant.ai.providers.anthropic_answer import Answer as ClaudeAnswer
from radiant.ai.providers.anthropic_request import message_body
from radiant.ai.providers.chat import ChatRequest, EmbeddingRequest, EmbeddingResult, Event
from radiant.ai.providers.errors import CutStream, MalformedStream, UpstreamBadCredentials
from radiant.ai.providers.google import stream_once, unit
from radiant.ai.providers.google_request import Json, content_body
from radiant.ai.providers.provider import Connection, ListedModel
from radiant.ai.providers.regions import Regions, regions_of
from radiant.ai.providers.retry import RETRIES
from radiant.ai.providers.service_account import Tokens, account_of
from radiant.ai.providers.several import each
from radiant.ai.providers.vendors import Vendor, vendors
from radiant.ai.providers.wire import Deadline, call_events, call_json, drain
from radiant.infra.httpclient import HttpClient

DEFAULT_LOCATION = "global"
ANTHROPIC_VERSION = "vertex-2023-10-16"
# These take one text a call; so many calls go at once.
_ONE_BY_ONE = "gemini-embedding"
_AT_ONCE = 4
_BATCH = 100


class _Statistics(msgspec.Struct):
    token_count: float = 0


class _Embedded(msgspec.Struct):
    values: list[float]
    statistics: _Statistics | None = None


class _Prediction(msgspec.Struct):
    embeddings: _Embedded


class _Predictions(msgspec.Struct):
    predictions: list[_Prediction]


class _Published(msgspec.Struct):
    name: str


class _Publisher(msgspec.Struct, rename="camel"):
    publisher_models: list[_Published] | None = None


class Vertex:
    """A `Provider`. `settings`: project (else the account's own), location (one or several, in the order to ask)."""

    retries = RETRIES

    def __init__(self, http: HttpClient, vendor: Vendor) -> None:
        self._http = http
        self._vendor = vendor
        self._tokens = Tokens(http)
        self._regions = Regions()

    async def stream(self, request: ChatRequest, connection: Connection) -> AsyncGenerator[Event, None]:
        """The answer as it comes."""
        deadline = Deadline(connection.timeouts.total)
        claude = request.model.startswith("claude")
        body = _claude_body(request) if claude else content_body(request, self._vendor)

        def attempt(location: str) -> AsyncGenerator[Event, None]:
            if claude:
                return self._claude(request.model, body, connection, location, deadline)
            return self._gemini(request, body, connection, location, deadline)

        locations = regions_of(connection, "location", DEFAULT_LOCATION)
        try:
            async with aclosing(self._regions.stream(locations, connection, request.model, attempt)) as events:
                async for event in events:
                    yield event
        except UpstreamBadCredentials:
            self._tokens.forget(connection)
            raise

    async def _gemini(
        self, request: ChatRequest, body: Json, connection: Connection, location: str, deadline: Deadline
    ) -> AsyncGenerator[Event, None]:
        path = _path(connection, location, "google", request.model, "streamGenerateContent?alt=sse")
        headers = await self._headers(connection)
        single = request.parallel_tool_calls is False
        there = _at(connection, location)
        async with aclosing(stream_once(self._http, path, there, headers, body, deadline, single=single)) as events:
            async for event in events:
                yield event

    async def _claude(
        self, model: str, body: Json, connection: Connection, location: str, deadline: Deadline
    ) -> AsyncGenerator[Event, None]:
        answer = ClaudeAnswer(connection)
        path = _path(connection, location, "anthropic", model, "streamRawPredict")
        headers = {**await self._headers(connection), "Accept": "text/event-stream"}
        async with aclosing(
            call_events(self._http, path, _at(connection, location), headers, body, deadline)
        ) as events:
            async for event in events:
                for piece in answer.feed(event.data):
                    yield piece
                if answer.finished:
                    await drain(events)
                    return
        raise CutStream(f"{connection.provider} ended in mid-answer", provider=connection.provider)

    async def embed(self, request: EmbeddingRequest, connection: Connection) -> EmbeddingResult:
        """One vector for each input, in order, of length one."""
        deadline = Deadline(connection.timeouts.total)
        size = 1 if request.model.startswith(_ONE_BY_ONE) else _BATCH

        async def batch(start: int) -> list[_Embedded]:
            return await self._predict(request, request.inputs[start : start + size], connection, deadline)

        answers = await each(batch, range(0, len(request.inputs), size), _AT_ONCE)
        found = [item for answer in answers for item in answer]
        tokens = sum(int(item.statistics.token_count) for item in found if item.statistics)
        return EmbeddingResult([unit(item.values) for item in found], tokens)

    async def _predict(
        self, request: EmbeddingRequest, texts: Sequence[str], connection: Connection, deadline: Deadline
    ) -> list[_Embedded]:
        body: Json = {"instances": [{"content": text} for text in texts]}
        if request.dimensions is not None:
            body["parameters"] = {"outputDimensionality": request.dimensions}
        headers = await self._headers(connection)

        async def attempt(location: str) -> _Predictions:
            path = _path(connection, location, "google", request.model, "predict")
            return await call_json(
                self._http, "POST", path, _at(connection, location), headers, body, _Predictions, deadline
            )

        locations = regions_of(connection, "location", DEFAULT_LOCATION)
        answer = await self._regions.call(locations, connection, request.model, attempt, deadline.at)
        if len(answer.predictions) != len(texts):
            raise MalformedStream(
                f"{connection.provider} gave {len(answer.predictions)} vectors for {len(texts)} texts",
                provider=connection.provider,
            )
        return [item.embeddings for item in answer.predictions]

    async def list_models(self, connection: Connection) -> Sequence[ListedModel]:
        """Google's models that have a publisher's card there."""
        page = await self._published(connection, 300)
        names = [model.name.rpartition("/")[2] for model in page.publisher_models or ()]
        return [ListedModel(name) for name in names if name.startswith(("gemini", "text-embedding"))]

    async def check(self, connection: Connection) -> None:
        """One GET, not repeated, in at most 15 seconds: a person is waiting for it."""
        await self._published(connection, 1)

    async def _published(self, connection: Connection, size: int) -> _Publisher:
        location = regions_of(connection, "location", DEFAULT_LOCATION)[0]
        path = f"/v1beta1/publishers/google/models?pageSize={size}"
        headers = {**await self._headers(connection), "x-goog-user-project": _project(connection)}
        there = _at(connection, location)
        return await call_json(self._http, "GET", path, there, headers, None, _Publisher, Deadline(15.0))

    async def _headers(self, connection: Connection) -> dict[str, str]:
        token = await self._tokens.token(connection)
        return {"Content-Type": "application/json", "Authorization": f"Bearer {token.reveal()}"}


def _claude_body(request: ChatRequest) -> Json:
    body = message_body(request, vendors()["anthropic"])
    del body["model"]
    return body | {"anthropic_version": ANTHROPIC_VERSION}


def _project(connection: Connection) -> str:
    return connection.settings.get("project") or account_of(connection).project_id


def _path(connection: Connection, location: str, publisher: str, model: str, verb: str) -> str:
    project = quote(_project(connection), safe=":.")
    return f"/v1/projects/{project}/locations/{location}/publishers/{publisher}/models/{quote(model, safe='@')}:{verb}"


def _at(connection: Connection, location: str) -> Connection:
    """The global endpoint has no region in its name, and those of continents have another form."""
    base = connection.base_url
    if location == "global":
        base = base.replace("{location}-", "")
    elif location in ("us", "eu"):
        base = base.replace("{location}-aiplatform.", f"aiplatform.{location}.rep.")
    return replace(connection, base_url=base.replace("{location}", location))
