"""A call that was admitted while it runs: its events, metered and guarded as they pass, and settled at their end."""

import contextlib
from collections.abc import AsyncGenerator, Awaitable
from typing import TypeVar

from radiant.ai.inference.metered import Metered
from radiant.ai.inference.models import Target
from radiant.ai.policies.cache import replayed
from radiant.ai.policies.guarding import Guarding
from radiant.ai.providers.chat import ChatRequest, Completion, Done, Event, Usage
from radiant.ai.providers.health import Upstreams
from radiant.ai.providers.retry import Asking
from radiant.ai.routing.needs import Needs

T = TypeVar("T")


def asking(upstreams: Upstreams, target: Target, needs: Needs) -> Asking:
    """Whom to ask for this model, and how often."""
    tokens = needs.input_tokens + needs.output_tokens
    return Asking(upstreams, target.keys, target.model.upstream_id, tokens, target.provider.retries)


async def guarded(call: Metered, work: Awaitable[T]) -> T:
    """The result of guardrails before a call that was admitted; what they refuse is in the ledger."""
    try:
        return await work
    except BaseException as error:
        call.finish(None, error)
        raise


async def events_of(
    upstreams: Upstreams, target: Target, call: Metered, request: ChatRequest, guarding: Guarding | None
) -> AsyncGenerator[Event]:
    """What the model says, as it passes the meter and the guardrails. The call is settled whatever happens."""
    stop_reason: str | None = None
    failure: BaseException | None = None
    try:
        asked = asking(upstreams, target, call.needs).stream(lambda key: target.provider.stream(request, key))
        async with contextlib.aclosing(asked) as upstream:
            async for event in upstream:
                call.note(event)
                if isinstance(event, Done):
                    stop_reason = event.stop_reason
                if guarding is None:
                    yield event
                    continue
                for passed in await guarding.feed(event):
                    yield passed
            if guarding is not None:
                for passed in await guarding.end():
                    yield passed
    except BaseException as error:
        failure = error
        raise
    finally:
        call.finish(stop_reason, failure)


async def kept_events(call: Metered, completion: Completion) -> AsyncGenerator[Event]:
    """An answer that was given before: in the ledger with its tokens, and at no cost."""
    stop_reason: str | None = "cancelled"
    call.used(completion.usage or Usage())
    try:
        async with contextlib.aclosing(replayed(completion)) as events:
            async for event in events:
                if not isinstance(event, Usage):
                    call.note(event)
                if isinstance(event, Done):
                    stop_reason = event.stop_reason
                yield event
    finally:
        call.finish(stop_reason, cached=True)


async def prepend(first: Event, rest: AsyncGenerator[Event]) -> AsyncGenerator[Event]:
    """An event that was taken already, and the others."""
    async with contextlib.aclosing(rest):
        yield first
        async for event in rest:
            yield event
