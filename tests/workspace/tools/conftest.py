"""The application as these tests need it: loopback is listed by its operator, and so are programs that speak MCP."""

import sys
from collections.abc import AsyncIterator

import pytest

from radiant.infra.db import Database
from tests.kit.fixtures import models_root
from tests.kit.postgres import Dsns
from tests.kit.server import Server, serving

PROGRAMS = {
    kind: [sys.executable, "-m", "tests.workspace.tools.program", kind]
    for kind in ("good", "silent", "noise", "long", "dies", "answers_and_dies")
} | {"absent": ["/nowhere/at/all"]}  # fmt: skip


@pytest.fixture(scope="session")
async def _server(_database: Database, dsns: Dsns, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    async with serving(
        _database, dsns, tmp_path_factory.mktemp("server"), models_root(),
        tool_inner_hosts=["127.0.0.1:*"], tool_servers=PROGRAMS,
    ) as server:  # fmt: skip
        yield server
