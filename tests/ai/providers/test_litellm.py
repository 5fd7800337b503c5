"""The long tail: LiteLLM's real SDK, in the environment of its own that an operator would make."""

import asyncio
import fcntl
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from radiant.ai.providers.chat import ChatRequest, EmbeddingRequest, Message, Tool, fold
from radiant.ai.providers.errors import UpstreamBadCredentials, UpstreamError, UpstreamUnreachable
from radiant.ai.providers.litellm import LiteLLM
from radiant.ai.providers.provider import Connection, Secret
from radiant.ai.providers.vendors import vendors
from radiant.infra.httpclient import HttpClient
from tests.kit.upstream import Call, FailMidway, Refuse, Say, Upstream, openai_upstream

VENDOR = vendors()["litellm"]
ASK = ChatRequest(model="some-model", messages=[Message.of("user", "Hello?")])


def _python() -> Path:
    root = Path.home() / ".cache" / "radiant-test-litellm"
    root.mkdir(parents=True, exist_ok=True)
    python = root / "bin" / "python"
    with (root / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (root / "whole").exists():
            subprocess.run([sys.executable, "-m", "venv", str(root)], check=True)
            install = [
                str(python),
                "-m",
                "pip",
                "install",
                "-q",
                "--disable-pip-version-check",
                "litellm==1.106.2",
                "mcp",
            ]
            done = subprocess.run(install, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr[-2000:]
            (root / "whole").touch()
    return python


@pytest.fixture
async def upstream() -> AsyncIterator[Upstream]:
    async with openai_upstream() as running:
        running.key = "sk-tail"
        yield running


@pytest.fixture
async def tail() -> AsyncIterator[LiteLLM]:
    python = await asyncio.to_thread(_python)
    async with HttpClient() as http:
        provider = LiteLLM(http, VENDOR, python)
        yield provider
        await provider.close()


def _at(upstream: Upstream, key: str = "sk-tail") -> Connection:
    return Connection("litellm", upstream.url, Secret(key), allow_private=True, settings={"provider": "openai"})


@pytest.mark.model
async def test_it_streams_calls_tools_and_embeds_through_the_real_sdk(tail: LiteLLM, upstream: Upstream) -> None:
    connection = _at(upstream)
    upstream.plan(Say("Hello there.", input_tokens=9, output_tokens=4))
    async with aclosing(tail.stream(ASK, connection)) as events:
        answer = await fold(events)
    assert answer.text == "Hello there."
    assert answer.usage is not None
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (9, 4)
    assert upstream.requests[-1].body["model"] == "some-model"
    upstream.plan(Say("", calls=[Call("weather", '{"city": "Paris"}')], stop="tool_calls"))
    async with aclosing(
        tail.stream(ChatRequest(model="m", messages=ASK.messages, tools=[Tool("weather")]), connection)
    ) as events:
        answer = await fold(events)
    assert [(call.name, call.arguments) for call in answer.tool_calls] == [("weather", '{"city": "Paris"}')]
    result = await tail.embed(EmbeddingRequest(model="e", inputs=["a", "b"]), connection)
    assert len(result.vectors) == 2
    assert any(model.id.startswith("gpt-") for model in await tail.list_models(connection))
    await tail.check(connection)

    for behaviour, kind in (
        (Refuse(401, "no", type="authentication_error"), UpstreamBadCredentials),
        (FailMidway(), UpstreamError),
    ):
        upstream.plan(behaviour)
        with pytest.raises(kind):
            async with aclosing(tail.stream(ASK, connection)) as events:
                await fold(events)
    assert tail._child is not None
    tail._child.kill()
    await tail._child.wait()
    upstream.plan(Say("Back."))
    async with aclosing(tail.stream(ASK, connection)) as events:
        assert (await fold(events)).text == "Back."


async def test_without_it_the_error_says_what_to_install() -> None:
    async with HttpClient() as http:
        provider = LiteLLM(http, VENDOR, None)
        with pytest.raises(UpstreamUnreachable, match="RADIANT_LITELLM_PYTHON"):
            await provider.check(Connection("litellm", VENDOR.base_url))
        wrong = LiteLLM(http, VENDOR, Path("/bin/false"))
        with pytest.raises(UpstreamUnreachable, match="does not start"):
            await wrong.check(Connection("litellm", VENDOR.base_url))
