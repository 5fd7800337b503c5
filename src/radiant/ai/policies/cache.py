"""Answers kept by policy and given again: to the very same request, or to one that means the same.

An entry belongs to a policy, and its key holds the model, what guardrails there were, the person where the policy says
so, and all of the request. Prompts are not stored; of a semantic cache the last message's vector is. Writing happens
beside the answer, which waits for nothing.
"""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from uuid import UUID

import asyncpg
import msgspec
import structlog

from radiant.ai.policies import cache_store as store
from radiant.ai.policies.schemas import CacheSettings
from radiant.ai.providers.chat import (
    ChatRequest,
    Completion,
    Done,
    Event,
    Fold,
    Message,
    ReasoningDelta,
    ReasoningPart,
    TextDelta,
    TextPart,
    ToolCallDelta,
    ToolCallPart,
    ToolResultPart,
)
from radiant.foundation.identity.callers import Caller
from radiant.infra.db import Database
from radiant.kit.errors import Problem

log = structlog.get_logger()

# Makes a vector of a text by a model of the caller's, metered as a call of its own. Filled by inference, above.
Embed = Callable[[Caller, str, str], Awaitable[Sequence[float]]]
Found = Literal["hit", "semantic", "miss"]
_MOST_BYTES = 512 * 1024
_MOST_EMBEDDED = 8_000
# A cached answer is streamed in pieces of that many characters.
_PIECE = 400
_AWAY = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError)


@dataclass(frozen=True, slots=True)
class CacheRule:
    """The cache that holds for a caller, and the policy that it belongs to."""

    policy_id: UUID
    settings: CacheSettings


def cacheable(settings: CacheSettings, request: ChatRequest) -> bool:
    """Whether an answer to the request may be given again."""
    if request.logprobs is not None:
        return False
    if request.temperature != 0 and not settings.any_temperature:
        return False
    return settings.with_tool_results or not any(
        isinstance(part, ToolResultPart) for message in request.messages for part in message.parts
    )


@dataclass(slots=True)
class Slot:
    """The place of one request in the cache: what was found there, and where to keep what will be answered."""

    found: Found
    completion: Completion | None
    _cache: "ResponseCache"
    _caller: Caller
    _rule: CacheRule
    _model: str
    _request_hash: bytes
    _scope_hash: bytes | None = None
    _embedding: str | None = None

    async def recording(self, events: AsyncGenerator[Event]) -> AsyncGenerator[Event]:
        """The events as they pass; a whole answer is kept."""
        answer = Fold()
        async with aclosing(events):
            async for event in events:
                answer.add(event)
                if isinstance(event, Done):
                    self._keep(answer)
                yield event

    def _keep(self, answer: Fold) -> None:
        if answer.stop_reason in (None, "content_filter"):
            return
        encoded = msgspec.json.encode(answer.completion())
        if len(encoded) <= _MOST_BYTES:
            self._cache.later(self._write(encoded))

    async def _write(self, encoded: bytes) -> None:
        settings = self._rule.settings
        user_id = self._caller.user_id if settings.per_user else None
        model = settings.embedding_model if self._embedding is not None else None
        async with self._cache.database.tenant(self._caller.tenant_id).tx() as tx:
            await store.keep(
                tx, self._rule.policy_id, user_id, self._request_hash, self._scope_hash, model, self._embedding,
                self._model, encoded, timedelta(seconds=settings.ttl_seconds),
            )  # fmt: skip
            await store.trim(tx, self._rule.policy_id, settings.max_entries)


class ResponseCache:
    """Made once by a root, with the policies."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.embed: Embed | None = None
        self._writing: set[asyncio.Task[None]] = set()

    def later(self, work: Awaitable[None]) -> None:
        """Do it beside the answer. What fails is not kept."""

        async def quietly() -> None:
            try:
                await work
            except _AWAY as error:
                log.warning("cache.not_kept", error=repr(error))

        task = asyncio.create_task(quietly())
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def settled(self) -> None:
        """Everything that was to be kept until now is."""
        await asyncio.gather(*self._writing)

    async def look(
        self, caller: Caller, rule: CacheRule, request: ChatRequest, model: str, guards: Sequence[str],
        *, by_meaning: bool,
    ) -> Slot:  # fmt: skip
        """What there is for a request. `guards`: what tells the guardrails that its answer went through. `by_meaning`:
        similar requests will do, where the policy says so."""
        who = str(caller.user_id) if rule.settings.per_user else ""
        head = msgspec.json.encode([str(rule.policy_id), model, who, list(guards)])
        slot = Slot("miss", None, self, caller, rule, model, _digest(head, request))
        try:
            async with self.database.tenant(caller.tenant_id).tx() as tx:
                answer = await store.exact(tx, rule.policy_id, slot._request_hash)  # pyright: ignore[reportPrivateUsage]
        except _AWAY as error:
            log.warning("cache.away", error=repr(error))
            return slot
        if answer is not None:
            slot.found, slot.completion = "hit", _decode(answer)
        elif by_meaning and rule.settings.mode == "semantic":
            await self._by_meaning(slot, caller, rule, head, request)
        return slot

    async def _by_meaning(self, slot: Slot, caller: Caller, rule: CacheRule, head: bytes, request: ChatRequest) -> None:
        split = _last_question(request)
        settings = rule.settings
        if split is None or self.embed is None:
            return
        beginning, question = split
        try:
            vector = await self.embed(caller, settings.embedding_model, question)
        except Problem as error:
            log.info("cache.no_vector", model=settings.embedding_model, error=error.slug)
            return
        scope, written = _digest(head, beginning), f"[{','.join(f'{x:.6g}' for x in vector)}]"
        slot._scope_hash, slot._embedding = scope, written  # pyright: ignore[reportPrivateUsage]
        try:
            async with self.database.tenant(caller.tenant_id).tx() as tx:
                answer = await store.nearest(
                    tx, rule.policy_id, scope, settings.embedding_model, written, 1 - settings.threshold
                )
        except _AWAY as error:
            log.warning("cache.away", error=repr(error))
            return
        if answer is not None:
            slot.found, slot.completion = "semantic", _decode(answer)


_decode = msgspec.json.Decoder(Completion).decode


def _digest(head: bytes, request: ChatRequest) -> bytes:
    """Of all that may change an answer: who asks for which person is in the head, and `user` is a label."""
    plain = msgspec.structs.replace(request, user=None)
    return hashlib.sha256(head + b"\0" + msgspec.json.encode(plain, order="deterministic")).digest()


def _last_question(request: ChatRequest) -> tuple[ChatRequest, str] | None:
    """The request without its last message, and that message's words; None where it is not words of the user's
    alone."""
    if not request.messages or request.messages[-1].role != "user":
        return None
    last = request.messages[-1]
    text = last.text.strip()
    if not text or len(text) > _MOST_EMBEDDED or not all(isinstance(part, TextPart) for part in last.parts):
        return None
    return msgspec.structs.replace(request, messages=[*request.messages[:-1], Message("user", ())]), text


async def replayed(completion: Completion) -> AsyncGenerator[Event]:
    """A kept answer as the events that it once came in."""
    index = 0
    for part in completion.parts:
        match part:
            case TextPart(text):
                for at in range(0, len(text), _PIECE):
                    yield TextDelta(text[at : at + _PIECE])
            case ReasoningPart(text, signature, redacted):
                yield ReasoningDelta(text, signature, redacted)
            case ToolCallPart(call_id, name, arguments):
                yield ToolCallDelta(index, call_id, name, arguments)
                index += 1
            case _:
                raise TypeError(f"an answer holds no {type(part).__name__}")
    if completion.usage is not None:
        yield completion.usage
    yield Done(completion.stop_reason)
