"""A relay forwards an answer as it came and still knows its tokens, its end, and what to estimate from."""

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radiant.ai.providers.chat import Usage
from radiant.ai.providers.errors import MalformedStream
from radiant.ai.providers.provider import Connection
from radiant.ai.providers.watch import AnthropicWatch, OpenAIWatch, whole_anthropic, whole_openai

CONNECTION = Connection("openai", "https://example.org")
TEXT = "Grüße, “world”!"


def _event(body: Any, *, name: str = "", end: str = "\n") -> bytes:
    head = f"event: {name}{end}" if name else ""
    return f"{head}data: {body if isinstance(body, str) else json.dumps(body)}{end}{end}".encode()


def _chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> dict[str, Any]:
    return {"id": "c", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more}


USAGE = {"prompt_tokens": 12, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 4}}


def _openai(end: str = "\n", **more: Any) -> list[bytes]:
    return [
        _event(_chunk({"role": "assistant", "content": ""}, **more), end=end),
        *(_event(_chunk({"content": letter}, **more), end=end) for letter in TEXT),
        _event(_chunk({}, "length", **more), end=end),
        _event({"id": "c", "choices": [], "usage": USAGE}, end=end),
        _event("[DONE]", end=end),
    ]


ANTHROPIC = [
    _event({"type": "message_start", "message": {"usage": {"input_tokens": 8, "cache_read_input_tokens": 4,
            "output_tokens": 1}}}, name="message_start"),
    _event({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
    *(_event({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": letter}})
      for letter in TEXT),
    _event({"type": "content_block_stop", "index": 0}),
    _event({"type": "message_delta", "delta": {"stop_reason": "max_tokens"}, "usage": {"output_tokens": 5}}),
    _event({"type": "message_stop"}, name="message_stop"),
]  # fmt: skip


def _cut(stream: bytes, places: list[int]) -> list[bytes]:
    edges = [0, *sorted(place % (len(stream) + 1) for place in places), len(stream)]
    return [stream[a:b] for a, b in itertools.pairwise(edges) if a < b]


@given(places=st.lists(st.integers(0, 10_000), max_size=30), end=st.sampled_from(["\n", "\r\n"]))
def test_however_a_stream_is_cut_it_passes_unchanged_and_is_counted(places: list[int], end: str) -> None:
    stream = b"".join(_openai(end))
    watch = OpenAIWatch(CONNECTION)
    assert b"".join(watch.feed(piece) for piece in _cut(stream, places)) == stream
    assert watch.finished
    assert watch.stop_reason == "length"
    assert watch.usage == Usage(input_tokens=12, output_tokens=5, cache_read_tokens=4)
    assert watch.characters() == len(TEXT)


@given(places=st.lists(st.integers(0, 10_000), max_size=30))
def test_a_message_is_counted_over_its_events(places: list[int]) -> None:
    stream = b"".join(ANTHROPIC)
    watch = AnthropicWatch(CONNECTION)
    assert b"".join(watch.feed(piece) for piece in _cut(stream, places)) == stream
    assert watch.finished
    assert watch.stop_reason == "length"
    assert watch.usage == Usage(input_tokens=12, output_tokens=5, cache_read_tokens=4)
    assert watch.characters() == len(TEXT)


@given(places=st.lists(st.integers(0, 10_000), max_size=30))
def test_usage_that_was_not_asked_for_is_counted_and_not_shown(places: list[int]) -> None:
    events = _openai(usage=None)
    watch = OpenAIWatch(CONNECTION, hide_usage=True)
    passed = b"".join(watch.feed(piece) for piece in _cut(b"".join(events), places))
    shown = [line for line in passed.splitlines() if line]
    assert shown == [event.strip() for event in events if b"prompt_tokens" not in event]
    assert watch.usage == Usage(input_tokens=12, output_tokens=5, cache_read_tokens=4)


def test_usage_beside_the_last_words_is_counted_and_the_words_are_shown() -> None:
    watch = OpenAIWatch(CONNECTION, hide_usage=True)
    last = _event(_chunk({"content": "x"}, "stop", usage=USAGE))
    assert watch.feed(last) == last
    assert (watch.usage or Usage()).output_tokens == 5


def test_a_stream_that_breaks_off_is_not_finished_and_its_words_are_counted() -> None:
    watch = OpenAIWatch(CONNECTION)
    sent = b"".join(watch.feed(event) for event in _openai()[:4]) + watch.feed(b'data: {"choi')
    assert sent.endswith(b"\n\n")
    assert not watch.finished
    assert watch.usage is None
    assert watch.characters() == 3


def test_a_very_long_answer_is_estimated_from_its_beginning() -> None:
    watch = OpenAIWatch(CONNECTION)
    for _ in range(20_000):
        watch.feed(_event(_chunk({"content": "four"})))
    assert watch.characters() == pytest.approx(80_000, rel=0.01)


def test_an_event_without_an_end_is_refused_before_it_fills_the_memory() -> None:
    watch = OpenAIWatch(CONNECTION)
    with pytest.raises(MalformedStream):
        for _ in range(200):
            watch.feed(b"x" * 100_000)


def test_a_whole_answer_tells_its_tokens_and_its_end() -> None:
    body = {"choices": [{"finish_reason": "tool_calls", "message": {}}], "usage": USAGE}
    usage = Usage(input_tokens=12, output_tokens=5, cache_read_tokens=4)
    assert whole_openai(json.dumps(body).encode()) == (usage, "tool_calls")
    message = {
        "usage": {"input_tokens": 8, "cache_read_input_tokens": 4, "output_tokens": 5},
        "stop_reason": "end_turn",
    }
    assert whole_anthropic(json.dumps(message).encode()) == (usage, "end")
    assert whole_openai(b'{"data": []}') == (None, None)


def _framed(event: bytes) -> tuple[bytes, int]:
    """A chunk, and where its content begins."""
    line = b"%x\r\n" % len(event)
    return line + event + b"\r\n", len(line)


def _sent(_: bytes) -> bool:
    return True


_STRANGE = st.sampled_from([
    'say "usage" and {"usage":{"prompt_tokens":9}}', "back\\slash", "line\nbreak", "[DONE]", '"', "", "finish_reason",
    "a" * 300, "“", '"finish_reason":"stop"',
])  # fmt: skip


@given(words=st.lists(st.one_of(st.text(max_size=12), _STRANGE), max_size=12), spaced=st.booleans(),
       refused=st.integers(2, 6), nulls=st.sampled_from([{}, {"usage": None}, {"logprobs": None}]),
       second=st.booleans())  # fmt: skip
def test_chunks_that_pass_with_their_frames_are_counted_as_if_they_had_been_read(
    words: list[str], spaced: bool, refused: int, nulls: dict[str, Any], second: bool
) -> None:
    """Two choices may end in one event, each with its own reason, and a text may hold any words."""
    dump = json.dumps if spaced else (lambda body: json.dumps(body, separators=(",", ":")))
    bodies: list[Any] = [_chunk({"content": word}, **nulls) for word in words]
    if second:
        ends = [{"index": 0, "delta": {}, "finish_reason": None}, {"index": 1, "delta": {}, "finish_reason": "length"}]
        bodies.append({"id": "c", "choices": ends, **nulls})
    else:
        bodies.append(_chunk({}, "length", **nulls))
    bodies.append({"id": "c", "choices": [], "usage": USAGE})
    events = [_event(dump(body)) for body in bodies] + [_event("[DONE]")]
    read, passing = OpenAIWatch(CONNECTION), OpenAIWatch(CONNECTION)
    sent, numbers = b"", iter(range(1000))
    passes = passing.passing(lambda _: bool(next(numbers) % refused))
    for event in events:
        read.feed(event)
        sent += event if passes(*_framed(event)) else passing.feed(event)
    assert sent == b"".join(events)
    for name in ("usage", "finished", "ended", "stop_reason"):
        assert getattr(passing, name) == getattr(read, name)
    assert passing.characters() == read.characters() == sum(map(len, words))


@given(places=st.lists(st.integers(0, 10_000), max_size=30))
def test_half_an_event_never_passes_with_its_frame(places: list[int]) -> None:
    stream = b"".join(_openai())
    watch, sent = OpenAIWatch(CONNECTION), b""
    passes = watch.passing(_sent)
    for piece in _cut(stream, places):
        sent += piece if passes(*_framed(piece)) else watch.feed(piece)
    assert sent == stream
    assert watch.usage == Usage(input_tokens=12, output_tokens=5, cache_read_tokens=4)
    assert (watch.finished, watch.ended, watch.characters()) == (True, True, len(TEXT))


def test_a_message_passes_with_its_frames_and_is_counted() -> None:
    watch, passed = AnthropicWatch(CONNECTION), 0
    passes = watch.passing(_sent)
    for event in ANTHROPIC:
        if passes(*_framed(event)):
            passed += 1
        else:
            watch.feed(event)
    assert passed >= len(TEXT)
    assert (watch.finished, watch.stop_reason, watch.characters()) == (True, "length", len(TEXT))
    assert watch.usage == Usage(input_tokens=12, output_tokens=5, cache_read_tokens=4)
