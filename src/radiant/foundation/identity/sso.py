"""Sign-in by a tenant's own identity provider: its settings, the two halves of a sign-in, who is made and linked.

What the provider says counts in its tenant alone. It never makes anybody an owner, never changes one, and never
becomes the platform's operator: their accounts are not linked by an e-mail address that somebody else vouches for.
"""

import asyncio
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast
from urllib.parse import urlencode, urlsplit

from pydantic import ValidationError

from radiant.foundation.identity import oidc, sessions, sessions_store, steps_store, trail, users_store
from radiant.foundation.identity import sso_store as store
from radiant.foundation.identity.callers import Caller, Role, role_of
from radiant.foundation.identity.schemas import NewUser
from radiant.foundation.identity.sessions import LIMIT_STARTS, Origin, SignedIn, hash_token
from radiant.foundation.identity.sso_schemas import SsoChange, SsoSettings, SsoWorkspace
from radiant.foundation.tenants import plans
from radiant.infra.db import Database, Row, Tx
from radiant.infra.kms import CannotOpen, Kms, open_sealed, seal
from radiant.infra.rekeying import SealedPlace
from radiant.kit.clock import Clock, utc_now
from radiant.kit.errors import Forbidden, Invalid, NotFound, Unavailable
from radiant.kit.ids import TenantId, UserId, uuid7

FLOW = timedelta(minutes=10)
CALLBACK = "/api/sso/callback"


class FlowBroken(Invalid):
    """The answer belongs to no sign-in that this browser began just now."""

    status, slug = 400, "sso-flow-broken"


class SsoRefused(Forbidden):
    """The identity provider let the person in, or would have; this workspace does not."""

    slug = "sso-refused"


class EmailNotVerified(SsoRefused):
    """The provider does not vouch for an e-mail address."""

    slug = "sso-email-not-verified"


class SecretUnreadable(Unavailable):
    """The sealed client secret does not open here."""

    slug = "key-unreadable"


@dataclass(frozen=True, slots=True)
class Begun:
    """Where to send the browser, and what its cookie keeps meanwhile."""

    url: str
    cookie: str


@dataclass(frozen=True, slots=True)
class Finished:
    """A session, and the path of the page to go on at."""

    signed_in: SignedIn
    path: str


def safe_path(path: str | None) -> str:
    """`path` where it is one of this page's own, else the start: never another site, never an endpoint."""
    if not path or not path.startswith("/") or len(path) > 500 or any(ord(c) < 33 or c == "\\" for c in path):
        return "/"
    parts = urlsplit(path)
    if parts.scheme or parts.netloc or path.startswith(("//", "/api", "/v1", "/scim")):
        return "/"
    return path


def _context(tenant_id: TenantId, what: str) -> dict[str, str]:
    return {"purpose": f"sso-{what}", "tenant": str(tenant_id)}


SEALED = (
    SealedPlace(
        "client secrets of single sign-on", store.SEALED_DUE, store.SEALED_PUT,
        lambda row: _context(row["id"], "client-secret"),
    ),
    SealedPlace(
        "ID tokens of sessions", store.TOKENS_DUE, store.TOKENS_PUT,
        lambda row: _context(row["tenant_id"], "id-token"),
    ),
)  # fmt: skip


class Sso:
    """One per process, made by a root. `base_url` is where people reach this installation."""

    def __init__(
        self, database: Database, kms: Kms, provider: oidc.Oidc, base_url: str, clock: Clock = utc_now
    ) -> None:
        self._database = database
        self._kms = kms
        self._oidc = provider
        self._clock = clock
        self.base_url = base_url
        self.redirect_uri = base_url + CALLBACK

    # --- settings ---

    async def settings(self, caller: Caller) -> SsoSettings | None:
        """The tenant's identity provider, or None. Raises Forbidden below admin."""
        caller.require_role(Role.ADMIN)
        async with caller.db(self._database).tx() as tx:
            row = await store.own(tx)
        if row is None:
            return None
        async with self._database.system("sso settings").tx() as tx:
            kept = await store.secret(tx, caller.tenant_id)
        has_secret = kept is not None and kept["client_secret"] is not None
        return SsoSettings.model_validate({**row, "has_secret": has_secret, "redirect_uri": self.redirect_uri})

    async def save(self, caller: Caller, change: SsoChange) -> SsoSettings:
        """Ask the issuer for its metadata, then keep the settings. A secret left out stays.

        Takes an owner, since whoever names the provider names everybody. Raises Forbidden, IssuerRefused,
        IssuerUnusable; nothing is kept then.
        """
        caller.require_role(Role.OWNER)
        metadata = await self._oidc.discover(change.issuer, allow_private=caller.is_operator, fresh=True)
        await self._oidc.listed_keys(metadata, allow_private=caller.is_operator)
        sealed: dict[str, Any] | None = None
        if change.client_secret:
            sealed = await seal(self._kms, change.client_secret.encode(), _context(caller.tenant_id, "client-secret"))
        async with self._database.system("save sso").tx() as tx:
            if change.client_secret is None:
                kept = await store.secret(tx, caller.tenant_id)
                # A secret goes to the issuer that it was entered for, and to no other.
                sealed = kept["client_secret"] if kept is not None and kept["issuer"] == metadata.issuer else None
            await store.save(
                tx, caller.tenant_id, metadata.issuer, change.client_id, sealed, change.allowed_domains,
                change.default_role, change.groups_claim, dict(change.group_roles), change.extra_scopes,
                change.creates_people, change.required, caller.is_operator, change.is_active,
            )  # fmt: skip
            if change.required and change.is_active:
                await store.end_other_sessions(tx, caller.tenant_id)
            await trail.record(
                tx, caller, "sso.changed", target=("tenant", caller.tenant_id), issuer=metadata.issuer,
                required=change.required, is_active=change.is_active, group_roles=dict(change.group_roles),
                default_role=change.default_role, allowed_domains=change.allowed_domains,
            )  # fmt: skip
        saved = await self.settings(caller)
        assert saved is not None
        return saved

    async def delete(self, caller: Caller) -> None:
        """Take the identity provider away; people of it stay, and need another way in. Raises NotFound, Forbidden."""
        caller.require_role(Role.OWNER)
        async with self._database.system("delete sso").tx() as tx:
            if not await store.delete(tx, caller.tenant_id):
                raise NotFound("no identity provider is connected")
            await trail.record(tx, caller, "sso.removed", target=("tenant", caller.tenant_id))

    # --- sign-in ---

    async def workspace(self, slug: str) -> SsoWorkspace:
        """Whether one may sign in so there. Raises NotFound."""
        async with self._database.system("sso").tx() as tx:
            row = await store.by_slug(tx, slug)
        if row is None:
            raise NotFound(f"the workspace {slug} does not exist, or has no identity provider")
        return SsoWorkspace(slug=slug, name=row["name"], required=row["required"])

    async def begin(self, slug: str, path: str | None, origin: Origin) -> Begun:
        """The first half: a flow that this browser alone can finish. Raises NotFound, IssuerUnusable, LockedOut."""
        await sessions.refuse_too_many(self._database, {f"sso|{origin.ip}": LIMIT_STARTS}, self._clock)
        async with self._database.system("sso").tx() as tx:
            found = await store.by_slug(tx, slug)
            row = await store.by_tenant(tx, found["id"]) if found is not None else None
        if row is None:
            raise NotFound(f"the workspace {slug} does not exist, or has no identity provider")
        metadata = await self._oidc.discover(row["issuer"], allow_private=row["allow_private"])
        secret = secrets.token_urlsafe(32)
        scope = " ".join(dict.fromkeys(["openid", "email", "profile", *row["extra_scopes"].split()]))
        client = oidc.Client(row["client_id"], None, row["allow_private"])
        url = oidc.authorization_url(
            metadata, client, redirect_uri=self.redirect_uri, scope=scope, secret=secret
        )  # fmt: skip
        async with self._database.system("sso").tx() as tx:
            await steps_store.insert(
                tx, hash_token(oidc.derived(secret, "state")), "sso", row["tenant_id"], None,
                {"path": safe_path(path), "issuer": row["issuer"]}, self._clock() + FLOW,
            )  # fmt: skip
        return Begun(url, secret)

    async def finish(
        self, answer: Mapping[str, str], cookie: str | None, origin: Origin, lifetime: timedelta
    ) -> Finished:
        """The second half: the provider's answer in the browser that began. Raises FlowBroken, BadIdToken,
        IssuerUnusable, SsoRefused, EmailNotVerified, SeatsFull."""
        state = answer.get("state", "")
        if not cookie or not hmac.compare_digest(oidc.derived(cookie, "state").encode(), state.encode()):
            raise FlowBroken("this browser did not begin that sign-in; begin again")
        async with self._database.system("sso").tx() as tx:
            step = await steps_store.take(tx, hash_token(state), "sso")
            row = await store.by_tenant(tx, step["tenant_id"]) if step is not None else None
        if step is None or row is None or row["issuer"] != step["content"]["issuer"]:
            raise FlowBroken("that sign-in has ended; begin again")
        try:
            claims, id_token = await self._prove(row, answer, cookie)
            sealed = await seal(self._kms, id_token.encode(), _context(row["tenant_id"], "id-token"))
            async with self._database.system("sso").tx() as tx:
                user_id = await self._person(tx, row, claims, origin)
                signed_in = await sessions.open_session(
                    tx, row["tenant_id"], user_id, "sso", origin, lifetime, self._clock,
                    second_factor=True, sso_token=sealed,
                )  # fmt: skip
        except (oidc.BadIdToken, SsoRefused, plans.LimitReached) as error:
            async with self._database.system("sso").tx() as tx:
                await trail.record_system(
                    tx, row["tenant_id"], "session.refused", target=("sso", row["issuer"]), reason=error.detail,
                    ip=origin.ip, request_id=origin.request_id,
                )  # fmt: skip
            raise
        return Finished(signed_in, safe_path(step["content"]["path"]))

    async def _prove(self, row: Row, answer: Mapping[str, str], cookie: str) -> tuple[dict[str, Any], str]:
        if "error" in answer:
            code = "".join(c for c in answer["error"][:50] if c.isascii() and (c.isalnum() or c == "_"))
            raise SsoRefused(f"the identity provider let nobody in ({code or 'no reason given'})")
        metadata = await self._oidc.discover(row["issuer"], allow_private=row["allow_private"])
        named = answer.get("iss")
        if (named is None and metadata.names_itself) or (named is not None and named != metadata.issuer):
            raise oidc.BadIdToken("the answer came from another identity provider")
        client = oidc.Client(row["client_id"], await self._secret(row), row["allow_private"])
        tokens = await self._oidc.exchange(
            metadata, client, code=answer.get("code", ""), redirect_uri=self.redirect_uri, secret=cookie
        )
        claims = await self._oidc.verify(metadata, client, tokens.id_token, nonce=oidc.derived(cookie, "nonce"))
        if tokens.access_token is not None and ("email" not in claims or row["groups_claim"] not in claims):
            more = await self._oidc.userinfo(metadata, client, tokens.access_token, claims["sub"])
            # The signed claims win; an address and its being verified come from one place.
            if "email" in claims:
                more = {name: value for name, value in more.items() if name != "email_verified"}
            else:
                claims = {name: value for name, value in claims.items() if name != "email_verified"}
            claims = {**more, **claims}
        return claims, tokens.id_token

    async def _secret(self, row: Row) -> str | None:
        if row["client_secret"] is None:
            return None
        try:
            context = _context(row["tenant_id"], "client-secret")
            return (await open_sealed(self._kms, row["client_secret"], context)).decode()
        except CannotOpen as error:
            raise SecretUnreadable(
                "the client secret cannot be opened (another master key?); enter it again"
            ) from error

    async def _person(self, tx: Tx, row: Row, claims: Mapping[str, Any], origin: Origin) -> UserId:
        tenant_id, issuer, subject = row["tenant_id"], row["issuer"], str(claims["sub"])
        person = await store.person_of(tx, tenant_id, issuer, subject)
        if person is None:
            person = await self._link_or_make(tx, row, claims, subject, origin)
        if person["status"] != "active" or person["kind"] != "person":
            raise SsoRefused("this account is disabled; ask an admin of the workspace")
        wanted = _role_by_groups(row, claims)
        if wanted is not None and await users_store.set_role(tx, tenant_id, person["id"], wanted):
            await trail.record_system(
                tx, tenant_id, "user.changed", target=("user", person["id"]), role=wanted, by="sso",
                ip=origin.ip, request_id=origin.request_id,
            )  # fmt: skip
        return person["id"]

    async def _link_or_make(
        self, tx: Tx, row: Row, claims: Mapping[str, Any], subject: str, origin: Origin
    ) -> Row:  # fmt: skip
        tenant_id, issuer = row["tenant_id"], row["issuer"]
        email = _email_of(row, claims)
        person = await store.person_by_email(tx, tenant_id, email)
        action = "user.linked"
        if person is None:
            if not row["creates_people"]:
                raise SsoRefused(f"{email} has no account in this workspace; ask an admin for an invitation")
            await plans.require_seat(tx, tenant_id)
            name = claims.get("name")
            role = _role_by_groups(row, claims) or row["default_role"]
            await users_store.insert_without_password(
                tx, UserId(uuid7()), tenant_id, email, _clean(name if isinstance(name, str) else ""), role
            )
            person = await store.person_by_email(tx, tenant_id, email)
            assert person is not None
            action = "user.made"
        if person["is_operator"]:
            raise SsoRefused("an operator of the platform signs in by password or passkey")
        if await store.linked(tx, tenant_id, person["id"], issuer):
            raise SsoRefused(f"{email} belongs to another account at the identity provider; ask an admin")
        await store.link(tx, tenant_id, person["id"], issuer, subject)
        await trail.record_system(
            tx, tenant_id, action, target=("user", person["id"]), email=email, issuer=issuer, by="sso",
            ip=origin.ip, request_id=origin.request_id,
        )  # fmt: skip
        return person

    # --- sign-out ---

    async def sign_out(self, caller: Caller) -> str | None:
        """End the session; where to go so that the identity provider ends its own too, or None."""
        if caller.session_id is None:
            raise Invalid("an API key has no session to end")
        async with self._database.system("sso").tx() as tx:
            row = await store.by_tenant(tx, caller.tenant_id)
            sealed = await store.sealed_token(tx, caller.tenant_id, caller.session_id)
        async with caller.db(self._database).tx() as tx:
            await sessions_store.delete(tx, caller.session_id)
            await trail.record(tx, caller, "session.closed", target=("session", caller.session_id))
        if row is None or sealed is None:
            return None
        try:
            hint = (await open_sealed(self._kms, sealed, _context(caller.tenant_id, "id-token"))).decode()
            async with asyncio.timeout(3):
                metadata = await self._oidc.discover(row["issuer"], allow_private=row["allow_private"])
        except (CannotOpen, oidc.IssuerUnusable, TimeoutError):
            return None  # signed out here; the provider is not there to be told
        if metadata.end_session_endpoint is None:
            return None
        asked = {"id_token_hint": hint, "client_id": row["client_id"], "post_logout_redirect_uri": self.base_url + "/"}
        joint = "&" if urlsplit(metadata.end_session_endpoint).query else "?"
        return metadata.end_session_endpoint + joint + urlencode(asked)


def _clean(name: str) -> str:
    return " ".join("".join(c for c in name if c.isprintable()).split())[:200]


def _email_of(row: Row, claims: Mapping[str, Any]) -> str:
    email = oidc.verified_email(claims)
    if email is None:
        raise EmailNotVerified("the identity provider does not say that it has verified the e-mail address")
    try:
        email = NewUser(email=email).email
    except ValidationError as error:
        raise EmailNotVerified("the identity provider tells of no e-mail address") from error
    domains: list[str] = row["allowed_domains"]
    if domains and email.rpartition("@")[2] not in domains:
        raise SsoRefused("this e-mail address is of a domain that the workspace does not let in")
    return email


def _role_by_groups(row: Row, claims: Mapping[str, Any]) -> str | None:
    """The highest role that the person's groups give; the default one for none; None where no group gives roles."""
    by_group: dict[str, str] = row["group_roles"]
    if not by_group:
        return None
    given = claims.get(row["groups_claim"])
    names = cast("list[Any]", given) if isinstance(given, list) else [given]
    roles = [role_of(by_group[name]) for name in names if isinstance(name, str) and name in by_group]
    return max(roles).label if roles else row["default_role"]
