"""AWS's parts, made together by each root that needs them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from radiant.foundation.aws_credentials import rotations
from radiant.foundation.aws_credentials.calls import Aws
from radiant.foundation.aws_credentials.rotating import Rotating
from radiant.foundation.aws_credentials.rotations import Rotations
from radiant.foundation.aws_credentials.service import AwsCredentials
from radiant.foundation.aws_credentials.sessions import Sessions
from radiant.infra.jobs import Registry
from radiant.runtime import Runtime
from radiant.vault import Vault


@dataclass(frozen=True, slots=True)
class AwsParts:
    """One of each, a process."""

    calls: Aws
    service: AwsCredentials
    rotations: Rotations
    rotating: Rotating

    def register(self, jobs: Registry) -> None:
        """Serve its jobs, in a worker."""
        jobs.handle(rotations.JOB, self.rotating.handle, timeout=900, gave_up=self.rotating.gave_up)

    def periodic(self) -> list[tuple[float, str, Callable[[], Awaitable[object]]]]:
        """What a worker does every so many seconds."""
        return [
            (30, "aws key rotations", self.rotating.resume_overdue),
            (600, "due aws key rotations", self.rotations.start_due),
        ]


def make_aws(runtime: Runtime, vault: Vault) -> AwsParts:
    """Over the runtime's database and keys, and the vault."""
    database = runtime.database
    calls = Aws(runtime.settings.aws_endpoint_url)
    sessions = Sessions(database, runtime.kms, calls)
    service = AwsCredentials(database, vault.credentials, vault.log, calls, sessions)
    return AwsParts(
        calls=calls,
        service=service,
        rotations=Rotations(database, service, calls),
        rotating=Rotating(database, vault.credentials, service, calls),
    )
