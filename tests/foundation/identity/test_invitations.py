"""Invitations by link, and forgotten passwords by mail."""

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest

from radiant.foundation.identity import password_reset, sessions
from radiant.infra.db import Database
from radiant.infra.mail import Mailer
from tests.kit.fixtures import Callers
from tests.kit.mail_server import MailServer, mail_server
from tests.kit.server import PASSWORD, Answer, Client, Server

JANE = {"email": "jane@example.org", "name": "Jane", "role": "member"}


def slug_of(answer: Answer) -> str:
    return answer.json()["type"].rpartition("/")[2]


def token_of(link: str) -> str:
    path, _, token = link.partition("#")
    assert path.endswith(("/invitation", "/password-reset"))
    return token


@pytest.fixture
async def mail(server: Server) -> AsyncIterator[MailServer]:
    async with mail_server() as running:
        mailer = Mailer(running.url, None)
        services: list[Any] = [server.app.state.invitations, server.app.state.password_resets]
        for service in services:
            service._mailer = mailer
        yield running
        await server.app.state.password_resets.quiet()
        for service in services:
            service._mailer = Mailer(None, None)


def accept(callers: Callers, token: str, password: str = PASSWORD, **more: Any) -> Any:
    return callers.nobody.post("/api/invitation/accept", {"token": token, "new_password": password, **more})


async def test_a_link_makes_one_account_and_signs_it_in(callers: Callers, server: Server, db: Database) -> None:
    made = await callers.owner.post("/api/invitations", JANE)
    assert made.status == 201, made.body
    token = token_of(made.json()["link"])
    look = (await callers.nobody.post("/api/invitation/look", {"token": token})).json()
    assert (look["email"], look["role"], look["tenant"]) == ("jane@example.org", "member", "Ours")
    weak = await accept(callers, token, "short")
    assert slug_of(weak) == "weak-password"
    answer = await accept(callers, token, name="Jane Doe")
    assert answer.status == 200, answer.body
    person = Client(server.base_url, server.http, {"Cookie": answer.headers["Set-Cookie"].split(";")[0]})
    user = (await person.get("/api/session")).json()["user"]
    assert (user["email"], user["name"], user["role"]) == ("jane@example.org", "Jane Doe", "member")
    assert user["must_change_password"] is False
    again = await accept(callers, token)
    assert (again.status, slug_of(again)) == (404, "invitation-over")
    assert (
        await callers.nobody.post("/api/session", {"email": "jane@example.org", "password": PASSWORD})
    ).status == 200
    assert (await callers.owner.get("/api/invitations")).json()["items"] == []


async def test_a_link_counts_once_when_it_is_used_twice_at_once(callers: Callers, db: Database) -> None:
    import asyncio

    token = token_of((await callers.owner.post("/api/invitations", JANE)).json()["link"])
    answers = await asyncio.gather(*(accept(callers, token) for _ in range(4)))
    assert sorted(answer.status for answer in answers) == [200, 404, 404, 404]
    async with db.system("test").tx() as tx:
        assert await tx.value("select count(*) from users where email = 'jane@example.org'") == 1
        stored = await tx.value("select count(*) from invitations")
    assert stored == 0


async def test_a_token_is_kept_as_a_hash_and_never_shown_again(callers: Callers, db: Database) -> None:
    made = (await callers.owner.post("/api/invitations", JANE)).json()
    token = token_of(made["link"])
    listed = await callers.owner.get("/api/invitations")
    assert token.encode() not in listed.body
    async with db.system("test").tx() as tx:
        assert await tx.value("select token_hash from invitations") == sessions.hash_token(token)
        assert token not in str(await tx.all("select payload from outbox"))


async def test_resending_voids_the_old_link_and_revoking_every_link(callers: Callers) -> None:
    made = (await callers.owner.post("/api/invitations", JANE)).json()
    again = (await callers.owner.post(f"/api/invitations/{made['id']}/resend")).json()
    assert again["id"] == made["id"]
    assert (await accept(callers, token_of(made["link"]))).status == 404
    assert (await callers.foreign_owner.delete(f"/api/invitations/{made['id']}")).status == 404
    assert (await callers.owner.delete(f"/api/invitations/{made['id']}")).status == 204
    assert (await accept(callers, token_of(again["link"]))).status == 404
    assert (await callers.owner.post(f"/api/invitations/{made['id']}/resend")).status == 404


async def test_an_old_link_and_one_of_a_suspended_workspace_are_over(callers: Callers, db: Database) -> None:
    token = token_of((await callers.owner.post("/api/invitations", JANE)).json()["link"])
    async with db.system("test").tx() as tx:
        await tx.run("update invitations set expires_at = current_timestamp - interval '1 second'")
    assert slug_of(await accept(callers, token)) == "invitation-over"
    theirs = token_of((await callers.foreign_owner.post("/api/invitations", JANE)).json()["link"])
    await callers.operator.patch(f"/api/tenants/{callers.other_tenant.id}", {"status": "suspended"})
    assert slug_of(await accept(callers, theirs)) == "invitation-over"


async def test_nobody_invites_above_themselves_or_who_is_there(callers: Callers, server: Server, db: Database) -> None:
    assert (await callers.member.post("/api/invitations", JANE)).status == 403
    admin = (await callers.owner.post("/api/users", {"email": "adm@example.org", "role": "admin"})).json()
    as_admin = await server.signed_in(callers.tenant.id, admin["id"])
    assert (await as_admin.post("/api/invitations", JANE | {"role": "owner"})).status == 403
    owners = (await callers.owner.post("/api/invitations", JANE | {"role": "owner"})).json()
    # What an owner gave an admin does not hand out.
    assert (await as_admin.post(f"/api/invitations/{owners['id']}/resend")).status == 403
    assert (await callers.owner.post("/api/invitations", JANE | {"email": "adm@example.org"})).status == 409


async def test_guessing_tokens_is_locked_out(callers: Callers) -> None:
    for _ in range(sessions.LIMIT_ADDRESS):
        await callers.nobody.post("/api/invitation/look", {"token": "x" * 43})
    assert (await callers.nobody.post("/api/invitation/look", {"token": "x" * 43})).status == 429


async def test_an_invitation_is_mailed_where_mail_is_set_up(callers: Callers, mail: MailServer) -> None:
    made = (await callers.owner.post("/api/invitations", JANE)).json()
    assert made["mailed_at"] is not None
    (message,) = mail.messages
    assert message["To"] == "jane@example.org"
    assert made["link"] in message.get_content()
    mail.to_recipient = "550 no"
    failed = (await callers.owner.post(f"/api/invitations/{made['id']}/resend")).json()
    assert (failed["mailed_at"], failed["mail_error"]) == (None, "the mail server refused the recipient")


async def email_of(db: Database, user_id: object) -> str:
    async with db.system("test").tx() as tx:
        return await tx.value("select email from users where id = $1", user_id)


async def reset_link(server: Server, callers: Callers, mail: MailServer, email: str) -> str:
    """The token of a mail that was asked for."""
    mail.messages.clear()
    assert (await callers.nobody.post("/api/password-reset", {"email": email})).status == 202
    await server.app.state.password_resets.quiet()
    (message,) = mail.messages
    found = re.search(r"http\S+", message.get_content())
    assert found is not None
    return token_of(found[0])


async def test_a_forgotten_password_is_set_anew_and_every_session_ends(
    callers: Callers, server: Server, db: Database, mail: MailServer
) -> None:
    email = await email_of(db, callers.member_id)
    token = await reset_link(server, callers, mail, email)
    form = {"token": token, "new_password": "quite another password"}
    assert (await callers.nobody.post("/api/password-reset/finish", form | {"new_password": "short"})).status == 422
    assert (await callers.nobody.post("/api/password-reset/finish", form)).status == 204
    assert (await callers.member.get("/api/session")).status == 401
    old = await callers.nobody.post("/api/session", {"email": email, "password": PASSWORD})
    assert old.status == 401
    new = await callers.nobody.post("/api/session", {"email": email, "password": "quite another password"})
    assert new.status == 200
    assert slug_of(await callers.nobody.post("/api/password-reset/finish", form)) == "reset-over"


async def test_an_unknown_address_is_answered_as_a_known_one_and_gets_no_mail(
    callers: Callers, server: Server, db: Database, mail: MailServer
) -> None:
    known = await callers.nobody.post("/api/password-reset", {"email": await email_of(db, callers.member_id)})
    unknown = await callers.nobody.post("/api/password-reset", {"email": "nobody@example.org"})
    await server.app.state.password_resets.quiet()
    assert (known.status, known.body) == (unknown.status, unknown.body)
    assert len(mail.messages) == 1


async def test_a_newer_link_voids_the_older_and_an_old_one_is_over(
    callers: Callers, server: Server, db: Database, mail: MailServer
) -> None:
    email = await email_of(db, callers.member_id)
    first = await reset_link(server, callers, mail, email)
    second = await reset_link(server, callers, mail, email)
    form = {"token": first, "new_password": "quite another password"}
    assert slug_of(await callers.nobody.post("/api/password-reset/finish", form)) == "reset-over"
    async with db.system("test").tx() as tx:
        await tx.run("update sign_in_steps set expires_at = current_timestamp - interval '1 second'")
    assert slug_of(await callers.nobody.post("/api/password-reset/finish", form | {"token": second})) == "reset-over"


async def test_mails_to_one_address_are_bounded_whether_it_is_known_or_not(
    callers: Callers, server: Server, mail: MailServer
) -> None:
    for _ in range(password_reset._MAILS_OF_ADDRESS):
        assert (await callers.nobody.post("/api/password-reset", {"email": "nobody@example.org"})).status == 202
    assert (await callers.nobody.post("/api/password-reset", {"email": "nobody@example.org"})).status == 429


async def test_a_reset_does_not_replace_the_second_factor_and_disabled_people_get_none(
    callers: Callers, server: Server, db: Database, mail: MailServer
) -> None:
    from tests.foundation.identity.test_second_factor import enrol

    email = await email_of(db, callers.member_id)
    await enrol(callers.member)
    token = await reset_link(server, callers, mail, email)
    form = {"token": token, "new_password": "quite another password"}
    assert (await callers.nobody.post("/api/password-reset/finish", form)).status == 204
    answer = await callers.nobody.post("/api/session", {"email": email, "password": "quite another password"})
    assert slug_of(answer) == "second-factor-required"
    token = await reset_link(server, callers, mail, email)
    await callers.owner.patch(f"/api/users/{callers.member_id}", {"status": "disabled"})
    assert slug_of(await callers.nobody.post("/api/password-reset/finish", form | {"token": token})) == "reset-over"


async def test_without_mail_the_way_is_not_offered(callers: Callers) -> None:
    assert (await callers.nobody.get("/api/sign-in/ways")).json() == {"password_reset": False}
    answer = await callers.nobody.post("/api/password-reset", {"email": "nobody@example.org"})
    assert (answer.status, slug_of(answer)) == (409, "no-mail")
