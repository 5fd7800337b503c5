"""Sentry's own Python SDK, unchanged, sends to us: what arrives, how it is grouped, what is not kept."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sentry_sdk
from sentry_sdk.crons import capture_checkin
from sentry_sdk.integrations.logging import LoggingIntegration

from tests.kit.fixtures import Callers
from tests.kit.server import Client, Server

SECRET = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCD"


async def project(who: Client, slug: str = "shop", **more: Any) -> dict[str, Any]:
    answer = await who.post("/api/errors/projects", {"name": slug.title(), "slug": slug, **more})
    assert answer.status == 201, answer.body
    return answer.json()


@contextmanager
def sdk(dsn: str, **options: Any) -> Iterator[sentry_sdk.Client]:
    client = sentry_sdk.Client(
        dsn=dsn, default_integrations=False, auto_enabling_integrations=False, shutdown_timeout=10, release="shop@1.0",
        environment="test", server_name="box", **options,
    )  # fmt: skip
    with sentry_sdk.isolation_scope() as scope:
        scope.set_client(client)
        yield client


def _fail(order: int) -> None:
    password = "hunter2"
    raise ValueError(f"order {order} of alice@example.org has no card {SECRET}{password[:0]}")


def _send(dsn: str, orders: list[int], **options: Any) -> None:
    with sdk(dsn, **options) as client:
        for order in orders:
            sentry_sdk.get_isolation_scope().set_user({"id": str(order % 2), "email": "alice@example.org"})
            sentry_sdk.add_breadcrumb(category="cart", message=f"order {order}", data={"token": SECRET})
            try:
                _fail(order)
            except ValueError as error:
                sentry_sdk.capture_exception(error)
        client.close(timeout=10)


async def groups(who: Client, query: str = "") -> list[dict[str, Any]]:
    answer = await who.get(f"/api/errors/groups{query}")
    assert answer.status == 200, answer.body
    return answer.json()["items"]


async def test_events_of_the_python_sdk_are_one_group_with_users_crumbs_and_source(
    server: Server, callers: Callers
) -> None:
    dsn = (await project(callers.owner))["dsn"]
    await asyncio.to_thread(_send, dsn, [1, 2, 3])
    (group,) = await groups(callers.owner)
    assert (group["occurrence_count"], group["users"], group["status"]) == (3, 2, "open")
    assert group["error_type"] == "ValueError"
    assert group["message_pattern"] == "order <num> of <taken> has no card <taken>"
    assert sum(group["curve"]) == 3
    detail = (await callers.owner.get(f"/api/errors/groups/{group['id']}")).json()
    latest = detail["latest"]
    frame = latest["context"]["chain"][-1]["frames"][-1]
    assert frame["function"] == "_fail"
    assert frame["line"].strip().startswith("raise ValueError")
    assert "variables" not in frame
    assert [crumb["message"] for crumb in latest["context"]["crumbs"]][-1] == "order 3"
    assert latest["release"] == detail["last_release"] == "shop@1.0"
    assert SECRET not in str(detail)
    assert "alice" not in str(detail)
    assert "hunter2" not in str(detail)


async def test_frame_variables_are_kept_where_a_project_asks_and_scrubbed_even_so(
    server: Server, callers: Callers
) -> None:
    dsn = (await project(callers.owner, keep_variables=True))["dsn"]
    await asyncio.to_thread(_send, dsn, [7])
    (group,) = await groups(callers.owner)
    detail = (await callers.owner.get(f"/api/errors/groups/{group['id']}")).json()
    variables = detail["latest"]["context"]["chain"][-1]["frames"][-1]["variables"]
    assert variables == {"order": "7", "password": "[removed]"}


@pytest.mark.parametrize("algorithm", ["gzip", "br"])
async def test_bodies_are_taken_compressed_by(server: Server, callers: Callers, algorithm: str) -> None:
    dsn = (await project(callers.owner))["dsn"]
    await asyncio.to_thread(_send, dsn, [1], _experiments={"transport_compression_algo": algorithm})
    assert len(await groups(callers.owner)) == 1


def _send_everything(dsn: str) -> None:
    with sdk(
        dsn, traces_sample_rate=1.0, auto_session_tracking=True, enable_logs=True,
        integrations=[LoggingIntegration(level=logging.INFO, event_level=None)],
    ) as client:  # fmt: skip
        with sentry_sdk.start_transaction(op="task", name="nightly"):
            pass
        scope = sentry_sdk.get_isolation_scope()
        scope.start_session()
        scope.end_session()
        capture_checkin(monitor_slug="nightly", status="ok")
        capture_checkin(monitor_slug="nightly", status="error")
        sentry_sdk.logger.warning("stock is low")
        sentry_sdk.capture_message("stock %s is low", level="warning")
        client.close(timeout=10)


async def test_transactions_sessions_check_ins_and_logs_are_counted(server: Server, callers: Callers) -> None:
    made = await project(callers.owner)
    await asyncio.to_thread(_send_everything, made["dsn"])
    found = {group["error_type"] for group in await groups(callers.owner)}
    assert found == {"CheckInFailed", "Message"}
    (shown,) = (await callers.owner.get("/api/errors/projects")).json()["items"]
    assert shown["tallies_24h"] == {"transaction": 1, "session": 1, "check_in": 2, "log": 1}
    assert shown["errors_24h"] == 2


async def test_transactions_are_dropped_where_a_project_says_so(server: Server, callers: Callers) -> None:
    made = await project(callers.owner, transactions="drop")
    await asyncio.to_thread(_send_everything, made["dsn"])
    await groups(callers.owner)
    (shown,) = (await callers.owner.get("/api/errors/projects")).json()["items"]
    assert "transaction" not in shown["tallies_24h"]
    assert shown["tallies_24h"]["session"] == 1
