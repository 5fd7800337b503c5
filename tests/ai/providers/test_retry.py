"""Trying again under a new lease: another key at once, the same one after a wait, within the time of the whole call."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

import pytest

from radiant.ai.providers.chat import Done, Event, TextDelta
from radiant.ai.providers.errors import (
    CutStream,
    UpstreamBadCredentials,
    UpstreamBroken,
    UpstreamError,
    UpstreamRateLimited,
)
from radiant.ai.providers.health import Policy, Upstreams, UpstreamsResting
from radiant.ai.providers.provider import Connection, Secret, Timeouts
from radiant.ai.providers.retry import Asking

ONE, TWO = (Connection("openai", "http://one", Secret(name), name=name) for name in ("one", "two"))
LIMITED = UpstreamRateLimited("slow", provider="openai", retry_after=30)
BROKEN = UpstreamBroken("oops", provider="openai")


class Script:
    """An attempt that fails as planned, then answers; `asked` are the keys that it was given."""

    def __init__(self, *failures: UpstreamError) -> None:
        self.failures = list(failures)
        self.asked: list[Connection] = []

    async def stream(self, connection: Connection) -> AsyncGenerator[Event, None]:
        yield TextDelta(await self.call(connection))
        yield Done("stop")

    async def call(self, connection: Connection) -> str:
        self.asked.append(connection)
        if self.failures:
            raise self.failures.pop(0)
        return "Here."


@pytest.fixture(params=["stream", "call"])
def ask(request: pytest.FixtureRequest):
    async def asked(script: Script, asking: Asking) -> None:
        if request.param == "call":
            assert await asking.call(script.call) == "Here."
            return
        async with aclosing(asking.stream(script.stream)) as events:
            assert len([event async for event in events]) == 2

    return asked


async def test_a_limited_or_refused_key_is_followed_by_the_next_at_once(ask):
    upstreams = Upstreams()
    script = Script(LIMITED, UpstreamBadCredentials("no", provider="openai"))
    three = Connection("openai", "http://one", Secret("three"), name="three")
    began = time.monotonic()
    await ask(script, Asking(upstreams, [ONE, TWO, three], "m", 0))
    assert time.monotonic() - began < 0.1
    assert sorted(key.name for key in script.asked) == ["one", "three", "two"]
    assert [line.running for line in upstreams.snapshot()] == [0, 0, 0]


async def test_when_every_key_rests_the_calls_own_failure_is_told(ask):
    script = Script(LIMITED, LIMITED)
    with pytest.raises(UpstreamRateLimited):
        await ask(script, Asking(Upstreams(), [ONE, TWO], "m", 0))
    assert len(script.asked) == 2
    # Nobody was asked yet: then resting is all there is to tell, and it is told at once.
    upstreams = Upstreams()
    (await upstreams.enter(ONE, "m")).failed(LIMITED)
    with pytest.raises(UpstreamsResting):
        await ask(Script(), Asking(upstreams, [ONE], "m", 0))


async def test_each_attempt_is_noted_on_its_own_and_gives_its_place_back(ask):
    upstreams = Upstreams(Policy(consecutive=3))
    script = Script(BROKEN, BROKEN)
    await ask(script, Asking(upstreams, [ONE], "m", 0))
    (line,) = upstreams.snapshot()
    assert (line.calls, line.failures, line.running, line.state) == (3, 2, 0, "closed")


async def test_no_attempt_outlives_the_time_of_the_whole_call(ask):
    key = Connection("openai", "http://one", Secret("one"), timeouts=Timeouts(total=5.0))
    script = Script(BROKEN)
    await ask(script, Asking(Upstreams(), [key], "m", 0))
    first, second = [connection.timeouts.total or 0 for connection in script.asked]
    assert 4.9 < first <= 5.0
    assert second < first - 0.2


async def test_a_provider_that_is_not_asked_twice_is_not(ask):
    script = Script(BROKEN)
    with pytest.raises(UpstreamBroken):
        await ask(script, Asking(Upstreams(), [ONE], "m", 0, retries=0))
    assert len(script.asked) == 1


async def test_nothing_is_begun_again_once_a_word_was_said():
    asked = 0

    async def cut(_: Connection) -> AsyncIterator[Event]:
        nonlocal asked
        asked += 1
        yield TextDelta("Half of")
        raise CutStream("gone", provider="openai")

    heard: list[Event] = []
    with pytest.raises(CutStream):
        async with aclosing(Asking(Upstreams(), [ONE, TWO], "m", 0).stream(cut)) as events:
            heard += [event async for event in events]
    assert asked == 1


async def test_whoever_goes_away_gives_the_place_back(ask):
    upstreams = Upstreams()

    async def never(_: Connection) -> AsyncGenerator[Event, None]:
        yield TextDelta("Half of")
        await asyncio.sleep(60)

    async with aclosing(Asking(upstreams, [ONE], "m", 0).stream(never)) as events:
        await anext(events)
        assert upstreams.snapshot()[0].running == 1
    assert upstreams.snapshot()[0].running == 0
