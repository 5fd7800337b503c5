"""One request to the door, on bare ASGI: who calls, what they sent, how they are answered.

No framework lies between the socket and a relayed call: at this place a microsecond counts.
"""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request

from radiant.doors.gateway import anthropic_answer, openai_answer
from radiant.doors.gateway.openai_request import BadRequest
from radiant.foundation.identity.callers import Caller
from radiant.foundation.identity.known_keys import KnownKeys
from radiant.foundation.identity.requests import person_of
from radiant.http.exchange import AsgiExchange, Exchange, lines_of
from radiant.http.middleware import ContentTooLarge
from radiant.http.sse import PING, PING_SECONDS
from radiant.kit.errors import Problem, Unauthenticated
from radiant.kit.ids import uuid7

Protocol = Literal["openai", "anthropic", "deepgram", "elevenlabs"]

_GIVEN_ID = re.compile(rb"[A-Za-z0-9_.:-]{1,64}")
_TAG = re.compile(r"[a-zA-Z0-9_.-]{1,64}")
_MOST_TAGS, _MOST_TAG = 16, 256
_TAGS_HEADER = b"x-radiant-tags"
# Nothing that a door answers is a page, and none of it may be taken for one. (A browser that shows it loads nothing:
# it is JSON or a stream of events.)
_GUARD = "x-content-type-options: nosniff\r\n"
_JSON = "content-type: application/json\r\n" + _GUARD
# A page of any origin may call, as at the vendors' own: what admits is the key that it sends, and no cookie comes along.
_TO_ANY_ORIGIN = "access-control-allow-origin: *\r\naccess-control-expose-headers: *\r\n"
_PREFLIGHT_SECONDS = 86_400
_EVENTS = (
    "content-type: text/event-stream; charset=utf-8\r\ncache-control: no-store\r\nx-accel-buffering: no\r\n" + _GUARD
)


class MethodNotAllowed(Problem):
    """The endpoint is there, and takes another method."""

    status, slug = 405, "method-not-allowed"


def refusal(problem: Problem, protocol: Protocol, request_id: str) -> tuple[Any, int]:
    """The problem in the form that the protocol has for it, and its status."""
    match protocol:
        case "anthropic":
            body = anthropic_answer.error_body(problem, request_id)
        case "deepgram":
            body = {"err_code": problem.slug, "err_msg": problem.detail, "request_id": request_id}
        case "elevenlabs":
            body = {"detail": {"status": problem.slug.replace("-", "_"), "message": problem.detail}}
        case "openai":
            body = openai_answer.error_body(problem)
    # Clients of both protocols know 400 and 429; 422 and 402 are ours.
    return body, {422: 400, 402: 429}.get(problem.status, problem.status)


class Call:
    """The request under way. Made for each one; answers once."""

    __slots__ = (
        "_begun", "_exchange", "_limit", "_pinging", "also", "caller", "headers", "path", "protocol", "request_id",
        "status",
    )  # fmt: skip

    def __init__(self, exchange: Exchange, protocol: Protocol, limit: int) -> None:
        self.path: str = exchange.path
        self.protocol: Protocol = protocol
        self.headers: Mapping[bytes, bytes] = exchange.headers
        given = self.headers.get(b"x-request-id")
        self.request_id = given.decode() if given is not None and _GIVEN_ID.fullmatch(given) else f"req_{uuid7().hex}"
        self.caller: Caller | None = None
        self.status = 0
        self.also = ""
        """Lines of the answer's head besides its own."""
        self._exchange = exchange
        self._limit = limit
        self._begun = False
        self._pinging: asyncio.TimerHandle | None = None

    # --- who and what ---

    @property
    def method(self) -> str:
        """GET, POST …"""
        return self._exchange.method

    @property
    def scheme(self) -> str:
        """http or https."""
        return self._exchange.scheme

    @property
    def header_list(self) -> Sequence[tuple[bytes, bytes]]:
        """Every header as it came."""
        return self._exchange.header_list

    @property
    def query_string(self) -> str:
        """What the address asks, as it came."""
        return self._exchange.query.decode("latin-1")

    def query(self) -> dict[str, str]:
        """What the address asks; of a name given twice the last. Raises BadRequest."""
        try:
            return dict(parse_qsl(self.query_string, keep_blank_values=True, max_num_fields=100))
        except ValueError as error:
            raise BadRequest("the address asks for more than a hundred things") from error

    async def identify(self, keys: KnownKeys) -> Caller:
        """The caller by their key, which must have the scope `inference`; a person by the session of their browser,
        as the page asks. Raises Unauthenticated, MissingScope, BadOrigin."""
        given = self.headers.get(b"authorization", b"")
        secret = given[7:].strip() if given[:7].lower() == b"bearer " else b""
        if not secret:
            # Anthropic's header, ElevenLabs', Deepgram's scheme.
            secret = self.headers.get(b"x-api-key", b"") or self.headers.get(b"xi-api-key", b"")
            if not secret and given[:6].lower() == b"token ":
                secret = given[6:].strip()
        if not secret and isinstance(self._exchange, AsgiExchange) and b"cookie" in self.headers:
            self.caller = caller = await person_of(Request(self._exchange.scope))
            return caller
        if not secret:
            raise Unauthenticated("send an API key: Authorization: Bearer rad_… (or x-api-key)")
        self.caller = caller = await keys.recognise(secret.decode("latin-1"))
        caller.require_scope("inference")
        return caller

    def whose(self) -> dict[str, str | None]:
        """The caller, as a log names them."""
        caller = self.caller
        return {"tenant": str(caller.tenant_id) if caller else None, "user": str(caller.user_id) if caller else None}

    async def body(self) -> bytes:
        """What was sent. Raises ContentTooLarge, ClientGone."""
        length = self.headers.get(b"content-length", b"0")
        if length.isdigit() and int(length) > self._limit:
            raise ContentTooLarge(f"the body is larger than {self._limit} bytes; send less")
        return await self._exchange.body(self._limit)

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

    @property
    def _to_origin(self) -> str:
        return _TO_ANY_ORIGIN if b"origin" in self.headers else ""

    async def answer(
        self, body: bytes, status: int = 200, headers: Mapping[str, str] | None = None, media_type: str = ""
    ) -> None:
        """A whole answer, in JSON where no other type is named."""
        self.status = status
        more = lines_of(headers) if headers else ""
        kind = f"content-type: {media_type}\r\n{_GUARD}" if media_type else _JSON
        head = f"{kind}content-length: {len(body)}\r\nx-request-id: {self.request_id}\r\n{self._to_origin}{self.also}{more}"
        self._begun = True
        await self._exchange.send_whole(status, head.encode("latin-1", "replace"), body)

    async def answer_json(self, body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        """The same, of an object."""
        await self.answer(msgspec.json.encode(body), status, headers)

    @property
    def is_preflight(self) -> bool:
        """Whether a browser asks whether a page of another origin may call (Fetch standard, CORS-preflight)."""
        return self.method == "OPTIONS" and b"access-control-request-method" in self.headers

    async def answer_preflight(self) -> None:
        """It may, with whatever headers it named."""
        self.status = 204
        self._begun = True
        allowed = {
            "access-control-allow-origin": "*",
            "access-control-allow-methods": "GET, POST, DELETE",
            "access-control-allow-headers": self.headers.get(b"access-control-request-headers", b"*").decode("latin-1"),
            "access-control-max-age": str(_PREFLIGHT_SECONDS),
            "content-length": "0",
        }
        await self._exchange.send_whole(204, lines_of(allowed).encode("latin-1"), b"")

    async def refuse(self, problem: Problem) -> None:
        """The problem, in the form that the client's protocol has for it."""
        body, status = refusal(problem, self.protocol, self.request_id)
        await self.answer_json(body, status, problem.headers)

    async def begin_bytes(self, media_type: str, headers: Mapping[str, str]) -> None:
        """The head of a stream of bytes; `send_events` and `end_events` send them."""
        self.status = 200
        head = (
            f"content-type: {media_type}\r\n{_GUARD}x-request-id: {self.request_id}\r\n{self._to_origin}{self.also}"
            f"{lines_of(headers)}"
        )
        self._begun = True
        await self._exchange.begin(200, head.encode("latin-1", "replace"))

    async def begin_events(self, headers: Mapping[str, str]) -> None:
        """The head of a stream. From here on a silence is filled with pings."""
        self.status = 200
        head = f"{_EVENTS}x-request-id: {self.request_id}\r\n{self._to_origin}{self.also}{lines_of(headers)}"
        self._begun = True
        await self._exchange.begin(200, head.encode("latin-1", "replace"))
        self._pinging = asyncio.get_running_loop().call_later(PING_SECONDS, self._ping)

    def _ping(self) -> None:
        # So that proxies keep the connection. Only whole events are sent, so a comment always lies between two.
        exchange = self._exchange
        if not exchange.said and not exchange.gone:
            asyncio.ensure_future(exchange.send(PING))  # noqa: RUF006
        exchange.said = False
        self._pinging = asyncio.get_running_loop().call_later(PING_SECONDS, self._ping)

    async def send_events(self, events: bytes) -> None:
        """More of a stream: whole events."""
        if not self._exchange.gone:
            await self._exchange.send(events)

    @property
    def send_events_now(self) -> Callable[[bytes], bool]:
        """The same without waiting; False where the client is behind: then `send_events` must be awaited. For use
        outside of any task."""
        return self._exchange.send_now

    @property
    def send_chunk_now(self) -> Callable[[bytes], bool]:
        """The same of events that are framed as a chunk of HTTP already."""
        return self._exchange.send_chunk_now

    async def end_events(self, events: bytes = b"") -> None:
        """The end of a stream."""
        if self._pinging is not None:
            self._pinging.cancel()
            self._pinging = None
        await self._exchange.end(events)

    @property
    def begun(self) -> bool:
        """Whether an answer has begun, so that no other one can be sent."""
        return self._begun

    # --- a client that goes away ---

    @property
    def gone(self) -> bool:
        """Whether the client went away."""
        return self._exchange.gone

    def watch(self, on_gone: Callable[[], object]) -> None:
        """Call `on_gone` once when the client goes away before the answer is finished."""
        self._exchange.on_gone = on_gone
        self._exchange.watch()

    def close(self) -> None:
        """Stop watching and pinging."""
        if self._pinging is not None:
            self._pinging.cancel()
        self._exchange.close()
