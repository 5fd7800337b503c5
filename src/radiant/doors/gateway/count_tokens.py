"""POST /v1/messages/count_tokens: asked of who knows, else estimated and said to be so. It costs nothing and needs no
budget."""

import msgspec

from radiant.ai.inference import estimate
from radiant.ai.inference.chosen import UnsupportedByModel
from radiant.ai.providers.errors import UpstreamError
from radiant.ai.providers.local import LocalProvider
from radiant.ai.providers.retry import retried
from radiant.ai.providers.vendors import vendor
from radiant.ai.providers.wire import Deadline, open_response, read_whole
from radiant.ai.providers.wires import wire_for
from radiant.ai.routing.needs import level_of
from radiant.ai.serving.problems import ServingProblem
from radiant.doors.gateway import lanes
from radiant.doors.gateway.anthropic_request import CountBody
from radiant.doors.gateway.call import Call
from radiant.doors.gateway.heads import beyond, rewritten
from radiant.doors.gateway.lanes import Engine
from radiant.doors.gateway.openai_request import decode


class _Head(msgspec.Struct):
    model: str


async def count_tokens(engine: Engine, call: Call) -> None:
    """POST /v1/messages/count_tokens."""
    caller = await call.identify(engine.keys)
    body = await call.body()
    head = decode(body, _Head)
    if level_of(head.model) is not None:
        await _estimate(call, body)
        return
    target = await engine.inference.target(caller, head.model)
    model, connection = target.model, target.connection
    wire = wire_for("anthropic", "/messages/count_tokens", vendor(model.provider), connection)
    if wire is not None:
        sent = rewritten(body, head.model, model.upstream_id, lambda _: False)
        deadline = Deadline(connection.timeouts.total)
        headers = wire.headers(connection, call.headers)

        async def attempt() -> bytes:
            async with open_response(engine.http, "POST", wire.path, connection, headers, sent, deadline) as response:
                return await read_whole(response, connection, deadline)

        answer = await lanes.unless_gone(call, retried(attempt, deadline.at))
        await call.answer(answer, headers={"x-radiant-model": model.id})
        return
    if extra := beyond(body, CountBody):
        raise UnsupportedByModel(f"{model.id} has no {', '.join(sorted(extra))}; leave that out")
    if not isinstance(target.provider, LocalProvider):
        await _estimate(call, body)
        return
    request = msgspec.structs.replace(decode(body, CountBody).to_request(), model=model.upstream_id)
    try:
        count = await lanes.unless_gone(call, target.provider.count_tokens(request, connection))
    except (UpstreamError, ServingProblem):
        # A template that has no place for it, or no room for the model just now.
        await _estimate(call, body)
    else:
        await call.answer_json({"input_tokens": count}, headers={"x-radiant-model": model.id})


async def _estimate(call: Call, body: bytes) -> None:
    count = estimate.input_tokens(decode(body, CountBody).to_request())
    await call.answer_json({"input_tokens": count}, headers={"x-radiant-estimated": "true"})
