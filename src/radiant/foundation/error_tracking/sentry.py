"""Sentry's protocol, read: envelopes and the events in them. Programs send whatever they like: what is of the wrong
form is left out, and unknown items are dropped, not refused.

Form: https://develop.sentry.dev/sdk/foundations/transport/envelopes/
"""

import base64
import binascii
import re
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

import msgspec

from radiant.foundation.error_tracking.inflate import InflatesTooFar, inflate
from radiant.foundation.error_tracking.occurrence import (
    MOST_CHAIN,
    MOST_CRUMBS,
    MOST_FRAMES,
    Crumb,
    Frame,
    Occurrence,
    Raised,
    Severity,
    TallyKind,
    affected_by,
)
from radiant.kit.errors import Problem
from radiant.kit.ids import parse_uuid, uuid7

MOST_EVENT = 2**20
_MOST_ITEMS = 1000
_DAY = 86_400.0
_LEVELS: dict[str, Severity] = {
    "fatal": "critical", "critical": "critical", "error": "error", "warning": "warning", "warn": "warning",
    "info": "info", "log": "info", "debug": "debug", "trace": "debug",
}  # fmt: skip
_HEX = re.compile(r"[0-9a-f]{16,32}")
_decode = msgspec.json.Decoder().decode
Json = dict[str, Any]


class BadEnvelope(Problem):
    """What was sent is no envelope, or no event."""

    status, slug = 400, "bad-envelope"


class EventTooLarge(Problem):
    """An event is larger than is taken."""

    status, slug = 413, "content-too-large"


@dataclass(slots=True)
class Read:
    """What an envelope held."""

    event_id: str = ""
    public_key: str = ""
    events: list[Json] = field(default_factory=list[Json])
    check_ins: list[Json] = field(default_factory=list[Json])
    counts: dict[TallyKind, int] = field(default_factory=dict[TallyKind, int])

    def count(self, kind: TallyKind, items: int) -> None:
        """Count what is not kept."""
        if 0 < items < 10**9:
            self.counts[kind] = self.counts.get(kind, 0) + items


def _object(data: bytes, what: str) -> Json:
    try:
        found: object = _decode(data)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise BadEnvelope(f"{what}: not JSON: {error}") from error
    if not isinstance(found, dict):
        raise BadEnvelope(f"{what}: not a JSON object")
    return cast("Json", found)


def _items(body: bytes, at: int) -> Iterator[tuple[Json, bytes]]:
    """Each item's header and payload: of `length` bytes where it says so, else to the end of the line."""
    for _ in range(_MOST_ITEMS):
        while body[at : at + 1] in (b"\n", b"\r"):
            at += 1
        if at >= len(body):
            return
        line_end = body.find(b"\n", at)
        line_end = len(body) if line_end < 0 else line_end
        header = _object(body[at:line_end], "the header of an item")
        at = line_end + 1
        length = header.get("length")
        if isinstance(length, int) and length >= 0:
            if at + length > len(body):
                raise BadEnvelope("an item says that it is longer than what was sent")
            end = at + length
        else:
            end = body.find(b"\n", at)
            end = len(body) if end < 0 else end
        yield header, body[at:end]
        at = end


def read_envelope(body: bytes) -> Read:
    """An envelope's items. Raises BadEnvelope, EventTooLarge."""
    end = body.find(b"\n")
    header = _object(body if end < 0 else body[:end], "the header of the envelope")
    read = Read(event_id=str(header.get("event_id") or ""), public_key=key_of_dsn(str(header.get("dsn") or "")))
    for item, payload in _items(body, len(body) if end < 0 else end + 1):
        reader = _READERS.get(str(item.get("type")))
        if reader is not None:
            reader(read, item, payload)
    return read


def _read_event(read: Read, _: Json, payload: bytes) -> None:
    if len(payload) > MOST_EVENT:
        raise EventTooLarge(f"an event has at most {MOST_EVENT} bytes; this one has {len(payload)}")
    read.events.append(_object(payload, "an event"))


def _read_transaction(read: Read, _: Json, __: bytes) -> None:
    read.count("transaction", 1)


def _read_spans(read: Read, _: Json, payload: bytes) -> None:
    """SDKs of today send spans as they end: those that nothing is above of are what was a transaction."""
    for each in _dicts(_object(payload, "spans").get("items")):
        if each.get("is_segment") is True:
            read.count("transaction", 1)


def _read_session(read: Read, _: Json, payload: bytes) -> None:
    session = _object(payload, "a session")
    if session.get("init", True):
        read.count("session", 1)
    if session.get("status") in ("crashed", "abnormal"):
        read.count("crash", 1)


def _read_sessions(read: Read, _: Json, payload: bytes) -> None:
    for each in _dicts(_object(payload, "sessions").get("aggregates")):
        crashed = sum(n for name in ("crashed", "abnormal") if isinstance(n := each.get(name), int))
        ended = sum(n for name in ("exited", "errored", "unhandled") if isinstance(n := each.get(name), int))
        read.count("session", crashed + ended)
        read.count("crash", crashed)


def _read_check_in(read: Read, _: Json, payload: bytes) -> None:
    check_in = _object(payload, "a check-in")
    read.count("check_in", 1)
    if check_in.get("status") == "error":
        read.check_ins.append(check_in)


def _read_logs(read: Read, item: Json, _: bytes) -> None:
    items = item.get("item_count", 1)
    read.count("log", items if isinstance(items, int) else 1)


def _read_report(read: Read, _: Json, payload: bytes) -> None:
    for each in _dicts(_object(payload, "a client's report").get("discarded_events")):
        if isinstance(quantity := each.get("quantity"), int):
            read.count("discarded", quantity)


_READERS: dict[str, Callable[[Read, Json, bytes], None]] = {
    "event": _read_event, "transaction": _read_transaction, "span": _read_spans, "session": _read_session, "sessions": _read_sessions,
    "check_in": _read_check_in, "log": _read_logs, "client_report": _read_report,
}  # fmt: skip


def read_stored(body: bytes, most: int) -> Read:
    """An event alone, as SDKs of old send it: JSON, or base64 of its zlib. Raises BadEnvelope, EventTooLarge."""
    if body.lstrip()[:1] != b"{":
        try:
            body = inflate(base64.b64decode(body, validate=True), "deflate", most)
        except InflatesTooFar:
            raise
        except (binascii.Error, Problem, zlib.error) as error:
            raise BadEnvelope("an event: neither JSON nor base64 of JSON by zlib") from error
    read = Read()
    event = _object(body, "an event")
    if event.get("type") == "transaction":
        read.count("transaction", 1)
    else:
        _read_event(read, {}, body)
    read.event_id = str(event.get("event_id") or "")
    return read


def key_of_dsn(dsn: str) -> str:
    """The public key in `https://<key>@host/<project>`."""
    return dsn.partition("://")[2].partition("@")[0].partition(":")[0] if "@" in dsn else ""


# --- an event ---


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int | float) else ""


def _dict(value: object) -> Json:
    return cast("Json", value) if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else []


def _dicts(value: object) -> list[Json]:
    """The objects of a list, or of `{"values": [...]}`."""
    if isinstance(value, dict):
        given = cast("Json", value)
        value = given["values"] if isinstance(given.get("values"), list) else [given]
    return [found for each in _list(value) if (found := _dict(each))]


def _texts(value: object) -> list[str]:
    return [_text(each) for each in _list(value)]


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31 else None


def moment_of(value: object, now: float) -> float:
    """Seconds of Unix of a time as SDKs write it; now where it is none, or not near."""
    at: float | None = None
    if isinstance(value, int | float) and not isinstance(value, bool):
        at = float(value)
    elif isinstance(value, str):
        try:
            read = datetime.fromisoformat(value.replace("Z", "+00:00"))
            at = (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            at = None
    return at if at is not None and now - 30 * _DAY < at < now + 60 else now


def _frame(given: Json, keep_variables: bool) -> Frame:
    file = _text(given.get("filename")) or _text(given.get("abs_path"))
    return Frame(
        function=_text(given.get("function")), module=_text(given.get("module")), file=file,
        number=_number(given.get("lineno")), column=_number(given.get("colno")), in_app=given.get("in_app") is True,
        line=_text(given.get("context_line")), before=_texts(given.get("pre_context")),
        after=_texts(given.get("post_context")), variables=_dict(given.get("vars")) if keep_variables else {},
    )  # fmt: skip


def _exception(given: Json, keep_variables: bool) -> Raised:
    frames = _dicts(_dict(given.get("stacktrace")).get("frames"))
    if len(frames) > MOST_FRAMES:
        frames = frames[: MOST_FRAMES // 2] + frames[-MOST_FRAMES // 2 :]
    return Raised(
        type=_text(given.get("type")) or "Error", message=_text(given.get("value")), module=_text(given.get("module")),
        handled=_dict(given.get("mechanism")).get("handled") is not False,
        frames=[_frame(each, keep_variables) for each in frames],
    )  # fmt: skip


def _code(event: Json, exceptions: Sequence[Json]) -> str:
    for each in reversed(exceptions):
        meta = _dict(_dict(each.get("mechanism")).get("meta"))
        data = _dict(_dict(each.get("mechanism")).get("data"))
        name = _text(_dict(meta.get("errno")).get("name")) or _text(data.get("code"))
        if name:
            return name
    tags = event.get("tags")
    return _text(_dict(tags).get("code")) or _text(_dict(tags).get("error_code"))


def _tags(given: object) -> dict[str, str]:
    pairs = [pair for each in _list(given) if len(pair := _list(each)) == 2]
    named = {_text(name): value for name, value in pairs} if pairs else _dict(given)
    return {name: _text(value) for name, value in named.items() if _text(value)}


def _identity(user: Json) -> str:
    return next((text for name in ("id", "username", "email", "ip_address") if (text := _text(user.get(name)))), "")


def _message(event: Json) -> tuple[str, str]:
    """What was said, and the template that it was made of."""
    entry = _dict(event.get("logentry")) or _dict(event.get("message"))
    template = _text(entry.get("message"))
    said = _text(entry.get("formatted")) or _text(event.get("message"))
    params = entry.get("params")
    if not said and template and isinstance(params, list):
        try:
            said = template % tuple(cast("list[Any]", params))
        except (TypeError, ValueError):
            said = template
    return said or template, template


def occurrence_of(event: Json, *, project_id: int, keep_variables: bool) -> Occurrence:
    """An event as it is kept, before it is bounded and scrubbed."""
    now = time.time()
    exceptions = _dicts(event.get("exception"))[-MOST_CHAIN:]
    chain = [_exception(each, keep_variables) for each in exceptions]
    said, template = _message(event)
    last = chain[-1] if chain else None
    kind = last.type if last else "Message"
    contexts = {name: found for name, value in _dict(event.get("contexts")).items() if (found := _dict(value))}
    trace = contexts.pop("trace", {})
    trace_id = _text(trace.get("trace_id")).replace("-", "")
    request = _dict(event.get("request"))
    sdk = _dict(event.get("sdk"))
    identity = _identity(_dict(event.get("user")))
    kept = Occurrence(
        id=uuid7(), at=moment_of(event.get("timestamp"), now), message=said or (last.message if last else "") or kind,
        type=kind, code=_code(event, exceptions), severity=_LEVELS.get(_text(event.get("level")), "error"),
        project_id=project_id, event_id=parse_uuid(_text(event.get("event_id"))), chain=chain,
        crumbs=[_crumb(each, now) for each in _dicts(event.get("breadcrumbs"))[-MOST_CRUMBS:]],
        tags=_tags(event.get("tags")), contexts=_contexts(contexts, event), request=_request(request),
        sdk=" ".join(part for part in (_text(sdk.get("name")), _text(sdk.get("version"))) if part)[:100],
        trace_id=trace_id if _HEX.fullmatch(trace_id) else "", service=_text(event.get("logger")) or _text(event.get("server_name")),
        function=_text(event.get("transaction")), release=_text(event.get("release")),
        environment=_text(event.get("environment")),
        affected=affected_by(project_id, identity) if identity else b"",
        given_fingerprint=_texts(event.get("fingerprint")),
    )  # fmt: skip
    if template and not chain and not kept.given_fingerprint:
        # The program says itself what is a value in it.
        kept.given_fingerprint = ["message", kept.type, template]
    return kept


def _crumb(given: Json, now: float) -> Crumb:
    stamp = given.get("timestamp")
    return Crumb(
        at=moment_of(stamp, now) if stamp is not None else None, category=_text(given.get("category"))[:100],
        level=_text(given.get("level"))[:20], message=_text(given.get("message")), data=_dict(given.get("data")),
    )  # fmt: skip


def _contexts(contexts: dict[str, Json], event: Json) -> dict[str, dict[str, str]]:
    found = {name: value for name, value in contexts.items() if name not in ("replay", "profile")}
    if extra := _dict(event.get("extra")):
        found["extra"] = extra
    return found


def _request(given: Json) -> dict[str, str]:
    """The method, the address and some headers; bodies and cookies are not kept."""
    headers = _dict(given.get("headers"))
    known = {name.lower(): _text(value) for name, value in headers.items()}
    found = {
        "method": _text(given.get("method")), "url": _text(given.get("url")), "query": _text(given.get("query_string")),
        "user-agent": known.get("user-agent", ""), "content-type": known.get("content-type", ""),
    }  # fmt: skip
    return {name: value for name, value in found.items() if value}


def check_in_error(given: Json, *, project_id: int) -> Occurrence:
    """A task that told of its failure."""
    slug = _text(given.get("monitor_slug")) or "?"
    return Occurrence(
        id=uuid7(), at=time.time(), message=f"the task {slug} failed", type="CheckInFailed", project_id=project_id,
        event_id=parse_uuid(_text(given.get("check_in_id"))), function=slug, release=_text(given.get("release")),
        environment=_text(given.get("environment")), given_fingerprint=["check-in", slug],
    )  # fmt: skip
