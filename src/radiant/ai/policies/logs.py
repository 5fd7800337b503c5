"""What was asked through keys and what was answered, kept where a policy says so and only there.

Before anything is written the detectors of personal data and secrets, and whatever the policy's guardrails look for, are
taken out for good. Pictures and documents are not kept. Writing happens beside the answer.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import structlog

from radiant.ai.policies import logs_store as store
from radiant.ai.policies.guarding import redacted
from radiant.ai.policies.guards import Guard
from radiant.ai.policies.problems import NoSuchLog
from radiant.ai.policies.schemas import LoggingSettings, RequestLog, WholeRequestLog
from radiant.ai.providers.chat import (
    AnswerFailed,
    ChatRequest,
    Event,
    Fold,
    Part,
    ReasoningPart,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)
from radiant.foundation.identity import trail
from radiant.foundation.identity.callers import Caller, Role
from radiant.infra.db import Database
from radiant.kit import detect
from radiant.kit.detect import Finder
from radiant.kit.errors import Problem
from radiant.kit.ids import uuid7

log = structlog.get_logger()

_MOST_CHARACTERS = 50_000
_MOST_MESSAGES = 200
_LEFT_OUT = "[what is known of the caller]"
_AWAY = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError)


@dataclass(frozen=True, slots=True)
class LogRule:
    """The logging that holds for a caller, and the policy that says so."""

    policy_id: UUID
    settings: LoggingSettings


class Redactor:
    """Takes out of texts what is not to be kept."""

    def __init__(self, settings: LoggingSettings, guards: Sequence[Guard], private: Sequence[str] = ()) -> None:
        # As they are, and as they stand in JSON.
        self._private = [form for text in private for form in (text, msgspec.json.encode(text)[1:-1].decode())]
        self._finders: list[Finder] = [detect.pii(settings.redact)] if settings.redact else []
        if settings.redact_secrets:
            self._finders.append(detect.secrets)
        self._finders += [guard.find for guard in guards if guard.find is not None]

    def clean(self, text: str) -> str:
        """The text, without that and no longer than is kept."""
        for private in self._private:
            text = text.replace(private, _LEFT_OUT)
        cut = text[:_MOST_CHARACTERS]
        for finding in reversed(detect.settled(each for find in self._finders for each in find(cut))):
            cut = cut[: finding.start] + redacted(finding.label) + cut[finding.end :]
        return cut if len(text) <= _MOST_CHARACTERS else f"{cut} … [{len(text)} characters]"


@dataclass(slots=True)
class LogEntry:
    """One call while it runs; ends by `recording` its events, or by `failed`."""

    logs: "RequestLogs"
    caller: Caller
    rule: LogRule
    redactor: Redactor
    protocol: str
    model: str
    request: dict[str, Any]
    id: UUID = field(default_factory=uuid7)

    async def recording(self, events: AsyncGenerator[Event]) -> AsyncGenerator[Event]:
        """The events as they pass; what they add up to is kept, however they end."""
        answer, failure = Fold(), None
        try:
            async with aclosing(events):
                async for event in events:
                    answer.add(event)
                    yield event
        except AnswerFailed as error:
            failure = error.failed.slug
            raise
        except Problem as error:
            failure = error.slug
            raise
        except (GeneratorExit, asyncio.CancelledError):
            failure = "cancelled"
            raise
        finally:
            parts = answer.partial()
            said = {"parts": [_part(part, self.redactor) for part in parts], "stop_reason": answer.stop_reason}
            self.ended(said if parts or answer.stop_reason else None, failure if answer.stop_reason is None else None)

    def ended(self, response: dict[str, Any] | None, failure: str | None) -> None:
        """Keep it."""
        self.logs.later(self._write(response, failure))

    async def _write(self, response: dict[str, Any] | None, failure: str | None) -> None:
        settings = self.rule.settings
        async with self.caller.db(self.logs.database).tx() as tx:
            await store.insert(
                tx, self.id, self.rule.policy_id, self.caller.api_key_id, self.protocol, self.model, self.request,
                response, failure, timedelta(days=settings.days), shared=settings.admins_read,
            )  # fmt: skip


class RequestLogs:
    """Made once by a root, with the policies."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._writing: set[asyncio.Task[None]] = set()

    def later(self, work: Awaitable[None]) -> None:
        """Do it beside the answer."""

        async def quietly() -> None:
            try:
                await work
            except _AWAY as error:
                # Its text may hold what was to be written.
                log.warning("request_log.not_kept", error=type(error).__name__)

        task = asyncio.create_task(quietly())
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def settled(self) -> None:
        """Everything that was to be kept until now is."""
        await asyncio.gather(*self._writing)

    def begin(
        self, caller: Caller, rule: LogRule, guards: Sequence[Guard], protocol: str, model: str,
        request: ChatRequest | Sequence[str] | bytes, private: Sequence[str] = (),
    ) -> LogEntry:  # fmt: skip
        """An entry of a call: of a conversation, of texts, or of a body that is relayed as it is. `private`: texts in it that
        are left out."""
        redactor = Redactor(rule.settings, guards, private)
        kept = _request(request, redactor)
        return LogEntry(self, caller, rule, redactor, protocol, model, kept)


def _request(request: ChatRequest | Sequence[str] | bytes, redactor: Redactor) -> dict[str, Any]:
    if isinstance(request, bytes):
        text = redactor.clean(request.decode("utf-8", "replace"))
        return {"relayed": text, "last": text}
    if not isinstance(request, ChatRequest):
        texts = [redactor.clean(text) for text in request[:_MOST_MESSAGES]]
        return {"texts": texts, "last": texts[-1] if texts else ""}
    parts = [[_part(part, redactor) for part in message.parts] for message in request.messages[-_MOST_MESSAGES:]]
    messages = [
        {"role": message.role, "parts": own}
        for message, own in zip(request.messages[-_MOST_MESSAGES:], parts, strict=True)
    ]
    asked = [part["text"] for own in parts for part in own if part["type"] == "text"]
    parameters = {
        name: value
        for name in ("max_tokens", "temperature", "top_p", "seed", "reasoning_effort")
        if (value := getattr(request, name)) is not None
    }
    tools = [tool.name for tool in request.tools]
    return {"messages": messages, "parameters": parameters, "tools": tools, "last": asked[-1] if asked else ""}


def _part(part: Part, redactor: Redactor) -> dict[str, Any]:
    match part:
        case TextPart(text):
            return {"type": "text", "text": redactor.clean(text)}
        case ReasoningPart(text):
            return {"type": "reasoning", "text": redactor.clean(text)}
        case ToolCallPart(_, name, arguments):
            return {"type": "tool_call", "name": name, "arguments": redactor.clean(arguments)}
        case ToolResultPart(_, text):
            return {"type": "tool_result", "text": redactor.clean(text)}
        case _:
            return {"type": type(part).__name__.removesuffix("Part").lower()}


# --- as people see them ---


def _whose(caller: Caller) -> UUID | None:
    """Members see their own. Admins see besides what its policy opened to them, which row level security knows."""
    return None if caller.role >= Role.ADMIN else caller.user_id


async def logs(
    database: Database, caller: Caller, *, api_key_id: UUID | None, model: str | None, failed: bool | None,
    words: str | None, before: tuple[datetime, UUID] | None, limit: int,
) -> list[RequestLog]:  # fmt: skip
    """Those that the caller may see, the newest first."""
    async with caller.db(database).tx() as tx:
        rows = await store.page(tx, _whose(caller), api_key_id, model, failed, words, before, limit)
    return [RequestLog.model_validate(dict(row)) for row in rows]


async def whole_log(database: Database, caller: Caller, log_id: UUID) -> WholeRequestLog:
    """One, with what was asked and answered. That somebody read another's is in the trail. Raises NoSuchLog."""
    async with caller.db(database).tx() as tx:
        row = await store.one(tx, log_id, _whose(caller))
        if row is None:
            raise NoSuchLog("there is no such log")
        if row["user_id"] != caller.user_id:
            await trail.record(tx, caller, "request_log.read", target=("request_log", log_id))
    return WholeRequestLog.model_validate(dict(row))


async def delete_log(database: Database, caller: Caller, log_id: UUID) -> None:
    """Raises NoSuchLog."""
    async with caller.db(database).tx() as tx:
        if not await store.delete(tx, log_id, _whose(caller)):
            raise NoSuchLog("there is no such log")
        await trail.record(tx, caller, "request_log.deleted", target=("request_log", log_id))
