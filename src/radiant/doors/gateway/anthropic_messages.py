"""POST /v1/messages."""

from collections.abc import Awaitable

from radiant.ai.inference.chosen import Answer, Chosen, UnsupportedByModel
from radiant.ai.inference.metered import Labels
from radiant.ai.inference.relay import Relayed
from radiant.ai.providers.chat import ChatRequest
from radiant.ai.providers.vendors import vendor
from radiant.ai.providers.watch import AnthropicWatch, whole_anthropic
from radiant.ai.providers.wires import Fields, wire_for
from radiant.doors.gateway import anthropic_answer, lanes
from radiant.doors.gateway.anthropic_request import MessagesBody
from radiant.doors.gateway.asking import asking
from radiant.doors.gateway.call import Call
from radiant.doors.gateway.heads import MessagesHead, beyond, rewritten
from radiant.doors.gateway.lanes import Engine
from radiant.doors.gateway.openai_request import decode
from radiant.doors.gateway.policed import under_policy
from radiant.doors.gateway.remembering import with_memory
from radiant.doors.gateway.thinking import is_think_tank, think
from radiant.kit.ids import uuid7


async def messages(engine: Engine, call: Call) -> None:
    """POST /v1/messages."""
    caller = await call.identify(engine.keys)
    ruled = await under_policy(engine, call, caller, await call.body(), "messages")
    ruled = await with_memory(engine, call, caller, ruled, "messages")
    body = ruled.body
    head = decode(body, MessagesHead)
    labels = Labels(
        protocol="anthropic",
        streamed=bool(head.stream),
        tags=ruled.tags,
        request_id=call.request_id,
        fresh=ruled.fresh,
        private=ruled.private,
    )

    def neutral() -> ChatRequest:
        return decode(body, MessagesBody).to_request()

    async def attempt(chosen: Chosen) -> Relayed | Answer:
        target = chosen.target
        wire = wire_for("anthropic", "/messages", vendor(target.model.provider), target.connection)
        if wire is None or ruled.reads(neutral, lambda: beyond(body, MessagesBody)):
            extra = beyond(body, MessagesBody)
            if extra:
                names = ", ".join(sorted(extra))
                if ruled.rules.parsed and wire is not None:
                    raise UnsupportedByModel(
                        f"{names}: not known to the guardrails of this key's policy; leave that out"
                    )
                raise UnsupportedByModel(
                    f"{target.model.id} has no {names}; leave that out, or choose a model of Anthropic's"
                )
            return await engine.inference.answer(caller, chosen, neutral(), labels)

        def change(fields: Fields) -> bool:
            filled = ruled.fill(fields, target.model)
            return wire.adapt(fields) or filled

        sent = rewritten(body, head.model, target.model.upstream_id, change)
        watch = AnthropicWatch(target.connection) if head.stream else None
        return await lanes.relay(engine, call, caller, chosen, wire, sent, watch, labels, rules=ruled.rules)

    work: Awaitable[Relayed | Answer]
    if is_think_tank(head.model):
        work = think(engine, caller, head.model, neutral(), list(beyond(body, MessagesBody)))
    else:
        needs = asking(call, head.needs(body, neutral))
        work = engine.inference.choose(caller, head.model, needs, attempt, ruled.rules)
    answer = await lanes.unless_gone(call, work)
    if isinstance(answer, Relayed):
        await lanes.send_relayed(
            call, answer, whole_anthropic, streamed=bool(head.stream), failed=anthropic_answer.failed_frame
        )
        return
    answer_id = f"msg_{uuid7().hex}"
    if head.stream:
        await lanes.send_translated(
            call, answer, lambda events: anthropic_answer.stream(answer_id, answer.model, events)
        )
        return
    await lanes.send_whole(
        call, answer, lambda completion: anthropic_answer.message_body(answer_id, answer.model, completion)
    )
