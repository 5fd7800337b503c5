"""Memories through HTTP; the flaws of sections 22 and 13 by their numbers."""

import asyncio
import time
from pathlib import Path

from tests.kit.fixtures import Callers
from tests.kit.server import Server
from tests.workspace.memory.kit import MEMORIES, add, contents, listed, search


async def test_a_memory_is_found_by_its_words_at_once_and_by_its_meaning_soon(
    server: Server, callers: Callers, small_models: Path
):
    await add(callers.member, "The cat sleeps on the radiator every afternoon.")
    assert await contents(callers.member, "Where does the cat sleep?") == [
        "The cat sleeps on the radiator every afternoon."
    ]
    deadline = time.monotonic() + 10
    while not (await listed(callers.member))[0]["embedded"]:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)
    (found,) = await search(callers.member, "a kitten naps in the warmth at noon")
    assert found["similarity"] > 0.35
    assert "meaning" in {reason["kind"] for reason in found["why"]}
    assert await search(callers.member, "quarterly tax deadlines of the company") == []


async def test_ten_adds_are_one_memory_with_evidence(callers: Callers, server: Server):
    outcomes = [
        (await add(callers.member, text))["outcome"] for text in ["I have two cats."] * 9 + ["i have two  cats"]
    ]
    assert outcomes == ["added"] + ["repeated"] * 9
    (memory,) = await listed(callers.member)
    assert memory["evidence"] == 10


async def test_love_then_hate_leaves_one_that_holds_and_keeps_the_other_as_history(callers: Callers, server: Server):
    love = (await add(callers.member, "I love Chinese food"))["memory"]
    hate = await add(callers.member, "I hate Chinese food")
    assert (hate["outcome"], hate["superseded"]) == ("superseded", [love["id"]])
    assert [m["content"] for m in await listed(callers.member, state="current")] == ["I hate Chinese food"]
    (old,) = await listed(callers.member, state="superseded")
    assert (old["id"], old["superseded_by"]) == (love["id"], hate["memory"]["id"])
    assert await contents(callers.member, "Chinese food") == ["I hate Chinese food"]
    history = (await callers.member.get(f"{MEMORIES}/{love['id']}/history")).json()["items"]
    assert [(h["what"], h["before"], h["after"]) for h in history] == [
        ("superseded", "I love Chinese food", "I hate Chinese food"),
        ("added", None, "I love Chinese food"),
    ]
    again = (await callers.member.post(f"{MEMORIES}/{love['id']}/restore")).json()
    assert again["state"] == "current"
    assert [m["content"] for m in await listed(callers.member, state="current")] == ["I love Chinese food"]
