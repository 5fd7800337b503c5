"""Amazon Bedrock: Converse for every model that talks, InvokeModel for Titan's and Cohere's embeddings."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from radiant.ai.providers.aws import Signer, load
from radiant.ai.providers.bedrock_answer import Answer, Whole
from radiant.ai.providers.bedrock_request import Json, converse_body
from radiant.ai.providers.chat import ChatRequest, EmbeddingRequest, EmbeddingResult, Event
from radiant.ai.providers.errors import CutStream, MalformedStream, UpstreamBadRequest
from radiant.ai.providers.provider import Connection, ListedModel
from radiant.ai.providers.regions import Regions, regions_of
from radiant.ai.providers.retry import RETRIES, retried
from radiant.ai.providers.several import each
from radiant.ai.providers.vendors import Vendor
from radiant.ai.providers.wire import Deadline, call_bytes, call_json
from radiant.infra.httpclient import HttpClient

T = TypeVar("T")

DEFAULT_REGION = "us-east-1"
# Titan embeds one text a call; so many calls go at once.
_AT_ONCE = 4
_COHERE_BATCH = 96


class _Titan(msgspec.Struct, rename="camel"):
    embedding: list[float]
    input_text_token_count: int = 0


class _Cohere(msgspec.Struct):
    embeddings: list[list[float]] | dict[str, list[list[float]]]


class _Summary(msgspec.Struct, rename="camel"):
    model_id: str
    output_modalities: list[str] | None = None
    inference_types_supported: list[str] | None = None


class _Models(msgspec.Struct, rename="camel"):
    model_summaries: list[_Summary] | None = None


class _Profile(msgspec.Struct, rename="camel"):
    inference_profile_id: str


class _Profiles(msgspec.Struct, rename="camel"):
    inference_profile_summaries: list[_Profile] | None = None


class Bedrock:
    """A `Provider`. `connection.settings["region"]` names one region or several, in the order to ask them."""

    retries = RETRIES

    def __init__(self, http: HttpClient, vendor: Vendor, signer: Signer | None = None) -> None:
        self._http = http
        self._vendor = vendor
        self._signer = signer or Signer()
        self._regions = Regions()

    async def stream(self, request: ChatRequest, connection: Connection) -> AsyncGenerator[Event, None]:
        """The answer as it comes."""
        deadline = Deadline(connection.timeouts.total)
        body = converse_body(request, connection)
        single = request.parallel_tool_calls is False

        def attempt(region: str) -> AsyncGenerator[Event, None]:
            return self._once(request.model, body, connection, region, deadline, single=single)

        regions = regions_of(connection, "region", DEFAULT_REGION)
        async with aclosing(self._regions.stream(regions, connection, request.model, attempt)) as events:
            async for event in events:
                yield event

    async def _once(
        self, model: str, body: Json, connection: Connection, region: str, deadline: Deadline, *, single: bool
    ) -> AsyncGenerator[Event, None]:
        there = _at(connection, region)
        answer = Answer(connection, (await load()).eventstream, single_call=single)
        path = _path(model, "converse-stream")
        sent = msgspec.json.encode(body)
        headers = await self._signer.headers(connection, "POST", there.base_url + path, sent, region)
        headers["Accept"] = "application/vnd.amazon.eventstream"
        try:
            async with aclosing(call_bytes(self._http, path, there, headers, sent, deadline)) as pieces:
                async for piece in pieces:
                    for event in answer.feed(piece):
                        yield event
        except UpstreamBadRequest as error:
            if answer.begun or "streaming" not in error.detail:
                raise
            # Some models do not stream, or not with tools: the whole answer in one piece then.
            whole = await self._post(model, "converse", sent, connection, region, Whole, deadline)
            for event in answer.whole(whole):
                yield event
            return
        if not answer.begun:
            raise MalformedStream(
                f"{connection.provider} answered with something else than its event stream",
                provider=connection.provider,
            )
        if not answer.finished:
            raise CutStream(f"{connection.provider} ended in mid-answer", provider=connection.provider)
        for last in answer.end():
            yield last

    async def _post(
        self, model: str, verb: str, sent: bytes, connection: Connection, region: str, kind: type[T], deadline: Deadline
    ) -> T:
        there = _at(connection, region)
        path = _path(model, verb)
        headers = await self._signer.headers(connection, "POST", there.base_url + path, sent, region)
        # The body goes as it was signed.
        return await call_json(self._http, "POST", path, there, headers, msgspec.Raw(sent), kind, deadline)

    async def embed(self, request: EmbeddingRequest, connection: Connection) -> EmbeddingResult:
        """One vector for each input, by Titan or Cohere. Raises UpstreamBadRequest for other models."""
        deadline = Deadline(connection.timeouts.total)
        if "cohere.embed" in request.model:
            return await self._embed_cohere(request, connection, deadline)
        if "titan-embed" not in request.model:
            raise UpstreamBadRequest(
                f"{request.model} makes no embeddings that we know the form of; Titan's and Cohere's do",
                provider=connection.provider,
            )
        more: Json = {}
        if request.dimensions is not None:
            more["dimensions"] = request.dimensions

        async def one(text: str) -> _Titan:
            return await self._invoke(request.model, {"inputText": text, **more}, connection, _Titan, deadline)

        answers = await each(one, request.inputs, _AT_ONCE)
        return EmbeddingResult(
            [answer.embedding for answer in answers], sum(answer.input_text_token_count for answer in answers)
        )

    async def _embed_cohere(
        self, request: EmbeddingRequest, connection: Connection, deadline: Deadline
    ) -> EmbeddingResult:
        vectors: list[Sequence[float]] = []
        for start in range(0, len(request.inputs), _COHERE_BATCH):
            texts = list(request.inputs[start : start + _COHERE_BATCH])
            body: Json = {"texts": texts, "input_type": "search_document", "embedding_types": ["float"]}
            if request.dimensions is not None:
                body["output_dimension"] = request.dimensions
            answer = await self._invoke(request.model, body, connection, _Cohere, deadline)
            found = answer.embeddings if isinstance(answer.embeddings, list) else answer.embeddings.get("float", [])
            if len(found) != len(texts):
                raise MalformedStream(
                    f"{connection.provider} gave {len(found)} vectors for {len(texts)} texts",
                    provider=connection.provider,
                )
            vectors += found
        # Its count is in a header alone; about four letters make a token.
        return EmbeddingResult(vectors, sum(-(-len(text) // 4) for text in request.inputs), estimated=True)

    async def _invoke(self, model: str, body: Any, connection: Connection, kind: type[T], deadline: Deadline) -> T:
        sent = msgspec.json.encode(body)

        async def attempt(region: str) -> T:
            return await self._post(model, "invoke", sent, connection, region, kind, deadline)

        regions = regions_of(connection, "region", DEFAULT_REGION)
        return await self._regions.call(regions, connection, model, attempt, deadline.at)

    async def list_models(self, connection: Connection) -> Sequence[ListedModel]:
        """Models for words and vectors on demand, and inference profiles, of the first region."""
        deadline = Deadline(connection.timeouts.total)
        models = await retried(lambda: self._get("/foundation-models", connection, _Models, deadline), deadline.at)
        path = "/inference-profiles?maxResults=1000"
        profiles = await retried(lambda: self._get(path, connection, _Profiles, deadline), deadline.at)
        found = [
            ListedModel(model.model_id)
            for model in models.model_summaries or ()
            if {"TEXT", "EMBEDDING"} & set(model.output_modalities or ("TEXT",))
            and "ON_DEMAND" in (model.inference_types_supported or ("ON_DEMAND",))
        ]
        return [
            *found,
            *(ListedModel(each.inference_profile_id) for each in profiles.inference_profile_summaries or ()),
        ]

    async def check(self, connection: Connection) -> None:
        """One GET, not repeated, in at most 15 seconds: a person is waiting for it."""
        await self._get("/foundation-models", connection, _Models, Deadline(15.0))

    async def _get(self, path: str, connection: Connection, kind: type[T], deadline: Deadline) -> T:
        region = regions_of(connection, "region", DEFAULT_REGION)[0]
        there = _at(connection, region)
        # What models there are is the control plane's to say.
        there = replace(there, base_url=there.base_url.replace("://bedrock-runtime.", "://bedrock.", 1))
        headers = await self._signer.headers(connection, "GET", there.base_url + path, b"", region)
        return await call_json(self._http, "GET", path, there, headers, None, kind, deadline)


def _at(connection: Connection, region: str) -> Connection:
    return replace(connection, base_url=connection.base_url.replace("{region}", region))


def _path(model: str, verb: str) -> str:
    # The signature is over the path as it is sent; a colon needs no escape, the slashes of an ARN do.
    return f"/model/{quote(model, safe=':')}/{verb}"
