"""Use by reference: shown to nobody, forgotten on a change, in the log once a lease."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from radiant.foundation.credentials.leases import Leases
from radiant.foundation.credentials.schemas import CredentialChange, NewVersion
from radiant.foundation.credentials.service import CredentialDeleted, CredentialExpired, CredentialInactive
from radiant.infra.changes import Changes
from radiant.infra.db import Database
from radiant.infra.secrets import SecretRef, Secrets
from radiant.kit.errors import Invalid
from tests.foundation.credentials.conftest import SECRET, Made, Web
from tests.kit.fixtures import UPSTREAM_KEY
from tests.kit.postgres import Dsns
from tests.kit.server import Server
from tests.kit.upstream import Say, openai_upstream

ASK = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello?"}]}


async def used(owner: Any) -> int:
    return await owner.fetchval("select count(*) from credential_access_log where access_type = 'use' and success")


async def test_one_lease_serves_many_and_is_recorded_once(db: Database, dsns: Dsns, vault: Made, owner: Any) -> None:
    credential_id = await vault.store(value="one")
    tenant_id = vault.actor.tenant_id
    async with Changes(dsns.app, db.system("test")) as changes:
        while not changes.live:
            await asyncio.sleep(0.01)
        leases = Leases(vault.credentials, vault.log, changes)
        port: Secrets = leases
        ref = SecretRef(credential_id)
        values = await asyncio.gather(*(port.lease(tenant_id, ref, "provider openai") for _ in range(50)))
        assert set(values) == {"one"}
        assert await used(owner) == 1
        entry = await owner.fetchrow("select * from credential_access_log where access_type = 'use'")
        assert (entry["actor_kind"], entry["detail"]) == ("system", '{"purpose": "provider openai"}')
        await vault.credentials.rotate(vault.actor, credential_id, NewVersion(value="two"))
        await changes.caught_up()
        assert await leases.lease(tenant_id, ref, "provider openai") == "two"
        await vault.credentials.change(vault.actor, credential_id, CredentialChange(is_active=False))
        await changes.caught_up()
        with pytest.raises(CredentialInactive):
            await leases.lease(tenant_id, ref, "provider openai")
        await vault.credentials.change(vault.actor, credential_id, CredentialChange(is_active=True))
        await changes.caught_up()
        assert await leases.lease(tenant_id, ref, "provider openai") == "two"
        await vault.credentials.delete(vault.actor, credential_id)
        await changes.caught_up()
        with pytest.raises(CredentialDeleted):
            await leases.lease(tenant_id, ref, "provider openai")


async def test_f15_5_a_lease_ends_when_the_credential_expires(db: Database, dsns: Dsns, vault: Made) -> None:
    soon = datetime.now(UTC) + timedelta(seconds=0.5)
    credential_id = await vault.store(expires_at=soon)
    async with Changes(dsns.app, db.system("test")) as changes:
        while not changes.live:
            await asyncio.sleep(0.01)
        leases = Leases(vault.credentials, vault.log, changes)
        assert await leases.lease(vault.actor.tenant_id, SecretRef(credential_id), "test")
        await asyncio.sleep(0.6)
        with pytest.raises(CredentialExpired):
            await leases.lease(vault.actor.tenant_id, SecretRef(credential_id), "test")


async def test_a_field_is_taken_by_name(vault: Made) -> None:
    leases = Leases(vault.credentials, vault.log, Changes.never())
    stored = await vault.store(type="json", value='{"user": "u", "port": 5}')
    tenant_id = vault.actor.tenant_id
    assert await leases.lease(tenant_id, SecretRef(stored, "user"), "test") == "u"
    assert await leases.lease(tenant_id, SecretRef(stored, "port"), "test") == "5"
    for field in (None, "password"):
        with pytest.raises(Invalid, match="port, user"):
            await leases.lease(tenant_id, SecretRef(stored, field), "test")


async def _connected(web: Web, url: str, value: str) -> Any:
    await web.callers.operator.put(
        f"/api/credentials/vaults/{web.vault_id}/members/people/{await _me(web)}", {"role": "user"}
    )
    await web.callers.owner.post(web.path("/versions"), {"value": value})
    body = {"credential": web.credential_id, "base_url": url}
    return await web.callers.operator.put("/api/providers/openai", body)


async def _me(web: Web) -> str:
    return (await web.callers.operator.get("/api/session")).json()["user"]["id"]


async def test_a_providers_key_is_a_credential_which_rotates_under_it(web: Web, server: Server, owner: Any) -> None:
    async with openai_upstream() as upstream:
        upstream.key = UPSTREAM_KEY
        answer = await _connected(web, upstream.url, UPSTREAM_KEY)
        assert answer.status == 200, answer.body
        assert answer.json()["credential"] == web.credential_id
        assert UPSTREAM_KEY.encode() not in answer.body
        assert await owner.fetchval("select sealed from provider_connections") is None
        program = await server.with_key(web.callers.tenant.id, web.callers.member_id)
        upstream.plan(Say("one"))
        assert (await program.post("/v1/chat/completions", ASK)).status == 200
        assert await used(owner) >= 1
        uses = (await web.callers.owner.get(web.path("/uses"))).json()["items"]
        assert [(use["kind"], use["name"]) for use in uses] == [("provider-connection", "openai (default)")]
        refused = await web.callers.owner.delete(web.path())
        assert refused.json()["type"].endswith("/credential-in-use")
        upstream.key = "sk-upstream-rotated"
        await web.callers.owner.post(web.path("/versions"), {"value": "sk-upstream-rotated"})
        upstream.plan(Say("two"))
        assert (await program.post("/v1/chat/completions", ASK)).status == 200
        assert (await web.callers.owner.delete(web.path("?force=true"))).status == 204
        gone = await program.post("/v1/chat/completions", ASK)
        assert gone.status == 503
        assert b"deleted" in gone.body
        assert (await web.callers.owner.post(web.path("/restore"))).status == 200
        upstream.plan(Say("three"))
        assert (await program.post("/v1/chat/completions", ASK)).status == 200


async def test_f15_10_connecting_a_credential_takes_a_role_that_may_use_it(web: Web) -> None:
    async with openai_upstream() as upstream:
        body = {"credential": web.credential_id, "base_url": upstream.url}
        # An admin of the workspace, and no member of the vault.
        assert (await web.callers.operator.put("/api/providers/openai", body)).status == 403
        both = {**body, "api_key": "sk-x"}
        assert (await web.callers.operator.put("/api/providers/openai", both)).status == 422
        foreign = await web.callers.foreign_owner.put("/api/providers/openai", {"credential": web.credential_id})
        assert foreign.status == 404


async def test_an_expired_credential_stops_the_provider_and_says_so(web: Web, server: Server) -> None:
    async with openai_upstream() as upstream:
        upstream.key = UPSTREAM_KEY
        assert (await _connected(web, upstream.url, UPSTREAM_KEY)).status == 200
        past = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
        await web.callers.owner.patch(web.path(), {"expires_at": past})
        program = await server.with_key(web.callers.tenant.id, web.callers.member_id)
        answer = await program.post("/v1/chat/completions", ASK)
        assert answer.status == 503
        assert b"expired" in answer.body
        assert SECRET.encode() not in answer.body
