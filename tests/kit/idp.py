"""An identity provider connected to our tenant, and browsers that sign in by it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest

from radiant.foundation.identity import oidc
from tests.kit.fixtures import Callers
from tests.kit.issuer import CLIENT_ID, CLIENT_SECRET, Issuer, issuer
from tests.kit.server import Answer, Client, Server

JANE = {"sub": "jane-1", "email": "Jane@example.org", "email_verified": True, "name": "Jane Doe"}


@dataclass
class Idp:
    """The issuer, connected to our tenant."""

    issuer: Issuer
    callers: Callers
    server: Server

    async def connect(self, **change: Any) -> Answer:
        """Set the connection, as the operator: the issuer is on loopback."""
        body = {"issuer": self.issuer.url, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET} | change
        return await self.callers.operator.put("/api/sso", body)

    async def begin(self, path: str | None = None) -> tuple[str, str]:
        """Where the browser is sent, and its cookie."""
        client = self.server.anonymous()
        query = f"?path={path}" if path else ""
        answer = await client.get(f"/api/sso/workspaces/{self.callers.tenant.slug}/start{query}", allow_redirects=False)
        assert answer.status == 303, answer.body
        return answer.headers["Location"], answer.headers["Set-Cookie"].split(";")[0]

    async def authorize(self, url: str) -> str:
        """What the issuer's page does: back to us, with a code. Path and query of where it sends the browser."""
        async with self.server.http.get(url, allow_redirects=False) as response:
            back = urlsplit(response.headers["Location"])
            return f"{back.path}?{back.query}"

    async def sign_in(self, path: str | None = None, **options: Any) -> Answer:
        """The whole way of a browser; the last answer."""
        url, cookie = await self.begin(path)
        back = await self.authorize(url)
        return await self.server.anonymous().get(
            back, headers={"Cookie": cookie} | options.get("headers", {}), allow_redirects=False
        )


def slug_of(answer: Answer) -> str:
    return answer.json()["type"].rpartition("/")[2]


async def who(server: Server, answer: Answer) -> dict[str, Any]:
    """The session that an answer opened."""
    assert answer.status == 303, answer.body
    cookie = next(value for value in answer.headers.getall("Set-Cookie") if value.startswith("radiant_session="))
    client = Client(server.base_url, server.http, {"Cookie": cookie.split(";")[0]})
    return (await client.get("/api/session")).json() | {"cookie": cookie}


@pytest.fixture
async def idp(server: Server, callers: Callers) -> AsyncIterator[Idp]:
    async with issuer() as running:
        running.person = dict(JANE)
        # No other test's keys: each issuer has a port of its own, but ports come again.
        server.app.state.sso._oidc = oidc.Oidc(server.app.state.http)
        connected = Idp(running, callers, server)
        assert (await connected.connect()).status == 200
        yield connected
