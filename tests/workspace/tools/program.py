"""An MCP server as a program: `good`, or one of several that are not."""

import json
import os
import sys
import time
from typing import Any

_TOOL = {
    "name": "readFile", "description": "Reads.", "inputSchema": {"type": "object", "properties": {"path": {"type": "string"}}},
    "annotations": {"readOnlyHint": True},
}  # fmt: skip
_WRITES = {"name": "write-file", "description": "Writes.", "inputSchema": {"type": "object"}}


def _say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def _result(method: str, asked: dict[str, Any], kind: str) -> dict[str, Any] | None:
    if method == "initialize":
        version = asked["params"]["protocolVersion"]
        return {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": {"name": "p", "version": "1"}}
    if method == "tools/list":
        return {"tools": [_TOOL, _WRITES]}
    if method == "tools/call":
        if kind == "answers_and_dies":
            os._exit(3)
        arguments = asked["params"].get("arguments") or {}
        said = {"path": arguments.get("path"), "environment": sorted(os.environ), "pid": os.getpid()}
        return {"content": [{"type": "text", "text": json.dumps(said)}]}
    return None


def main(kind: str) -> None:
    if kind == "silent":
        time.sleep(600)
    if kind == "dies":
        sys.exit(3)
    if kind == "long":
        while True:
            sys.stdout.write("x" * 65536)
    if kind == "noise":
        while True:
            sys.stdout.write("this is no JSON\n")
    for line in sys.stdin:
        asked = json.loads(line)
        if "id" not in asked:
            continue
        result = _result(asked["method"], asked, kind)
        if result is None:
            _say({"jsonrpc": "2.0", "id": asked["id"], "error": {"code": -32601, "message": "no such method"}})
        else:
            _say({"jsonrpc": "2.0", "id": asked["id"], "result": result})


if __name__ == "__main__":
    main(sys.argv[1])
