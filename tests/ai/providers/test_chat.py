"""The neutral forms, and folding events to an answer."""

from collections.abc import AsyncIterator, Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from radiant.ai.providers.chat import (
    AnswerCut,
    AnswerFailed,
    Done,
    Event,
    Failed,
    Fold,
    ImagePart,
    Message,
    Part,
    ReasoningDelta,
    ReasoningPart,
    TextDelta,
    TextPart,
    ToolCallDelta,
    ToolCallPart,
    ToolResultPart,
    Usage,
    fold,
)
from radiant.ai.providers.errors import UpstreamRateLimited


async def stream(*events: Event) -> AsyncIterator[Event]:
    for event in events:
        yield event


async def test_text_reasoning_and_tool_calls_fold_to_parts_in_the_order_of_their_first_event():
    completion = await fold(
        stream(
            ReasoningDelta("let "),
            ReasoningDelta("me"),
            ReasoningDelta("", "sig"),
            TextDelta("Hi "),
            TextDelta("there"),
            ToolCallDelta(0, "a", "f", '{"x"'),
            ToolCallDelta(1, "b", "g", "{}"),
            ToolCallDelta(0, arguments=":1}"),
            Usage(5, 6),
            Usage(5, 7, cache_read_tokens=3),
            Done("tool_calls"),
        )
    )
    assert completion.parts == [
        ReasoningPart("let me", "sig"),
        TextPart("Hi there"),
        ToolCallPart("a", "f", '{"x":1}'),
        ToolCallPart("b", "g", "{}"),
    ]
    assert (completion.text, completion.stop_reason) == ("Hi there", "tool_calls")
    assert completion.usage == Usage(5, 7, cache_read_tokens=3)
    assert [call.name for call in completion.tool_calls] == ["f", "g"]


async def test_a_signature_ends_its_block_of_reasoning_and_redacted_ones_stand_alone():
    completion = await fold(
        stream(
            ReasoningDelta("a"),
            ReasoningDelta("", "1"),
            ReasoningDelta("", "sealed", redacted=True),
            ReasoningDelta("b"),
            ReasoningDelta("", "2"),
            Done("end"),
        )
    )
    assert completion.parts == [
        ReasoningPart("a", "1"),
        ReasoningPart("", "sealed", redacted=True),
        ReasoningPart("b", "2"),
    ]


async def test_f0_14_an_answer_cut_at_the_token_limit_says_so():
    assert (await fold(stream(TextDelta("half"), Done("length")))).stop_reason == "length"


async def test_a_stream_without_an_end_is_no_answer_but_what_was_said_can_be_kept():
    with pytest.raises(AnswerCut):
        await fold(stream(TextDelta("half")))
    answer = Fold()
    answer.add(TextDelta("half"))
    assert answer.partial() == [TextPart("half")]


async def test_a_failed_event_is_raised_and_says_what_the_problem_said():
    failed = Failed.of(UpstreamRateLimited("slow down", provider="openai", retry_after=2.5))
    assert failed == Failed("upstream-rate-limited", "Upstream rate limited", "slow down", 429, 2.5)
    with pytest.raises(AnswerFailed) as caught:
        await fold(stream(TextDelta("x"), failed))
    assert caught.value.failed == failed


events: st.SearchStrategy[Event] = st.one_of(
    st.builds(TextDelta, st.text()),
    st.builds(ReasoningDelta, st.text(), st.text(max_size=3), st.booleans()),
    st.builds(ToolCallDelta, st.integers(0, 3), st.text(), st.text(), st.text()),
    st.builds(Usage, st.integers(0), st.integers(0)),
    st.builds(Done, st.sampled_from(["end", "length", "tool_calls", "stop_sequence", "content_filter"])),
    st.builds(Failed, st.text(), st.text(), st.text(), st.integers(400, 599)),
)
parts: st.SearchStrategy[Part] = st.one_of(
    st.builds(TextPart, st.text()),
    st.builds(ImagePart, st.just("image/png"), st.binary()),
    st.builds(ToolCallPart, st.text(), st.text(), st.text()),
    st.builds(ToolResultPart, st.text(), st.text(), st.booleans()),
    st.builds(ReasoningPart, st.text(), st.text(), st.booleans()),
)


@given(st.lists(events, max_size=10))
def test_events_survive_json(written: Sequence[Event]):
    assert msgspec.json.decode(msgspec.json.encode(written), type=list[Event]) == list(written)


@given(st.lists(parts, max_size=10))
def test_messages_survive_json(written: Sequence[Part]):
    message = Message("user", written)
    assert msgspec.json.decode(msgspec.json.encode(message), type=Message) == Message("user", list(written))
