"""Microsoft Entra ID's token endpoint of loopback, for one application.

    async with entra() as issuer:
        ... settings = issuer.settings, client_secret = issuer.secret ...
        assert issuer.forms[0]["scope"] == …

Each token is another; `issuer.answer` replaces what is said.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

TENANT, CLIENT = "72f988bf-86f1-41af-91ab-2d7cd011db47", "11111111-2222-3333-4444-555555555555"
# As Entra ID says it (learn.microsoft.com/entra/identity-platform/reference-error-codes).
REFUSED = {
    "error": "invalid_client",
    "error_description": "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent is the value.",
    "error_codes": [7000215],
}


@dataclass
class Entra:
    """What it knows, and what was asked of it."""

    url: str = ""
    secret: str = "an~application's.secret-0123456789"
    expires_in: float = 3599
    forms: list[dict[str, str]] = field(default_factory=list)
    answer: tuple[int, Any] | None = None

    @property
    def settings(self) -> dict[str, str]:
        """The plain fields of a connection that signs in here."""
        return {"tenant_id": TENANT, "client_id": CLIENT, "authority": self.url}


@asynccontextmanager
async def entra() -> AsyncIterator[Entra]:
    """A running issuer."""
    issuer = Entra()

    async def token(request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        issuer.forms.append(form)
        if issuer.answer is not None:
            status, body = issuer.answer
            return web.json_response(body, status=status)
        if (request.match_info["tenant"], form.get("client_id")) != (TENANT, CLIENT) or (
            form.get("client_secret") != issuer.secret
        ):
            return web.json_response(REFUSED, status=401)
        body = {"token_type": "Bearer", "expires_in": issuer.expires_in, "access_token": f"eyJ.{len(issuer.forms)}"}
        return web.json_response(body)

    app = web.Application()
    app.router.add_post("/{tenant}/oauth2/v2.0/token", token)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        issuer.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield issuer
    finally:
        await runner.cleanup()
