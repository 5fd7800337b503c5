"""The application on a real port of loopback, in the test's own loop, over the test's own database."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import uvicorn

from radiant.app import App
from radiant.config import Settings
from radiant.foundation.identity import api_keys, passwords, users_store
from radiant.foundation.identity.callers import ALL_SCOPES, Caller, role_of
from radiant.foundation.identity.schemas import NewApiKey
from radiant.http.direct import protocol_for
from radiant.http.sockets import MAX_MESSAGE, sockets_for
from radiant.infra.db import Database
from radiant.infra.kms import LocalKms
from radiant.infra.objects import LocalObjects
from radiant.kit.ids import TenantId, UserId
from radiant.runtime import Addresses, Runtime
from tests.kit.postgres import Dsns

PASSWORD = "a long enough password"


@dataclass(slots=True)
class Answer:
    """A response that was read."""

    status: int
    headers: Any
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass(slots=True)
class Client:
    """One caller: an API key, or a signed-in browser with its cookie and CSRF token."""

    base_url: str
    http: aiohttp.ClientSession
    headers: dict[str, str] = field(default_factory=dict)

    async def send(self, method: str, path: str, **options: Any) -> Answer:
        """Any request; `json=` and `headers=` as aiohttp takes them."""
        headers = self.headers | options.pop("headers", {})
        async with self.http.request(method, self.base_url + path, headers=headers, **options) as response:
            return Answer(response.status, response.headers, await response.read())

    async def get(self, path: str, **options: Any) -> Answer:
        return await self.send("GET", path, **options)

    async def post(self, path: str, json: Any = None, **options: Any) -> Answer:
        return await self.send("POST", path, json=json, **options)

    async def patch(self, path: str, json: Any) -> Answer:
        return await self.send("PATCH", path, json=json)

    async def put(self, path: str, json: Any) -> Answer:
        return await self.send("PUT", path, json=json)

    async def delete(self, path: str, json: Any = None) -> Answer:
        return await self.send("DELETE", path, json=json)


@dataclass(slots=True)
class Server:
    """A running application."""

    app: App
    base_url: str
    database: Database
    http: aiohttp.ClientSession

    def anonymous(self) -> Client:
        """Nobody."""
        return Client(self.base_url, self.http)

    async def signed_in(self, tenant_id: TenantId, user_id: UserId) -> Client:
        """A browser of that person, through the real sign-in."""
        encoded = await passwords.hash_password(PASSWORD)
        async with self.database.system("test").tx() as tx:
            await users_store.set_password(tx, tenant_id, user_id, encoded, one_time=False)
            email = await tx.value("select email from users where id = $1", user_id)
            slug = await tx.value("select slug from tenants where id = $1", tenant_id)
        client = self.anonymous()
        answer = await client.post("/api/session", {"email": email, "password": PASSWORD, "tenant": slug})
        assert answer.status == 200, answer.body
        cookie = answer.headers["Set-Cookie"].split(";")[0]
        client.headers = {"Cookie": cookie, "X-CSRF-Token": answer.json()["csrf_token"]}
        return client

    async def with_key(self, tenant_id: TenantId, user_id: UserId, *scopes: str) -> Client:
        """A program of that person, with a real API key."""
        async with self.database.system("test").tx() as tx:
            role = await tx.value("select role from users where id = $1", user_id)
        caller = Caller(
            tenant_id=tenant_id, user_id=user_id, role=role_of(role), is_operator=False, kind="user",
            scopes=ALL_SCOPES,
        )  # fmt: skip
        new = NewApiKey(name="test", scopes=list(scopes or ("inference",)))  # type: ignore[arg-type]
        made = await api_keys.make(self.database, caller, new)
        return Client(self.base_url, self.http, {"Authorization": f"Bearer {made.secret}"})


@contextlib.asynccontextmanager
async def serving(
    database: Database, dsns: Dsns, folder: Path, models_dir: Path, **settings: Any
) -> AsyncIterator[Server]:
    """The application with a free port, until the block ends."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    configured = Settings(
        data_dir=folder, models_dir=models_dir, models="none", port=port, published_port=0, model_idle_s=3600,
        **({"learning_model": "none"} | settings),
    )  # fmt: skip

    async def open_runtime(_: Settings) -> Runtime:
        kms = LocalKms(bytes(range(32)))
        objects = LocalObjects(folder / "objects", secret=b"link secret of the tests")
        return Runtime(
            configured,
            Addresses(dsns.owner, dsns.app, dsns.system),
            _Kept(database.app, database.system_pool),
            kms,
            objects,
        )

    app = App(configured, open_runtime)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            http=protocol_for(app.door.serve),
            ws=sockets_for(app.open_socket),
            ws_max_size=MAX_MESSAGE,
            ws_per_message_deflate=False,
            log_config=None,
            access_log=False,
            lifespan="on",
            timeout_graceful_shutdown=2,
        )
    )
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined,method-assign]
    task = asyncio.create_task(server.serve([listener]))
    while not server.started:
        if task.done():
            task.result()
        await asyncio.sleep(0.01)
    jar = aiohttp.DummyCookieJar()
    async with aiohttp.ClientSession(cookie_jar=jar, timeout=aiohttp.ClientTimeout(total=60)) as http:
        try:
            yield Server(app, f"http://127.0.0.1:{port}", database, http)
        finally:
            server.should_exit = True
            await task
            listener.close()


class _Kept(Database):
    """Pools that belong to the fixture and are not closed with the application."""

    async def close(self) -> None:
        """Nothing."""
