"""Batches from outside: what is acknowledged is there, once, at its own time; what is bad harms nobody else."""

import asyncio
import io
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from radiant.foundation.metrics.ingest import MOST_BYTES, Busy, Ingest
from radiant.infra.db import Database
from radiant.kit.clock import utc_now
from radiant.kit.ids import uuid7
from tests.foundation.metrics.kit import NOW, body, event
from tests.kit.fixtures import Callers
from tests.kit.people import Tenant

PATH = "/api/metrics/events"


async def test_f12_11_events_carry_their_own_time(callers: Callers, owner: Any) -> None:
    at = NOW - timedelta(days=3)
    events = [event("requests", 2, type_="api_request", recorded_at=at.isoformat()), event("cost", "0.000000001")]
    answer = await callers.owner.post(PATH, {"events": events})
    assert (answer.status, answer.json()) == (200, {"accepted": 2, "duplicates": 0, "refused": []})
    found = await owner.fetch("select * from usage_metrics order by recorded_at")
    assert (found[0]["recorded_at"], found[0]["metric_value"]) == (at, 2)
    assert found[1]["metric_value"] == Decimal("0.000000001")
    assert abs(found[1]["recorded_at"] - utc_now()) < timedelta(minutes=1)


async def test_f12_12_an_event_that_is_sent_again_counts_once_whatever_it_claims(callers: Callers, owner: Any) -> None:
    first = event("cost", 1)
    again = first | {"value": 5, "recorded_at": (NOW - timedelta(days=2)).isoformat()}
    answers = [
        (await callers.owner.post(PATH, {"events": batch})).json()
        for batch in ([first], [again, event()], [first, first])
    ]
    assert [(one["accepted"], one["duplicates"]) for one in answers] == [(1, 0), (1, 1), (0, 2)]
    assert await owner.fetchval("select count(*) from usage_metrics") == 2
    # Another tenant's events of the same id are its own.
    assert (await callers.foreign_owner.post(PATH, {"events": [first]})).json()["accepted"] == 1


BAD: list[tuple[dict[str, Any], str]] = [
    ({"metric_type": "weather"}, "metric_type"),
    ({"metric_name": ""}, "metric_name"),
    ({"metric_name": "a\0b"}, "metric_name"),
    ({"value": "NaN"}, "value"),
    ({"value": -1}, "value"),
    ({"value": 10**13}, "value"),
    ({"value": "much"}, "value"),
    ({"metric_name": "latency_ms", "value": 10**9}, "value"),
    ({"metric_name": "requests", "value": 1.5}, "value"),
    ({"recorded_at": "2026-11-20T00:00:00"}, "recorded_at"),
    ({"recorded_at": (NOW - timedelta(days=8)).isoformat()}, "recorded_at"),
    ({"recorded_at": (NOW + timedelta(days=1)).isoformat()}, "recorded_at"),
    ({"dimensions": {"a": "x" * 201}}, "dimensions"),
    ({"dimensions": {str(number): "x" for number in range(21)}}, "dimensions"),
    ({"dimensions": {"a": "x\0"}}, "dimensions"),
    ({"dimensions": {"a": 5}}, "dimensions"),
    ({"user_id": str(uuid7())}, "user_id"),
    ({"event_id": "seven"}, "event_id"),
    ({"more": "x" * 5000}, "more"),
]


async def test_f12_10_a_bad_event_is_set_aside_with_why_and_the_others_are_kept(callers: Callers, owner: Any) -> None:
    for wrong, named in BAD:
        events = [event(), event() | wrong, event()]
        answer = (await callers.owner.post(PATH, {"events": events})).json()
        assert answer["accepted"] == 2, wrong
        (refused,) = answer["refused"]
        assert (refused["index"], refused["event_id"]) == (1, None if "more" in wrong else events[1]["event_id"])
        assert named in refused["reason"], refused
    answer = (await callers.owner.post(PATH, {"events": [event(), 5]})).json()
    assert (answer["accepted"], answer["refused"][0]["index"]) == (1, 1)
    kept = await owner.fetch("select tenant_id, reason from usage_metrics_rejected")
    assert len(kept) == len(BAD) + 1
    assert {row["tenant_id"] for row in kept} == {callers.tenant.id}
    assert await owner.fetchval("select count(*) from usage_metrics") == 2 * len(BAD) + 1


@pytest.mark.parametrize(
    ("sent", "status", "says"),
    [
        (b"[]", 422, "events"),
        (b"{", 422, "JSON"),
        (b'{"events": []}', 422, "1 to 1000"),
        (body([1] * 1001), 422, "split it"),
        (b" " * (MOST_BYTES + 1), 413, "bytes"),
    ],
)
async def test_what_is_no_batch_is_refused_whole(callers: Callers, sent: bytes, status: int, says: str) -> None:
    answer = await callers.owner.send("POST", PATH, data=io.BytesIO(sent))
    assert (answer.status, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert says in answer.json()["detail"]


async def test_events_come_from_admins_alone(callers: Callers) -> None:
    for client in (callers.member, callers.viewer):
        assert (await client.post(PATH, {"events": [event()]})).status == 403


async def test_f12_4_more_batches_than_are_taken_on_at_once_are_told_to_wait(
    db: Database, tenant: Tenant, owner: Any
) -> None:
    ingest = Ingest(at_once=1, waiting=2)
    batches = [body([event()]) for _ in range(8)]
    answers = await asyncio.gather(*(ingest.receive(tenant.db, one) for one in batches), return_exceptions=True)
    busy = [one for one in answers if isinstance(one, Busy)]
    assert len(busy) == 5
    assert busy[0].headers == {"Retry-After": "1"}
    assert await owner.fetchval("select count(*) from usage_metrics") == 3
    # They are taken when they come again.
    for one in batches:
        await ingest.receive(tenant.db, one)
    assert await owner.fetchval("select count(*) from usage_metrics") == 8


async def test_f12_1_f12_9_a_batch_whose_insert_fails_is_not_acknowledged_and_counts_when_it_comes_again(
    callers: Callers, owner: Any
) -> None:
    events = [event(), event()]
    await owner.execute("alter table usage_metrics add constraint unlucky check (metric_name <> 'cost')")
    try:
        assert (await callers.owner.post(PATH, {"events": events})).status == 500
    finally:
        await owner.execute("alter table usage_metrics drop constraint unlucky")
    assert (await callers.owner.post(PATH, {"events": events})).json()["accepted"] == 2
