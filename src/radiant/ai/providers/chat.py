"""The neutral forms of a conversation with a model: what every provider takes, and the one closed union of
events that it gives back. Providers translate into these, doors and pages translate out of them.

`provider.stream()` *raises* an `UpstreamError`; `Failed` is its form as data, for logs of events and for
renderers (`Failed.of(problem)`). A stream without `Done` was cut. Not streaming is `await fold(stream)`.
"""

from collections.abc import AsyncIterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import msgspec

from radiant.kit.errors import Problem

Role: TypeAlias = Literal["system", "user", "assistant", "tool"]
StopReason: TypeAlias = Literal["end", "length", "tool_calls", "stop_sequence", "content_filter"]
ReasoningEffort: TypeAlias = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
CacheMark: TypeAlias = Literal["5m", "1h"]
"""The prompt up to and with what bears it is worth keeping for that long. It changes no answer, so a protocol
without a word for it ignores it."""


class _Part(msgspec.Struct, frozen=True, tag_field="type"):
    """A piece of a message."""


class TextPart(_Part, frozen=True, tag="text"):
    """Words."""

    text: str
    cache: CacheMark | None = None


class ImagePart(_Part, frozen=True, tag="image"):
    """A picture by value; `media_type` such as image/png."""

    media_type: str
    data: bytes
    cache: CacheMark | None = None


class ImageUrlPart(_Part, frozen=True, tag="image_url"):
    """A picture that the upstream fetches by itself. We never fetch it."""

    url: str
    cache: CacheMark | None = None


class DocumentPart(_Part, frozen=True, tag="document"):
    """A document by value: application/pdf, or text/plain (UTF-8). Upstreams without a word for documents get a
    text as text, and refuse a PDF (UpstreamBadRequest)."""

    media_type: str
    data: bytes
    title: str = ""
    cache: CacheMark | None = None

    def as_text(self) -> str:
        """A text document as words that say what they are."""
        title = self.title.replace('"', "'")
        return f'<document title="{title}">\n{self.data.decode("utf-8", "replace")}\n</document>'


class ToolCallPart(_Part, frozen=True, tag="tool_call"):
    """The assistant asked for a tool. `arguments` is JSON text as the model wrote it: it may be malformed.
    `id` may carry a provider's signature (`signatures`), so that it comes back through any door."""

    id: str
    name: str
    arguments: str
    cache: CacheMark | None = None


class ToolResultPart(_Part, frozen=True, tag="tool_result"):
    """What the tool answered to call `call_id`: words, then pictures and documents."""

    call_id: str
    text: str
    is_error: bool = False
    media: tuple[ImagePart | DocumentPart, ...] = ()
    cache: CacheMark | None = None


class ReasoningPart(_Part, frozen=True, tag="reasoning"):
    """Thinking shown by the model. `signature` must go back unchanged to the provider that made it (`signatures`
    tells whose it is); where `redacted`, the text is empty and the signature holds the sealed thinking."""

    text: str
    signature: str = ""
    redacted: bool = False


Part: TypeAlias = TextPart | ImagePart | ImageUrlPart | DocumentPart | ToolCallPart | ToolResultPart | ReasoningPart


class Message(msgspec.Struct, frozen=True):
    """One message. Tool results may stand in a `tool` or a `user` message."""

    role: Role
    parts: Sequence[Part]

    @classmethod
    def of(cls, role: Role, text: str) -> "Message":
        """A message of plain text."""
        return cls(role, (TextPart(text),))

    @property
    def text(self) -> str:
        """All its words, joined."""
        return "".join(part.text for part in self.parts if isinstance(part, TextPart))


class Tool(msgspec.Struct, frozen=True):
    """A function that the model may call; `parameters` is a JSON Schema of an object."""

    name: str
    description: str = ""
    parameters: dict[str, Any] = msgspec.field(default_factory=lambda: {"type": "object", "properties": {}})
    strict: bool | None = None
    cache: CacheMark | None = None


class NamedTool(msgspec.Struct, frozen=True, tag="named"):
    """The one tool that must be called."""

    name: str


ToolChoice: TypeAlias = Literal["auto", "none", "required"] | NamedTool


class JsonObject(msgspec.Struct, frozen=True, tag="json_object"):
    """The answer must be some JSON object."""


class JsonSchema(msgspec.Struct, frozen=True, tag="json_schema"):
    """The answer must be JSON that fits `schema`."""

    name: str
    schema: dict[str, Any]
    strict: bool = True


ResponseFormat: TypeAlias = JsonObject | JsonSchema


class ChatRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One call of a chat model. None means: left to the upstream. A provider leaves out what its protocol
    has no word for (seed and penalties on Anthropic), never what changes the kind of answer (tools,
    response_format).
    """

    model: str
    """The upstream's own id of the model."""
    messages: Sequence[Message]
    tools: Sequence[Tool] = ()
    tool_choice: ToolChoice = "auto"
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: Sequence[str] = ()
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    reasoning_effort: ReasoningEffort | None = None
    user: str | None = None
    logprobs: int | None = None
    """How many other tokens are to be named beside each of the answer's, with the probabilities of all; None: the
    probabilities are not wanted. For providers of OpenAI's protocol alone: doors ask no others for them."""
    extra: dict[str, Any] = {}
    """Fields of OpenAI's protocol or of a server's own (top_k, chat_template_kwargs …), handed on as they are by
    providers of that protocol. Doors give none to the others."""


class _Event(msgspec.Struct, frozen=True, tag_field="kind"):
    """A piece of an answer."""


class Likely(msgspec.Struct, frozen=True):
    """A token and the natural logarithm of its probability; `bytes`: its UTF-8, which may be a part of a character."""

    token: str
    logprob: float
    bytes: Sequence[int] | None = None


class TokenLogprob(Likely, frozen=True):
    """A token of the answer, and the likeliest in its place. The names are OpenAI's."""

    top_logprobs: Sequence[Likely] = ()


class TextDelta(_Event, frozen=True, tag="text", omit_defaults=True):
    """More words; `logprobs` of its tokens where they were asked for."""

    text: str
    logprobs: Sequence[TokenLogprob] = ()


class ReasoningDelta(_Event, frozen=True, tag="reasoning"):
    """More thinking. A `signature` ends its block of thinking."""

    text: str
    signature: str = ""
    redacted: bool = False


class ToolCallDelta(_Event, frozen=True, tag="tool_call"):
    """More of the tool call number `index`: id and name come once, with its first event; `arguments` adds
    up.
    """

    index: int
    id: str = ""
    name: str = ""
    arguments: str = ""


class Usage(_Event, frozen=True, tag="usage"):
    """Tokens so far; each one replaces the one before.

    `input_tokens` is ALL of the prompt, read from or written to a cache included; `cache_read_tokens` and
    `cache_write_tokens` are parts of it. `output_tokens` is ALL that was generated, `reasoning_tokens` a
    part of it.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0


class Done(_Event, frozen=True, tag="done"):
    """The answer ended, and why. "length": it was cut at the token limit and is not whole."""

    stop_reason: StopReason


class Failed(_Event, frozen=True, tag="failed"):
    """The answer ended in an error; the members of the problem that says so. `retry_after` in seconds."""

    slug: str
    title: str
    detail: str
    status: int
    retry_after: float | None = None

    @classmethod
    def of(cls, problem: Problem) -> "Failed":
        """The event that says what `problem` says."""
        retry_after = getattr(problem, "retry_after", None)
        return cls(problem.slug, problem.name(), problem.detail, problem.status, retry_after)


Event: TypeAlias = TextDelta | ReasoningDelta | ToolCallDelta | Usage | Done | Failed


class Completion(msgspec.Struct, frozen=True):
    """A whole answer. `usage` is None where the upstream never told."""

    parts: Sequence[Part]
    stop_reason: StopReason
    usage: Usage | None = None
    logprobs: Sequence[TokenLogprob] = ()

    @property
    def message(self) -> Message:
        """The answer as the assistant's message."""
        return Message("assistant", self.parts)

    @property
    def text(self) -> str:
        """All its words."""
        return self.message.text

    @property
    def tool_calls(self) -> list[ToolCallPart]:
        """The tools that it asks for, in order."""
        return [part for part in self.parts if isinstance(part, ToolCallPart)]


class AnswerFailed(Problem):
    """The folded events ended in `Failed`; carries that event."""

    status, slug = 502, "answer-failed"

    def __init__(self, failed: Failed) -> None:
        super().__init__(failed.detail)
        self.failed = failed


class AnswerCut(Problem):
    """The folded events ended without `Done`."""

    status, slug = 502, "answer-cut"


@dataclass(slots=True)
class _Growing:
    """A part that is not finished."""

    kind: Literal["text", "reasoning", "tool_call"]
    pieces: list[str] = field(default_factory=list[str])
    id: str = ""
    name: str = ""
    signature: str = ""
    redacted: bool = False

    def part(self) -> Part:
        text = "".join(self.pieces)
        if self.kind == "text":
            return TextPart(text)
        if self.kind == "reasoning":
            return ReasoningPart(text, self.signature, self.redacted)
        return ToolCallPart(self.id, self.name, text)


class Fold:
    """Adds events up. `partial()` is what was said so far, so a stopped or failed answer can be kept as far
    as it came; `completion()` insists on an end."""

    __slots__ = ("_calls", "_logprobs", "_parts", "stop_reason", "usage")

    def __init__(self) -> None:
        self._parts: list[_Growing] = []
        self._calls: dict[int, _Growing] = {}
        self._logprobs: list[TokenLogprob] = []
        self.usage: Usage | None = None
        self.stop_reason: StopReason | None = None

    def add(self, event: Event) -> None:
        """Take the next event. Raises AnswerFailed on `Failed`."""
        match event:
            case TextDelta(text, logprobs):
                if text:
                    self._last("text").pieces.append(text)
                self._logprobs += logprobs
            case ReasoningDelta(text, signature, redacted):
                part = self._new("reasoning") if redacted else self._last("reasoning")
                part.pieces.append(text)
                part.signature, part.redacted = signature, redacted
            case ToolCallDelta(index, call_id, name, arguments):
                call = self._calls.get(index)
                if call is None:
                    call = self._calls[index] = self._new("tool_call")
                call.id, call.name = call.id or call_id, call.name or name
                call.pieces.append(arguments)
            case Usage():
                self.usage = event
            case Done(stop_reason):
                self.stop_reason = stop_reason
            case Failed():
                raise AnswerFailed(event)

    def _new(self, kind: Literal["text", "reasoning", "tool_call"]) -> _Growing:
        self._parts.append(_Growing(kind))
        return self._parts[-1]

    def _last(self, kind: Literal["text", "reasoning"]) -> _Growing:
        if self._parts and self._parts[-1].kind == kind and not self._parts[-1].signature:
            return self._parts[-1]
        return self._new(kind)

    def partial(self) -> list[Part]:
        """What was said so far."""
        return [part.part() for part in self._parts]

    def completion(self) -> Completion:
        """The whole answer. Raises AnswerCut where no `Done` came."""
        if self.stop_reason is None:
            raise AnswerCut("the answer ended before the model said that it was done")
        return Completion(self.partial(), self.stop_reason, self.usage, self._logprobs)


async def fold(events: AsyncIterable[Event]) -> Completion:
    """The whole answer of a stream. Raises what the stream raises, AnswerFailed, or AnswerCut."""
    answer = Fold()
    async for event in events:
        answer.add(event)
    return answer.completion()


class EmbeddingRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Texts to turn into vectors; `dimensions` shortens them where the model can."""

    model: str
    inputs: Sequence[str]
    dimensions: int | None = None


class EmbeddingResult(msgspec.Struct, frozen=True):
    """One vector for each input, in order; `input_tokens` over all of them, `estimated` where the upstream does not
    count."""

    vectors: Sequence[Sequence[float]]
    input_tokens: int
    estimated: bool = False
