"""One request to the door, on bare ASGI: who calls, what they sent, how they are answered.

No framework lies between the socket and a relayed call: at this place a microsecond counts.
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from typing import Any, Literal
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from radiant.doors.gateway import anthropic_answer, openai_answer
from radiant.doors.gateway.openai_request import BadRequest
from radiant.foundation.identity.callers import Caller
from radiant.foundation.identity.dependencies import person_of
from radiant.foundation.identity.known_keys import KnownKeys
from radiant.http.middleware import ContentTooLarge
from radiant.http.one_write import sender_now
from radiant.http.sse import PING, PING_SECONDS
from radiant.kit.errors import Problem, Unauthenticated
from radiant.kit.ids import uuid7

Protocol = Literal["openai", "anthropic"]

_GIVEN_ID = re.compile(rb"[A-Za-z0-9_.:-]{1,64}")
_TAG = re.compile(r"[a-zA-Z0-9_.-]{1,64}")
_MOST_TAGS, _MOST_TAG = 16, 256
_TAGS_HEADER = b"x-radiant-tags"
# Watching whether a client is still there costs a task: an answer that comes at once has none.
_WATCH_AFTER = 0.05
_JSON = (b"content-type", b"application/json")
_EVENTS = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
)
# Nothing that a door answers is a page, and none of it may be taken for one. (A browser that shows it loads nothing:
# it is JSON or a stream of events.)
_GUARD = (b"x-content-type-options", b"nosniff")
Header = tuple[bytes, bytes]
_names: dict[str, bytes] = {}


def _lines(headers: Mapping[str, str]) -> list[Header]:
    lines: list[Header] = []
    for name, value in headers.items():
        line = _names.get(name)
        if line is None:
            # Names are our own and few.
            line = _names[name] = name.lower().encode()
        lines.append((line, value.encode("latin-1", "replace")))
    return lines


class ClientGone(Exception):
    """Nobody waits for the answer any more."""


class MethodNotAllowed(Problem):
    """The endpoint is there, and takes another method."""

    status, slug = 405, "method-not-allowed"


class Call:
    """The request under way. Made for each one; answers once."""

    __slots__ = (
        "_begun", "_gone", "_last_sent", "_limit", "_pinging", "_receive", "_send", "_send_now", "_timer", "_watcher",
        "caller", "headers", "on_gone", "path", "protocol", "request_id", "scope", "status",
    )  # fmt: skip

    def __init__(self, scope: Scope, receive: Receive, send: Send, protocol: Protocol, limit: int) -> None:
        self.scope = scope
        self.path: str = scope["path"]
        self.protocol: Protocol = protocol
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        given = self.headers.get(b"x-request-id")
        self.request_id = given.decode() if given is not None and _GIVEN_ID.fullmatch(given) else f"req_{uuid7().hex}"
        self.caller: Caller | None = None
        self.status = 0
        self.on_gone: Callable[[], object] | None = None
        self._receive = receive
        self._send = send
        self._send_now: Callable[[Message], bool] | None = None
        self._limit = limit
        self._begun = False
        self._gone = False
        self._last_sent = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._pinging: asyncio.TimerHandle | None = None
        self._watcher: asyncio.Task[None] | None = None

    # --- who and what ---

    @property
    def method(self) -> str:
        """GET, POST …"""
        return self.scope["method"]

    def query(self) -> dict[str, str]:
        """What the address asks; of a name given twice the last. Raises BadRequest."""
        asked: bytes = self.scope.get("query_string", b"")
        try:
            return dict(parse_qsl(asked.decode("latin-1"), keep_blank_values=True, max_num_fields=100))
        except ValueError as error:
            raise BadRequest("the address asks for more than a hundred things") from error

    async def identify(self, keys: KnownKeys) -> Caller:
        """The caller by their key, which must have the scope `inference`; a person by the session of their browser,
        as the page asks. Raises Unauthenticated, MissingScope, BadOrigin."""
        given = self.headers.get(b"authorization", b"")
        secret = given[7:].strip() if given[:7].lower() == b"bearer " else b""
        if not secret:
            secret = self.headers.get(b"x-api-key", b"")
        if not secret and b"cookie" in self.headers:
            self.caller = caller = await person_of(Request(self.scope, self._receive))
            return caller
        if not secret:
            raise Unauthenticated("send an API key: Authorization: Bearer rad_… (or x-api-key)")
        self.caller = caller = await keys.recognise(secret.decode("latin-1"))
        caller.require_scope("inference")
        return caller

    async def body(self) -> bytes:
        """What was sent. Raises ContentTooLarge, ClientGone."""
        length = self.headers.get(b"content-length", b"0")
        if length.isdigit() and int(length) > self._limit:
            raise ContentTooLarge(f"the body is larger than {self._limit} bytes; send less")
        message = await self._receive()
        body: bytes = message.get("body", b"")
        if not message.get("more_body", False) and message["type"] == "http.request":
            return body
        pieces, size = [body], len(body)
        while message["type"] == "http.request":
            if not message.get("more_body", False):
                return b"".join(pieces)
            message = await self._receive()
            piece: bytes = message.get("body", b"")
            size += len(piece)
            if size > self._limit:
                raise ContentTooLarge(f"the body is larger than {self._limit} bytes; send less")
            pieces.append(piece)
        raise ClientGone

    def tags(self) -> Mapping[str, str]:
        """What the caller wants the call to be found by: X-Radiant-Tags: project=apollo, team=search. Raises
        BadRequest."""
        given = self.headers.get(_TAGS_HEADER)
        if given is None:
            return {}
        tags: dict[str, str] = {}
        for pair in given.decode("latin-1").split(","):
            name, equals, value = pair.strip().partition("=")
            if not equals or not _TAG.fullmatch(name) or len(value) > _MOST_TAG or "\x00" in value:
                raise BadRequest(
                    f"X-Radiant-Tags: give name=value, separated by commas; a name has at most 64 letters, digits"
                    f" and _.-, a value at most {_MOST_TAG} characters"
                )
            tags[name] = value
        if len(tags) > _MOST_TAGS:
            raise BadRequest(f"X-Radiant-Tags: at most {_MOST_TAGS}")
        return tags

    # --- the answer ---

    async def answer(self, body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        """A whole answer in JSON."""
        self.status = status
        lines = [_JSON, (b"content-length", b"%d" % len(body)), (b"x-request-id", self.request_id.encode()), _GUARD]
        if headers:
            lines += _lines(headers)
        self._begun = True
        await self._send({"type": "http.response.start", "status": status, "headers": lines})
        await self._send({"type": "http.response.body", "body": body})

    async def answer_json(self, body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        """The same, of an object."""
        await self.answer(msgspec.json.encode(body), status, headers)

    async def refuse(self, problem: Problem) -> None:
        """The problem, in the form that the client's protocol has for it."""
        if self.protocol == "anthropic":
            body = anthropic_answer.error_body(problem, self.request_id)
        else:
            body = openai_answer.error_body(problem)
        # Clients of both protocols know 400 and 429; 422 and 402 are ours.
        status = {422: 400, 402: 429}.get(problem.status, problem.status)
        await self.answer_json(body, status, problem.headers)

    async def begin_events(self, headers: Mapping[str, str]) -> None:
        """The head of a stream. From here on a silence is filled with pings."""
        self.status = 200
        lines = [*_EVENTS, (b"x-request-id", self.request_id.encode()), _GUARD, *_lines(headers)]
        self._begun = True
        await self._send({"type": "http.response.start", "status": 200, "headers": lines})
        self._send_now = sender_now(self._send)
        loop = asyncio.get_running_loop()
        self._last_sent = loop.time()
        self._pinging = loop.call_later(PING_SECONDS, self._ping)

    def _ping(self) -> None:
        # So that proxies keep the connection. Only whole events are sent, so a comment always lies between two.
        loop = asyncio.get_running_loop()
        due = self._last_sent + PING_SECONDS
        if loop.time() >= due and not self._gone:
            self._last_sent = loop.time()
            due = self._last_sent + PING_SECONDS
            message: Message = {"type": "http.response.body", "body": PING, "more_body": True}
            asyncio.ensure_future(self._send(message))  # noqa: RUF006
        self._pinging = loop.call_at(due, self._ping)

    async def send_events(self, events: bytes) -> None:
        """More of a stream: whole events."""
        if not self._gone:
            self._last_sent = asyncio.get_running_loop().time()
            await self._send({"type": "http.response.body", "body": events, "more_body": True})

    def send_events_now(self, events: bytes) -> bool:
        """The same without waiting; False where the client is behind: then `send_events` must be awaited."""
        if self._gone:
            return True
        if self._send_now is None:
            return False
        self._last_sent = asyncio.get_running_loop().time()
        return self._send_now({"type": "http.response.body", "body": events, "more_body": True})

    async def end_events(self, events: bytes = b"") -> None:
        """The end of a stream."""
        if self._pinging is not None:
            self._pinging.cancel()
            self._pinging = None
        await self._send({"type": "http.response.body", "body": events})

    @property
    def begun(self) -> bool:
        """Whether an answer has begun, so that no other one can be sent."""
        return self._begun

    # --- a client that goes away ---

    @property
    def gone(self) -> bool:
        """Whether the client went away."""
        return self._gone

    def watch(self, on_gone: Callable[[], object]) -> None:
        """Call `on_gone` once when the client goes away before the answer is finished."""
        self.on_gone = on_gone
        if self._watcher is None and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_WATCH_AFTER, self._start_watching)

    def _start_watching(self) -> None:
        self._timer = None
        self._watcher = asyncio.ensure_future(self._watch())

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._gone = True
        if self.on_gone is not None:
            self.on_gone()

    def close(self) -> None:
        """Stop watching and pinging."""
        for timer in (self._timer, self._pinging):
            if timer is not None:
                timer.cancel()
        if self._watcher is not None and not self._watcher.done():
            self._watcher.cancel()
