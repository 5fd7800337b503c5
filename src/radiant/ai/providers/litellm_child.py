"""LiteLLM's SDK behind OpenAI's protocol on a loopback port: a script for a Python of its own, which has `litellm` and
need not have RADIANT.

    python litellm_child.py        orders on the first line of the standard input, {"port": …} on the standard output

Each request says in the header X-LiteLLM which provider it is for and with which key; nothing is kept.
"""

import ctypes
import hmac
import importlib
import json
import os
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_PR_SET_PDEATHSIG = 1
_MAX_BODY = 64 * 2**20
# What its providers' parameters are called here: the protocol's own names alone, so that a request names no address,
# no file and no credentials of this machine.
_CHAT = {
    "messages", "stream", "stream_options", "temperature", "top_p", "n", "stop", "max_tokens", "max_completion_tokens",
    "presence_penalty", "frequency_penalty", "logit_bias", "user", "response_format", "seed", "tools", "tool_choice",
    "parallel_tool_calls", "logprobs", "top_logprobs", "reasoning_effort", "top_k",
}  # fmt: skip
_EMBED = {"input", "dimensions", "encoding_format", "user"}


def _status(error: BaseException) -> int:
    status = getattr(error, "status_code", None)
    return status if isinstance(status, int) and 400 <= status < 600 else 500


def _plain(answer: Any) -> dict[str, Any]:
    return answer.model_dump(exclude_none=True) if hasattr(answer, "model_dump") else dict(answer)


def make_server(litellm: Any, api_key: str) -> ThreadingHTTPServer:
    """The server, bound to a free loopback port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 900

        def do_GET(self) -> None:
            if self.path == "/health":
                self._send(200, {"status": "ok"})
            elif self._authorized() and self.path == "/v1/models":
                prefix = self._asked()["provider"]
                names = sorted(litellm.models_by_provider.get(prefix, ()))
                models = [{"id": str(name).removeprefix(f"{prefix}/"), "object": "model"} for name in names]
                self._send(200, {"object": "list", "data": models})
            else:
                self._fail(404, "no such path")

        def do_POST(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            if size > _MAX_BODY or not self._authorized():
                self.close_connection = True
                self._fail(413 if size > _MAX_BODY else 401, "refused")
                return
            body = json.loads(self.rfile.read(size))
            asked = self._asked()
            model = f"{asked['provider']}/{body.get('model', '')}"
            known = {
                "api_key": asked.get("api_key") or None,
                "api_base": asked.get("api_base") or None,
                "timeout": asked.get("timeout"),
                "num_retries": 0,
            }
            if "://" in model:
                self._fail(400, "a model's name is no address")
                return
            began = False
            try:
                if self.path == "/v1/embeddings":
                    wanted = {name: value for name, value in body.items() if name in _EMBED}
                    self._send(200, _plain(litellm.embedding(model=model, **wanted, **known)))
                    return
                wanted = {name: value for name, value in body.items() if name in _CHAT}
                answer = litellm.completion(model=model, **wanted, **known)
                if not body.get("stream"):
                    self._send(200, _plain(answer))
                    return
                for chunk in answer:
                    if not began:
                        began = True
                        self._begin_stream()
                    self._frame(json.dumps(_plain(chunk)))
                if not began:
                    self._begin_stream()
                self._frame("[DONE]")
                self._write_chunk(b"")
            except (BrokenPipeError, ConnectionResetError):
                # Nobody listens any more: leaving the loop closes the upstream's connection.
                self.close_connection = True
            except Exception as error:  # noqa: BLE001 - whatever the SDK raises is the answer
                document = {
                    "error": {"message": str(error)[:2000], "type": type(error).__name__, "code": _status(error)}
                }
                if began:
                    self._frame(json.dumps(document))
                    self._write_chunk(b"")
                else:
                    self._send(_status(error), document)

        def _asked(self) -> dict[str, Any]:
            return json.loads(self.headers.get("X-LiteLLM") or "{}")

        def _authorized(self) -> bool:
            given = self.headers.get("Authorization") or ""
            return hmac.compare_digest(given.encode(), f"Bearer {api_key}".encode())

        def _begin_stream(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()

        def _frame(self, data: str) -> None:
            self._write_chunk(f"data: {data}\n\n".encode())

        def _write_chunk(self, data: bytes) -> None:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
            self.wfile.flush()

        def _fail(self, status: int, message: str) -> None:
            self._send(status, {"error": {"message": message, "type": "invalid_request_error", "code": None}})

        def _send(self, status: int, document: dict[str, Any]) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Requests are logged by whoever sent them."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    return server


def main() -> None:
    """Serve until the standard input ends."""
    parent = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
    orders = json.loads(sys.stdin.buffer.readline())
    # Without these its import asks the network for a list of prices, and each call reports that it was made.
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    os.environ["LITELLM_TELEMETRY"] = "False"
    library: Any = importlib.import_module("litellm")
    for name, value in (("telemetry", False), ("suppress_debug_info", True)):
        setattr(library, name, value)
    server = make_server(library, orders["api_key"])
    threading.Thread(target=server.serve_forever, daemon=True).start()
    os.write(1, json.dumps({"port": server.server_address[1]}).encode() + b"\n")
    while sys.stdin.buffer.read(1024):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
