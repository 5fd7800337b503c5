"""Passkeys (WebAuthn): registered by a person, and a way to sign in without a password.

The authenticator verifies its person (a finger, a face, a PIN), so a passkey is two factors at once. Each challenge
serves once; it is bound to this installation's address, which is the relying party's id.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from radiant.foundation.identity import passkeys_store as store
from radiant.foundation.identity import second_factor_store, sessions, steps_store, trail, users, users_store
from radiant.foundation.identity.callers import Caller
from radiant.foundation.identity.sessions import LIMIT_STARTS, Origin, SignedIn, SsoRequired, hash_token
from radiant.infra.db import Database, Row
from radiant.infra.late import Late
from radiant.kit.clock import Clock, utc_now
from radiant.kit.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from radiant.kit.ids import TenantId, UserId, uuid7

if TYPE_CHECKING:
    from radiant.foundation.identity.passkeys_webauthn import Ceremony

CHALLENGE = timedelta(minutes=5)
MOST = 20
Transport = Literal["usb", "nfc", "ble", "smart-card", "hybrid", "internal", "cable"]


class PasskeyRefused(Unauthenticated):
    """It is nobody's passkey here, or its signature is not right."""

    slug = "passkey-refused"


class PasskeyNotTaken(Invalid):
    """The authenticator's answer cannot be used to register it."""

    slug = "passkey-not-taken"


class PasskeyTaken(Conflict):
    """It is registered already."""

    slug = "passkey-taken"


class AuthenticatorResponse(BaseModel):
    """What the authenticator signed, each part in base64url."""

    model_config = ConfigDict(extra="ignore")

    clientDataJSON: str = Field(max_length=8_000)
    attestationObject: str | None = Field(default=None, max_length=20_000)
    authenticatorData: str | None = Field(default=None, max_length=8_000)
    signature: str | None = Field(default=None, max_length=4_000)
    userHandle: str | None = Field(default=None, max_length=200)
    transports: list[str] = Field(default=[], max_length=10)


class PasskeyCredential(BaseModel):
    """`PublicKeyCredential.toJSON()` of the browser."""

    model_config = ConfigDict(extra="ignore")

    id: str = Field(min_length=1, max_length=1_400)
    rawId: str = Field(min_length=1, max_length=1_400)
    type: Literal["public-key"]
    response: AuthenticatorResponse


class Passkey(BaseModel):
    """A passkey of the caller's; `backed_up`: its keeper has a copy elsewhere."""

    id: UUID
    name: str
    backed_up: bool
    created_at: datetime
    last_used_at: datetime | None


class Passkeys:
    """One per process, made by a root. `base_url` is where people reach this installation."""

    def __init__(self, database: Database, base_url: str, clock: Clock = utc_now) -> None:
        self._database = database
        self._clock = clock
        site = urlsplit(base_url)

        def make() -> "Ceremony":
            from radiant.foundation.identity.passkeys_webauthn import Ceremony

            return Ceremony(site.hostname or "localhost", f"{site.scheme}://{site.netloc}")

        self._ceremony = Late(make)

    # --- one's own ---

    async def list(self, caller: Caller) -> "list[Passkey]":
        """The caller's passkeys."""
        async with caller.db(self._database).tx() as tx:
            return [_passkey(row) for row in await store.own(tx)]

    async def begin(self, caller: Caller, password: str) -> dict[str, Any]:
        """Options for `navigator.credentials.create`. Raises WrongPassword, SignInAgain, Conflict."""
        await users.confirm(self._database, caller, password, self._clock)
        async with caller.db(self._database).tx() as tx:
            person = await users_store.get(tx, caller.user_id)
            have = await store.own(tx)
        if person is None:
            raise Unauthenticated("the session has ended; sign in again")
        if len(have) >= MOST:
            raise Conflict(f"there are {MOST} passkeys already: take one away first")
        ceremony = await self._ceremony.get()
        asked = ceremony.begin_registration(
            caller.user_id.bytes, person.email, person.name or person.email, [row["credential_id"] for row in have]
        )
        await self._keep("new_passkey", asked.challenge, caller.tenant_id, caller.user_id)
        return asked.options

    async def add(self, caller: Caller, name: str, credential: PasskeyCredential) -> Passkey:
        """Register the answer to these options. Raises PasskeyNotTaken, PasskeyTaken."""
        if caller.session_id is None:
            raise Forbidden("this takes a person's session, not an API key")
        ceremony, given = await self._ceremony.get(), credential.model_dump(exclude_none=True)
        try:
            challenge = ceremony.challenge_of(given)
        except ValueError as error:
            raise PasskeyNotTaken("the authenticator's answer cannot be read") from error
        async with self._database.system("passkey").tx() as tx:
            step = await steps_store.take(tx, hash_token(challenge.hex()), "new_passkey")
        if step is None or (step["tenant_id"], step["user_id"]) != (caller.tenant_id, caller.user_id):
            raise PasskeyNotTaken("that took too long, or was begun elsewhere; begin again")
        try:
            if ceremony.names_its_maker(given):
                raise PasskeyNotTaken("the authenticator says who made it, which was not asked for")
            made = ceremony.end_registration(given, challenge)
        except ValueError as error:
            raise PasskeyNotTaken("the authenticator's answer does not fit this site") from error
        async with self._database.system("passkey").tx() as tx:
            row = await store.insert(
                tx, uuid7(), caller.tenant_id, caller.user_id, name, made.credential_id, made.public_key,
                made.sign_count, credential.response.transports, made.backed_up,
            )  # fmt: skip
            if row is None:
                raise PasskeyTaken("that passkey is registered already")
            await second_factor_store.strengthen(tx, caller.tenant_id, caller.user_id, caller.session_id)
            await trail.record(tx, caller, "user.passkey_added", target=("passkey", row["id"]), name=name)
        return _passkey(row)

    async def rename(self, caller: Caller, passkey_id: UUID, name: str | None) -> Passkey:
        """Give it another name. Raises NotFound."""
        async with caller.db(self._database).tx() as tx:
            row = await store.rename(tx, passkey_id, name)
        if row is None:
            raise NotFound("there is no such passkey")
        return _passkey(row)

    async def delete(self, caller: Caller, passkey_id: UUID) -> None:
        """Take it away. Raises NotFound."""
        async with caller.db(self._database).tx() as tx:
            if not await store.delete(tx, passkey_id):
                raise NotFound("there is no such passkey")
            await trail.record(tx, caller, "user.passkey_removed", target=("passkey", passkey_id))

    # --- sign-in ---

    async def ask(self, origin: Origin) -> dict[str, Any]:
        """Options for `navigator.credentials.get`: any passkey of this site. Raises LockedOut."""
        await sessions.refuse_too_many(self._database, {f"passkey|{origin.ip}": LIMIT_STARTS}, self._clock)
        asked = (await self._ceremony.get()).begin_sign_in()
        await self._keep("passkey", asked.challenge, None, None)
        return asked.options

    async def sign_in(self, credential: PasskeyCredential, origin: Origin, lifetime: timedelta) -> SignedIn:
        """Open a session by a passkey. Raises PasskeyRefused, SsoRequired."""
        ceremony, given = await self._ceremony.get(), credential.model_dump(exclude_none=True)
        try:
            challenge, credential_id = ceremony.challenge_of(given), ceremony.credential_id_of(given)
        except ValueError as error:
            raise PasskeyRefused("that passkey is not known here") from error
        async with self._database.system("passkey").tx() as tx:
            step = await steps_store.take(tx, hash_token(challenge.hex()), "passkey")
            row = await store.by_credential(tx, credential_id) if step is not None else None
        if row is None:
            raise PasskeyRefused("that passkey is not known here, or it took too long; try again")
        try:
            if ceremony.names_another(given, row["user_id"].bytes):
                raise PasskeyRefused("that passkey is somebody else's")
            signed = ceremony.end_sign_in(given, challenge, row["public_key"], row["sign_count"])
        except ValueError as error:
            async with self._database.system("passkey").tx() as tx:
                await trail.record_system(
                    tx, row["tenant_id"], "session.refused", target=("passkey", row["id"]), reason=str(error)[:200],
                    ip=origin.ip, request_id=origin.request_id,
                )  # fmt: skip
            raise PasskeyRefused("the passkey's signature is not right for this site") from error
        if row["sso_required"] and row["role"] != "owner":
            raise SsoRequired("this workspace signs in by its identity provider", tenant=row["slug"])
        async with self._database.system("passkey").tx() as tx:
            if not await store.used(tx, row["id"], row["sign_count"], signed, self._clock()):
                raise PasskeyRefused("that passkey was used twice at once; try again")
            return await sessions.open_session(
                tx, row["tenant_id"], row["user_id"], "passkey", origin, lifetime, self._clock, second_factor=True
            )

    async def _keep(
        self, kind: str, challenge: bytes, tenant_id: TenantId | None, user_id: UserId | None
    ) -> None:  # fmt: skip
        hashed = hash_token(challenge.hex())
        async with self._database.system("passkey").tx() as tx:
            await steps_store.insert(tx, hashed, kind, tenant_id, user_id, {}, self._clock() + CHALLENGE)


def _passkey(row: Row) -> Passkey:
    return Passkey.model_validate({name: row[name] for name in Passkey.model_fields})
