"""POST /v1/rerank, in the words that Cohere's and Jina's share: relayed to a vendor that ranks, else computed by the
cosine of embeddings, which the answer's `model` says."""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from radiant.ai.inference.chosen import Chosen
from radiant.ai.inference.estimate import text_tokens
from radiant.ai.inference.metered import Labels
from radiant.ai.inference.models import Target
from radiant.ai.inference.relay import Relayed
from radiant.ai.providers.chat import EmbeddingRequest, Usage
from radiant.ai.providers.watch_endpoints import whole_response
from radiant.ai.routing.needs import Needs
from radiant.doors.gateway import lanes
from radiant.doors.gateway.at_endpoint import at_endpoint, lacking, named_at
from radiant.doors.gateway.call import Call
from radiant.doors.gateway.lanes import Engine
from radiant.doors.gateway.openai_request import BadRequest, decode, in_range
from radiant.doors.gateway.policed import Ruled, under_policy
from radiant.foundation.identity.callers import Caller
from radiant.kit.ids import uuid7

_MOST_DOCUMENTS = 1000
Json = dict[str, Any]


class _Document(msgspec.Struct):
    text: str


class _Body(msgspec.Struct):
    query: str
    documents: list[str | _Document]
    model: str | None = None
    top_n: int | None = None
    top_k: int | None = None
    return_documents: bool | None = None

    @property
    def texts(self) -> list[str]:
        """What is ranked."""
        return [item if isinstance(item, str) else item.text for item in self.documents]

    @property
    def most(self) -> int:
        """How many results there shall be."""
        asked = self.top_n if self.top_n is not None else self.top_k
        return len(self.documents) if asked is None else min(asked, len(self.documents))

    def check(self) -> None:
        """Raises BadRequest."""
        if not self.query:
            raise BadRequest("query: empty", "query")
        if not 1 <= len(self.documents) <= _MOST_DOCUMENTS:
            raise BadRequest(f"documents: give 1 to {_MOST_DOCUMENTS}", "documents")
        if not all(self.texts):
            raise BadRequest("documents: an empty text has no rank", "documents")
        in_range("top_n", self.top_n, 1, 1_000_000)
        in_range("top_k", self.top_k, 1, 1_000_000)


class _Result(msgspec.Struct):
    index: int
    relevance_score: float


class _Ranking(msgspec.Struct):
    """A vendor's answer: Voyage calls its results `data`."""

    results: list[_Result] | None = None
    data: list[_Result] | None = None
    id: str | None = None
    usage: Json | None = None
    meta: Json | None = None


async def rerank(engine: Engine, call: Call) -> None:
    """POST /v1/rerank."""
    caller = await call.identify(engine.keys)
    ruled = await under_policy(engine, call, caller, await call.body(), "other")
    asked = decode(ruled.body, _Body)
    asked.check()
    target = await _target(engine, caller, asked.model)
    labels = Labels(protocol="openai", streamed=False, tags=ruled.tags, request_id=call.request_id)
    size = sum(map(len, asked.texts)) + len(asked.query) * len(asked.documents)
    chosen = Chosen(target, Needs(frozenset(), text_tokens(size), 0), "named", "named")
    found = at_endpoint("rerank", chosen)
    if found is not None:
        wire, chosen = found
        body = _body(ruled, asked, target)
        work = lanes.relay(engine, call, caller, chosen, wire, body, None, labels, "rerank")
        await _send(call, await lanes.unless_gone(call, work), asked)
        return
    if target.model.task != "embedding":
        raise lacking("rerank", f"{target.model.id} ranks nothing, and makes no embeddings to rank by")
    ask = EmbeddingRequest(model="", inputs=[asked.query, *asked.texts])
    name, result = await lanes.unless_gone(call, engine.inference.embed(caller, target.model.id, ask, labels))
    scores = await asyncio.to_thread(_cosines, result.vectors)
    answer = {
        "id": f"rerank-{uuid7().hex}",
        "model": f"{name} (cosine of embeddings)",
        "results": _results(asked, scores),
        "usage": {"prompt_tokens": result.input_tokens, "total_tokens": result.input_tokens},
    }
    await call.answer_json(answer, headers={"x-radiant-model": name})


async def _target(engine: Engine, caller: Caller, name: str | None) -> Target:
    """The model that ranks: the named one, else one that is made for it, else one of embeddings."""
    if name is not None:
        return await named_at(engine, caller, "rerank", name)
    known = await engine.inference.models.all(caller.db(engine.database))
    for task in ("rerank", "embedding"):
        for model in known:
            if model.task == task and model.unavailable is None:
                return await engine.inference.target(caller, model.id)
    raise lacking("rerank", "nothing here ranks, and no embeddings are there to rank by")


def _body(ruled: Ruled, asked: _Body, target: Target) -> bytes:
    """The body in the vendor's words. Documents are put into the answer here, since not all give them back."""
    fields = decode(ruled.body, Json)
    for name in ("return_documents", "top_n", "top_k"):
        fields.pop(name, None)
    fields |= {"model": target.model.upstream_id, "documents": asked.texts}
    fields["top_k" if target.model.provider == "voyage" else "top_n"] = asked.most
    if target.model.provider == "jina":
        fields["return_documents"] = False
    return msgspec.json.encode(fields)


async def _send(call: Call, relayed: Relayed, asked: _Body) -> None:
    error: BaseException | None = None
    try:
        call.watch(relayed.abandon)
        ranking = _Ranking()

        def read(body: bytes) -> tuple[Usage | None, str | None]:
            nonlocal ranking
            ranking = msgspec.json.decode(body, type=_Ranking)
            usage, _ = whole_response(body)
            # Cohere counts searches, and no tokens.
            return usage or Usage(input_tokens=relayed.call.needs.input_tokens), "end"

        await relayed.whole(read)
        scores = {item.index: item.relevance_score for item in ranking.results or ranking.data or ()}
        model = relayed.call.model
        answer: Json = {
            "id": ranking.id or f"rerank-{uuid7().hex}",
            "model": model.id,
            "results": _results(asked, scores),
            **({"usage": ranking.usage} if ranking.usage else {}),
            **({"meta": ranking.meta} if ranking.meta else {}),
        }
        headers = lanes.answer_headers(model.id, model.provider, relayed.call.decision_id, relayed.call.headers)
        await call.answer_json(answer, headers=headers)
    except BaseException as raised:
        error = raised
        raise
    finally:
        relayed.close(error)


def _results(asked: _Body, scores: dict[int, float]) -> list[Json]:
    texts = asked.texts
    best = sorted((i for i in scores if 0 <= i < len(texts)), key=lambda i: -scores[i])[: asked.most]
    results: list[Json] = [{"index": i, "relevance_score": scores[i]} for i in best]
    if asked.return_documents:
        for result in results:
            result["document"] = {"text": texts[result["index"]]}
    return results


def _cosines(vectors: Sequence[Sequence[float]]) -> dict[int, float]:
    """Of every vector but the first with the first: 0, nothing alike, to 1."""
    # 20 MB that a process which never ranks can do without.
    import numpy as np

    rows = np.asarray(vectors, dtype=np.float64)
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return {i: float(score) for i, score in enumerate(np.clip(rows[1:] @ rows[0], 0.0, 1.0))}
