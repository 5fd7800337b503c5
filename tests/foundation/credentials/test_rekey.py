"""Another key-encryption key: data keys are wrapped anew and values are not touched, while everything serves."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from radiant import vault as root
from radiant.config import Settings
from radiant.foundation.credentials.access_log import AccessLog, Entry
from radiant.foundation.credentials.actor import Actor
from radiant.foundation.credentials.reveals import Reveals
from radiant.foundation.credentials.schemas import NewVersion
from radiant.foundation.credentials.service import Credentials
from radiant.foundation.credentials.vaults import Vaults
from radiant.infra.db import Database
from radiant.infra.kms import (
    AwsKms,
    CannotOpen,
    Kms,
    LocalKms,
    TookOver,
    load_or_make_master_keys,
    open_sealed,
    read_master_keys,
    seal,
)
from radiant.infra.rekeying import SealedPlace, rekey_all
from tests.foundation.credentials.conftest import Made, made
from tests.kit.people import Tenant

FORMER, PRESENT = bytes(32), bytes(range(32))
SOURCE = Path(__file__).parents[3] / "src" / "radiant"


async def text_of(vault: Made, credential_id: UUID, **which: Any) -> str:
    actor = Actor.job(vault.actor.tenant_id, "test")
    found = await vault.credentials.open(actor, Entry("use", credential_id=credential_id), "use", **which)
    return found.value.secret(found.kind)


async def rekeyed(db: Database, kms: Kms, settings: Settings | None = None) -> dict[str, Any]:
    places = root._places(settings or Settings())
    return {result.place: result for result in await rekey_all(db, kms, places, pause_seconds=0)}


async def test_versions_and_chain_keys_move_to_the_present_key(db: Database, tenant: Tenant, owner: Any) -> None:
    before = await made(db, LocalKms(FORMER), tenant)
    credential_id = await before.store(value="one")
    await before.credentials.rotate(before.actor, credential_id, NewVersion(value="two"))
    payloads = await owner.fetch("select version, sealed from credential_versions order by 1")
    done = await rekeyed(db, LocalKms(PRESENT, (FORMER,)))
    assert done["versions of credentials"].done == 2
    assert done["keys of the access log"].done == 1
    assert await owner.fetch("select version, sealed from credential_versions order by 1") == payloads
    after = _over(before, LocalKms(PRESENT))
    assert await text_of(after, credential_id) == "two"
    assert await text_of(after, credential_id, stage="previous") == "one"
    assert (await after.log.verify(tenant.id)).whole
    assert (await after.vaults.get(after.actor, before.vault_id)).encryption_key_arn == LocalKms(PRESENT).key_id
    assert (await rekeyed(db, LocalKms(PRESENT, (FORMER,))))["versions of credentials"].done == 0


def _over(vault: Made, kms: Kms) -> Made:
    """The same vault, as a process sees it that has only that keeper."""
    log = AccessLog(vault.database, kms)
    credentials = Credentials(vault.database, kms, log)
    return Made(
        vault.database, kms, log, Vaults(vault.database, kms, log), credentials,
        Reveals(vault.database, credentials, log), vault.actor, vault.vault_id,
    )  # fmt: skip


async def test_what_does_not_open_is_named_and_left(db: Database, tenant: Tenant, owner: Any) -> None:
    vault = await made(db, LocalKms(FORMER), tenant)
    credential_id = await vault.store()
    other = await vault.store("other")
    await owner.execute("update credential_versions set wrapped_key = '\\x00' where credential_id = $1", credential_id)
    done = (await rekeyed(db, LocalKms(PRESENT, (FORMER,))))["versions of credentials"]
    assert done.done == 1
    assert done.failed == [f"{credential_id} version 1"]
    assert await text_of(_over(vault, LocalKms(PRESENT)), other) == "sk-live-0123456789"


async def test_a_new_master_key_is_put_in_place_while_others_serve(
    db: Database, tenant: Tenant, tmp_path: Path
) -> None:
    settings = Settings(data_dir=tmp_path / "data", master_key_file=tmp_path / "master.key")
    (former,) = await asyncio.to_thread(load_or_make_master_keys, settings.key_file)
    serving = LocalKms(former, reread=lambda: read_master_keys(settings.key_file))
    vault = await made(db, serving, tenant)
    stored = [await vault.store(f"before {n}", f"value {n}") for n in range(20)]
    stop, values = asyncio.Event(), dict(zip(stored, (f"value {n}" for n in range(20)), strict=True))

    async def serve() -> None:
        n = 0
        while not stop.is_set():
            values[await vault.store(f"while {n}", f"late {n}")] = f"late {n}"
            for credential_id in (stored[n % 20], *list(values)[-1:]):
                assert await text_of(vault, credential_id) == values[credential_id]
            n += 1

    task = asyncio.create_task(serve())
    await asyncio.sleep(0.1)
    name = await asyncio.to_thread(root.make_master_key, settings)
    key, *others = await asyncio.to_thread(read_master_keys, settings.key_file)
    assert others == [former]
    await rekeyed(db, LocalKms(key, tuple(others)), settings)
    await asyncio.sleep(0.1)
    stop.set()
    await task
    assert await asyncio.to_thread(root.forget_former_keys, settings) == [LocalKms(former).key_id]
    assert settings.key_file.stat().st_mode & 0o077 == 0
    after = _over(vault, LocalKms(key))
    assert LocalKms(key).key_id == name
    assert len(values) > 20
    for credential_id, value in values.items():
        assert await text_of(after, credential_id) == value


async def test_rekeying_under_kms_never_brings_a_data_key_out(
    db: Database, tenant: Tenant, aws_endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    maker = AwsKms("none", region="us-east-1", endpoint_url=aws_endpoint)
    former = AwsKms(await maker.make_key(f"f-{uuid4()}", {}), region="us-east-1", endpoint_url=aws_endpoint)
    present = AwsKms(await maker.make_key(f"p-{uuid4()}", {}), region="us-east-1", endpoint_url=aws_endpoint)
    vault = await made(db, former, tenant)
    credential_id = await vault.store()

    async def never(*_: Any) -> bytes:
        raise AssertionError("a data key left KMS")

    monkeypatch.setattr(AwsKms, "decrypt", never)
    assert (await rekeyed(db, present))["versions of credentials"].done == 1
    monkeypatch.undo()
    described = await vault.vaults.get(vault.actor, vault.vault_id)
    assert described.encryption_key_arn == present.key_id
    assert await text_of(_over(vault, present), credential_id) == "sk-live-0123456789"


async def test_kms_takes_over_from_the_local_key(db: Database, tenant: Tenant, aws_endpoint: str) -> None:
    local = LocalKms(FORMER)
    vault = await made(db, local, tenant)
    credential_id = await vault.store(value="one")
    maker = AwsKms("none", region="us-east-1", endpoint_url=aws_endpoint)
    aws = AwsKms(await maker.make_key(f"t-{uuid4()}", {}), region="us-east-1", endpoint_url=aws_endpoint)
    both = _over(vault, TookOver(aws, local))
    assert await text_of(both, credential_id) == "one"
    await both.credentials.rotate(both.actor, credential_id, NewVersion(value="two"))
    keys = {v.version: v.kek_id for v in await both.credentials.versions(both.actor, credential_id, None, 5)}
    assert keys == {1: local.key_id, 2: aws.key_id}
    done = await rekeyed(db, TookOver(aws, local))
    assert (done["versions of credentials"].done, done["keys of the access log"].done) == (1, 1)
    after = _over(vault, aws)
    assert await text_of(after, credential_id) == "two"
    assert await text_of(after, credential_id, stage="previous") == "one"
    assert (await after.log.verify(tenant.id)).whole
    assert (await after.vaults.get(after.actor, vault.vault_id)).encryption_key_arn == aws.key_id


async def _rows(owner: Any, tenant: Tenant, kms: Kms) -> dict[str, Any]:
    """One sealed value in each place, under `kms`, put there as its slice binds it."""
    contexts = {
        "keys of providers": {"purpose": "provider-connection", "tenant": str(tenant.id), "provider": "openai"},
        "secrets of one-time codes": {"purpose": "totp", "tenant": str(tenant.id), "user": str(tenant.user_id)},
        "client secrets of single sign-on": {"purpose": "sso-client-secret", "tenant": str(tenant.id)},
        "ID tokens of sessions": {"purpose": "sso-id-token", "tenant": str(tenant.id)},
        "secrets of alerts": {"error_settings": str(tenant.id)},
        "secrets of guardrails": {"tenant_id": str(tenant.id), "guardrail_id": str(GUARDRAIL)},
        "the key of fingerprints": {"purpose": "credential-fingerprints"},
        "sessions of AWS roles": {
            "purpose": "aws-session", "tenant": str(tenant.id), "identity": str(ROLE), "digest": bytes(32).hex(),
        },
    }  # fmt: skip
    sealed = {name: await seal(kms, name.encode(), context) for name, context in contexts.items()}
    t, u = tenant.id, tenant.user_id
    insert = owner.execute
    await insert(
        "insert into provider_connections (tenant_id, provider, sealed) values ($1, 'openai', $2)",
        t, sealed["keys of providers"],
    )  # fmt: skip
    await insert(
        "insert into totp_secrets (tenant_id, user_id, secret) values ($1, $2, $3)",
        t, u, sealed["secrets of one-time codes"],
    )  # fmt: skip
    await insert(
        "insert into sso_connections (tenant_id, issuer, client_id, client_secret) values ($1, 'https://i', 'c', $2)",
        t, sealed["client secrets of single sign-on"],
    )  # fmt: skip
    await insert(
        "insert into sessions (tenant_id, user_id, token_hash, expires_at, sso_token)"
        " values ($1, $2, sha256('t'), now() + interval '1 day', $3)",
        t, u, sealed["ID tokens of sessions"],
    )  # fmt: skip
    await insert(
        "insert into error_settings (tenant_id, webhook_secret) values ($1, $2)", t, sealed["secrets of alerts"]
    )
    policy = await owner.fetchval("insert into policies (tenant_id, name) values ($1, 'p') returning id", t)
    await insert(
        "insert into guardrails (id, tenant_id, policy_id, name, position, kind, stage, action, secret)"
        " values ($1, $2, $3, 'g', 0, 'webhook', 'before', 'block', $4)",
        GUARDRAIL, t, policy, sealed["secrets of guardrails"],
    )  # fmt: skip
    await insert("insert into credential_fingerprint_keys (sealed) values ($1)", sealed["the key of fingerprints"])
    await insert(
        "insert into aws_identities (id, tenant_id, name, kind, arn)"
        " values ($1, $2, 'r', 'role', 'arn:aws:iam::123456789012:role/r')",
        ROLE, t,
    )  # fmt: skip
    await insert(
        "insert into aws_sessions (tenant_id, identity_id, digest, sealed, refresh_at, expires_at)"
        " values ($1, $2, $3, $4, now(), now())",
        t, ROLE, bytes(32), sealed["sessions of AWS roles"],
    )  # fmt: skip
    return contexts


GUARDRAIL, ROLE = uuid4(), uuid4()


async def test_every_slices_secrets_are_rekeyed_and_open(db: Database, tenant: Tenant, owner: Any) -> None:
    await owner.set_type_codec("jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog")
    try:
        contexts = await _rows(owner, tenant, LocalKms(FORMER))
    finally:
        await owner.reset_type_codec("jsonb", schema="pg_catalog")
    places = [place for place in root._places(Settings()) if isinstance(place, SealedPlace)]
    assert {place.name for place in places} == {*contexts, "keys of the access log"}
    present = LocalKms(PRESENT, (FORMER,))
    done = await rekeyed(db, present)
    for place in places:
        if place.name not in contexts:
            continue
        assert done[place.name].done == 1, place.name
        async with db.system("test").tx() as tx:
            (row,) = await tx.all(place.due, "none", None, 10)
        assert await open_sealed(LocalKms(PRESENT), row["sealed"], contexts[place.name]) == place.name.encode()
        with pytest.raises(CannotOpen):
            await open_sealed(LocalKms(FORMER), row["sealed"], contexts[place.name])


@pytest.mark.blocks
def test_every_module_that_seals_offers_its_place() -> None:
    opens = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        if re.search(r"\bopen_sealed\(", path.read_text()) and path.name != "kms.py"
    }
    # alerts.py opens what settings.py seals.
    offers = {"foundation/error_tracking/alerts.py", "foundation/credentials/access_log.py"} | {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        if re.search(r"^SEALED = ", path.read_text(), re.M)
    }
    assert opens <= offers
