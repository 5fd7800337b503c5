"""Passkeys (WebAuthn): registered by a person, and a way to sign in without a password.

The authenticator verifies its person (a finger, a face, a PIN), so a passkey is two factors at once. Each challenge
serves once; it is bound to this installation's address, which is the relying party's id.
"""

import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from urllib.parse import urlsplit
from uuid import UUID

import webauthn
from pydantic import BaseModel, ConfigDict, Field
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url, options_to_json_dict, parse_attestation_object
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from radiant.foundation.identity import passkeys_store as store
from radiant.foundation.identity import second_factor_store, sessions, steps_store, trail, users, users_store
from radiant.foundation.identity.callers import Caller
from radiant.foundation.identity.sessions import LIMIT_STARTS, Origin, SignedIn, SsoRequired, hash_token
from radiant.infra.db import Database, Row
from radiant.kit.clock import Clock, utc_now
from radiant.kit.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from radiant.kit.ids import TenantId, UserId, uuid7

CHALLENGE = timedelta(minutes=5)
MOST = 20
# What parsers of a hostile authenticator's answer raise.
_MALFORMED = (WebAuthnException, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError)
_UNATTESTED = ("none", "packed")
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


class Credential(BaseModel):
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


@dataclass(frozen=True, slots=True)
class _Site:
    rp_id: str
    origin: str


def _site_of(base_url: str) -> _Site:
    parts = urlsplit(base_url)
    return _Site(parts.hostname or "localhost", f"{parts.scheme}://{parts.netloc}")


class Passkeys:
    """One per process, made by a root. `base_url` is where people reach this installation."""

    def __init__(self, database: Database, base_url: str, clock: Clock = utc_now) -> None:
        self._database = database
        self._site = _site_of(base_url)
        self._clock = clock

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
        options = webauthn.generate_registration_options(
            rp_id=self._site.rp_id,
            rp_name="RADIANT",
            user_name=person.email,
            user_id=caller.user_id.bytes,
            user_display_name=person.name or person.email,
            challenge=secrets.token_bytes(32),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=row["credential_id"]) for row in have],
        )
        await self._keep("new_passkey", options.challenge, caller.tenant_id, caller.user_id)
        return options_to_json_dict(options)

    async def add(self, caller: Caller, name: str, credential: Credential) -> Passkey:
        """Register the answer to these options. Raises PasskeyNotTaken, PasskeyTaken."""
        if caller.session_id is None:
            raise Forbidden("this takes a person's session, not an API key")
        challenge = _challenge_of(credential)
        async with self._database.system("passkey").tx() as tx:
            step = await steps_store.take(tx, hash_token(bytes_to_base64url(challenge)), "new_passkey")
        if step is None or (step["tenant_id"], step["user_id"]) != (caller.tenant_id, caller.user_id):
            raise PasskeyNotTaken("that took too long, or was begun elsewhere; begin again")
        try:
            attested = parse_attestation_object(base64url_to_bytes(credential.response.attestationObject or ""))
            if attested.fmt not in _UNATTESTED:
                raise PasskeyNotTaken("the authenticator says who made it, which was not asked for")
            verified = webauthn.verify_registration_response(
                credential=_json_of(credential),
                expected_challenge=challenge,
                expected_rp_id=self._site.rp_id,
                expected_origin=self._site.origin,
                require_user_verification=True,
            )
        except _MALFORMED as error:
            raise PasskeyNotTaken("the authenticator's answer does not fit this site") from error
        async with self._database.system("passkey").tx() as tx:
            row = await store.insert(
                tx, uuid7(), caller.tenant_id, caller.user_id, name, verified.credential_id,
                verified.credential_public_key, verified.sign_count, credential.response.transports,
                verified.credential_backed_up,
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
        options = webauthn.generate_authentication_options(
            rp_id=self._site.rp_id,
            challenge=secrets.token_bytes(32),
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        await self._keep("passkey", options.challenge, None, None)
        return options_to_json_dict(options)

    async def sign_in(self, credential: Credential, origin: Origin, lifetime: timedelta) -> SignedIn:
        """Open a session by a passkey. Raises PasskeyRefused, SsoRequired."""
        try:
            challenge, credential_id = _challenge_of(credential), base64url_to_bytes(credential.rawId)
        except (PasskeyNotTaken, ValueError) as error:
            raise PasskeyRefused("that passkey is not known here") from error
        async with self._database.system("passkey").tx() as tx:
            step = await steps_store.take(tx, hash_token(bytes_to_base64url(challenge)), "passkey")
            row = await store.by_credential(tx, credential_id) if step is not None else None
        if row is None:
            raise PasskeyRefused("that passkey is not known here, or it took too long; try again")
        handle = credential.response.userHandle
        try:
            if handle is not None and base64url_to_bytes(handle) != row["user_id"].bytes:
                raise PasskeyRefused("that passkey is somebody else's")
            verified = webauthn.verify_authentication_response(
                credential=_json_of(credential),
                expected_challenge=challenge,
                expected_rp_id=self._site.rp_id,
                expected_origin=self._site.origin,
                credential_public_key=row["public_key"],
                credential_current_sign_count=row["sign_count"],
                require_user_verification=True,
            )
        except _MALFORMED as error:
            async with self._database.system("passkey").tx() as tx:
                await trail.record_system(
                    tx, row["tenant_id"], "session.refused", target=("passkey", row["id"]), reason=str(error)[:200],
                    ip=origin.ip, request_id=origin.request_id,
                )  # fmt: skip
            raise PasskeyRefused("the passkey's signature is not right for this site") from error
        if row["sso_required"] and row["role"] != "owner":
            raise SsoRequired("this workspace signs in by its identity provider", tenant=row["slug"])
        async with self._database.system("passkey").tx() as tx:
            if not await store.used(tx, row["id"], row["sign_count"], verified.new_sign_count, self._clock()):
                raise PasskeyRefused("that passkey was used twice at once; try again")
            return await sessions.open_session(
                tx, row["tenant_id"], row["user_id"], "passkey", origin, lifetime, self._clock, second_factor=True
            )

    async def _keep(
        self, kind: str, challenge: bytes, tenant_id: TenantId | None, user_id: UserId | None
    ) -> None:  # fmt: skip
        hashed = hash_token(bytes_to_base64url(challenge))
        async with self._database.system("passkey").tx() as tx:
            await steps_store.insert(tx, hashed, kind, tenant_id, user_id, {}, self._clock() + CHALLENGE)


def _passkey(row: Row) -> Passkey:
    return Passkey.model_validate({name: row[name] for name in Passkey.model_fields})


def _json_of(credential: Credential) -> dict[str, Any]:
    return credential.model_dump(exclude_none=True)


def _challenge_of(credential: Credential) -> bytes:
    """The challenge that the browser says it answers; whether it is one of ours, the database tells."""
    try:
        data: Any = json.loads(base64url_to_bytes(credential.response.clientDataJSON))
        return base64url_to_bytes(data["challenge"])
    except (*_MALFORMED, UnicodeDecodeError) as error:
        raise PasskeyNotTaken("the authenticator's answer cannot be read") from error
