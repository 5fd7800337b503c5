"""What is sealed opens in its place, under its keys, and nowhere else (F15.1, F15.2, F15.4)."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import boto3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radiant.foundation.credentials import envelope
from radiant.foundation.credentials.access_log import Entry
from radiant.foundation.credentials.actor import Actor
from radiant.foundation.credentials.envelope import KeyServiceAway, Place, ValueUnreadable
from radiant.foundation.credentials.schemas import NewVersion, RevealAsked
from radiant.foundation.credentials.value import Value
from radiant.infra.db import Database
from radiant.infra.kms import AwsKms, CannotOpen, KmsError, LocalKms, Sealed, rewrap_bytes
from radiant.kit.ids import TenantId
from tests.foundation.credentials.conftest import KEY, Made, made
from tests.kit.people import Tenant

FORMER, OTHER = bytes(32), bytes([7]) * 32
KMS = LocalKms(KEY, (FORMER, OTHER))
places = st.builds(
    Place, st.uuids().map(TenantId), st.uuids(), st.uuids(), st.integers(min_value=1, max_value=2**31 - 1)
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)


def _seal(key: bytes, text: str, place: Place) -> Sealed:
    kms = LocalKms(key)
    return asyncio.run(envelope.seal(kms, kms.key_id, Value(text=text), place))


def _open(sealed: Sealed, place: Place) -> str | None:
    return asyncio.run(envelope.unseal(KMS, sealed, place)).text


@pytest.mark.blocks
@settings(max_examples=200, deadline=None)
@given(texts, places, st.sampled_from([KEY, FORMER, OTHER]))
def test_what_is_sealed_opens_in_its_place(text: str, place: Place, key: bytes) -> None:
    assert _open(_seal(key, text, place), place) == text


@pytest.mark.blocks
@settings(max_examples=300, deadline=None)
@given(
    texts, places, places, st.sets(st.sampled_from(["tenant_id", "vault_id", "credential_id", "version"]), min_size=1)
)
def test_f15_4_in_another_tenant_vault_row_or_version_it_does_not_open(
    text: str, place: Place, other: Place, moved: set[str]
) -> None:
    elsewhere = replace(place, **{name: getattr(other, name) for name in moved})
    if elsewhere == place:
        return
    with pytest.raises(ValueUnreadable):
        _open(_seal(KEY, text, place), elsewhere)


@pytest.mark.blocks
@settings(max_examples=300, deadline=None)
@given(
    texts, texts, places, places, st.sampled_from([KEY, FORMER, OTHER]),
    st.sets(st.sampled_from(["kek", "sealed_under", "wrapped", "payload"]), min_size=1, max_size=3), st.booleans(),
)  # fmt: skip
def test_f15_4_parts_exchanged_with_another_value_do_not_open(
    text: str, other_text: str, place: Place, other_place: Place, other_key: bytes, parts: set[str], same_place: bool
) -> None:
    mine = _seal(KEY, text, place)
    other = _seal(other_key, other_text, place if same_place else other_place)
    mixed = replace(mine, **{part: getattr(other, part) for part in parts})
    if mixed in (mine, other) or (other_key == KEY and parts <= {"kek", "sealed_under"}):
        return
    # All that belongs to the other value, in its own place, is that value.
    names = ("kek", "sealed_under", "wrapped", "payload")
    if same_place and all(getattr(mixed, name) == getattr(other, name) for name in names):
        return
    with pytest.raises(ValueUnreadable):
        _open(mixed, place)


@pytest.mark.blocks
@settings(max_examples=300, deadline=None)
@given(texts, places, st.sampled_from(["wrapped", "payload"]), st.integers(min_value=0), st.integers(1, 255))
def test_f15_4_a_byte_that_changed_is_found(text: str, place: Place, part: str, at: int, by: int) -> None:
    sealed = _seal(KEY, text, place)
    data = bytearray(getattr(sealed, part))
    data[at % len(data)] ^= by
    with pytest.raises(ValueUnreadable):
        _open(replace(sealed, **{part: bytes(data)}), place)
    with pytest.raises(ValueUnreadable):
        _open(replace(sealed, **{part: bytes(data[: at % len(data)])}), place)


@pytest.mark.blocks
@settings(max_examples=100, deadline=None)
@given(texts, places)
def test_rekeying_changes_the_wrapping_alone(text: str, place: Place) -> None:
    sealed = _seal(FORMER, text, place)
    anew = asyncio.run(rewrap_bytes(LocalKms(KEY, (FORMER,)), sealed, place.context()))
    assert (anew.payload, anew.sealed_under) == (sealed.payload, sealed.sealed_under)
    assert anew.kek == LocalKms(KEY).key_id != sealed.kek
    assert asyncio.run(envelope.unseal(LocalKms(KEY), anew, place)).text == text
    with pytest.raises(ValueUnreadable):
        asyncio.run(envelope.unseal(LocalKms(FORMER), anew, place))


async def test_f15_4_rows_exchanged_in_the_database_do_not_open(vault: Made, owner: Any) -> None:
    one, two = await vault.store("one", "value of one"), await vault.store("two", "value of two")
    await owner.execute(
        "update credential_versions v set sealed = o.sealed, wrapped_key = o.wrapped_key from credential_versions o"
        " where o.credential_id <> v.credential_id"
    )
    await owner.execute(
        "update stored_credentials v set encrypted_value = o.encrypted_value from stored_credentials o where o.id <> v.id"
    )
    for credential_id in (one, two):
        with pytest.raises(ValueUnreadable):
            await _use(vault, credential_id)


async def _use(vault: Made, credential_id: UUID) -> str:
    actor = Actor.job(vault.actor.tenant_id, "test")
    found = await vault.credentials.open(actor, Entry("use", credential_id=credential_id), "use")
    return found.value.secret(found.kind)


@pytest.fixture(scope="module")
def kms_client(aws_endpoint: str) -> Iterator[Any]:
    yield boto3.client("kms", region_name="us-east-1", endpoint_url=aws_endpoint)


@pytest.fixture
def aws_kms(aws_endpoint: str, kms_client: Any) -> AwsKms:
    kms_client.create_alias(
        AliasName=(name := f"alias/shared-{uuid4().hex}"), TargetKeyId=kms_client.create_key()["KeyMetadata"]["KeyId"]
    )
    return AwsKms(name, region="us-east-1", endpoint_url=aws_endpoint)


async def test_f15_2_a_vault_names_the_real_key_of_kms(
    db: Database, tenant: Tenant, aws_kms: AwsKms, kms_client: Any
) -> None:
    vault = await made(db, aws_kms, tenant)
    arn = (await vault.vaults.get(vault.actor, vault.vault_id)).encryption_key_arn
    described = await asyncio.to_thread(kms_client.describe_key, KeyId=arn)
    assert described["KeyMetadata"]["Arn"] == arn
    assert await _use(vault, await vault.store()) == "sk-live-0123456789"


async def test_f15_2_a_vault_may_have_a_key_of_its_own(
    db: Database, tenant: Tenant, aws_kms: AwsKms, kms_client: Any
) -> None:
    vault = await made(db, aws_kms, tenant, keys="per-vault")
    arn = (await vault.vaults.get(vault.actor, vault.vault_id)).encryption_key_arn
    assert arn != await aws_kms.settle()
    tags = await asyncio.to_thread(kms_client.list_resource_tags, KeyId=arn)
    assert {tag["TagKey"]: tag["TagValue"] for tag in tags["Tags"]} == {
        "radiant:tenant": str(tenant.id),
        "radiant:vault": str(vault.vault_id),
    }
    aliases = await asyncio.to_thread(kms_client.list_aliases, KeyId=arn)
    assert [a["AliasName"] for a in aliases["Aliases"]] == [f"alias/radiant/{tenant.id}/{vault.vault_id}"]
    credential_id = await vault.store()
    assert await _use(vault, credential_id) == "sk-live-0123456789"
    await vault.credentials.rotate(vault.actor, credential_id, NewVersion(value="two"))
    versions = await vault.credentials.versions(vault.actor, credential_id, None, 5)
    assert {version.kek_id for version in versions} == {arn}


async def test_f15_11_a_keeper_that_is_away_is_said_and_recorded(
    db: Database, tenant: Tenant, aws_kms: AwsKms, owner: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault = await made(db, aws_kms, tenant)
    credential_id = await vault.store()
    away = AwsKms(aws_kms.key_id, region="us-east-1", endpoint_url="http://127.0.0.1:9")
    monkeypatch.setattr(vault.credentials, "_kms", away)
    with pytest.raises(KeyServiceAway, match="try again"):
        await vault.reveals.reveal(vault.actor, credential_id, RevealAsked(reason="to look"))
    last = await owner.fetchrow("select success, failure from credential_access_log order by seq desc limit 1")
    assert tuple(last) == (False, "key-service-away")


async def test_a_key_that_is_not_the_one_named_is_refused_by_kms(aws_kms: AwsKms) -> None:
    other = await aws_kms.make_key(f"other-{uuid4().hex}", {})
    _, wrapped = await aws_kms.generate_data_key({"a": "b"})
    # AWS says IncorrectKeyException, moto AccessDeniedException.
    with pytest.raises((CannotOpen, KmsError)):
        await aws_kms.decrypt(wrapped, {"a": "b"}, other)
