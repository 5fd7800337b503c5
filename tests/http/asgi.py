"""Calls an ASGI application without a server, in as many pieces as the body is given in."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

from radiant.http.handlers import install_problem_handlers
from radiant.http.middleware import BodyLimit, RequestContext
from radiant.kit.errors import Conflict

LIMIT = 1000


@dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


async def call(
    app: Any, method: str, path: str, body: Sequence[bytes] = (), headers: Mapping[str, str] | None = None
) -> Reply:
    """One request. A body of several pieces comes without a Content-Length."""
    given = {"host": "localhost", **(headers or {})}
    if len(body) == 1:
        given["content-length"] = str(len(body[0]))
    pieces = list(body) or [b""]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": path, "raw_path": path.encode(), "root_path": "", "query_string": b"", "server": ("localhost", 80),
        "client": ("127.0.0.1", 1), "headers": [(n.lower().encode(), v.encode("latin-1")) for n, v in given.items()],
    }  # fmt: skip
    sent: list[Any] = []

    async def receive() -> Any:
        if not pieces:
            await asyncio.Event().wait()  # the client stays
        piece = pieces.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    starts = [message for message in sent if message["type"] == "http.response.start"]
    assert len(starts) == 1, sent
    found = {name.decode().lower(): value.decode("latin-1") for name, value in starts[0]["headers"]}
    assert len(found) == len(starts[0]["headers"]), "no header comes twice"
    body_sent = b"".join(message.get("body", b"") for message in sent if message["type"] == "http.response.body")
    return Reply(starts[0]["status"], found, body_sent)


class Item(BaseModel):
    """What POST /api/items takes."""

    name: str
    count: int


def small_app() -> FastAPI:
    """An application that is put together as the real one is."""
    app = FastAPI()

    @app.post("/api/items")
    async def make(item: Item) -> Item:
        return item

    @app.get("/api/items/{number}")
    async def get(number: int) -> int:
        return number

    @app.get("/api/taken")
    async def taken() -> None:
        raise Conflict("that is taken", headers={"Retry-After": "3"}, hint="another")

    @app.get("/api/bug")
    async def bug() -> None:
        raise RuntimeError("the password of the database is hunter2")

    install_problem_handlers(app)
    app.add_middleware(BodyLimit, limit=LIMIT)
    app.add_middleware(RequestContext)
    return app
