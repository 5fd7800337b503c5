"""Coding agents: requests of the shapes that Claude Code sends, recorded by hand from its documentation and source
maps, in a loop of three turns; relayed to Anthropic, and translated to a model of OpenAI's protocol."""

import json
from typing import Any

import pytest

from tests.kit.server import Client
from tests.kit.upstream import Call, Say, Upstream

CACHE = {"cache_control": {"type": "ephemeral"}}
HEADERS = {
    "anthropic-version": "2023-06-01",
    "anthropic-beta": "claude-code-20250219,interleaved-thinking-2025-05-14,fine-grained-tool-streaming-2025-05-14",
    "anthropic-dangerous-direct-browser-access": "true",
    "x-app": "cli",
    "user-agent": "claude-cli/2.1.4 (external, cli)",
    "x-stainless-lang": "js",
}


def _tool(name: str, **properties: Any) -> dict[str, Any]:
    schema = {
        "type": "object", "properties": properties, "required": list(properties), "additionalProperties": False,
        "$schema": "http://json-schema.org/draft-07/schema#",
    }  # fmt: skip
    return {"name": name, "description": f"{name} a file.", "input_schema": schema}


TOOLS = [
    _tool("Read", file_path={"type": "string"}),
    _tool("Edit", file_path={"type": "string"}, old_string={"type": "string"}, new_string={"type": "string"}),
    _tool("Bash", command={"type": "string", "description": "The command"}) | CACHE,
]


def _ask(model: str, messages: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "model": model,
        "max_tokens": 32_000,
        "stream": True,
        "temperature": 1,
        "system": [
            {"type": "text", "text": "You are Claude Code.", **CACHE},
            {"type": "text", "text": "Working directory: /tmp/x", **CACHE},
        ],
        "messages": messages,
        "tools": TOOLS,
        "metadata": {"user_id": "user_0_account__session_0"},
    }


async def _turn(key: Client, model: str, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The content blocks of the answer, put together from the stream as the client does."""
    answer = await key.post("/v1/messages?beta=true", _ask(model, messages), headers=HEADERS)
    assert answer.status == 200, answer.body
    blocks: dict[int, dict[str, Any]] = {}
    partial: dict[int, str] = {}
    ended = False
    for line in answer.body.decode().splitlines():
        if not line.startswith("data: "):
            continue
        event = json.loads(line[6:])
        match event["type"]:
            case "content_block_start":
                blocks[event["index"]] = dict(event["content_block"])
            case "content_block_delta":
                block, delta = blocks[event["index"]], event["delta"]
                if delta["type"] == "text_delta":
                    block["text"] += delta["text"]
                elif delta["type"] == "input_json_delta":
                    partial[event["index"]] = partial.get(event["index"], "") + delta["partial_json"]
            case "message_stop":
                ended = True
            case _:
                pass
    assert ended
    for index, text in partial.items():
        blocks[index]["input"] = json.loads(text or "{}")
    return [blocks[index] for index in sorted(blocks)]


@pytest.mark.parametrize("model", ["claude-sonnet-4", "gpt-4o"], ids=["relayed", "translated"])
async def test_a_loop_of_claude_code(key: Client, upstream: Upstream, claude: Upstream, model: str) -> None:
    used = claude if model.startswith("claude") else upstream
    used.plan(
        Say("Let me look.", calls=[Call("Read", '{"file_path": "/tmp/x/a.py"}', "toolu_01")], stop="tool_calls"),
        Say(
            "",
            calls=[
                Call("Edit", '{"file_path": "/tmp/x/a.py", "old_string": "1", "new_string": "2"}', "toolu_02"),
                Call("Bash", '{"command": "python a.py"}', "toolu_03"),
            ],
            stop="tool_calls",
        ),
        Say("Done: it prints 2."),
    )
    messages: list[dict[str, Any]] = [
        {"role": "user", "content": [{"type": "text", "text": "Make it print 2.", **CACHE}]}
    ]
    first = await _turn(key, model, messages)
    assert [block["type"] for block in first] == ["text", "tool_use"]
    assert first[1]["input"] == {"file_path": "/tmp/x/a.py"}
    read = {"type": "tool_result", "tool_use_id": first[1]["id"], "content": "     1\tprint(1)\n", **CACHE}
    messages += [{"role": "assistant", "content": first}, {"role": "user", "content": [read]}]
    second = await _turn(key, model, messages)
    assert [block["name"] for block in second] == ["Edit", "Bash"]
    results = [
        {"type": "tool_result", "tool_use_id": second[0]["id"], "content": [{"type": "text", "text": "edited"}]},
        {"type": "tool_result", "tool_use_id": second[1]["id"], "content": "2", "is_error": False, **CACHE},
    ]
    messages += [{"role": "assistant", "content": second}, {"role": "user", "content": results}]
    third = await _turn(key, model, messages)
    assert [block["text"] for block in third] == ["Done: it prints 2."]
    sent = json.dumps(used.requests[-1].body)
    assert all(piece in sent for piece in ("toolu_01", "toolu_03", "print(1)", "edited", "You are Claude Code."))
    if used is claude:
        assert used.requests[-1].headers["anthropic-beta"] == HEADERS["anthropic-beta"]
        assert used.requests[-1].body["system"][0]["cache_control"] == {"type": "ephemeral"}
