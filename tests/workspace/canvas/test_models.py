"""What models bring to a canvas: answers that are put there, and changes that they propose."""

import asyncio
import json
from typing import Any
from uuid import UUID, uuid4

from pycrdt import Doc

from radiant.workspace.canvas import documents
from tests.kit.fixtures import Callers
from tests.kit.server import Client, Server
from tests.kit.upstream import Say, Upstream
from tests.workspace.canvas.kit import CANVASES, add, bring_in, live, make_canvas, read, type_at, words_of
from tests.workspace.merging.kit import merged, script
from tests.workspace.turns.test_turns import ask, chat_of, events

ANSWER = "A page:\n\n```html\n<p>Hi</p>\n```\n\nAnd code.\n\n```python\nx = 1\n```\n"


async def put(client: Client, canvas_id: str, source: dict[str, Any], form: str = "artifacts", **options: Any) -> Any:
    answer = await client.post(f"{CANVASES}/{canvas_id}/put", {"from": source, "as": form}, **options)
    assert answer.status == 201, answer.body
    return answer.json()["artifacts"]


async def answered(client: Client, text: str, upstream: Upstream) -> dict[str, Any]:
    """A chat's answer as a source."""
    upstream.plan(Say(text))
    chat_id = await chat_of(client)
    turn = await ask(client, chat_id, "Draw me something.")
    await events(client, turn["run_id"])
    return {"kind": "message", "chat_id": chat_id, "message_id": turn["assistant_message"]["id"]}


async def propose(client: Client, canvas_id: str, artifact_id: str, instruction: str, **options: Any) -> dict[str, Any]:
    path = f"{CANVASES}/{canvas_id}/artifacts/{artifact_id}/proposals"
    answer = await client.post(path, {"instruction": instruction, "model": "gpt-4o", **options})
    assert answer.status == 201, answer.body
    return answer.json()


async def test_an_answer_is_put_on_a_canvas_in_parts_that_know_where_they_come_from(
    callers: Callers, upstream: Upstream
):
    source = await answered(callers.member, ANSWER, upstream)
    canvas = await make_canvas(callers.member, chat_id=source["chat_id"])

    text, page, code = await put(callers.member, canvas["id"], source)

    assert (text["type"], page["type"], code["type"], code["language"]) == ("markdown", "html", "code", "python")
    assert (page["content"], code["content"]) == ("<p>Hi</p>\n", "x = 1\n")
    shown = await read(callers.member, canvas["id"])
    [(name, said)] = shown["provenance"].items()
    assert (said["kind"], said["message_id"]) == ("chat", source["message_id"])
    assert said["run_id"] and said["model"] and said["by"] == str(callers.member_id)
    assert words_of(code, name) == ["x = 1\n"]
    corners = [(one["position"]["x"], one["position"]["y"]) for one in (text, page, code)]
    assert len(set(corners)) == 3
    listed = (await callers.member.get(f"{CANVASES}?chat_id={source['chat_id']}")).json()["items"]
    assert [one["id"] for one in listed] == [canvas["id"]]


async def test_what_is_put_again_is_brought_up_to_date_and_does_not_stand_there_twice(
    server: Server, callers: Callers, upstream: Upstream
):
    source = await answered(callers.member, ANSWER, upstream)
    canvas = await make_canvas(callers.member)
    first = await put(callers.member, canvas["id"], source)
    await type_at(server, callers, canvas, first[2], 0, "# mine\n", callers.member_id)

    again = await put(callers.member, canvas["id"], source)

    assert [one["id"] for one in again] == [one["id"] for one in first]
    assert [one["content"] for one in again] == [one["content"] for one in first]
    assert len((await read(callers.member, canvas["id"]))["artifacts"]) == 3
    [whole] = await put(callers.member, canvas["id"], source, "document", headers={"Idempotency-Key": "w"})
    assert whole["id"] == first[0]["id"] and whole["content"] == ANSWER.strip()
    twice = await put(callers.member, canvas["id"], source, "document", headers={"Idempotency-Key": "w"})
    assert [one["id"] for one in twice] == [whole["id"]]


async def test_a_merge_is_put_with_the_strategy_and_the_models_it_rests_on(callers: Callers, upstream: Upstream):
    script(upstream, {"gpt-4o": "The answer is 42.", "gpt-4o-mini": "The answer is 42."})
    merge, _ = await merged(callers.member, "What is the answer?", "consensus", models=["gpt-4o", "gpt-4o-mini"])
    assert merge["final_result"]
    canvas = await make_canvas(callers.member)
    [one] = await put(callers.member, canvas["id"], {"kind": "merge", "merge_id": merge["id"]})
    assert one["content"] == merge["final_result"]
    said = list((await read(callers.member, canvas["id"]))["provenance"].values())
    assert said
    for provenance in said:
        assert (provenance["kind"], provenance["strategy"]) == ("merge", "consensus")
        assert "gpt-4o" in provenance["model"]
        assert len(provenance["prompt_hash"]) == 64
    covered = sum(span["end"] - span["start"] for span in one["spans"])
    assert covered == len(one["content"]), "every word is from somewhere"


async def test_a_pane_s_last_answer_is_put(callers: Callers, upstream: Upstream):
    source = await answered(callers.member, "From a pane.", upstream)
    panes = await callers.member.post("/api/concurrent-chat/sessions", {"panes": [{"chat_id": source["chat_id"]}, {}]})
    full, empty = panes.json()["panes"]
    canvas = await make_canvas(callers.member)
    [one] = await put(callers.member, canvas["id"], {"kind": "pane", "pane_id": full["id"]})
    assert one["content"] == "From a pane."
    [said] = (await read(callers.member, canvas["id"]))["provenance"].values()
    assert (said["kind"], said["session_id"]) == ("pane", panes.json()["id"])
    answer = await callers.member.post(
        f"{CANVASES}/{canvas['id']}/put", {"from": {"kind": "pane", "pane_id": empty["id"]}}
    )
    assert answer.status == 404


async def test_nobody_puts_what_is_not_theirs(callers: Callers, upstream: Upstream):
    source = await answered(callers.member, "Private.", upstream)
    merge, _ = await merged(callers.member, "x", "consensus", responses=[{"model": "m", "response": "Private."}])
    canvas = await make_canvas(callers.owner)
    for one in (
        source, {"kind": "merge", "merge_id": merge["id"]}, {"kind": "reasoning", "session_id": str(uuid4())},
        {"kind": "pane", "pane_id": str(uuid4())},
    ):  # fmt: skip
        answer = await callers.owner.post(f"{CANVASES}/{canvas['id']}/put", {"from": one})
        assert answer.status == 404, answer.body


TEXT = (
    "The quick brown fox jumps over the dog.\n\nIt was a very very long day, and nothing else happened.\n\nThe end.\n"
)


async def test_a_model_proposes_and_the_hunks_that_are_accepted_are_made(callers: Callers, upstream: Upstream):
    canvas = await make_canvas(callers.member)
    one = await add(callers.member, canvas["id"], content=TEXT)
    path = f"{CANVASES}/{canvas['id']}/artifacts/{one['id']}"
    reply = TEXT.replace("quick brown", "slow red").replace("very very long", "short").replace("The end.", "Fin.")
    upstream.plan(Say(f"```\n{reply}```"))

    made = await propose(callers.member, canvas["id"], one["id"], "Make it shorter.")

    assert (made["status"], made["model"], made["proposed_text"]) == ("open", "gpt-4o", reply)
    assert [(hunk["old"], hunk["new"]) for hunk in made["hunks"]] == [
        ("quick brown", "slow red"), ("very very long", "short"), ("The end", "Fin"),
    ]  # fmt: skip
    for hunk in made["hunks"]:
        assert TEXT[hunk["from"] : hunk["to"]] == hunk["old"]
    assert made["tokens"] > 0
    assert (await callers.member.get(path)).json()["content"] == TEXT, "nothing changes until it is accepted"
    asked = json.dumps(upstream.requests[-1].body)
    assert "Make it shorter." in asked and "<part>" in asked

    done = (await callers.member.post(f"{path}/proposals/{made['id']}/accept", {"hunks": [0, 2]})).json()
    assert (done["status"], done["accepted"]) == ("applied", [0, 2])
    now = (await callers.member.get(path)).json()
    assert now["content"] == TEXT.replace("quick brown", "slow red").replace("The end.", "Fin.")
    assert words_of(now, done["provenance_id"]) == ["slow red", "Fin"]
    said = (await read(callers.member, canvas["id"]))["provenance"][done["provenance_id"]]
    assert (said["kind"], said["model"], said["prompt"]) == ("model", "gpt-4o", "Make it shorter.")
    version = (await callers.member.get(f"{path}/versions")).json()["items"][0]
    assert (version["models"], version["created_by"]) == (["gpt-4o"], str(callers.member_id))
    assert (await callers.member.post(f"{path}/proposals/{made['id']}/accept", {})).status == 409


async def test_a_model_s_change_is_taken_back_and_what_others_wrote_stays(
    server: Server, callers: Callers, upstream: Upstream
):
    canvas = await make_canvas(callers.member)
    one = await add(callers.member, canvas["id"], content=TEXT, provenance={"kind": "model", "model": "first"})
    path = f"{CANVASES}/{canvas['id']}/artifacts/{one['id']}"
    upstream.plan(Say(TEXT.replace("quick brown", "slow")))
    made = await propose(callers.member, canvas["id"], one["id"], "Slower.")
    await type_at(server, callers, canvas, one, 0, "Before. ", callers.member_id)
    assert (await callers.member.post(f"{path}/proposals/{made['id']}/accept", {})).status == 200
    await type_at(server, callers, canvas, one, len("Before. The slow fox"), " and hen", callers.member_id)

    undone = await callers.member.post(f"{path}/proposals/{made['id']}/undo")
    assert undone.status == 200, undone.body
    now = (await callers.member.get(path)).json()
    assert now["content"] == "Before. " + TEXT.replace("brown fox", "brown fox and hen")
    [first] = (
        name
        for name, said in (await read(callers.member, canvas["id"]))["provenance"].items()
        if said["model"] == "first"
    )
    assert "The quick brown fox" in words_of(now, first)[0], "its words are again from where they were"
    assert (await callers.member.post(f"{path}/proposals/{made['id']}/undo")).status == 409


async def test_words_that_were_changed_meanwhile_are_not_overwritten(
    server: Server, callers: Callers, upstream: Upstream
):
    canvas = await make_canvas(callers.member)
    one = await add(callers.member, canvas["id"], content=TEXT)
    path = f"{CANVASES}/{canvas['id']}/artifacts/{one['id']}"
    upstream.plan(Say(TEXT.replace("quick brown", "slow")))
    made = await propose(callers.member, canvas["id"], one["id"], "Slower.")
    await type_at(server, callers, canvas, one, 6, "XX", callers.member_id)

    answer = await callers.member.post(f"{path}/proposals/{made['id']}/accept", {})

    assert (answer.status, answer.json()["type"].rpartition("/")[2]) == (409, "text-changed")
    [kept] = (await callers.member.get(f"{path}/proposals")).json()["items"]
    assert kept["status"] == "open"
    assert (await callers.member.post(f"{path}/proposals/{made['id']}/reject")).json()["status"] == "rejected"


async def test_a_selection_is_found_again_by_its_words(server: Server, callers: Callers, upstream: Upstream):
    canvas = await make_canvas(callers.member)
    one = await add(callers.member, canvas["id"], content="😀 one. Two words. three.")
    selection = {"from": 8, "to": 18, "text": "Two words."}
    await live(server, callers, canvas, lambda doc: _prepend(doc, one), callers.member_id)
    upstream.plan(Say("Some words."))
    made = await propose(callers.member, canvas["id"], one["id"], "Vaguer.", selection=selection)
    assert [(hunk["from"], hunk["old"], hunk["new"]) for hunk in made["hunks"]] == [(15, "Two", "Some")]
    gone = selection | {"text": "No such words."}
    body = {"instruction": "x", "model": "gpt-4o", "selection": gone}
    answer = await callers.member.post(f"{CANVASES}/{canvas['id']}/artifacts/{one['id']}/proposals", body)
    assert answer.status == 409


def _prepend(doc: "Doc[Any]", one: dict[str, Any]) -> None:
    from uuid import UUID

    documents.body_of(doc, UUID(one["id"])).insert(0, "Before ", {"src": None})


async def test_while_a_model_thinks_the_room_sees_it_at_the_words(server: Server, callers: Callers, upstream: Upstream):
    canvas = await make_canvas(callers.member)
    one = await add(callers.member, canvas["id"], content="Å day 🙂. The end.")
    here: list[dict[str, Any]] = []

    def seen(_: Any) -> Say:
        room = server.app.state.rooms._rooms[UUID(canvas["room_id"])]
        here.extend(json.loads(presence.state) for _, presence in room._presences.values())
        return Say("Fin.")

    upstream.answering = seen
    selection = {"from": 10, "to": 18, "text": "The end."}
    await propose(callers.member, canvas["id"], one["id"], "Shorter.", selection=selection)
    (model,) = here
    assert model["user"]["model"] == "gpt-4o"
    assert model["cursor"] == {"artifact": one["id"], "anchor": 10, "head": 18}
    assert server.app.state.rooms._rooms[UUID(canvas["room_id"])]._presences == {}


async def test_a_call_that_fails_leaves_a_proposal_that_says_so(callers: Callers, upstream: Upstream):
    canvas = await make_canvas(callers.member)
    one = await add(callers.member, canvas["id"], content=TEXT)
    upstream.plan(Say("   "))
    made = await propose(callers.member, canvas["id"], one["id"], "Nothing.")
    assert (made["status"], made["hunks"], made["error"]["slug"]) == ("failed", [], "no-answer-in-time")
    path = f"{CANVASES}/{canvas['id']}/artifacts/{one['id']}/proposals"
    assert (await callers.member.post(f"{path}/{made['id']}/accept", {})).status == 409
    answer = await callers.member.post(path, {"instruction": "x", "model": "no-such-model-anywhere"})
    assert 400 <= answer.status < 500


async def test_who_only_looks_asks_no_model(callers: Callers, upstream: Upstream):
    canvas = await make_canvas(callers.member)
    one = await add(callers.member, canvas["id"], content=TEXT)
    await bring_in(callers.member, canvas, callers.owner_id, "commenter")
    path = f"{CANVASES}/{canvas['id']}/artifacts/{one['id']}/proposals"
    assert (await callers.owner.post(path, {"instruction": "x", "model": "gpt-4o"})).status == 403
    assert upstream.requests == []


async def test_two_who_accept_at_once_apply_it_once(callers: Callers, upstream: Upstream):
    canvas = await make_canvas(callers.member)
    one = await add(callers.member, canvas["id"], content=TEXT)
    upstream.plan(Say(TEXT + "More.\n"))
    made = await propose(callers.member, canvas["id"], one["id"], "More.")
    path = f"{CANVASES}/{canvas['id']}/artifacts/{one['id']}"
    answers = await asyncio.gather(
        *(callers.member.post(f"{path}/proposals/{made['id']}/accept", {}) for _ in range(4))
    )
    assert sorted(answer.status for answer in answers) == [200, 409, 409, 409]
    assert (await callers.member.get(path)).json()["content"] == TEXT + "More.\n"
