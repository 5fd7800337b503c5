"""Documents through HTTP: kept, read, found, replaced, deleted."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from radiant.foundation.files.service import remove_deleted_objects
from radiant.infra.objects import ObjectMissing
from radiant.kit.page import encode_cursor
from tests.kit.fixtures import Callers
from tests.kit.postgres import Dsns, dump
from tests.kit.server import Client, Server
from tests.workspace.documents.kit import (
    BASES,
    DOCUMENTS,
    embed_all,
    make_base,
    put_text,
    read_all,
    search,
    upload,
)
from tests.workspace.documents.test_reading import docx, pdf

GARDEN = """# Garden

## Watering

Tomatoes are watered in the morning, at the root. Leaves that stay wet overnight rot.

## Pruning

Roses are cut back in early spring, above an outward bud.
"""


async def _document(client: Client, id_: str) -> dict[str, Any]:
    return (await client.get(f"{DOCUMENTS}/{id_}")).json()


async def test_a_document_is_kept_read_found_and_cited_by_its_span(
    server: Server, callers: Callers, small_models: Path
) -> None:
    base = await make_base(callers.member)
    answer = await upload(callers.member, base, GARDEN.encode(), "garden.md", metadata='{"by": "Ada"}')
    assert answer.status == 202
    document = answer.json()
    assert (document["state"], document["version"], document["metadata"]) == ("waiting", 1, {"by": "Ada"})
    assert await search(callers.member, "When are roses cut back?") == []
    await read_all(server)
    document = await _document(callers.member, document["id"])
    assert document["state"] in ("embedding", "ready")
    assert (document["title"], document["language"], document["problem"]) == ("Garden", "en", None)
    (found, *_) = await search(callers.member, "When are roses cut back?")
    assert found["base_name"] == "Handbook"
    assert found["document"]["name"] == "garden.md"
    quote = found["quote"]
    text = (await callers.member.get(f"{DOCUMENTS}/{document['id']}/text", params=quote)).json()
    assert text["text"] == "Roses are cut back in early spring, above an outward bud."
    assert "words" in {reason["kind"] for reason in found["why"]}
    await embed_all(server)
    document = await _document(callers.member, document["id"])
    assert (document["state"], document["progress"], document["embedded"]) == ("ready", 1, document["passages"])
    (found, *_) = await search(callers.member, "how do I shorten thorny flowers after the winter")
    assert found["similarity"] > 0.35
    assert await search(callers.member, "quarterly tax deadlines of the company") == []
    held = (await callers.member.get(f"{BASES}/{base}")).json()
    assert (held["documents"], held["passages"], held["embedded"]) == (1, document["passages"], document["passages"])
    assert held["bytes"] == len(GARDEN)
    whole = (await callers.member.get(f"{DOCUMENTS}/{document['id']}/text")).json()
    assert whole["text"].strip() == GARDEN.strip()
    assert whole["total"] == whole["end"]
    original = await callers.member.get(f"{DOCUMENTS}/{document['id']}/file")
    assert original.body == GARDEN.encode()
    assert original.headers["Content-Disposition"].startswith("attachment")


async def test_the_same_bytes_are_nothing_to_do_and_others_take_their_place_once_they_are_read(
    server: Server, callers: Callers
) -> None:
    base = await make_base(callers.member)
    first = (await upload(callers.member, base, b"The gate code is 1111.", "gate.txt")).json()
    await read_all(server)
    assert (await upload(callers.member, base, b"The gate code is 1111.", "gate.txt")).status == 200
    again = await upload(callers.member, base, b"The gate code is 2222.", "gate.txt")
    assert (again.status, again.json()["id"]) == (202, first["id"])
    assert (again.json()["version"], again.json()["state"]) == (2, "waiting")
    (found,) = await search(callers.member, "gate code")
    assert (found["passage"]["text"], found["document"]["version"]) == ("The gate code is 1111.", 1)
    assert (await callers.member.get(f"{DOCUMENTS}/{first['id']}/file")).body.endswith(b"1111.")
    await read_all(server)
    (found,) = await search(callers.member, "gate code")
    assert (found["passage"]["text"], found["document"]["version"]) == ("The gate code is 2222.", 2)
    async with server.app.state.database.system("test").tx() as tx:
        assert await tx.value("select count(*) from document_passages") == 1
        assert await tx.value("select count(*) from assets") == 1
        assert await tx.value("select count(*) from object_deletions") == 2


async def test_a_version_that_cannot_be_read_leaves_the_one_before_and_a_cancel_goes_back_to_it(
    server: Server, callers: Callers
) -> None:
    base = await make_base(callers.member)
    id_ = (await upload(callers.member, base, pdf("The lamp is green."), "lamp.pdf")).json()["id"]
    await read_all(server)
    await upload(callers.member, base, b"%PDF-1.4 nonsense", "lamp.pdf")
    await read_all(server)
    document = await _document(callers.member, id_)
    assert (document["state"], document["version"], document["problem"]["type"]) == ("failed", 2, "broken-document")
    (found,) = await search(callers.member, "lamp")
    assert (found["passage"]["first_page"], found["document"]["version"]) == (None, 1)
    assert (await callers.member.post(f"{DOCUMENTS}/{id_}/retry")).json()["state"] == "waiting"
    back = (await callers.member.post(f"{DOCUMENTS}/{id_}/cancel")).json()
    assert (back["version"], back["problem"]) == (1, None)
    assert back["state"] in ("embedding", "ready")
    await read_all(server)
    assert (await _document(callers.member, id_))["version"] == 1
    assert (await callers.member.post(f"{DOCUMENTS}/{id_}/cancel")).status == 409
    assert (await callers.member.post(f"{DOCUMENTS}/{id_}/retry")).status == 409


async def test_a_first_version_that_is_cancelled_has_failed_and_can_be_retried(
    server: Server, callers: Callers
) -> None:
    base = await make_base(callers.member)
    id_ = (await put_text(callers.member, base, "note", "The key hangs behind the door."))["id"]
    cancelled = (await callers.member.post(f"{DOCUMENTS}/{id_}/cancel")).json()
    assert (cancelled["state"], cancelled["problem"]["type"]) == ("failed", "cancelled")
    await read_all(server)
    assert await search(callers.member, "key behind the door") == []
    await callers.member.post(f"{DOCUMENTS}/{id_}/retry")
    await read_all(server)
    assert len(await search(callers.member, "key behind the door")) == 1


async def test_files_of_each_kind_are_read_over_http(server: Server, callers: Callers) -> None:
    base = await make_base(callers.member)
    files = {
        "a.pdf": pdf("Nothing here.", "The zebra crosses at noon."),
        "b.docx": docx(("Heading1", "Giraffes"), ("Normal", "The giraffe eats acacia.")),
        "c.html": b"<html><head><title>Owls</title></head><body><p>The owl hunts at night.</p></body></html>",
        "d.csv": b"animal,food\nrhinoceros,grass\nhippo,reed\n",
        "e.py": b"def feed(penguin):\n    return 'herring'\n",
    }
    for name, data in files.items():
        assert (await upload(callers.member, base, data, name)).status == 202
    await read_all(server)
    states = {d["name"]: d["problem"] for d in (await callers.member.get(f"{BASES}/{base}/documents")).json()["items"]}
    assert states == dict.fromkeys(files)
    for word, name in {"zebra": "a.pdf", "giraffe": "b.docx", "owl": "c.html", "rhinoceros": "d.csv",
                       "penguin": "e.py"}.items():  # fmt: skip
        found = await search(callers.member, word)
        assert [one["document"]["name"] for one in found][:1] == [name]
    (zebra, *_) = await search(callers.member, "zebra")
    assert (zebra["passage"]["first_page"], zebra["passage"]["last_page"]) == (2, 2)
    (owl, *_) = await search(callers.member, "owl")
    assert owl["document"]["title"] == "Owls"


async def test_what_nobody_reads_here_says_so(server: Server, callers: Callers) -> None:
    base = await make_base(callers.member)
    id_ = (await upload(callers.member, base, bytes(range(256)) * 20, "thing.bin")).json()["id"]
    await read_all(server)
    problem = (await _document(callers.member, id_))["problem"]
    assert problem["type"] == "unsupported-document"
    assert problem["detail"]


async def test_a_persons_base_is_theirs_and_the_workspaces_is_read_by_all_and_changed_by_admins_and_its_maker(
    server: Server, callers: Callers
) -> None:
    mine = await make_base(callers.member, "Mine")
    mine_document = (await put_text(callers.member, mine, "a", "My secret is a violet umbrella."))["id"]
    ours = await make_base(callers.member, "Ours", owner="tenant")
    ours_document = (await put_text(callers.member, ours, "b", "The shared printer is in room seven."))["id"]
    theirs = await make_base(callers.owner, "Of the owner", owner="tenant")
    await read_all(server)
    for stranger in (callers.owner, callers.foreign_owner, callers.viewer):
        assert (await stranger.get(f"{BASES}/{mine}")).status == 404
        assert (await stranger.get(f"{DOCUMENTS}/{mine_document}/file")).status == 404
        assert await search(stranger, "violet umbrella") == []
        assert await search(stranger, "violet umbrella", base_ids=[mine]) == []
        assert await search(stranger, "violet umbrella", document_ids=[mine_document]) == []
    for reader in (callers.owner, callers.viewer):
        assert len(await search(reader, "shared printer")) == 1
        assert (await reader.get(f"{DOCUMENTS}/{ours_document}/file")).status == 200
    assert await search(callers.foreign_owner, "shared printer") == []
    seen = {one["name"]: one["may_edit"] for one in (await callers.member.get(BASES)).json()["items"]}
    assert seen == {"Mine": True, "Ours": True, "Of the owner": False}
    seen = {one["name"]: one["may_edit"] for one in (await callers.viewer.get(BASES)).json()["items"]}
    assert seen == {"Ours": False, "Of the owner": False}
    refused = await upload(callers.member, theirs, b"x", "x.txt")
    assert (refused.status, refused.json()["type"].rpartition("/")[2]) == (403, "not-your-base")
    assert (await callers.member.delete(f"{BASES}/{theirs}")).status == 403
    assert (await callers.owner.delete(f"{DOCUMENTS}/{ours_document}")).status == 204
    assert (await callers.owner.delete(f"{BASES}/{ours}")).status == 204


async def test_what_is_deleted_is_in_no_table_and_no_object(
    server: Server, callers: Callers, small_models: Path, dsns: Dsns
) -> None:
    secret = "Quixotically the plumbing contract ends on doomsday."
    for way in ("document", "base", "person"):
        base = await make_base(callers.member, f"To go by {way}")
        id_ = (await put_text(callers.member, base, "contract.md", f"# Quixotica\n\n{secret}"))["id"]
        await read_all(server)
        await embed_all(server)
        assert len(await search(callers.member, "plumbing contract")) == 1
        async with server.app.state.database.system("test").tx() as tx:
            key = await tx.value("select key from assets")
        assert (await asyncio.to_thread(dump, dsns.owner)).count(b"uixotic") >= 3
        if way == "document":
            assert (await callers.member.delete(f"{DOCUMENTS}/{id_}")).status == 204
        elif way == "base":
            assert (await callers.member.delete(f"{BASES}/{base}")).status == 204
        else:
            async with server.app.state.database.system("test").tx() as tx:
                await tx.run("delete from users where id = $1", callers.member_id)
        assert b"uixotic" not in await asyncio.to_thread(dump, dsns.owner), way
        await remove_deleted_objects(server.app.state.database, server.app.state.objects)
        with pytest.raises(ObjectMissing):
            await server.app.state.objects.get(key)


async def test_bases_and_documents_are_renamed_and_a_name_is_unique_in_its_base(
    server: Server, callers: Callers
) -> None:
    base = await make_base(callers.member)
    one = (await put_text(callers.member, base, "one.txt", "First words here."))["id"]
    await put_text(callers.member, base, "two.txt", "Second words here.")
    await read_all(server)
    assert (await callers.member.send("PATCH", f"{DOCUMENTS}/{one}", json={"name": "two.txt"})).status == 409
    changed = await callers.member.send(
        "PATCH", f"{DOCUMENTS}/{one}", json={"name": "Orchids.txt", "metadata": {"a": 1}}
    )
    assert (changed.json()["name"], changed.json()["metadata"]) == ("Orchids.txt", {"a": 1})
    listed = (await callers.member.get(f"{BASES}/{base}/documents", params={"search": "orch"})).json()["items"]
    assert [d["id"] for d in listed] == [one]
    change = {"name": "New", "description": "What it is for"}
    named = (await callers.member.send("PATCH", f"{BASES}/{base}", json=change)).json()
    assert (named["name"], named["description"]) == ("New", "What it is for")
    assert (await callers.member.send("PATCH", f"{BASES}/{base}", json={"embedding_model": "no-such"})).status >= 400


async def test_bad_input_says_what_to_do(server: Server, callers: Callers) -> None:
    base = await make_base(callers.member)
    for fields, data in (
        ({"metadata": "[1]"}, b"x"),
        ({"metadata": "{"}, b"x"),
        ({"metadata": json.dumps({"a": "b" * 70_000})}, b"x"),
        ({}, b""),
    ):
        answer = await upload(callers.member, base, data, "a.txt", **fields)
        assert (answer.status, bool(answer.json()["detail"])) == (422, True)
    assert (await callers.member.post("/api/documents/search", {"query": ""})).status == 422
    assert (await callers.member.get(f"{BASES}/{base}/documents", params={"cursor": "x"})).status == 422
    async with server.app.state.database.system("test").tx() as tx:
        assert await tx.value("select count(*) from assets") == 0


async def test_pages_of_documents_and_passages_go_through_all(server: Server, callers: Callers) -> None:
    base = await make_base(callers.member)
    text = "\n\n".join(f"Paragraph {n} speaks of the number {n}. " + "Words follow words. " * 20 for n in range(12))
    id_ = (await put_text(callers.member, base, "long.txt", text))["id"]
    for n in range(4):
        await put_text(callers.member, base, f"{n}.txt", f"Text {n}.")
    await read_all(server)
    names: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await callers.member.get(
            f"{BASES}/{base}/documents", params={"limit": "2", **({"cursor": cursor} if cursor else {})}
        )
        names += [d["name"] for d in page.json()["items"]]
        cursor = page.json()["next"]
    assert names == ["3.txt", "2.txt", "1.txt", "0.txt", "long.txt"]
    passages: list[dict[str, Any]] = []
    cursor = ""
    while cursor is not None:
        page = await callers.member.get(
            f"{DOCUMENTS}/{id_}/passages", params={"limit": "2", **({"cursor": cursor} if cursor else {})}
        )
        passages += page.json()["items"]
        cursor = page.json()["next"]
    assert [p["number"] for p in passages] == list(range(1, len(passages) + 1))
    for passage in passages:
        assert text[passage["start"] : passage["end"]] == passage["text"]
    part = (await callers.member.get(f"{DOCUMENTS}/{id_}/text", params={"start": "700", "end": "1900"})).json()
    assert part["text"] == text[700:1900]


async def test_documents_come_in_the_order_that_is_asked_for_page_by_page(server: Server, callers: Callers) -> None:
    base = await make_base(callers.member)
    sizes = {"b10.txt": 40, "B2.txt": 10, "a.txt": 30, "Ähre.txt": 20, "b1-007.txt": 20}
    ids = [(await put_text(callers.member, base, name, "x" * size))["id"] for name, size in sizes.items()]
    await read_all(server)
    await embed_all(server)  # which is a change too

    async def listed(order: str) -> list[str]:
        names: list[str] = []
        params = {"limit": "2", "order": order}
        while True:
            page = (await callers.member.get(f"{BASES}/{base}/documents", params=params)).json()
            names += [document["name"] for document in page["items"]]
            if page["next"] is None:
                return names
            params["cursor"] = page["next"]

    assert await listed("newest") == [*reversed(sizes)]
    assert await listed("name") == ["a.txt", "b1-007.txt", "B2.txt", "b10.txt", "Ähre.txt"]
    largest = await listed("largest")
    assert [sizes[name] for name in largest] == [40, 30, 20, 20, 10]
    async with server.app.state.documents.vectors._working:
        await callers.member.send("PATCH", f"{DOCUMENTS}/{ids[2]}", json={"metadata": {"touched": True}})
        changed = await listed("changed")
    assert (changed[0], sorted(changed)) == ("a.txt", sorted(sizes))
    page = (await callers.member.get(f"{BASES}/{base}/documents", params={"limit": "2", "order": "name"})).json()
    for order, cursor in (("newest", page["next"]), ("name", encode_cursor("name", "\x00", ids[0])),
                          ("largest", encode_cursor("largest", "-1", ids[0])), ("name", encode_cursor("name", "a", "b")),
                          ("changed", encode_cursor("changed", "yesterday", ids[0])),
                          ("largest", encode_cursor("largest", "9" * 30, ids[0]))):  # fmt: skip
        answer = await callers.member.get(f"{BASES}/{base}/documents", params={"order": order, "cursor": cursor})
        assert (answer.status, answer.json()["type"].rpartition("/")[2]) == (422, "bad-cursor"), (order, cursor)


async def test_a_base_that_is_deleted_while_it_is_read_is_gone_whoever_waits_for_whom(
    server: Server, callers: Callers, small_models: Path
) -> None:
    for _ in range(6):
        base = await make_base(callers.member)
        made = [await put_text(callers.member, base, f"{n}.txt", f"Words of {n}. " * 40) for n in range(6)]
        reading = asyncio.create_task(read_all(server))
        await asyncio.sleep(0.05)
        first = callers.member.send("DELETE", f"{DOCUMENTS}/{made[0]['id']}")
        answers = await asyncio.gather(first, callers.member.send("DELETE", f"{BASES}/{base}"))
        assert {answer.status for answer in answers} <= {204, 404}, [answer.body for answer in answers]
        await asyncio.gather(reading, return_exceptions=True)
        assert (await callers.member.get(f"{BASES}/{base}")).status == 404


async def test_who_follows_a_base_hears_of_each_change(server: Server, callers: Callers) -> None:
    base = await make_base(callers.member)
    states: list[str] = []
    counts: list[int] = []

    async def follow() -> None:
        url = f"{callers.member.base_url}{BASES}/{base}/events"
        event = b""
        async with callers.member.http.get(url, headers=callers.member.headers) as response:
            async for raw in response.content:
                if raw.startswith(b"event: "):
                    event = raw[7:].strip()
                elif raw.startswith(b"data: ") and event == b"document":
                    states.append(json.loads(raw[6:])["state"])
                elif raw.startswith(b"data: ") and event == b"base":
                    counts.append(json.loads(raw[6:])["documents"])
        assert event == b"deleted"

    task = asyncio.create_task(follow())
    try:
        async with asyncio.timeout(30):
            while not counts:
                await asyncio.sleep(0.02)
            made = await put_text(callers.member, base, "a.txt", "Words to be read.")
            while not states:
                await asyncio.sleep(0.02)
            await read_all(server)
            while states[-1] not in ("embedding", "ready") or counts[-1] != 1:
                await asyncio.sleep(0.02)
            await callers.member.delete(f"{DOCUMENTS}/{made['id']}")
            while counts[-1] != 0:
                await asyncio.sleep(0.02)
            await put_text(callers.member, base, "b.txt", "Others.")
            await callers.member.delete(f"{BASES}/{base}")
            await task
    finally:
        task.cancel()
    assert states[0] == "waiting"


async def test_a_large_upload_is_refused_and_leaves_nothing(server: Server, callers: Callers, monkeypatch: Any) -> None:
    base = await make_base(callers.member)
    monkeypatch.setattr(server.app.state.documents, "_most_bytes", 1000)
    answer = await upload(callers.member, base, b"x" * 2000, "big.txt")
    assert answer.status == 413
    assert (await callers.member.get(f"{BASES}/{base}/documents")).json()["items"] == []
