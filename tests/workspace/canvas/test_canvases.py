"""Canvases through HTTP: made, shared, changed by many at once, gone back in."""

import asyncio
import json
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pycrdt import Doc, Map, Text

from radiant.workspace.canvas import documents
from radiant.workspace.canvas.schemas import CanvasType
from radiant.workspace.canvas.templates import TEMPLATES
from radiant.workspace.collaboration.schemas import RoomId
from tests.kit.fixtures import Callers
from tests.kit.server import Server
from tests.workspace.canvas.kit import CANVASES, add, bring_in, document, live, make_canvas, read, type_at


async def test_a_canvas_comes_with_a_room_and_is_its_makers(callers: Callers):
    canvas = await make_canvas(callers.member)

    assert canvas["role"] == "owner"
    assert canvas["artifacts"] == []
    assert canvas["user_id"] == str(callers.member_id)
    room = (await callers.member.get(f"/api/collaboration/rooms/{canvas['room_id']}")).json()
    assert (room["room_type"], room["canvas_id"], room["access"]) == ("canvas", canvas["id"], "invited")
    listed = (await callers.member.get(CANVASES)).json()["items"]
    assert [one["id"] for one in listed] == [canvas["id"]]
    assert (await callers.owner.get(CANVASES)).json()["items"] == []


@pytest.mark.parametrize("kind", list(TEMPLATES))
async def test_a_type_chooses_what_is_on_it_at_first(callers: Callers, kind: CanvasType):
    canvas = await make_canvas(callers.member, canvas_type=kind)

    assert [(one["type"], one["title"], one["content"]) for one in canvas["artifacts"]] == [
        (one.type, one.title, one.content) for one in TEMPLATES[kind].artifacts
    ]
    assert all(one["problem"] is None and one["version"] == 1 for one in canvas["artifacts"])


async def test_the_same_key_makes_one_canvas_and_one_artifact(callers: Callers):
    key = {"Idempotency-Key": "k1"}
    made = [(await callers.member.post(CANVASES, {"canvas_name": "x"}, headers=key)).json() for _ in range(2)]
    assert made[0]["id"] == made[1]["id"]
    path, body, key = (
        f"{CANVASES}/{made[0]['id']}/artifacts",
        {"type": "code", "content": "x"},
        {"Idempotency-Key": "k2"},
    )
    one, other = [(await callers.member.post(path, body, headers=key)).json() for _ in range(2)]
    assert one["id"] == other["id"]
    assert len((await read(callers.member, made[0]["id"]))["artifacts"]) == 1
    answer = await callers.member.post(path, {"type": "code", "content": "y"}, headers=key)
    assert answer.status == 422


async def test_artifacts_are_put_where_there_is_room_and_in_the_room_s_document(server: Server, callers: Callers):
    canvas = await make_canvas(callers.member)
    one = await add(callers.member, canvas["id"], "code", "x = 1\n", language="Python", title="main.py")
    two = await add(callers.member, canvas["id"], "json", '{"a": 1}')

    assert (one["language"], one["title"], one["created_by"]) == ("python", "main.py", str(callers.member_id))
    assert (one["position"]["x"], two["position"]["x"]) == (0, 424)
    assert (one["z_index"], two["z_index"]) == (0, 1)
    drawn = documents.read(await document(server, callers, canvas))
    assert [(str(d.id), d.content) for d in drawn] == [(one["id"], "x = 1\n"), (two["id"], '{"a": 1}')]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"type": "virus"}, "type"),
        ({"type": "code", "size": {"width": -1, "height": 5}}, "width"),
        ({"type": "code", "size": {"width": 100_001, "height": 5}}, "width"),
        ({"type": "code", "position": {"x": 10**9, "y": 0}}, "x"),
        ({"type": "code", "title": "t" * 201}, "title"),
        ({"type": "code", "content": "a" * 1_000_001}, "content"),
        ({"type": "code", "content": "a\u0000"}, "content"),
        ({"type": "code", "language": "klingon"}, "klingon"),
        ({"type": "json", "content": '{"a": }'}, "line 1, column 7"),
        ({"type": "svg", "content": "<p/>"}, "<svg>"),
        ({"type": "mermaid", "content": "alert(1)"}, "kind"),
        ({"type": "code", "wings": 2}, "wings"),
    ],
)
async def test_f23_5_sizes_types_lengths_and_contents_are_bounded(callers: Callers, body: Any, says: str):
    canvas = await make_canvas(callers.member)
    answer = await callers.member.post(f"{CANVASES}/{canvas['id']}/artifacts", body)
    assert answer.status == 422
    assert says in json.dumps(answer.json(), ensure_ascii=False)


async def test_f23_4_every_column_has_an_operation(callers: Callers):
    canvas = await make_canvas(callers.member)
    one = await add(callers.member, canvas["id"])
    two = await add(callers.member, canvas["id"], "code", "x")
    path = f"{CANVASES}/{canvas['id']}/artifacts/{one['id']}"
    change = {
        "version": 1, "content": "Two.\n", "title": "T", "position": {"x": -5, "y": 7},
        "size": {"width": 10, "height": 20}, "z_index": 9, "is_collapsed": True,
    }  # fmt: skip
    changed = (await callers.member.patch(path, change)).json()
    assert {name: changed[name] for name in change if name != "version"} == {
        name: value for name, value in change.items() if name != "version"
    }
    assert changed["version"] == 2
    assert (await callers.member.post(f"{path}/back")).json()["z_index"] == 0
    other = f"{CANVASES}/{canvas['id']}/artifacts/{two['id']}"
    assert (await callers.member.post(f"{other}/front")).json()["z_index"] == 1
    assert (await callers.member.post(f"{path}/front")).json()["z_index"] == 2
    renamed = await callers.member.patch(f"{CANVASES}/{canvas['id']}", {"canvas_name": "New"})
    assert renamed.json()["canvas_name"] == "New"
    stale = await callers.member.patch(f"{CANVASES}/{canvas['id']}", {"canvas_name": "Old", "version": 1})
    assert (stale.status, stale.json()["version"]) == (409, renamed.json()["version"])


async def test_f23_1_of_two_edits_at_once_one_wins_and_the_other_is_told_the_version(callers: Callers):
    canvas = await make_canvas(callers.member)
    one = await add(callers.member, canvas["id"])
    path = f"{CANVASES}/{canvas['id']}/artifacts/{one['id']}"

    answers = await asyncio.gather(
        *(callers.member.patch(path, {"version": 1, "content": f"Edit {n}.\n"}) for n in range(6))
    )

    assert sorted(answer.status for answer in answers) == [200, *[409] * 5]
    won = next(answer.json() for answer in answers if answer.status == 200)
    current = (await callers.member.get(path)).json()
    assert (current["content"], current["version"]) == (won["content"], won["version"])
    lost = next(answer.json() for answer in answers if answer.status == 409)
    assert lost["version"] == won["version"]
    versions = (await callers.member.get(f"{path}/versions")).json()["items"]
    numbers = [version["version"] for version in versions]
    assert len(numbers) == len(set(numbers)) == 2
    again = await callers.member.patch(path, {"version": current["version"], "content": "Now.\n"})
    assert again.status == 200


async def test_a_content_is_taken_over_where_it_differs_and_typing_elsewhere_in_it_stays(
    server: Server, callers: Callers
):
    canvas = await make_canvas(callers.member)
    one = await add(
        callers.member, canvas["id"], content="alpha\nbeta\ngamma\n", provenance={"kind": "model", "model": "m"}
    )
    [name] = (await read(callers.member, canvas["id"]))["provenance"]
    path = f"{CANVASES}/{canvas['id']}/artifacts/{one['id']}"
    changed = (await callers.member.patch(path, {"version": 1, "content": "alpha\nBETA\ngamma\n"})).json()
    assert changed["spans"] == [
        {"start": 0, "end": 6, "provenance_id": name}, {"start": 10, "end": 17, "provenance_id": name},
    ]  # fmt: skip

    await type_at(server, callers, canvas, one, 17, "delta\n", callers.member_id)
    stale = await callers.member.patch(path, {"version": 2, "content": "alpha\n"})
    assert (stale.status, stale.json()["version"]) == (409, 3), "what was typed since is not overwritten"


async def test_what_is_written_in_the_room_is_in_the_rows_with_who_wrote_it(server: Server, callers: Callers):
    canvas = await make_canvas(callers.member)
    one = await add(callers.member, canvas["id"])
    await bring_in(callers.member, canvas, callers.owner_id)
    path = f"{CANVASES}/{canvas['id']}/artifacts/{one['id']}"

    await type_at(server, callers, canvas, one, 0, "By the owner. ", callers.owner_id)
    assert (await callers.owner.get(path)).json()["content"] == "By the owner. One.\n"
    await type_at(server, callers, canvas, one, 0, "Both. ", callers.owner_id)
    await type_at(server, callers, canvas, one, 0, "Both! ", callers.member_id)

    versions = (await callers.member.get(f"{path}/versions")).json()["items"]
    assert [version["version"] for version in versions] == [3, 2, 1]
    both, owner, first = versions
    assert (first["created_by"], owner["created_by"]) == (str(callers.member_id), str(callers.owner_id))
    assert both["created_by"] is None
    assert set(both["authors"]) == {str(callers.member_id), str(callers.owner_id)}


async def test_a_quiet_room_writes_its_rows_by_itself(server: Server, callers: Callers):
    canvas = await make_canvas(callers.member)
    one = await add(callers.member, canvas["id"], "json", "{}")
    await type_at(server, callers, canvas, one, 1, '"a": ', callers.member_id)
    async with asyncio.timeout(60):
        while True:
            async with server.database.tenant(callers.tenant.id, callers.member_id).tx() as tx:
                row = await tx.one(
                    "select content, metadata from artifacts where tenant_id = $1 and id = $2",
                    tx.tenant_id,
                    UUID(one["id"]),
                )
            if row["content"] == '{"a": }':
                break
            await asyncio.sleep(0.1)
    assert "line 1, column 7" in row["metadata"]["problem"], "what is half written is kept, and said to be"


async def test_versions_are_named_compared_and_gone_back_to(callers: Callers):
    canvas = await make_canvas(callers.member)
    one = await add(callers.member, canvas["id"], content="alpha\nbeta\n", provenance={"kind": "model", "model": "m"})
    path = f"{CANVASES}/{canvas['id']}/artifacts/{one['id']}"
    await callers.member.patch(path, {"version": 1, "content": "alpha\ngamma\n"})
    named = (await callers.member.post(f"{path}/versions", {"name": "Second"})).json()
    assert (named["version"], named["name"], named["created_by_name"] is not None) == (2, "Second", True)

    compared = (await callers.member.get(f"{path}/compare?from=1&to=2")).json()
    assert [(hunk["kind"], hunk["lines"]) for hunk in compared["hunks"]] == [
        ("same", ["alpha"]), ("removed", ["beta"]), ("added", ["gamma"]),
    ]  # fmt: skip
    restored = (await callers.member.post(f"{path}/versions/1/restore")).json()
    assert (restored["content"], restored["version"], restored["spans"]) == ("alpha\nbeta\n", 3, one["spans"])
    assert (await callers.member.get(f"{path}/versions/2")).json()["content"] == "alpha\ngamma\n"
    assert (await callers.member.get(f"{path}/versions/9")).status == 404
    page = (await callers.member.get(f"{path}/versions?limit=2")).json()
    rest = (await callers.member.get(f"{path}/versions?limit=2&cursor={page['next']}")).json()
    assert [one["version"] for one in [*page["items"], *rest["items"]]] == [3, 2, 1]


async def test_what_was_removed_can_be_had_back(callers: Callers):
    canvas = await make_canvas(callers.member)
    one = await add(callers.member, canvas["id"], title="Mine", provenance={"kind": "model", "model": "m"})
    path = f"{CANVASES}/{canvas['id']}"
    assert (await callers.member.delete(f"{path}/artifacts/{one['id']}")).status == 204
    assert (await read(callers.member, canvas["id"]))["artifacts"] == []
    assert (await callers.member.get(f"{path}/artifacts/{one['id']}")).status == 404
    [gone] = (await callers.member.get(f"{path}/trash")).json()["items"]
    assert (gone["id"], gone["deleted_by"]) == (one["id"], str(callers.member_id))

    back = (await callers.member.post(f"{path}/undo")).json()
    assert {name: back[name] for name in ("id", "title", "content", "spans", "position")} == {
        name: one[name] for name in ("id", "title", "content", "spans", "position")
    }
    assert (await callers.member.post(f"{path}/undo")).status == 409
    await callers.member.delete(f"{path}/artifacts/{one['id']}")
    assert (await callers.member.post(f"{path}/artifacts/{one['id']}/restore")).status == 200
    copy = (await callers.member.post(f"{path}/artifacts/{one['id']}/duplicate")).json()
    assert (copy["title"], copy["content"], copy["spans"]) == ("Mine (copy)", one["content"], one["spans"])


async def test_a_room_s_roles_hold_on_its_canvas(callers: Callers):
    canvas = await make_canvas(callers.member)
    one = await add(callers.member, canvas["id"])
    path = f"{CANVASES}/{canvas['id']}"
    assert (await callers.owner.get(path)).status == 404, "not even the workspace's owner sees what was not opened"

    for role, status in (("viewer", 403), ("commenter", 403), ("editor", 201)):
        await bring_in(callers.member, canvas, callers.owner_id, role)
        assert (await read(callers.owner, canvas["id"]))["role"] == role
        answer = await callers.owner.post(f"{path}/artifacts", {"type": "code", "content": "x"})
        assert answer.status == status
    assert (await callers.owner.get(CANVASES)).json()["items"][0]["role"] == "editor"
    assert (await callers.owner.delete(path)).status == 404, "its owner alone deletes it"
    change = {"version": 1, "content": "By another.\n"}
    assert (await callers.owner.patch(f"{path}/artifacts/{one['id']}", change)).status == 200
    await callers.member.delete(f"/api/collaboration/rooms/{canvas['room_id']}/participants/{callers.owner_id}")
    assert (await callers.owner.get(path)).status == 404
    assert (await callers.owner.get(CANVASES)).json()["items"] == []
    for stranger in (callers.foreign_owner, callers.owner):
        assert (await stranger.patch(path, {"canvas_name": "x"})).status == 404


async def test_a_closed_room_takes_no_edits(callers: Callers):
    canvas = await make_canvas(callers.member)
    await callers.member.patch(f"/api/collaboration/rooms/{canvas['room_id']}", {"is_active": False})
    answer = await callers.member.post(f"{CANVASES}/{canvas['id']}/artifacts", {"type": "code", "content": "x"})
    assert (answer.status, answer.json()["type"].rpartition("/")[2]) == (409, "room-closed")


async def test_deleting_is_for_good_and_takes_the_room(callers: Callers):
    canvas = await make_canvas(callers.member, canvas_type="code")
    assert (await callers.member.delete(f"{CANVASES}/{canvas['id']}")).status == 204
    assert (await callers.member.get(f"{CANVASES}/{canvas['id']}")).status == 404
    assert (await callers.member.get(f"/api/collaboration/rooms/{canvas['room_id']}")).status == 404


async def test_a_copy_is_its_makers_own(callers: Callers):
    canvas = await make_canvas(callers.member)
    await add(callers.member, canvas["id"], content="x", provenance={"kind": "model", "model": "m"})
    await bring_in(callers.member, canvas, callers.owner_id, "viewer")
    copy = (await callers.owner.post(f"{CANVASES}/{canvas['id']}/duplicate")).json()
    assert (copy["role"], copy["canvas_name"], copy["artifacts"][0]["content"]) == ("owner", "Plan (copy)", "x")
    assert copy["artifacts"][0]["spans"][0]["provenance_id"] in copy["provenance"]


async def test_canvases_are_searched_by_name_and_by_what_they_say(callers: Callers):
    one = await make_canvas(callers.member, canvas_name="Budget")
    two = await make_canvas(callers.member, canvas_name="Other")
    await add(callers.member, two["id"], content="The zebra crosses.")
    for words, expected in (("budg", one), ("ZEBRA", two)):
        found = (await callers.member.get(f"{CANVASES}?search={words}")).json()["items"]
        assert [item["id"] for item in found] == [expected["id"]]
    page = (await callers.member.get(f"{CANVASES}?limit=1")).json()
    rest = (await callers.member.get(f"{CANVASES}?limit=1&cursor={page['next']}")).json()
    assert [page["items"][0]["id"], rest["items"][0]["id"]] == [two["id"], one["id"]]


async def test_an_artifact_id_of_another_canvas_takes_nothing_from_it(server: Server, callers: Callers):
    theirs = await make_canvas(callers.foreign_owner)
    victim = await add(callers.foreign_owner, theirs["id"], content="Theirs.")
    canvas = await make_canvas(callers.member)

    def forge(doc: "Doc[Any]") -> None:
        documents.artifacts_of(doc)[victim["id"]] = Map({"type": "markdown", "body": Text("Stolen.")})
        documents.artifacts_of(doc)[str(uuid4())] = Map(
            {"type": "code", "body": Text("Mine."), "created_by": victim["id"]}
        )

    await live(server, callers, canvas, forge, callers.member_id)
    mine = await read(callers.member, canvas["id"])
    assert [one["content"] for one in mine["artifacts"]] == ["Mine."]
    assert (await read(callers.foreign_owner, theirs["id"]))["artifacts"][0]["content"] == "Theirs."


async def test_files_are_imported_and_canvases_exported(callers: Callers):
    canvas = await make_canvas(callers.member, canvas_type="dashboard")
    for form, kind in (("markdown", "text/markdown"), ("html", "text/html"), ("json", "application/json")):
        answer = await callers.member.get(f"{CANVASES}/{canvas['id']}/export?format={form}")
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith(kind)
        assert answer.headers["Content-Disposition"].startswith("attachment")
    answer = await callers.member.get(f"{CANVASES}/{canvas['id']}/export?format=zip")
    form = aiohttp.FormData()
    form.add_field("file", answer.body, filename="plan.zip")
    made = await callers.member.send("POST", "/api/canvas/import", data=form)
    assert made.status == 201, made.body
    keep = ("type", "title", "content", "position", "size", "z_index")
    assert [{name: one[name] for name in keep} for one in made.json()["artifacts"]] == [
        {name: one[name] for name in keep} for one in canvas["artifacts"]
    ]
    bad = aiohttp.FormData()
    bad.add_field("file", b"\xff\xfe", filename="x.bin")
    assert (await callers.member.send("POST", "/api/canvas/import", data=bad)).status == 422


OPERATIONS = st.lists(
    st.tuples(
        st.sampled_from(["add", "type", "cut", "move", "remove", "style", "junk"]), st.integers(0, 7),
        st.text(alphabet="ab\n😀é,", min_size=1, max_size=8),
    ),
    min_size=1, max_size=12,
)  # fmt: skip


@given(operations=OPERATIONS)
@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_the_rows_say_what_the_document_says_whatever_was_done(
    server: Server, callers: Callers, operations: list[tuple[str, int, str]]
):
    canvas = await make_canvas(callers.member)

    def play(doc: "Doc[Any]", kind: str, number: int, text: str) -> None:
        there = documents.read(doc)
        held = documents.artifacts_of(doc)
        if kind == "add" or not there:
            held[str(uuid4())] = Map({"type": "table", "body": Text(text), "x": number * 1e6, "width": -number})
            return
        one = there[number % len(there)]
        body = documents.body_of(doc, one.id)
        size = len(one.content)
        match kind:
            case "type":
                documents.apply(body, [documents.Edit(number % (size + 1), number % (size + 1), text)], None)
            case "cut":
                documents.apply(body, [documents.Edit(0, min(number, size), "")], None)
            case "move":
                documents.change(doc, one.id, {"x": number, "z": -number, "collapsed": bool(number % 2)})
            case "remove":
                documents.remove(doc, one.id)
            case "style":
                documents.rewrite(body, one.content + text, "p1")
            case _:
                held[str(uuid4())] = text

    for step, (kind, number, text) in enumerate(operations):
        await live(server, callers, canvas, lambda doc, k=kind, n=number, t=text: play(doc, k, n, t), callers.member_id)  # type: ignore[misc]
        if step % 4 == 3:
            await server.app.state.rooms.quiet(callers.tenant.id, RoomId(UUID(canvas["room_id"])))

    shown = (await read(callers.member, canvas["id"]))["artifacts"]
    drawn = documents.read(await document(server, callers, canvas))
    assert {
        one["id"]: (one["content"], one["position"]["x"], one["size"]["width"], one["z_index"], one["is_collapsed"],
                    [span["provenance_id"] for span in one["spans"]])
        for one in shown
    } == {
        str(one.id): (one.content, one.x, one.width, one.z, one.collapsed, [span.provenance_id for span in one.spans])
        for one in drawn
    }  # fmt: skip
    for one in shown:
        latest = (
            await callers.member.get(f"{CANVASES}/{canvas['id']}/artifacts/{one['id']}/versions/{one['version']}")
        ).json()
        assert latest["content"] == one["content"]
