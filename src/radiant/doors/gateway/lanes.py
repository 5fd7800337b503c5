"""The two ways to an answer: relayed as it came from an upstream of the client's own protocol, or translated."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec
import structlog

from radiant.ai.inference.chosen import Answer, Chosen, UnsupportedByModel, labelled
from radiant.ai.inference.metered import Labels, Metered
from radiant.ai.inference.relay import ReadWhole, Relayed
from radiant.ai.inference.service import Inference
from radiant.ai.policies.problems import PolicyViolation
from radiant.ai.policies.rules import Rules
from radiant.ai.providers.chat import ChatRequest, Completion, Event, Failed, fold
from radiant.ai.providers.vendors import vendor
from radiant.ai.providers.watch import Watch
from radiant.ai.providers.wires import Wire
from radiant.ai.speech.service import Speech
from radiant.doors.gateway.call import Call
from radiant.foundation.identity.callers import Caller
from radiant.foundation.identity.known_keys import KnownKeys
from radiant.foundation.usage.meter import Meter
from radiant.foundation.usage.schemas import CallKind
from radiant.infra.db import Database
from radiant.infra.httpclient import HttpClient
from radiant.infra.objects import ObjectStore
from radiant.kit.errors import Problem
from radiant.workspace.personalization.applying import Recall
from radiant.workspace.reasoning.service import Thinking

log = structlog.get_logger()
T = TypeVar("T")


class Bug(Problem):
    """Something went wrong on our side."""

    status, slug = 500, "internal"


@dataclass(frozen=True, slots=True)
class Engine:
    """What the door works with; filled by the root."""

    inference: Inference
    keys: KnownKeys
    meter: Meter
    http: HttpClient
    database: Database
    objects: ObjectStore
    recall: Recall
    thinking: Thinking
    speech: Speech
    batch_waits: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when there is a batch to be worked on."""
    response_waits: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when there is a response in the background to be worked on."""


def answer_headers(model: str, provider: str, decision_id: object, limits: Mapping[str, str]) -> dict[str, str]:
    """Which model answered, under which id feedback names the decision, what is left of the limits."""
    return {
        "x-radiant-model": model,
        "x-radiant-provider": provider,
        "x-radiant-decision-id": str(decision_id),
        **limits,
    }


def _of_call(call: Metered) -> dict[str, str]:
    return answer_headers(call.model.id, call.model.provider, call.decision_id, call.headers)


async def relay(
    engine: Engine, call: Call, caller: Caller, chosen: Chosen, wire: Wire, body: bytes, watch: Watch | None,
    labels: Labels, kind: CallKind = "chat", rules: Rules | None = None,
) -> Relayed:  # fmt: skip
    """Admit a call and begin its answer. `rules`: the caller's, where they are at hand. Raises BudgetExceeded, RateLimited, PolicyViolation, UpstreamError."""
    target = chosen.target
    policies = engine.inference.policies
    if rules is None:
        rules = policies.known(caller) or await policies.of(caller)
    if rules.guards:
        # Nothing slips past a guardrail because an endpoint forgot about them.
        raise PolicyViolation(
            f"the policy {rules.guards[0].policy!r} has guardrails, which cannot look into this request: ask by"
            " /v1/chat/completions, /v1/messages, /v1/responses or /v1/embeddings",
            policy=rules.guards[0].policy,
        )  # fmt: skip
    if rules.logging is not None:
        policies.logs.begin(
            caller, rules.logging, rules.guards, labels.protocol, target.model.id, body, labels.private
        ).ended(None, None)
    metered = await engine.inference.admit(caller, target.model, chosen.needs, labelled(labels, chosen), kind)
    relayed = Relayed(metered, target, watch)
    try:
        await relayed.begin(engine.http, engine.inference.upstreams, target.keys, wire, call.headers, body)
    except BaseException as error:
        relayed.close(error)
        raise
    return relayed


async def send_relayed(
    call: Call, relayed: Relayed, read: ReadWhole, *, streamed: bool, failed: Callable[[Failed], bytes],
    before: Callable[[bytes], Awaitable[None]] | None = None,
) -> None:  # fmt: skip
    """The answer as it comes. `failed`: the protocol's frame for a stream that broke; `before`: sees each piece before
    the client does."""
    error: BaseException | None = None
    try:
        call.watch(relayed.abandon)
        if not streamed:
            body = await relayed.whole(read)
            if before is not None:
                await before(body)
            await call.answer(body, headers=_of_call(relayed.call))
            return
        await call.begin_events(_of_call(relayed.call))
        last = b""
        try:
            while piece := await (
                relayed.piece() if before else relayed.pour(call.send_events_now, call.send_chunk_now)
            ):
                if before is not None:
                    await before(piece)
                await call.send_events(piece)
        except Problem as problem:
            error = problem
            last = failed(Failed.of(problem))
        await call.end_events(last)
    except BaseException as raised:
        error = raised
        raise
    finally:
        relayed.close(error)


def with_extra(chosen: Chosen, ask: ChatRequest, extra: dict[str, Any]) -> ChatRequest:
    """The request with the fields that only OpenAI's protocol or a server of one's own knows. Raises
    UnsupportedByModel where the chosen model speaks another: nothing that was asked for is dropped in silence."""
    asked = [*extra, "logprobs"] if ask.logprobs is not None else list(extra)
    if not asked:
        return ask
    model = chosen.target.model
    known = vendor(model.provider)
    if known is None or known.protocol not in ("openai", "azure"):
        raise UnsupportedByModel(
            f"{model.id} has no {', '.join(sorted(asked))}; leave that out, or choose a model whose provider knows it"
        )
    return msgspec.structs.replace(ask, extra=extra)


async def unless_gone(call: Call, work: Awaitable[T]) -> T:
    """The result of `work`; a client that goes away cancels this task, and with it the upstream."""
    task = asyncio.current_task()
    assert task is not None
    call.watch(task.cancel)
    return await work


async def whole(answer: Answer) -> Completion:
    """All of an answer. Raises what its stream raises."""
    async with contextlib.aclosing(answer.events) as events:
        return await fold(events)


async def send_whole(call: Call, answer: Answer, body_of: Callable[[Completion], object]) -> None:
    """All of an answer at once, as the protocol's body of it."""
    completion = await unless_gone(call, whole(answer))
    headers = answer_headers(answer.model, answer.provider, answer.decision_id, answer.headers)
    await call.answer_json(body_of(completion), headers=headers)


async def send_translated(
    call: Call, answer: Answer, render: Callable[[AsyncGenerator[Event]], AsyncGenerator[bytes]]
) -> None:
    """The answer's events in the form of the client's protocol."""
    await call.begin_events(answer_headers(answer.model, answer.provider, answer.decision_id, answer.headers))
    async with (
        contextlib.aclosing(_failures_as_events(answer)) as events,
        contextlib.aclosing(render(events)) as frames,
    ):
        async for frame in frames:
            await call.send_events(frame)
    await call.end_events()


async def _failures_as_events(answer: Answer) -> AsyncGenerator[Event]:
    """The answer's events; a failure in mid-stream becomes its last one, since the status is sent."""
    try:
        async with contextlib.aclosing(answer.events) as events:
            async for event in events:
                yield event
    except Problem as problem:
        yield Failed.of(problem)
    except Exception as error:
        log.error("bug", decision_id=str(answer.decision_id), exc_info=error)
        yield Failed.of(Bug("something went wrong on our side"))
