"""F15.6: the built-in rotators, against a real PostgreSQL and a real webhook."""

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import asyncpg
import pytest

from radiant.foundation.credentials.postgres import PostgresRotator, scram_verifier
from radiant.foundation.credentials.rotators import Fields, Related, Rotation, RotationFailed, RotationRefused
from radiant.foundation.credentials.webhook import WebhookRotator
from radiant.infra.http1.addresses import Resolver
from radiant.infra.httpclient import HttpClient
from radiant.kit.errors import Invalid
from tests.kit.hook import hook_server
from tests.kit.postgres import Dsns, Server

ROTATOR = PostgresRotator(Resolver())


@dataclass
class Roles:
    """Two roles of the session's server, and where it is."""

    place: dict[str, str]
    admin: dict[str, str]
    names: tuple[str, str]
    owner: Any

    def of(self, number: int, password: str) -> dict[str, str]:
        return {**self.place, "username": self.names[number], "password": password}

    async def lets_in(self, fields: Fields) -> bool:
        try:
            connection: Any = await asyncpg.connect(
                host=fields["host"], user=fields["username"], password=fields["password"], database=fields["database"]
            )
        except asyncpg.PostgresError:
            return False
        await connection.close()
        return True


@pytest.fixture
async def roles(postgres_server: Server, dsns: Dsns) -> AsyncIterator[Roles]:
    parts = urlsplit(dsns.owner)
    place = {"host": parse_qs(parts.query)["host"][0], "port": "5432", "database": parts.path.lstrip("/")}
    names = [f'rotated "{name}" {secrets.token_hex(4)}' for name in "ab"]
    owner: Any = await asyncpg.connect(dsns.owner)
    for name in names:
        await owner.execute(f"create role {_quoted(name)} login password 'first of all'")
    yield Roles(
        place, {**place, "username": "postgres", "password": postgres_server.password}, (names[0], names[1]), owner
    )
    for name in names:
        await owner.execute(f"drop role {_quoted(name)}")
    await owner.close()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def rotation(settings: dict[str, Any], **related: Fields) -> Rotation:
    others = {name: Related(fields, str(next(iter(fields.values())))) for name, fields in related.items()}
    return Rotation(uuid4(), secrets.token_hex(16), settings, others, inner=True)


async def test_f15_6_two_roles_take_turns_and_the_old_password_serves_on_until_it_is_retired(roles: Roles) -> None:
    asked = rotation(ROTATOR.check({"roles": list(roles.names), "admin": "x", "tls": "off"}), admin=roles.admin)
    current = roles.of(0, "first of all")
    new = await ROTATOR.propose(asked, current)
    assert new["username"] == roles.names[1]
    for _ in range(2):  # a worker that died after the step does it again
        await ROTATOR.apply(asked, current, new)
    await ROTATOR.verify(asked, new)
    assert await roles.lets_in(current)
    assert await roles.lets_in(new)
    await ROTATOR.retire(asked, new)
    assert not await roles.lets_in(current)
    assert await roles.lets_in(new)
    back = await ROTATOR.propose(asked, new)
    await ROTATOR.apply(asked, new, back)
    assert back["username"] == roles.names[0]
    await ROTATOR.withdraw(asked, new, back)
    assert not await roles.lets_in(back)
    assert await roles.lets_in(new)


async def test_f15_6_one_role_changes_its_own_password_and_can_take_it_back(roles: Roles) -> None:
    asked = rotation(ROTATOR.check({"tls": "off"}))
    current = roles.of(0, "first of all")
    new = await ROTATOR.propose(asked, current)
    for _ in range(2):
        await ROTATOR.apply(asked, current, new)
    await ROTATOR.verify(asked, new)
    assert not await roles.lets_in(current)
    await ROTATOR.withdraw(asked, current, new)
    assert await roles.lets_in(current)
    assert not await roles.lets_in(new)


async def test_f15_6_the_server_never_sees_the_password(roles: Roles) -> None:
    seen: list[str] = []
    asked = rotation(ROTATOR.check({"tls": "off"}))
    current = roles.of(0, "first of all")
    new = await ROTATOR.propose(asked, current)
    execute = asyncpg.Connection.execute

    async def listening(self: Any, query: str, *args: Any, **more: Any) -> Any:
        seen.append(query)
        return await execute(self, query, *args, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncpg.Connection, "execute", listening)
        await ROTATOR.apply(asked, current, new)
    assert any("SCRAM-SHA-256$4096:" in query for query in seen)
    assert not any(new["password"] in query for query in seen)
    stored = await roles.owner.fetchval("select rolpassword from pg_authid where rolname = $1", roles.names[0])
    _, rest, _ = stored.split("$")
    salt = rest.split(":")[1]
    assert stored == scram_verifier(new["password"], base64.b64decode(salt))


@pytest.mark.parametrize(
    ("change", "kind", "says"),
    [
        ({"password": "another"}, RotationRefused, "28P01"),
        ({"host": "/nowhere/at/all"}, RotationFailed, "nowhere"),
        ({"port": "many"}, RotationFailed, "ValueError"),
    ],
)
async def test_f15_6_what_fails_is_told_without_the_password(
    roles: Roles, change: dict[str, str], kind: type[RotationFailed], says: str
) -> None:
    fields = {**roles.of(0, "first of all"), **change}
    with pytest.raises(kind, match=says) as failed:
        await ROTATOR.verify(rotation(ROTATOR.check({"tls": "off"})), fields)
    assert fields["password"] not in str(failed.value)


async def test_f15_6_a_tenant_reaches_no_database_inside(roles: Roles) -> None:
    for host in ("/tmp", "127.0.0.1", "10.0.0.1", "169.254.169.254", "localhost"):
        asked = Rotation(uuid4(), "k", {"tls": "off"})
        with pytest.raises(RotationRefused):
            await ROTATOR.verify(asked, {**roles.of(0, "x"), "host": host})


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"roles": ["a"]}, "roles"),
        ({"roles": ["a", "a"], "admin": "x"}, "roles"),
        ({"roles": ["a", "b"]}, "admin"),
        ({"admin": "x"}, "admin"),
        ({"tls": "perhaps"}, "tls"),
        ({"role": "a"}, "role"),
    ],
)
def test_f15_6_settings_that_cannot_be_used_are_named(settings: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid, match=rf"settings\.{field}:"):
        ROTATOR.check(settings)


# --- webhooks ---


async def test_f15_6_a_webhook_is_asked_signed_and_with_the_same_key_each_time() -> None:
    async with hook_server() as hook, HttpClient() as http:
        rotator = WebhookRotator(http)
        settings = rotator.check({"url": hook.url, "signing": "x"})
        asked = rotation(settings, signing={"value": "whsec_1"})
        hook.answers = [(500, {}), (200, {"value": "fresh-1"}), (200, {}), (501, {})]
        with pytest.raises(RotationFailed, match="500"):
            await rotator.propose(asked, {"value": "the old one"})
        new = await rotator.propose(asked, {"value": "the old one"})
        assert new == {"value": "fresh-1"}
        await rotator.verify(asked, new)
        await rotator.retire(asked, new)
    keys = [headers["Idempotency-Key"] for headers, _ in hook.got]
    assert keys == [f"{asked.key}/rotate"] * 2 + [f"{asked.key}/verify", f"{asked.key}/retire"]
    for headers, body in hook.got:
        at, _, digest = headers["X-Radiant-Signature"].partition(",v1=")
        assert digest == hmac.new(b"whsec_1", at.removeprefix("t=").encode() + b"." + body, hashlib.sha256).hexdigest()
        # What checks the credential knows it: it is sent nowhere.
        assert b"the old one" not in body
        assert b"fresh-1" not in body
        assert json.loads(body)["credential_id"] == str(asked.credential_id)


@pytest.mark.parametrize(
    ("status", "answer", "kind"),
    [
        (200, {}, RotationFailed),
        (200, {"value": ""}, RotationFailed),
        (200, {"value": {"a": [1]}}, RotationFailed),
        (200, [1], RotationFailed),
        (501, {}, RotationFailed),
        (401, {}, RotationRefused),
        (302, {}, RotationFailed),
    ],
)
async def test_f15_6_a_webhook_that_gives_no_value_fails(status: int, answer: Any, kind: type[RotationFailed]) -> None:
    async with hook_server() as hook, HttpClient() as http:
        hook.answers = [(status, answer)]
        with pytest.raises(kind):
            await WebhookRotator(http).propose(rotation({"url": hook.url}, signing={"value": "s"}), {})


async def test_f15_6_a_tenants_webhook_is_reached_outside_and_over_tls_alone() -> None:
    async with HttpClient() as http:
        for url in ("http://example.com/rotate", "https://127.0.0.1:1/rotate", "https://169.254.169.254/rotate"):
            asked = Rotation(uuid4(), "k", {"url": url}, {"signing": Related({"value": "s"}, "s")})
            with pytest.raises(RotationFailed):
                await WebhookRotator(http).propose(asked, {})
        for url in ("ftp://example.com", "https://user:pw@example.com", "https://", 3):
            with pytest.raises(Invalid, match=r"settings\.url"):
                WebhookRotator(http).check({"url": url, "signing": "x"})
