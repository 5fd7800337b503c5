"""A worker that drives a rotation and kills itself at the nth moment: before or after a call of AWS or of the vault.

`python -m tests.foundation.aws_credentials.dying APP_DSN SYSTEM_DSN ENDPOINT TENANT ROTATION N`; it says "ended" where
there is no such moment any more.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import structlog

from radiant.foundation.aws_credentials.calls import Aws
from radiant.foundation.aws_credentials.rotating import Rotating
from radiant.foundation.aws_credentials.service import AwsCredentials
from radiant.foundation.aws_credentials.sessions import Sessions
from radiant.foundation.credentials.access_log import AccessLog
from radiant.foundation.credentials.service import Credentials
from radiant.infra.db import open_database
from radiant.infra.kms import LocalKms
from radiant.kit.ids import TenantId
from tests.foundation.aws_credentials.kit import HASTE, KMS_KEY, Clock


class Fate:
    """Counts moments, and ends at the one that was meant."""

    def __init__(self, moment: int) -> None:
        self.left = moment

    def moment(self, name: str) -> None:
        """One more."""
        self.left -= 1
        if self.left == 0:
            os.write(1, f"died {name}\n".encode())
            os.kill(os.getpid(), signal.SIGKILL)

    def over(self, subject: Any, *names: str) -> None:
        """Each call of these is a moment before and one after."""
        for name in names:
            setattr(subject, name, self._around(name, getattr(subject, name)))

    def _around(self, name: str, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def around(*args: Any, **named: Any) -> Any:
            self.moment(f"before {name}")
            answer = await call(*args, **named)
            self.moment(f"after {name}")
            return answer

        return around


async def main(app: str, system: str, endpoint: str, tenant: str, rotation: str, moment: str) -> None:
    """Until dead, or done."""
    database, kms, aws, fate = (
        await open_database(app, system, max_size=4),
        LocalKms(KMS_KEY),
        Aws(endpoint),
        Fate(int(moment)),
    )
    log = AccessLog(database, kms)
    vault = Credentials(database, kms, log)
    service = AwsCredentials(database, vault, log, aws, Sessions(database, kms, aws))
    fate.over(
        aws, "caller_identity", "access_keys", "create_access_key", "set_key_active", "delete_access_key", "last_used"
    )
    fate.over(vault, "add_version", "promote", "roll_back", "discard_pending")
    clock = Clock()
    rotating = Rotating(database, vault, service, aws, pace=HASTE, clock=clock, sleep=clock.sleep)
    await rotating.advance(TenantId(UUID(tenant)), UUID(rotation))
    print("ended")
    aws.close()
    await database.close()


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    asyncio.run(main(*sys.argv[1:]))
