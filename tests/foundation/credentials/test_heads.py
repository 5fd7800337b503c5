"""Heads told elsewhere, and the verification of every chain against them."""

import asyncio
import json
from pathlib import Path
from typing import Any

import boto3
import pytest

from radiant.config import Settings
from radiant.foundation.audit.service import chain_events
from radiant.foundation.credentials.access_log import Entry
from radiant.foundation.credentials.heads import Checked, Heads, read_heads, verify_all, verify_head
from radiant.foundation.identity.trail import record_system
from radiant.infra.events import Event
from radiant.runtime import heads_store
from tests.foundation.credentials.conftest import Made
from tests.kit.people import Tenant


async def _trail(vault: Made, tenant: Tenant) -> None:
    """Entries of both trails, and of the platform's."""
    async with vault.database.system("test").tx() as tx:
        for tenant_id in (tenant.id, tenant.id, None):
            await record_system(tx, tenant_id, "test.done")
        rows = await tx.all("select * from outbox order by id")
    events = [Event(**{name: row[name] for name in Event.__dataclass_fields__}) for row in rows]
    await chain_events(vault.database, events)
    await vault.store()
    for _ in range(3):
        await vault.log.record(vault.actor, Entry("read"))


async def _all(vault: Made) -> list[Checked]:
    return [checked async for checked in verify_all(vault.database, vault.log)]


async def test_f15_8_every_chain_of_both_trails_is_verified(vault: Made, tenant: Tenant, owner: Any) -> None:
    await _trail(vault, tenant)
    found = {(c.chain, c.tenant): (c.entries, c.fault) for c in await _all(vault)}
    assert found == {
        ("audit", None): (1, None),
        ("audit", str(tenant.id)): (2, None),
        ("credentials", str(tenant.id)): (5, None),
    }
    await owner.execute("update audit_log set action = 'another' where tenant_id = $1 and seq = 2", tenant.id)
    await owner.execute("delete from credential_access_log where seq = 2")
    faults = {c.chain: c.fault for c in await _all(vault) if c.fault}
    assert faults == {
        "audit": "entry 2 was changed, or follows a gap",
        "credentials": "entry 2 was changed, or follows a gap",
    }


async def test_f15_8_an_end_that_was_cut_off_shows_against_a_head(
    vault: Made, tenant: Tenant, owner: Any, tmp_path: Path
) -> None:
    await _trail(vault, tenant)
    file = tmp_path / "heads.jsonl"
    heads = Heads(vault.database, file)
    await heads.tell()
    await heads.tell()
    told = await asyncio.to_thread(lambda: list(read_heads(file)))
    assert sorted((head.chain, head.seq) for head in told) == [("audit", 1), ("audit", 2), ("credentials", 5)]
    assert file.stat().st_mode & 0o077 == 0
    for head in told:
        assert (await verify_head(vault.database, head)).fault is None
    await owner.execute("delete from credential_access_log where seq = 5")
    assert all(checked.fault is None for checked in await _all(vault))
    faults = [(await verify_head(vault.database, head)).fault for head in told]
    assert [fault for fault in faults if fault and "entry 5" in fault and "gone" in fault]
    # Written anew by somebody with the key is another entry all the same.
    await vault.log.record(vault.actor, Entry("read"))
    faults = [(await verify_head(vault.database, head)).fault for head in told]
    assert [fault for fault in faults if fault and "another than was told" in fault]


async def test_heads_go_to_a_bucket_where_one_is_set(
    vault: Made, tenant: Tenant, aws_endpoint: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    s3: Any = boto3.client("s3", region_name="us-east-1", endpoint_url=aws_endpoint)
    await asyncio.to_thread(s3.create_bucket, Bucket="trail-heads-of-the-test")
    await _trail(vault, tenant)
    settings = Settings(trail_heads_url="s3://trail-heads-of-the-test/ours", aws_endpoint_url=aws_endpoint)
    heads = Heads(vault.database, None, heads_store(settings))
    await heads.tell()
    await heads.tell()

    def kept() -> Path:
        (found,) = s3.list_objects_v2(Bucket="trail-heads-of-the-test")["Contents"]
        assert found["Key"].startswith("ours/trail-heads/20")
        file = tmp_path / "heads.jsonl"
        s3.download_file("trail-heads-of-the-test", found["Key"], str(file))
        return file

    told = list(read_heads(await asyncio.to_thread(kept)))
    assert sorted((head.chain, head.seq) for head in told) == [("audit", 1), ("audit", 2), ("credentials", 5)]


async def test_heads_are_logged_where_no_file_is_set(
    vault: Made, tenant: Tenant, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    await _trail(vault, tenant)
    await Heads(vault.database, None).tell()
    assert sum("trail.head" in record.getMessage() for record in caplog.records) == 3


@pytest.mark.blocks
def test_a_line_that_is_no_head_is_named(tmp_path: Path) -> None:
    file = tmp_path / "heads.jsonl"
    file.write_text(json.dumps({"at": "", "chain": "audit", "tenant": None, "seq": 1, "hash": ""}) + "\nnothing\n")
    with pytest.raises(ValueError, match="line 2"):
        list(read_heads(file))
