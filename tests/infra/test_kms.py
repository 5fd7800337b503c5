"""Sealing: bound to its context, to one key at a time, and rotated without touching what was sealed."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radiant.infra import kms as vault
from radiant.infra.kms import AwsKms, CannotOpen, Kms, KmsError, LocalKms

CONTEXT = {"tenant": "a", "credential": "b", "version": "1"}


@pytest.fixture(params=["local", "aws"])
async def kms(request: pytest.FixtureRequest) -> Kms:
    if request.param == "local":
        return LocalKms(os.urandom(32))
    endpoint = request.getfixturevalue("aws_endpoint")
    return AwsKms(await _new_aws_key(endpoint), region="us-east-1", endpoint_url=endpoint)


async def _new_aws_key(endpoint: str) -> str:
    maker = AwsKms("none", region="us-east-1", endpoint_url=endpoint)
    return await maker._call(lambda client: client.create_key()["KeyMetadata"]["Arn"])


@pytest.mark.parametrize("size", [0, 1, 4096, 1_000_000])
async def test_what_was_sealed_opens_again_whatever_its_size(kms: Kms, size: int):
    secret = os.urandom(size)

    sealed = await vault.seal(kms, secret, CONTEXT)

    assert await vault.open_sealed(kms, sealed, CONTEXT) == secret


@pytest.mark.parametrize(
    "moved",
    [
        {**CONTEXT, "tenant": "other"},
        {**CONTEXT, "version": "2"},
        {"tenant": "a", "credential": "b"},
        {**CONTEXT, "more": ""},
        {},
    ],
)
async def test_a_ciphertext_moved_to_another_row_does_not_open(kms: Kms, moved: dict[str, str]):
    sealed = await vault.seal(kms, b"secret", CONTEXT)

    with pytest.raises(CannotOpen):
        await vault.open_sealed(kms, sealed, moved)


async def test_the_order_of_a_context_does_not_matter(kms: Kms):
    sealed = await vault.seal(kms, b"secret", CONTEXT)

    assert await vault.open_sealed(kms, sealed, dict(reversed(CONTEXT.items()))) == b"secret"


@pytest.mark.parametrize("part", ["key", "nonce", "data", "sealed_under", "v"])
async def test_damage_anywhere_is_found(kms: Kms, part: str):
    sealed = await vault.seal(kms, b"secret", CONTEXT)
    value = sealed[part]
    sealed[part] = 2 if part == "v" else ("B" if value[20:21] != "B" else "C").join((value[:20], value[21:]))
    if part == "nonce":
        sealed[part] = "AAAAAAAAAAAAAAAA"

    # The emulator calls a damaged wrapping access denied, where KMS says that the ciphertext is invalid.
    with pytest.raises((CannotOpen, KmsError) if part == "key" else CannotOpen):
        await vault.open_sealed(kms, sealed, CONTEXT)


async def test_two_sealings_of_one_secret_have_nothing_in_common(kms: Kms):
    one, two = await vault.seal(kms, b"secret", CONTEXT), await vault.seal(kms, b"secret", CONTEXT)

    assert {one["key"], one["nonce"], one["data"]}.isdisjoint({two["key"], two["nonce"], two["data"]})


async def test_a_new_local_key_opens_what_the_former_sealed_and_reseals_it_without_touching_the_payload():
    former_key, key = os.urandom(32), os.urandom(32)
    former = LocalKms(former_key)
    sealed = await vault.seal(former, b"secret", CONTEXT)

    both = LocalKms(key, former=(former_key,))
    assert await vault.open_sealed(both, sealed, CONTEXT) == b"secret"
    anew = await vault.reseal(both, sealed, CONTEXT)

    assert anew["data"] == sealed["data"]
    assert anew["kek"] == both.key_id != former.key_id
    assert await vault.open_sealed(LocalKms(key), anew, CONTEXT) == b"secret"
    with pytest.raises(CannotOpen, match="does not have"):
        await vault.open_sealed(LocalKms(key), sealed, CONTEXT)


async def test_aws_reseals_under_another_key_without_the_plain_key_leaving(aws_endpoint: str):
    old = AwsKms(await _new_aws_key(aws_endpoint), region="us-east-1", endpoint_url=aws_endpoint)
    new = AwsKms(await _new_aws_key(aws_endpoint), region="us-east-1", endpoint_url=aws_endpoint)
    sealed = await vault.seal(old, b"secret", CONTEXT)

    anew = await vault.reseal(new, sealed, CONTEXT)

    assert anew["key"] != sealed["key"]
    assert await vault.open_sealed(new, anew, CONTEXT) == b"secret"


async def test_aws_out_of_reach_is_an_error_that_may_be_tried_again(unused_tcp_port: int):
    kms = AwsKms("any", region="us-east-1", endpoint_url=f"http://127.0.0.1:{unused_tcp_port}")

    with pytest.raises(KmsError):
        await kms.generate_data_key(CONTEXT)


async def test_an_unknown_aws_key_is_an_error_that_names_the_reason(aws_endpoint: str):
    kms = AwsKms("alias/none", region="us-east-1", endpoint_url=aws_endpoint)

    with pytest.raises(KmsError, match="NotFound"):
        await kms.generate_data_key(CONTEXT)


def test_the_master_key_is_made_once_and_kept_from_others(tmp_path: Path):
    path = tmp_path / "keys" / "master"

    (key,) = vault.load_or_make_master_keys(path)

    assert path.stat().st_mode & 0o777 == 0o600
    assert len(key) == 32
    assert vault.load_or_make_master_keys(path) == (key,)


def test_a_master_key_that_others_may_read_is_refused(tmp_path: Path):
    path = tmp_path / "master"
    vault.load_or_make_master_keys(path)
    path.chmod(0o644)

    with pytest.raises(KmsError, match="chmod 600"):
        vault.load_or_make_master_keys(path)


@pytest.mark.parametrize("text", ["", "short", "z" * 64, "A" * 42, "é" * 44])
def test_a_master_key_that_is_none_is_refused_without_being_repeated(text: str):
    with pytest.raises(KmsError) as caught:
        vault.parse_master_key(text)
    assert not text or text not in str(caught.value)


@given(st.binary(min_size=32, max_size=32))
@settings(max_examples=50)
def test_a_master_key_reads_the_same_in_hex_and_base64(key: bytes):
    import base64

    assert vault.parse_master_key(key.hex()) == key
    assert vault.parse_master_key(base64.b64encode(key).decode()) == key
    assert vault.parse_master_key(base64.urlsafe_b64encode(key).decode() + "\n") == key


def test_importing_the_port_does_not_import_the_sdk():
    import subprocess
    import sys

    code = "import sys, radiant.infra.kms; assert not {'boto3', 'botocore'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
