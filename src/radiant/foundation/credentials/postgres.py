"""Rotates passwords of PostgreSQL roles.

PostgreSQL knows one password a role, so an old one that serves on takes two roles of the same rights: each rotation gives
a new password to the one that is not in use and hands that one out (`roles`, and an `admin` credential that may alter
both, which is used at its own host alone). With one role it changes its own password: sessions stay, new ones need the new password from that moment.

The server is sent the SCRAM verifier and never the password, so its log and its statistics have nothing to show.
"""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import os
import secrets
import ssl
from collections.abc import AsyncGenerator, Mapping
from typing import Any, cast

import asyncpg

from radiant.foundation.credentials.rotators import Fields, Rotation, RotationFailed, RotationRefused
from radiant.infra.http1.addresses import Resolver, address_allowed
from radiant.infra.http1.errors import ConnectFailed
from radiant.kit.errors import Invalid

# asyncpg carries no types of its own.
_asyncpg: Any = asyncpg

_ITERATIONS = 4096
_SECONDS = 10.0
_TLS = ("verify", "off")
_OF_ITSELF = ("28P01", "28000", "42501", "42704", "3D000")


def scram_verifier(password: str, salt: bytes, iterations: int = _ITERATIONS) -> str:
    """What PostgreSQL stores of a password of ASCII (RFC 5803; pg_authid.rolpassword)."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), salt, iterations)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    spell = (base64.b64encode(each).decode() for each in (salt, stored, server))
    return "SCRAM-SHA-256${}:{}${}:{}".format(iterations, *spell)


class _Named(ssl.SSLContext):
    """Checks a certificate for that name, since connections are made by address."""

    name = ""

    def wrap_bio(self, incoming: Any, outgoing: Any, server_side: bool = False, server_hostname: Any = None, session: Any = None) -> Any:  # fmt: skip
        """See ssl.SSLContext."""
        del server_hostname
        return super().wrap_bio(incoming, outgoing, server_side, self.name, session)


def _tls_for(host: str) -> ssl.SSLContext:
    context = _Named(ssl.PROTOCOL_TLS_CLIENT)
    context.load_default_certs()
    context.name = host
    return context


def _other(rotation: Rotation, current: Fields) -> str:
    roles: list[str] = rotation.settings["roles"]
    if current["username"] not in roles:
        raise RotationRefused(f"the current user {current['username']} is neither of settings.roles")
    return roles[1 - roles.index(current["username"])]


class PostgresRotator:
    """Credentials of the type `database` with username, password, host, port and database."""

    types = frozenset({"database"})
    related = ("admin",)

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver

    def check(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """`roles`: two names, or none; `admin`: the credential that may alter them; `tls`: verify (the default) or off."""
        if unknown := set(settings) - {"roles", "admin", "tls"}:
            raise Invalid(f"settings.{min(unknown)}: not known; there are roles, admin and tls")
        tls = settings.get("tls", "verify")
        if tls not in _TLS:
            raise Invalid("settings.tls: verify or off")
        roles, admin = settings.get("roles"), settings.get("admin")
        if roles is None:
            if admin is not None:
                raise Invalid("settings.admin: goes with roles; one role changes its own password")
            return {"tls": tls}
        names = [name for name in cast("list[Any]", roles) if isinstance(name, str)] if isinstance(roles, list) else []
        if len(set(names)) != 2 or not all(0 < len(name) < 64 for name in names):
            raise Invalid("settings.roles: give the names of two roles of the same rights")
        if not isinstance(admin, str):
            raise Invalid("settings.admin: give the id of a credential of a role that may alter both")
        return {"roles": names, "admin": admin, "tls": tls}

    async def propose(self, rotation: Rotation, current: Fields) -> Fields:
        """A new password, for the other role where there are two."""
        user = _other(rotation, current) if "roles" in rotation.settings else current["username"]
        return {**current, "username": user, "password": secrets.token_urlsafe(32)}

    async def apply(self, rotation: Rotation, current: Fields, new: Fields) -> None:
        """Set the password of the role that `new` names."""
        if "roles" in rotation.settings:
            await self._alter(rotation, rotation.related["admin"].fields, new["username"], new["password"])
            return
        try:
            await self._alter(rotation, current, new["username"], new["password"])
        except RotationRefused:
            # Done already, by a worker that died before it said so.
            await self.verify(rotation, new)

    async def verify(self, rotation: Rotation, new: Fields) -> None:
        """Sign in with it."""
        async with self._connected(rotation, new) as connection:
            if await connection.fetchval("select current_user") != new["username"]:
                raise RotationFailed("the server took the new password for another role")

    async def retire(self, rotation: Rotation, current: Fields) -> None:
        """The other role has no password until its turn comes. Of one role, the old one is overwritten already."""
        if "roles" in rotation.settings:
            await self._alter(rotation, rotation.related["admin"].fields, _other(rotation, current), None)

    async def withdraw(self, rotation: Rotation, current: Fields, new: Fields) -> None:
        """Close the other role; of one role, give back the current password."""
        if "roles" in rotation.settings:
            await self.retire(rotation, current)
            return
        try:
            await self.verify(rotation, current)
        except RotationFailed:
            await self._alter(rotation, new, current["username"], current["password"])

    async def _alter(self, rotation: Rotation, by: Fields, role: str, password: str | None) -> None:
        secret = None
        if password is not None:
            if not password.isascii():
                raise RotationRefused("a password that is not ASCII cannot be set back; set it by hand")
            secret = scram_verifier(password, os.urandom(16))
        async with self._connected(rotation, by) as connection:
            # ALTER ROLE takes no parameters.
            statement = await connection.fetchval("select format('alter role %I password %L', $1::text, $2::text)", role, secret)  # fmt: skip
            await connection.execute(statement)

    @contextlib.asynccontextmanager
    async def _connected(self, rotation: Rotation, fields: Fields) -> AsyncGenerator[Any]:
        try:
            async with asyncio.timeout(_SECONDS * 2):
                connection = await self._connect(rotation, fields)
                try:
                    yield connection
                finally:
                    connection.terminate()
        except asyncpg.PostgresError as error:
            state = str(getattr(error, "sqlstate", ""))
            kind = RotationRefused if state in _OF_ITSELF else RotationFailed
            # Not the server's words: they may quote a statement.
            raise kind(f"PostgreSQL: {type(error).__name__} ({state}) as {fields.get('username')}") from None
        except (OSError, ConnectFailed, TimeoutError, asyncpg.InterfaceError, ValueError) as error:
            raise RotationFailed(f"PostgreSQL at {fields.get('host')}: {type(error).__name__}") from None

    async def _connect(self, rotation: Rotation, fields: Fields) -> Any:
        host, port = fields.get("host", ""), int(fields.get("port") or 5432)
        if host.startswith("/"):
            if not rotation.inner:
                raise RotationRefused("sockets of this machine are the operator's to use")
            addresses, tls = [host], False
        else:
            addresses = list(await self._resolver.addresses(host))
            if not all(address_allowed(address, allow_private=rotation.inner) for address in addresses):
                raise RotationRefused(f"{host} leads to an address that may not be called")
            tls = rotation.settings.get("tls", "verify") == "verify"
        return await _asyncpg.connect(
            host=addresses, port=[port] * len(addresses), user=fields.get("username"), password=fields.get("password"),
            database=fields.get("database") or fields.get("username"), timeout=_SECONDS, command_timeout=_SECONDS,
            ssl=await asyncio.to_thread(_tls_for, host) if tls else False,
            server_settings={"application_name": "radiant rotation"}, statement_cache_size=0,
        )  # fmt: skip
