"""One request under guardrails: its prompt before it is sent, its answer as it comes.

An answer passes three steps, each for every text, block of thinking and tool call by itself: what looks for pieces of
text sees a window of it, what judges sees longer pieces, and at last placeholders become values again. So an answer is
late by at most `WINDOW + STEP` characters, or by `JUDGED` where somebody judges it.
"""

import json
import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

import msgspec

from radiant.ai.policies.guards import Asked, Guard, Turn, found_by, too_large
from radiant.ai.policies.problems import PolicyViolation
from radiant.ai.providers.chat import (
    ChatRequest,
    DocumentPart,
    Done,
    Event,
    Failed,
    ImagePart,
    Part,
    ReasoningDelta,
    ReasoningPart,
    TextDelta,
    TextPart,
    ToolCallDelta,
    ToolCallPart,
    ToolResultPart,
)
from radiant.foundation.identity.callers import Caller
from radiant.kit.detect import Finding, settled

# A finding of up to so many characters is seen whole before any of it is passed on; looked for at each `STEP`.
WINDOW, STEP = 240, 60
# Longer ones (private keys) are waited for up to here.
_MOST_HELD = 17_000
# What was passed on just before, so that a beginning is not taken for a word's.
_CONTEXT = 64
# Characters that judges see at once.
JUDGED = 1500

OnText = Callable[[str], str]
_Kind = Literal["text", "reasoning", "tool"]


def redacted(label: str) -> str:
    """What stands where something was taken out for good."""
    return f"[REDACTED:{label}]"


class _Vault:
    """Values and their placeholders, of one request. Nothing of it outlives the request."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._nonce = secrets.token_hex(3)
        while any(self._nonce in text for text in texts):
            self._nonce = secrets.token_hex(3)
        self._placeholders: dict[str, str] = {}
        self.values: dict[str, str] = {}
        self._pattern = re.compile(rf"\[[A-Z0-9_]{{1,40}}_{self._nonce}\]")

    def put(self, label: str, value: str) -> str:
        """The placeholder of a value: the same for the same value."""
        placeholder = self._placeholders.get(value)
        if placeholder is None:
            placeholder = f"[{label}_{len(self.values) + 1}_{self._nonce}]"
            self._placeholders[value] = placeholder
            self.values[placeholder] = value
        return placeholder

    def restored(self, text: str, *, as_json: bool) -> str:
        """The text with values in the place of placeholders; inside JSON text they are escaped for it."""

        def value_of(match: re.Match[str]) -> str:
            value = self.values.get(match[0])
            if value is None:
                return match[0]
            return json.dumps(value, ensure_ascii=False)[1:-1] if as_json else value

        return self._pattern.sub(value_of, text)

    def unfinished(self, text: str) -> int:
        """Where a placeholder begins that the text may end inside of; the text's length where none does."""
        at = text.rfind("[")
        if at < 0 or len(text) - at > 60 or "]" in text[at:]:
            return len(text)
        tail = text[at:]
        return at if any(placeholder.startswith(tail) for placeholder in self.values) else len(text)


def _replaced(text: str, findings: Sequence[Finding], put: Callable[[str, str], str]) -> str:
    pieces: list[str] = []
    at = 0
    for finding in findings:
        pieces += (text[at : finding.start], put(finding.label, text[finding.start : finding.end]))
        at = finding.end
    pieces.append(text[at:])
    return "".join(pieces)


@dataclass(slots=True)
class _Channel:
    """One text of the answer, as far as it is not passed on."""

    kind: _Kind
    index: int
    passed: str = ""
    """The end of what was passed on, for what a pattern looks at before a match."""
    clipped: bool = False
    """Whether there was more before it."""
    window: str = ""
    to_judge: str = ""
    rest: str = ""
    altered: bool = False


@dataclass(slots=True)
class Guarding:
    """Made for each request. `before` once, then `feed` with each event and `end` after the last."""

    guards: Sequence[Guard]
    caller: Caller
    model: str
    request_id: str = ""
    _vault: _Vault | None = None
    _channels: dict[tuple[_Kind, int], _Channel] = field(default_factory=dict[tuple[_Kind, int], _Channel])
    _current: _Channel | None = None
    _characters: int = 0

    def _at(self, turn: Turn) -> list[Guard]:
        return [guard for guard in self.guards if guard.at(turn)]

    def _asked(self, turn: Turn) -> Asked:
        return Asked(self.caller, turn, self.model, self.request_id)

    # --- the prompt ---

    async def before(self, request: ChatRequest) -> ChatRequest:
        """The request as the model may see it. Raises Blocked, PolicyViolation."""
        for guard in self._at("before"):
            texts: list[str] = []
            _each_text(request, lambda text, texts=texts: (texts.append(text), text)[1])
            changed = await self._looked_at(guard, texts, len(request.messages))
            if changed != texts:
                replacements = iter(changed)
                request = _each_text(request, lambda _, left=replacements: next(left))
        if request.logprobs is not None and self.touches_answers:
            # The tokens would tell what is taken out of the text.
            policy = next(guard.policy for guard in self.guards)
            raise PolicyViolation(
                f"the policy {policy!r} has guardrails that may change the answer, so no logprobs of its tokens can be"
                " given: leave them out",
                policy=policy, param="logprobs",
            )  # fmt: skip
        return request

    async def texts(self, texts: Sequence[str]) -> list[str]:
        """The same for texts that are no conversation, such as those to be turned into vectors."""
        found = list(texts)
        for guard in self._at("before"):
            found = await self._looked_at(guard, found, None)
        return found

    async def _looked_at(self, guard: Guard, texts: list[str], messages: int | None) -> list[str]:
        if guard.size is not None:
            if why := too_large(guard.size, sum(map(len, texts)), messages):
                raise guard.blocks(why, "before")
            return texts
        if guard.judge is not None:
            return list(await guard.judged(self._asked("before"), texts))
        assert guard.find is not None
        found = [list(guard.find(text)) for text in texts]
        labels = [finding.label for findings in found for finding in findings]
        if not labels:
            return texts
        if guard.action == "block":
            raise guard.blocks(found_by(labels), "before")
        put: Callable[[str, str], str] = lambda label, _: redacted(label)  # noqa: E731
        if guard.action == "pseudonymise" and messages is not None:
            if self._vault is None:
                self._vault = _Vault(texts)
            put = self._vault.put
        return [_replaced(text, findings, put) for text, findings in zip(texts, found, strict=True)]

    # --- the answer ---

    @property
    def touches_answers(self) -> bool:
        """Whether events have to pass here at all."""
        return self._vault is not None or bool(self._at("after"))

    async def feed(self, event: Event) -> list[Event]:
        """What may be passed on with this event. Raises Blocked."""
        match event:
            case TextDelta(text):
                return await self._more("text", 0, text)
            case ReasoningDelta(text, signature, was_sealed):
                if was_sealed:
                    return [*await self._ended(), event]
                found = await self._more("reasoning", 0, text)
                if signature:
                    channel = self._current
                    found += await self._ended()
                    # A signature over words that were changed is none.
                    found.append(ReasoningDelta("", "" if channel and channel.altered else signature))
                return found
            case ToolCallDelta(index, call_id, name, arguments):
                opened = await self._turn_to("tool", index)
                if call_id or name:
                    opened.append(ToolCallDelta(index, call_id, name))
                return [*opened, *await self._more("tool", index, arguments)]
            case Done() | Failed():
                return [*await self._ended(), event]
            case _:
                return [event]

    async def end(self) -> list[Event]:
        """What is left of an answer that ended without saying so."""
        return await self._ended()

    async def _turn_to(self, kind: _Kind, index: int) -> list[Event]:
        channel = self._channels.get((kind, index))
        if channel is not None and channel is self._current:
            return []
        ended = await self._ended()
        # A text after something else is a new one.
        channel = self._channels[kind, index] = _Channel(kind, index)
        self._current = channel
        return ended

    async def _ended(self) -> list[Event]:
        channel, self._current = self._current, None
        return [] if channel is None else await self._through(channel, "", last=True)

    async def _more(self, kind: _Kind, index: int, text: str) -> list[Event]:
        ended = await self._turn_to(kind, index)
        channel = self._current
        assert channel is not None
        self._characters += len(text)
        for guard in self._at("after"):
            if guard.size is not None and (why := too_large(guard.size, self._characters, None)):
                raise guard.blocks(why, "after")
        return [*ended, *await self._through(channel, text, last=False)]

    async def _through(self, channel: _Channel, text: str, *, last: bool) -> list[Event]:
        text = self._found(channel, text, last=last)
        text = await self._judged(channel, text, last=last)
        if self._vault is not None and channel.kind != "reasoning":
            text = channel.rest + text
            cut = len(text) if last else self._vault.unfinished(text)
            text, channel.rest = text[:cut], text[cut:]
            text = self._vault.restored(text, as_json=channel.kind == "tool")
        return [_delta(channel, text)] if text else []

    def _found(self, channel: _Channel, text: str, *, last: bool) -> str:
        guards = [guard for guard in self._at("after") if guard.find is not None]
        if not guards:
            return text
        channel.window += text
        if not channel.window or (not last and len(channel.window) < WINDOW + STEP):
            return ""
        before, whole = len(channel.passed), channel.passed + channel.window
        found: list[Finding] = []
        for guard in guards:
            assert guard.find is not None
            # At the edge of a clipped text a pattern takes the middle of a word for its beginning.
            own = [each for each in guard.find(whole) if each.end > before and not (channel.clipped and not each.start)]
            if own and guard.action == "block":
                raise guard.blocks(found_by([each.label for each in own]), "after")
            found += own
        findings = settled(found)
        cut = len(whole) if last else _cut(whole, findings, before)
        kept = [Finding(max(each.start, before), each.end, each.label) for each in findings if each.end <= cut]
        channel.altered = channel.altered or bool(kept)
        passed = _replaced(whole[:cut], kept, lambda label, _: redacted(label))[before:]
        channel.clipped = channel.clipped or cut > _CONTEXT
        channel.passed, channel.window = whole[max(0, cut - _CONTEXT) : cut], whole[cut:]
        return passed

    async def _judged(self, channel: _Channel, text: str, *, last: bool) -> str:
        guards = [guard for guard in self._at("after") if guard.judge is not None]
        if not guards:
            return text
        channel.to_judge += text
        if not channel.to_judge or (not last and len(channel.to_judge) < JUDGED):
            return ""
        said, channel.to_judge = channel.to_judge, ""
        for guard in guards:
            (judged,) = await guard.judged(self._asked("after"), [said])
            channel.altered = channel.altered or judged != said
            said = judged
        return said


def _cut(text: str, findings: Sequence[Finding], before: int) -> int:
    """How far a text may be passed on: a window is held back, and no finding is cut in two."""
    cut = max(before, len(text) - WINDOW)
    for finding in findings:
        # One that ends where the text does may go on.
        end = len(text) if finding.end == len(text) else finding.end - 1
        if finding.start < cut <= end:
            held = len(text) - finding.start
            cut = max(before, finding.start) if held <= _MOST_HELD else finding.end
    return cut


def _delta(channel: _Channel, text: str) -> Event:
    if channel.kind == "text":
        return TextDelta(text)
    if channel.kind == "reasoning":
        return ReasoningDelta(text)
    return ToolCallDelta(channel.index, arguments=text)


def _each_text(request: ChatRequest, on_text: OnText) -> ChatRequest:
    """The request with every text replaced by what `on_text` makes of it, always in the same order."""
    messages = [
        msgspec.structs.replace(message, parts=[_part(part, on_text) for part in message.parts])
        for message in request.messages
    ]
    tools = [
        msgspec.structs.replace(tool, description=on_text(tool.description)) if tool.description else tool
        for tool in request.tools
    ]
    user = None if request.user is None else on_text(request.user)
    extra = {name: _value(value, on_text) for name, value in request.extra.items()}
    return msgspec.structs.replace(request, messages=messages, tools=tools, user=user, extra=extra)


def _value(value: Any, on_text: OnText) -> Any:
    """The same for what the neutral form has no word for: every text in it, however deep."""
    if isinstance(value, str):
        return on_text(value)
    if isinstance(value, list):
        return [_value(item, on_text) for item in cast("list[Any]", value)]
    if isinstance(value, dict):
        return {name: _value(item, on_text) for name, item in cast("dict[str, Any]", value).items()}
    return value


def _part(part: Part, on_text: OnText) -> Part:
    match part:
        case TextPart(text):
            return msgspec.structs.replace(part, text=on_text(text))
        case ToolCallPart():
            return msgspec.structs.replace(part, arguments=on_text(part.arguments))
        case ToolResultPart():
            return msgspec.structs.replace(part, text=on_text(part.text), media=tuple(_media(part.media, on_text)))
        case DocumentPart():
            return _document(part, on_text)
        case ReasoningPart(text, signature):
            said = on_text(text)
            # Signed thinking goes back as it came, or its provider refuses it.
            return part if signature else msgspec.structs.replace(part, text=said)
        case _:
            return part


def _media(media: Sequence[ImagePart | DocumentPart], on_text: OnText) -> Iterator[ImagePart | DocumentPart]:
    for item in media:
        yield _document(item, on_text) if isinstance(item, DocumentPart) else item


def _document(part: DocumentPart, on_text: OnText) -> DocumentPart:
    if not part.media_type.startswith("text/"):
        return part
    text = part.data.decode("utf-8", "replace")
    said = on_text(text)
    return part if said == text else msgspec.structs.replace(part, data=said.encode())
