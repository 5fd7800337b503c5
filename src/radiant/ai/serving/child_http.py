"""The HTTP of model processes. Runs in the child, so it imports as little as it can."""

import hmac
import select
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import msgspec

from radiant.ai.serving.child_side import serve_until_told

MAX_BODY = 16 * 2**20
_KEPT_WAITING = 120


class Refused(Exception):
    """A request that cannot be served, and its HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class CallerGone(Exception):
    """Whoever asked has closed the connection: what is left of the work is not done."""


class StreamingHandler(BaseHTTPRequestHandler):
    """One request. A subclass answers in `get` and `post`; both raise Refused, before the first byte of a stream."""

    protocol_version = "HTTP/1.1"
    timeout = _KEPT_WAITING
    api_key: ClassVar[str]

    def get(self) -> None:
        """Answer a GET of any path but /health."""
        raise Refused(404, "no such path")

    def post(self, body: bytes) -> None:
        """Answer a POST."""
        raise NotImplementedError

    def do_GET(self) -> None:
        if self.path == "/health":
            self.send_document(200, {"status": "ok"})
        else:
            self._answer(self.get)

    def do_POST(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        if size > MAX_BODY:
            self.close_connection = True
            self._fail(413, f"more than {MAX_BODY} bytes")
            return
        body = self.rfile.read(size)
        self._answer(lambda: self.post(body))

    def _answer(self, answer: Any) -> None:
        given = self.headers.get("Authorization") or ""
        if not hmac.compare_digest(given.encode(), f"Bearer {self.api_key}".encode()):
            self._fail(401, "no")
            return
        try:
            answer()
        except Refused as refused:
            self._fail(refused.status, str(refused))
        except (CallerGone, ConnectionError, TimeoutError):
            self.close_connection = True

    # --- a stream ------------------------------------------------------------------------------------

    def begin_stream(self, content_type: str) -> None:
        """Send the head; `send_piece` and `end_stream` follow. A stream that lacks its end was cut."""
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def send_piece(self, data: bytes) -> None:
        """The next of it, which is not empty. Raises ConnectionError where nobody reads any more."""
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))

    def end_stream(self) -> None:
        """The end of it."""
        self.wfile.write(b"0\r\n\r\n")

    def must_be_here(self) -> None:
        """Raises CallerGone where the other side has closed the connection."""
        readable, _, _ = select.select([self.connection], [], [], 0)
        if readable and not self.connection.recv(1, socket.MSG_PEEK):
            raise CallerGone

    # --- small ---------------------------------------------------------------------------------------

    def _fail(self, status: int, message: str) -> None:
        self.send_document(status, {"error": {"message": message, "type": "invalid_request_error", "code": None}})

    def send_document(self, status: int, document: Any) -> None:
        """A whole answer as JSON."""
        body = msgspec.json.encode(document)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are logged by whoever sent them."""


def serve(handler: type[StreamingHandler]) -> None:
    """Serve on a free loopback port, and end with the parent."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    serve_until_told(server.server_address[1])
