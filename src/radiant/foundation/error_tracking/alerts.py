"""Tells people of errors: by mail, by a webhook, by SNS. Each way is a job of its own, tried again by itself, so none
keeps another back; what is told of and how often was decided when the error was written (`spool_store.claim_alerts`)."""

import asyncio
import time
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import msgspec
import structlog

from radiant.foundation.error_tracking import alerts_store as store
from radiant.foundation.error_tracking.settings import secret_context
from radiant.infra import aws
from radiant.infra.db import Database, Row
from radiant.infra.httpclient import HttpClient, HttpError
from radiant.infra.jobs import Job
from radiant.infra.kms import Kms, open_sealed
from radiant.infra.mail import Mailer
from radiant.kit.ids import uuid7
from radiant.kit.webhook import signature

log = structlog.get_logger()

MOST_SUBJECT = 100
_SECONDS, _MOST_ANSWER = 10.0, 64 * 2**10
_WORDS = {"critical": "CRITICAL", "new": "NEW", "regression": "REGRESSION"}


class NotTold(Exception):
    """Whoever was to be told did not take it; the job tries again."""


def subject_of(reason: str, name: str) -> str:
    """A subject that SNS takes: at most 100 printable characters of ASCII, on one line."""
    plain = unicodedata.normalize("NFKD", f"[RADIANT {_WORDS.get(reason, 'ERROR')}] {name}")
    letters = "".join(each for each in plain if not unicodedata.combining(each))
    text = " ".join("".join(each if " " <= each <= "~" else " " if each.isspace() else "?" for each in letters).split())
    return text if len(text) <= MOST_SUBJECT else text[: MOST_SUBJECT - 3] + "..."


class Alerts:
    """One per worker, made by a root."""

    def __init__(
        self, database: Database, kms: Kms, mailer: Mailer, http: HttpClient, base_url: str, *,
        aws_endpoint_url: str | None = None, allow_private: bool = False,
    ) -> None:  # fmt: skip
        self._database = database
        self._kms = kms
        self._mailer = mailer
        self._http = http
        self._base_url = base_url
        self._aws_endpoint_url = aws_endpoint_url
        self._allow_private = allow_private
        self._threads = ThreadPoolExecutor(2, thread_name_prefix="sns")
        self._clients: dict[str, Any] = {}

    async def handle(self, job: Job) -> None:
        """A job `error-alert` {group, error, reason, suppressed, channel}. Raises NotTold, MailError."""
        async with self._database.system("error alert").tx() as tx:
            group = await store.group(tx, UUID(job.ids["group"]))
            error = await store.log(tx, UUID(job.ids["error"]))
        if group is None or error is None:
            return
        told = self._document(group, error, job.ids["reason"], int(job.ids.get("suppressed", "0")))
        send = {"email": self._mail, "webhook": self._call, "sns": self._publish}[job.ids["channel"]]
        await send(group, told)
        log.info("errors.told", group=str(group["id"]), channel=job.ids["channel"], reason=job.ids["reason"])

    def _document(self, group: Row, error: Row, reason: str, suppressed: int) -> dict[str, Any]:
        return {
            "event": "error.alert",
            "reason": reason,
            "errorId": str(error["id"]),
            "groupId": str(group["id"]),
            "name": group["pattern_name"],
            "severity": error["severity"],
            "code": error["error_code"],
            "message": error["error_message"],
            "service": error["source_service"],
            "function": error["source_function"],
            "tenantId": str(error["tenant_id"]) if error["tenant_id"] else None,
            "release": error["release"],
            "environment": error["environment"],
            "occurrences": group["occurrence_count"],
            "keptBack": suppressed,
            "timestamp": error["created_at"].isoformat(),
            "url": f"{self._base_url}/settings/errors?group={group['id']}"
            + ("" if group["tenant_id"] else "&scope=platform"),
        }

    async def _mail(self, group: Row, told: dict[str, Any]) -> None:
        if not self._mailer.is_set_up:
            log.warning("errors.no_mail", group=str(group["id"]))
            return
        async with self._database.system("error alert").tx() as tx:
            readers = await store.readers(tx, group["tenant_id"], list(group["alert_emails"]))
        failed: Exception | None = None
        for reader in readers:
            try:
                await self._mailer.send(reader, subject_of(told["reason"], told["name"]), _letter(told))
            except Exception as error:  # noqa: BLE001 - one address that is refused keeps no other from hearing of it
                failed = error
        if failed is not None:
            raise NotTold(f"mail: {failed}") from failed

    async def _call(self, group: Row, told: dict[str, Any]) -> None:
        if group["alert_webhook"]:
            await self.post(group, group["alert_webhook"], told)

    async def post(self, group: Row, url: str, document: dict[str, Any]) -> None:
        """Call a webhook, signed by the owner's secret. Raises NotTold."""
        body = msgspec.json.encode(document | {"id": str(uuid7())})
        headers = {"Content-Type": "application/json"}
        if group["webhook_secret"]:
            secret = await open_sealed(self._kms, group["webhook_secret"], secret_context(group["owner_id"]))
            headers["X-Radiant-Signature"] = signature(secret.decode(), int(time.time()), body)
        # Inner addresses are the operator's to call, and nobody else's.
        inner = self._allow_private or group["tenant_id"] is None
        try:
            async with asyncio.timeout(_SECONDS):
                response = await self._http.request(
                    "POST", url, headers=headers, body=body, first=_SECONDS, allow_private=inner
                )
                try:
                    await response.read(_MOST_ANSWER)
                finally:
                    response.close()
        except (HttpError, TimeoutError) as error:
            raise NotTold(f"webhook: {str(error) or 'no answer in time'}") from error
        if not 200 <= response.status < 300:
            raise NotTold(f"webhook: it answered {response.status}")

    async def _publish(self, group: Row, told: dict[str, Any]) -> None:
        arn = group["alert_topic_arn"]
        if arn:
            await asyncio.get_running_loop().run_in_executor(self._threads, self._publish_blocking, arn, told)

    def _publish_blocking(self, arn: str, told: dict[str, Any]) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        region = arn.split(":")[3]
        try:
            if region not in self._clients:
                self._clients[region] = aws.client("sns", region, self._aws_endpoint_url)
            self._clients[region].publish(
                TopicArn=arn,
                Subject=subject_of(told["reason"], told["name"]),
                Message=msgspec.json.encode(told).decode(),
            )
        except (BotoCoreError, ClientError) as error:
            raise NotTold(f"sns: {error}") from error

    def close(self) -> None:
        """Let go of the threads."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _letter(told: dict[str, Any]) -> str:
    lines = [
        told["message"][:2000], "", f"Severity: {told['severity']}", f"Code: {told['code']}",
        f"Where: {told['service'] or '?'} {told['function'] or ''}".rstrip(), f"Happened: {told['occurrences']} times",
        f"At: {told['timestamp']}",
    ]  # fmt: skip
    if told["release"]:
        lines.append(f"Release: {told['release']}")
    if told["keptBack"]:
        lines.append(f"Not told of since the last time: {told['keptBack']}")
    return "\n".join([*lines, "", told["url"], ""])
