"""Calls that small models write into their text."""

from typing import Any

import pytest

from radiant.ai.providers.chat import (
    ChatRequest,
    Done,
    Event,
    JsonSchema,
    Message,
    NamedTool,
    TextDelta,
    Tool,
    ToolCallDelta,
    Usage,
)
from radiant.ai.providers.errors import UpstreamBadRequest
from radiant.ai.providers.local_tools import ToolReader, prepare, read_calls

TOOLS = [Tool("weather", parameters={"type": "object"}), Tool("time", parameters={"type": "object"})]
NAMES = {"weather", "time"}


def request(**more: Any) -> ChatRequest:
    return ChatRequest(model="m", messages=[Message.of("user", "Weather in Paris?")], **more)


def test_probabilities_are_refused_where_a_text_may_become_a_call():
    with pytest.raises(UpstreamBadRequest, match="logprobs"):
        prepare(request(tools=TOOLS, logprobs=2))
    assert prepare(request(tools=TOOLS, tool_choice="none", logprobs=2))[1] is None


def read(*events: Event, forced: bool = False) -> list[Event]:
    reader = ToolReader(NAMES, forced=forced)
    return [out for event in events for out in reader.feed(event)]


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "weather", "arguments": {"city": "Paris"}}',
        '```json\n{\n  "name": "weather",\n  "arguments": {"city": "Paris"}\n}\n```',
        '<tool_call>\n{"name": "weather", "arguments": {"city": "Paris"}}\n</tool_call>',
        '[{"name": "weather", "parameters": {"city": "Paris"}}]',
    ],
)
def test_a_call_in_any_of_its_usual_clothes_is_read_however_it_was_cut(text: str):
    out = read(*[TextDelta(letter) for letter in text], Usage(1, 2), Done("end"))
    usage, call, done = out
    assert (usage, done) == (Usage(1, 2), Done("tool_calls"))
    assert isinstance(call, ToolCallDelta)
    assert (call.index, call.name, call.arguments) == (0, "weather", '{"city":"Paris"}')
    assert call.id.startswith("call_")


def test_several_tagged_calls_are_several_calls():
    text = '<tool_call>{"name": "weather", "arguments": {}}</tool_call>\n<tool_call>{"name": "time", "arguments": {}}'
    assert read_calls(text, NAMES) == [("weather", "{}"), ("time", "{}")]


def test_plain_text_streams_as_it_comes():
    assert read(TextDelta(" Pa"), TextDelta("ris"), Done("end")) == [TextDelta(" Pa"), TextDelta("ris"), Done("end")]


@pytest.mark.parametrize(
    "text", ['{"name": "rm", "arguments": {}}', '{"name": "weather"}', "```python\nprint(1)\n```", "{oops", "[1]", "[]"]
)
def test_what_only_begins_like_a_call_is_given_as_the_text_that_it_is(text: str):
    assert read(TextDelta(text), Done("end")) == [TextDelta(text), Done("end")]


def test_a_call_that_was_cut_at_the_limit_is_no_call():
    text = '{"name": "weather", "arguments": {}}'
    assert read(TextDelta(text), Done("length"), forced=True) == [TextDelta(text), Done("length")]


def test_a_forced_call_is_bound_by_a_schema_of_the_tools_that_may_be_called():
    bound, reader = prepare(request(tools=TOOLS, tool_choice=NamedTool("time")))
    assert reader is not None
    assert not bound.tools
    assert isinstance(bound.response_format, JsonSchema)
    assert [option["properties"]["name"] for option in bound.response_format.schema["anyOf"]] == [{"const": "time"}]
    bound, _ = prepare(request(tools=TOOLS, tool_choice="required"))
    assert isinstance(bound.response_format, JsonSchema)
    assert len(bound.response_format.schema["anyOf"]) == 2


def test_without_tools_or_with_none_allowed_nothing_is_read():
    assert prepare(request()) == (request(), None)
    bound, reader = prepare(request(tools=TOOLS, tool_choice="none"))
    assert (bound.tools, reader) == ((), None)
