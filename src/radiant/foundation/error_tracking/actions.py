"""What is done by itself when an error of a group happens: off unless the settings and the group both enable it, at
most so often an hour, each run noted in error_actions and in the audit trail (F14.3)."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog

from radiant.foundation.error_tracking import alerts_store as store
from radiant.foundation.error_tracking.alerts import Alerts
from radiant.foundation.error_tracking.schemas import ActionKind, ErrorAction
from radiant.foundation.identity import trail
from radiant.infra.db import Database, Row
from radiant.infra.jobs import Job
from radiant.kit.ids import TenantId

log = structlog.get_logger()

_WITHIN = timedelta(hours=1)

# Does the thing; what came of it in words. Raises CannotAct. `tags`: of the error that it is done for.
Act = Callable[[ErrorAction, Mapping[str, str]], Awaitable[str]]


class CannotAct(Exception):
    """The action cannot be done; the text says why."""


class Actions:
    """One per worker, made by a root, which fills in what lies above this slice."""

    def __init__(self, database: Database, alerts: Alerts, acts: Mapping[ActionKind, Act]) -> None:
        self._database = database
        self._alerts = alerts
        self._acts = acts

    async def handle(self, job: Job) -> None:
        """A job `error-action` {group}."""
        async with self._database.system("error action").tx() as tx:
            group = await store.group(tx, UUID(job.ids["group"]))
            if group is None or not (group["actions_enabled"] and group["auto_resolve_enabled"]):
                return
            error = await store.latest_log(tx, group["owner_id"], group["id"])
            action = ErrorAction.model_validate(group["auto_resolve_action"])
            if error is None:
                return
            action_id = await store.begin_action(
                tx, group["tenant_id"], group["owner_id"], group["id"], group["auto_resolve_action"],
                action.most_per_hour, _WITHIN,
            )  # fmt: skip
        if action_id is None:
            log.info("errors.action_bounded", group=str(group["id"]), most_per_hour=action.most_per_hour)
            return
        succeeded, detail = await self._act(action, group, error)
        async with self._database.system("error action").tx() as tx:
            await store.end_action(tx, action_id, succeeded, detail[:2000])
            await trail.record_system(
                tx, TenantId(group["tenant_id"]) if group["tenant_id"] else None, "error_group.acted",
                target=("error_group", group["id"]), kind=action.kind, succeeded=succeeded, detail=detail[:500],
            )  # fmt: skip

    async def _act(self, action: ErrorAction, group: Row, error: Row) -> tuple[bool, str]:
        try:
            if action.kind == "webhook":
                return True, await self._call(group, error)
            # Only the platform's own groups reach what serves every tenant.
            act = self._acts.get(action.kind) if group["tenant_id"] is None else None
            if act is None:
                return False, f"{action.kind} cannot be done here"
            context: dict[str, Any] = error["context"] or {}
            return True, await act(action, context.get("tags", {}))
        except CannotAct as failed:
            return False, str(failed)
        except Exception as failed:  # noqa: BLE001 - whatever an action raises, it is noted
            log.warning("errors.action_failed", group=str(group["id"]), kind=action.kind, error=repr(failed))
            return False, f"{type(failed).__name__}: {failed}"

    async def _call(self, group: Row, error: Row) -> str:
        if not group["alert_webhook"]:
            raise CannotAct("no webhook is set in the settings")
        document: dict[str, Any] = {
            "event": "error.action", "groupId": str(group["id"]), "errorId": str(error["id"]),
            "name": group["pattern_name"], "code": error["error_code"], "message": error["error_message"],
            "occurrences": group["occurrence_count"], "timestamp": error["created_at"].isoformat(),
        }  # fmt: skip
        await self._alerts.post(group, group["alert_webhook"], document)
        return "the webhook took it"
