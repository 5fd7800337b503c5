"""The defects of the draft's section 14, one by one."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from radiant.foundation.error_tracking.alerts import subject_of
from radiant.foundation.error_tracking.grouping import group
from radiant.foundation.error_tracking.occurrence import Occurrence, bound, encode
from radiant.foundation.error_tracking.writer import write
from radiant.foundation.usage.journal import Position
from radiant.infra.db import Database
from radiant.kit.ids import TenantId, uuid7
from tests.foundation.error_tracking.test_sdk import groups, project
from tests.kit.fixtures import Callers
from tests.kit.people import Tenant
from tests.kit.server import Client, Server


async def tell(who: Client, message: str = "it broke", **more: Any) -> str:
    answer = await who.post("/api/errors", {"message": message, **more})
    assert answer.status == 202, answer.body
    return answer.json()["id"]


def occurrence(tenant: TenantId | None, message: str = "it broke", **more: Any) -> Occurrence:
    kept = Occurrence(id=uuid7(), at=more.pop("at", 1_790_000_000.0), message=message, tenant_id=tenant, **more)
    bound(kept)
    group(kept)
    return kept


async def write_all(db: Database, *kept: Occurrence) -> None:
    await write(db, uuid4(), Position(), [encode(each) for each in kept], Position(1, 8))


async def test_f14_1_each_fingerprint_has_one_row_and_counts_its_own_errors(server: Server, callers: Callers) -> None:
    for message in ("user 1 is gone", "user 2 is gone", "disk full"):
        await tell(callers.owner, message)
    counts = {group["message_pattern"]: group["occurrence_count"] for group in await groups(callers.owner)}
    assert counts == {"user <num> is gone": 2, "disk full": 1}


async def test_f14_1_counts_are_exact_under_concurrency(db: Database, owner: Any, tenant: Tenant) -> None:
    async def one(number: int) -> None:
        kept = [occurrence(tenant.id, f"{'ab'[each % 2]} broke {number}") for each in range(20)]
        await write_all(db, *kept)

    await asyncio.gather(*(one(number) for number in range(12)))
    rows = await owner.fetch("select message_pattern, occurrence_count from error_patterns order by 1")
    assert [tuple(row) for row in rows] == [("a broke <num>", 120), ("b broke <num>", 120)]
    assert await owner.fetchval("select sum(occurrences) from error_hours") == 240


async def test_f14_1_an_event_that_is_sent_again_counts_once(server: Server, callers: Callers) -> None:
    event_id = str(uuid4())
    for _ in range(3):
        await tell(callers.owner, event_id=event_id)
    (found,) = await groups(callers.owner)
    assert found["occurrence_count"] == 1


async def test_f14_2_a_first_error_counts_one(server: Server, callers: Callers) -> None:
    await tell(callers.owner)
    (found,) = await groups(callers.owner)
    assert (found["occurrence_count"], found["first_seen"]) == (1, found["last_seen"])


async def test_f14_5_roles_come_from_the_verified_caller_and_templates_hold_no_values(
    server: Server, callers: Callers, owner: Any
) -> None:
    await tell(callers.member, "order 4711 of bob@example.org, '10 Downing Street', 10.0.0.7, 0xdeadbeef")
    assert (await callers.member.get("/api/errors/groups")).status == 403
    assert (await callers.viewer.get("/api/errors")).status == 403
    (found,) = await groups(callers.owner)
    assert found["message_pattern"] == "order <num> of <taken>, <str>, <ip>, <hex>"
    assert await groups(callers.foreign_owner) == []
    kept = await owner.fetchval("select pattern_name || message_pattern from error_patterns")
    assert not any(value in kept for value in ("4711", "bob", "Downing", "10.0.0.7", "deadbeef"))


async def test_f14_8_a_resolved_error_that_returns_is_a_regression(server: Server, callers: Callers) -> None:
    await tell(callers.owner)
    (found,) = await groups(callers.owner)
    done = await callers.owner.post(
        "/api/errors/groups/triage", {"groups": [found["id"]], "action": "resolve", "notes": "mended"}
    )
    assert done.json() == {"groups": 1}
    (found,) = await groups(callers.owner)
    assert (found["status"], found["resolution_notes"]) == ("resolved", "mended")
    assert (await callers.owner.get("/api/errors")).json()["items"] == []
    again = await tell(callers.owner)
    (found,) = await groups(callers.owner)
    assert found["status"] == "regressed"
    assert (await callers.owner.get(f"/api/errors/{again}")).json()["is_regression"] is True


async def test_f14_8_an_error_that_waited_in_a_spool_since_before_is_no_regression(
    db: Database, owner: Any, tenant: Tenant
) -> None:
    await write_all(db, occurrence(tenant.id))
    await owner.execute("update error_patterns set status = 'resolved', resolved_at = current_timestamp")
    await write_all(db, occurrence(tenant.id))
    assert await owner.fetchval("select status from error_patterns") == "resolved"
    await write_all(db, occurrence(tenant.id, at=4_000_000_000.0))
    assert await owner.fetchval("select status from error_patterns") == "regressed"


async def test_f14_8_resolved_in_the_next_release_a_known_release_does_not_reopen_it(
    server: Server, callers: Callers
) -> None:
    await tell(callers.owner, release="1.0")
    (found,) = await groups(callers.owner)
    asked = {"groups": [found["id"]], "action": "resolve_in_next_release"}
    await callers.owner.post("/api/errors/groups/triage", asked)
    await tell(callers.owner, release="1.0")
    assert (await groups(callers.owner))[0]["status"] == "resolved"
    await tell(callers.owner, release="1.1")
    assert (await groups(callers.owner))[0]["status"] == "regressed"


async def test_f14_9_the_platforms_errors_are_its_operators_alone(server: Server, callers: Callers, owner: Any) -> None:
    told = {"message": "undefined is not a function", "type": "TypeError", "route": "/chats?q=secret"}
    assert (await callers.member.post("/api/errors/page", told)).status == 202
    assert await groups(callers.owner) == []
    for who in (callers.owner, callers.member, callers.foreign_owner):
        for path in ("/api/errors", "/api/errors/groups", "/api/errors/projects", "/api/errors/settings"):
            assert (await who.get(f"{path}?scope=platform")).status == 403
    (found,) = await groups(callers.operator, "?scope=platform")
    assert (found["error_type"], found["users"]) == ("TypeError", 1)
    assert (await callers.owner.get(f"/api/errors/groups/{found['id']}")).status == 404
    assert (await callers.operator.get(f"/api/errors/groups/{found['id']}")).status == 404
    # Whose request it was is noted, and gives its tenant no sight of it.
    row = await owner.fetchrow("select tenant_id, source_function from error_logs")
    assert (row["tenant_id"], row["source_function"]) == (callers.tenant.id, "/chats")
    for verb in ("resolve", "reopen", "ignore"):
        answer = await callers.owner.post("/api/errors/groups/triage", {"groups": [found["id"]], "action": verb})
        assert answer.json() == {"groups": 0}


async def test_f14_9_an_admin_neither_sees_nor_changes_another_tenants_errors(server: Server, callers: Callers) -> None:
    error = await tell(callers.foreign_owner)
    (theirs,) = await groups(callers.foreign_owner)
    made = await project(callers.foreign_owner)
    assert (await callers.owner.get("/api/errors")).json()["items"] == []
    assert (await callers.owner.post(f"/api/errors/{error}/resolve", {})).status == 404
    mine = await tell(callers.owner)
    assert mine
    (ours,) = await groups(callers.owner)
    merge = {"into": ours["id"], "groups": [theirs["id"]]}
    assert (await callers.owner.post("/api/errors/groups/merge", merge)).status == 404
    refused = await callers.owner.post("/api/errors", {"message": "x", "project_id": made["id"]})
    assert refused.status == 422, refused.body


async def test_f14_10_a_step_that_fails_keeps_no_other_from_being_done(
    db: Database, owner: Any, tenant: Tenant
) -> None:
    await owner.execute(
        "create function refuse() returns trigger language plpgsql as $$ begin raise 'no counting today'; end $$;"
        "create trigger refuse before update of occurrence_count on error_patterns for each row execute function refuse()"
    )
    await owner.execute(
        "insert into error_settings (tenant_id, alert_webhook) values ($1, 'https://example.org/hook')", tenant.id
    )
    try:
        await write_all(db, occurrence(tenant.id, severity="critical"))
    finally:
        await owner.execute("drop trigger refuse on error_patterns; drop function refuse()")
    assert await owner.fetchval("select count(*) from error_logs") == 1
    assert await owner.fetchval("select occurrence_count from error_patterns") == 0
    assert await owner.fetchval("select count(*) from pgqueuer where entrypoint = 'error-alert'") == 1


async def test_f14_7_alerts_are_throttled_per_group_and_count_what_they_keep_back(
    db: Database, owner: Any, tenant: Tenant
) -> None:
    await owner.execute(
        "insert into error_settings (tenant_id, alert_webhook, alert_emails)"
        " values ($1, 'https://example.org/hook', '{a@example.org}')",
        tenant.id,
    )
    for number in range(5):
        await write_all(db, occurrence(tenant.id, f"it broke {number}", severity="critical"))
    await write_all(db, occurrence(tenant.id, "another thing broke", severity="critical"))
    await write_all(db, occurrence(tenant.id, "a third", severity="error"))
    jobs = await owner.fetch("select convert_from(payload, 'UTF8')::jsonb ->> 'channel' as channel from pgqueuer")
    # Two groups, each by both ways, once.
    assert sorted(job["channel"] for job in jobs) == ["email", "email", "webhook", "webhook"]
    assert await owner.fetchval("select max(alerts_suppressed) from error_patterns") == 4
    await owner.execute(
        "update error_patterns set last_alert_at = current_timestamp - interval '2 hours'; delete from pgqueuer"
    )
    await write_all(db, occurrence(tenant.id, "it broke 9", severity="critical"))
    payload = await owner.fetchval("select convert_from(payload, 'UTF8')::jsonb from pgqueuer limit 1")
    assert '"suppressed": "4"' in payload


@pytest.mark.parametrize(
    "name", ["line one\nline two\r\n", "Größe überschritten – 日本語 💥", "x" * 500, "\x00\x1b[31m", ""]
)
def test_f14_7_a_subject_is_of_the_form_that_sns_takes(name: str) -> None:
    subject = subject_of("critical", name)
    assert 0 < len(subject) <= 100
    assert all(" " <= character <= "~" for character in subject)
    assert subject.startswith("[RADIANT CRITICAL]")


async def test_unresolved_errors_come_by_severity_and_then_the_newest(server: Server, callers: Callers) -> None:
    for severity in ("debug", "error", "critical", "warning", "info", "error"):
        await tell(callers.owner, f"it is {severity}", severity=severity)
    seen: list[tuple[str, str]] = []
    query = "?limit=2"
    while True:
        page = (await callers.owner.get(f"/api/errors{query}")).json()
        seen += [(item["severity"], item["created_at"]) for item in page["items"]]
        if page["next"] is None:
            break
        query = f"?limit=2&cursor={page['next']}"
    assert [severity for severity, _ in seen] == ["critical", "error", "error", "warning", "info", "debug"]
    assert seen[1][1] > seen[2][1]
    names = [group["severity"] for group in await groups(callers.owner)]
    assert names == ["critical", "error", "warning", "info", "debug"]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"message": "connect ECONNREFUSED 127.0.0.1:5432"}, "CONN_REFUSED"),
        ({"message": "x", "type": "ConnectionRefusedError"}, "CONN_REFUSED"),
        ({"message": "the timeout of 30 s is over"}, "TIMEOUT"),
        ({"message": "Rate limit reached for gpt-4o"}, "RATE_LIMIT"),
        ({"message": "whatever"}, "UNKNOWN"),
        ({"message": "timeout", "code": "E1234"}, "E1234"),
    ],
)
async def test_codes_are_the_errors_own_or_found_in_what_it_says(
    server: Server, callers: Callers, said: dict[str, str], code: str
) -> None:
    error = await tell(callers.owner, **said)
    await groups(callers.owner)
    assert (await callers.owner.get(f"/api/errors/{error}")).json()["error_code"] == code


async def test_ignored_until_a_count_a_group_comes_back(server: Server, callers: Callers, owner: Any) -> None:
    await tell(callers.owner)
    (found,) = await groups(callers.owner)
    ignore = {"groups": [found["id"]], "action": "ignore", "count": 2}
    await callers.owner.post("/api/errors/groups/triage", ignore)
    await tell(callers.owner)
    assert (await groups(callers.owner))[0]["status"] == "ignored"
    await tell(callers.owner)
    assert (await groups(callers.owner))[0]["status"] == "open"
    await callers.owner.post("/api/errors/groups/triage", ignore | {"count": None, "until": "2020-01-01T00:00:00Z"})
    async with server.database.system("test").tx() as tx:
        from radiant.foundation.error_tracking import groups_store

        assert await groups_store.reopen_due(tx) == 1


async def test_groups_are_merged_split_and_found_similar(server: Server, callers: Callers) -> None:
    for message in ("could not reach the payment service", "could not reach the shipping service", "no such file"):
        await tell(callers.owner, message, user=message)
    first, second, _ = sorted(await groups(callers.owner), key=lambda each: each["pattern_name"])
    similar = (await callers.owner.get(f"/api/errors/groups/{first['id']}/similar")).json()["items"]
    assert [each["id"] for each in similar] == [second["id"]]
    merged = await callers.owner.post("/api/errors/groups/merge", {"into": first["id"], "groups": [second["id"]]})
    assert merged.json() == {"groups": 1}
    await tell(callers.owner, "could not reach the shipping service", user="third")
    detail = (await callers.owner.get(f"/api/errors/groups/{first['id']}")).json()
    assert (detail["occurrence_count"], detail["users"], detail["members"]) == (3, 3, 2)
    assert len((await callers.owner.get(f"/api/errors/groups/{first['id']}/errors")).json()["items"]) == 3
    assert (await callers.owner.get(f"/api/errors/groups/{second['id']}")).status == 404
    split = await callers.owner.post(f"/api/errors/groups/{first['id']}/split", {"fingerprints": [second["id"]]})
    assert split.json() == {"groups": 1}
    back = (await callers.owner.get(f"/api/errors/groups/{second['id']}")).json()
    assert (back["occurrence_count"], back["users"]) == (2, 2)


async def test_groups_are_searched_assigned_and_counted(server: Server, callers: Callers) -> None:
    await tell(callers.owner, "100% of disk_a is used", environment="production", release="7")
    await tell(callers.owner, "no route", severity="warning")
    assert [each["message_pattern"] for each in await groups(callers.owner, "?search=disk_a")] == [
        "<num>% of disk_a is used"
    ]
    assert await groups(callers.owner, "?search=disk%25a") == []
    assert len(await groups(callers.owner, "?environment=production&release=7")) == 1
    assert len(await groups(callers.owner, "?severity=warning&newest_first=true")) == 1
    (first, second) = await groups(callers.owner, "?newest_first=true")
    assert first["message_pattern"] == "no route"
    page = (await callers.owner.get("/api/errors/groups?newest_first=true&limit=1")).json()
    rest = (await callers.owner.get(f"/api/errors/groups?newest_first=true&limit=1&cursor={page['next']}")).json()
    assert [each["id"] for each in rest["items"]] == [second["id"]]
    ask = {"groups": [first["id"]], "action": "assign", "assignee": str(callers.member_id)}
    assert (await callers.owner.post("/api/errors/groups/triage", ask)).status == 422
    (me, *_) = (await callers.owner.get("/api/errors/assignees")).json()["items"]
    done = await callers.owner.post("/api/errors/groups/triage", ask | {"assignee": me["id"]})
    assert done.status == 200
    (mine,) = await groups(callers.owner, f"?assigned_to={me['id']}")
    assert mine["assignee"] == me["name"]
    assert (await callers.owner.get("/api/errors/groups/counts")).json()["open"] == 2


async def test_one_error_is_resolved_with_notes(server: Server, callers: Callers) -> None:
    error = await tell(callers.owner)
    await groups(callers.owner)
    done = await callers.owner.post(f"/api/errors/{error}/resolve", {"notes": "a cable"})
    assert done.status == 200, done.body
    assert (done.json()["resolved"], done.json()["resolution_notes"]) == (True, "a cable")
    assert UUID(done.json()["resolved_by"]) == callers.owner_id
    assert (await callers.owner.get("/api/errors")).json()["items"] == []
    assert len((await callers.owner.get("/api/errors?resolved=true")).json()["items"]) == 1
