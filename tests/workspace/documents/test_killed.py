"""A worker that is killed while it reads leaves the version before, and another reads on; nothing is there twice."""

import asyncio
import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

from radiant.infra.jobs import Registry
from radiant.infra.jobs_worker import run_worker
from tests.kit.fixtures import Callers
from tests.kit.postgres import Dsns
from tests.kit.server import Server
from tests.workspace.documents.kit import (
    DOCUMENTS,
    make_base,
    put_text,
    read_all,
    reader_of,
    search,
    upload,
    waiting_jobs,
)


def _book(word: str) -> bytes:
    return "\n\n".join(f"Chapter {n} of {word} tells about the number {n}. " * 12 for n in range(600)).encode()


async def test_kill_9_in_the_middle_of_reading_leaves_the_old_version_and_another_worker_reads_on(
    server: Server, callers: Callers, dsns: Dsns, tmp_path: Path, owner: Any
) -> None:
    base = await make_base(callers.member)
    id_ = (await upload(callers.member, base, b"The old book speaks of marzipan.", "book.txt")).json()["id"]
    await read_all(server)
    await upload(callers.member, base, _book("nougat"), "book.txt")
    orders = {"app": dsns.app, "system": dsns.system, "objects": str(_objects(server))}
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.workspace.documents.child", json.dumps(orders), stdout=asyncio.subprocess.DEVNULL
    )  # fmt: skip
    async with asyncio.timeout(60):
        while not await owner.fetchval("select count(*) from document_passages where version = 2"):
            await asyncio.sleep(0.01)
    child.kill()
    await child.wait()
    staged = await owner.fetchval("select count(*) from document_passages where version = 2")
    document = (await callers.member.get(f"{DOCUMENTS}/{id_}")).json()
    assert document["state"] == "reading"
    (found,) = await search(callers.member, "marzipan")
    assert found["document"]["version"] == 1
    assert await search(callers.member, "nougat chapter 7") == []

    stop, registry = asyncio.Event(), Registry()
    reader_of(server).register(registry)
    worker = asyncio.create_task(run_worker(dsns.system, registry, stop, lease=timedelta(seconds=1)))
    async with asyncio.timeout(60):
        while (await callers.member.get(f"{DOCUMENTS}/{id_}")).json()["state"] == "reading":
            await asyncio.sleep(0.05)
    stop.set()
    await worker
    document = (await callers.member.get(f"{DOCUMENTS}/{id_}")).json()
    assert document["passages"] > staged
    assert await owner.fetchval("select count(*) from document_passages") == document["passages"]
    assert await owner.fetchval("select count(distinct version) from document_terms") == 1
    assert await search(callers.member, "marzipan") == []
    (found, *_) = await search(callers.member, "nougat chapter 7")
    assert found["document"]["version"] == 2


def _objects(server: Server) -> Path:
    return server.app.settings.data_dir / "objects"


async def test_two_readers_of_one_document_store_it_once(server: Server, callers: Callers, owner: Any) -> None:
    base = await make_base(callers.member)
    id_ = (await upload(callers.member, base, _book("toffee"), "book.txt")).json()["id"]
    (job,) = await waiting_jobs(server)
    await asyncio.gather(*(reader_of(server).handle(job) for _ in range(2)))
    await reader_of(server).handle(job)
    document = (await callers.member.get(f"{DOCUMENTS}/{id_}")).json()
    assert document["state"] in ("embedding", "ready")
    assert await owner.fetchval("select count(*) from document_passages") == document["passages"]
    assert await owner.fetchval("select max(number) from document_passages") == document["passages"]


async def test_a_cancel_stops_the_reader_and_deletion_while_it_reads_leaves_nothing(
    server: Server, callers: Callers, owner: Any
) -> None:
    base = await make_base(callers.member)
    for way in ("cancel", "delete"):
        id_ = (await upload(callers.member, base, _book(way), f"{way}.txt")).json()["id"]
        (job,) = await waiting_jobs(server)
        reading = asyncio.create_task(reader_of(server).handle(job))
        async with asyncio.timeout(20):
            while (await callers.member.get(f"{DOCUMENTS}/{id_}")).json()["state"] != "reading":
                await asyncio.sleep(0.01)
        if way == "cancel":
            assert (await callers.member.post(f"{DOCUMENTS}/{id_}/cancel")).json()["state"] == "failed"
        else:
            assert (await callers.member.delete(f"{DOCUMENTS}/{id_}")).status == 204
        await reading
        assert await owner.fetchval("select count(*) from document_passages") == 0
        assert await owner.fetchval("select count(*) from document_terms") == 0


async def test_a_document_that_kills_its_readers_is_given_up(server: Server, callers: Callers) -> None:
    base = await make_base(callers.member)
    id_ = (await put_text(callers.member, base, "a.txt", "Words."))["id"]
    (job,) = await waiting_jobs(server)
    await reader_of(server).gave_up(job)
    problem = (await callers.member.get(f"{DOCUMENTS}/{id_}")).json()["problem"]
    assert problem["type"] == "reading-gave-up"
