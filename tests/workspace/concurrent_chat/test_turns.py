"""Turns of panes: who is asked what, who answers, and what comes of a pane that cannot."""

import asyncio

from tests.kit.fixtures import Callers
from tests.kit.upstream import Drop, Refuse, Say, Upstream
from tests.workspace.concurrent_chat.panes import (
    BASE,
    MODEL,
    Heard,
    ask,
    at_rest,
    chat,
    hear,
    looked,
    mode,
    problem_of,
    read,
    session_of,
    shown,
    words,
)


async def test_f19_5_broadcast_asks_every_pane_and_independent_only_those_named(
    callers: Callers, upstream: Upstream
) -> None:
    made = await session_of(callers.member, 3)
    answer = await callers.member.post(f"{BASE}/{made['id']}/turns", {"content": words("All?")})
    assert (answer.status, problem_of(answer)) == (422, "panes-not-chosen")
    one = made["panes"][1]
    alone = await ask(callers.member, made, "You?", pane_ids=[one["id"]])
    assert (alone["turn"], [each["pane_id"] for each in alone["started"]]) == (1, [one["id"]])
    await mode(callers.member, made, "broadcast")
    await at_rest(callers.member, made)
    both = await ask(callers.member, made, "Everybody?")
    assert both["turn"] == 2
    assert [each["pane_id"] for each in both["started"]] == [pane["id"] for pane in made["panes"]]
    found = await at_rest(callers.member, made)
    assert found["last_turn"]["questions"] == {each["pane_id"]: each["user_message"]["id"] for each in both["started"]}
    assert len(upstream.requests) == 4
    assert [role for role, _ in await shown(callers.member, one["chat_id"])] == ["user", "assistant"] * 2
    assert len(await shown(callers.member, made["panes"][0]["chat_id"])) == 2
    chosen = await ask(callers.member, made, "Two?", pane_ids=[made["panes"][2]["id"], made["panes"][0]["id"]])
    assert len(chosen["started"]) == 2
    await at_rest(callers.member, made)


async def test_f19_7_each_pane_is_asked_in_its_own_manner_after_what_all_share(
    callers: Callers, upstream: Upstream
) -> None:
    panes = [
        {"model": MODEL, "system_prompt": "Be brief.", "parameters": {"temperature": 0.5, "max_tokens": 77, "seed": 3}},
        {"model": "gpt-4o-mini"},
    ]
    made = await session_of(callers.member, panes)
    await mode(callers.member, made, "broadcast", shared_context="We sell tea.")
    await ask(callers.member, made, "What now?")
    found = await at_rest(callers.member, made)
    sent = {request.body["model"]: request.body for request in upstream.requests}
    assert sent[MODEL]["messages"][0] == {"role": "system", "content": "We sell tea.\n\nBe brief."}
    assert (sent[MODEL]["temperature"], sent[MODEL]["seed"]) == (0.5, 3)
    assert 77 in (sent[MODEL].get("max_tokens"), sent[MODEL].get("max_completion_tokens"))
    assert sent["gpt-4o-mini"]["messages"][0] == {"role": "system", "content": "We sell tea."}
    assert "temperature" not in sent["gpt-4o-mini"]
    for pane in found["panes"]:
        assert (await shown(callers.member, pane["chat_id"]))[-1] == ("assistant", "Hello from upstream.")
        assert (await chat(callers.member, pane["chat_id"]))["title"] == "What now?"


async def test_a_pane_that_cannot_start_does_not_hinder_the_others(callers: Callers, upstream: Upstream) -> None:
    made = await session_of(callers.member, 3)
    await mode(callers.member, made, "broadcast")
    upstream.plan(Say("word " * 500, gap=0.01))
    await ask(callers.member, made, "Talk.", pane_ids=[made["panes"][0]["id"]])
    turn = await ask(callers.member, made, "And?")
    assert [each["pane_id"] for each in turn["started"]] == [pane["id"] for pane in made["panes"][1:]]
    assert [(each["pane_id"], each["error"]["slug"]) for each in turn["refused"]] == [
        (made["panes"][0]["id"], "still-answering")
    ]
    # Nothing of the refused question stays.
    assert len((await chat(callers.member, made["panes"][0]["chat_id"]))["messages"]) == 2
    path = f"{BASE}/{made['id']}/turns"
    nobody = await callers.member.post(path, {"content": words("You?"), "pane_ids": [made["panes"][0]["id"]]})
    assert (nobody.status, problem_of(nobody)) == (409, "nothing-started")
    assert nobody.json()["refused"][0]["error"]["slug"] == "still-answering"
    await callers.member.post(f"{BASE}/{made['id']}/stop", {})
    await at_rest(callers.member, made)


async def test_one_idempotency_key_asks_once(callers: Callers, upstream: Upstream) -> None:
    made = await session_of(callers.member, 2)
    await mode(callers.member, made, "broadcast")
    path, headers = f"{BASE}/{made['id']}/turns", {"Idempotency-Key": "once"}
    body = {"content": words("Once?")}
    answers = await asyncio.gather(*(callers.member.post(path, body, headers=headers) for _ in range(4)))
    assert len({answer.body for answer in answers}) == 1
    await at_rest(callers.member, made)
    assert len(upstream.requests) == 2
    other = await callers.member.post(path, {"content": words("Other?")}, headers=headers)
    assert problem_of(other) == "idempotency-mismatch"


async def test_stop_ends_the_panes_named_or_all_and_keeps_what_was_said(callers: Callers, upstream: Upstream) -> None:
    made = await session_of(callers.member, 3)
    await mode(callers.member, made, "broadcast")
    upstream.default = Say("word " * 500, gap=0.01)
    turn = await ask(callers.member, made, "Talk.")
    heard = await hear(callers.member, made, Heard(), events=20)
    live = (await read(callers.member, made))["panes"]
    assert [pane["run_id"] for pane in live] == [each["run_id"] for each in turn["started"]]
    first, second, third = (pane["id"] for pane in made["panes"])
    stopped = await callers.member.post(f"{BASE}/{made['id']}/stop", {"pane_ids": [second]})
    assert (stopped.status, stopped.json()) == (202, {"stopped": [second]})
    heard = await hear(callers.member, made, heard, runs={turn["started"][1]["run_id"]})
    message = (await chat(callers.member, turn["started"][1]["chat_id"]))["messages"][-1]
    assert message["status"] == "stopped"
    assert message["content"][0]["text"] == heard.text(turn["started"][1]["run_id"])
    rest = await callers.member.post(f"{BASE}/{made['id']}/stop")
    assert rest.json() == {"stopped": [first, third]}
    await at_rest(callers.member, made)
    assert (await callers.member.post(f"{BASE}/{made['id']}/stop", {})).json() == {"stopped": []}


async def test_retry_and_edit_are_branches_of_one_pane(callers: Callers, upstream: Upstream) -> None:
    made = await session_of(callers.member, 2)
    await mode(callers.member, made, "broadcast")
    turn = await ask(callers.member, made, "One?")
    await at_rest(callers.member, made)
    started = turn["started"][0]
    path = f"{BASE}/{made['id']}/panes/{started['pane_id']}"
    again = {"message_id": started["assistant_message"]["id"], "model": "gpt-4o-mini"}
    retried = await callers.member.post(f"{path}/retry", again)
    assert retried.status == 201
    one = retried.json()["started"][0]
    assert one["assistant_message"]["parent_id"] == started["user_message"]["id"]
    found = await at_rest(callers.member, made)
    assert upstream.requests[-1].body["model"] == "gpt-4o-mini"
    assert found["panes"][0]["model"] == MODEL
    edit = {"message_id": started["user_message"]["id"], "content": words("One, better?")}
    edited = (await callers.member.post(f"{path}/edit", edit)).json()["started"][0]
    assert edited["user_message"]["parent_id"] is None
    await at_rest(callers.member, made)
    assert (await shown(callers.member, started["chat_id"]))[0][1] == "One, better?"
    assert len((await chat(callers.member, started["chat_id"]))["messages"]) == 5
    assert len((await chat(callers.member, turn["started"][1]["chat_id"]))["messages"]) == 2
    for action, body in (("retry", again), ("edit", edit)):
        other = f"{BASE}/{made['id']}/panes/{turn['started'][1]['pane_id']}/{action}"
        assert (await callers.member.post(other, body)).status == 404


async def test_a_failed_pane_says_why_and_names_the_next_best_model(
    callers: Callers, upstream: Upstream, claude: Upstream
) -> None:
    del claude  # another provider that is connected
    made = await session_of(callers.member, 2)
    await mode(callers.member, made, "broadcast")
    upstream.default = Refuse(500, "boom")
    heard = await looked(callers.member, made)
    turn = await ask(callers.member, made, "Hello?")
    await hear(callers.member, made, heard, runs={each["run_id"] for each in turn["started"]})
    failed = [event["data"] for event in heard.runs if event["kind"] == "failed"]
    assert len(failed) == 2
    for data in failed:
        assert data["slug"].startswith("upstream-")
        assert data["title"]
        assert data["detail"]
        assert data["next_best"]["model"] != MODEL
        assert data["next_best"]["model"] in data["next_best"]["reason"]
    assert [pane["status"] for pane in (await at_rest(callers.member, made))["panes"]] == ["failed", "failed"]
    # The offer can be taken: the pane answers by that model.
    started, offer = turn["started"][0], failed[0]["next_best"]["model"]
    upstream.default = Say("Well.")
    again = {"message_id": started["assistant_message"]["id"], "model": offer}
    await callers.member.post(f"{BASE}/{made['id']}/panes/{started['pane_id']}/retry", again)
    found = await at_rest(callers.member, made)
    assert found["panes"][0]["status"] == "idle"
    assert (await chat(callers.member, started["chat_id"]))["messages"][-1]["model"] == offer


async def test_the_next_best_is_of_another_provider_where_that_is_away_and_free_after_a_budget(
    callers: Callers, upstream: Upstream, claude: Upstream
) -> None:
    del claude
    made = await session_of(callers.member, 1)
    pane = made["panes"][0]["id"]
    upstream.default = Drop()
    heard = await looked(callers.member, made)
    turn = await ask(callers.member, made, "Hello?", pane_ids=[pane])
    await hear(callers.member, made, heard, runs={turn["started"][0]["run_id"]})
    assert heard.runs[-1]["data"]["slug"] == "upstream-unreachable"
    assert heard.runs[-1]["data"]["next_best"]["model"].startswith("claude")
    budget = await callers.owner.post("/api/budgets", {"period": "day", "amount": "0.000000001"})
    assert budget.status == 201
    turn = await ask(callers.member, made, "Hello?", pane_ids=[pane])
    await hear(callers.member, made, heard, runs={turn["started"][0]["run_id"]})
    assert heard.runs[-1]["data"]["slug"] == "budget-exceeded"
    assert "no cost" in heard.runs[-1]["data"]["next_best"]["reason"]


async def test_a_model_that_is_not_there_says_so_and_is_followed_by_one_that_is(
    callers: Callers, upstream: Upstream
) -> None:
    made = await session_of(callers.member, [{"model": "no-such-model"}])
    heard = await looked(callers.member, made)
    turn = await ask(callers.member, made, "Hello?", pane_ids=[made["panes"][0]["id"]])
    await hear(callers.member, made, heard, runs={turn["started"][0]["run_id"]})
    assert heard.runs[-1]["data"]["slug"] == "model-not-found"
    assert heard.runs[-1]["data"]["next_best"]["model"] != "no-such-model"


async def test_a_pane_whose_chat_was_deleted_starts_another(callers: Callers, upstream: Upstream) -> None:
    made = await session_of(callers.member, 1)
    pane = made["panes"][0]
    await callers.member.delete(f"/api/chats/{pane['chat_id']}")
    assert (await read(callers.member, made))["panes"][0]["chat_id"] is None
    turn = await ask(callers.member, made, "Still there?", pane_ids=[pane["id"]])
    found = await at_rest(callers.member, made)
    assert found["panes"][0]["chat_id"] == turn["started"][0]["chat_id"] != pane["chat_id"]


async def test_status_follows_a_chat_whoever_asks_there(callers: Callers, upstream: Upstream) -> None:
    made = await session_of(callers.member, 2)
    pane = made["panes"][0]
    upstream.plan(Say("word " * 60, gap=0.01))
    turn = await callers.member.post(f"/api/chats/{pane['chat_id']}/turns", {"content": words("From the chat.")})
    seen = {"queued": False, "streaming": False}
    for _ in range(200):
        status = (await read(callers.member, made))["panes"][0]["status"]
        seen[status] = True
        if status == "idle":
            break
        await asyncio.sleep(0.01)
    assert seen == {"queued": True, "streaming": True, "idle": True}
    now = await read(callers.member, made)
    assert now["panes"][0]["last_activity"] > pane["last_activity"]
    assert now["panes"][1]["last_activity"] == made["panes"][1]["last_activity"]
    assert turn.status == 201
