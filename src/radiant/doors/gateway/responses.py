"""POST /v1/responses: relayed where the vendor has it, translated for every other model."""

from collections.abc import Awaitable, Sequence
from typing import Any

import msgspec

from radiant.ai.inference.chosen import Answer, Chosen, UnsupportedByModel
from radiant.ai.inference.metered import Labels
from radiant.ai.inference.relay import Relayed
from radiant.ai.providers.chat import ChatRequest
from radiant.ai.providers.watch_endpoints import ResponsesWatch, response_id, whole_response
from radiant.ai.providers.wires import Fields
from radiant.ai.routing.needs import level_of
from radiant.doors.gateway import lanes, responses_answer, responses_kept
from radiant.doors.gateway.asking import asking
from radiant.doors.gateway.at_endpoint import at_endpoint
from radiant.doors.gateway.call import Call
from radiant.doors.gateway.heads import beyond, needs_of_body, rewritten
from radiant.doors.gateway.lanes import Engine
from radiant.doors.gateway.openai_request import BadRequest, decode, in_range
from radiant.doors.gateway.policed import under_policy
from radiant.doors.gateway.remembering import not_here, with_memory
from radiant.doors.gateway.responses_kept import History
from radiant.doors.gateway.responses_request import Item, ResponsesBody, is_sealed_here
from radiant.doors.gateway.thinking import is_think_tank, think
from radiant.foundation.identity.callers import Caller
from radiant.kit.ids import uuid7


class _Format(msgspec.Struct):
    type: str = "text"


class _Text(msgspec.Struct):
    format: _Format | None = None


class _Head(msgspec.Struct):
    """What has to be known of a body that is relayed."""

    model: str
    stream: bool | None = None
    store: bool | None = None
    background: bool | None = None
    previous_response_id: str | None = None
    conversation: Any = None
    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    tools: list[msgspec.Raw] | None = None
    text: _Text | None = None


async def responses(engine: Engine, call: Call) -> None:
    """POST /v1/responses."""
    caller = await call.identify(engine.keys)
    sent_body = await call.body()
    head = decode(sent_body, _Head)
    if head.background:
        not_here(call)
        await _in_background(engine, call, caller, sent_body)
        return
    ruled = await under_policy(engine, call, caller, sent_body, "responses")
    own_body = ruled.body
    ruled = await with_memory(engine, call, caller, ruled, "responses")
    body = ruled.body
    if body is not sent_body:
        head = decode(body, _Head)
    in_range("max_output_tokens", head.max_output_tokens, 1, 10_000_000)
    in_range("temperature", head.temperature, 0, 2)
    in_range("top_p", head.top_p, 0, 1)
    db = caller.db(engine.database)
    before = await responses_kept.history(db, head.previous_response_id)
    labels = Labels(
        protocol="openai",
        streamed=bool(head.stream),
        tags=ruled.tags,
        request_id=call.request_id,
        fresh=ruled.fresh,
        private=ruled.private,
    )
    watches: list[ResponsesWatch] = []

    def neutral() -> ChatRequest:
        return decode(body, ResponsesBody).to_request(before.items)

    async def attempt(chosen: Chosen) -> Relayed | Answer:
        model, connection = chosen.target.model, chosen.target.connection
        found = None if ruled.rules.parsed else at_endpoint("responses", chosen)
        if before.provider not in (None, model.provider) or (before.provider is not None and found is None):
            raise UnsupportedByModel(
                f"previous_response_id: that response is kept by {before.provider}; go on with a model of theirs, or"
                " send the conversation as input"
            )
        if found is None:
            return await engine.inference.answer(caller, chosen, _for_other(chosen, body, neutral()), labels)
        wire, there = found
        if head.conversation is not None and not connection.owner:
            raise BadRequest("conversation: not on a key that several share; use previous_response_id", "conversation")

        def change(fields: Fields) -> bool:
            filled = ruled.fill(fields, model)
            return _spell_out(fields, before) or filled

        sent = rewritten(body, head.model, model.upstream_id, change)
        watch = ResponsesWatch(connection) if head.stream else None
        watches[:] = [watch] if watch else []
        return await lanes.relay(engine, call, caller, there, wire, sent, watch, labels)

    schema = bool(head.text and head.text.format and head.text.format.type == "json_schema")
    limit = ruled.tokens(head.max_output_tokens)
    needs = needs_of_body(body, limit, 1, neutral, tools=bool(head.tools), schema=schema)
    needs = asking(call, msgspec.structs.replace(needs, input_tokens=needs.input_tokens + before.tokens), hedging=False)
    work: Awaitable[Relayed | Answer]
    if is_think_tank(head.model):
        work = think(engine, caller, head.model, neutral(), list(beyond(body, ResponsesBody)))
    else:
        work = engine.inference.choose(caller, head.model, needs, attempt)
    answer = await lanes.unless_gone(call, work)
    if isinstance(answer, Answer):
        await _send(engine, call, caller, answer, own_body)
        return
    relayed, noted = answer, head.store is False

    async def note(piece: bytes) -> None:
        # Whose it is, before anybody can ask for it.
        nonlocal noted
        if noted or not (named := watches[0].response_id if watches else response_id(piece)):
            return
        noted = True
        provider = relayed.call.model.provider
        await responses_kept.keep(db, named, status="completed", provider=provider)

    await lanes.send_relayed(
        call, relayed, whole_response, streamed=bool(head.stream), failed=responses_answer.error_frame, before=note
    )


def _for_other(chosen: Chosen, body: bytes, ask: ChatRequest) -> ChatRequest:
    """The request for a model that does not speak this protocol. Raises UnsupportedByModel for what it cannot do."""
    asked = decode(body, ResponsesBody)
    if extra := beyond(body, ResponsesBody):
        names = ", ".join(sorted(extra))
        raise UnsupportedByModel(
            f"{chosen.target.model.id} has no {names}; leave that out, or choose a model whose provider has this endpoint"
        )
    return lanes.with_extra(chosen, ask, {"verbosity": asked.verbosity} if asked.verbosity else {})


def _spell_out(fields: Fields, before: History) -> bool:
    """Put the conversation that is kept here in the place of its id, which the vendor does not know."""
    if not before.items:
        return False
    fields.pop("previous_response_id", None)
    own = msgspec.json.decode(fields.get("input", msgspec.Raw(b"[]")), type=str | list[Item])
    items = [item for item in before.items if not is_sealed_here(item)]
    fields["input"] = msgspec.Raw(msgspec.json.encode([*items, *_as_items(own)]))
    return True


def _as_items(given: str | Sequence[Item]) -> Sequence[Item]:
    return [{"role": "user", "content": given}] if isinstance(given, str) else given


async def _send(engine: Engine, call: Call, caller: Caller, answer: Answer, body: bytes) -> None:
    """A translated answer, kept if it should be."""
    asked = decode(body, ResponsesBody)
    stored = asked.store is not False
    name = f"resp_{uuid7().hex}"
    fields = msgspec.json.decode(body, type=dict[str, Any])
    base = responses_answer.skeleton(name, answer.model, asked, fields, stored=stored)

    async def keep(response: responses_answer.Response) -> None:
        if not stored:
            return
        items = responses_kept.with_ids(asked.items())
        previous = asked.previous_response_id
        response["store"] = await responses_kept.keep(
            caller.db(engine.database), name, status=response["status"], previous_id=previous, input=items,
            answer=response,
        )  # fmt: skip

    if asked.stream:
        await lanes.send_translated(call, answer, lambda events: responses_answer.stream(base, events, keep))
        return
    completion = await lanes.unless_gone(call, lanes.whole(answer))
    response = responses_answer.response_body(base, completion)
    await keep(response)
    headers = lanes.answer_headers(answer.model, answer.provider, answer.decision_id, answer.headers)
    await call.answer_json(response, headers=headers)


# --- in the background ---


async def _in_background(engine: Engine, call: Call, caller: Caller, body: bytes) -> None:
    """Answer at once with a response that waits for its turn (see responses_background). It is kept here, whoever
    answers."""
    asked = decode(body, ResponsesBody)
    if asked.stream:
        raise BadRequest("stream: not together with background; ask for the response until it has ended", "stream")
    if asked.store is False:
        raise BadRequest("store: a response in the background is kept; leave this out", "store")
    fields = msgspec.json.decode(body, type=dict[str, Any])
    name = f"resp_{uuid7().hex}"
    base = responses_answer.skeleton(name, asked.model, asked, fields, stored=True)
    base |= {"background": True, "status": "queued"}
    include = {*(asked.include or ()), "reasoning.encrypted_content"}
    request = {**fields, "background": False, "store": False, "include": sorted(include)}
    if level_of(asked.model) is None:
        # What is plainly wrong is said at once.
        await engine.inference.target(caller, asked.model)
    db = caller.db(engine.database)
    await responses_kept.begin(db, call, caller, base, asked.previous_response_id, asked.items(), request)
    engine.response_waits.set()
    await call.answer_json(base)
