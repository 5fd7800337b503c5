"""Every attempt is in the log, and nothing done to the log goes unseen."""

import asyncio
import json
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from radiant.foundation.credentials import access_log_store
from radiant.foundation.credentials.access_log import AccessLog, Entry
from radiant.foundation.credentials.actor import Actor
from radiant.foundation.credentials.schemas import RevealAsked
from radiant.foundation.credentials.service import NoSuchCredential
from radiant.infra.db import Database
from tests.foundation.credentials.conftest import Made, Web, person
from tests.kit.people import Tenant

ASKED = RevealAsked(reason="to look")


async def test_f15_10_what_is_refused_at_the_door_is_recorded_too(web: Web, owner: Any) -> None:
    people = web.callers
    made = (await people.owner.post("/api/keys", {"name": "reader", "scopes": ["read"]})).json()
    reader = type(people.owner)(people.owner.base_url, people.owner.http, {"Authorization": f"Bearer {made['secret']}"})
    assert (await reader.post(web.path("/reveal"), {"reason": "curious"})).status == 403
    assert (await people.viewer.post(web.path("/reveal"), {"reason": "curious"})).status == 403
    told = [e for e in await entries(owner) if e["access_type"] == "refused"]
    assert [(e["actor_kind"], e["failure"], e["success"]) for e in told] == [
        ("api_key", "missing-scope", False),
        ("user", "forbidden", False),
    ]
    assert {str(e["credential_id"]) for e in told} == {web.credential_id}
    assert json.loads(told[0]["detail"]) == {"asked": "POST /api/credentials/{credential_id}/reveal"}
    assert (await people.owner.get("/api/credentials/trail/verification")).json()["whole"]


async def entries(owner: Any) -> list[Any]:
    return await owner.fetch("select * from credential_access_log order by tenant_id, seq")


async def test_f15_3_an_attempt_on_what_never_was_is_recorded(vault: Made, owner: Any) -> None:
    never = uuid4()
    with pytest.raises(NoSuchCredential):
        await vault.reveals.reveal(vault.actor, never, ASKED)
    last = (await entries(owner))[-1]
    assert (last["credential_id"], last["access_type"], last["success"]) == (never, "read", False)
    assert (last["accessed_by"], last["access_reason"]) == (vault.actor.user_id, "to look")
    assert last["failure"] == "no-such-credential"


async def test_f15_11_everything_is_recorded_with_who_why_and_from_where(web: Web, owner: Any) -> None:
    agent = {"User-Agent": "curl/8.0"}
    await web.callers.owner.post(web.path("/reveal"), {"reason": "to look"}, headers=agent)
    await web.callers.member.post(web.path("/reveal"), {"reason": "curious"}, headers=agent)
    await web.callers.owner.post(web.path("/versions"), {"value": "two"}, headers=agent)
    await owner.execute("update stored_credentials set encrypted_value = '\\x00112233445566778899aabbccddeeff'")
    broken = await web.callers.owner.post(web.path("/reveal"), {"reason": "to look"}, headers=agent)
    assert broken.status == 503
    told = [(e["access_type"], e["success"], e["failure"]) for e in await entries(owner)]
    assert told == [
        ("create_vault", True, None),
        ("store", True, None),
        ("read", True, None),
        ("read", False, "no-such-credential"),
        ("rotate", True, None),
        ("read", False, "value-unreadable"),
    ]
    shown = (await entries(owner))[2]
    assert (shown["source_ip"], shown["user_agent"]) == ("127.0.0.1", "curl/8.0")
    assert (shown["access_reason"], shown["accessed_by"]) == ("to look", web.callers.owner_id)
    assert str(shown["vault_id"]) == web.vault_id
    assert shown["version"] == 1
    assert shown["request_id"].startswith("req_")


async def test_f15_8_the_applications_roles_add_to_the_log_and_no_more(vault: Made, owner: Any, db: Database) -> None:
    # Even where a grant was given by mistake.
    await owner.execute("grant update, delete, truncate on credential_access_log to radiant_system")
    try:
        for statement in ("update credential_access_log set success = true", "delete from credential_access_log",
                          "truncate credential_access_log"):  # fmt: skip
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="never changed"):
                async with db.system("test").tx() as tx:
                    await tx.connection.execute(statement)
    finally:
        await owner.execute("revoke update, delete, truncate on credential_access_log from radiant_system")
    assert len(await entries(owner)) == 1


async def test_f15_8_the_log_outlives_credential_vault_and_person(vault: Made, owner: Any, tenant: Tenant) -> None:
    credential_id = await vault.store()
    await owner.execute("delete from credential_vaults")
    await owner.execute("delete from users where id = $1", tenant.user_id)
    assert credential_id in [e["credential_id"] for e in await entries(owner)]
    assert (await vault.log.verify(tenant.id)).whole


async def _five(vault: Made) -> None:
    credential_id = await vault.store()
    for _ in range(3):
        await vault.reveals.reveal(vault.actor, credential_id, ASKED)


TAMPERING = {
    "edited": "update credential_access_log set success = not success where seq = 3",
    "reason edited": "update credential_access_log set access_reason = 'none' where seq = 3",
    "person edited": "update credential_access_log set accessed_by = null where seq = 3",
    "time edited": "update credential_access_log set created_at = created_at + interval '1 microsecond' where seq = 3",
    "removed": "delete from credential_access_log where seq = 3",
    # By numbers far away: in which order one statement comes to its rows nobody says, and each number is taken once.
    "exchanged": "update credential_access_log set seq = 103 where seq = 3;"
    "update credential_access_log set seq = 3 where seq = 4; update credential_access_log set seq = 4 where seq = 103",
    "renumbered": "delete from credential_access_log where seq = 3;"
    "update credential_access_log set seq = seq + 99 where seq > 3;"
    "update credential_access_log set seq = seq - 100 where seq > 100",
    "of another tenant": "update credential_access_log set tenant_id = gen_random_uuid() where seq = 3",
}


@pytest.mark.parametrize("what", TAMPERING)
async def test_f15_8_an_edit_a_removal_and_a_reordering_are_found(
    vault: Made, owner: Any, tenant: Tenant, what: str
) -> None:
    await _five(vault)
    assert (await vault.log.verify(tenant.id)).entries == 5
    await owner.execute(TAMPERING[what])
    verdict = await vault.log.verify(tenant.id)
    assert verdict.first_broken == 3


async def test_f15_8_a_chain_cannot_be_made_anew_without_its_key(vault: Made, owner: Any, tenant: Tenant) -> None:
    await _five(vault)
    await owner.execute("delete from credential_trail_keys")
    vault.log._keys.clear()
    assert (await vault.log.verify(tenant.id)).first_broken == 1


async def test_many_at_once_make_one_chain_by_few_transactions(
    vault: Made, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[int] = []
    append = access_log_store.append

    async def counted(tx: Any, columns: Any) -> None:
        batches.append(len(columns[0]))
        await append(tx, columns)

    monkeypatch.setattr(access_log_store, "append", counted)
    await asyncio.gather(*(vault.log.record(vault.actor, Entry("read", reason=f"\x00{n}")) for n in range(300)))
    assert sum(batches) == 300
    assert len(batches) < 10
    assert (await vault.log.verify(tenant.id)).entries == 301


async def test_two_processes_make_one_chain(vault: Made, tenant: Tenant) -> None:
    other = AccessLog(vault.database, vault.kms)
    await asyncio.gather(
        *(log.record(vault.actor, Entry("read", reason=str(n))) for n in range(100) for log in (vault.log, other))
    )
    verdict = await AccessLog(vault.database, vault.kms).verify(tenant.id)
    assert (verdict.entries, verdict.first_broken) == (201, None)


async def test_nothing_is_shown_that_could_not_be_recorded(vault: Made, owner: Any) -> None:
    credential_id = await vault.store()
    await owner.execute("alter table credential_access_log add constraint no_more check (access_type <> 'read')")
    try:
        with pytest.raises(asyncpg.CheckViolationError):
            await vault.reveals.reveal(vault.actor, credential_id, ASKED)
    finally:
        await owner.execute("alter table credential_access_log drop constraint no_more")


async def test_each_tenant_has_a_chain_of_its_own(db: Database, vault: Made, owner: Any, make_tenant: Any) -> None:
    other = await make_tenant()
    await vault.log.record(Actor.job(other, "test"), Entry("read"))
    await vault.log.record(person(vault.actor.tenant_id, vault.actor.user_id), Entry("read"))  # type: ignore[arg-type]
    assert [(e["seq"]) for e in await entries(owner) if e["tenant_id"] == other] == [1]
    assert (await vault.log.verify(other)).whole
    assert (await vault.log.verify(vault.actor.tenant_id)).entries == 2


async def test_the_trail_is_read_by_those_of_the_vault_and_verified(web: Web) -> None:
    assert (await web.callers.member.get("/api/credentials/trail")).status == 403
    verified = (await web.callers.owner.get("/api/credentials/trail/verification")).json()
    assert verified["whole"] is True
    path = f"/api/credentials/vaults/{web.vault_id}/members/people/{web.callers.member_id}"
    await web.callers.owner.put(path, {"role": "auditor"})
    items = (await web.callers.member.get(f"/api/credentials/trail?vault_id={web.vault_id}")).json()["items"]
    assert [item["access_type"] for item in items] == ["grant", "store", "create_vault"]
    assert items[1]["credential_name"] == "stripe"
