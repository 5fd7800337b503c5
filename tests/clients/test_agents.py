"""Coding agents: what Claude Code and Codex sent to this gateway in a loop of three turns, recorded from the programs
themselves (`claude -p`, `codex exec`; see the heads of the recordings) and replayed; relayed, and translated to a model
of the other family. The model's answers are those of the recording."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.kit.server import Answer, Client
from tests.kit.upstream import Call, Say, Upstream

HERE = Path(__file__).parent
READ, WRITE = {"cmd": "cat a.py"}, {"cmd": "sed -i s/1/2/ a.py && python3 a.py"}
EDIT = {"file_path": "/tmp/x/a.py", "old_string": "1", "new_string": "2"}
RUN = {"command": "python3 a.py", "description": "Run it"}


def _loop(name: str, model: str) -> dict[str, Any]:
    return json.loads((HERE / f"{name}.json").read_text())["loops"][model]


def _call(name: str, arguments: dict[str, Any], id: str) -> Call:
    return Call(name, json.dumps(arguments), id)


def _events(answer: Answer) -> list[dict[str, Any]]:
    assert answer.status == 200, answer.body
    lines = answer.body.decode().splitlines()
    return [json.loads(line[6:]) for line in lines if line.startswith("data: ")]


def _blocks(answer: Answer) -> list[dict[str, Any]]:
    """The content blocks of a streamed message, put together as the client does."""
    blocks: dict[int, dict[str, Any]] = {}
    partial: dict[int, str] = {}
    events = _events(answer)
    assert events[-1]["type"] == "message_stop"
    for event in events:
        if event["type"] == "content_block_start":
            blocks[event["index"]] = dict(event["content_block"])
        elif event["type"] == "content_block_delta":
            block, delta = blocks[event["index"]], event["delta"]
            if delta["type"] == "text_delta":
                block["text"] += delta["text"]
            else:
                partial[event["index"]] = partial.get(event["index"], "") + delta["partial_json"]
    for index, text in partial.items():
        blocks[index]["input"] = json.loads(text or "{}")
    return [blocks[index] for index in sorted(blocks)]


@pytest.mark.parametrize("model", ["claude-sonnet-4", "gpt-4o"], ids=["relayed", "translated"])
async def test_a_recorded_loop_of_claude_code(key: Client, upstream: Upstream, claude: Upstream, model: str) -> None:
    loop = _loop("claude_code", model)
    used = claude if model.startswith("claude") else upstream
    used.plan(
        Say("Let me look.", calls=[_call("Read", {"file_path": "/tmp/x/a.py"}, "toolu_01")], stop="tool_calls"),
        Say("", calls=[_call("Edit", EDIT, "toolu_02"), _call("Bash", RUN, "toolu_03")], stop="tool_calls"),
        Say("Done: it prints 2."),
    )
    turns = loop["messages"]
    said: list[dict[str, Any]] = []
    for messages in turns:
        # What the program sends back is what we said the turn before.
        sent = [block for message in messages if message["role"] == "assistant" for block in message["content"]]
        assert [(block["type"], block.get("id"), block.get("name")) for block in sent] == [
            (block["type"], block.get("id"), block.get("name")) for block in said
        ]
        answer = await key.post(loop["path"], loop["body"] | {"messages": messages}, headers=loop["headers"])
        said += _blocks(answer)
    assert [block["type"] for block in said] == ["text", "tool_use", "tool_use", "tool_use", "text"]
    assert (said[1]["input"], said[2]["input"], said[3]["input"]) == ({"file_path": "/tmp/x/a.py"}, EDIT, RUN)
    last = used.requests[-1]
    if used is claude:
        assert last.body == loop["body"] | {"messages": turns[-1], "model": last.body["model"]}
        assert last.headers["anthropic-beta"] == loop["headers"]["anthropic-beta"]
        return
    results = {
        message["tool_call_id"]: message["content"] for message in last.body["messages"] if message["role"] == "tool"
    }
    assert list(results) == ["toolu_01", "toolu_02", "toolu_03"]
    assert "print(1)" in results["toolu_01"]
    assert {tool["function"]["name"] for tool in last.body["tools"]} == {tool["name"] for tool in loop["body"]["tools"]}


@pytest.mark.parametrize("model", ["gpt-4o", "claude-sonnet-4"], ids=["relayed", "translated"])
async def test_a_recorded_loop_of_codex(key: Client, upstream: Upstream, claude: Upstream, model: str) -> None:
    loop = _loop("codex", model)
    used = claude if model.startswith("claude") else upstream
    thought: dict[str, Any] = {"reasoning": "I look.", "signature": "one"}
    used.plan(
        Say("", calls=[_call("exec_command", READ, "call_a")], stop="tool_calls", **thought),
        Say("Now I write it.", calls=[_call("exec_command", WRITE, "call_b")], stop="tool_calls", **thought),
        Say("Done: it prints 2.", **thought),
    )
    turns = loop["input"]
    kept = ("type", "call_id", "name", "arguments", "encrypted_content", "summary")
    said: list[dict[str, Any]] = []
    for items in turns:
        sent = [item for item in items if item.get("role", "assistant") == "assistant" and "output" not in item]
        assert [{name: item.get(name) for name in kept} for item in sent] == said
        answer = await key.post(loop["path"], loop["body"] | {"input": items}, headers=loop["headers"])
        events = _events(answer)
        assert events[-1]["type"] == "response.completed"
        done = [event["item"] for event in events if event["type"] == "response.output_item.done"]
        said += [{name: item.get(name) for name in kept} for item in done]
    assert [item["type"] for item in said] == [
        "reasoning", "function_call", "reasoning", "message", "function_call", "reasoning", "message",
    ]  # fmt: skip
    last = used.requests[-1].body
    if used is upstream:
        assert last == loop["body"] | {"input": turns[-1], "model": last["model"]}
        return
    blocks = [block for message in last["messages"] for block in message["content"]]
    thoughts = [(block["thinking"], block["signature"]) for block in blocks if block["type"] == "thinking"]
    assert thoughts == [("I look.", "one")] * 2
    assert [block["input"] for block in blocks if block["type"] == "tool_use"] == [READ, WRITE]
    assert "print(1)" in json.dumps(next(block for block in blocks if block["type"] == "tool_result"))
    # Its tools for agents come in a namespace, which the other protocol has no word for.
    assert [tool["name"] for tool in last["tools"]] == [
        "exec_command", "write_stdin", "view_image", "multi_agent_v1__close_agent", "multi_agent_v1__resume_agent",
    ]  # fmt: skip
