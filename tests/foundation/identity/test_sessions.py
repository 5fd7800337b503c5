"""Sign-in, sessions, CSRF, lock-out."""

from radiant.foundation.identity import passwords, sessions
from radiant.foundation.identity.sessions import LIMIT_PAIR
from radiant.infra.db import Database
from tests.kit.fixtures import Callers
from tests.kit.server import PASSWORD, Server


async def _email(db: Database, user_id: object) -> str:
    async with db.system("test").tx() as tx:
        return await tx.value("select email from users where id = $1", user_id)


async def test_a_session_says_who_is_signed_in_and_where(callers: Callers) -> None:
    answer = await callers.member.get("/api/session")
    assert answer.status == 200
    body = answer.json()
    assert body["user"]["role"] == "member"
    assert body["tenant"]["slug"] == callers.tenant.slug
    assert body["csrf_token"] == callers.member.headers["X-CSRF-Token"]


async def test_nobody_is_told_to_sign_in_as_a_problem(callers: Callers) -> None:
    answer = await callers.nobody.get("/api/session")
    assert answer.status == 401
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["request_id"] == answer.headers["X-Request-Id"]


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(
    server: Server, callers: Callers, db: Database
) -> None:
    email = await _email(db, callers.owner_id)
    answer = await callers.nobody.post("/api/session", {"email": email, "password": PASSWORD})
    cookie = answer.headers["Set-Cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie


async def test_a_change_without_the_csrf_token_is_refused(callers: Callers) -> None:
    without = {"Cookie": callers.member.headers["Cookie"]}
    callers.nobody.headers = without
    answer = await callers.nobody.post("/api/chats", {})
    assert answer.status == 403
    assert answer.json()["type"].endswith("/csrf")
    assert (await callers.nobody.get("/api/session")).status == 200


async def test_a_change_that_another_site_asks_for_is_refused(callers: Callers) -> None:
    answer = await callers.member.post("/api/chats", {}, headers={"Origin": "https://evil.example"})
    assert answer.status == 403
    answer = await callers.member.post("/api/chats", {}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status == 403


async def test_guessing_is_locked_out_and_the_right_password_does_not_help_then(callers: Callers, db: Database) -> None:
    email = await _email(db, callers.owner_id)
    for _ in range(LIMIT_PAIR):
        answer = await callers.nobody.post("/api/session", {"email": email, "password": "not this one"})
        assert answer.status == 401
    answer = await callers.nobody.post("/api/session", {"email": email, "password": PASSWORD})
    assert answer.status == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 901


async def test_an_unknown_email_answers_as_a_wrong_password_does(callers: Callers) -> None:
    answer = await callers.nobody.post("/api/session", {"email": "nobody@example.org", "password": "x" * 12})
    assert (answer.status, answer.json()["type"].rpartition("/")[2]) == (401, "wrong-credentials")


async def test_a_password_that_fits_in_two_workspaces_asks_which(
    server: Server, callers: Callers, db: Database
) -> None:
    encoded = await passwords.hash_password(PASSWORD)
    async with db.system("test").tx() as tx:
        await tx.run("update users set email = 'both@example.org', password_hash = $1 where id = any($2::uuid[])",
                     encoded, [callers.member_id, callers.other_tenant.user_id])  # fmt: skip
    form = {"email": "both@example.org", "password": PASSWORD}
    answer = await callers.nobody.post("/api/session", form)
    assert answer.status == 409
    slugs = {item["slug"] for item in answer.json()["tenants"]}
    assert slugs == {callers.tenant.slug, callers.other_tenant.slug}
    answer = await callers.nobody.post("/api/session", form | {"tenant": callers.other_tenant.slug})
    assert answer.json()["tenant"]["slug"] == callers.other_tenant.slug


async def test_signing_out_ends_the_session(callers: Callers) -> None:
    assert (await callers.member.delete("/api/session")).status == 204
    assert (await callers.member.get("/api/session")).status == 401


async def test_a_person_sees_and_ends_their_own_sessions_only(server: Server, callers: Callers) -> None:
    second = await server.signed_in(callers.tenant.id, callers.member_id)
    items = (await second.get("/api/sessions")).json()["items"]
    assert [item["current"] for item in items].count(True) == 1
    other = next(item["id"] for item in items if not item["current"])
    assert (await callers.owner.delete(f"/api/sessions/{other}")).status == 404
    assert (await second.delete(f"/api/sessions/{other}")).status == 204
    assert (await callers.member.get("/api/session")).status == 401


async def test_a_one_time_password_must_be_changed_before_anything_else(callers: Callers, server: Server) -> None:
    invited = (await callers.owner.post("/api/users", {"email": "new@example.org", "name": "New"})).json()
    form = {"email": "new@example.org", "password": invited["one_time_password"]}
    answer = await callers.nobody.post("/api/session", form)
    person = server.anonymous()
    person.headers = {
        "Cookie": answer.headers["Set-Cookie"].split(";")[0],
        "X-CSRF-Token": answer.json()["csrf_token"],
    }
    assert (await person.get("/api/chats")).json()["type"].endswith("/password-change-required")
    short = {"current_password": form["password"], "new_password": "short"}
    assert (await person.put("/api/profile/password", short)).status == 422
    wrong = {"current_password": "wrong", "new_password": "long enough for anyone"}
    assert (await person.put("/api/profile/password", wrong)).status == 403
    right = {"current_password": form["password"], "new_password": "long enough for anyone"}
    assert (await person.put("/api/profile/password", right)).status == 204
    assert (await person.get("/api/chats")).status == 200


async def test_a_new_password_ends_the_other_sessions(server: Server, callers: Callers) -> None:
    second = await server.signed_in(callers.tenant.id, callers.member_id)
    form = {"current_password": PASSWORD, "new_password": "another good password"}
    assert (await second.put("/api/profile/password", form)).status == 204
    assert (await second.get("/api/session")).status == 200
    assert (await callers.member.get("/api/session")).status == 401


async def test_a_disabled_person_is_out_at_once(callers: Callers) -> None:
    answer = await callers.owner.patch(f"/api/users/{callers.member_id}", {"status": "disabled"})
    assert answer.status == 200
    assert (await callers.member.get("/api/session")).status == 401


async def test_a_suspended_workspace_is_closed_to_all_its_people(callers: Callers) -> None:
    answer = await callers.operator.patch(f"/api/tenants/{callers.other_tenant.id}", {"status": "suspended"})
    assert answer.status == 200
    assert (await callers.foreign_owner.get("/api/session")).status == 401


async def test_tokens_are_kept_as_hashes_only(callers: Callers, db: Database) -> None:
    token = callers.member.headers["Cookie"].partition("=")[2]
    async with db.system("test").tx() as tx:
        rows = await tx.all("select token_hash from sessions where user_id = $1", callers.member_id)
    assert sessions.hash_token(token) in [row["token_hash"] for row in rows]
