"""A Google service account: its key signs a token request (RFC 7523), the access token is kept until it nearly ends."""

import asyncio
import base64
import hashlib
import time
from typing import Any

import msgspec
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from radiant.ai.providers.errors import UpstreamBadCredentials
from radiant.ai.providers.provider import Connection, Secret
from radiant.ai.providers.tokens import AccessToken, KeptTokens, ask_for_token
from radiant.infra.httpclient import HttpClient

SCOPE = "https://www.googleapis.com/auth/cloud-platform"


class _Account(msgspec.Struct):
    client_email: str
    private_key: str
    token_uri: str = "https://oauth2.googleapis.com/token"  # noqa: S105
    private_key_id: str = ""
    project_id: str = ""


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
    """Access tokens of service accounts."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http
        self._kept = KeptTokens()

    async def token(self, connection: Connection) -> Secret:
        """A token that holds for some minutes at least. Raises UpstreamError."""
        return await self._kept.token(_name_of(connection), lambda: self._ask(connection))

    def forget(self, connection: Connection) -> None:
        """The token was refused: ask for another next time."""
        self._kept.forget(_name_of(connection))

    async def _ask(self, connection: Connection) -> AccessToken:
        account = account_of(connection)
        try:
            signed = await asyncio.to_thread(assertion, account, time.time())
        except ValueError as error:
            raise UpstreamBadCredentials(
                f"{connection.provider}: the service account's private key cannot be used", provider=connection.provider
            ) from error
        form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": signed}
        # invalid_grant: the account was deleted, its key revoked, or this machine's clock is wrong.
        whom = f"the service account {account.client_email}"
        return await ask_for_token(self._http, connection, account.token_uri, form, whom)


def _name_of(connection: Connection) -> bytes:
    secret = connection.secrets.get("service_account")
    return hashlib.sha256(secret.reveal().encode() if secret else b"").digest()
