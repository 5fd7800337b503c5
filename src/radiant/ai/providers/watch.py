"""What a relay sees of an answer that it forwards as it is: tokens, why it ended, whether it is whole. Nothing else of
it is parsed.

A watch is fed the bytes of one answer and gives back what to send on: whole events only, so that a stream which breaks
can still be ended by an error event of ours.
"""

import re
from collections.abc import Callable
from typing import Protocol

import msgspec

from radiant.ai.providers import anthropic_answer, openai_answer
from radiant.ai.providers.chat import Done, Event, ReasoningDelta, TextDelta, ToolCallDelta, Usage
from radiant.ai.providers.errors import MalformedStream, UpstreamError
from radiant.ai.providers.openai_answer import WireUsage
from radiant.ai.providers.provider import Connection
from radiant.ai.providers.sse import SseParser

_MOST_UNFINISHED = 8 * 2**20
# What is kept of an answer, to estimate its tokens should the upstream never tell them.
_MOST_KEPT = 256 * 2**10
_FINISH = re.compile(rb'"finish_reason":\s*"(\w{1,40})"')
_DONE = (b"data: [DONE]\n\n", b"data:[DONE]\n\n", b"data: [DONE]\r\n\r\n")
# The text of an event, in the words of the three protocols.
_TEXT = re.compile(rb'"(?:content|text|delta)": ?"([^"\\]*)"')
_NULL_USAGE = re.compile(rb'"usage":\s*null')


class Watch(Protocol):
    """Watches one streamed answer."""

    @property
    def usage(self) -> Usage | None:
        """The tokens that were told so far."""
        ...

    @property
    def stop_reason(self) -> str | None:
        """Why it ended, in our words."""
        ...

    @property
    def finished(self) -> bool:
        """Whether the answer said that it was done: an end before that is a cut."""
        ...

    @property
    def ended(self) -> bool:
        """Whether nothing more is to come, should the upstream keep the connection open or not."""
        ...

    def feed(self, chunk: bytes) -> bytes:
        """What of it may be sent on now. Raises MalformedStream."""
        ...

    def passing(self, send: Callable[[bytes], bool]) -> Callable[[bytes, int], bool]:
        """A function that sends a chunk of HTTP on as it is, with its frame, where it holds whole events that tell
        nothing but text, and gives whether it did; the chunk counts as fed then. Its second argument is where in the
        chunk the content begins. `send` gives whether it sent."""
        ...

    def characters(self) -> int:
        """About how many characters the model wrote so far."""
        ...


class Events:
    """The part that all protocols share: whole events out of pieces, and what was said kept for an estimate."""

    __slots__ = (
        "_alike", "_connection", "_kept", "_kept_bytes", "_rest", "_seen_bytes", "_tries", "finished", "stop_reason",
        "usage",
    )  # fmt: skip

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rest = b""
        self._kept: list[bytes] = []
        self._kept_bytes = 0
        self._seen_bytes = 0
        self._alike = (b"", b"")
        self._tries = 8
        self.usage: Usage | None = None
        self.stop_reason: str | None = None
        self.finished = False

    @property
    def ended(self) -> bool:
        """Whether its last event was seen."""
        return self.finished

    def _whole(self, chunk: bytes) -> bytes:
        """The events that are complete with this chunk; what follows them waits for the next."""
        data = self._rest + chunk if self._rest else chunk
        end = data.rfind(b"\n\n") + 2
        if end == 1 or (b"\r" in data and data.rfind(b"\r\n\r\n") + 4 > end):
            end = data.rfind(b"\r\n\r\n") + 4
            if end == 3:
                end = 0
        if end == len(data):
            self._rest = b""
            whole = data
        else:
            whole, self._rest = data[:end], data[end:]
            if len(self._rest) > _MOST_UNFINISHED:
                provider = self._connection.provider
                raise MalformedStream(
                    f"{provider} sent an event of more than {_MOST_UNFINISHED} bytes", provider=provider
                )
        self._seen_bytes += len(whole)
        if self._kept_bytes < _MOST_KEPT:
            self._kept.append(whole)
            self._kept_bytes += len(whole)
        return whole

    def passing(self, send: Callable[[bytes], bool]) -> Callable[[bytes, int], bool]:
        """See Watch."""

        def passes(chunk: bytes, begin: int) -> bool:
            opening, ending = self._alike
            if (
                not opening
                or not chunk.startswith(opening, begin)
                or not chunk.endswith(ending)
                or b'"' in chunk[begin + len(opening) : -len(ending)]
            ):
                # Before the last line break lies the end of an event.
                if not chunk.endswith(b"\n\n\r\n") or self._tells(chunk):
                    return False
                self._learn(chunk[begin:])
            if self._rest or not send(chunk):
                return False
            size = len(chunk)
            self._seen_bytes += size
            if self._kept_bytes < _MOST_KEPT:
                self._kept.append(chunk)
                self._kept_bytes += size
            return True

        return passes

    def _tells(self, chunk: bytes) -> bool:
        """Whether there is more than text in it; must not miss anything."""
        return True

    def _learn(self, event: bytes) -> None:
        """Of a stream all events are alike but for their text: whatever has the same bytes around a text without a
        quotation mark tells nothing either, and that is seen in a twentieth of the time."""
        if self._tries:
            self._tries -= 1
            found = _TEXT.search(event)
            self._alike = (event[: found.start(1)], event[found.end(1) :]) if found else (b"", b"")

    def _count(self, read: Callable[[bytes], list[Event]]) -> int:
        parser, count = SseParser(), 0
        for piece in self._kept:
            # A chunk's frame is lines of its own, which say nothing.
            for event in parser.feed(piece):
                try:
                    found = read(event.data)
                except UpstreamError:
                    break
                count += sum(_length(item) for item in found)
        # Of a long answer its beginning tells for the rest.
        return round(count * self._seen_bytes / self._kept_bytes) if self._kept_bytes else 0


def _length(event: Event) -> int:
    match event:
        case TextDelta(text) | ReasoningDelta(text):
            return len(text)
        case ToolCallDelta(_, _, name, arguments):
            return len(name) + len(arguments)
        case _:
            return 0


def _neutral_reason(said: str) -> str:
    return openai_answer.STOP_REASONS.get(said, said[:30])


class _UsageChunk(msgspec.Struct):
    usage: WireUsage | None = None
    choices: list[msgspec.Raw] = []


_decode_usage_chunk = msgspec.json.Decoder(_UsageChunk).decode


class OpenAIWatch(Events):
    """Chat completions. `hide_usage`: the client did not ask for the chunk of usage that we asked the upstream for."""

    __slots__ = ("_done", "_hide_usage")

    def __init__(self, connection: Connection, *, hide_usage: bool = False) -> None:
        super().__init__(connection)
        self._hide_usage = hide_usage
        self._done = False

    @property
    def ended(self) -> bool:
        """Counts come after the reason: only [DONE] is the end."""
        return self._done

    def feed(self, chunk: bytes) -> bytes:
        """Whole events, without the chunk of usage where it was not asked for."""
        whole = self._whole(chunk)
        self._done = whole.endswith(_DONE)
        if b'"usage"' in whole and len(_NULL_USAGE.findall(whole)) < whole.count(b'"usage"'):
            whole = self._take_usage(whole)
        if b'"finish_reason":' in whole and (found := _FINISH.search(whole)):
            self.stop_reason = _neutral_reason(found[1].decode())
            self.finished = True
        return whole

    def _tells(self, chunk: bytes) -> bool:
        # Each name stands once, and says null: what is spelt otherwise is looked at more closely.
        return (
            chunk.count(b'"finish_reason"') != (b'"finish_reason":null' in chunk or b'"finish_reason": null' in chunk)
            or chunk.count(b'"usage"') != (b'"usage":null' in chunk or b'"usage": null' in chunk)
            or b"[DONE]" in chunk
        )

    def _take_usage(self, whole: bytes) -> bytes:
        kept: list[bytes] = []
        for event in whole.splitlines(keepends=True):
            if b'"usage"' not in event or not event.startswith(b"data:"):
                kept.append(event)
                continue
            try:
                chunk = _decode_usage_chunk(event[5:])
            except (msgspec.DecodeError, UnicodeDecodeError):
                kept.append(event)
                continue
            if chunk.usage is not None:
                self.usage = chunk.usage.neutral()
            if self._hide_usage and chunk.usage is not None and not chunk.choices:
                continue
            kept.append(event)
        joined = b"".join(kept)
        # Taking out a line leaves the blank one that ended its event.
        return joined if joined.strip() else b""

    def characters(self) -> int:
        """Of text, reasoning and tool calls."""
        answer = openai_answer.Answer(self._connection)
        return self._count(lambda data: [] if data == b"[DONE]" else list(answer.feed(data)))


class AnthropicWatch(Events):
    """Messages: counts come with the first event and with the last but one."""

    __slots__ = ("_answer",)

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._answer = anthropic_answer.Answer(connection)

    def feed(self, chunk: bytes) -> bytes:
        """Whole events, as they came."""
        whole = self._whole(chunk)
        if b'"usage"' in whole or b"message_stop" in whole:
            for event in whole.splitlines():
                if event.startswith(b"data:") and (b'"usage"' in event or b"message_stop" in event):
                    self._take(event[5:])
        return whole

    def _tells(self, chunk: bytes) -> bool:
        return b'"usage"' in chunk or b"message_stop" in chunk

    def _take(self, data: bytes) -> None:
        try:
            for item in self._answer.feed(data):
                if isinstance(item, Usage):
                    self.usage = item
                elif isinstance(item, Done):
                    self.stop_reason = item.stop_reason
        except UpstreamError:
            # A stop reason of its own, or an error inside: the client reads it itself.
            self.stop_reason = self.stop_reason or "error"
        self.finished = self.finished or self._answer.finished

    def characters(self) -> int:
        """Of text, thinking and tool calls."""
        answer = anthropic_answer.Answer(self._connection)
        return self._count(lambda data: list(answer.feed(data)))


class _Choice(msgspec.Struct):
    finish_reason: str | None = None


class _WholeOpenAI(msgspec.Struct):
    usage: WireUsage | None = None
    choices: list[_Choice] = []


class _WholeAnthropic(msgspec.Struct):
    usage: anthropic_answer.WireUsage | None = None
    stop_reason: str | None = None


_decode_openai = msgspec.json.Decoder(_WholeOpenAI).decode
_decode_anthropic = msgspec.json.Decoder(_WholeAnthropic).decode


def whole_openai(body: bytes) -> tuple[Usage | None, str | None]:
    """Tokens and stop reason of a chat completion, a completion or a list of embeddings. Raises msgspec.DecodeError."""
    answer = _decode_openai(body)
    said = answer.choices[0].finish_reason if answer.choices else None
    return answer.usage and answer.usage.neutral(), said and _neutral_reason(said)


def whole_anthropic(body: bytes) -> tuple[Usage | None, str | None]:
    """Tokens and stop reason of a message. Raises msgspec.DecodeError."""
    answer = _decode_anthropic(body)
    said = answer.stop_reason
    reason = said and anthropic_answer.STOP_REASONS.get(said, said[:30])
    return answer.usage and anthropic_answer.neutral(answer.usage, {}), reason
