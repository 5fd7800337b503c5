"""POST /v1/moderations: relayed to a vendor that judges texts."""

from typing import Any

import msgspec

from radiant.ai.inference.chosen import Chosen
from radiant.ai.inference.estimate import text_tokens
from radiant.ai.inference.metered import Labels
from radiant.ai.inference.models import Target
from radiant.ai.providers.watch_endpoints import whole_response
from radiant.ai.routing.needs import Needs
from radiant.doors.gateway import lanes, openai_answer
from radiant.doors.gateway.at_endpoint import at_endpoint, lacking, named_at
from radiant.doors.gateway.call import Call
from radiant.doors.gateway.heads import rewritten
from radiant.doors.gateway.lanes import Engine
from radiant.doors.gateway.openai_request import BadRequest, decode
from radiant.doors.gateway.policed import under_policy
from radiant.foundation.identity.callers import Caller

# What is asked where the request names no model, in this order.
_DEFAULTS = ("omni-moderation-latest", "mistral-moderation-latest")


class _Body(msgspec.Struct):
    input: str | list[Any]
    model: str | None = None


async def moderations(engine: Engine, call: Call) -> None:
    """POST /v1/moderations."""
    caller = await call.identify(engine.keys)
    ruled = await under_policy(engine, call, caller, await call.body(), "other")
    asked = decode(ruled.body, _Body)
    if not asked.input:
        raise BadRequest("input: give at least one text", "input")
    target = await _target(engine, caller, asked.model)
    needs = Needs(frozenset(), text_tokens(len(ruled.body)), 0)
    found = at_endpoint("moderations", Chosen(target, needs, "named", "named"))
    if found is None:
        raise lacking("moderations", f"{target.model.id} does not judge texts")
    wire, chosen = found
    labels = Labels(protocol="openai", streamed=False, tags=ruled.tags, request_id=call.request_id)
    sent = rewritten(ruled.body, asked.model or "", target.model.upstream_id, lambda _: False)
    work = lanes.relay(engine, call, caller, chosen, wire, sent, None, labels, "moderation")
    relayed = await lanes.unless_gone(call, work)
    await lanes.send_relayed(call, relayed, whole_response, streamed=False, failed=openai_answer.failed_frame)


async def _target(engine: Engine, caller: Caller, name: str | None) -> Target:
    if name is not None:
        return await named_at(engine, caller, "moderations", name)
    first, *others = _DEFAULTS
    for default in others:
        try:
            return await named_at(engine, caller, "moderations", first)
        except BadRequest:
            first = default
    return await named_at(engine, caller, "moderations", first)
