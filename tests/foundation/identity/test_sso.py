"""Sign-in by a tenant's identity provider, and everything that such a provider may try."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from radiant.foundation.identity import sso
from radiant.infra.db import Database
from tests.kit.idp import JANE, Idp, idp, slug_of, who
from tests.kit.issuer import CLIENT_ID, CLIENT_SECRET, issuer
from tests.kit.server import Client

__all__ = ["idp"]

BROWSER = {"Accept": "text/html"}


async def test_somebody_new_is_made_with_the_default_role_and_signed_in(idp: Idp, db: Database) -> None:
    session = await who(idp.server, await idp.sign_in("/settings/profile"))
    assert session["user"]["email"] == "jane@example.org"
    assert session["user"]["name"] == "Jane Doe"
    assert (session["user"]["role"], session["method"]) == ("member", "sso")
    assert "httponly" in session["cookie"].lower()
    again = await who(idp.server, await idp.sign_in())
    assert again["user"]["id"] == session["user"]["id"]
    async with db.system("test").tx() as tx:
        actions = [
            row["payload"]["action"]
            for row in await tx.all("select payload from outbox where topic = 'audit' order by id")
        ]
    assert {"sso.changed", "user.made", "session.opened"} <= set(actions)


async def test_the_browser_goes_on_at_its_own_path_and_never_at_another_site(idp: Idp) -> None:
    assert (await idp.sign_in("/settings/profile")).headers["Location"] == "/settings/profile"
    for hostile in ("//evil.example", "https://evil.example/", "/%5Cevil.example", "javascript:alert(1)", "/api/keys"):
        assert (await idp.sign_in(hostile)).headers["Location"] == "/"


@pytest.mark.parametrize(
    ("path", "safe"),
    [("/chat/1?a=b#c", "/chat/1?a=b#c"), ("/\t/evil.example", "/"), ("/\\evil", "/"), ("///x", "/"), (None, "/"),
     ("https:evil", "/"), ("/" + "x" * 600, "/"), ("/v1/models", "/")],
)  # fmt: skip
def test_a_path_to_go_on_at_is_one_of_the_page(path: str | None, safe: str) -> None:
    assert sso.safe_path(path) == safe


async def test_an_account_of_a_verified_address_is_linked_and_keeps_its_role(idp: Idp, db: Database) -> None:
    async with db.system("test").tx() as tx:
        await tx.run("update users set email = 'jane@example.org', role = 'admin' where id = $1", idp.callers.member_id)
    session = await who(idp.server, await idp.sign_in())
    assert (session["user"]["id"], session["user"]["role"]) == (str(idp.callers.member_id), "admin")
    # Linked by the subject from now on, whatever happens to the address.
    idp.issuer.person = {"sub": "jane-1", "email": "other@example.org", "email_verified": False}
    assert (await who(idp.server, await idp.sign_in()))["user"]["id"] == str(idp.callers.member_id)


@pytest.mark.parametrize("verified", [False, None, "yes", 1, "false"])
async def test_an_address_that_nobody_vouches_for_links_and_makes_nothing(
    idp: Idp, db: Database, verified: Any
) -> None:
    idp.issuer.claims = {"email_verified": verified}
    answer = await idp.sign_in()
    assert (answer.status, slug_of(answer)) == (403, "sso-email-not-verified")
    async with db.system("test").tx() as tx:
        assert await tx.value("select count(*) from users where email = 'jane@example.org'") == 0
        assert await tx.value("select count(*) from sessions where method = 'sso'") == 0


async def test_a_second_subject_does_not_take_over_a_linked_account(idp: Idp) -> None:
    await who(idp.server, await idp.sign_in())
    idp.issuer.person = JANE | {"sub": "jane-2"}
    assert slug_of(await idp.sign_in()) == "sso-refused"


async def test_an_operator_is_never_linked_by_somebody_elses_word(idp: Idp, db: Database) -> None:
    async with db.system("test").tx() as tx:
        await tx.run("update users set email = 'jane@example.org' where is_operator")
    assert slug_of(await idp.sign_in()) == "sso-refused"


async def test_a_disabled_account_stays_out(idp: Idp, db: Database) -> None:
    jane = (await who(idp.server, await idp.sign_in()))["user"]["id"]
    assert (await idp.callers.owner.patch(f"/api/users/{jane}", {"status": "disabled"})).status == 200
    assert slug_of(await idp.sign_in()) == "sso-refused"


async def test_domains_that_are_not_let_in_and_strangers_are_refused(idp: Idp) -> None:
    await idp.connect(allowed_domains=["@Acme.example"])
    assert slug_of(await idp.sign_in()) == "sso-refused"
    idp.issuer.claims = {"email": "jane@evil-acme.example"}
    assert slug_of(await idp.sign_in()) == "sso-refused"
    idp.issuer.claims = {"email": "jane@acme.example"}
    await idp.connect(allowed_domains=["acme.example"], creates_people=False)
    assert slug_of(await idp.sign_in()) == "sso-refused"
    await idp.connect(allowed_domains=["acme.example"])
    assert (await idp.sign_in()).status == 303


async def test_groups_there_give_roles_here_at_each_sign_in_and_never_to_owners(idp: Idp, db: Database) -> None:
    await idp.connect(group_roles={"admins": "admin", "guests": "viewer"}, default_role="member")
    idp.issuer.claims = {"groups": ["guests", "admins", 7]}
    assert (await who(idp.server, await idp.sign_in()))["user"]["role"] == "admin"
    idp.issuer.claims = {"groups": "guests"}
    assert (await who(idp.server, await idp.sign_in()))["user"]["role"] == "viewer"
    idp.issuer.claims = {}
    assert (await who(idp.server, await idp.sign_in()))["user"]["role"] == "member"
    async with db.system("test").tx() as tx:
        await tx.run("update users set role = 'owner' where email = 'jane@example.org'")
    idp.issuer.claims = {"groups": ["guests"]}
    assert (await who(idp.server, await idp.sign_in()))["user"]["role"] == "owner"
    assert (await idp.connect(group_roles={"x": "owner"})).status == 422


async def test_claims_may_come_from_userinfo_but_of_the_same_subject_alone(idp: Idp) -> None:
    idp.issuer.person = {"sub": "jane-1"}
    idp.issuer.userinfo = {"sub": "jane-1", "email": "jane@example.org", "email_verified": True}
    assert (await who(idp.server, await idp.sign_in()))["user"]["email"] == "jane@example.org"
    idp.issuer.person = {"sub": "mallory"}
    assert slug_of(await idp.sign_in()) == "sso-not-proven"
    # An unverified address in the signed token is not made a verified one by userinfo.
    idp.issuer.person = {"sub": "mallory", "email": "jane@example.org"}
    idp.issuer.userinfo = {"sub": "mallory", "email": "mallory@example.org", "email_verified": True}
    assert slug_of(await idp.sign_in()) == "sso-email-not-verified"
    # Nor is an unsigned address verified by what the signed token says of none.
    idp.issuer.person = {"sub": "mallory", "email_verified": True}
    idp.issuer.userinfo = {"sub": "mallory", "email": "mallory@example.org"}
    assert slug_of(await idp.sign_in()) == "sso-email-not-verified"


async def test_an_answer_counts_once_and_in_the_browser_that_began(idp: Idp) -> None:
    url, cookie = await idp.begin()
    back = await idp.authorize(url)
    nobody = idp.server.anonymous()
    assert slug_of(await nobody.get(back)) == "sso-flow-broken"
    _, other = await idp.begin()
    assert slug_of(await nobody.get(back, headers={"Cookie": other})) == "sso-flow-broken"
    good = await nobody.get(back, headers={"Cookie": cookie}, allow_redirects=False)
    assert good.status == 303
    assert slug_of(await nobody.get(back, headers={"Cookie": cookie})) == "sso-flow-broken"


async def test_a_code_of_another_flow_is_refused_by_its_proof_key(idp: Idp) -> None:
    victim, _ = await idp.begin()
    stolen = parse_qs(urlsplit(await idp.authorize(victim)).query)["code"][0]
    url, cookie = await idp.begin()
    state = parse_qs(urlsplit(url).query)["state"][0]
    answer = await idp.server.anonymous().get(
        f"/api/sso/callback?code={stolen}&state={state}", headers={"Cookie": cookie}, allow_redirects=False
    )
    assert slug_of(answer) == "sso-not-proven"


async def test_an_answer_that_says_something_twice_or_names_another_issuer_is_refused(idp: Idp) -> None:
    url, cookie = await idp.begin()
    back = await idp.authorize(url)
    doubled = await idp.server.anonymous().get(back + "&code=x", headers={"Cookie": cookie})
    assert slug_of(doubled) == "sso-flow-broken"
    idp.issuer.answer = {"iss": "https://evil.example"}
    assert slug_of(await idp.sign_in()) == "sso-not-proven"
    idp.issuer.answer = {"error": "access_denied", "error_description": "<script>alert(1)</script>"}
    refused = await idp.sign_in()
    assert slug_of(refused) == "sso-refused"
    assert b"script" not in refused.body
    assert (await idp.sign_in(headers=BROWSER)).headers["Location"] == "/?sign_in_problem=sso-refused"


async def test_an_issuer_that_says_it_names_itself_must(idp: Idp) -> None:
    idp.issuer.metadata = {"authorization_response_iss_parameter_supported": True}
    assert (await idp.connect()).status == 200
    assert slug_of(await idp.sign_in()) == "sso-not-proven"
    idp.issuer.answer = {"iss": idp.issuer.url}
    assert (await idp.sign_in()).status == 303


async def test_the_secret_goes_where_the_issuer_wants_it_and_nowhere_else(idp: Idp, db: Database) -> None:
    await idp.sign_in()
    assert idp.issuer.token_requests[-1]["client_secret"] == CLIENT_SECRET
    idp.issuer.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    shown = await idp.connect(client_secret=None)
    assert shown.json()["has_secret"] is True
    assert CLIENT_SECRET.encode() not in shown.body
    await idp.sign_in()
    assert idp.issuer.token_requests[-1]["client_secret"] == CLIENT_SECRET
    async with db.system("test").tx() as tx:
        assert CLIENT_SECRET not in str(await tx.value("select client_secret from sso_connections"))
    # Switched off, it is kept for the day when it is switched on again.
    assert (await idp.connect(client_secret=None, is_active=False)).json()["has_secret"] is True
    assert (await idp.connect(client_secret=None)).json()["has_secret"] is True
    async with issuer() as other:
        moved = await idp.callers.operator.put("/api/sso", {"issuer": other.url, "client_id": CLIENT_ID})
        assert moved.json()["has_secret"] is False


async def test_owners_alone_name_the_provider_and_only_the_operator_names_one_inside(idp: Idp) -> None:
    body = {"issuer": idp.issuer.url, "client_id": CLIENT_ID}
    admin = (await idp.callers.owner.post("/api/users", {"email": "adm@example.org", "role": "admin"})).json()
    as_admin = await idp.server.signed_in(idp.callers.tenant.id, admin["id"])
    assert (await as_admin.put("/api/sso", body)).status == 403
    assert (await as_admin.delete("/api/sso")).status == 403
    assert (await as_admin.get("/api/sso")).json()["connection"]["issuer"] == idp.issuer.url
    assert (await idp.callers.member.get("/api/sso")).status == 403
    inside = await idp.callers.owner.put("/api/sso", body)
    assert (inside.status, slug_of(inside)) == (422, "issuer-refused")
    https = await idp.callers.owner.put("/api/sso", body | {"issuer": "https://127.0.0.1:1"})
    assert (https.status, slug_of(https)) == (502, "sso-unavailable")


@pytest.mark.parametrize(
    "metadata",
    [{"issuer": "https://evil.example"}, {"jwks_uri": None}, {"token_endpoint": "ftp://x"}, {"issuer": 5},
     {"authorization_endpoint": "javascript:alert(1)"}],
)  # fmt: skip
async def test_an_issuer_whose_word_cannot_be_used_is_not_kept(idp: Idp, metadata: dict[str, Any]) -> None:
    idp.issuer.metadata = metadata
    answer = await idp.connect()
    assert (answer.status, slug_of(answer)) == (502, "sso-unavailable")


async def test_an_issuer_without_keys_or_with_a_broken_token_endpoint_is_told_of(idp: Idp) -> None:
    idp.issuer.token_status = 500
    answer = await idp.sign_in()
    assert (answer.status, slug_of(answer)) == (502, "sso-unavailable")
    idp.issuer.listed = []
    assert slug_of(await idp.connect()) == "sso-unavailable"


async def test_where_the_provider_is_required_passwords_are_for_owners_alone(idp: Idp, db: Database) -> None:
    async with db.system("test").tx() as tx:
        emails = {row["id"]: row["email"] for row in await tx.all("select id, email from users")}
    assert (await idp.connect(required=True)).status == 200
    assert (await idp.callers.member.get("/api/session")).status == 401
    assert (await idp.callers.owner.get("/api/session")).status == 200
    from tests.kit.server import PASSWORD

    form = {"email": emails[idp.callers.member_id], "password": PASSWORD}
    answer = await idp.callers.nobody.post("/api/session", form)
    assert (answer.status, slug_of(answer)) == (403, "sso-required")
    assert answer.json()["tenant"] == idp.callers.tenant.slug
    wrong = await idp.callers.nobody.post("/api/session", form | {"password": "not this one"})
    assert slug_of(wrong) == "wrong-credentials"
    owner = await idp.callers.nobody.post("/api/session", {"email": emails[idp.callers.owner_id], "password": PASSWORD})
    assert owner.status == 200


async def test_signing_out_tells_where_the_provider_signs_out(idp: Idp) -> None:
    session = await who(idp.server, await idp.sign_in())
    client = Client(idp.server.base_url, idp.server.http, {
        "Cookie": session["cookie"].split(";")[0], "X-CSRF-Token": session["csrf_token"],
    })  # fmt: skip
    url = (await client.post("/api/sso/sign-out")).json()["url"]
    asked = parse_qs(urlsplit(url).query)
    assert url.startswith(idp.issuer.url + "/sign-out?")
    assert asked["id_token_hint"][0].count(".") == 2
    assert asked["post_logout_redirect_uri"][0].startswith("http://localhost")
    assert (await client.get("/api/session")).status == 401
    assert (await idp.callers.member.post("/api/sso/sign-out")).json() == {"url": None}


async def test_a_workspace_without_a_provider_is_not_found_and_neither_is_a_suspended_one(idp: Idp) -> None:
    nobody = idp.callers.nobody
    assert (await nobody.get(f"/api/sso/workspaces/{idp.callers.tenant.slug}")).json()["required"] is False
    assert (await nobody.get(f"/api/sso/workspaces/{idp.callers.other_tenant.slug}")).status == 404
    url, cookie = await idp.begin()
    back = await idp.authorize(url)
    assert (await idp.callers.operator.delete("/api/sso")).status == 204
    assert (await nobody.get(f"/api/sso/workspaces/{idp.callers.tenant.slug}/start")).status == 404
    assert slug_of(await nobody.get(back, headers={"Cookie": cookie})) == "sso-flow-broken"


async def test_somebody_without_a_password_confirms_by_having_just_signed_in(idp: Idp, db: Database) -> None:
    session = await who(idp.server, await idp.sign_in())
    client = Client(idp.server.base_url, idp.server.http, {
        "Cookie": session["cookie"].split(";")[0], "X-CSRF-Token": session["csrf_token"],
    })  # fmt: skip
    async with db.system("test").tx() as tx:
        await tx.run("update sessions set created_at = created_at - interval '1 hour' where method = 'sso'")
    answer = await client.delete("/api/profile", {"password": ""})
    assert (answer.status, slug_of(answer)) == (403, "sign-in-again")
    fresh = await who(idp.server, await idp.sign_in())
    client.headers = {"Cookie": fresh["cookie"].split(";")[0], "X-CSRF-Token": fresh["csrf_token"]}
    assert (await client.delete("/api/profile", {"password": ""})).status == 204
