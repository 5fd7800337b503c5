"""What every protocol owes its callers: the same answers, the same failures, from servers good and bad."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

import pytest

from radiant.ai.providers import retry
from radiant.ai.providers.chat import (
    ChatRequest,
    Completion,
    Message,
    ReasoningPart,
    TextDelta,
    TextPart,
    Tool,
    ToolCallPart,
    Usage,
    fold,
)
from radiant.ai.providers.errors import (
    ContextTooLong,
    CutStream,
    MalformedStream,
    UpstreamBadCredentials,
    UpstreamBadRequest,
    UpstreamBroken,
    UpstreamError,
    UpstreamModelNotFound,
    UpstreamOverloaded,
    UpstreamQuotaExhausted,
    UpstreamRateLimited,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from radiant.ai.providers.health import Policy, Upstreams
from radiant.ai.providers.provider import Connection, Provider, Secret, Timeouts
from radiant.ai.providers.registry import build_providers
from radiant.ai.providers.retry import Asking
from radiant.ai.providers.signatures import sign_call
from radiant.infra.httpclient import HttpClient
from tests.kit.bedrock_upstream import bedrock_upstream
from tests.kit.google_upstream import google_upstream
from tests.kit.upstream import (
    Behaviour,
    Call,
    Drop,
    FailMidway,
    Hang,
    Raw,
    Refuse,
    Say,
    Upstream,
    anthropic_upstream,
    openai_upstream,
)

KEY = "sk-secret-0123456789"
QUICK = Timeouts(connect=1.0, first=0.5, idle=0.5)


@dataclass
class Side:
    """One protocol: its server, its translator, and a connection between the two."""

    name: str
    upstream: Upstream
    provider: Provider
    connection: Connection

    def request(self, text: str = "Hello", **more: Any) -> ChatRequest:
        return ChatRequest(model="m", messages=[Message.of("user", text)], **more)

    async def ask(self, **more: Any) -> Completion:
        asking = Asking(Upstreams(Policy(limited_rest=0)), [self.connection], "m", 0, self.provider.retries)
        return await fold(asking.stream(lambda key: self.provider.stream(self.request(**more), key)))

    async def fails(self, expected: type[UpstreamError], *behaviours: Behaviour) -> UpstreamError:
        self.upstream.plan(*behaviours)
        with pytest.raises(UpstreamError) as caught:
            await self.ask()
        assert type(caught.value) is expected, caught.value
        assert caught.value.provider == self.name
        assert KEY not in f"{caught.value!r} {caught.value.detail} {caught.value.extra} {caught.value.headers}"
        return caught.value


SERVERS = {
    "openai": openai_upstream,
    "anthropic": anthropic_upstream,
    "google": google_upstream,
    "bedrock": bedrock_upstream,
}


@pytest.fixture(params=SERVERS)
async def side(request: pytest.FixtureRequest, http: HttpClient) -> AsyncIterator[Side]:
    name: str = request.param
    async with SERVERS[name]() as upstream:
        upstream.key = KEY
        connection = Connection(name, upstream.url, Secret(KEY), QUICK, allow_private=True)
        yield Side(name, upstream, build_providers(http)[name], connection)


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(retry, "LIMITED_REST", 0.01)


# --- answers ------------------------------------------------------------------------------------------


async def test_an_answer_arrives_with_its_text_its_end_and_all_its_tokens(side: Side):
    side.upstream.plan(Say("Hello world", input_tokens=20, cache_read_tokens=8, output_tokens=7, reasoning_tokens=2))
    answer = await side.ask()
    assert (answer.text, answer.stop_reason) == ("Hello world", "end")
    # Bedrock does not tell thoughts from the rest.
    thoughts = 0 if side.name == "bedrock" else 2
    assert answer.usage == Usage(20, 7, cache_read_tokens=8, reasoning_tokens=thoughts)


async def test_words_come_one_by_one_while_the_upstream_still_speaks(side: Side):
    side.upstream.plan(Say("one two three four five six", gap=0.03))
    times = [
        time.monotonic()
        async for event in side.provider.stream(side.request(), side.connection)
        if isinstance(event, TextDelta)
    ]
    assert len(times) == 6
    assert times[-1] - times[0] > 0.1


async def test_reasoning_and_tool_calls_come_whole_however_they_were_cut(side: Side):
    calls = [Call("weather", '{"city": "Łódź"}', "id-1"), Call("time", "{}", "id-2")]
    side.upstream.plan(Say("Well,", reasoning="first I think", calls=calls, stop="tool_calls"))
    answer = await side.ask(tools=[Tool("weather"), Tool("time")])
    signature = "" if side.name in ("openai", "google") else "sig"
    # Google's signature rides in the id of the first call.
    first = sign_call("id-1", "c2ln") if side.name == "google" else "id-1"
    arguments = '{"city":"Łódź"}' if side.name == "google" else '{"city": "Łódź"}'
    assert answer.parts == [
        ReasoningPart("first I think", signature),
        TextPart("Well,"),
        ToolCallPart(first, "weather", arguments),
        ToolCallPart("id-2", "time", "{}"),
    ]
    assert answer.stop_reason == "tool_calls"


@pytest.mark.parametrize("stop", ["end", "length", "tool_calls", "content_filter"])
async def test_f0_14_every_reason_to_stop_is_read(side: Side, stop: str):
    side.upstream.plan(Say(stop=stop, calls=[Call("f")] if stop == "tool_calls" else ()))
    assert (await side.ask()).stop_reason == stop


async def test_a_reason_to_stop_that_nobody_knows_is_an_error_and_not_an_end(side: Side):
    error = await side.fails(UpstreamBroken, Say(stop="sunspots"))
    assert "sunspots" in error.detail


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("bytes_at_once", [1, 7, 100_000])
async def test_slow_bytes_and_any_line_end_give_the_same_answer(side: Side, bytes_at_once: int, line_end: str):
    side.upstream.plan(Say("Grüße, 世界 🌍", bytes_at_once=bytes_at_once, line_end=line_end))
    assert (await side.ask()).text == "Grüße, 世界 🌍"


async def test_connections_are_kept_for_the_next_call(side: Side, http: HttpClient):
    for _ in range(3):
        await side.ask()
    assert (http.idle, http.open) == (1, 1)


async def test_models_are_listed_and_a_key_is_checked(side: Side):
    assert [model.id for model in await side.provider.list_models(side.connection)] == ["big", "small"]
    await side.provider.check(side.connection)
    with pytest.raises(UpstreamBadCredentials) as caught:
        await side.provider.check(replace(side.connection, api_key=Secret("sk-wrong-key-000")))
    assert "sk-wrong" not in caught.value.detail
    assert caught.value.status == 502


# --- failures -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("behaviour", "expected", "status"),
    [
        (Refuse(400, "temperature: too hot"), UpstreamBadRequest, 400),
        (Refuse(400, "prompt is too long: 210000 tokens > 200000 maximum"), ContextTooLong, 400),
        (Refuse(400, "too big", code="context_length_exceeded"), ContextTooLong, 400),
        (Refuse(401, f"Incorrect API key {KEY}", "authentication_error"), UpstreamBadCredentials, 502),
        (Refuse(403, "not in your country", "permission_error"), UpstreamBadCredentials, 502),
        (Refuse(402, "pay", "billing_error"), UpstreamQuotaExhausted, 502),
        (Refuse(429, "no credit", code="insufficient_quota", type="insufficient_quota"), UpstreamQuotaExhausted, 502),
        (Refuse(404, "no model m", "not_found_error"), UpstreamModelNotFound, 404),
        (Refuse(413, "request too large"), UpstreamBadRequest, 400),
        (Refuse(422, body=b'{"detail": [{"loc": ["x"], "msg": "bad"}]}'), UpstreamBadRequest, 400),
        (Refuse(504, "tired"), UpstreamTimeout, 504),
    ],
)  # fmt: skip
async def test_f0_8_an_error_status_is_a_typed_error_and_never_an_answer(
    side: Side, behaviour: Refuse, expected: type[UpstreamError], status: int
):
    behaviour = (
        behaviour if side.name == "openai" or behaviour.code is None else replace(behaviour, type=behaviour.code)
    )
    error = await side.fails(expected, behaviour)
    assert (error.status, error.upstream_status) == (status, behaviour.status)
    assert len(side.upstream.requests) == 1


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        (Refuse(429, "slow", "rate_limit_error"), UpstreamRateLimited),
        (Refuse(500, "oops", "api_error"), UpstreamBroken),
        (Refuse(502, body=b"<html>bad gateway</html>", content_type="text/html"), UpstreamBroken),
        (Refuse(503, "busy"), UpstreamOverloaded),
        (Refuse(529, "busy", "overloaded_error"), UpstreamOverloaded),
        (Drop(), UpstreamUnreachable),
    ],
)
@pytest.mark.usefixtures("no_waiting")
async def test_a_passing_failure_is_tried_twice_more_and_then_told(
    side: Side, behaviour: Behaviour, expected: type[UpstreamError]
):
    side.upstream.plan(behaviour, behaviour)
    assert (await side.ask()).text == "Hello from upstream."
    assert len(side.upstream.requests) == 3
    error = await side.fails(expected, behaviour, behaviour, behaviour)
    assert error.retryable
    assert len(side.upstream.requests) == 6


async def test_what_retry_after_asks_for_is_honoured(side: Side):
    side.upstream.plan(Refuse(429, "slow", "rate_limit_error", retry_after=0.7))
    started = time.monotonic()
    await side.ask()
    assert time.monotonic() - started >= 0.7


async def test_a_long_retry_after_is_the_callers_to_wait_for(side: Side):
    error = await side.fails(UpstreamRateLimited, Refuse(429, "slow", "rate_limit_error", retry_after=30))
    assert (error.status, error.retry_after, error.headers) == (429, 30.0, {"Retry-After": "30"})
    assert len(side.upstream.requests) == 1


async def test_no_retry_is_begun_that_the_deadline_would_cut(side: Side):
    side.connection = replace(side.connection, timeouts=replace(QUICK, total=0.2))
    started = time.monotonic()
    await side.fails(UpstreamOverloaded, Refuse(503))
    assert time.monotonic() - started < 0.2


async def test_nothing_is_repeated_once_a_word_was_said(side: Side):
    error = await side.fails(CutStream, Say("one two three four five six", cut_after=8))
    assert error.status == 502
    assert len(side.upstream.requests) == 1


async def test_an_error_event_in_mid_stream_ends_the_answer_with_that_error(side: Side):
    await side.fails(UpstreamOverloaded, FailMidway())


async def test_a_stream_that_just_ends_is_a_cut_one(side: Side):
    side.upstream.default = Raw([b": hello\n\n"])
    side.upstream.plan(Say("one two three four", cut_after=6))
    await side.fails(CutStream)


@pytest.mark.parametrize(
    "raw",
    [
        Raw([b"data: {not json}\n\n"]),
        Raw([b"data: []\n\n"]),
        Raw([b'data: {"choices": "x", "type": 3, "candidates": "x"}\n\n']),
        Raw([b'data: "\xff\xfe"\n\n']),
        Raw([b"<html>captive portal</html>"], content_type="text/html"),
        Raw([b"data: " + b"x" * 2**20] * 9),
    ],
)
async def test_what_is_not_the_protocol_is_a_malformed_stream(side: Side, raw: Raw):
    error = await side.fails(MalformedStream, raw)
    assert error.status == 502


async def test_an_upstream_that_never_answers_is_a_timeout(side: Side):
    started = time.monotonic()
    error = await side.fails(UpstreamTimeout, Hang())
    assert error.status == 504
    assert time.monotonic() - started < 2


async def test_an_upstream_that_falls_silent_is_a_timeout(side: Side):
    await side.fails(UpstreamTimeout, Say("one two", gap=5.0))


async def test_the_deadline_holds_for_an_answer_that_keeps_coming(side: Side):
    side.connection = replace(side.connection, timeouts=replace(QUICK, total=0.3))
    started = time.monotonic()
    error = await side.fails(UpstreamTimeout, Say("word " * 100, gap=0.05))
    assert "time allowed" in error.detail
    assert time.monotonic() - started < 1


@pytest.mark.usefixtures("no_waiting")
async def test_a_port_where_nobody_listens_is_unreachable(side: Side):
    side.connection = replace(side.connection, base_url="http://127.0.0.1:9")
    error = await side.fails(UpstreamUnreachable)
    assert "refused" in error.detail.lower()


# --- going away ---------------------------------------------------------------------------------------


async def test_closing_the_stream_closes_the_upstreams_connection_at_once(side: Side):
    side.upstream.plan(Say("word " * 1000, gap=0.01))
    async with aclosing(side.provider.stream(side.request(), side.connection)) as events:
        async for event in events:
            if isinstance(event, TextDelta):
                break
    async with asyncio.timeout(1):
        await side.upstream.gone.wait()


async def test_cancelling_the_reader_closes_the_upstreams_connection_at_once(side: Side):
    side.upstream.plan(Say("word " * 1000, gap=0.01))
    begun = asyncio.Event()

    async def read() -> None:
        async with aclosing(side.provider.stream(side.request(), side.connection)) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    begun.set()

    task = asyncio.create_task(read())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with asyncio.timeout(1):
        await side.upstream.gone.wait()


async def test_a_secret_shows_itself_nowhere(side: Side):
    assert KEY not in f"{side.connection} {side.connection!r} {side.connection.api_key}"
