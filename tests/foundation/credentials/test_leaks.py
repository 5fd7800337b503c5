"""Stored values that turn up in errors or in the request log are found in whatever form, taken out, and told of."""

import base64
import json
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote
from uuid import UUID

import pytest

from radiant.ai.policies.logs_texts import RequestLogTexts
from radiant.foundation.credentials.actor import Actor
from radiant.foundation.credentials.leaks import REMOVED, Fingerprints, LeakCheck, Leaks
from radiant.foundation.credentials.schemas import NewCredential, NewVault, NewVersion
from radiant.foundation.credentials.service import Credentials
from radiant.foundation.error_tracking.texts import ErrorTexts
from tests.foundation.credentials.conftest import Made, person
from tests.kit.people import Tenant

KEY_LINES = [base64.b64encode(secrets.token_bytes(48)).decode() for _ in range(12)]
PEM = "-----BEGIN PRIVATE KEY-----\n" + "\n".join(KEY_LINES) + "\n-----END PRIVATE KEY-----\n"
# One of each type: what is stored, and the part of it that must be found.
STORED: list[tuple[str, dict[str, Any], str]] = [
    ("api_key", {"value": "plainly-the-api-key"}, "plainly-the-api-key"),
    ("oauth2", {"fields": {"client_id": "shop", "client_secret": "oauth-client-secret", "refresh_token": "refresh-token-77"}}, "refresh-token-77"),
    ("basic", {"fields": {"username": "ada", "password": "correct horse battery"}}, "correct horse battery"),
    ("aws", {"fields": {"access_key_id": "AKIAEXAMPLE", "secret_access_key": "wJalrXUtnFEMI/K7MDENG/bPxR"}}, "wJalrXUtnFEMI/K7MDENG/bPxR"),
    ("ssh_key", {"fields": {"private_key": PEM}}, KEY_LINES[3]),
    ("tls_cert", {"fields": {"certificate": "-----BEGIN CERTIFICATE-----", "private_key": PEM}}, KEY_LINES[7]),
    ("database", {"fields": {"host": "db.example.org", "username": "app", "password": 'p"a\\ss/wörd+9'}}, 'p"a\\ss/wörd+9'),
    ("json", {"fields": {"deep": {"list": ["x", "the innermost secret"]}}}, "the innermost secret"),
    ("text", {"value": "just some words kept"}, "just some words kept"),
    ("binary", {"value_base64": base64.b64encode(bytes(range(60, 120))).decode()}, base64.b64encode(bytes(range(60, 120))).decode()),
]  # fmt: skip


@dataclass
class Looking:
    """A vault that remembers, texts that are written, and the look through them."""

    vault: Made
    credentials: Credentials
    check: LeakCheck
    told: list[tuple[UUID, str]]
    owner: Any

    async def store(self, kind: str, value: dict[str, Any]) -> UUID:
        new = NewCredential(name=f"{kind} {secrets.token_hex(3)}", type=kind, **value)
        return (await self.credentials.store(self.vault.actor, self.vault.vault_id, new)).id

    async def error(self, tenant_id: Any, message: str, **context: Any) -> UUID:
        pattern = await self.owner.fetchval(
            "insert into error_patterns (tenant_id, pattern_name, message_pattern, fingerprint) values ($1, $2, $3, $4)"
            " returning id",
            tenant_id, message[:100], message, secrets.token_bytes(32),
        )  # fmt: skip
        return await self.owner.fetchval(
            "insert into error_logs (tenant_id, error_code, error_type, error_message, stack_trace, context, pattern_id)"
            " values ($1, 'E', 'Error', $2, $3, $4, $5) returning id",
            tenant_id, message, f"at main\n{message}", json.dumps(context), pattern,
        )  # fmt: skip

    async def texts(self, error_id: UUID) -> str:
        row = await self.owner.fetchrow(
            "select l.error_message, l.stack_trace, l.context::text, p.pattern_name, p.message_pattern"
            " from error_logs l join error_patterns p on p.id = l.pattern_id where l.id = $1",
            error_id,
        )
        return "\n".join(row)


@pytest.fixture
async def looking(vault: Made, owner: Any) -> AsyncIterator[Looking]:
    told: list[tuple[UUID, str]] = []

    async def tell(_tenant: Any, credential_id: UUID, kind: str, _text: str) -> None:
        told.append((credential_id, kind))

    fingerprints = Fingerprints(vault.database, vault.kms)
    credentials = Credentials(vault.database, vault.kms, vault.log, remembers=fingerprints)
    sources = {"error_logs": ErrorTexts(), "request_logs": RequestLogTexts()}
    # A worker is another process, with the key read anew.
    check = LeakCheck(vault.database, Fingerprints(vault.database, vault.kms), vault.log, sources, tell)
    yield Looking(vault, credentials, check, told, owner)


def shapes(secret: str) -> list[str]:
    raw = secret.encode()
    return [
        secret,
        json.dumps(secret),
        quote(secret, safe=""),
        raw.hex(),
        raw.hex().upper(),
        base64.b64encode(raw).decode(),
        base64.urlsafe_b64encode(b"user:" + raw + b"!").decode(),
    ]


@pytest.mark.parametrize(("kind", "value", "secret"), STORED, ids=[kind for kind, _, _ in STORED])
async def test_a_value_of_each_type_is_found_taken_out_and_told_of(
    looking: Looking, kind: str, value: dict[str, Any], secret: str
) -> None:
    credential_id = await looking.store(kind, value)
    tenant_id = looking.vault.actor.tenant_id
    # Lines of keys are looked for as lines; whole values in every form.
    seen = shapes(secret) if kind not in ("ssh_key", "tls_cert", "binary") else [secret]
    errors = [await looking.error(tenant_id, f"cannot sign in with {shape} today", crumbs=[{"data": {"q": shape}}]) for shape in seen]  # fmt: skip
    harmless = await looking.error(tenant_id, "cannot sign in with another value today")
    await looking.check.look()
    for error, shape in zip(errors, seen, strict=True):
        text = await looking.texts(error)
        assert text.count(REMOVED) >= 4, (shape, text)
        assert shape not in text
        assert "cannot sign in with" in text
    assert REMOVED not in await looking.texts(harmless)
    assert looking.told == [(credential_id, "credential-leaked")] * len(seen)
    rows = await looking.owner.fetch("select access_type from credential_access_log where access_type = 'leak_found'")
    assert len(rows) == len(seen)
    # Looked at again, there is nothing new.
    await looking.check.look()
    assert len(looking.told) == len(seen)


async def test_the_request_log_is_looked_through(looking: Looking, tenant: Tenant) -> None:
    await looking.store("api_key", {"value": "sk-in-the-request-log"})
    log_id = await looking.owner.fetchval(
        "insert into request_logs (id, tenant_id, user_id, protocol, model, request, response, expires_at) values"
        " (gen_random_uuid(), $1, $2, 'chat', 'm', $3, $4, now() + interval '1 day') returning id",
        tenant.id, tenant.user_id, json.dumps({"last": "my key is sk-in-the-request-log, keep it"}),
        json.dumps({"parts": [{"text": "Noted: sk-in-the-request-log"}]}),
    )  # fmt: skip
    await looking.check.look()
    row = await looking.owner.fetchrow("select request::text, response::text from request_logs where id = $1", log_id)
    assert row[0] == f'{{"last": "my key is {REMOVED}, keep it"}}'
    assert row[1] == f'{{"parts": [{{"text": "Noted: {REMOVED}"}}]}}'
    assert len(looking.told) == 1


async def test_former_and_pending_versions_are_found_too_and_what_is_no_secret_is_not(looking: Looking) -> None:
    credential_id = await looking.store(
        "basic", {"fields": {"username": "the-user-name", "password": "first-password"}}
    )
    actor = looking.vault.actor
    for stage, password in (("current", "second-password"), ("pending", "third-password")):
        fields = {"username": "the-user-name", "password": password}
        await looking.credentials.add_version(actor, credential_id, NewVersion(stage=stage, fields=fields))  # type: ignore[arg-type]
    error = await looking.error(actor.tenant_id, "the-user-name first-password second-password third-password")
    await looking.check.look()
    assert (await looking.texts(error)).split("\n")[0] == f"the-user-name {REMOVED} {REMOVED} {REMOVED}"
    versions = await looking.owner.fetch("select version from credential_leaks order by version")
    assert [row["version"] for row in versions] == [1, 2, 3]


async def test_a_tenant_cannot_try_out_guesses_at_anothers_values(
    looking: Looking, owner: Any, make_tenant: Any, make_user: Any
) -> None:
    await looking.store("api_key", {"value": "sk-of-the-first-tenant"})
    other = await make_tenant(slug="other")
    actor = person(other, await make_user(other))
    theirs = await looking.vault.vaults.create(actor, NewVault(name="main"))
    await looking.credentials.store(
        actor, theirs.id, NewCredential(name="x", type="api_key", value="something-else-here")
    )
    guess = await looking.error(other, "sk-of-the-first-tenant")
    of_platform = await looking.error(None, "sk-of-the-first-tenant and something-else-here")
    await looking.check.look()
    assert REMOVED not in await looking.texts(guess)
    assert (await looking.texts(of_platform)).split("\n")[0] == f"{REMOVED} and {REMOVED}"
    assert {kind for _, kind in looking.told} == {"credential-leaked"}
    assert len(looking.told) == 2


async def test_nothing_of_a_value_is_kept_for_looking(looking: Looking) -> None:
    await looking.store("api_key", {"value": "nothing-of-this-is-kept"})
    dump = ""
    for table in ("credential_fingerprints", "credential_fingerprint_keys", "credential_texts"):
        dump += str([tuple(row) for row in await looking.owner.fetch(f"select * from {table}")])
    assert not [shape for shape in shapes("nothing-of-this-is-kept") if shape[:12] in dump]
    # Where nothing is stored, nothing waits to be looked through.
    await looking.owner.execute("delete from credential_fingerprints")
    await looking.error(looking.vault.actor.tenant_id, "anything")
    assert await looking.owner.fetchval("select count(*) from credential_texts") == 0


async def test_a_value_of_very_many_texts_is_stored_as_quickly_as_another(looking: Looking) -> None:
    many = {f"text {number}": f"the secret of number {number}" for number in range(15_000)}
    await looking.store("json", {"fields": many})
    kept = await looking.owner.fetchval("select count(*) from credential_fingerprints")
    assert 100 <= kept <= 1000
    error = await looking.error(looking.vault.actor.tenant_id, "the secret of number 7")
    await looking.check.look()
    assert REMOVED in await looking.texts(error)


async def test_leaks_are_listed_until_somebody_has_seen_to_them(looking: Looking, tenant: Tenant) -> None:
    credential_id = await looking.store("api_key", {"value": "sk-found-in-an-error"})
    await looking.error(looking.vault.actor.tenant_id, "sk-found-in-an-error")
    await looking.check.look()
    service = Leaks(looking.vault.database, looking.credentials, looking.vault.log)
    (leak,) = await service.page(looking.vault.actor, looking.vault.vault_id, None, 50)
    assert (leak.credential_id, leak.source, leak.form, leak.acknowledged_at) == (
        credential_id,
        "error_logs",
        "plain",
        None,
    )
    await service.acknowledge(looking.vault.actor, credential_id)
    (leak,) = await service.page(looking.vault.actor, looking.vault.vault_id, None, 50)
    assert leak.acknowledged_at is not None
    stranger = Actor(tenant.id, "user", tenant.other_user_id)
    with pytest.raises(Exception, match="no such vault"):
        await service.page(stranger, looking.vault.vault_id, None, 50)
