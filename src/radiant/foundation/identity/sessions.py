"""Sign-in, sessions, and the verification of both kinds of caller."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from radiant.foundation.identity import passwords, second_factor_store, sessions_store, steps_store, trail, users_store
from radiant.foundation.identity.callers import ALL_SCOPES, Caller, role_of
from radiant.foundation.identity.schemas import SignIn
from radiant.infra.db import Database, Tx
from radiant.kit.clock import Clock, utc_now
from radiant.kit.errors import Conflict, Forbidden, TooManyRequests, Unauthenticated
from radiant.kit.ids import SessionId, TenantId, UserId, uuid7

WINDOW = timedelta(minutes=15)
# Per e-mail from one address, per e-mail from anywhere, per address: within the window.
LIMIT_PAIR, LIMIT_EMAIL, LIMIT_ADDRESS = 5, 30, 60
# Sign-ins begun from one address where nothing can be guessed: an office behind one address begins many at nine.
LIMIT_STARTS = 600
CHALLENGE = timedelta(minutes=5)
_TOUCH_AFTER = timedelta(minutes=1)
KEY_PREFIX = "rad_"
UNKNOWN_KEY = "this API key is unknown, expired or revoked; make one under Settings, Keys"


class WrongCredentials(Unauthenticated):
    """E-mail and password do not fit together; which of them is wrong is not said."""

    slug = "wrong-credentials"


class LockedOut(TooManyRequests):
    """Too many tries."""

    slug = "locked-out"


class ChooseTenant(Conflict):
    """The password fits accounts in several workspaces."""

    slug = "choose-tenant"


class SsoRequired(Forbidden):
    """The workspace lets its people in by its identity provider alone."""

    slug = "sso-required"


class SecondFactorRequired(Unauthenticated):
    """The password fits and does not suffice: `challenge` goes back with a code, by one of the `ways`."""

    slug = "second-factor-required"


Method = Literal["password", "sso", "passkey", "invitation"]


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request comes from."""

    ip: str | None
    user_agent: str = ""
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session; `token` goes into the cookie and is kept nowhere."""

    token: str
    tenant_id: TenantId
    user_id: UserId
    expires_at: datetime


def hash_token(token: str) -> bytes:
    """What is stored of a random token: SHA-256 suffices for 256 random bits."""
    return hashlib.sha256(token.encode()).digest()


def csrf_token(session_token: str) -> str:
    """The CSRF token of a session: the page reads it from an answer, another site cannot."""
    return hmac.new(session_token.encode(), b"radiant csrf", hashlib.sha256).hexdigest()


async def sign_in(
    database: Database, form: SignIn, origin: Origin, lifetime: timedelta, clock: Clock = utc_now
) -> SignedIn:
    """Verify and open a session. Raises WrongCredentials, LockedOut, ChooseTenant, SsoRequired,
    SecondFactorRequired."""
    system = database.system("sign-in")
    pair = f"{form.email}|{origin.ip}"
    subjects = {pair: LIMIT_PAIR, form.email: LIMIT_EMAIL, f"|{origin.ip}": LIMIT_ADDRESS}
    await refuse_too_many(database, subjects, clock)
    async with system.tx() as tx:
        found = await users_store.sign_in_candidates(tx, form.email, form.tenant)
    fitting = [row for row in found if await passwords.verify_password(row["password_hash"], form.password)]
    if not found:
        await passwords.verify_password(None, form.password)
    if not fitting:
        async with system.tx() as tx:
            for row in found:
                await trail.record_system(
                    tx, row["tenant_id"], "session.refused", target=("user", row["id"]),
                    ip=origin.ip, request_id=origin.request_id,
                )  # fmt: skip
        raise WrongCredentials("e-mail and password do not fit together")
    if len(fitting) > 1:
        choices = [{"slug": row["slug"], "name": row["tenant_name"]} for row in fitting]
        raise ChooseTenant("this password fits accounts in several workspaces: choose one", tenants=choices)
    row = fitting[0]
    async with system.tx() as tx:
        await sessions_store.forget_attempts(tx, [pair])
        if row["sso_required"] and row["role"] != "owner":
            raise SsoRequired("this workspace signs in by its identity provider", tenant=row["slug"])
        has = await second_factor_store.ways(tx, row["tenant_id"], row["id"])
        if has["totp"] or (has["required"] and has["passkey"]):
            # Where one is asked for, a password alone must not lead to adding another.
            challenge = secrets.token_urlsafe(32)
            await steps_store.insert(
                tx, hash_token(challenge), "second_factor", row["tenant_id"], row["id"], {}, clock() + CHALLENGE
            )
        else:
            return await open_session(tx, row["tenant_id"], row["id"], "password", origin, lifetime, clock)
    ways = [way for way in ("totp", "passkey") if has[way]]
    raise SecondFactorRequired("the password is right; now the second factor", challenge=challenge, ways=ways)


async def open_session(
    tx: Tx, tenant_id: TenantId, user_id: UserId, method: Method, origin: Origin, lifetime: timedelta, clock: Clock,
    *, second_factor: bool = False, sso_token: dict[str, Any] | None = None,
) -> SignedIn:  # fmt: skip
    """A session of somebody who was verified by `method`. System transaction."""
    token, expires_at = secrets.token_urlsafe(32), clock() + lifetime
    session_id = SessionId(uuid7())
    await sessions_store.insert(
        tx, session_id, tenant_id, user_id, hash_token(token), origin.ip, origin.user_agent, expires_at,
        method, second_factor, sso_token,
    )  # fmt: skip
    await sessions_store.touch(tx, session_id, expires_at)
    await trail.record_system(
        tx, tenant_id, "session.opened", target=("session", session_id), user_id=user_id,
        ip=origin.ip, request_id=origin.request_id, method=method,
    )  # fmt: skip
    return SignedIn(token, tenant_id, user_id, expires_at)


async def refuse_too_many(
    database: Database, subjects: Mapping[str, int], clock: Clock = utc_now, *, window: timedelta = WINDOW
) -> None:
    """Count a try against each subject. Raises LockedOut where one has had as many as it may within the window."""
    async with database.system("count tries").tx() as tx:
        recent = await sessions_store.recent_attempts(tx, list(subjects), window)
        full = [recent[s][1] + window for s, most in subjects.items() if s in recent and recent[s][0] >= most]
        if not full:
            await sessions_store.note_attempts(tx, list(subjects))
    if full:
        seconds = max(1, int((max(full) - clock()).total_seconds()) + 1)
        raise LockedOut(
            f"too many tries; wait {seconds // 60 + 1} minutes and try again", headers={"Retry-After": str(seconds)}
        )


async def verify_session(
    database: Database, token: str, origin: Origin, lifetime: timedelta, clock: Clock = utc_now
) -> Caller:
    """The person behind a session cookie. Raises Unauthenticated."""
    async with database.system("verify session").tx() as tx:
        row = await sessions_store.lookup(tx, hash_token(token))
        if row is None:
            raise Unauthenticated("the session has ended; sign in again")
        if clock() - row["last_seen_at"] > _TOUCH_AFTER:
            await sessions_store.touch(tx, row["id"], clock() + lifetime)
    return Caller(
        tenant_id=row["tenant_id"],
        user_id=row["user_id"],
        role=role_of(row["role"]),
        is_operator=row["is_operator"],
        kind="user",
        scopes=ALL_SCOPES,
        session_id=row["id"],
        method=row["method"],
        must_enrol=row["must_enrol"],
        must_change_password=row["must_change_password"],
        ip=origin.ip,
        user_agent=origin.user_agent,
        request_id=origin.request_id,
    )
