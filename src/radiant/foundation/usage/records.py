"""What the journal holds: the admission of a call, and its end, which repeats the admission.

Each frame says all that there is to say of its call, so the writer keeps nothing in memory between two batches.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import structlog

from radiant.foundation.usage import noted
from radiant.foundation.usage.schemas import NewCall, Outcome
from radiant.kit.errors import Invalid
from radiant.kit.ids import TenantId

log = structlog.get_logger()

_ADMITTED, _ENDED = b"A", b"E"
_ID = slice(1, 17)
_BODY = 17
_MOST_INT = 2**31 - 1
_NONE, _MOST_MONEY = Decimal(0), Decimal(10**10)
# What the end of a call may take beyond its admission: numbers, and two names that are cut.
END_BYTES = 512
_NAME_CHARACTERS = 50
_MOST_TAGS_BYTES = 16 * 1024


class Admission(msgspec.Struct, frozen=True, array_like=True):
    """A call that was let in. `at`: microseconds since 1970; `budgets`: those it was taken from."""

    id: UUID
    tenant_id: TenantId
    at: int
    call: NewCall
    budgets: tuple[UUID, ...] = ()


class End(msgspec.Struct, frozen=True, array_like=True):
    """How it ended."""

    admission: Admission
    outcome: Outcome
    at: int


class _EncodedEnd(msgspec.Struct, frozen=True, array_like=True):
    admission: msgspec.Raw
    outcome: Outcome
    at: int


_encode = msgspec.msgpack.Encoder(uuid_format="bytes").encode
_decode_admission = msgspec.msgpack.Decoder(Admission).decode
_decode_end = msgspec.msgpack.Decoder(End).decode


def encode_admission(admission: Admission) -> bytes:
    """A frame's payload. Raises Invalid on text that is not Unicode, and on tags without bounds."""
    try:
        payload = _ADMITTED + admission.id.bytes + _encode(admission)
    except UnicodeEncodeError as error:
        raise Invalid("the request holds text that is not valid Unicode") from error
    if len(payload) > _MOST_TAGS_BYTES:
        raise Invalid("tags: too long; at most 16 KB together")
    return payload


def encode_end(admitted: bytes, outcome: Outcome, at: int) -> bytes:
    """The payload of the end of the call that `admitted` is the payload of; at most END_BYTES longer."""
    return _ENDED + admitted[_ID] + _encode(_EncodedEnd(msgspec.Raw(admitted[_BODY:]), _bounded(outcome), at))


def _bounded(outcome: Outcome) -> Outcome:
    """The outcome with names and numbers that the journal can hold."""
    stop, error = outcome.stop_reason, outcome.error_kind
    tokens = outcome.input_tokens | outcome.output_tokens | outcome.cache_read_tokens | outcome.cache_write_tokens
    if (
        (stop is None or (len(stop) <= _NAME_CHARACTERS and stop.isascii()))
        and (error is None or (len(error) <= _NAME_CHARACTERS and error.isascii()))
        and 0
        <= tokens | outcome.reasoning_tokens | (outcome.first_token_ms or 0) | (outcome.duration_ms or 0)
        <= _MOST_INT
    ):
        return outcome
    numbers = {
        name: _whole(getattr(outcome, name))
        for name in ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens",
                     "first_token_ms", "duration_ms")
    }  # fmt: skip
    return msgspec.structs.replace(outcome, stop_reason=_plain(stop), error_kind=_plain(error), **numbers)


def _plain(name: str | None) -> str | None:
    return None if name is None else name[:_NAME_CHARACTERS].encode("ascii", "replace").decode()


class Row(msgspec.Struct, kw_only=True):
    """A row for the ledger, as JSON."""

    id: UUID
    tenant_id: TenantId
    at: int
    ended_at: int | None
    user_id: UUID
    api_key_id: UUID | None
    run_id: UUID | None
    decision_id: UUID | None
    request_id: str
    kind: str
    provider: str
    model: str
    protocol: str
    route: str
    streamed: bool
    tags: Any
    budgets: tuple[UUID, ...]
    reserved_cost: Decimal
    state: str
    ended: str | None = None
    cost: Decimal | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    reasoning_tokens: int | None = None
    first_token_ms: int | None = None
    duration_ms: int | None = None
    stop_reason: str | None = None
    error_kind: str | None = None
    estimated: bool = False
    cached: bool = False
    decision: Any = None


def rows_of(frames: Iterable[bytes]) -> list[Row]:
    """The last thing that the frames say of each call, in the order of ids, so that writers lock in one order."""
    last: dict[bytes, bytes] = {}
    for frame in frames:
        if frame[:1] != noted.TAG:
            last[frame[_ID]] = frame
    rows: list[Row] = []
    for id_ in sorted(last):
        try:
            rows.append(_row(last[id_]))
        except msgspec.DecodeError as error:
            log.error("usage.frame_unreadable", frame=last[id_].hex(), error=str(error))
    return rows


def _row(frame: bytes) -> Row:
    if frame[:1] == _ADMITTED:
        return _admitted(_decode_admission(frame[_BODY:]))
    end = _decode_end(frame[_BODY:])
    return _ended(end.admission, end.at, end.outcome)


# All in one construction: this is done for every call, and setting fields one by one costs twice as much.
def _ended(admission: Admission, at: int, outcome: Outcome) -> Row:
    call = admission.call
    return Row(
        id=admission.id, tenant_id=admission.tenant_id, at=admission.at, ended_at=at, user_id=call.user_id,
        api_key_id=call.api_key_id, run_id=call.run_id, decision_id=call.decision_id, request_id=call.request_id,
        kind=call.kind, provider=call.provider, model=call.model, protocol=call.protocol, route=call.route,
        streamed=call.streamed, tags=call.tags, budgets=admission.budgets, reserved_cost=_money(call.reserved),
        state="settled" if outcome.error_kind is None else "failed", decision=call.decision, ended=_how(outcome),
        cost=_money(outcome.cost), input_tokens=outcome.input_tokens, output_tokens=outcome.output_tokens,
        cache_read_tokens=outcome.cache_read_tokens, cache_write_tokens=outcome.cache_write_tokens,
        reasoning_tokens=outcome.reasoning_tokens, first_token_ms=outcome.first_token_ms,
        duration_ms=outcome.duration_ms, stop_reason=outcome.stop_reason, error_kind=outcome.error_kind,
        estimated=outcome.estimated, cached=outcome.cached,
    )  # fmt: skip


def _admitted(admission: Admission) -> Row:
    call = admission.call
    return Row(
        id=admission.id, tenant_id=admission.tenant_id, at=admission.at, ended_at=None, user_id=call.user_id,
        api_key_id=call.api_key_id, run_id=call.run_id, decision_id=call.decision_id, request_id=call.request_id,
        kind=call.kind, provider=call.provider, model=call.model, protocol=call.protocol, route=call.route,
        streamed=call.streamed, tags=call.tags, budgets=admission.budgets, reserved_cost=_money(call.reserved),
        state="reserved", decision=call.decision,
    )  # fmt: skip


def _how(outcome: Outcome) -> str:
    if outcome.error_kind is not None:
        return "abandoned" if outcome.error_kind == "abandoned" else "failed"
    return "cancelled" if outcome.stop_reason == "cancelled" else "answered"


def _whole(number: int | None) -> int | None:
    return None if number is None else min(max(number, 0), _MOST_INT)


def _money(amount: Decimal) -> Decimal:
    if amount.is_finite() and _NONE <= amount <= _MOST_MONEY:
        return amount
    return min(max(amount, _NONE), _MOST_MONEY) if amount.is_finite() else _NONE


def as_json(rows: Sequence[object]) -> str:
    """Rows as a JSON array that jsonb takes, which knows no NUL."""
    return msgspec.json.encode(rows).decode().replace("\\u0000", "\\ufffd")
