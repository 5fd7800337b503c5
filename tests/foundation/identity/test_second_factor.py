"""One-time codes, recovery codes, and a workspace that asks for them."""

import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from radiant.foundation.identity import second_factor, totp
from radiant.infra.db import Database
from tests.kit.fixtures import Callers
from tests.kit.server import PASSWORD, Answer, Client, Server


def slug_of(answer: Answer) -> str:
    return answer.json()["type"].rpartition("/")[2]


# RFC 6238, appendix B: the last six of its eight digits.
@pytest.mark.parametrize(
    ("at", "code"),
    [(59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (2000000000, "279037")],
)
def test_codes_are_those_of_the_standard(at: int, code: str) -> None:
    secret = b"12345678901234567890"
    assert totp.code_of(secret, at // totp.PERIOD) == code
    assert totp.step_of(secret, code, at) == at // totp.PERIOD
    assert totp.step_of(secret, code, at + totp.PERIOD) == at // totp.PERIOD
    assert totp.step_of(secret, code, at + 2 * totp.PERIOD) is None
    assert totp.step_of(secret, "１２３４５６", at) is None


def test_the_link_for_an_app_holds_what_the_app_needs() -> None:
    link = urlsplit(totp.uri(b"x" * 20, account="jane@example.org", issuer="RADIANT Acme & Co"))
    query = parse_qs(link.query)
    assert (link.scheme, link.netloc) == ("otpauth", "totp")
    assert link.path == "/RADIANT%20Acme%20%26%20Co:jane%40example.org"
    assert (query["issuer"], query["digits"], query["period"]) == (["RADIANT Acme & Co"], ["6"], ["30"])


def test_recovery_codes_are_random_and_forgive_how_they_are_typed() -> None:
    codes = totp.recovery_codes()
    assert len(set(codes)) == 10
    typed = " " + codes[0].lower().replace("-", " ")
    assert totp.hash_recovery_code(typed) == totp.hash_recovery_code(codes[0])


def now_step() -> int:
    return int(time.time()) // totp.PERIOD


async def enrol(client: Client) -> tuple[bytes, list[str]]:
    """Add an app; its secret and the recovery codes. The code of the step before is used."""
    import base64

    begun = (await client.post("/api/profile/totp", {"password": PASSWORD})).json()
    assert begun["picture"].startswith("data:image/svg+xml")
    spelled = begun["secret"]
    secret = base64.b32decode(spelled + "=" * (-len(spelled) % 8))
    answer = await client.post("/api/profile/totp/confirm", {"code": totp.code_of(secret, now_step() - 1)})
    assert answer.status == 200, answer.body
    return secret, answer.json()["codes"]


async def email_of(db: Database, user_id: object) -> str:
    async with db.system("test").tx() as tx:
        return await tx.value("select email from users where id = $1", user_id)


class Door:
    """Signing in by password, as far as it goes."""

    def __init__(self, callers: Callers, email: str) -> None:
        self.callers = callers
        self.email = email

    async def first(self) -> Answer:
        return await self.callers.nobody.post("/api/session", {"email": self.email, "password": PASSWORD})

    async def challenge(self) -> str:
        answer = await self.first()
        assert (answer.status, slug_of(answer)) == (401, "second-factor-required")
        assert "Set-Cookie" not in answer.headers
        return answer.json()["challenge"]

    async def second(self, challenge: str, code: str) -> Answer:
        return await self.callers.nobody.post("/api/session/second-factor", {"challenge": challenge, "code": code})


@pytest.fixture
async def door(callers: Callers, db: Database) -> Door:
    return Door(callers, await email_of(db, callers.member_id))


async def test_a_password_opens_nothing_without_the_code_and_a_code_counts_once(
    callers: Callers, server: Server, door: Door
) -> None:
    secret, _ = await enrol(callers.member)
    challenge = await door.challenge()
    code = totp.code_of(secret, now_step())
    opened = await door.second(challenge, code)
    assert opened.status == 200
    person = Client(server.base_url, server.http, {"Cookie": opened.headers["Set-Cookie"].split(";")[0]})
    assert (await person.get("/api/session")).json()["user"]["id"] == str(callers.member_id)
    assert (await person.get("/api/profile/second-factor")).json() == {
        "totp": True, "recovery_codes_left": 10, "passkeys": 0, "required": False,
    }  # fmt: skip
    # Neither the code nor the challenge serves again.
    assert slug_of(await door.second(await door.challenge(), code)) == "wrong-code"
    assert slug_of(await door.second(challenge, totp.code_of(secret, now_step() + 1))) == "challenge-over"


async def test_an_older_code_than_the_last_one_is_refused(callers: Callers, door: Door) -> None:
    secret, _ = await enrol(callers.member)
    assert (await door.second(await door.challenge(), totp.code_of(secret, now_step() + 1))).status == 200
    assert slug_of(await door.second(await door.challenge(), totp.code_of(secret, now_step()))) == "wrong-code"


async def test_the_same_code_at_the_same_time_opens_one_door(callers: Callers, door: Door) -> None:
    import asyncio

    secret, _ = await enrol(callers.member)
    challenges = [await door.challenge() for _ in range(4)]
    code = totp.code_of(secret, now_step())
    answers = await asyncio.gather(*(door.second(challenge, code) for challenge in challenges))
    assert sorted(answer.status for answer in answers) == [200, 401, 401, 401]


async def test_codes_cannot_be_guessed(callers: Callers, door: Door) -> None:
    secret, _ = await enrol(callers.member)
    wrong = "000000" if totp.step_of(secret, "000000", time.time()) is None else "000001"
    challenge = await door.challenge()
    for _ in range(second_factor.TRIES):
        assert slug_of(await door.second(challenge, wrong)) == "wrong-code"
    assert slug_of(await door.second(challenge, totp.code_of(secret, now_step()))) == "challenge-over"
    again = await door.challenge()
    for _ in range(second_factor.TRIES_OF_PERSON - second_factor.TRIES):
        assert slug_of(await door.second(again, wrong)) == "wrong-code"
    locked = await door.second(await door.challenge(), totp.code_of(secret, now_step()))
    assert (locked.status, slug_of(locked)) == (429, "locked-out")
    assert int(locked.headers["Retry-After"]) > 0


async def test_a_recovery_code_opens_once_and_is_kept_as_a_hash(callers: Callers, door: Door, db: Database) -> None:
    _, codes = await enrol(callers.member)
    assert (await door.second(await door.challenge(), codes[3].lower())).status == 200
    assert slug_of(await door.second(await door.challenge(), codes[3])) == "wrong-code"
    async with db.system("test").tx() as tx:
        stored = await tx.all("select code_hash from recovery_codes")
        secret = await tx.value("select secret::text from totp_secrets")
    assert len(stored) == 10
    assert all(row["code_hash"] != code.encode() for row in stored for code in codes)
    assert "sealed_under" in secret


async def test_new_recovery_codes_replace_the_old(callers: Callers, door: Door, db: Database) -> None:
    _, old = await enrol(callers.member)
    assert (await callers.member.post("/api/profile/recovery-codes", {"password": "wrong"})).status == 403
    new = (await callers.member.post("/api/profile/recovery-codes", {"password": PASSWORD})).json()["codes"]
    assert slug_of(await door.second(await door.challenge(), old[0])) == "wrong-code"
    assert (await door.second(await door.challenge(), new[0])).status == 200


async def test_another_persons_challenge_and_code_do_not_mix(callers: Callers, door: Door, db: Database) -> None:
    await enrol(callers.member)
    theirs, codes = await enrol(callers.owner)
    challenge = await door.challenge()
    assert slug_of(await door.second(challenge, totp.code_of(theirs, now_step()))) == "wrong-code"
    assert slug_of(await door.second(challenge, codes[0])) == "wrong-code"
    assert slug_of(await door.second("nonsense", totp.code_of(theirs, now_step()))) == "challenge-over"


async def test_a_secret_is_not_in_force_before_its_first_code_and_is_not_replaced_behind_ones_back(
    callers: Callers, door: Door
) -> None:
    assert (await callers.member.post("/api/profile/totp", {"password": "wrong"})).status == 403
    await callers.member.post("/api/profile/totp", {"password": PASSWORD})
    assert (await door.first()).status == 200
    wrong = await callers.member.post("/api/profile/totp/confirm", {"code": "12345x"})
    assert (wrong.status, slug_of(wrong)) == (422, "wrong-code")
    await enrol(callers.member)
    again = await callers.member.post("/api/profile/totp", {"password": PASSWORD})
    assert (again.status, slug_of(again)) == (409, "totp-in-force")
    assert (await callers.member.post("/api/profile/totp/confirm", {"code": "000000"})).status == 409


async def test_adding_an_app_ends_the_sessions_that_were_opened_without_one(callers: Callers, server: Server) -> None:
    second = await server.signed_in(callers.tenant.id, callers.member_id)
    await enrol(second)
    assert (await second.get("/api/session")).status == 200
    assert (await callers.member.get("/api/session")).status == 401


async def test_taking_an_app_away_takes_the_password(callers: Callers, door: Door) -> None:
    await enrol(callers.member)
    assert (await callers.member.delete("/api/profile/totp", {"password": "wrong"})).status == 403
    assert (await callers.member.delete("/api/profile/totp", {"password": PASSWORD})).status == 204
    assert (await door.first()).status == 200
    assert (await callers.member.delete("/api/profile/totp", {"password": PASSWORD})).status == 404


async def test_an_admin_helps_who_lost_the_app_but_nobody_above(callers: Callers, server: Server, door: Door) -> None:
    await enrol(callers.member)
    path = f"/api/users/{callers.member_id}/second-factor"
    assert (await callers.foreign_owner.delete(path)).status == 404
    assert (await callers.member.delete(path)).status == 403
    assert (await callers.owner.delete(path)).status == 204
    assert (await callers.member.get("/api/session")).status == 401
    assert (await door.first()).status == 200
    operator = (await callers.operator.get("/api/session")).json()["user"]["id"]
    assert (await callers.owner.delete(f"/api/users/{operator}/second-factor")).status == 403
    assert (await callers.owner.post(f"/api/users/{operator}/password")).status == 403


async def test_where_the_workspace_asks_for_it_nothing_else_is_open_before(
    callers: Callers, server: Server, door: Door
) -> None:
    assert (await callers.member.put("/api/tenant/second-factor", {"required": True})).status == 403
    assert (await callers.owner.put("/api/tenant/second-factor", {"required": True})).status == 204
    answer = await callers.member.get("/api/chats")
    assert (answer.status, slug_of(answer)) == (403, "second-factor-missing")
    assert (await callers.member.get("/api/session")).json()["must_enrol"] is True
    assert (await callers.foreign_owner.get("/api/chats")).status == 200
    key = await server.with_key(callers.tenant.id, callers.member_id, "read")
    assert (await key.get("/api/chats")).status == 200
    await enrol(callers.member)
    assert (await callers.member.get("/api/chats")).status == 200
    assert (await callers.member.get("/api/session")).json()["must_enrol"] is False
    # Taken away again, the session is weak again.
    assert (await callers.member.delete("/api/profile/totp", {"password": PASSWORD})).status == 204
    assert slug_of(await callers.member.get("/api/chats")) == "second-factor-missing"


async def test_who_was_disabled_between_the_steps_stays_out(callers: Callers, door: Door) -> None:
    secret, _ = await enrol(callers.member)
    challenge = await door.challenge()
    await callers.owner.patch(f"/api/users/{callers.member_id}", {"status": "disabled"})
    assert (await door.second(challenge, totp.code_of(secret, now_step()))).status == 401


async def test_what_is_exported_holds_no_secret(callers: Callers) -> None:
    secret, _ = await enrol(callers.member)
    export: Any = (await callers.member.get("/api/profile/export")).body.decode()
    assert totp.spelled(secret) not in export
    assert "sealed_under" not in export
    assert "code_hash" not in export
