"""JavaScript clients, unchanged: relayed to an upstream of their own protocol, and translated to one of the other."""

import pytest

from tests.clients.conftest import Script
from tests.kit.upstream import Call, Say, Upstream

HELLO, SUNNY = Say("Hello there."), Say("It is sunny.")
ASKS = Say("", calls=[Call("weather", '{"city": "Paris"}', "call_7")], stop="tool_calls")
MODELS = pytest.mark.parametrize("model", ["gpt-4o", "claude-sonnet-4"], ids=["by openai", "by anthropic"])


def _both(upstream: Upstream, claude: Upstream, model: str, *says: Say) -> Upstream:
    used = upstream if model.startswith("gpt") else claude
    used.plan(*says)
    return used


@MODELS
async def test_the_openai_sdk(script: Script, upstream: Upstream, claude: Upstream, model: str) -> None:
    _both(upstream, claude, model, HELLO, HELLO, ASKS, SUNNY)
    got = await script("openai.mjs", model)
    assert got["whole"] == got["streamed"] == "Hello there."
    assert got["total"] == 17
    assert got["final"] == "It is sunny."
    assert got["refused"] == {"status": 404, "type": "invalid_request_error", "code": "model_not_found"}
    assert got["listed"]


@MODELS
async def test_the_anthropic_sdk(script: Script, upstream: Upstream, claude: Upstream, model: str) -> None:
    used = _both(upstream, claude, model, HELLO, HELLO, ASKS, SUNNY)
    got = await script("anthropic.mjs", model)
    assert got["whole"] == got["streamed"] == "Hello there."
    assert (got["stop"], got["output"]) == ("end_turn", 5)
    assert got["called"] == {"name": "weather", "input": {"city": "Paris"}}
    assert got["answered"] == "It is sunny."
    assert got["refused"] == {"status": 404, "type": "not_found_error"}
    assert "Sunny." in str(used.requests[-1].body)


@MODELS
@pytest.mark.parametrize("kind", ["chat", "compatible", "anthropic"])
async def test_vercels_ai_sdk(script: Script, upstream: Upstream, claude: Upstream, model: str, kind: str) -> None:
    _both(upstream, claude, model, HELLO, HELLO, ASKS, SUNNY)
    got = await script("vercel.mjs", model, RADIANT_KIND=kind)
    assert got["whole"] == got["streamed"] == "Hello there."
    assert got["output"] == 5
    assert got["seen"] == ["Paris"]
    assert (got["final"], got["steps"]) == ("It is sunny.", 2)
