"""What came of calls and what people say of them become statistics: once each, fresh everywhere, known to new tenants."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from radiant.ai.routing import history_store, store
from radiant.ai.routing.counting import count
from radiant.ai.routing.evidence import sums_of
from radiant.ai.routing.service import Brain
from radiant.foundation.usage import recovery
from radiant.infra.changes import Changes
from radiant.infra.db import Database
from tests.ai.routing.test_auto import caller_of, chat, history
from tests.ai.routing.test_rules import make
from tests.kit.fixtures import Callers
from tests.kit.people import Tenant
from tests.kit.postgres import Dsns
from tests.kit.server import Client, Server
from tests.kit.upstream import Refuse, Say, Upstream


async def counted(server: Server) -> int:
    await server.app.state.meter.flush()
    done = await count(server.database)
    await server.app.state.changes.caught_up()
    return done


async def standing(who: Client, model: str = "gpt-4o-mini", task: str = "chat") -> dict[str, Any]:
    answer = await who.get(f"/api/routing/models?model={model}&task_type={task}")
    assert answer.status == 200, answer.body
    return answer.json()["items"][0]["tasks"][0]


@pytest.fixture
async def one_model(callers: Callers, upstream: Upstream) -> None:
    """Everything goes to gpt-4o-mini, and nowhere else where that fails."""
    await make(callers.owner, "All", "gpt-4o-mini")


async def say(who: Client, **said: Any) -> Any:
    answer = await who.post("/api/routing/feedback", said)
    assert answer.status == 200, answer.body
    return answer.json()


async def test_f11_11_f11_16_what_came_of_calls_is_counted_once(
    server: Server, key: Client, callers: Callers, upstream: Upstream, one_model: None
) -> None:
    upstream.plan(Say(before=0.1), Say(before=0.1), *[Refuse(500, "broken")] * 3)
    decisions = [(await chat(key)).headers["x-radiant-decision-id"] for _ in range(3)]
    assert len(set(decisions)) == 3
    assert await counted(server) == 4
    assert await counted(server) == 0
    found = await standing(callers.member)
    # The failed call fell back to another model.
    assert found["own_calls"] == pytest.approx(3, abs=0.01)
    assert 100 <= found["latency_p50_ms"] < 1000
    assert found["reliability"]["low"] < found["reliability"]["mean"] < found["reliability"]["high"]
    assert float(found["cost"]) > 0


async def test_f11_7_another_tenant_knows_it_and_no_name_of_whose_calls_they_were(
    server: Server, key: Client, callers: Callers, upstream: Upstream, one_model: None, owner: Any
) -> None:
    assert (await chat(key)).status == 200
    await counted(server)
    theirs = await standing(callers.foreign_owner)
    assert (theirs["calls"], theirs["own_calls"]) == (pytest.approx(1, abs=0.01), 0)
    assert theirs["latency_p50_ms"] is not None
    columns = {row[0] for row in await owner.fetch(
        "select attname from pg_attribute where attrelid = 'brain_model_statistics'::regclass and attnum > 0"
    )}  # fmt: skip
    assert not columns & {"tenant_id", "user_id", "text", "prompt"}


@contextlib.asynccontextmanager
async def another_process(db: Database, dsns: Dsns) -> AsyncIterator[Brain]:
    """A Brain that hears of changes as that of another process does."""
    async with Changes(dsns.app, db.system("test")) as changes:
        while not changes.live:
            await asyncio.sleep(0.01)
        yield Brain(db, changes)


async def test_f11_6_statistics_are_fresh_in_every_process_within_five_seconds(
    server: Server, key: Client, callers: Callers, upstream: Upstream, one_model: None, db: Database, dsns: Dsns
) -> None:
    caller = caller_of(callers.tenant)
    async with another_process(db, dsns) as other:
        assert (await other.view(caller)).of("gpt-4o-mini", "chat").own_calls == 0
        assert (await chat(key)).status == 200
        await counted(server)
        async with asyncio.timeout(5):
            while (await other.view(caller)).of("gpt-4o-mini", "chat").own_calls < 0.9:
                await asyncio.sleep(0.05)


async def test_feedback_of_each_kind_is_kept_once_and_moves_the_estimate(
    server: Server, key: Client, callers: Callers, upstream: Upstream, one_model: None
) -> None:
    before = (await standing(callers.member))["quality"]
    first = (await chat(key)).headers["x-radiant-decision-id"]
    # At once: what has just ended is found.
    assert await say(callers.member, kind="thumbs", decision_id=first, up=False) == {
        "decision_id": first, "kind": "thumbs", "value": 0,
    }  # fmt: skip
    await say(callers.member, kind="thumbs", decision_id=first, up=False)
    await say(callers.member, kind="score", decision_id=first, score=0.1)
    await say(callers.member, kind="judge", decision_id=first, judge="grader", score=0.2)
    assert await counted(server) == 4
    found = (await standing(callers.member))["quality"]
    assert found["evidence"] >= 3 * 0.99
    assert found["mean"] < before["mean"]
    assert (await history(callers.member))[0]["rating"] == pytest.approx(0.1)
    # Said again it replaces what was said, and is counted again as the same one.
    await say(callers.member, kind="thumbs", decision_id=first, up=True)
    assert await counted(server) == 1
    assert (await counted(server)) == 0
    again = (await standing(callers.member))["quality"]
    assert again["evidence"] == pytest.approx(found["evidence"], rel=0.01)
    assert again["mean"] > found["mean"]


async def test_of_two_answers_the_chosen_one_gains_and_the_rejected_one_loses(
    server: Server, key: Client, callers: Callers, upstream: Upstream
) -> None:
    ids: dict[str, str] = {}
    for model in ("gpt-4o-mini", "gpt-4o"):
        rule = await make(callers.owner, "All", model)
        ids[model] = (await chat(key)).headers["x-radiant-decision-id"]
        await callers.owner.delete(f"/api/routing/rules/{rule['id']}")
    priors = {model: (await standing(callers.member, model))["quality"]["mean"] for model in ids}
    for chosen, rejected in (("gpt-4o-mini", "gpt-4o"), ("gpt-4o", "gpt-4o-mini")):
        # The other way round it replaces itself.
        await say(callers.member, kind="pair", chosen=ids[chosen], rejected=ids[rejected])
        await counted(server)
        found = {model: (await standing(callers.member, model))["quality"] for model in ids}
        assert found[chosen]["mean"] > priors[chosen]
        assert found[rejected]["mean"] < priors[rejected]
        assert found[chosen]["evidence"] < 2.1
    same = await callers.member.post(
        "/api/routing/feedback", {"kind": "pair", "chosen": ids["gpt-4o"], "rejected": ids["gpt-4o"]}
    )
    assert same.status == 422


async def test_the_decision_of_a_rule_that_is_deleted_meanwhile_is_kept(
    db: Database, tenant: Tenant, owner: Any, dsns: Dsns
) -> None:
    rule = await owner.fetchval(
        "insert into brain_routing_rules (tenant_id, name, conditions, target_model)"
        " values ($1, 'All', '{}', 'm') returning id",
        tenant.id,
    )  # fmt: skip
    decision = json.dumps({"by": "rule", "rule": str(rule), "rule_name": "All"})
    async with contextlib.AsyncExitStack() as stack:
        other = await asyncpg.connect(dsns.owner)
        stack.push_async_callback(other.close)
        deletion = other.transaction()
        await deletion.start()
        await other.execute("delete from brain_routing_rules where id = $1", rule)

        async def settle() -> None:
            async with db.system("test").tx() as tx:
                await tx.run(
                    "insert into usage_ledger (tenant_id, user_id, provider, model, decision)"
                    " values ($1, $2, 'openai', 'm', $3::text::jsonb)",
                    tenant.id, tenant.user_id, decision,
                )  # fmt: skip

        settling = asyncio.create_task(settle())
        async with asyncio.timeout(10):
            while not await owner.fetchval(
                "select count(*) from pg_locks where not granted and pid <> pg_backend_pid()"
            ):
                await asyncio.sleep(0.02)
        await deletion.commit()
        await settling
    row = await owner.fetchrow("select chosen_by, rule_id, rule_name from brain_routing_history")
    assert (row["chosen_by"], row["rule_id"], row["rule_name"]) == ("rule", None, "All")


async def test_feedback_is_of_ones_own_decisions_alone(
    key: Client, callers: Callers, upstream: Upstream, one_model: None
) -> None:
    decision = (await chat(key)).headers["x-radiant-decision-id"]
    for who in (callers.owner, callers.foreign_owner):
        answer = await who.post("/api/routing/feedback", {"kind": "thumbs", "decision_id": decision, "up": True})
        assert answer.status == 404, answer.body
    unknown = {"kind": "score", "decision_id": str(uuid4()), "score": 1}
    assert (await callers.member.post("/api/routing/feedback", unknown)).status == 404
    for wrong in ({"kind": "score", "decision_id": decision, "score": 1.5}, {"kind": "stars", "decision_id": decision}):
        assert (await callers.member.post("/api/routing/feedback", wrong)).status == 422


async def test_the_history_is_the_workspaces_for_an_admin_and_ones_own_otherwise_in_pages(
    server: Server, key: Client, callers: Callers, upstream: Upstream, one_model: None
) -> None:
    for _ in range(3):
        await chat(key)
    owners = await server.with_key(callers.tenant.id, callers.owner_id)
    await chat(owners)
    assert len(await history(callers.member)) == 3
    assert len(await history(callers.owner)) == 4
    assert len(await history(callers.owner, f"?user_id={callers.member_id}")) == 3
    assert await history(callers.foreign_owner) == []
    assert (await callers.member.get(f"/api/routing/history?user_id={callers.owner_id}")).status == 403
    for query, found in (
        ("?model=gpt-4o-mini", 4),
        ("?model=gpt-4o", 0),
        ("?task_type=code", 0),
        ("?success=false", 0),
        ("?since=2000-01-01T00:00:00Z", 4),
        ("?until=2000-01-01T00:00:00Z", 0),
        ("?since=2100-01-01T00:00:00%2B02:00", 0),
    ):
        assert len(await history(callers.owner, query)) == found
    seen: list[str] = []
    cursor = ""
    while True:
        page = (await callers.owner.get(f"/api/routing/history?limit=2{cursor}")).json()
        seen += [row["id"] for row in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert len(seen) == len(set(seen)) == 4


async def test_f11_11_a_decision_outlives_its_process_as_its_call_does(
    server: Server, key: Client, callers: Callers, upstream: Upstream, one_model: None, owner: Any
) -> None:
    upstream.plan(Say("a b c d e f", gap=5))
    body = {"model": "auto", "messages": [{"role": "user", "content": "hello"}], "stream": True}
    async with key.http.post(key.base_url + "/v1/chat/completions", json=body, headers=key.headers) as response:
        await response.content.readany()
        # In mid-answer the journal has the decision; the ledger, and the history with it, a moment later.
        await server.app.state.meter.flush()
        live = await owner.fetchrow("select id, success, ended_at, counted from brain_routing_history")
        assert tuple(live)[1:] == (None, None, False)
        journal: UUID = server.app.state.meter._journal.id
        # What the next process does for one that died.
        async with server.database.system("test").tx() as tx:
            _ = await recovery.store.settle_open(tx, journal)
        row = await owner.fetchrow("select success, error_kind, ended_at from brain_routing_history")
        assert (row["success"], row["error_kind"]) == (None, "abandoned")
        assert row["ended_at"] is not None


async def test_a_decision_that_makes_no_sense_keeps_no_call_out_of_the_ledger(
    db: Database, tenant: Tenant, owner: Any
) -> None:
    for decision in ('{"propensity": 0}', '{"resolve": "no uuid"}', '{"task": "juggling"}', '{"latency": 1e30}'):
        await owner.execute(
            "insert into usage_ledger (tenant_id, user_id, provider, model, decision)"
            " values ($1, $2, 'openai', 'm', $3::text::jsonb)",
            tenant.id, tenant.user_id, decision,
        )  # fmt: skip
    assert await owner.fetchval("select count(*) from usage_ledger") == 4
    assert await owner.fetchval("select count(*) from brain_routing_history") == 0


async def test_an_answer_that_was_kept_says_nothing_of_its_model(db: Database, tenant: Tenant, owner: Any) -> None:
    await owner.execute(
        "insert into usage_ledger (tenant_id, user_id, provider, model, state, ended, cached, cost, duration_ms,"
        " settled_at, decision) values ($1, $2, 'openai', 'm', 'settled', 'answered', true, 0, 5, now(), '{}')",
        tenant.id, tenant.user_id,
    )  # fmt: skip
    assert await count(db) == 1
    assert await owner.fetchval("select success from brain_routing_history")
    row = await owner.fetchrow("select successes, failures, unknown from brain_tenant_statistics")
    assert (row["successes"], row["failures"]) == (0, 0)
    assert row["unknown"] == pytest.approx(1, abs=0.01)


async def evidence(owner: Any, table: str, tenant_id: UUID | None = None) -> dict[tuple[str, str], tuple[float, float]]:
    rows = await owner.fetch(
        f"select model, place, precision, information from {table}"
        + ("" if tenant_id is None else f" where tenant_id = '{tenant_id}'")
    )
    return {(row["model"], row["place"]): (row["precision"], row["information"]) for row in rows}


async def test_feedback_teaches_what_the_prompt_was_like_without_a_word_of_it(
    server: Server, key: Client, callers: Callers, upstream: Upstream, one_model: None, owner: Any
) -> None:
    messages = [{"role": "user", "content": "Prove that the square root of two is irrational, step by step"}]
    decision = (await chat(key, messages=messages)).headers["x-radiant-decision-id"]
    await counted(server)
    row = await owner.fetchrow("select * from brain_routing_history where id = $1", UUID(decision))
    assert row["cell"] >= 0
    assert row["difficulty"] is not None
    assert "irrational" not in str(dict(row))
    await say(callers.member, kind="score", decision_id=decision, score=0.0)
    await counted(server)
    shared = await evidence(owner, "brain_model_evidence")
    own = await evidence(owner, "brain_tenant_evidence", callers.tenant.id)
    task, cell = f"task:{row['task_type']}", f"cell:{row['cell']}"
    assert set(shared) == {("gpt-4o-mini", place) for place in ("", task, cell)}
    assert set(own) == {("gpt-4o-mini", place) for place in (task, cell)}
    assert all(precision > 0 > information for precision, information in [*shared.values(), *own.values()])
    columns = {row[0] for row in await owner.fetch(
        "select attname from pg_attribute where attrelid = 'brain_model_evidence'::regclass and attnum > 0"
    )}  # fmt: skip
    assert columns == {"model", "place", "precision", "information", "updated_at"}


async def test_what_a_tenant_learned_counts_for_it_and_stays_its_own(
    server: Server, key: Client, callers: Callers, upstream: Upstream, one_model: None, owner: Any, db: Database
) -> None:
    before = (await standing(callers.foreign_owner))["quality"]
    decisions = [(await chat(key)).headers["x-radiant-decision-id"] for _ in range(8)]
    await counted(server)
    for decision in decisions:
        await say(callers.member, kind="score", decision_id=decision, score=0.0)
    await counted(server)
    mine, theirs = [(await standing(who))["quality"] for who in (callers.member, callers.foreign_owner)]
    assert mine["mean"] < theirs["mean"] < before["mean"], "all learn a little, the tenant itself most"
    assert before["mean"] - mine["mean"] > 3 * (before["mean"] - theirs["mean"])
    async with db.tenant(callers.other_tenant.id).tx() as tx:
        assert await tx.value("select count(*) from brain_tenant_evidence") == 0
    async with db.tenant(callers.tenant.id).tx() as tx:
        assert await tx.value("select count(*) from brain_tenant_evidence") == 2
    # With the tenant goes what is its own.
    await owner.execute("delete from tenants where id = $1", callers.tenant.id)
    assert await evidence(owner, "brain_tenant_evidence") == {}
    assert len(await evidence(owner, "brain_model_evidence")) == 3


async def test_f11_6_what_feedback_taught_is_known_in_every_process_within_five_seconds(
    server: Server, key: Client, callers: Callers, upstream: Upstream, one_model: None, db: Database, dsns: Dsns
) -> None:
    caller = caller_of(callers.tenant)
    async with another_process(db, dsns) as other:
        assert (await other.view(caller)).own_learned == {}
        decision = (await chat(key)).headers["x-radiant-decision-id"]
        await say(callers.member, kind="thumbs", decision_id=decision, up=False)
        await counted(server)
        async with asyncio.timeout(5):
            while not (await other.view(caller)).own_learned:
                await asyncio.sleep(0.05)
        assert len((await other.view(caller)).learned) == 3


async def test_f11_12_what_was_found_bad_is_chosen_no_more_by_who_found_it_so(
    server: Server, key: Client, callers: Callers, upstream: Upstream
) -> None:
    quality = {"weights": {"cost": 0, "latency": 0, "quality": 1, "reliability": 0}, "exploration": 0, "sticky": False}
    for who in (callers.owner, callers.foreign_owner):
        assert (await who.put("/api/routing/settings", quality)).status == 200
    first = await chat(key)
    best = first.headers["x-radiant-model"]
    for _ in range(5):
        decision = (await chat(key)).headers["x-radiant-decision-id"]
        for judge in range(10):
            await say(callers.member, kind="judge", judge=f"judge {judge}", decision_id=decision, score=0.0)
    await counted(server)
    body = {"prompt": "Tell me about the sea"}
    async with asyncio.timeout(5):
        while (await callers.member.post("/api/routing/route", body)).json()["model"] == best:
            await asyncio.sleep(0.1)
    assert (await callers.foreign_owner.post("/api/routing/route", body)).json()["model"] == best


async def test_calls_that_name_their_model_teach_how_fast_and_sure_it_is_once_each(
    server: Server, key: Client, callers: Callers, upstream: Upstream, owner: Any
) -> None:
    upstream.plan(Say(before=0.15, output_tokens=90), Say(before=0.15), *[Refuse(503, "busy")] * 3)
    for status in (200, 200, 503):
        answer = await chat(key, "gpt-4o")
        assert answer.status == status, answer.body
    assert await history(callers.member) == []
    assert await counted(server) == 3
    assert await counted(server) == 0
    mine, theirs = [(await row_of(who, "gpt-4o"))["named"] for who in (callers.member, callers.foreign_owner)]
    assert (mine["own_calls"], theirs["own_calls"]) == (pytest.approx(3, abs=0.01), 0)
    assert theirs["calls"] == pytest.approx(3, abs=0.01)
    assert 150 <= mine["latency_p50_ms"] < 1000
    assert float(mine["cost"]) > 0
    # Of no task, yet each task is estimated by them as long as nothing nearer is known.
    for who in (callers.member, callers.foreign_owner):
        task = await standing(who, "gpt-4o", "code")
        assert (task["calls"], task["own_calls"], task["cost"]) == (0, 0, None)
        assert 150 <= task["latency_p50_ms"] < 1000
        assert task["reliability"]["mean"] < 0.97
    rows = await owner.fetch("select task_type, latency_sketch from brain_tenant_statistics")
    assert [row["task_type"] for row in rows] == ["any"]
    assert await owner.fetchval("select count(*) from brain_uncounted_calls") == 0


async def row_of(who: Client, model: str) -> dict[str, Any]:
    answer = await who.get(f"/api/routing/models?model={model}")
    assert answer.status == 200, answer.body
    return answer.json()["items"][0]


async def test_a_named_call_is_counted_once_though_its_process_or_the_counting_one_dies(
    server: Server, key: Client, callers: Callers, upstream: Upstream, owner: Any
) -> None:
    upstream.plan(Say("a b c d e f", gap=5))
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hello"}], "stream": True}
    async with key.http.post(key.base_url + "/v1/chat/completions", json=body, headers=key.headers) as response:
        await response.content.readany()
        await server.app.state.meter.flush()
        assert await owner.fetchval("select state from usage_ledger") == "reserved"
        assert await count(server.database) == 0
        # What the next process does for one that died.
        async with server.database.system("test").tx() as tx:
            _ = await recovery.store.settle_open(tx, server.app.state.meter._journal.id)
    # A counting process that dies before its transaction ends has counted nothing.
    with pytest.raises(ConnectionError):
        async with server.database.system("test").tx() as tx:
            assert len(await history_store.uncounted_calls(tx, 10)) == 1
            raise ConnectionError
    assert await count(server.database) == 1
    # The process lived after all and says how the call ended: it is known already.
    await server.app.state.meter.flush()
    await owner.execute("update usage_ledger set ended = 'answered', state = 'settled'")
    assert await count(server.database) == 0
    row = await owner.fetchrow("select successes, failures, unknown from brain_model_statistics")
    assert (row["successes"], row["failures"]) == (0, 0)
    assert row["unknown"] == pytest.approx(1, abs=0.01)


async def test_of_named_calls_chats_alone_count_and_none_that_was_answered_from_what_was_kept(
    db: Database, tenant: Tenant, owner: Any
) -> None:
    for kind, ended, cached in (
        ("embedding", "answered", False), ("chat", "answered", True), ("chat", None, False), ("chat", "answered", False),
    ):  # fmt: skip
        await owner.execute(
            "insert into usage_ledger (tenant_id, user_id, provider, model, kind, state, ended, cached, cost,"
            " duration_ms, input_tokens, output_tokens, settled_at)"
            " values ($1, $2, 'openai', 'm', $3, $4::text, $5, $6, 0, 5, 1, 1, case when $4::text = 'settled' then now() end)",
            tenant.id, tenant.user_id, kind, "reserved" if ended is None else "settled", ended, cached,
        )  # fmt: skip
    assert await count(db) == 1
    assert await owner.fetchval("select successes from brain_tenant_statistics") == pytest.approx(1, abs=0.01)


async def opinions(owner: Any, tenant: Tenant, days: int = 200) -> None:
    """Three decisions of one model, with an opinion of each, days apart."""
    for at, value in enumerate((0.0, 1.0, 0.0)):
        decision = uuid4()
        await owner.execute(
            "insert into brain_routing_history (id, tenant_id, user_id, task_type, selected_model, difficulty, cell,"
            " ended_at, success, counted) values ($1, $2, $3, 'code', 'm', 0.5, 7, now(), true, true)",
            decision, tenant.id, tenant.user_id,
        )  # fmt: skip
        await owner.execute(
            "insert into brain_feedback (tenant_id, user_id, decision_id, kind, value, updated_at)"
            " values ($1, $2, $3, 'score', $4, timestamptz '2026-01-01' + make_interval(days => $5))",
            tenant.id, tenant.user_id, decision, value, at * days,
        )  # fmt: skip


async def test_what_opinions_taught_depends_neither_on_when_nor_with_what_they_are_counted(
    db: Database, tenant: Tenant, owner: Any
) -> None:
    await opinions(owner, tenant)
    tables = ("brain_model_evidence", "brain_tenant_evidence")

    async def kept() -> list[Any]:
        return [list(await owner.fetch(f"select * from {table} order by place")) for table in tables]

    assert await count(db) == 3
    together = await kept()
    assert [len(rows) for rows in together] == [3, 2]
    for table in tables:
        await owner.execute(f"delete from {table}")
    await owner.execute("update brain_feedback set counted_value = null, updated_at = updated_at")
    for number in range(3):
        await owner.execute(
            "update brain_feedback set counted_value = value where id not in"
            " (select id from brain_feedback order by updated_at offset $1 limit 1)",
            number,
        )
        await owner.execute(
            "update brain_feedback set counted_value = null where id in"
            " (select id from brain_feedback order by updated_at offset $1 limit 1)",
            number,
        )
        assert await count(db) == 1
    assert await kept() == together, "to the last bit"


async def test_evidence_of_quality_halves_in_ninety_days_alike_in_all_processes(
    db: Database, tenant: Tenant, owner: Any
) -> None:
    await opinions(owner, tenant, days=0)
    assert await count(db) == 3
    async with tenant.db.tx() as tx:
        rows = await store.evidence(tx)
    began = datetime(2026, 1, 1, tzinfo=UTC)
    fresh, old, older = (sums_of(rows, None, began + timedelta(days=days)) for days in (0, 90, 180))
    morning, evening = (sums_of(rows, None, began + timedelta(days=90, hours=hours)) for hours in (1, 23))
    assert morning == evening == old, "by the day, so whoever reads when has the same"
    for key, (precision, information) in fresh.items():
        assert precision > 0 > information
        assert old[key] == (pytest.approx(precision / 2), pytest.approx(information / 2))
        assert older[key] == (pytest.approx(precision / 4), pytest.approx(information / 4))
    assert sums_of(rows, None, began - timedelta(days=1)) == fresh, "a clock behind adds nothing"
