"""Events besides calls of models: requests that were refused, requests of the API, jobs. Counted, not charged.

They lie in the journal between the calls, so what was noted survives the process and is told of once. The same event
many times in a batch is one with a sum: whoever is refused a thousand times a second fills no table with it.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from radiant.foundation.identity.callers import Caller
from radiant.kit.ids import TenantId, UserId, uuid7

TOPIC = "usage.noted"
"""A tenant's events: {"events": [{id, name, value, user_id, dimensions, at}]}."""
REFUSED, REQUESTS, JOBS = "requests", "http_requests", "jobs"
"""Requests for a model that were refused before they became a call; other requests of the API; jobs."""

TAG = b"N"
_ID = slice(1, 17)
_BODY = 17
_MINUTE = 60_000_000


class Noted(msgspec.Struct, frozen=True, array_like=True):
    """One event. `at`: microseconds since 1970."""

    tenant_id: TenantId
    at: int
    name: str
    dimensions: Mapping[str, str]
    user_id: UserId | None = None


def request_of(what: str, status: int, caller: Caller, error: str | None = None) -> dict[str, str]:
    """The dimensions of a request. `what`: its method and the template of its path; `error`: the slug of the problem
    that a request for a model met."""
    dimensions = {"what": what, "result": str(status)}
    if caller.api_key_id is not None:
        dimensions["key"] = str(caller.api_key_id)
    if error is not None:
        dimensions["error"] = error
    return dimensions


_encode = msgspec.msgpack.Encoder(uuid_format="bytes").encode
_decode = msgspec.msgpack.Decoder(Noted).decode


def encode(noted: Noted) -> bytes:
    """A frame's payload."""
    return TAG + uuid7().bytes + _encode(noted)


def sums_of(frames: Iterable[bytes]) -> list[dict[str, Any]]:
    """What the frames tell, for the outbox: {tenant_id, event}. Like events of a minute are one, by the id of the
    first."""
    sums: dict[tuple[object, ...], dict[str, Any]] = {}
    for frame in frames:
        if frame[:1] != TAG:
            continue
        noted = _decode(frame[_BODY:])
        dimensions = tuple(sorted(noted.dimensions.items()))
        key = noted.tenant_id, noted.user_id, noted.name, dimensions, noted.at // _MINUTE
        known = sums.get(key)
        if known is None:
            sums[key] = {
                "tenant_id": noted.tenant_id,
                "event": event(UUID(bytes=frame[_ID]), noted.name, noted.dimensions, noted.at, noted.user_id),
            }
        else:
            known["event"]["value"] += 1
    return list(sums.values())


def event(
    id_: UUID, name: str, dimensions: Mapping[str, str], at: int, user_id: UserId | None = None
) -> dict[str, Any]:
    """One event as the topic has it."""
    moment = datetime.fromtimestamp(at / 1_000_000, UTC).isoformat()
    return {"id": str(id_), "name": name, "value": 1, "user_id": user_id and str(user_id),
            "dimensions": dict(dimensions), "at": moment}  # fmt: skip
