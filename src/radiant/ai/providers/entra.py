"""Microsoft Entra ID: an application's client credentials (OAuth 2.0, section 4.4) in the place of an API key."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from radiant.ai.providers.errors import UpstreamBadCredentials
from radiant.ai.providers.provider import Connection
from radiant.ai.providers.tokens import AccessToken, KeptTokens, ask_for_token
from radiant.infra.httpclient import HttpClient

SCOPE = "https://cognitiveservices.azure.com/.default"
AUTHORITY = "https://login.microsoftonline.com"
_NEEDED = {"tenant_id": "the directory (tenant) ID", "client_id": "the application (client) ID"}


class Entra:
    """Signs connections in. One for all of a process: it keeps their tokens."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http
        self._tokens = KeptTokens()

    def bearer(self, connection: Connection) -> "EntraBearer":
        """What authorizes the calls of this connection."""
        return EntraBearer(self, connection)

    async def token(self, connection: Connection) -> str:
        """A token that holds for some minutes at least. Raises UpstreamError; UpstreamBadCredentials says what is
        missing, or what Entra ID said."""
        settings, secret = connection.settings, connection.secrets.get("client_secret")
        missing = [label for name, label in _NEEDED.items() if not settings.get(name)]
        if not secret:
            missing.append("the client secret")
        if missing:
            raise UpstreamBadCredentials(
                f"{connection.provider}: enter an API key, or sign in by Entra ID: {', '.join(missing)} is missing",
                provider=connection.provider,
            )
        address = f"{settings.get('authority', AUTHORITY)}/{quote(settings['tenant_id'], safe='')}/oauth2/v2.0/token"
        form = {
            "grant_type": "client_credentials",
            "client_id": settings["client_id"],
            "client_secret": secret.reveal() if secret else "",
            "scope": SCOPE,
        }

        async def ask() -> AccessToken:
            whom = f"the application {settings['client_id']}"
            return await ask_for_token(self._http, connection, address, form, whom)

        return (await self._tokens.token(_name_of(connection), ask)).reveal()

    def forget(self, connection: Connection) -> None:
        """The token was refused: ask for another next time."""
        self._tokens.forget(_name_of(connection))


@dataclass(frozen=True, slots=True)
class EntraBearer:
    """A `Bearer` of one connection."""

    entra: Entra
    connection: Connection

    async def headers(self) -> Mapping[str, str]:
        """The token's header."""
        return {"Authorization": f"Bearer {await self.entra.token(self.connection)}"}

    def refused(self) -> None:
        """Not this token again."""
        self.entra.forget(self.connection)


def _name_of(connection: Connection) -> bytes:
    """Whom a token is for: nobody gets another's who does not know the secret."""
    settings, secret = connection.settings, connection.secrets.get("client_secret")
    parts = (settings.get("authority", ""), settings.get("tenant_id", ""), settings.get("client_id", ""))
    return hashlib.sha256("\0".join((*parts, secret.reveal() if secret else "")).encode()).digest()
