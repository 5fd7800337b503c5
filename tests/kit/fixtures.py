"""Fixtures of tests that go through HTTP: the application on loopback, people to call it, models and upstreams."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher

from radiant.ai.catalog.seed import seed
from radiant.ai.serving.manifest import load_manifest
from radiant.ai.serving.packs import ModelStore
from radiant.foundation.identity import passwords
from radiant.infra.db import Database
from radiant.kit.ids import TenantId, UserId
from radiant.workspace.documents import citing
from radiant.workspace.personalization import applying
from tests.kit.people import Tenant
from tests.kit.postgres import Dsns
from tests.kit.server import Client, Server, serving
from tests.kit.upstream import Upstream, anthropic_upstream, openai_upstream

UPSTREAM_KEY = "sk-upstream-0123456789"


def models_root() -> Path:
    """Where the small models of the tests are kept between runs."""
    return Path(os.environ.get("RADIANT_TEST_MODELS_DIR") or Path.home() / ".cache" / "radiant-test-models")


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A turn waits for what is known and what documents say, however busy this machine is."""
    for module in (applying, citing):
        monkeypatch.setattr(module, "_PATIENCE", 30.0)
        monkeypatch.setattr(module, "_VECTOR_PATIENCE", 10.0)


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> None:
    """Argon2id with the least work: what is tested is what the server does with it."""
    passwords._hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


@pytest.fixture(scope="session")
async def small_models() -> Path:
    """The real models of the minimal pack."""
    root = models_root()
    await asyncio.to_thread(ModelStore(root, use=("package",)).install_pack, "minimal")
    return root


@pytest.fixture(scope="session")
async def _server(_database: Database, dsns: Dsns, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    async with serving(_database, dsns, tmp_path_factory.mktemp("server"), models_root()) as server:
        yield server


@pytest.fixture
async def server(_server: Server, db: Database) -> AsyncIterator[Server]:
    """The application, over an empty database with the catalogue in it."""
    await seed(db.system("test"), load_manifest().model)
    # What was logged while no test looked is none of this one's.
    await _server.app.state.error_capture.settle()
    await _server.app.state.error_spool.flush()
    async with db.system("test").tx() as tx:
        await tx.run("delete from error_patterns")
    _server.app.state.changes._all_changed()
    yield _server
    await _server.app.state.meter.flush()


@dataclass(slots=True)
class Callers:
    """Callers of two tenants: browsers of an owner and of a member of ours, an owner of theirs, and nobody."""

    tenant: Tenant
    other_tenant: Tenant
    owner_id: UserId
    member_id: UserId
    owner: Client
    member: Client
    viewer: Client
    foreign_owner: Client
    operator: Client
    nobody: Client


@pytest.fixture
async def callers(server: Server, two_tenants: tuple[Tenant, Tenant], make_user: Any) -> Callers:
    """People of every kind, signed in."""
    ours, theirs = two_tenants
    return Callers(
        tenant=ours,
        other_tenant=theirs,
        owner_id=ours.user_id,
        member_id=ours.other_user_id,
        owner=await server.signed_in(ours.id, ours.user_id),
        member=await server.signed_in(ours.id, ours.other_user_id),
        viewer=await server.signed_in(ours.id, await make_user(ours.id, role="viewer")),
        foreign_owner=await server.signed_in(theirs.id, theirs.user_id),
        operator=await server.signed_in(ours.id, await make_user(ours.id, role="owner", is_operator=True)),
        nobody=server.anonymous(),
    )


@pytest.fixture
async def upstream(server: Server, callers: Callers) -> AsyncIterator[Upstream]:
    """A loopback server that speaks OpenAI's protocol, connected for everybody as `openai`."""
    async with openai_upstream() as running:
        running.key = UPSTREAM_KEY
        answer = await callers.operator.put(
            "/api/providers/openai", {"api_key": UPSTREAM_KEY, "base_url": running.url, "shared": True}
        )
        assert answer.status == 200, answer.body
        running.requests.clear()
        yield running


@pytest.fixture
async def claude(server: Server, callers: Callers) -> AsyncIterator[Upstream]:
    """A loopback server that speaks Anthropic's protocol, connected for everybody as `anthropic`."""
    async with anthropic_upstream() as running:
        running.key = UPSTREAM_KEY
        answer = await callers.operator.put(
            "/api/providers/anthropic", {"api_key": UPSTREAM_KEY, "base_url": running.url, "shared": True}
        )
        assert answer.status == 200, answer.body
        running.requests.clear()
        yield running


@pytest.fixture
async def key(server: Server, tenant_ids: tuple[TenantId, UserId]) -> Client:
    """A program with an API key for inference."""
    return await server.with_key(*tenant_ids)


@pytest.fixture
async def tenant_ids(callers: Callers) -> tuple[TenantId, UserId]:
    """Our tenant and its member."""
    return callers.tenant.id, callers.member_id


@pytest.fixture(scope="session")
def aws_endpoint() -> Iterator[str]:
    """The address of a moto server. It checks no signatures and serves expired links: test neither on it."""
    from moto.server import ThreadedMotoServer

    with pytest.MonkeyPatch.context() as patch, contextlib.ExitStack() as stack:
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        stack.callback(server.stop)
        host, port = server.get_host_and_port()
        yield f"http://{host}:{port}"
