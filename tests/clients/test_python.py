"""Python clients beside the two official SDKs (tests/doors): LangChain, Simon Willison's `llm`, Open WebUI's checks."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from pydantic import BaseModel, SecretStr

from tests.kit.server import Client
from tests.kit.upstream import Call, Say, Upstream

MODELS = pytest.mark.parametrize("model", ["gpt-4o", "claude-sonnet-4"], ids=["by openai", "by anthropic"])


def _secret(key: Client) -> str:
    return key.headers["Authorization"].removeprefix("Bearer ")


class Weather(BaseModel):
    """What is known."""

    city: str
    sunny: bool


@tool
def weather(city: str) -> str:
    """The weather of a city."""
    return f"Sunny in {city}."


@MODELS
async def test_langchain_asks_streams_calls_tools_and_reads_structures(
    key: Client, upstream: Upstream, claude: Upstream, model: str
) -> None:
    used = upstream if model == "gpt-4o" else claude
    http = httpx.AsyncClient()
    chat = ChatOpenAI(
        model=model, base_url=f"{key.base_url}/v1", api_key=SecretStr(_secret(key)), max_retries=0,
        http_async_client=http,
    )  # fmt: skip
    used.plan(
        Say("Hello there."),
        Say("Hello there."),
        Say("", calls=[Call("weather", '{"city": "Paris"}')], stop="tool_calls"),
        Say('{"city": "Paris", "sunny": true}'),
    )
    whole = await chat.ainvoke("Hello?")
    assert whole.content == "Hello there."
    assert whole.usage_metadata is not None
    assert whole.usage_metadata["output_tokens"] == 5
    pieces = [piece async for piece in chat.astream("Hello?")]
    assert "".join(str(piece.content) for piece in pieces) == "Hello there."
    called = await chat.bind_tools([weather]).ainvoke("Weather?")
    assert [(call["name"], call["args"]) for call in called.tool_calls] == [("weather", {"city": "Paris"})]
    structured = chat.with_structured_output(Weather, method="json_schema")
    found = await structured.ainvoke("Weather?")
    assert isinstance(found, Weather)
    assert (found.city, found.sunny) == ("Paris", True)
    await http.aclose()


async def test_langchain_embeds(key: Client, upstream: Upstream) -> None:
    http = httpx.AsyncClient()
    embeddings = OpenAIEmbeddings(
        model="text-embedding-3-small", base_url=f"{key.base_url}/v1", api_key=SecretStr(_secret(key)),
        check_embedding_ctx_length=False, max_retries=0,
        http_async_client=http,
    )  # fmt: skip
    assert [len(vector) for vector in await embeddings.aembed_documents(["a", "bb"])] == [8, 8]
    await http.aclose()


@pytest.mark.parametrize("streamed", [True, False])
async def test_the_llm_command_line(key: Client, upstream: Upstream, tmp_path: Path, streamed: bool) -> None:
    upstream.plan(Say("Hello there."))
    (tmp_path / "extra-openai-models.yaml").write_text(
        json.dumps(
            [
                {
                    "model_id": "radiant",
                    "model_name": "gpt-4o",
                    "api_base": f"{key.base_url}/v1",
                    "api_key_name": "radiant",
                }
            ]
        )
    )
    (tmp_path / "keys.json").write_text(json.dumps({"radiant": _secret(key)}))
    env = os.environ | {"LLM_USER_PATH": str(tmp_path)}
    options = [] if streamed else ["--no-stream"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "llm", "-m", "radiant", *options, "Hello?", env=env,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 0, err.decode()
    assert out.decode().strip() == "Hello there."
    assert bool(upstream.requests[-1].body.get("stream")) == streamed


async def test_open_webui_verifies_a_connection_and_lists_its_models(key: Client, upstream: Upstream) -> None:
    # Its backend asks GET {url}/models, with these headers, when a connection is saved and for its list of models; a
    # name becomes what is shown, and answers come streamed with `stream_options` or not.
    headers = {
        "Content-Type": "application/json", "X-OpenWebUI-User-Name": "Ada", "X-OpenWebUI-User-Email": "a@example.org",
        "X-OpenWebUI-User-Role": "user",
    }  # fmt: skip
    listed = await key.get("/v1/models", headers=headers)
    assert listed.status == 200
    body = listed.json()
    assert body["object"] == "list"
    assert all(item["object"] == "model" and item["id"] and "owned_by" in item for item in body["data"])
    assert {"auto", "gpt-4o"} <= {item["id"] for item in body["data"]}
    ask: dict[str, Any] = {
        "model": "gpt-4o", "stream": True, "stream_options": {"include_usage": True},
        "messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello?"}],
        "metadata": {"chat_id": "1"},
    }  # fmt: skip
    answer = await key.post("/v1/chat/completions", ask, headers=headers)
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    assert b"[DONE]" in answer.body
    wrong = await key.get("/v1/models", headers={"Authorization": "Bearer rad_wrong"})
    assert wrong.status == 401
    assert wrong.json()["error"]["code"] == "invalid_api_key"
