"""Storing, versions, expiry, deletion: by the service, over a real database."""

import asyncio
import base64
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from radiant.foundation.credentials import service
from radiant.foundation.credentials.access_log import Entry
from radiant.foundation.credentials.actor import Actor
from radiant.foundation.credentials.kinds import TYPES, WrongFields
from radiant.foundation.credentials.schemas import CredentialChange, NewCredential, NewVersion, Use
from radiant.foundation.credentials.service import (
    CredentialDeleted,
    CredentialExpired,
    CredentialInactive,
    CredentialInUse,
    CredentialNameTaken,
    NoSuchCredential,
    NoSuchVersion,
    NothingBefore,
    VersionOver,
)
from radiant.foundation.credentials.value import MOST_BYTES, ValueTooLarge
from radiant.infra.db import Database, TenantDb
from radiant.infra.kms import LocalKms
from radiant.kit.errors import Invalid
from tests.foundation.credentials.conftest import KEY, Made, made
from tests.kit.people import Tenant


async def opened(vault: Made, credential_id: UUID, **which: Any) -> Any:
    actor = Actor.job(vault.actor.tenant_id, "test")
    return await vault.credentials.open(actor, Entry("use", credential_id=credential_id), "use", **which)


async def text_of(vault: Made, credential_id: UUID, **which: Any) -> str:
    found = await opened(vault, credential_id, **which)
    return found.value.secret(found.kind)


async def rotate(vault: Made, credential_id: UUID, value: str, **more: Any) -> Any:
    return await vault.credentials.add_version(vault.actor, credential_id, NewVersion(value=value, **more))


@pytest.mark.parametrize("size", [1, 4096, MOST_BYTES])
async def test_f15_1_a_value_of_any_size_up_to_a_mebibyte_is_kept(vault: Made, size: int) -> None:
    value = "ä" * (size // 2) + "x" * (size % 2)
    credential_id = await vault.store(type="text", value=value)
    assert await text_of(vault, credential_id) == value


async def test_a_larger_value_is_refused_by_its_bytes(vault: Made) -> None:
    with pytest.raises(ValueTooLarge, match="1048578 bytes"):
        await vault.store(type="text", value="ä" * (MOST_BYTES // 2 + 1))


async def test_bytes_are_kept_as_they_are(vault: Made) -> None:
    data = bytes(range(256))
    new = NewCredential(name="k", type="binary", value_base64=base64.b64encode(data).decode())
    kept = await vault.credentials.store(vault.actor, vault.vault_id, new)
    assert (await opened(vault, kept.id)).value.data == data


FIELDS: dict[str, dict[str, Any]] = {
    "api_key": {"key": "k"},
    "oauth2": {"client_id": "c", "client_secret": "s", "refresh_token": "r"},
    "basic": {"username": "u", "password": "p"},
    "aws": {"access_key_id": "AKIA", "secret_access_key": "s"},
    "ssh_key": {"private_key": "-----BEGIN"},
    "tls_cert": {"certificate": "c", "private_key": "k"},
    "database": {"host": "h", "port": 5432, "username": "u", "password": "p"},
    "json": {"anything": {"at": ["all"]}},
}


def test_every_type_with_fields_is_tried() -> None:
    assert set(FIELDS) == set(TYPES) - {"text", "binary"}


@pytest.mark.parametrize("kind", FIELDS)
async def test_fields_are_kept_by_type(vault: Made, kind: str) -> None:
    new = NewCredential(name="k", type=kind, fields=FIELDS[kind])
    kept = await vault.credentials.store(vault.actor, vault.vault_id, new)
    assert (await opened(vault, kept.id)).value.fields == FIELDS[kind]


@pytest.mark.parametrize(
    ("kind", "fields", "named"),
    [
        ("basic", {"username": "u"}, "fields.password"),
        ("basic", {"username": "u", "password": ""}, "fields.password"),
        ("api_key", {"key": "k", "token": "t"}, "fields.token"),
        ("database", {"host": "h", "port": 0, "username": "u", "password": "hunter2"}, "fields.port"),
    ],
)
async def test_a_wrong_field_is_named_and_no_value_repeated(
    vault: Made, kind: str, fields: dict[str, Any], named: str
) -> None:
    with pytest.raises(WrongFields) as failure:
        await vault.credentials.store(vault.actor, vault.vault_id, NewCredential(name="k", type=kind, fields=fields))
    assert failure.value.extra["errors"][0]["field"] == named
    assert "hunter2" not in failure.value.detail + str(failure.value.extra)
    assert failure.value.__cause__ is None
    assert failure.value.__context__ is None


@pytest.mark.parametrize(
    "given",
    [
        {"type": "api_key"},
        {"type": "api_key", "value": "a", "fields": {"key": "b"}},
        {"type": "api_key", "value": ""},
        {"type": "text", "fields": {"a": "b"}},
        {"type": "binary", "value": "text"},
        {"type": "binary", "value_base64": "not base64!"},
        {"type": "json", "value": "[1]"},
        {"type": "password", "value": "x"},
    ],
)
async def test_a_value_given_in_no_way_or_a_wrong_one_is_refused(vault: Made, given: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        await vault.credentials.store(vault.actor, vault.vault_id, NewCredential(name="k", **given))


async def test_f15_9_a_name_is_unique_in_a_vault_and_free_again_once_deleted(vault: Made) -> None:
    first = await vault.store("one")
    with pytest.raises(CredentialNameTaken):
        await vault.store("one")
    await vault.credentials.delete(vault.actor, first)
    second = await vault.store("one")
    with pytest.raises(CredentialNameTaken):
        await vault.credentials.restore(vault.actor, first)
    await vault.credentials.change(vault.actor, second, CredentialChange(name="two"))
    with pytest.raises(CredentialNameTaken):
        other = await vault.store("three")
        await vault.credentials.change(vault.actor, other, CredentialChange(name="two"))
    await vault.credentials.restore(vault.actor, first)
    assert await text_of(vault, first) == "sk-live-0123456789"


async def test_f15_5_what_expired_is_not_served_until_it_is_rotated(vault: Made) -> None:
    credential_id = await vault.store(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    with pytest.raises(CredentialExpired):
        await opened(vault, credential_id)
    assert (await vault.credentials.describe(vault.actor, credential_id)).is_expired
    await rotate(vault, credential_id, "new", expires_at=datetime.now(UTC) + timedelta(hours=1))
    assert await text_of(vault, credential_id) == "new"


async def test_f15_5_what_is_switched_off_is_not_served(vault: Made) -> None:
    credential_id = await vault.store()
    await vault.credentials.change(vault.actor, credential_id, CredentialChange(is_active=False))
    with pytest.raises(CredentialInactive):
        await opened(vault, credential_id)
    await vault.credentials.change(vault.actor, credential_id, CredentialChange(is_active=True))
    assert await text_of(vault, credential_id) == "sk-live-0123456789"


async def test_f15_6_the_version_before_is_served_for_its_grace_and_rolled_back_to(vault: Made) -> None:
    credential_id = await vault.store(value="one", grace_seconds=60)
    await rotate(vault, credential_id, "two")
    assert await text_of(vault, credential_id) == "two"
    assert await text_of(vault, credential_id, stage="previous") == "one"
    assert await text_of(vault, credential_id, version=1) == "one"
    await rotate(vault, credential_id, "three", grace_seconds=0)
    with pytest.raises(VersionOver):
        await opened(vault, credential_id, stage="previous")
    with pytest.raises(VersionOver, match="retired"):
        await opened(vault, credential_id, version=1)
    back = await vault.credentials.roll_back(vault.actor, credential_id)
    assert (back.version, back.stage) == (2, "current")
    assert await text_of(vault, credential_id) == "two"
    assert await text_of(vault, credential_id, stage="previous") == "three"
    assert (await vault.credentials.roll_back(vault.actor, credential_id, 1)).version == 1
    assert await text_of(vault, credential_id) == "one"
    stages = {v.version: v.stage for v in await vault.credentials.versions(vault.actor, credential_id, None, 50)}
    assert stages == {1: "current", 2: "previous", 3: "retired"}
    with pytest.raises(NoSuchVersion):
        await vault.credentials.roll_back(vault.actor, credential_id, 9)
    with pytest.raises(NothingBefore):
        await vault.credentials.roll_back(vault.actor, credential_id, 1)


async def test_f15_6_a_pending_version_serves_nobody_until_it_is_promoted(vault: Made) -> None:
    credential_id = await vault.store(value="one")
    with pytest.raises(NothingBefore):
        await vault.credentials.promote(vault.actor, credential_id)
    await rotate(vault, credential_id, "discarded", stage="pending")
    pending = await rotate(vault, credential_id, "two", stage="pending")
    assert (pending.version, pending.stage) == (3, "pending")
    assert await text_of(vault, credential_id) == "one"
    assert await text_of(vault, credential_id, stage="pending") == "two"
    await vault.credentials.promote(vault.actor, credential_id)
    assert await text_of(vault, credential_id) == "two"
    described = await vault.credentials.describe(vault.actor, credential_id)
    assert described.current_version == 3
    assert described.last_rotated is not None


async def test_a_pending_version_is_discarded(vault: Made) -> None:
    credential_id = await vault.store(value="one")
    await rotate(vault, credential_id, "two", stage="pending")
    await vault.credentials.discard_pending(vault.actor, credential_id, "the upstream refused it")
    with pytest.raises(NothingBefore):
        await vault.credentials.promote(vault.actor, credential_id)
    assert await text_of(vault, credential_id) == "one"


async def test_the_contracts_column_holds_the_current_version(vault: Made, owner: Any) -> None:
    credential_id = await vault.store()
    for value in ("two", "three"):
        await rotate(vault, credential_id, value)
        same = await owner.fetchval(
            "select c.encrypted_value = v.sealed from stored_credentials c join credential_versions v"
            " on v.credential_id = c.id and v.version = c.current_version where v.stage = 'current'"
        )
        assert same


async def test_what_was_deleted_is_served_no_more_and_purged_after_its_days(vault: Made, owner: Any) -> None:
    credential_id = await vault.store()
    await vault.credentials.delete(vault.actor, credential_id)
    with pytest.raises(CredentialDeleted):
        await opened(vault, credential_id)
    with pytest.raises(CredentialDeleted):
        await rotate(vault, credential_id, "two")
    (listed,) = await vault.credentials.page(vault.actor, vault.vault_id, None, 50, deleted=True)
    assert listed.purge_after is not None
    assert await vault.credentials.page(vault.actor, vault.vault_id, None, 50) == []
    await service.purge_due(vault.database, vault.log)
    assert (await vault.credentials.describe(vault.actor, credential_id)).deleted_at is not None
    await owner.execute("update stored_credentials set purge_after = current_timestamp - interval '1 second'")
    await service.purge_due(vault.database, vault.log)
    with pytest.raises(NoSuchCredential):
        await vault.credentials.describe(vault.actor, credential_id)
    assert await owner.fetchval("select count(*) from credential_versions") == 0
    purged = await owner.fetchrow("select * from credential_access_log where access_type = 'purge'")
    assert purged["credential_id"] == credential_id
    assert purged["actor_kind"] == "system"


async def test_a_reference_in_use_is_said_before_deletion(db: Database, tenant: Tenant) -> None:
    async def uses(_: TenantDb, credential_id: UUID) -> list[Use]:
        return [Use(kind="provider-connection", id="openai", name=f"OpenAI {credential_id.hex[:2]}")]

    vault = await made(db, LocalKms(KEY), tenant, uses=(uses,))
    credential_id = await vault.store()
    with pytest.raises(CredentialInUse, match="provider-connection 'OpenAI") as refused:
        await vault.credentials.delete(vault.actor, credential_id)
    assert refused.value.extra["uses"][0]["id"] == "openai"
    await vault.credentials.delete(vault.actor, credential_id, force=True)


async def test_two_who_rotate_at_once_make_two_versions(vault: Made) -> None:
    credential_id = await vault.store(value="one")
    made = await asyncio.gather(*(rotate(vault, credential_id, f"v{n}") for n in range(6)))
    assert sorted(version.version for version in made) == [2, 3, 4, 5, 6, 7]
    kept = await vault.credentials.versions(vault.actor, credential_id, None, 50)
    assert sorted(v.stage for v in kept) == ["current", "previous", *["retired"] * 5]
