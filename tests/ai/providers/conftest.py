"""An HTTP client and upstreams of both protocols, for tests of providers."""

from collections.abc import AsyncIterator

import pytest

from radiant.infra.httpclient import HttpClient
from tests.kit.upstream import Upstream, anthropic_upstream, openai_upstream


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    async with HttpClient(connect_timeout=2.0) as client:
        yield client


@pytest.fixture
async def openai_server() -> AsyncIterator[Upstream]:
    async with openai_upstream() as upstream:
        yield upstream


@pytest.fixture
async def anthropic_server() -> AsyncIterator[Upstream]:
    async with anthropic_upstream() as upstream:
        yield upstream
