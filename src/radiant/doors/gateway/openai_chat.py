"""POST /v1/chat/completions and /v1/embeddings."""

from collections.abc import Awaitable
from typing import Literal

import msgspec

from radiant.ai.inference.chosen import Answer, Chosen, UnsupportedByModel, labelled
from radiant.ai.inference.estimate import text_tokens
from radiant.ai.inference.metered import Labels
from radiant.ai.inference.relay import Relayed
from radiant.ai.providers.chat import ChatRequest, EmbeddingResult
from radiant.ai.providers.signatures import MARK
from radiant.ai.providers.vendors import vendor
from radiant.ai.providers.watch import OpenAIWatch, whole_openai
from radiant.ai.providers.wires import Fields, Wire, wire_for
from radiant.ai.routing.needs import Needs
from radiant.doors.gateway import lanes, openai_answer
from radiant.doors.gateway.asking import asking
from radiant.doors.gateway.at_endpoint import at_endpoint
from radiant.doors.gateway.call import Call
from radiant.doors.gateway.heads import ChatHead, beyond, rewritten
from radiant.doors.gateway.lanes import Engine
from radiant.doors.gateway.openai_request import ChatBody, EmbeddingsBody, decode
from radiant.doors.gateway.policed import under_policy
from radiant.doors.gateway.remembering import not_here, with_memory
from radiant.doors.gateway.thinking import is_think_tank, think
from radiant.kit.ids import uuid7

_PATHS = {"chat": "/chat/completions", "embeddings": "/embeddings"}
_MARK = MARK.encode()
_NO_NEEDS = Needs(frozenset(), 0, 0)
_WITH_USAGE = msgspec.Raw(b'{"include_usage":true}')


async def chat_completions(engine: Engine, call: Call) -> None:
    """POST /v1/chat/completions."""
    caller = await call.identify(engine.keys)
    ruled = await under_policy(engine, call, caller, await call.body(), "chat")
    ruled = await with_memory(engine, call, caller, ruled, "chat")
    body = ruled.body
    head = decode(body, ChatHead)
    labels = Labels(
        protocol="openai",
        streamed=bool(head.stream),
        tags=ruled.tags,
        request_id=call.request_id,
        fresh=ruled.fresh,
        private=ruled.private,
    )

    def neutral() -> ChatRequest:
        return decode(body, ChatBody).to_request()

    async def attempt(chosen: Chosen) -> Relayed | Answer:
        reached = None if ruled.reads(neutral, lambda: beyond(body, ChatBody)) else _reached("chat", chosen)
        if reached is None or not _in_its_words(reached[0], head, body):
            ask = lanes.with_extra(chosen, neutral(), beyond(body, ChatBody))
            return await engine.inference.answer(caller, chosen, ask, labels)
        wire, chosen = reached
        connection, model = chosen.target.connection, chosen.target.model
        ask_usage = bool(head.stream) and wire.vendor.stream_usage and not head.wants_usage

        def change(fields: Fields) -> bool:
            filled = ruled.fill(fields, model)
            return _change(fields, wire, ask_usage) or filled

        sent = rewritten(body, head.model, model.upstream_id, change)
        watch = OpenAIWatch(connection, hide_usage=ask_usage) if head.stream else None
        return await lanes.relay(engine, call, caller, chosen, wire, sent, watch, labels, rules=ruled.rules)

    if not ruled.rules.empty:
        given = head.max_completion_tokens if head.max_completion_tokens is not None else head.max_tokens
        head.max_completion_tokens = ruled.tokens(given)
    work: Awaitable[Relayed | Answer]
    if is_think_tank(head.model):
        work = think(engine, caller, head.model, neutral(), list(beyond(body, ChatBody)))
    else:
        needs = asking(call, head.needs(body, neutral))
        work = engine.inference.choose(caller, head.model, needs, attempt, ruled.rules)
    answer = await lanes.unless_gone(call, work)
    if isinstance(answer, Relayed):
        await lanes.send_relayed(
            call, answer, whole_openai, streamed=bool(head.stream), failed=openai_answer.failed_frame
        )
        return
    answer_id = f"chatcmpl-{uuid7().hex}"
    if head.stream:
        await lanes.send_translated(
            call,
            answer,
            lambda events: openai_answer.chunks(answer_id, answer.model, events, with_usage=head.wants_usage),
        )
        return
    await lanes.send_whole(
        call, answer, lambda completion: openai_answer.completion_body(answer_id, answer.model, completion)
    )


def _reached(endpoint: Literal["chat", "embeddings"], chosen: Chosen) -> tuple[Wire, Chosen] | None:
    """How the chosen model is asked in OpenAI's own words, where its vendor speaks them."""
    target = chosen.target
    known = vendor(target.model.provider)
    if known is not None and known.protocol == "azure":
        return at_endpoint(endpoint, chosen)
    wire = wire_for("openai", _PATHS[endpoint], known, target.connection)
    return None if wire is None else (wire, chosen)


def _in_its_words(wire: Wire, head: ChatHead, body: bytes) -> bool:
    """Whether the vendor takes the request as it is; what it words otherwise is translated."""
    schema = head.response_format is not None and head.response_format.type == "json_schema"
    if schema and wire.vendor.json_schema == "instruct":
        return False
    if not wire.vendor.developer_role and any(message.role == "developer" for message in head.messages):
        return False
    # Ids of calls that carry another provider's signature are longer than OpenAI takes.
    return _MARK not in body


def _change(fields: Fields, wire: Wire, ask_usage: bool) -> bool:
    changed = wire.adapt(fields)
    if ask_usage:
        fields["stream_options"] = _WITH_USAGE
    return changed or ask_usage


async def embeddings(engine: Engine, call: Call) -> None:
    """POST /v1/embeddings."""
    caller = await call.identify(engine.keys)
    not_here(call)
    ruled = await under_policy(engine, call, caller, await call.body(), "embeddings")
    body = ruled.body
    asked = decode(body, EmbeddingsBody)
    labels = Labels(protocol="openai", streamed=False, tags=ruled.tags, request_id=call.request_id)

    async def attempt(chosen: Chosen) -> Relayed | tuple[str, EmbeddingResult]:
        target, model = chosen.target, chosen.target.model
        if model.task != "embedding":
            raise UnsupportedByModel(f"{model.id} makes no embeddings; its task is {model.task}")
        ask = asked.to_request()
        reached = None if ruled.rules.parsed else _reached("embeddings", chosen)
        if reached is None:
            return await engine.inference.embed_by(caller, target, ask, labelled(labels, chosen))
        needs = Needs(frozenset(), text_tokens(sum(map(len, ask.inputs))), 0)
        sent = rewritten(body, asked.model, model.upstream_id, lambda _: False)
        wire, chosen = reached
        chosen = Chosen(chosen.target, needs, chosen.route, chosen.reason)
        return await lanes.relay(engine, call, caller, chosen, wire, sent, None, labels, "embedding")

    if ruled.rules.alias(asked.model) is None:
        target = await engine.inference.target(caller, asked.model)
        work = attempt(Chosen(target, _NO_NEEDS, "named", "named"))
    else:
        work = engine.inference.choose(caller, asked.model, _NO_NEEDS, attempt)
    answer = await lanes.unless_gone(call, work)
    if isinstance(answer, Relayed):
        await lanes.send_relayed(call, answer, whole_openai, streamed=False, failed=openai_answer.failed_frame)
        return
    name, result = answer
    as_base64 = asked.encoding_format == "base64"
    await call.answer_json(openai_answer.embeddings_body(name, result, as_base64=as_base64))
