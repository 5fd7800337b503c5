"""One stream of a session: all panes, exact when it is taken up again, from any process, bounded."""

import asyncio
import contextlib
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from radiant.foundation.runs.hub import RunHub, end_abandoned
from radiant.infra.db import Database
from radiant.kit.ids import PanesId, RunId, uuid7
from radiant.workspace.concurrent_chat.events import Position, Reader
from radiant.workspace.turns import service as turns
from tests.kit.fixtures import Callers
from tests.kit.postgres import Dsns
from tests.kit.server import Client, Server
from tests.kit.upstream import Say, Upstream
from tests.workspace.concurrent_chat.child import at, second_process
from tests.workspace.concurrent_chat.panes import (
    BASE,
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
    stream,
)


async def four(client: Client, upstream: Upstream, said: str, gap: float) -> tuple[dict[str, Any], dict[str, Any]]:
    """A session of four panes that are all answering."""
    made = await session_of(client, 4)
    await mode(client, made, "broadcast")
    upstream.default = Say(said, gap=gap)
    return made, await ask(client, made, "Count.")


async def test_one_stream_brings_the_session_and_every_panes_answer(callers: Callers, upstream: Upstream) -> None:
    made = await session_of(callers.member, 4)
    await mode(callers.member, made, "broadcast")
    heard = Heard()
    listening = asyncio.create_task(hear(callers.member, made, heard, events=4))
    while not heard.sessions:
        await asyncio.sleep(0.01)
    upstream.default = Say("one two three four five six seven eight nine ten", gap=0.005)
    turn = await ask(callers.member, made, "Count.")
    await listening
    await hear(callers.member, made, heard, runs={each["run_id"] for each in turn["started"]})
    for each in turn["started"]:
        of_run = [event for event in heard.runs if event["run_id"] == each["run_id"]]
        assert {event["pane_id"] for event in of_run} == {each["pane_id"]}
        assert [event["kind"] for event in of_run if event["kind"] != "text"] == ["started", "usage", "done"]
        assert [event["seq"] for event in of_run] == list(range(1, len(of_run) + 1))
        assert heard.text(each["run_id"]) == upstream.default.text
        assert of_run[-1]["data"]["message"]["id"] == each["assistant_message"]["id"]
    states = [tuple(pane["status"] for pane in told["panes"]) for told in heard.sessions]
    assert states[0] == ("idle",) * 4
    assert ("queued",) * 4 in states


async def test_cut_at_a_hundred_points_it_goes_on_without_a_gap_or_a_double(
    callers: Callers, upstream: Upstream
) -> None:
    said = " ".join(f"word{n}" for n in range(250))
    made, turn = await four(callers.member, upstream, said, 0.008)
    runs = {each["run_id"] for each in turn["started"]}
    heard, chance = Heard(), random.Random(7)
    for _ in range(100):
        await hear(callers.member, made, heard, runs=runs, events=chance.randint(1, 18))
    await hear(callers.member, made, heard, runs=runs)
    for run_id in runs:
        numbers = [event["seq"] for event in heard.runs if event["run_id"] == run_id]
        assert numbers == sorted(set(numbers))
        assert heard.text(run_id) == said


async def test_what_began_and_ended_while_nobody_listened_is_brought_whole(
    callers: Callers, upstream: Upstream
) -> None:
    made, first = await four(callers.member, upstream, "a b c d e f g h", 0.01)
    heard = await hear(callers.member, made, Heard(), events=9)
    await at_rest(callers.member, made)
    second = await ask(callers.member, made, "Again.")
    await at_rest(callers.member, made)
    runs = {each["run_id"] for turn in (first, second) for each in turn["started"]}
    await hear(callers.member, made, heard, runs=runs)
    assert {heard.text(run) for run in runs} == {"a b c d e f g h"}
    # Once read to their end they do not come again.
    count = len(heard.runs)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.5):
            await hear(callers.member, made, heard, events=1)
    assert len(heard.runs) == count
    # And whoever comes anew begins with what is live: nothing.
    fresh = Heard()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.5):
            await hear(callers.member, made, fresh, events=1)
    assert (len(fresh.sessions), fresh.runs) == (1, [])


async def test_without_a_position_live_answers_come_from_their_beginning(callers: Callers, upstream: Upstream) -> None:
    said = " ".join(f"w{n}" for n in range(60))
    made, turn = await four(callers.member, upstream, said, 0.01)
    await hear(callers.member, made, Heard(), events=60)
    second_tab = await hear(callers.member, made, Heard(), runs={each["run_id"] for each in turn["started"]})
    assert {second_tab.text(each["run_id"]) for each in turn["started"]} == {said}


async def test_a_change_from_another_tab_is_told(callers: Callers) -> None:
    made = await session_of(callers.member, 1)
    async with asyncio.timeout(10):
        async with stream(callers.member, made) as found:
            assert (await anext(found))[1:] == ("session", await read(callers.member, made))
            await callers.member.post(f"{BASE}/{made['id']}/panes", {})
            assert len((await anext(found))[2]["panes"]) == 2
            await callers.member.patch(f"{BASE}/{made['id']}", {"name": "Other"})
            assert (await anext(found))[2]["name"] == "Other"
            await mode(callers.member, made, "synchronized")
            assert (await anext(found))[2]["sync"]["mode"] == "synchronized"
            await callers.member.delete(f"{BASE}/{made['id']}")
            assert await anext(found, None) is None


async def test_a_bad_position_is_refused_with_what_to_do(callers: Callers) -> None:
    made = await session_of(callers.member, 1)
    for after in ("nonsense", "AAAA", "a" * 9000, "_" * 11):
        answer = await callers.member.get(f"{BASE}/{made['id']}/events?after={after}")
        assert (answer.status, problem_of(answer)) == (422, "bad-cursor")
        assert "leave it out" in answer.json()["detail"]


async def test_a_second_process_streams_the_same_and_stops_it_too(
    callers: Callers, upstream: Upstream, dsns: Dsns, tmp_path: Path
) -> None:
    said = " ".join(f"w{n}" for n in range(150))
    async with second_process(dsns, tmp_path) as (_, address):
        there = at(address, callers.member)
        made, turn = await four(callers.member, upstream, said, 0.01)
        runs = {each["run_id"] for each in turn["started"]}
        # Begun here, gone on with there, and here again.
        heard = await hear(callers.member, made, Heard(), events=50)
        await hear(there, made, heard, events=150)
        await hear(callers.member, made, heard, events=50)
        await hear(there, made, heard, runs=runs)
        assert {heard.text(run) for run in runs} == {said}
        numbers = [(event["run_id"], event["seq"]) for event in heard.runs]
        assert len(numbers) == len(set(numbers))
        # What is changed there is told here, and what is asked there streams here.
        upstream.default = Say("word " * 3000, gap=0.01)
        heard = Heard()
        listening = asyncio.create_task(hear(callers.member, made, heard, events=8))
        while not heard.sessions:
            await asyncio.sleep(0.01)
        asked = await ask(there, made, "Again.")
        await asyncio.wait_for(listening, 10)
        assert {event["run_id"] for event in heard.runs} <= {each["run_id"] for each in asked["started"]}
        assert (await callers.member.post(f"{BASE}/{made['id']}/stop")).status == 202
        await hear(callers.member, made, heard, runs={each["run_id"] for each in asked["started"]})
        for pane in (await at_rest(callers.member, made))["panes"]:
            message = (await chat(callers.member, pane["chat_id"]))["messages"][-1]
            assert message["status"] == "stopped"
            assert heard.text(message["run_id"]) == message["content"][0]["text"]


async def test_status_and_events_are_right_after_kill_9_of_the_process(
    callers: Callers, upstream: Upstream, db: Database, dsns: Dsns, tmp_path: Path
) -> None:
    made = await session_of(callers.member, 2)
    await mode(callers.member, made, "broadcast")
    upstream.default = Say("word " * 5000, gap=0.01)
    async with second_process(dsns, tmp_path) as (process, address):
        there = at(address, callers.member)
        turn = await ask(there, made, "Talk.")
        runs = {each["run_id"] for each in turn["started"]}
        heard = await hear(there, made, Heard(), events=100)
        process.kill()
        await process.wait()
        assert {pane["status"] for pane in (await read(callers.member, made))["panes"]} == {"streaming"}
        # Read on here, as another process finds the dead one's lease.
        listening = asyncio.create_task(hear(callers.member, made, heard, runs=runs))
        assert await end_abandoned(db, {turns.KIND: turns.keep_abandoned}) == 2
        await listening
    found = await read(callers.member, made)
    assert [(pane["status"], pane["run_id"]) for pane in found["panes"]] == [("failed", None)] * 2
    failed = [event["data"] for event in heard.runs if event["kind"] == "failed"]
    assert [(data["slug"], data["next_best"]) for data in failed] == [("interrupted", None)] * 2
    for each in turn["started"]:
        kept = (await chat(callers.member, each["chat_id"]))["messages"][-1]
        assert kept["status"] == "failed"
        assert kept["content"][0]["text"].startswith("word word")
    # And the panes can be asked again.
    upstream.default = Say("Well.")
    await ask(callers.member, made, "Again?")
    assert {pane["status"] for pane in (await at_rest(callers.member, made))["panes"]} == {"idle"}


async def test_a_reader_that_takes_nothing_is_let_go_and_can_come_back(
    callers: Callers, upstream: Upstream, server: Server, monkeypatch: Any
) -> None:
    monkeypatch.setattr("radiant.workspace.concurrent_chat.events._PATIENCE_SECONDS", 0.2)
    made, turn = await four(callers.member, upstream, " ".join(f"w{n}" for n in range(150)), 0.002)
    hub: RunHub = server.app.state.runs
    db = server.database.tenant(callers.tenant.id, callers.member_id)
    reader = Reader(db, PanesId(UUID(made["id"])), hub, server.app.state.changes, None)
    frames = reader.frames()
    first = await anext(frames)
    assert first.startswith(b"id: ")
    await at_rest(callers.member, made)
    await asyncio.sleep(0.4)
    assert reader._queue.qsize() <= 64
    assert [frame async for frame in frames] == []
    assert all(task.done() for task in reader._following.values())
    cursor = first.split(b"\n")[0].removeprefix(b"id: ").decode()
    heard = await hear(callers.member, made, Heard(cursor=cursor), runs={each["run_id"] for each in turn["started"]})
    assert {heard.text(each["run_id"]) for each in turn["started"]} == {" ".join(f"w{n}" for n in range(150))}


async def test_a_token_takes_as_many_bytes_at_the_end_as_at_the_beginning(callers: Callers, upstream: Upstream) -> None:
    made = await session_of(callers.member, 4)
    await mode(callers.member, made, "broadcast")
    before = (await looked(callers.member, made)).cursor
    upstream.default = Say("word " * 1000)
    turn = await ask(callers.member, made, "Count.")
    left = {each["run_id"] for each in turn["started"]}
    sizes: list[int] = []
    async with asyncio.timeout(30):
        async with stream(callers.member, made, before) as found:
            async for cursor, _, event in found:
                if event.get("kind") == "text":
                    sizes.append(len(cursor) + len(json.dumps(event["data"])))
                elif event.get("kind") in ("done", "failed"):
                    left.discard(event["run_id"])
                if not left:
                    break
    assert len(sizes) == 4000
    assert max(sizes) - min(sizes) <= 8


async def test_a_position_of_long_ago_begins_anew_and_a_long_absence_is_bounded(
    callers: Callers, upstream: Upstream, owner: Any
) -> None:
    made, turn = await four(callers.member, upstream, "a b", 0.0)
    await at_rest(callers.member, made)
    long_ago = Position(datetime(2020, 1, 1, tzinfo=UTC)).encode()
    heard = Heard(cursor=long_ago)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.5):
            await hear(callers.member, made, heard, events=1)
    assert (len(heard.sessions), heard.runs) == (1, [])
    # An hour's absence with more answers than a reader is brought: the newest ones come, whole.
    chat_id, message = turn["started"][0]["chat_id"], turn["started"][0]["user_message"]["id"]
    await owner.execute(
        "with made as (insert into runs (tenant_id, user_id, kind, state, finished_at) select tenant_id, user_id, 'turn',"
        "  'done', now() from chats, generate_series(1, 250) where id = $1 returning tenant_id, user_id, id),"
        " said as (insert into run_events (tenant_id, user_id, run_id, seq, kind)"
        "  select tenant_id, user_id, id, 1, 'done' from made)"
        " insert into messages (tenant_id, user_id, chat_id, parent_id, role, run_id)"
        "  select tenant_id, user_id, $1, $2, 'assistant', id from made",
        chat_id, message,
    )  # fmt: skip
    heard = Heard(cursor=Position(datetime.now(UTC) - timedelta(hours=1)).encode())
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(3):
            await hear(callers.member, made, heard, events=1000)
    assert len(heard.ended()) == 200
    assert len(heard.cursor) < 6000


def test_a_position_is_as_long_as_there_are_answers_and_no_longer() -> None:
    position = Position(datetime(2026, 11, 27, 4, 0, 0, 123456, UTC), {RunId(uuid7()): n for n in range(4)})
    text = position.encode()
    assert len(text) < 120
    assert Position.decode(text) == position
