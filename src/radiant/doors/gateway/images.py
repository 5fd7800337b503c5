"""POST /v1/images/generations: relayed to a vendor that draws, streamed with its partial pictures or whole."""

import msgspec

from radiant.ai.inference.chosen import Chosen
from radiant.ai.inference.estimate import text_tokens
from radiant.ai.inference.metered import Labels
from radiant.ai.providers.watch_endpoints import ResponsesWatch, whole_response
from radiant.ai.providers.wires import Fields
from radiant.ai.routing.needs import Needs
from radiant.doors.gateway import lanes, responses_answer
from radiant.doors.gateway.at_endpoint import at_endpoint, lacking, named_at
from radiant.doors.gateway.call import Call
from radiant.doors.gateway.heads import rewritten
from radiant.doors.gateway.lanes import Engine
from radiant.doors.gateway.openai_request import decode, in_range
from radiant.doors.gateway.policed import under_policy

_DEFAULT = "gpt-image-1"
# A large picture of high quality is some 6,200 tokens; most are a quarter of that.
_TOKENS_A_PICTURE = 6240


class _Body(msgspec.Struct):
    prompt: str
    model: str | None = None
    n: int | None = None
    stream: bool | None = None


async def image_generations(engine: Engine, call: Call) -> None:
    """POST /v1/images/generations."""
    caller = await call.identify(engine.keys)
    ruled = await under_policy(engine, call, caller, await call.body(), "images")
    asked = decode(ruled.body, _Body)
    in_range("n", asked.n, 1, 10)
    target = await named_at(engine, caller, "images", asked.model or _DEFAULT)
    needs = Needs(frozenset(), text_tokens(len(asked.prompt)), _TOKENS_A_PICTURE * (asked.n or 1))
    found = at_endpoint("images", Chosen(target, needs, "named", "named"))
    if found is None:
        raise lacking("images", f"{target.model.id} makes no pictures")
    wire, chosen = found
    streamed = bool(asked.stream)
    labels = Labels(protocol="openai", streamed=streamed, tags=ruled.tags, request_id=call.request_id)

    def change(fields: Fields) -> bool:
        return ruled.fill(fields, target.model)

    sent = rewritten(ruled.body, asked.model or "", target.model.upstream_id, change)
    watch = ResponsesWatch(target.connection, ("image_generation.completed", "error")) if streamed else None
    work = lanes.relay(engine, call, caller, chosen, wire, sent, watch, labels, "image")
    relayed = await lanes.unless_gone(call, work)
    await lanes.send_relayed(call, relayed, whole_response, streamed=streamed, failed=responses_answer.error_frame)
