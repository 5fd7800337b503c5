"""What the origin of published canvases serves: bare ASGI, which knows no session and sets no cookie.

GET /{token}              the page, without any script of its own
GET /{token}/frames/{n}   the page's HTML artifact of that number, sandboxed by its own header however it is opened
"""

import asyncio
import re

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from radiant.foundation.identity.sessions import hash_token
from radiant.infra.db import Database, Row
from radiant.workspace.canvas import store
from radiant.workspace.canvas.rendering import FRAME_POLICY, STYLE_HASH, Shown, frame, page
from radiant.workspace.canvas.schemas import Provenance, Span

_PATH = re.compile(r"/(?P<token>[\w-]{20,100})(?:/frames/(?P<frame>\d{1,4}))?")
_AT_ONCE = 4
_PAGE_POLICY = (
    f"sandbox allow-scripts; default-src 'none'; style-src 'sha256-{STYLE_HASH}'; img-src data:; frame-src 'self';"
    " form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
# Frames inherit what the page's sandbox forbids, so it allows them scripts that its own policy forbids the page.
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), clipboard-read=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # What was revoked is gone from caches within a minute.
    "Cache-Control": "private, max-age=60",
}
_NOWHERE = "This address leads nowhere: what was published here was taken back, or never was.\n"


class Published:
    """The application of that origin."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI, HTTP alone."""
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            return
        response = await self._answer(Request(scope, receive))
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            return _plain("Published canvases are read alone: GET them.\n", 405)
        found = _PATH.fullmatch(request.url.path)
        if found is None:
            return _plain(_NOWHERE, 404)
        # Whose it is, the address alone says.
        async with self._database.system("published canvas").tx() as tx:
            row = await store.published(tx, hash_token(found["token"]))
        if row is None:
            return _plain(_NOWHERE, 404)
        if row["revoked_at"] is not None:
            return _plain(_NOWHERE, 410)
        shown = [
            Shown(
                one["type"],
                one["title"],
                one["content"],
                [Span.model_validate(span) for span in one["spans"]],
                # What was published before code was coloured has none.
                one.get("runs", ()),
            )
            for one in row["snapshot"]["artifacts"]
        ]
        if found["frame"] is not None:
            return _frame(shown, int(found["frame"]))
        async with self._places:
            html = await asyncio.to_thread(_page, row, shown, found["token"])
        return HTMLResponse(html, headers={"Content-Security-Policy": _PAGE_POLICY})


def _page(row: Row, shown: list[Shown], token: str) -> str:
    provenance = {name: Provenance.model_validate(one) for name, one in row["snapshot"]["provenance"].items()}
    foot = f"Published {row['published_at']:%Y-%m-%d %H:%M} UTC as version {row['canvas_version']}; it does not change."
    return page(row["snapshot"]["name"], shown, provenance, foot=foot, frames=f"/{token}/frames/")


def _frame(shown: list[Shown], number: int) -> Response:
    if number >= len(shown) or shown[number].type != "html":
        return _plain(_NOWHERE, 404)
    policy = f"sandbox allow-scripts; {FRAME_POLICY}"
    # The page that holds it has no origin, and so is not the same one as itself.
    headers = {"Content-Security-Policy": policy, "Cross-Origin-Resource-Policy": "cross-origin"}
    return HTMLResponse(frame(shown[number].content), headers=headers)


def _plain(text: str, status: int) -> Response:
    headers = {
        "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
        "Cache-Control": "no-store",
    }
    return PlainTextResponse(text, status, headers=headers)
