"""What labels and verdicts teach, what a dead process leaves, and who sees nothing."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from radiant.foundation.runs.hub import end_abandoned
from radiant.infra.db import Database
from radiant.workspace.merging import service
from tests.kit.fixtures import Callers, models_root
from tests.kit.postgres import Dsns
from tests.kit.server import Server
from tests.kit.upstream import Say, Upstream
from tests.workspace.merging.kit import FOUR, JUDGE, begin, given, merged, script, user_text
from tests.workspace.merging.test_merging import BETTER, SUM, TIDES, WORSE
from tests.workspace.turns.test_turns import events


async def test_labels_make_the_score_of_a_class(callers: Callers, upstream: Upstream) -> None:
    texts = given("Blue whales live in the sea.", "Blue whales live in the sea and eat krill.")
    prompt = "Tell me of blue whales, where do they live?"
    before, _ = await merged(callers.member, prompt, "best_of", responses=texts)
    assert (before["quality_score"], before["quality_basis"]) == (None, "uncalibrated")
    async with callers.tenant.db.tx() as tx:
        await tx.run(
            "insert into merge_labels (tenant_id, session_id, strategy, answer_kind, confidence, good)"
            " select $1, gen_random_uuid(), 'best_of', 'text', g / 200.0, g > 100 from generate_series(1, 200) g",
            tx.tenant_id,
        )
    after, _ = await merged(callers.member, prompt, "best_of", responses=texts)
    assert after["quality_basis"] == "isotonic over 200 labels of this class"
    assert after["quality_score"] == pytest.approx(0.98 if after["confidence"] > 0.5 else 0.02, abs=0.02)


async def test_feedback_moves_the_records_of_models_and_is_counted_once(callers: Callers, upstream: Upstream) -> None:
    texts = given("12", "12", "13")
    first, _ = await merged(callers.member, SUM, "consensus", responses=texts)
    for _ in range(2):
        answer = await callers.member.post(f"/api/merging/{first['id']}/feedback", {"good": True})
        assert answer.json()["good"] is True
    async with callers.tenant.db.tx() as tx:
        rows = await tx.all("select * from merge_agreements where tenant_id = $1 order by model, other", tx.tenant_id)
        labels = await tx.value("select count(*) from merge_labels where tenant_id = $1 and good", tx.tenant_id)
    sums = {(row["model"], row["other"]): (row["of_right"], row["same_right"], row["of_wrong"]) for row in rows}
    assert sums["m-one", "m-one"] == (1, 1, 0)
    assert sums["m-one", "m-two"] == (1, 1, 0)
    assert sums["m-one", "m-three"] == (1, 0, 0)
    assert sums["m-three", "m-three"] == (0, 0, 1)
    assert labels == 1
    for number in range(12):
        merge, _ = await merged(callers.member, f"{SUM} ({number})", "consensus", responses=given("12", "12", "13"))
        await callers.member.post(f"/api/merging/{merge['id']}/feedback", {"good": True})
    later, _ = await merged(callers.member, SUM, "consensus", responses=texts)
    assert later["confidence"] > first["confidence"]
    others = given("12", "13", "14", models=("n-one", "n-two", "n-three"))
    nothing, _ = await merged(callers.member, SUM, "consensus", responses=others)
    refused = await callers.member.post(f"/api/merging/{nothing['id']}/feedback", {"good": True})
    assert (refused.status, refused.json()["type"].rpartition("/")[2]) == (409, "nothing-to-label")


async def test_verdicts_and_thumbs_reach_the_brain(callers: Callers, upstream: Upstream, db: Database) -> None:
    def judge(body: Any) -> str:
        first = user_text(body).split("first answer begins")[1].split("first answer ends")[0]
        return json.dumps({"winner": "first" if "gravity" in first else "second", "reason": ""})

    script(upstream, {FOUR[0]: BETTER, FOUR[1]: WORSE, JUDGE: judge})
    merge, _ = await merged(callers.member, TIDES, "best_of", models=list(FOUR[:2]), judge_model=JUDGE)
    pairs: list[Any] = []
    while not pairs:
        await asyncio.sleep(0.05)
        async with db.system("test").tx() as tx:
            pairs = await tx.all("select judge, value from brain_feedback where kind = 'pair'")
    assert [row["judge"] for row in pairs] == [JUDGE]
    await callers.member.post(f"/api/merging/{merge['id']}/feedback", {"good": True})
    decisions = (await callers.member.get("/api/routing/history?chosen_by=merge")).json()["items"]
    assert {one["selected_model"] for one in decisions} == set(FOUR[:2])
    assert {one["selected_model"]: one["rating"] for one in decisions}[FOUR[0]] == 1


async def test_an_answer_that_a_model_gives_whatever_is_asked_is_kept_out(callers: Callers, upstream: Upstream) -> None:
    for number in range(3):
        await merged(
            callers.member, f"How many is {number} plus {number}?", "consensus", responses=given("42", str(2 * number))
        )
    merge, _ = await merged(callers.member, SUM, "best_of", responses=given("42", "12"))
    assert merge["responses"][0]["gates"] == ["constant"]
    assert merge["final_result"] == "12"


async def test_a_dead_process_leaves_an_interrupted_merge_with_what_came(
    callers: Callers, upstream: Upstream, db: Database
) -> None:
    script(upstream, {FOUR[0]: "The answer is 12.", FOUR[1]: Say("word " * 100, gap=0.1)})
    made = await begin(callers.member, SUM, "consensus", models=list(FOUR[:2]))
    seen = await events(callers.member, made["run_id"], until=2)
    assert [kind for _, kind, _ in seen] == ["asked", "answer"]
    await asyncio.sleep(0.3)
    async with db.system("test").tx() as tx:
        await tx.run("update runs set lease_until = current_timestamp - interval '1 second'")
    assert await end_abandoned(db, {service.KIND: service.keep_abandoned}) == 1
    merge = (await callers.member.get(f"/api/merging/{made['id']}")).json()
    assert (merge["status"], merge["error"]["slug"]) == ("failed", "interrupted")
    assert [one["response"] for one in merge["responses"]] == ["The answer is 12."]
    assert float(merge["total_cost"]) > 0
    assert (await events(callers.member, made["run_id"]))[-1][1] == "failed"


async def test_kill_9_in_the_middle_ends_the_merge_as_interrupted(
    callers: Callers, upstream: Upstream, db: Database, dsns: Dsns, tmp_path: Path
) -> None:
    script(upstream, {FOUR[0]: "The answer is 12.", FOUR[1]: Say("word " * 400, gap=0.1)})
    orders = {
        "owner": dsns.owner, "app": dsns.app, "system": dsns.system, "folder": str(tmp_path), "objects": str(tmp_path),
        "models": str(models_root()), "tenant": str(callers.tenant.id), "user": str(callers.member_id),
        "merge": json.dumps({"prompt": SUM, "strategy": "consensus", "models": list(FOUR[:2])}),
    }  # fmt: skip
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.kit.door_child", json.dumps(orders),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        assert child.stdout is not None
        line = await asyncio.wait_for(child.stdout.readline(), 60)
        while not line.startswith(b'{"id"'):
            assert line, "the child ended"
            line = await asyncio.wait_for(child.stdout.readline(), 60)
        path = f"/api/merging/{json.loads(line)['id']}"
        while not (await callers.member.get(path)).json()["responses"]:
            await asyncio.sleep(0.05)
    finally:
        child.kill()
        await child.wait()
    assert (await callers.member.get(path)).json()["status"] == "running"
    # Its lease has not run out: the process is known to be gone.
    assert await end_abandoned(db, {service.KIND: service.keep_abandoned}) == 1
    merge = (await callers.member.get(path)).json()
    assert (merge["status"], merge["error"]["slug"]) == ("failed", "interrupted")
    assert [one["response"] for one in merge["responses"]] == ["The answer is 12."]
    answer = await callers.member.post(f"{path}/again", {"strategy": "best_of"})
    assert answer.status == 201


async def test_f0_5_nobody_else_sees_a_merge(callers: Callers, upstream: Upstream) -> None:
    merge, _ = await merged(callers.member, SUM, "consensus", responses=given("12", "12"))
    for stranger in (callers.owner, callers.foreign_owner):
        path = f"/api/merging/{merge['id']}"
        assert (await stranger.get(path)).status == 404
        assert (await stranger.delete(path)).status == 404
        assert (await stranger.post(f"{path}/feedback", {"good": True})).status == 404
        assert (await stranger.post(f"{path}/again", {"strategy": "debate"})).status == 404
        assert (await stranger.get(f"/api/runs/{merge['run_id']}/events")).status == 404
        assert (await stranger.get("/api/merging")).json()["items"] == []
    message = str(UUID(int=7))
    ours, _ = await merged(callers.member, SUM, "consensus", responses=[{**given("12")[0], "message_id": message}])
    assert ours["responses"][0]["message_id"] == message


async def test_a_bug_in_the_middle_ends_the_merge_and_keeps_its_answers(
    callers: Callers, upstream: Upstream, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(prompt: str, text: str) -> bool:
        raise RuntimeError(f"no sandbox for {len(prompt + text)} characters")

    monkeypatch.setattr(server.app.state.merging, "_run_code", broken)
    code = given("```py\nprint(1)\n```", "```py\nprint(2)\n```")
    merge, found = await merged(callers.member, "Write a program that prints one.", "best_of", responses=code)
    assert (merge["status"], merge["error"]["slug"], found[-1][1]) == ("failed", "internal", "failed")
    assert [one["response"] for one in merge["responses"]] == [one["response"] for one in code]
    assert (await callers.member.delete(f"/api/merging/{merge['id']}")).status == 204


async def test_code_is_chosen_by_running_it_where_there_is_a_sandbox(
    callers: Callers, upstream: Upstream, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def runs(prompt: str, text: str) -> bool:
        return "print(1)" in text

    monkeypatch.setattr(server.app.state.merging, "_run_code", runs)
    code = given("```py\nprint(2)\n```", "```py\nprint(1)\n```", "```py\nprint(2)  # two\n```")
    merge, _ = await merged(callers.member, "Write a program that prints one.", "best_of", responses=code)
    assert (merge["answer_kind"], merge["chosen"], merge["decided_by"]) == ("code", 1, "checks")


async def test_a_merge_made_again_still_tells_the_brain_whose_answers_they_were(
    callers: Callers, upstream: Upstream, db: Database
) -> None:
    verdict = json.dumps({"winner": "tie", "reason": "half a pair \ud83d, and a zero \u0000"})
    script(upstream, {FOUR[0]: BETTER, FOUR[1]: WORSE, JUDGE: verdict})
    merge, _ = await merged(callers.member, TIDES, "consensus", models=list(FOUR[:2]))
    answer = await callers.member.post(
        f"/api/merging/{merge['id']}/again", {"strategy": "best_of", "judge_model": JUDGE}
    )
    await events(callers.member, answer.json()["run_id"])
    again = (await callers.member.get(f"/api/merging/{answer.json()['id']}")).json()
    assert again["judgements"][0]["reasons"][0].startswith("half a pair")
    assert "\x00" not in json.dumps(again)
    async with db.system("test").tx() as tx:
        rows = await tx.all("select session_id, model, decision_id from merge_responses order by model")
    by_model: dict[str, set[Any]] = {}
    for row in rows:
        by_model.setdefault(row["model"], set()).add(row["decision_id"])
    assert {model: len(decisions) for model, decisions in by_model.items()} == dict.fromkeys(FOUR[:2], 1)
    assert None not in by_model[FOUR[0]]
