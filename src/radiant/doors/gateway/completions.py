"""POST /v1/completions, the older form: relayed where the vendor has it, done by an embedded model itself, else asked
as a chat."""

import time
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import replace
from typing import Any

import msgspec

from radiant.ai.inference.chosen import Answer, Chosen, UnsupportedByModel
from radiant.ai.inference.estimate import DEFAULT_OUTPUT, text_tokens
from radiant.ai.inference.metered import Labels
from radiant.ai.inference.relay import Relayed
from radiant.ai.providers.chat import ChatRequest, Completion, Done, Event, Failed, Message, TextDelta, Usage
from radiant.ai.providers.local import LocalProvider
from radiant.ai.providers.watch import whole_openai
from radiant.ai.providers.watch_endpoints import CompletionsWatch
from radiant.ai.providers.wires import Fields
from radiant.ai.routing.needs import Asked, Needs
from radiant.doors.gateway import lanes, openai_answer
from radiant.doors.gateway.asking import asking
from radiant.doors.gateway.at_endpoint import at_endpoint
from radiant.doors.gateway.call import Call
from radiant.doors.gateway.heads import beyond, rewritten
from radiant.doors.gateway.lanes import Engine
from radiant.doors.gateway.openai_request import MAX_STOPS, BadRequest, decode, in_range
from radiant.doors.gateway.policed import under_policy
from radiant.doors.gateway.remembering import not_here
from radiant.http.sse import frame
from radiant.kit.ids import uuid7

_WITH_USAGE = msgspec.Raw(b'{"include_usage":true}')
# The protocol's own default, which clients rely on.
_OUTPUT = 16


class _StreamOptions(msgspec.Struct):
    include_usage: bool | None = None


class _Body(msgspec.Struct):
    model: str
    prompt: str | list[Any] = "<|endoftext|>"
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: str | list[str] | None = None
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    n: int | None = None
    best_of: int | None = None
    echo: bool | None = None
    suffix: str | None = None
    logprobs: int | None = None
    logit_bias: dict[str, float] | None = None
    user: str | None = None

    @property
    def wants_usage(self) -> bool:
        """Whether a stream ends in a chunk of usage."""
        return bool(self.stream_options and self.stream_options.include_usage)

    def needs(self, size: int) -> Needs:
        """What a body of that size asks of a model. Raises BadRequest."""
        in_range("max_tokens", self.max_tokens, 0, 10_000_000)
        in_range("temperature", self.temperature, 0, 2)
        in_range("top_p", self.top_p, 0, 1)
        in_range("n", self.n, 1, 128)
        in_range("best_of", self.best_of, 1, 128)
        prompts = len(self.prompt) if isinstance(self.prompt, list) and self._texts else 1
        answers = max(self.n or 1, self.best_of or 1) * prompts
        limit = self.max_tokens if self.max_tokens is not None else DEFAULT_OUTPUT
        return Needs(frozenset({"text"}), text_tokens(size), limit * answers, Asked(request=self.to_request))

    @property
    def _texts(self) -> bool:
        return isinstance(self.prompt, list) and not all(isinstance(item, int) for item in self.prompt)

    def to_request(self) -> ChatRequest:
        """The prompt as the only message, its model still empty. Raises BadRequest for what no chat can do."""
        beyond_chat: dict[str, Any] = {
            "echo": self.echo, "suffix": self.suffix, "logprobs": self.logprobs, "logit_bias": self.logit_bias,
            "n": self.n if self.n != 1 else None, "best_of": self.best_of if self.best_of != 1 else None,
        }  # fmt: skip
        for name, value in beyond_chat.items():
            # logprobs: 0 asks for those of the words that were said.
            if value if name != "logprobs" else value is not None:
                raise BadRequest(f"{name}: not offered by this model; leave it out, or choose one of OpenAI's", name)
        prompt = self.prompt[0] if isinstance(self.prompt, list) and len(self.prompt) == 1 else self.prompt
        if not isinstance(prompt, str):
            raise BadRequest("prompt: one text a request for this model; send several requests for several", "prompt")
        if not prompt:
            raise BadRequest("prompt: empty", "prompt")
        stop = [self.stop] if isinstance(self.stop, str) else self.stop or []
        if len(stop) > MAX_STOPS:
            raise BadRequest(f"stop: at most {MAX_STOPS}", "stop")
        in_range("max_tokens", self.max_tokens, 1, 10_000_000)
        in_range("presence_penalty", self.presence_penalty, -2, 2)
        in_range("frequency_penalty", self.frequency_penalty, -2, 2)
        return ChatRequest(
            model="",
            messages=[Message.of("user", prompt)],
            max_tokens=self.max_tokens if self.max_tokens is not None else _OUTPUT,
            temperature=self.temperature,
            top_p=self.top_p,
            stop=stop,
            seed=self.seed,
            presence_penalty=self.presence_penalty,
            frequency_penalty=self.frequency_penalty,
            user=self.user,
        )


async def completions(engine: Engine, call: Call) -> None:
    """POST /v1/completions."""
    caller = await call.identify(engine.keys)
    not_here(call)
    ruled = await under_policy(engine, call, caller, await call.body(), "completions")
    body = ruled.body
    asked = decode(body, _Body)
    streamed = bool(asked.stream)
    labels = Labels(
        protocol="openai", streamed=streamed, tags=ruled.tags, request_id=call.request_id, fresh=ruled.fresh
    )

    async def attempt(chosen: Chosen) -> Relayed | Answer:
        target, model = chosen.target, chosen.target.model
        found = None if ruled.rules.parsed else at_endpoint("completions", chosen)
        if found is None:
            if extra := beyond(body, _Body):
                raise UnsupportedByModel(f"{model.id} has no {', '.join(sorted(extra))} here; leave that out")
            if isinstance(target.provider, LocalProvider):
                itself = replace(target, provider=target.provider.completing())
                chosen = msgspec.structs.replace(chosen, target=itself)
            return await engine.inference.answer(caller, chosen, asked.to_request(), labels)
        wire, there = found
        ask_usage = streamed and wire.vendor.stream_usage and not asked.wants_usage

        def change(fields: Fields) -> bool:
            filled = ruled.fill(fields, model)
            if ask_usage:
                fields["stream_options"] = _WITH_USAGE
            return ask_usage or filled

        sent = rewritten(body, asked.model, model.upstream_id, change)
        watch = CompletionsWatch(target.connection, hide_usage=ask_usage) if streamed else None
        return await lanes.relay(engine, call, caller, there, wire, sent, watch, labels, "completion")

    work = engine.inference.choose(caller, asked.model, asking(call, asked.needs(len(body))), attempt)
    answer = await lanes.unless_gone(call, work)
    if isinstance(answer, Relayed):
        await lanes.send_relayed(call, answer, whole_openai, streamed=streamed, failed=openai_answer.failed_frame)
        return
    head = {
        "id": f"cmpl-{uuid7().hex}",
        "object": "text_completion",
        "created": int(time.time()),
        "model": answer.model,
    }
    if streamed:
        await lanes.send_translated(call, answer, lambda events: _chunks(head, events, with_usage=asked.wants_usage))
        return

    def whole(completion: Completion) -> dict[str, Any]:
        choice = _choice(completion.text, openai_answer.finish_of(completion.stop_reason))
        return {**head, "choices": [choice], "usage": openai_answer.usage_body(completion.usage)}

    await lanes.send_whole(call, answer, whole)


def _choice(text: str, finish: str | None) -> dict[str, Any]:
    return {"index": 0, "text": text, "logprobs": None, "finish_reason": finish}


async def _chunks(head: dict[str, Any], events: AsyncIterator[Event], *, with_usage: bool) -> AsyncGenerator[bytes]:
    usage: Usage | None = None
    async for event in events:
        match event:
            case TextDelta(text):
                yield frame(msgspec.json.encode({**head, "choices": [_choice(text, None)]}))
            case Usage():
                usage = event
            case Done(stop_reason):
                last = _choice("", openai_answer.finish_of(stop_reason))
                yield frame(msgspec.json.encode({**head, "choices": [last]}))
            case Failed():
                yield openai_answer.failed_frame(event)
                return
            case _:
                pass
    if with_usage:
        yield frame(msgspec.json.encode({**head, "choices": [], "usage": openai_answer.usage_body(usage)}))
    yield frame(b"[DONE]")
