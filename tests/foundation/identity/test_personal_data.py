"""What is kept of how somebody signs in is in their export, without its secrets, and gone with them."""

from typing import Any

from radiant.infra.db import Database
from tests.foundation.identity.test_second_factor import enrol
from tests.kit.authenticator import new_passkey
from tests.kit.fixtures import Callers
from tests.kit.server import PASSWORD

TABLES = ("passkeys", "totp_secrets", "recovery_codes", "user_identities", "group_members", "api_keys", "sessions")


async def _everything(callers: Callers, db: Database) -> None:
    """One row at least in each table."""
    await enrol(callers.member)
    await new_passkey(callers.member)
    await callers.member.post("/api/keys", {"name": "mine"})
    group = (await callers.owner.post("/api/groups", {"name": "Labs"})).json()["id"]
    await callers.owner.put(f"/api/groups/{group}/members/{callers.member_id}", None)
    async with db.system("test").tx() as tx:
        await tx.run(
            "insert into user_identities (tenant_id, user_id, issuer, subject) values ($1, $2, 'https://i', 'sub-1')",
            callers.tenant.id, callers.member_id,
        )  # fmt: skip


async def test_a_person_takes_along_how_they_sign_in_without_the_secrets(callers: Callers, db: Database) -> None:
    await _everything(callers, db)
    answer = await callers.member.get("/api/profile/export")
    export: dict[str, Any] = answer.json()
    for table in TABLES:
        assert export[table], table
        assert {row["user_id"] for row in export[table]} == {str(callers.member_id)}, table
    assert export["user_identities"][0]["subject"] == "sub-1"
    for secret in (
        "public_key",
        "code_hash",
        "token_hash",
        "secret_hash",
        "password_hash",
        "sso_token",
        "sealed_under",
    ):
        assert secret not in answer.body.decode(), secret
    theirs = (await callers.owner.get("/api/profile/export")).json()
    assert [theirs[table] for table in TABLES[:5]] == [[]] * 5


async def test_nothing_of_it_is_left_when_they_go(callers: Callers, db: Database) -> None:
    await _everything(callers, db)
    await callers.nobody.post("/api/session", {"email": "x@example.org", "password": PASSWORD})
    assert (await callers.owner.delete(f"/api/users/{callers.member_id}")).status == 204
    async with db.system("test").tx() as tx:
        left = {
            "passkeys": await tx.value("select count(*) from passkeys where user_id = $1", callers.member_id),
            "totp": await tx.value("select count(*) from totp_secrets where user_id = $1", callers.member_id),
            "codes": await tx.value("select count(*) from recovery_codes where user_id = $1", callers.member_id),
            "links": await tx.value("select count(*) from user_identities where user_id = $1", callers.member_id),
            "groups": await tx.value("select count(*) from group_members where user_id = $1", callers.member_id),
            "steps": await tx.value("select count(*) from sign_in_steps where user_id = $1", callers.member_id),
        }
        groups = await tx.value("select count(*) from groups")
    assert set(left.values()) == {0}, left
    assert groups == 1
