"""The door for Sentry's SDKs: /api/{project}/envelope/ and the old /api/{project}/store/, as bare ASGI.

Answered once the events are in the spool. Browsers of any site may send: the key of a DSN is public, and opens nothing
but this.
"""

import asyncio
import re
import time
from collections.abc import Callable, Mapping
from typing import TypeVar
from urllib.parse import parse_qs

import msgspec
import structlog
from starlette.types import Receive, Scope, Send

from radiant.foundation.error_tracking import sentry
from radiant.foundation.error_tracking.capture import finished
from radiant.foundation.error_tracking.inflate import inflate
from radiant.foundation.error_tracking.known import Known, Sender
from radiant.foundation.error_tracking.occurrence import Kept, Occurrence, Tally
from radiant.foundation.error_tracking.per_minute import PerMinute
from radiant.foundation.error_tracking.scrub import Scrubber
from radiant.foundation.error_tracking.spool import Spool
from radiant.http.exchange import AsgiExchange, ClientGone, lines_of
from radiant.http.problem import bug, problem_body
from radiant.kit.errors import Problem, TooManyRequests, Unauthenticated
from radiant.kit.ids import uuid7

log = structlog.get_logger()
R = TypeVar("R")

_PATH = re.compile(r"/api/([0-9]{1,18})/(envelope|store)/?")
MOST_BODY, MOST_INFLATED = 4 * 2**20, 16 * 2**20
# From this size on, reading is for a thread.
_LARGE = 32 * 2**10
_CORS = {
    "access-control-allow-origin": "*",
    "access-control-expose-headers": "x-sentry-error,x-sentry-rate-limits,retry-after",
    "cross-origin-resource-policy": "cross-origin",
}
_PREFLIGHT = _CORS | {
    "access-control-allow-methods": "POST",
    "access-control-allow-headers": "x-sentry-auth,x-requested-with,x-forwarded-for,origin,accept,content-type,"
    "authentication,authorization,content-encoding,transfer-encoding,sentry-trace,baggage",
    "access-control-max-age": "3600",
}
_AUTH_KEY = re.compile(r"sentry_key=([0-9a-zA-Z]{1,64})")


class UnknownKey(Unauthenticated):
    """The DSN is no project's."""

    slug = "unknown-dsn"


class ProjectOff(Problem):
    """The project takes nothing at present."""

    status, slug = 403, "project-off"


class TooManyErrors(TooManyRequests):
    """The project sent as many as it may in this minute."""

    slug = "too-many-errors"


class Intake:
    """One per process, made by a root."""

    def __init__(self, spool: Spool, known: Known) -> None:
        self._spool = spool
        self._known = known
        self._rates = PerMinute()

    @staticmethod
    def takes(path: str) -> bool:
        """Whether a path is this door's."""
        return path.endswith(("/envelope/", "/store/", "/envelope", "/store")) and _PATH.fullmatch(path) is not None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        exchange = AsgiExchange(scope, receive, send)
        if exchange.method == "OPTIONS":
            await _answer(exchange, 200, b"", _PREFLIGHT)
            return
        try:
            event_id = await self._serve(exchange)
        except Problem as problem:
            await _refuse(exchange, problem)
        except ClientGone:
            return
        except Exception as error:
            request_id = f"req_{uuid7().hex}"
            log.error("bug", request_id=request_id, path=exchange.path, exc_info=error)
            await _refuse(exchange, bug(request_id))
        else:
            await _answer(exchange, 200, msgspec.json.encode({"id": event_id}), {"content-type": "application/json"})

    async def _serve(self, exchange: AsgiExchange) -> str:
        if exchange.method != "POST":
            raise _Method("send it by POST", headers={"Allow": "POST, OPTIONS"})
        match = _PATH.fullmatch(exchange.path)
        assert match is not None
        key = _key_of(exchange)
        # A key that is none is refused before anything is read.
        sender = await self._sender(key, int(match[1])) if key else None
        body = await exchange.body(MOST_BODY)
        encoding = exchange.headers.get(b"content-encoding", b"").decode("latin-1")
        read = await _beside(body, lambda: _read(body, encoding, stored=match[2] == "store"))
        if sender is None:
            sender = await self._sender(read.public_key, int(match[1]))
        if read.events or read.check_ins:
            self._admit(sender, len(read.events) + len(read.check_ins))
            scrubber = await self._known.scrubber(sender.owner_id)
            kept = await _beside(body, lambda: _occurrences(read, sender, scrubber))
        else:
            kept = []
        tallies = _tallies(read, sender)
        await self._spool.accept([*kept, *tallies])
        first = kept[0].event_id if kept else None
        return first.hex if first is not None else read.event_id

    async def _sender(self, key: str, project_id: int) -> Sender:
        sender = await self._known.sender(key) if key else None
        if sender is None or sender.project_id != project_id:
            raise UnknownKey("the DSN is no project's: copy it anew from Errors, Projects")
        if not sender.is_active:
            raise ProjectOff("the project is switched off; switch it on under Errors, Projects")
        return sender

    def _admit(self, sender: Sender, events: int) -> None:
        wait = self._rates.wait(sender.project_id, events, sender.events_per_minute)
        if wait:
            raise TooManyErrors(
                f"the project may send {sender.events_per_minute} errors a minute; wait, or raise that in its settings",
                headers={"Retry-After": str(wait), "X-Sentry-Rate-Limits": f"{wait}:error:key"},
            )


class _Method(Problem):
    status, slug = 405, "method-not-allowed"


async def _beside(body: bytes, work: Callable[[], R]) -> R:
    return await asyncio.to_thread(work) if len(body) > _LARGE else work()


def _key_of(exchange: AsgiExchange) -> str:
    for name in (b"x-sentry-auth", b"authorization"):
        if match := _AUTH_KEY.search(exchange.headers.get(name, b"").decode("latin-1")):
            return match[1]
    return parse_qs(exchange.query.decode("latin-1"), max_num_fields=50).get("sentry_key", [""])[0][:64]


def _read(body: bytes, encoding: str, *, stored: bool) -> sentry.Read:
    plain = inflate(body, encoding, MOST_INFLATED)
    return sentry.read_stored(plain, MOST_INFLATED) if stored else sentry.read_envelope(plain)


def _occurrences(read: sentry.Read, sender: Sender, scrubber: Scrubber) -> list[Occurrence]:
    found = [
        sentry.occurrence_of(event, project_id=sender.project_id, keep_variables=sender.keep_variables)
        for event in read.events
    ]
    found += [sentry.check_in_error(each, project_id=sender.project_id) for each in read.check_ins]
    for each in found:
        each.tenant_id = sender.tenant_id
        each.of_platform = sender.tenant_id is None
        finished(each, scrubber)
    return found


def _tallies(read: sentry.Read, sender: Sender) -> list[Kept]:
    now = time.time()
    return [
        Tally(at=now, kind=kind, items=items, tenant_id=sender.tenant_id, project_id=sender.project_id)
        for kind, items in read.counts.items()
        if kind != "transaction" or sender.counts_transactions
    ]


async def _refuse(exchange: AsgiExchange, problem: Problem) -> None:
    headers = dict(problem.headers)
    if problem.status == 429:
        headers.setdefault("X-Sentry-Rate-Limits", f"{headers.get('Retry-After', '60')}::organization")
    headers |= {
        "content-type": "application/problem+json",
        "x-sentry-error": problem.detail.encode("ascii", "replace").decode(),
    }
    body = msgspec.json.encode(problem_body(problem, ""), enc_hook=str)
    await _answer(exchange, problem.status, body, headers)


async def _answer(exchange: AsgiExchange, status: int, body: bytes, headers: Mapping[str, str]) -> None:
    lines = {**_CORS, **headers, "x-content-type-options": "nosniff", "content-length": str(len(body))}
    safe = {name: " ".join(value.split()) for name, value in lines.items()}
    await exchange.send_whole(status, lines_of(safe).encode("latin-1"), body)
