"""Serves the built page: hashed assets for ever, index.html for every other path of the app."""

import asyncio
from pathlib import Path

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Match, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from radiant.kit.errors import NotFound

FOLDER = Path(__file__).parent / "static"
# Draws what models write as diagrams, in a frame without an origin. Its library sets styles, which the page's policy forbids.
_DIAGRAM_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox allow-scripts"
)
# Runs what people and models write as web pages. The sandbox takes the origin and with it cookies, storage and the API;
# the rest takes the network. Of the page that frames it, `frame-src` keeps the frame from being led elsewhere.
_ARTIFACT_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:;"
    " media-src data: blob:; form-action 'none'; base-uri 'none'; frame-ancestors 'self';"
    " sandbox allow-scripts"
)
# By file; every other one has the policy of the page itself.
_POLICIES = {"diagram.html": _DIAGRAM_POLICY, "artifact.html": _ARTIFACT_POLICY}
_NOT_BUILT = "The page is not built. From a checkout, ./radiant up builds it; the API answers all the same.\n"


class _Assets(StaticFiles):
    """Files whose names carry their hash."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """With a year's cache."""
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def _file(path: str) -> Path | None:
    """The file that answers that path, or None where the page is not built. Looks at the disk."""
    if "/" not in path and "." in path and (FOLDER / path).is_file():
        return FOLDER / path
    index = FOLDER / "index.html"
    return index if index.exists() else None


async def _index(request: Request) -> Response:
    path = request.url.path.lstrip("/")
    if path.partition("/")[0] in ("api", "v1", "scim"):
        raise NotFound(f"{request.method} {request.url.path}: there is no such endpoint")
    file = await asyncio.to_thread(_file, path)
    if file is None:
        return PlainTextResponse(_NOT_BUILT, 503)
    headers = {"Cache-Control": "no-cache"}
    if policy := _POLICIES.get(file.name):
        # Looking a name up is a way out too, which no policy covers.
        headers |= {"Content-Security-Policy": policy, "X-DNS-Prefetch-Control": "off"}
    return FileResponse(file, headers=headers)


class _Page(Route):
    """Takes every path that is read. It does not half-match others, so a POST to an unknown path is 404 and not 405."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """In full or not at all."""
        match, child = super().matches(scope)
        return (match, child) if match is Match.FULL else (Match.NONE, {})


def mount(app: FastAPI) -> None:
    """Add the page's routes; the last ones, since they take what is left."""
    app.mount("/assets", _Assets(directory=FOLDER / "assets", check_dir=False), name="assets")
    app.router.routes.append(_Page("/{path:path}", _index, methods=["GET", "HEAD"], include_in_schema=False))
