"""Tells managers before a credential expires (30, 7, 1 days before, and then), and of a rotation that waits for them.

Each of these is told once: a job for each, which notes it in the audit trail and mails it where mail is set up.
"""

from datetime import datetime
from uuid import UUID

import structlog

from radiant.foundation.credentials import warnings_store as store
from radiant.foundation.identity import trail
from radiant.infra.db import Database
from radiant.infra.jobs import Job, enqueue_each_for_platform
from radiant.infra.mail import Mailer, MailError
from radiant.kit.ids import TenantId

log = structlog.get_logger()

WARN = "credential-warning"
DAYS = (30, 7, 1, 0)
_AT_ONCE = 200


class NotMailed(Exception):
    """Somebody was not reached; the job tries again."""


class Warnings:
    """One per worker, made by a root."""

    def __init__(self, database: Database, mailer: Mailer, base_url: str) -> None:
        self._database = database
        self._mailer = mailer
        self._base_url = base_url

    async def tick(self) -> None:
        """Enqueue what is to be told."""
        async with self._database.system("credential warnings").tx() as tx:
            due = await store.claim(tx, list(DAYS), _AT_ONCE)
            await enqueue_each_for_platform(tx, WARN, [
                {
                    "tenant": row["tenant_id"], "credential": row["credential_id"], "kind": row["kind"],
                    "at": row["at"].isoformat(), "days": row["days"],
                }
                for row in due
            ])  # fmt: skip

    async def handle(self, job: Job) -> None:
        """A job {tenant, credential, kind, at, days}. Raises NotMailed."""
        tenant_id, credential_id = TenantId(UUID(job.ids["tenant"])), UUID(job.ids["credential"])
        at, days = datetime.fromisoformat(job.ids["at"]), int(job.ids["days"])
        async with self._database.system("credential warnings").tx() as tx:
            credential = await store.credential(tx, tenant_id, credential_id)
            readers = await store.managers(tx, tenant_id, credential_id)
            if credential is None:
                return
            if job.attempt == 1:
                await trail.record_system(
                    tx, tenant_id, _ACTIONS[job.ids["kind"]], target=("credential", credential_id), at=at.isoformat(),
                    days=days,
                )  # fmt: skip
        if not self._mailer.is_set_up:
            return
        name = f"{credential['vault_name']}/{credential['credential_name']}"
        subject, text = _letter(job.ids["kind"], name, at, days)
        link = f"{self._base_url}/settings/vault?credential={credential_id}"
        failed: MailError | None = None
        for reader in readers:
            try:
                await self._mailer.send(reader, f"[RADIANT] {subject}", f"{text}\n\n{link}\n")
            except MailError as error:
                failed = error
        if failed is not None:
            raise NotMailed(str(failed)) from failed


_ACTIONS = {"expiry": "credential.expires", "rotation": "credential.rotation_due"}


def _letter(kind: str, name: str, at: datetime, days: int) -> tuple[str, str]:
    day = f"{at:%Y-%m-%d %H:%M} UTC"
    if kind == "rotation":
        return f"{name} is due to be rotated", f"The credential {name} was to be rotated by {day}, and nothing rotates it by itself: store a new version."  # fmt: skip
    if days == 0:
        return f"{name} has expired", f"The credential {name} expired at {day} and is served no more: rotate it, or set a later expiry."  # fmt: skip
    return f"{name} expires in {days} {'day' if days == 1 else 'days'}", f"The credential {name} expires at {day} and is not served after that: rotate it before."  # fmt: skip
