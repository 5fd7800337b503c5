"""The second step of a sign-in by password: one-time codes and recovery codes; who must have one, and who lost theirs."""

from dataclasses import dataclass
from datetime import timedelta

import segno

from radiant.foundation.identity import second_factor_store as store
from radiant.foundation.identity import sessions, sessions_store, steps_store, totp, trail, users, users_store
from radiant.foundation.identity.callers import Caller, Role
from radiant.foundation.identity.sessions import Origin, SignedIn, hash_token
from radiant.foundation.tenants import store as tenants_store
from radiant.infra.db import Database
from radiant.infra.kms import CannotOpen, Kms, open_sealed, seal
from radiant.infra.rekeying import SealedPlace
from radiant.kit.clock import Clock, utc_now
from radiant.kit.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated, Unavailable
from radiant.kit.ids import TenantId, UserId

KIND = "second_factor"
# Tries of one challenge, and of one person's codes within sessions.WINDOW.
TRIES, TRIES_OF_PERSON = 5, 10


class WrongCode(Unauthenticated):
    """The code does not fit, or was used already."""

    slug = "wrong-code"


class WrongFirstCode(Invalid):
    """The code that should confirm the new secret does not fit."""

    slug = "wrong-code"


class ChallengeOver(Unauthenticated):
    """The sign-in waited too long, or had too many tries."""

    slug = "challenge-over"


class TotpInForce(Conflict):
    """There is a secret already."""

    slug = "totp-in-force"


class SecretUnreadable(Unavailable):
    """The sealed secret does not open here."""

    slug = "key-unreadable"


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A secret to be taken over into an app: spelled, as a link, and as a picture (a data: address)."""

    secret: str
    uri: str
    picture: str


@dataclass(frozen=True, slots=True)
class Overview:
    """What the caller has."""

    totp: bool
    recovery_codes_left: int
    passkeys: int
    required: bool


def _context(tenant_id: TenantId, user_id: UserId) -> dict[str, str]:
    return {"purpose": "totp", "tenant": str(tenant_id), "user": str(user_id)}


SEALED = SealedPlace(
    "secrets of one-time codes", store.SEALED_DUE, store.SEALED_PUT, lambda row: _context(row["tenant_id"], row["id"])
)


class SecondFactors:
    """One per process, made by a root."""

    def __init__(self, database: Database, kms: Kms, clock: Clock = utc_now) -> None:
        self._database = database
        self._kms = kms
        self._clock = clock

    async def overview(self, caller: Caller) -> Overview:
        """What the caller has."""
        async with caller.db(self._database).tx() as tx:
            return Overview(**dict(await store.overview(tx)))

    # --- enrolment ---

    async def begin(self, caller: Caller, password: str) -> Enrolment:
        """A new secret, in force once its first code came. Raises WrongPassword, SignInAgain, TotpInForce."""
        await users.confirm(self._database, caller, password, self._clock)
        secret = totp.new_secret()
        sealed = await seal(self._kms, secret, _context(caller.tenant_id, caller.user_id))
        async with self._database.system("second factor").tx() as tx:
            if not await store.begin_totp(tx, caller.tenant_id, caller.user_id, sealed):
                raise TotpInForce("there is an app already: take it away first")
        async with caller.db(self._database).tx() as tx:
            person = await users_store.get(tx, caller.user_id)
            tenant = await tenants_store.get(tx, caller.tenant_id)
        assert person is not None
        assert tenant is not None
        link = totp.uri(secret, account=person.email, issuer=f"RADIANT {tenant.name}")
        picture = segno.make(link, error="m").svg_data_uri(scale=4, border=3, light="#fff")
        return Enrolment(totp.spelled(secret), link, picture)

    async def confirm(self, caller: Caller, code: str) -> list[str]:
        """The first code puts the secret in force; the recovery codes, shown once. Ends sessions without a second
        factor. Raises WrongFirstCode, NotFound, TotpInForce, LockedOut."""
        if caller.session_id is None:
            raise Forbidden("this takes a person's session, not an API key")
        await self._count_try(caller.user_id)
        async with self._database.system("second factor").tx() as tx:
            row = await store.totp(tx, caller.tenant_id, caller.user_id)
        if row is None:
            raise NotFound("begin with a new secret first")
        if row["confirmed_at"] is not None:
            raise TotpInForce("there is an app already: take it away first")
        step = await self._step(caller.tenant_id, caller.user_id, row["secret"], code)
        codes = totp.recovery_codes()
        async with self._database.system("second factor").tx() as tx:
            if step is None or not await store.use_step(tx, caller.tenant_id, caller.user_id, step):
                raise WrongFirstCode("code: it does not fit; look at the clock of your device")
            hashes = [totp.hash_recovery_code(each) for each in codes]
            await store.set_recovery_codes(tx, caller.tenant_id, caller.user_id, hashes)
            await store.strengthen(tx, caller.tenant_id, caller.user_id, caller.session_id)
            await sessions_store.forget_attempts(tx, [_subject(caller.user_id)])
            await trail.record(tx, caller, "user.totp_added", target=("user", caller.user_id))
        return codes

    async def new_recovery_codes(self, caller: Caller, password: str) -> list[str]:
        """Ten new codes in place of the old. Raises WrongPassword, SignInAgain, NotFound."""
        await users.confirm(self._database, caller, password, self._clock)
        codes = totp.recovery_codes()
        async with self._database.system("second factor").tx() as tx:
            row = await store.totp(tx, caller.tenant_id, caller.user_id)
            if row is None or row["confirmed_at"] is None:
                raise NotFound("there is no app for one-time codes; add one first")
            hashes = [totp.hash_recovery_code(each) for each in codes]
            await store.set_recovery_codes(tx, caller.tenant_id, caller.user_id, hashes)
            await trail.record(tx, caller, "user.recovery_codes_made", target=("user", caller.user_id))
        return codes

    async def remove(self, caller: Caller, password: str) -> None:
        """Take one's own one-time codes away. Raises WrongPassword, SignInAgain, NotFound."""
        await users.confirm(self._database, caller, password, self._clock)
        async with self._database.system("second factor").tx() as tx:
            if not await store.delete_totp(tx, caller.tenant_id, caller.user_id):
                raise NotFound("there is no app for one-time codes")
            await store.weaken(tx, caller.tenant_id, caller.user_id)
            await trail.record(tx, caller, "user.totp_removed", target=("user", caller.user_id))

    async def reset(self, caller: Caller, user_id: UserId) -> None:
        """Take away what somebody lost: app, codes and passkeys; ends their sessions. Raises NotFound, Forbidden."""
        caller.require_role(Role.ADMIN)
        await users.require_touchable(self._database, caller, user_id)
        async with self._database.system("second factor").tx() as tx:
            await store.delete_totp(tx, caller.tenant_id, user_id)
            await store.delete_passkeys(tx, caller.tenant_id, user_id)
            await sessions_store.end_all(tx, caller.tenant_id, user_id, keep=None)
            await steps_store.forget(tx, caller.tenant_id, user_id, KIND)
            await trail.record(tx, caller, "user.second_factor_reset", target=("user", user_id))

    async def require(self, caller: Caller, required: bool) -> None:
        """Ask everybody of the tenant who signs in by password for a second factor, or no longer. Takes an admin."""
        caller.require_role(Role.ADMIN)
        async with caller.db(self._database).tx() as tx:
            await tenants_store.set_setting(tx, "second_factor", "required" if required else "optional")
            await trail.record(
                tx, caller, "tenant.changed", target=("tenant", caller.tenant_id), second_factor_required=required
            )

    # --- sign-in ---

    async def finish(self, challenge: str, code: str, origin: Origin, lifetime: timedelta) -> SignedIn:
        """The second step. Raises ChallengeOver, WrongCode, LockedOut."""
        hashed = hash_token(challenge)
        async with self._database.system("second factor").tx() as tx:
            step = await steps_store.count_try(tx, hashed, KIND, TRIES)
        if step is None:
            raise ChallengeOver("sign in with your password again: that took too long, or too many tries")
        tenant_id, user_id = step["tenant_id"], step["user_id"]
        await self._count_try(user_id)
        used = await self._use(tenant_id, user_id, code)
        async with self._database.system("second factor").tx() as tx:
            if used is None:
                await trail.record_system(
                    tx, tenant_id, "session.refused", target=("user", user_id), reason="second factor",
                    ip=origin.ip, request_id=origin.request_id,
                )  # fmt: skip
            # Whoever was disabled meanwhile gets in no more than whoever finished already.
            elif await steps_store.take(tx, hashed, KIND) is not None and await users_store.is_active(
                tx, tenant_id, user_id
            ):
                await sessions_store.forget_attempts(tx, [_subject(user_id)])
                if used == "recovery":
                    await trail.record_system(
                        tx, tenant_id, "user.recovery_code_used", target=("user", user_id), user_id=user_id,
                        ip=origin.ip, request_id=origin.request_id,
                    )  # fmt: skip
                return await sessions.open_session(
                    tx, tenant_id, user_id, "password", origin, lifetime, self._clock, second_factor=True
                )
        if used is None:
            raise WrongCode("the code does not fit, or was used already")
        raise ChallengeOver("sign in with your password again")

    async def _use(self, tenant_id: TenantId, user_id: UserId, code: str) -> str | None:
        """Use a code up: "totp" or "recovery", or None where it does not fit."""
        typed = totp.plain(code)
        if len(typed) != 6:
            async with self._database.system("second factor").tx() as tx:
                fits = await store.use_recovery_code(tx, tenant_id, user_id, totp.hash_recovery_code(typed))
            return "recovery" if fits else None
        async with self._database.system("second factor").tx() as tx:
            row = await store.totp(tx, tenant_id, user_id)
        if row is None or row["confirmed_at"] is None:
            return None
        step = await self._step(tenant_id, user_id, row["secret"], typed)
        if step is None:
            return None
        async with self._database.system("second factor").tx() as tx:
            return "totp" if await store.use_step(tx, tenant_id, user_id, step) else None

    async def _step(self, tenant_id: TenantId, user_id: UserId, sealed: dict[str, object], code: str) -> int | None:
        try:
            secret = await open_sealed(self._kms, sealed, _context(tenant_id, user_id))
        except CannotOpen as error:
            raise SecretUnreadable(
                "the secret of the one-time codes cannot be opened (another master key?); an admin can reset it"
            ) from error
        return totp.step_of(secret, totp.plain(code), self._clock().timestamp())

    async def _count_try(self, user_id: UserId) -> None:
        await sessions.refuse_too_many(self._database, {_subject(user_id): TRIES_OF_PERSON}, self._clock)


def _subject(user_id: UserId) -> str:
    return f"code|{user_id}"
