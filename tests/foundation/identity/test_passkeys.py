"""Passkeys: registered, used, renamed, taken away; and what a hostile authenticator or site may try."""

from typing import Any

import cbor2
import pytest

from radiant.infra.db import Database
from tests.kit.authenticator import PRESENT, Authenticator, authenticator_at, b64, new_passkey
from tests.kit.fixtures import Callers
from tests.kit.server import PASSWORD, Answer, Client, Server


def slug_of(answer: Answer) -> str:
    return answer.json()["type"].rpartition("/")[2]


@pytest.fixture
def device(callers: Callers) -> Authenticator:
    return authenticator_at(callers.member)


async def sign_in(callers: Callers, device: Authenticator, **changed: Any) -> Answer:
    options = (await callers.nobody.post("/api/session/passkey/options")).json()
    assert options["userVerification"] == "required"
    return await callers.nobody.post("/api/session/passkey", {"credential": device.get(options | changed)})


async def test_a_passkey_signs_in_without_a_password(callers: Callers, server: Server, device: Authenticator) -> None:
    made = await new_passkey(callers.member, device)
    answer = await sign_in(callers, device)
    assert answer.status == 200, answer.body
    assert answer.json()["method"] == "passkey"
    person = Client(server.base_url, server.http, {"Cookie": answer.headers["Set-Cookie"].split(";")[0]})
    assert (await person.get("/api/session")).json()["user"]["id"] == str(callers.member_id)
    listed = (await person.get("/api/profile/passkeys")).json()["items"]
    assert listed[0]["id"] == made["id"]
    assert listed[0]["last_used_at"] is not None


async def test_several_are_kept_renamed_and_taken_away_by_their_owner_alone(
    callers: Callers, device: Authenticator
) -> None:
    first = await new_passkey(callers.member, device)
    # The session is a strong one since; it goes on.
    second = await new_passkey(callers.member, authenticator_at(callers.member), "Phone")
    path = f"/api/profile/passkeys/{second['id']}"
    assert (await callers.member.patch(path, {"name": "Key ring"})).json()["name"] == "Key ring"
    assert (await callers.owner.patch(path, {"name": "Mine"})).status == 404
    assert (await callers.owner.delete(path)).status == 404
    assert (await callers.owner.get("/api/profile/passkeys")).json()["items"] == []
    names = [item["name"] for item in (await callers.member.get("/api/profile/passkeys")).json()["items"]]
    assert names == ["Laptop", "Key ring"]
    assert (await callers.member.delete(f"/api/profile/passkeys/{first['id']}")).status == 204
    assert slug_of(await sign_in(callers, device)) == "passkey-refused"


async def test_adding_one_takes_the_password_and_a_session(callers: Callers, server: Server) -> None:
    wrong = await callers.member.post("/api/profile/passkeys/options", {"password": "wrong"})
    assert (wrong.status, slug_of(wrong)) == (403, "wrong-password")
    key = await server.with_key(callers.tenant.id, callers.member_id, "read", "write")
    assert (await key.post("/api/profile/passkeys/options", {"password": PASSWORD})).status == 403


async def test_a_challenge_serves_once_and_its_person_alone(callers: Callers, device: Authenticator) -> None:
    options = (await callers.member.post("/api/profile/passkeys/options", {"password": PASSWORD})).json()
    body = {"name": "x", "credential": device.create(options)}
    theirs = await callers.owner.post("/api/profile/passkeys", body)
    assert (theirs.status, slug_of(theirs)) == (422, "passkey-not-taken")
    assert (await callers.member.post("/api/profile/passkeys", body)).status == 422
    await new_passkey(callers.member, device)
    asked = (await callers.nobody.post("/api/session/passkey/options")).json()
    answer = device.get(asked)
    assert (await callers.nobody.post("/api/session/passkey", {"credential": answer})).status == 200
    assert slug_of(await callers.nobody.post("/api/session/passkey", {"credential": answer})) == "passkey-refused"
    # A challenge of a registration opens nothing, nor one that we never made.
    options = (await callers.member.post("/api/profile/passkeys/options", {"password": PASSWORD})).json()
    for challenge in (options["challenge"], b64(b"x" * 32), "", "%%%"):
        assert slug_of(await sign_in(callers, device, challenge=challenge)) == "passkey-refused"


async def test_a_passkey_is_registered_once_in_the_whole_house(callers: Callers, device: Authenticator) -> None:
    await new_passkey(callers.member, device)
    options = (await callers.foreign_owner.post("/api/profile/passkeys/options", {"password": PASSWORD})).json()
    answer = await callers.foreign_owner.post(
        "/api/profile/passkeys", {"name": "x", "credential": device.create(options)}
    )
    assert (answer.status, slug_of(answer)) == (409, "passkey-taken")


@pytest.mark.parametrize(
    "change",
    [
        {"origin": "https://evil.example"},
        {"origin": "http://localhost.evil.example:80"},
        {"rp_id": "evil.example"},
        {"flags": PRESENT},
        {"flags": 0},
        {"kind": "webauthn.get"},
    ],
    ids=str,
)
async def test_a_registration_of_another_site_or_without_its_person_is_refused(
    callers: Callers, device: Authenticator, change: dict[str, Any]
) -> None:
    options = (await callers.member.post("/api/profile/passkeys/options", {"password": PASSWORD})).json()
    for name, value in change.items():
        setattr(device, name, value)
    answer = await callers.member.post("/api/profile/passkeys", {"name": "x", "credential": device.create(options)})
    assert (answer.status, slug_of(answer)) == (422, "passkey-not-taken")


@pytest.mark.parametrize(
    "change",
    [
        {"origin": "https://evil.example"},
        {"rp_id": "evil.example"},
        {"flags": PRESENT},
        {"kind": "webauthn.create"},
        {"user_handle": b"somebody else...."},
        {"key": Authenticator("").key},
        {"credential_id": b"another credential"},
    ],
    ids=lambda change: next(iter(change)),
)
async def test_a_sign_in_of_another_site_person_or_key_is_refused(
    callers: Callers, device: Authenticator, change: dict[str, Any]
) -> None:
    await new_passkey(callers.member, device)
    for name, value in change.items():
        setattr(device, name, value)
    answer = await sign_in(callers, device)
    assert (answer.status, slug_of(answer)) == (401, "passkey-refused")
    assert "Set-Cookie" not in answer.headers


async def test_a_copied_authenticator_is_noticed_by_its_counter(callers: Callers, device: Authenticator) -> None:
    await new_passkey(callers.member, device)
    device.count = 10
    assert (await sign_in(callers, device)).status == 200
    device.count = 5
    assert slug_of(await sign_in(callers, device)) == "passkey-refused"


async def test_garbage_of_every_kind_is_refused(callers: Callers, device: Authenticator) -> None:
    await new_passkey(callers.member, device)
    options = (await callers.member.post("/api/profile/passkeys/options", {"password": PASSWORD})).json()
    objects = [
        b"", b"\xff", b"\x9f" * 5000, cbor2.dumps({}), cbor2.dumps([1]), cbor2.dumps({"fmt": "tpm", "attStmt": {}, "authData": b""}),
        cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": b"x" * 37}), cbor2.dumps({"fmt": 5}),
    ]  # fmt: skip
    for raw in objects:
        options = (await callers.member.post("/api/profile/passkeys/options", {"password": PASSWORD})).json()
        credential = authenticator_at(callers.member).create(options)
        credential["response"]["attestationObject"] = b64(raw)
        answer = await callers.member.post("/api/profile/passkeys", {"name": "x", "credential": credential})
        assert answer.status == 422, answer.body
    for part in ("authenticatorData", "signature"):
        for value in ("", "%", "AAAA", "A" * 3000):
            asked = (await callers.nobody.post("/api/session/passkey/options")).json()
            credential = device.get(asked)
            credential["response"][part] = value
            answer = await callers.nobody.post("/api/session/passkey", {"credential": credential})
            assert answer.status == 401, answer.body
    for data in (b"", b"{", b"[]", b'{"challenge": 5}', b"\xff\xfe"):
        credential["response"]["clientDataJSON"] = b64(data)
        assert (await callers.nobody.post("/api/session/passkey", {"credential": credential})).status in (401, 422)


async def test_a_disabled_person_and_a_suspended_workspace_stay_out(callers: Callers, device: Authenticator) -> None:
    await new_passkey(callers.member, device)
    await callers.owner.patch(f"/api/users/{callers.member_id}", {"status": "disabled"})
    assert slug_of(await sign_in(callers, device)) == "passkey-refused"
    theirs = authenticator_at(callers.member)
    await new_passkey(callers.foreign_owner, theirs)
    await callers.operator.patch(f"/api/tenants/{callers.other_tenant.id}", {"status": "suspended"})
    assert slug_of(await sign_in(callers, theirs)) == "passkey-refused"


async def test_where_a_second_factor_is_asked_for_a_passkey_is_one_and_a_password_is_none(
    callers: Callers, server: Server, device: Authenticator, db: Database
) -> None:
    await callers.owner.put("/api/tenant/second-factor", {"required": True})
    assert (await callers.member.get("/api/chats")).status == 403
    await new_passkey(callers.member, device)
    assert (await callers.member.get("/api/chats")).status == 200
    opened = await sign_in(callers, device)
    person = Client(server.base_url, server.http, {"Cookie": opened.headers["Set-Cookie"].split(";")[0]})
    assert (await person.get("/api/chats")).status == 200
    # Whoever knows the password alone must not be asked to add an app of their own.
    async with db.system("test").tx() as tx:
        email = await tx.value("select email from users where id = $1", callers.member_id)
    answer = await callers.nobody.post("/api/session", {"email": email, "password": PASSWORD})
    assert (answer.status, slug_of(answer), answer.json()["ways"]) == (401, "second-factor-required", ["passkey"])


async def test_a_one_time_password_is_not_asked_of_who_comes_by_passkey(
    callers: Callers, device: Authenticator, db: Database
) -> None:
    await new_passkey(callers.member, device)
    async with db.system("test").tx() as tx:
        await tx.run("update users set must_change_password = true where id = $1", callers.member_id)
    answer = await sign_in(callers, device)
    assert answer.json()["user"]["must_change_password"] is False
