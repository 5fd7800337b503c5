"""/metrics: right types, bounded labels, for those who may read it."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from radiant.foundation.metrics.prometheus import OTHER, Exposition
from radiant.foundation.usage.records import Row
from radiant.infra.db import Database
from radiant.kit.ids import TenantId, uuid7
from tests.foundation.metrics.kit import event
from tests.foundation.usage.test_routes import spend
from tests.kit.fixtures import Callers, models_root
from tests.kit.postgres import Dsns
from tests.kit.server import Server, serving


def _samples(text: bytes) -> dict[tuple[str, ...], float]:
    return {
        (sample.name, *(f"{name}={value}" for name, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


async def test_calls_events_and_requests_are_counted(server: Server, callers: Callers) -> None:
    async def seen() -> dict[tuple[str, ...], float]:
        answer = await callers.operator.get("/metrics")
        assert answer.status == 200, answer.body
        assert answer.headers["Content-Type"].startswith("application/openmetrics-text")
        return _samples(answer.body)

    before = await seen()
    await spend(server, callers, "0.5", duration_ms=1500)
    await server.app.state.meter.flush()
    await callers.owner.post("/api/metrics/events", {"events": [event(), event() | {"value": -1}]})
    after = await seen()

    def grown(*key: str) -> float:
        return after[key] - before.get(key, 0)

    model, provider = "model=gpt-4o", "provider=openai"
    assert grown("radiant_calls_total", model, "outcome=answered", provider) == 1
    assert grown("radiant_call_tokens_total", "direction=input", model, provider) == 10
    assert grown("radiant_call_cost_dollars_total", model, provider) == pytest.approx(0.5)
    assert grown("radiant_call_duration_seconds_sum", model, provider) == pytest.approx(1.5)
    assert grown("radiant_call_duration_seconds_bucket", "le=2.5", model, provider) == 1
    assert grown("radiant_metrics_events_total", "result=accepted") == 1
    assert grown("radiant_metrics_events_total", "result=refused") == 1
    assert (
        grown("radiant_http_request_duration_seconds_count", "method=POST", "route=/api/metrics/events", "status=200")
        == 1
    )
    assert after["radiant_metrics_rollup_behind_seconds",] > 0


async def test_paths_that_no_route_takes_are_one_series(callers: Callers) -> None:
    for number in range(5):
        await callers.owner.get(f"/api/nothing/{number}")
    text = (await callers.operator.get("/metrics")).body.decode()
    assert "/api/nothing" not in text


def _row(model: str) -> Row:
    return Row(
        id=uuid7(), tenant_id=TenantId(uuid7()), at=0, ended_at=1, user_id=uuid7(), api_key_id=None, run_id=None,
        decision_id=None, request_id="", kind="chat", provider="openai", model=model, protocol="openai", route="named",
        streamed=False, tags={}, budgets=(), reserved_cost=Decimal(0), state="settled", ended="answered",
    )  # fmt: skip


def test_f12_5_labels_are_a_setting_and_bounded() -> None:
    exposition = Exposition(["model"], most=2)
    exposition.count_calls([_row(f"m{number}") for number in range(10)])
    found = _samples(exposition.text(0))
    models = {part for key in found for part in key if part.startswith("model=")}
    assert models == {"model=m0", "model=m1", f"model={OTHER}"}
    assert found["radiant_calls_total", f"model={OTHER}", "outcome=answered"] == 8


async def test_the_operator_and_nobody_else_reads_it_without_a_token(callers: Callers) -> None:
    assert (await callers.nobody.get("/metrics")).status == 401
    for client in (callers.owner, callers.member, callers.foreign_owner):
        assert (await client.get("/metrics")).status == 403


@pytest.fixture(scope="module")
async def with_token(
    _database: Database, dsns: Dsns, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Server]:
    """An application of its own, since a setting is tried; gone with the module, or it does the work of others' tests."""
    folder = tmp_path_factory.mktemp("token")
    async with serving(_database, dsns, folder, models_root(), metrics_token="t0ken") as running:
        yield running


async def test_who_shows_the_token_reads_it(with_token: Server) -> None:
    async def status(headers: dict[str, Any]) -> int:
        return (await with_token.anonymous().get("/metrics", headers=headers)).status

    assert await status({"Authorization": "Bearer t0ken"}) == 200
    assert await status({"Authorization": "Bearer t0ke"}) == 401
    assert await status({}) == 401
