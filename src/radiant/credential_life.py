"""What happens to credentials by itself, made by the roots: rotations, mirrors, warnings, the leak check."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from radiant.ai.policies.logs_texts import RequestLogTexts
from radiant.foundation.credentials import mirrors, rotations, warnings
from radiant.foundation.credentials.leaks import LeakCheck
from radiant.foundation.credentials.mirrors import SecretsMirrors
from radiant.foundation.credentials.postgres import PostgresRotator
from radiant.foundation.credentials.rotations import Rotations, Tell
from radiant.foundation.credentials.rotators import Rotators
from radiant.foundation.credentials.secrets_manager import SecretsManager
from radiant.foundation.credentials.warnings import Warnings
from radiant.foundation.credentials.webhook import WebhookRotator
from radiant.foundation.error_tracking.capture import finished
from radiant.foundation.error_tracking.occurrence import Occurrence
from radiant.foundation.error_tracking.scrub import Scrubber
from radiant.foundation.error_tracking.spool import Spool
from radiant.foundation.error_tracking.texts import ErrorTexts
from radiant.infra.http1.addresses import Resolver
from radiant.infra.httpclient import HttpClient
from radiant.infra.jobs import Registry
from radiant.infra.mail import Mailer
from radiant.kit.ids import TenantId, uuid7
from radiant.runtime import Runtime
from radiant.vault import Vault

_SCRUBBER = Scrubber()
# What is only looked at within seconds is no job: one that waits for its turn behind others would come late.
_TICK_SECONDS, _LOOK_SECONDS, _WARN_SECONDS = 15.0, 2.0, 600.0


def make_rotators(http: HttpClient, resolver: Resolver) -> Rotators:
    """Those that are built in."""
    return {"postgres": PostgresRotator(resolver), "webhook": WebhookRotator(http)}


def teller(spool: Spool) -> Tell:
    """Alerts are errors of the workspace, so that they reach people by its ways: mail, webhook, SNS."""

    async def tell(tenant_id: TenantId, credential_id: UUID, kind: str, text: str) -> None:
        leaked = kind == "credential-leaked"
        kept = Occurrence(
            id=uuid7(), at=time.time(), message=text, type=kind.replace("-", " ").title().replace(" ", ""), code=kind,
            severity="critical" if leaked else "error", tenant_id=tenant_id, service="vault", function=kind,
            given_fingerprint=[kind, str(credential_id)],
        )  # fmt: skip
        await spool.accept([finished(kept, _SCRUBBER)])

    return tell


@dataclass(frozen=True, slots=True)
class WorkOfLife:
    """What a worker does for credentials."""

    rotations: Rotations
    mirrors: SecretsMirrors
    warnings: Warnings
    leaks: LeakCheck

    def register(self, jobs: Registry) -> None:
        """Serve its jobs."""
        jobs.handle(
            rotations.ROTATE, self.rotations.rotate, attempts=rotations.ATTEMPTS, timeout=rotations.TIMEOUT,
            concurrency=4, gave_up=self.rotations.gave_up,
        )  # fmt: skip
        jobs.handle(
            rotations.RETIRE, self.rotations.retire, attempts=rotations.ATTEMPTS, timeout=rotations.TIMEOUT,
            concurrency=4, gave_up=self.rotations.retirement_gave_up,
        )  # fmt: skip
        jobs.handle(mirrors.PUSH, self.mirrors.push, timeout=120, concurrency=4)
        jobs.handle(warnings.WARN, self.warnings.handle, timeout=120, concurrency=2)

    def periodic(self) -> list[tuple[float, str, Callable[[], Awaitable[object]]]]:
        """What it does every so many seconds."""
        return [
            (_TICK_SECONDS, "credential rotations", self.rotations.tick),
            (_TICK_SECONDS, "credential mirrors", self.mirrors.tick),
            (_WARN_SECONDS, "credential warnings", self.warnings.tick),
            (_LOOK_SECONDS, "leak check", self.leaks.look),
        ]


def make_work(runtime: Runtime, vault: Vault, http: HttpClient, manager: SecretsManager, mailer: Mailer, spool: Spool) -> WorkOfLife:  # fmt: skip
    """For a worker."""
    database, tell = runtime.database, teller(spool)
    sources = {"error_logs": ErrorTexts(), "request_logs": RequestLogTexts()}
    return WorkOfLife(
        rotations=Rotations(database, vault.credentials, vault.log, make_rotators(http, Resolver()), tell=tell),
        mirrors=SecretsMirrors(database, vault.credentials, vault.log, manager, tell=tell),
        warnings=Warnings(database, mailer, runtime.settings.base_url),
        leaks=LeakCheck(database, vault.fingerprints, vault.log, sources, tell),
    )
