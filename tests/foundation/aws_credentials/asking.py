"""A process that assumes a role ten times at once, and says which keys it got.

`python -m tests.foundation.aws_credentials.asking APP_DSN SYSTEM_DSN ENDPOINT TENANT USER ROLE`.
"""

import asyncio
import sys
from uuid import UUID

import structlog

from radiant.foundation.aws_credentials.calls import Aws
from radiant.foundation.aws_credentials.schemas import AssumeAsked
from radiant.foundation.aws_credentials.service import AwsCredentials
from radiant.foundation.aws_credentials.sessions import Sessions
from radiant.foundation.credentials.access_log import AccessLog
from radiant.foundation.credentials.actor import Actor
from radiant.foundation.credentials.service import Credentials
from radiant.infra.db import open_database
from radiant.infra.kms import LocalKms
from radiant.kit.ids import TenantId, UserId
from tests.foundation.aws_credentials.kit import KMS_KEY


async def main(app: str, system: str, endpoint: str, tenant: str, user: str, role: str) -> None:
    """Ask, and say."""
    database, kms, aws = await open_database(app, system, max_size=4), LocalKms(KMS_KEY), Aws(endpoint)
    log = AccessLog(database, kms)
    sessions = Sessions(database, kms, aws)
    service = AwsCredentials(database, Credentials(database, kms, log), log, aws, sessions)
    actor = Actor(TenantId(UUID(tenant)), "user", UserId(UUID(user)))
    asked = AssumeAsked(session_name="shared")
    given = await asyncio.gather(*(service.assume_deployment_role(actor, UUID(role), asked) for _ in range(10)))
    print(*(assumed.keys.access_key_id for assumed in given))
    aws.close()
    await database.close()


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    asyncio.run(main(*sys.argv[1:]))
