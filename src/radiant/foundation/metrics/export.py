"""Calls of the ledger as a file, CSV or Parquet: page by page, so that a year takes no more memory than a day.

No transaction is open while the file is sent. Each page goes on from the last one's end: a call that is made meanwhile is
not in the file, and none is in it twice.
"""

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from radiant.foundation.usage import service as usage
from radiant.foundation.usage.schemas import Call, CallFilter
from radiant.infra.db import TenantDb
from radiant.kit.errors import Problem

_PAGE = 1000
# Rows of a Parquet row group: what is held at a time.
_GROUP = 10_000
COLUMNS = (
    "id", "created_at", "settled_at", "user_email", "key_name", "kind", "protocol", "route", "provider", "model", "state",
    "ended", "error_kind", "cost", "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens",
    "reasoning_tokens", "first_token_ms", "duration_ms", "streamed", "cached", "estimated", "request_id",
)  # fmt: skip
_TEXTS = frozenset({"user_email", "key_name", "kind", "protocol", "route", "provider", "model", "state", "ended",
                    "error_kind", "request_id"})  # fmt: skip
# A spreadsheet would take a cell that begins so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class NoParquet(Problem):
    """This installation has no pyarrow."""

    status, slug = 501, "no-parquet"


async def _pages(db: TenantDb, of: CallFilter, size: int) -> AsyncIterator[list[Call]]:
    before: tuple[datetime, Any] | None = None
    while True:
        page = await usage.calls(db, of, before, size)
        if page:
            yield page
        if len(page) < size:
            return
        before = page[-1].created_at, page[-1].id


def _cell(name: str, value: Any) -> Any:
    if name in _TEXTS and isinstance(value, str) and value.startswith(_FORMULA):
        return "'" + value
    if isinstance(value, datetime):
        return value.isoformat()
    return f"{value:f}" if isinstance(value, Decimal) else value


def _lines(rows: Sequence[Sequence[Any]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue().encode()


async def as_csv(db: TenantDb, of: CallFilter) -> AsyncIterator[bytes]:
    """Lines with a head, the newest call first; cost in dollars, times in UTC."""
    yield _lines([COLUMNS])
    async for page in _pages(db, of, _PAGE):
        yield _lines([[_cell(name, getattr(call, name)) for name in COLUMNS] for call in page])


class _Pipe(io.RawIOBase):
    """What a writer wrote, to be taken away piece by piece; it never goes back."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:  # type: ignore[override]
        piece = bytes(data)
        self._pieces.append(piece)
        return len(piece)

    def take(self) -> bytes:
        """All that was written since the last time."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


def arrow() -> Any:
    """pyarrow. Raises NoParquet."""
    try:
        import pyarrow as untyped  # type: ignore[import-untyped]
        import pyarrow.parquet as _  # type: ignore[import-untyped]  # noqa: F401
    except ImportError as error:
        raise NoParquet("Parquet takes pyarrow: pip install 'radiant[parquet]', or ask for format=csv") from error
    return untyped


async def as_parquet(db: TenantDb, of: CallFilter) -> AsyncIterator[bytes]:
    """A file of row groups; cost is decimal(20, 9), times are microseconds in UTC. Raises NoParquet at once."""
    pa = await asyncio.to_thread(arrow)
    whole = {"input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens",
             "first_token_ms", "duration_ms"}  # fmt: skip
    times, flags = {"created_at", "settled_at"}, {"streamed", "cached", "estimated"}
    schema = pa.schema([
        (name, pa.int64() if name in whole else pa.timestamp("us", "UTC") if name in times else pa.bool_()
         if name in flags else pa.decimal128(20, 9) if name == "cost" else pa.string())
        for name in COLUMNS
    ])  # fmt: skip
    pipe = _Pipe()
    writer: Any = pa.parquet.ParquetWriter(pa.PythonFile(pipe, mode="w"), schema, compression="zstd")

    def write(calls: list[Call]) -> None:
        columns = {name: [getattr(call, name) for call in calls] for name in COLUMNS}
        columns["id"] = [str(id_) for id_ in columns["id"]]
        writer.write_table(pa.table(columns, schema))

    async for page in _pages(db, of, _GROUP):
        await asyncio.to_thread(write, page)
        yield pipe.take()
    await asyncio.to_thread(writer.close)
    yield pipe.take()
