"""A Google service account: its key signs a token request (RFC 7523), the access token is kept until it nearly ends."""

import asyncio
import base64
import hashlib
import time
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from radiant.ai.providers.addresses import check_base_url
from radiant.ai.providers.errors import AddressRefused, UpstreamBadCredentials, UpstreamBadRequest, UpstreamUnreachable
from radiant.ai.providers.provider import Connection, Secret
from radiant.ai.providers.wire import Deadline, open_response
from radiant.infra.httpclient import HttpClient

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
# Asked for anew this long before the end; kept for so many accounts.
_MARGIN = 120.0
_KEPT = 256
_TOKEN_SECONDS = 15.0


class _Account(msgspec.Struct):
    client_email: str
    private_key: str
    token_uri: str = "https://oauth2.googleapis.com/token"  # noqa: S105
    private_key_id: str = ""
    project_id: str = ""


class _Token(msgspec.Struct):
    access_token: str
    expires_in: float = 3600.0


def account_of(connection: Connection) -> _Account:
    """The account of the connection's key file. Raises UpstreamBadCredentials that says what is wrong with it."""
    secret = connection.secrets.get("service_account")
    if not secret:
        raise UpstreamBadCredentials(
            f"{connection.provider}: enter a service account's key (JSON)", provider=connection.provider
        )
    try:
        return msgspec.json.decode(secret.reveal(), type=_Account)
    except msgspec.DecodeError as error:
        # Not `from error`: its words may quote the key.
        kind = type(error).__name__
        raise UpstreamBadCredentials(
            f"{connection.provider}: what was entered is not the JSON of a service account's key ({kind})",
            provider=connection.provider,
        ) from None


def assertion(account: _Account, now: float) -> str:
    """The signed request. Raises ValueError where the private key is none."""
    key = serialization.load_pem_private_key(account.private_key.encode(), None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("not an RSA key")
    claims: dict[str, Any] = {
        "iss": account.client_email,
        "scope": SCOPE,
        "aud": account.token_uri,
        "iat": int(now),
        "exp": int(now) + 3600,
    }
    header = {"alg": "RS256", "typ": "JWT", "kid": account.private_key_id}
    signed = b".".join(_encoded(msgspec.json.encode(part)) for part in (header, claims))
    return b".".join((signed, _encoded(key.sign(signed, padding.PKCS1v15(), hashes.SHA256())))).decode()


def _encoded(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


class Tokens:
    """Access tokens of service accounts, one request at a time for each. In memory, bounded."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http
        self._kept: dict[bytes, tuple[Secret, float]] = {}
        self._locks: dict[bytes, asyncio.Lock] = {}

    async def token(self, connection: Connection) -> Secret:
        """A token that holds for some minutes at least. Raises UpstreamError."""
        name = _name_of(connection)
        if found := self._fresh(name):
            return found
        async with self._locks.setdefault(name, asyncio.Lock()):
            if found := self._fresh(name):
                return found
            answer = await self._ask(connection)
            if len(self._kept) >= _KEPT:
                self._kept.clear()
                self._locks.clear()
            token = Secret(answer.access_token)
            self._kept[name] = (token, asyncio.get_running_loop().time() + answer.expires_in - _MARGIN)
            return token

    def forget(self, connection: Connection) -> None:
        """The token was refused: ask for another next time."""
        self._kept.pop(_name_of(connection), None)

    def _fresh(self, name: bytes) -> Secret | None:
        kept = self._kept.get(name)
        return kept[0] if kept is not None and kept[1] > asyncio.get_running_loop().time() else None

    async def _ask(self, connection: Connection) -> _Token:
        account = account_of(connection)
        provider = connection.provider
        try:
            address = check_base_url(account.token_uri, allow_private=connection.allow_private)
            signed = await asyncio.to_thread(assertion, account, time.time())
        except (AddressRefused, ValueError) as error:
            raise UpstreamBadCredentials(
                f"{provider}: the service account's key cannot be used: its address or its private key is not valid",
                provider=provider,
            ) from error
        parts = urlsplit(address)
        there = Connection(provider, f"{parts.scheme}://{parts.netloc}", timeouts=connection.timeouts, allow_private=connection.allow_private)  # fmt: skip
        form = urlencode({"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": signed}).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        deadline = Deadline(_TOKEN_SECONDS)
        try:
            async with open_response(self._http, "POST", parts.path, there, headers, form, deadline) as response:
                text = await response.read(2**16, until=deadline.at or 0.0)
            return msgspec.json.decode(text, type=_Token)
        except UpstreamBadRequest as error:
            # invalid_grant: the account was deleted, its key revoked, or this machine's clock is wrong.
            raise UpstreamBadCredentials(
                f"{provider} refused the service account {account.client_email}: {error.detail}", provider=provider
            ) from error
        except msgspec.DecodeError as error:
            raise UpstreamUnreachable(
                f"{provider}: its token endpoint answered with something else", provider=provider
            ) from error


def _name_of(connection: Connection) -> bytes:
    secret = connection.secrets.get("service_account")
    return hashlib.sha256(secret.reveal().encode() if secret else b"").digest()
