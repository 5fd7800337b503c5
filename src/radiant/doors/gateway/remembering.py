"""X-Radiant-Memory: on — what is known of the caller goes along with a request of theirs.

As in chats: preferences at the end of the instructions, where they are the same from call to call; memories before the
last question; both as data that says so, within a budget. The ids of what went along are in the answer's headers:

x-radiant-memory-ids, x-radiant-preference-ids: separated by commas; absent where nothing was brought up

What goes along is kept nowhere: no cache holds the answer, and a log leaves it out, so that forgetting is complete.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast
from uuid import UUID

import msgspec

from radiant.ai.providers.wires import Fields
from radiant.doors.gateway.call import Call
from radiant.doors.gateway.lanes import Engine
from radiant.doors.gateway.openai_request import BadRequest, decode
from radiant.doors.gateway.policed import Ruled
from radiant.foundation.identity.callers import Caller
from radiant.kit.errors import Problem
from radiant.workspace.personalization.applying import BUDGET, LOCAL_BUDGET, TASTES

_HEADER = b"x-radiant-memory"
_TEXTS = ("text", "input_text")

Speaking = Literal["chat", "messages", "responses"]


@dataclass(frozen=True, slots=True)
class _Words:
    """Where a protocol has its conversation, and how it adds to the instructions."""

    conversation: str
    kind: Any
    part: str
    instruct: Callable[[Fields, str], None]


def wanted(call: Call) -> bool:
    """Whether the caller wants it. Raises BadRequest."""
    given = call.headers.get(_HEADER)
    if given is None:
        return False
    if (said := given.strip().lower()) not in (b"on", b"off"):
        raise BadRequest("x-radiant-memory: say on, or off")
    return said == b"on"


def not_here(call: Call) -> None:
    """Raises BadRequest where memory is asked for and cannot be had."""
    if wanted(call):
        raise BadRequest(
            "x-radiant-memory: not here; use /v1/chat/completions, /v1/messages or /v1/responses (not in the background)"
        )


async def with_memory(engine: Engine, call: Call, caller: Caller, ruled: Ruled, speaking: Speaking) -> Ruled:
    """The request with what is known of the caller, where they ask for that. Costs one look at the headers otherwise, and
    at most a quarter of a second (personalization's Recall). Raises BadRequest, MissingScope."""
    if not wanted(call):
        return ruled
    caller.require_scope("memory")
    fields = decode(ruled.body, Fields)
    words = _WORDS[speaking]
    conversation: str | list[msgspec.Raw] | None = _decoded(fields.get(words.conversation), words.kind)
    at, question = _question(conversation)
    if not question:
        return ruled
    model = _decoded(fields.get("model"), str) or ""
    recalled = await engine.recall.recall(caller, None, question, await _budget(engine, caller, model))
    if recalled.found:
        fields[words.conversation] = _encoded(_told(conversation, at, recalled.found, words.part))
    if recalled.about:
        words.instruct(fields, recalled.about)
    if model == "auto" and recalled.level in TASTES:
        fields["model"] = _encoded(f"auto:{recalled.level}")
    call.also = _named("memory", recalled.memories) + _named("preference", recalled.preferences)
    private = [text for text in (recalled.about, recalled.found) if text]
    return msgspec.structs.replace(ruled, body=msgspec.json.encode(fields), fresh=True, private=private)


async def _budget(engine: Engine, caller: Caller, model: str) -> int:
    try:
        _, local = await engine.inference.models.room(caller.db(engine.database), model)
    except Problem:
        # An alias of a policy's, or a name that the call itself will be refused for.
        return BUDGET
    return LOCAL_BUDGET if local else BUDGET


def _named(what: str, ids: Sequence[UUID]) -> str:
    return f"x-radiant-{what}-ids: {','.join(map(str, ids))}\r\n" if ids else ""


def _decoded(raw: msgspec.Raw | None, kind: Any) -> Any:
    """None for what is not there or not of that kind: the endpoint itself says what is wrong with it."""
    try:
        return None if raw is None else msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _encoded(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))


def _question(conversation: str | list[msgspec.Raw] | None) -> tuple[int, str]:
    """The place and the words of the last thing that a person says; -1 where it is all there is, or there is none."""
    if isinstance(conversation, str) or conversation is None:
        return -1, (conversation or "").strip()
    for at in range(len(conversation) - 1, -1, -1):
        message = _decoded(conversation[at], dict[str, Any])
        if message is not None and message.get("role") == "user" and (text := _text(message.get("content"))):
            return at, text
    return -1, ""


def _text(content: Any) -> str:
    if isinstance(content, list):
        content = " ".join(part["text"] for part in cast(list[Any], content) if _is_text(part))
    return content.strip() if isinstance(content, str) else ""


def _is_text(part: Any) -> bool:
    if not isinstance(part, dict):
        return False
    fields = cast(dict[str, Any], part)
    return fields.get("type") in _TEXTS and isinstance(fields.get("text"), str)


def _told(conversation: str | list[msgspec.Raw] | None, at: int, found: str, part: str) -> str | list[msgspec.Raw]:
    """The conversation with `found` right before the question."""
    if isinstance(conversation, str):
        return f"{found}\n\n{conversation}"
    assert conversation is not None
    message = msgspec.json.decode(conversation[at], type=dict[str, Any])
    content: str | list[Any] = message["content"]
    if isinstance(content, str):
        message["content"] = f"{found}\n\n{content}"
    else:
        # Results of tools come first in a message, and pictures may: it goes where the person begins to speak.
        first = next(number for number, item in enumerate(content) if _is_text(item))
        message["content"] = [*content[:first], {"type": part, "text": found}, *content[first:]]
    return [*conversation[:at], _encoded(message), *conversation[at + 1 :]]


def _longer(content: Any, text: str) -> str | list[Any]:
    """Instructions and more of them."""
    if isinstance(content, list):
        return [*cast(list[Any], content), {"type": "text", "text": text}]
    return f"{content}\n\n{text}" if content else text


def _as_message(fields: Fields, text: str) -> None:
    """Chat completions: in the message of the system that begins the conversation, or as one."""
    messages: list[msgspec.Raw] = _decoded(fields.get("messages"), list[msgspec.Raw]) or []
    first = _decoded(messages[0], dict[str, Any]) if messages else None
    if first is not None and first.get("role") in ("system", "developer"):
        messages[0] = _encoded(first | {"content": _longer(first.get("content"), text)})
    else:
        messages.insert(0, _encoded({"role": "system", "content": text}))
    fields["messages"] = _encoded(messages)


def _as_field(name: str) -> Callable[[Fields, str], None]:
    def instruct(fields: Fields, text: str) -> None:
        fields[name] = _encoded(_longer(_decoded(fields.get(name), Any), text))

    return instruct


_WORDS: Mapping[Speaking, _Words] = {
    "chat": _Words("messages", list[msgspec.Raw], "text", _as_message),
    "messages": _Words("messages", list[msgspec.Raw], "text", _as_field("system")),
    "responses": _Words("input", str | list[msgspec.Raw], "input_text", _as_field("instructions")),
}
