"""An upstream that costs next to nothing: OpenAI's chat completions, whole and streamed with a gap between tokens.

    python -m bench.kit.upstream PORT

It remembers the `user` of each body that it began to answer; GET /seen gives them. A process of its own, so that its
work is nobody's.
"""

import asyncio
import json
import re
import sys

import uvloop

TOKENS = 20
GAP = 0.010
_USER = re.compile(rb'"user":\s*"([^"]+)"')
_ANSWER = json.dumps(
    {
        "id": "chatcmpl-bench", "object": "chat.completion", "created": 1, "model": "gpt-4o-mini",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello from the bench. " * 4},
                     "finish_reason": "stop", "logprobs": None}],
        "usage": {"prompt_tokens": 90, "completion_tokens": 20, "total_tokens": 110},
    }
).encode()  # fmt: skip
_WHOLE = (b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(_ANSWER)) + _ANSWER
_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def _chunk(delta: dict[str, str], finish: str | None = None, **more: object) -> bytes:
    body = {
        "id": "chatcmpl-bench", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o-mini",
        "choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more,
    }  # fmt: skip
    return _framed(json.dumps(body).encode())


def _framed(data: bytes) -> bytes:
    event = b"data: " + data + b"\n\n"
    return b"%x\r\n" % len(event) + event + b"\r\n"


_USAGE = json.dumps(
    {
        "id": "chatcmpl-bench", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o-mini", "choices": [],
        "usage": {"prompt_tokens": 90, "completion_tokens": TOKENS, "total_tokens": 90 + TOKENS},
    }
).encode()  # fmt: skip
_STREAM = [
    _chunk({"role": "assistant", "content": ""}),
    *[_chunk({"content": " token"}) for _ in range(TOKENS)],
    _chunk({}, "stop") + _framed(_USAGE) + _framed(b"[DONE]") + b"0\r\n\r\n",
]

seen: list[str] = []


class Upstream(asyncio.Protocol):
    """One connection."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._data = b""
        self._gone = False

    def connection_lost(self, _: Exception | None) -> None:
        self._gone = True

    def data_received(self, data: bytes) -> None:
        self._data += data
        while True:
            end = self._data.find(b"\r\n\r\n")
            if end < 0:
                return
            head = self._data[:end].lower()
            at = head.find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self._data) < end + 4 + length:
                return
            body, self._data = self._data[end + 4 : end + 4 + length], self._data[end + 4 + length :]
            self._serve(head, body)

    def _serve(self, head: bytes, body: bytes) -> None:
        if head.startswith(b"get /seen"):
            self._json(json.dumps(seen).encode())
        elif head.startswith(b"get "):
            self._json(b'{"object":"list","data":[{"id":"gpt-4o-mini","object":"model"}]}')
        else:
            if user := _USER.search(body):
                seen.append(user[1].decode())
            if b'"stream":true' in body or b'"stream": true' in body:
                self._transport.write(_HEAD + _STREAM[0])
                self._next(1, asyncio.get_running_loop().time())
            else:
                self._transport.write(_WHOLE)

    def _json(self, body: bytes) -> None:
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(body)
        self._transport.write(head + body)

    def _next(self, index: int, began: float) -> None:
        if self._gone:
            return
        if index > 1:
            self._transport.write(_STREAM[index - 1])
        if index < len(_STREAM):
            asyncio.get_running_loop().call_at(began + index * GAP, self._next, index + 1, began)


async def serve(port: int) -> None:
    """Until killed."""
    server = await asyncio.get_running_loop().create_server(Upstream, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(int(sys.argv[1])))
