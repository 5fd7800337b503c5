"""A house before moto for each test."""

from collections.abc import AsyncIterator

import pytest

from radiant.infra.db import Database
from tests.foundation.aws_credentials.kit import House, house
from tests.kit.people import Tenant


@pytest.fixture
async def home(db: Database, tenant: Tenant, aws_endpoint: str) -> AsyncIterator[House]:
    async with house(db, tenant, aws_endpoint) as made:
        yield made
