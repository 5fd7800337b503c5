"""Access tokens (OAuth 2.0) that are asked for with a client's own credentials, and kept until they nearly end."""

import asyncio
from collections.abc import Awaitable, Callable
from urllib.parse import urlencode, urlsplit

import msgspec

from radiant.ai.providers.addresses import check_base_url
from radiant.ai.providers.errors import AddressRefused, UpstreamBadCredentials, UpstreamBadRequest, UpstreamUnreachable
from radiant.ai.providers.provider import Connection, Secret
from radiant.ai.providers.wire import Deadline, open_response
from radiant.infra.httpclient import HttpClient

# Asked for anew this long before the end; kept for so many clients.
_MARGIN = 120.0
_KEPT = 256
_SECONDS = 15.0


class AccessToken(msgspec.Struct):
    """What a token endpoint gives; `expires_in` is in seconds."""

    access_token: str
    expires_in: float = 3600.0


class KeptTokens:
    """Tokens by the name of whom they are for, one request at a time for each. In memory, bounded."""

    def __init__(self) -> None:
        self._kept: dict[bytes, tuple[Secret, float]] = {}
        self._locks: dict[bytes, asyncio.Lock] = {}

    async def token(self, name: bytes, ask: Callable[[], Awaitable[AccessToken]]) -> Secret:
        """A token that holds for some minutes at least. Raises what `ask` raises."""
        if found := self._fresh(name):
            return found
        async with self._locks.setdefault(name, asyncio.Lock()):
            if found := self._fresh(name):
                return found
            answer = await ask()
            if len(self._kept) >= _KEPT:
                self._kept.clear()
                self._locks.clear()
            token = Secret(answer.access_token)
            self._kept[name] = (token, asyncio.get_running_loop().time() + answer.expires_in - _MARGIN)
            return token

    def forget(self, name: bytes) -> None:
        """The token was refused: ask for another next time."""
        self._kept.pop(name, None)

    def _fresh(self, name: bytes) -> Secret | None:
        kept = self._kept.get(name)
        return kept[0] if kept is not None and kept[1] > asyncio.get_running_loop().time() else None


async def ask_for_token(
    http: HttpClient, connection: Connection, address: str, form: dict[str, str], whom: str
) -> AccessToken:
    """Post the form to the token endpoint at `address`. Raises UpstreamBadCredentials, which names `whom` it refused,
    and other UpstreamErrors."""
    provider = connection.provider
    try:
        parts = urlsplit(check_base_url(address, allow_private=connection.allow_private))
    except AddressRefused as error:
        raise UpstreamBadCredentials(
            f"{provider}: the address of its token endpoint cannot be used: {error.detail}", provider=provider
        ) from error
    there = Connection(
        provider,
        f"{parts.scheme}://{parts.netloc}",
        timeouts=connection.timeouts,
        allow_private=connection.allow_private,
        # Not for the request: so that an answer which quotes them is not passed on.
        secrets=connection.secrets,
    )
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    deadline = Deadline(_SECONDS)
    sent = urlencode(form).encode()
    try:
        async with open_response(http, "POST", parts.path, there, headers, sent, deadline) as response:
            text = await response.read(2**16, until=deadline.at or 0.0)
        return msgspec.json.decode(text, type=AccessToken)
    except (UpstreamBadRequest, UpstreamBadCredentials) as error:
        raise UpstreamBadCredentials(f"{provider} refused {whom}: {error.detail}", provider=provider) from error
    except msgspec.DecodeError as error:
        raise UpstreamUnreachable(
            f"{provider}: its token endpoint answered with something else", provider=provider
        ) from error
