"""A process that calls models through a Meter as fast as it can, says on stdout what it did, and is killed.

`python -m tests.foundation.usage.dying APP_DSN SYSTEM_DSN FOLDER TENANT USER`; lines: "a ID" before a call would go
upstream, "f ID COST" before its end is noted and "d ID" after; "n" before an event is noted and "m" after.
"""

import asyncio
import os
import random
import socket
import sys
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import structlog

from radiant.foundation.usage.bounds import BudgetExceeded
from radiant.foundation.usage.meter import Meter
from radiant.foundation.usage.noted import REQUESTS
from radiant.foundation.usage.schemas import NewCall, Outcome
from radiant.infra.changes import Changes
from radiant.infra.db import open_database
from radiant.kit.ids import TenantId, UserId

# By this its journal is told from others'.
socket.gethostname = lambda: "dying"


def say(line: str) -> None:
    """One write, so that a line is whole or absent."""
    os.write(1, line.encode() + b"\n")


async def call(meter: Meter, tenant: TenantId, user: UserId) -> None:
    """One call after another, for ever."""
    while True:
        new = NewCall(user_id=user, provider="openai", model="gpt-4o", reserved=Decimal("0.01"), tags={"a": "b"})
        try:
            ticket = await meter.admit(tenant, new)
        except BudgetExceeded:
            await asyncio.sleep(0.01)
            continue
        say(f"a {ticket.id}")
        await asyncio.sleep(random.random() * 0.02)
        cost = Decimal(random.randrange(0, 10_000_000)).scaleb(-9)
        say(f"f {ticket.id} {cost}")
        ticket.finish(Outcome(cost=cost, input_tokens=1, output_tokens=2))
        say(f"d {ticket.id}")
        say("n")
        await meter.note(tenant, REQUESTS, {"what": "GET /api/chats", "result": random.choice("24")}, user)
        say("m")


async def main(app: str, system: str, folder: str, tenant: str, user: str) -> None:
    """Until killed."""
    database = await open_database(app, system, max_size=4)
    async with Meter(database, Path(folder), Changes.never(), every=0.05, segment_bytes=256 * 1024) as meter:
        say("ready")
        await asyncio.gather(*(call(meter, TenantId(UUID(tenant)), UserId(UUID(user))) for _ in range(16)))


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    asyncio.run(main(*sys.argv[1:]))
