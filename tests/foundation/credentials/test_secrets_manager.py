"""F15.7: Secrets Manager through the official SDK: pages, versions, binary values, throttling, repeated pushes."""

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import boto3
import pytest
from aiohttp import web

from radiant.foundation.credentials.secrets_manager import Place, SecretsManager, SecretsManagerRefused

REGION = "eu-central-1"
HERE = Place(REGION, {"aws_access_key_id": "AKIATEST", "aws_secret_access_key": "secret"})


@pytest.fixture
async def manager(aws_endpoint: str) -> AsyncIterator[SecretsManager]:
    made = SecretsManager(aws_endpoint)
    yield made
    made.close()


@pytest.fixture
def amazon(aws_endpoint: str) -> Any:
    return boto3.client("secretsmanager", region_name=REGION, endpoint_url=aws_endpoint)


async def test_f15_7_every_page_of_a_long_list_is_read(manager: SecretsManager, amazon: Any) -> None:
    prefix = f"list-{secrets.token_hex(4)}/"
    for number in range(120):
        amazon.create_secret(Name=f"{prefix}{number}", SecretString="x", Tags=[{"Key": "team", "Value": "shop"}])
    names: list[str] = []
    after: str | None = None
    pages = 0
    while pages == 0 or after:
        found, after = await manager.page(HERE, prefix, after)
        names += [each.name for each in found]
        assert all(each.tags == {"team": "shop"} for each in found)
        pages += 1
    assert (pages, len(set(names))) == (2, 120)


async def test_f15_7_text_and_binary_come_as_they_are_and_the_former_version_too(
    manager: SecretsManager, amazon: Any
) -> None:
    name = f"one-{secrets.token_hex(4)}"
    amazon.create_secret(Name=name, SecretString="first")
    amazon.put_secret_value(SecretId=name, SecretBinary=b"\x00\xff second")
    now, before = await manager.get(HERE, name), await manager.get(HERE, name, "AWSPREVIOUS")
    assert now is not None
    assert before is not None
    assert (now.value, now.binary, now.stages) == (b"\x00\xff second", True, ("AWSCURRENT",))
    assert (before.value, before.binary) == (b"first", False)
    assert await manager.get(HERE, name, "AWSPENDING") is None
    assert await manager.get(HERE, "there-is-none") is None


async def test_f15_7_a_push_that_is_repeated_makes_one_version(manager: SecretsManager, amazon: Any) -> None:
    name = f"push-{secrets.token_hex(4)}"
    for value, token in (
        (b"one", "a" * 32),
        (b"one", "a" * 32),
        (b"\xff\x00two", "b" * 32),
        (b"\xff\x00two", "b" * 32),
    ):
        await manager.put(HERE, name, token, value)
    versions = amazon.list_secret_version_ids(SecretId=name)["Versions"]
    assert {each["VersionId"]: each["VersionStages"] for each in versions} == {
        "a" * 32: ["AWSPREVIOUS"],
        "b" * 32: ["AWSCURRENT"],
    }


@asynccontextmanager
async def throttled(endpoint: str, refusals: int) -> AsyncIterator[str]:
    """A proxy before the emulator that says "Rate exceeded" to the first requests."""
    left = refusals

    async def relay(request: web.Request) -> web.Response:
        nonlocal left
        if left:
            left -= 1
            return web.json_response({"__type": "ThrottlingException", "message": "Rate exceeded"}, status=400)
        headers = {name: value for name, value in request.headers.items() if name.lower() != "host"}
        async with (
            aiohttp.ClientSession() as http,
            http.post(endpoint, data=await request.read(), headers=headers) as answer,
        ):
            return web.Response(
                status=answer.status, body=await answer.read(), content_type="application/x-amz-json-1.1"
            )

    app = web.Application()
    app.router.add_post("/", relay)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def test_f15_7_throttling_is_waited_for(aws_endpoint: str, amazon: Any) -> None:
    name = f"slow-{secrets.token_hex(4)}"
    async with throttled(aws_endpoint, 2) as address:
        manager = SecretsManager(address)
        await manager.put(HERE, name, "c" * 32, b"at last")
        manager.close()
    assert amazon.get_secret_value(SecretId=name)["SecretString"] == "at last"


async def test_f15_7_a_refusal_is_told_by_its_name(manager: SecretsManager) -> None:
    with pytest.raises(SecretsManagerRefused) as refused:
        await manager.put(HERE, "arn:aws:secretsmanager:eu-central-1:123456789012:secret:none-AbCdEf", "c" * 32, b"x")
    assert refused.value.code == "ResourceNotFoundException"
