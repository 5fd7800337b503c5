"""Calls as a file: whole, in order, in bounded memory, and no formula for a spreadsheet."""

import csv
import io
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pyarrow.parquet
import pytest

from radiant.foundation.metrics import export
from radiant.foundation.usage.schemas import CallFilter
from radiant.infra.db import Database
from tests.foundation.metrics.kit import NOW, call
from tests.kit.fixtures import Callers
from tests.kit.people import Tenant


async def _thousands(owner: Any, tenant: Tenant, many: int) -> None:
    await owner.execute(
        "insert into usage_ledger (tenant_id, user_id, provider, model, state, ended, cost, created_at)"
        " select $1, $2, 'openai', 'm' || n, 'settled', 'answered', n * 0.000000001, now() - n * interval '1 minute'"
        " from generate_series(1, $3::integer) as n", tenant.id, tenant.user_id, many,
    )  # fmt: skip


async def _all(pieces: AsyncIterator[bytes]) -> bytes:
    return b"".join([piece async for piece in pieces])


async def test_csv_holds_every_call_once_the_newest_first(owner: Any, db: Database, tenant: Tenant) -> None:
    await _thousands(owner, tenant, 2345)
    pieces = [piece async for piece in export.as_csv(tenant.db, CallFilter())]
    assert len(pieces) == 4, "a page at a time"
    rows = list(csv.DictReader(io.StringIO(b"".join(pieces).decode())))
    assert [row["model"] for row in rows] == [f"m{number}" for number in range(1, 2346)]
    assert rows[0]["cost"] == "0.000000001"


async def test_parquet_holds_the_same_with_types(owner: Any, db: Database, tenant: Tenant) -> None:
    await _thousands(owner, tenant, 300)
    table = pyarrow.parquet.read_table(io.BytesIO(await _all(export.as_parquet(tenant.db, CallFilter()))))
    assert table.column("model").to_pylist() == [f"m{number}" for number in range(1, 301)]
    assert table.column("cost").to_pylist()[0] == Decimal("0.000000001")
    assert str(table.schema.field("created_at").type) == "timestamp[us, tz=UTC]"


async def test_a_cell_is_never_a_formula(owner: Any, db: Database, tenant: Tenant) -> None:
    await call(owner, tenant.id, tenant.user_id, model="=cmd()", request_id="@x")
    (row,) = csv.DictReader(io.StringIO((await _all(export.as_csv(tenant.db, CallFilter()))).decode()))
    assert (row["model"], row["request_id"]) == ("'=cmd()", "'@x")


async def test_admins_download_their_own_workspaces_calls(owner: Any, callers: Callers) -> None:
    await call(owner, callers.tenant.id, callers.owner_id, model="a")
    await call(owner, callers.tenant.id, callers.owner_id, model="b", created_at=NOW - timedelta(days=40))
    await call(owner, callers.other_tenant.id, callers.other_tenant.user_id, model="c")
    answer = await callers.owner.get("/api/metrics/export")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="calls-')
    assert [row["model"] for row in csv.DictReader(io.StringIO(answer.body.decode()))] == ["a"]
    answer = await callers.owner.get("/api/metrics/export", params={"format": "parquet", "model": "a"})
    assert pyarrow.parquet.read_table(io.BytesIO(answer.body)).num_rows == 1
    assert (await callers.member.get("/api/metrics/export")).status == 403


async def test_where_there_is_no_pyarrow_it_says_what_to_do(callers: Callers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    answer = await callers.owner.get("/api/metrics/export", params={"format": "parquet"})
    assert answer.status == 501
    assert "format=csv" in answer.json()["detail"]


async def test_a_call_tells_why_routing_chose_its_model(owner: Any, callers: Callers) -> None:
    await call(owner, callers.tenant.id, callers.owner_id, decision='{"task": "code", "reason": "best for code"}')
    (seen,) = (await callers.owner.get("/api/usage/calls", params={"provider": "openai"})).json()["items"]
    assert (seen["task"], seen["route_reason"]) == ("code", "best for code")
    later = {"start": (NOW + timedelta(days=1)).isoformat()}
    assert (await callers.owner.get("/api/usage/calls", params=later)).json()["items"] == []
