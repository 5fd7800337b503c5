"""/v1/files and /v1/batches through OpenAI's own SDK, over an upstream on loopback."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import openai
import pytest
from openai import AsyncOpenAI
from openai.types import Batch

from radiant.doors.gateway import batches, batches_run
from radiant.infra.db import Database
from radiant.infra.jobs import Job
from radiant.infra.jobs_beside import JobsBeside
from radiant.kit.ids import TenantId, UserId
from tests.kit.fixtures import Callers
from tests.kit.server import Client, Server
from tests.kit.upstream import Hang, Refuse, Say, Upstream

GPT = "gpt-4o"
_ENDED = ("completed", "failed", "expired", "cancelled")


@pytest.fixture
async def sdk(key: Client) -> AsyncIterator[AsyncOpenAI]:
    async with _sdk(key) as client:
        yield client


def _sdk(key: Client) -> AsyncOpenAI:
    secret = key.headers["Authorization"].removeprefix("Bearer ")
    return AsyncOpenAI(base_url=key.base_url + "/v1", api_key=secret, max_retries=0)


def _lines(count: int, url: str = "/v1/chat/completions", **body: Any) -> bytes:
    asked = body or {"messages": [{"role": "user", "content": "x"}]}
    return b"".join(
        json.dumps({"custom_id": f"line-{i}", "method": "POST", "url": url, "body": {"model": GPT, **asked}}).encode()
        + b"\n"
        for i in range(count)
    )


async def _begun(sdk: AsyncOpenAI, data: bytes, endpoint: Any = "/v1/chat/completions") -> Batch:
    file = await sdk.files.create(file=("in.jsonl", data), purpose="batch")
    return await sdk.batches.create(
        input_file_id=file.id, endpoint=endpoint, completion_window="24h", metadata={"project": "apollo"}
    )


async def _ended(sdk: AsyncOpenAI, name: str) -> Batch:
    async with asyncio.timeout(30):
        while (batch := await sdk.batches.retrieve(name)).status not in _ENDED:
            await asyncio.sleep(0.1)
    return batch


async def _read(sdk: AsyncOpenAI, file_id: str | None) -> list[dict[str, Any]]:
    assert file_id is not None
    text = (await sdk.files.content(file_id)).text
    return [json.loads(line) for line in text.splitlines()]


async def _ledger(server: Server, db: Database) -> list[dict[str, Any]]:
    await server.app.state.meter.flush()
    async with db.system("test").tx() as tx:
        return [dict(row) for row in await tx.all("select * from usage_ledger order by created_at")]


async def test_a_file_is_kept_listed_read_and_deleted(sdk: AsyncOpenAI) -> None:
    names = [(await sdk.files.create(file=(f"{i}.jsonl", _lines(1)), purpose="batch")).id for i in range(3)]
    found = await sdk.files.retrieve(names[0])
    assert (found.filename, found.bytes, found.purpose, found.status) == (
        "0.jsonl", len(_lines(1)), "batch", "processed",
    )  # fmt: skip
    assert (await sdk.files.content(names[0])).content == _lines(1)
    page = await sdk.files.list(limit=2)
    assert page.has_more
    assert [file.id async for file in sdk.files.list(limit=2)] == names[::-1]
    assert [file.id async for file in sdk.files.list(limit=2, order="asc", purpose="batch")] == names
    assert (await sdk.files.delete(names[0])).deleted
    with pytest.raises(openai.NotFoundError):
        await sdk.files.retrieve(names[0])


async def test_what_is_no_file_for_a_batch_is_refused(sdk: AsyncOpenAI, key: Client) -> None:
    with pytest.raises(openai.BadRequestError, match="purpose"):
        await sdk.files.create(file=("a.jsonl", b"x"), purpose="fine-tune")
    for options in ({"data": b"{}"}, {"data": {"purpose": "batch"}}, {"data": b"x" * 100}):
        answer = await key.send("POST", "/v1/files", **options)
        assert answer.status == 400, answer.body
    answer = await key.send(
        "POST", "/v1/files", data=b"--x\r\nbad", headers={"Content-Type": "multipart/form-data; boundary=x"}
    )
    assert answer.status == 400


async def test_a_batch_answers_every_line_once_and_is_billed_so(
    sdk: AsyncOpenAI, upstream: Upstream, server: Server, db: Database, tenant_ids: tuple[TenantId, UserId]
) -> None:
    upstream.default = Say("It is Paris.", input_tokens=9, output_tokens=4)
    begun = await _begun(sdk, _lines(25))
    assert (begun.object, begun.endpoint, begun.metadata) == ("batch", "/v1/chat/completions", {"project": "apollo"})
    batch = await _ended(sdk, begun.id)
    assert batch.status == "completed"
    assert batch.request_counts is not None
    assert (batch.request_counts.total, batch.request_counts.completed, batch.request_counts.failed) == (25, 25, 0)
    assert batch.error_file_id is None
    results = await _read(sdk, batch.output_file_id)
    assert [result["custom_id"] for result in results] == [f"line-{i}" for i in range(25)]
    for result in results:
        assert result["error"] is None
        assert result["response"]["status_code"] == 200
        assert result["response"]["body"]["choices"][0]["message"]["content"] == "It is Paris."
    rows = await _ledger(server, db)
    assert len(rows) == len(upstream.requests) == 25
    assert {row["user_id"] for row in rows} == {tenant_ids[1]}
    assert all(row["api_key_id"] for row in rows)


async def test_lines_that_fail_go_to_the_file_of_errors(sdk: AsyncOpenAI, upstream: Upstream) -> None:
    upstream.plan(Refuse(400, "prompt is strange"))
    data = _lines(1) + b'{"custom_id": "bad", "method": "POST", "url": "/v1/chat/completions", "body": {"model": 5}}\n'
    batch = await _ended(sdk, (await _begun(sdk, data)).id)
    assert batch.status == "completed"
    assert batch.request_counts is not None
    assert batch.request_counts.failed == 2
    assert batch.output_file_id is None
    first, second = await _read(sdk, batch.error_file_id)
    assert first["response"]["status_code"] == 400
    assert "prompt is strange" in first["response"]["body"]["error"]["message"]
    assert "model" in second["response"]["body"]["error"]["message"]


@pytest.mark.parametrize(
    ("url", "body"),
    [("/v1/embeddings", {"model": "text-embedding-3-small", "input": "x"}), ("/v1/responses", {"input": "x"}),
     ("/v1/completions", {"prompt": "x"})],
)  # fmt: skip
async def test_every_endpoint_of_batches_answers(
    sdk: AsyncOpenAI, upstream: Upstream, url: str, body: dict[str, Any]
) -> None:
    batch = await _ended(sdk, (await _begun(sdk, _lines(2, url, **body), url)).id)
    assert (batch.status, batch.request_counts and batch.request_counts.completed) == ("completed", 2)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_file"), (b"{not json\n", "invalid_json_line"), (_lines(1) + _lines(1), "duplicate_custom_id"),
        (_lines(1, "/v1/embeddings"), "mismatched_url"), (_lines(1, stream=True), "invalid_request"),
        (b'{"custom_id": "", "method": "POST", "url": "/v1/chat/completions", "body": {}}', "invalid_custom_id"),
        (b'{"custom_id": "a", "method": "GET", "url": "/v1/chat/completions", "body": {}}', "invalid_method"),
    ],
)  # fmt: skip
async def test_a_file_that_cannot_be_answered_fails_the_batch_and_says_where(
    sdk: AsyncOpenAI, upstream: Upstream, data: bytes, code: str
) -> None:
    batch = await _ended(sdk, (await _begun(sdk, data or b"\n")).id)
    assert batch.status == "failed"
    assert batch.errors is not None
    assert batch.errors.data is not None
    assert batch.errors.data[0].code == code
    assert upstream.requests == []


async def test_a_cancelled_batch_keeps_what_was_answered(sdk: AsyncOpenAI, upstream: Upstream) -> None:
    upstream.default = Say("x", before=0.2)
    begun = await _begun(sdk, _lines(60))
    async with asyncio.timeout(10):
        while not (batch := await sdk.batches.retrieve(begun.id)).request_counts or not batch.request_counts.completed:
            await asyncio.sleep(0.05)
    assert (await sdk.batches.cancel(begun.id)).status == "cancelling"
    batch = await _ended(sdk, begun.id)
    assert batch.status == "cancelled"
    done, undone = await _read(sdk, batch.output_file_id), await _read(sdk, batch.error_file_id)
    assert len(done) + len(undone) == 60
    assert len(done) == len(upstream.requests) < 60
    assert {line["error"]["code"] for line in undone} == {"batch_cancelled"}


async def test_batches_are_listed_by_page(sdk: AsyncOpenAI, upstream: Upstream) -> None:
    names = [(await _begun(sdk, _lines(1))).id for _ in range(3)]
    page = await sdk.batches.list(limit=2)
    assert page.has_more
    assert [batch.id async for batch in sdk.batches.list(limit=2)] == names[::-1]
    for name in names:
        await _ended(sdk, name)


async def test_f0_5_files_and_batches_are_their_persons_alone(
    sdk: AsyncOpenAI, server: Server, callers: Callers, upstream: Upstream
) -> None:
    file = await sdk.files.create(file=("in.jsonl", _lines(1)), purpose="batch")
    begun = await _begun(sdk, _lines(1))
    batch = await _ended(sdk, begun.id)
    others = [(callers.tenant.id, callers.owner_id), (callers.other_tenant.id, callers.other_tenant.user_id)]
    for tenant_id, user_id in others:
        theirs = await server.with_key(tenant_id, user_id)
        for method, path in [
            ("GET", f"/v1/files/{file.id}"), ("GET", f"/v1/files/{file.id}/content"), ("DELETE", f"/v1/files/{file.id}"),
            ("GET", f"/v1/files/{batch.output_file_id}/content"), ("GET", f"/v1/batches/{batch.id}"),
            ("POST", f"/v1/batches/{batch.id}/cancel"),
        ]:  # fmt: skip
            answer = await theirs.send(method, path)
            assert answer.status == 404, (method, path, answer.body)
        new = {"input_file_id": file.id, "endpoint": "/v1/chat/completions", "completion_window": "24h"}
        assert (await theirs.post("/v1/batches", new)).status == 404
        for listed in ("/v1/files", "/v1/batches"):
            assert (await theirs.get(listed)).json()["data"] == []
            assert (await theirs.get(f"{listed}?after={file.id}")).status in (200, 400)
    assert (await sdk.files.retrieve(file.id)).id == file.id


async def test_a_busy_upstream_is_asked_again_and_a_spent_budget_is_not(
    sdk: AsyncOpenAI, upstream: Upstream, callers: Callers
) -> None:
    upstream.plan(*[Refuse(429, "slow down", type="rate_limit_error", retry_after=0.01)] * 4)
    batch = await _ended(sdk, (await _begun(sdk, _lines(2))).id)
    assert batch.request_counts is not None
    assert batch.request_counts.completed == 2
    answer = await callers.owner.post("/api/budgets", {"period": "day", "amount": "0.000001"})
    assert answer.status == 201, answer.body
    upstream.requests.clear()
    batch = await _ended(sdk, (await _begun(sdk, _lines(3))).id)
    results = await _read(sdk, batch.error_file_id)
    assert {result["response"]["body"]["error"]["code"] for result in results} == {"insufficient_quota"}
    assert upstream.requests == []


async def test_a_revoked_key_ends_its_batch(
    sdk: AsyncOpenAI, upstream: Upstream, server: Server, db: Database, tenant_ids: tuple[TenantId, UserId]
) -> None:
    upstream.default = Say("x", before=0.1)
    begun = await _begun(sdk, _lines(100))
    async with db.system("test").tx() as tx:
        await tx.run("update api_keys set revoked_at = now()")
    async with asyncio.timeout(20), _sdk(await server.with_key(*tenant_ids)) as other:
        while (batch := await other.batches.retrieve(begun.id)).status not in _ENDED:
            await asyncio.sleep(0.1)
    assert batch.status == "failed"
    assert batch.errors is not None
    assert batch.errors.data is not None
    assert batch.errors.data[0].code == "not_allowed"
    assert len(upstream.requests) < 100
    assert batch.error_file_id is not None


async def test_a_batch_that_is_not_done_in_its_window_expires_with_what_was_answered(
    sdk: AsyncOpenAI, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batches, "WINDOW", timedelta(seconds=2.5))
    upstream.plan(*[Say("It is Paris.")] * 3)
    upstream.default = Hang()
    batch = await _ended(sdk, (await _begun(sdk, _lines(8))).id)
    assert batch.status == "expired"
    assert batch.expired_at is not None
    assert batch.completed_at is None
    assert batch.request_counts is not None
    assert (batch.request_counts.total, batch.request_counts.completed) == (8, 3)
    done, undone = await _read(sdk, batch.output_file_id), await _read(sdk, batch.error_file_id)
    assert len(done) == 3
    assert {line["response"]["status_code"] for line in done} == {200}
    assert len({line["custom_id"] for line in done + undone}) == 8
    assert {(line["error"]["code"], line["response"]) for line in undone} == {("batch_expired", None)}


async def test_a_batch_whose_job_was_lost_expires_all_the_same(
    sdk: AsyncOpenAI, upstream: Upstream, server: Server, owner: Any
) -> None:
    begun = await _begun(sdk, _lines(2))
    await _ended(sdk, begun.id)
    # As an older version left it: under way, and its job given up.
    await owner.execute(
        "update gateway_batches set status = 'in_progress', finished_at = null, output_file_id = null,"
        " expires_at = now() - interval '1 minute'"
    )
    await owner.execute("update gateway_batch_lines set status_code = null, answer = null where line = 2")
    server.app.state.gateway.batch_waits.set()
    batch = await _ended(sdk, begun.id)
    assert batch.status == "expired"
    assert [line["custom_id"] for line in await _read(sdk, batch.output_file_id)] == ["line-0"]
    assert [line["error"]["code"] for line in await _read(sdk, batch.error_file_id)] == ["batch_expired"]
    assert len(upstream.requests) == 2


def _job(name: str, tenant_ids: tuple[TenantId, UserId], attempt: int) -> Job:
    batch_id = str(UUID(name.removeprefix("batch_")))
    return Job(1, batches_run.JOB, {"batch_id": batch_id}, *tenant_ids, attempt)


async def test_a_batch_whose_files_cannot_be_written_ends_without_them_in_the_end(
    sdk: AsyncOpenAI, server: Server, owner: Any, tenant_ids: tuple[TenantId, UserId], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def idle(*_: object) -> bool:
        return False

    async def full(*_: object, **__: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(JobsBeside, "_work", idle)
    begun = await _begun(sdk, _lines(1))
    await owner.execute("update gateway_batches set status = 'in_progress'")
    await owner.execute(
        "insert into gateway_batch_lines (tenant_id, user_id, batch_id, line, custom_id, request)"
        " select tenant_id, user_id, id, 1, 'line-0', '{}' from gateway_batches"
    )
    monkeypatch.setattr(batches_run.files, "save", full)
    for attempt in range(batches_run.ATTEMPTS + 1, batches_run.ATTEMPTS + 4):
        with pytest.raises(OSError, match="no space"):
            await batches_run.end_batch(server.app.state.gateway, _job(begun.id, tenant_ids, attempt))
        assert (await sdk.batches.retrieve(begun.id)).status == "in_progress"
    await batches_run.end_batch(server.app.state.gateway, _job(begun.id, tenant_ids, batches_run.ATTEMPTS + 4))
    batch = await sdk.batches.retrieve(begun.id)
    assert (batch.status, batch.output_file_id, batch.error_file_id) == ("failed", None, None)
