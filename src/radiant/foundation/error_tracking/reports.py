"""Errors that are told to /api/errors: by programs without an SDK, and by RADIANT's own page."""

import time
from uuid import UUID

from radiant.foundation.error_tracking import projects_store
from radiant.foundation.error_tracking.capture import finished
from radiant.foundation.error_tracking.known import Known
from radiant.foundation.error_tracking.occurrence import Frame, Occurrence, Raised, affected_by
from radiant.foundation.error_tracking.per_minute import PerMinute
from radiant.foundation.error_tracking.schemas import ErrorReport, PageReport
from radiant.foundation.error_tracking.scrub import Scrubber
from radiant.foundation.error_tracking.spool import Spool
from radiant.foundation.identity.callers import Caller
from radiant.infra.db import Database
from radiant.kit.errors import Invalid, TooManyRequests
from radiant.kit.ids import uuid7

_SCRUBBER = Scrubber()
PAGE_REPORTS_A_MINUTE, REPORTS_A_MINUTE = 30, 600


class TooManyReports(TooManyRequests):
    """A caller tells of more errors than are taken in a minute."""

    slug = "too-many-errors"


class Reports:
    """One per process, made by a root."""

    def __init__(self, spool: Spool, known: Known) -> None:
        self._spool = spool
        self._known = known
        self._rates = PerMinute()

    def _admit(self, who: UUID, most: int) -> None:
        if wait := self._rates.wait(who, 1, most):
            raise TooManyReports(f"{most} errors a minute are taken from you; wait", headers={"Retry-After": str(wait)})

    async def tell(self, database: Database, caller: Caller, said: ErrorReport) -> UUID:
        """Take a workspace's error; its id. Raises TooManyReports, SpoolFull, Unavailable, Invalid."""
        if said.project_id is not None:
            async with caller.db(database).tx() as tx:
                if not await projects_store.exists(tx, caller.tenant_id, said.project_id):
                    raise Invalid("project_id: there is no such project")
        self._admit(caller.tenant_id, REPORTS_A_MINUTE)
        scrubber = await self._known.scrubber(caller.tenant_id)
        kept = _occurrence(caller, said)
        await self._spool.accept([finished(kept, scrubber)])
        return kept.id

    async def tell_of_page(self, caller: Caller, said: PageReport) -> UUID:
        """Take what the page failed at, for the platform's operator. Raises TooManyReports, SpoolFull."""
        self._admit(caller.user_id, PAGE_REPORTS_A_MINUTE)
        frames = frames_of_text(said.stack_trace)
        kept = Occurrence(
            id=uuid7(), at=time.time(), message=said.message, type=said.type or "Error", tenant_id=caller.tenant_id,
            user_id=caller.user_id, of_platform=True, service="page", function=said.route.partition("?")[0][:200],
            release=said.release, stack=said.stack_trace, request_id=caller.request_id,
            chain=[Raised(type=said.type or "Error", message=said.message, frames=frames)] if frames else [],
            affected=affected_by(None, str(caller.user_id)),
        )  # fmt: skip
        await self._spool.accept([finished(kept, _SCRUBBER)])
        return kept.id


def _occurrence(caller: Caller, said: ErrorReport) -> Occurrence:
    frames = [
        Frame(
            function=each.function, module=each.module, file=each.file, number=each.number, in_app=each.in_app,
            line=each.line,
        )
        for each in said.frames
    ]  # fmt: skip
    return Occurrence(
        id=uuid7(), at=time.time(), message=said.message, type=said.type or "Error", code=said.code,
        severity=said.severity, tenant_id=caller.tenant_id, user_id=caller.user_id, project_id=said.project_id,
        event_id=said.event_id, chain=[Raised(type=said.type or "Error", message=said.message, frames=frames)] if frames else [],
        stack=said.stack_trace, tags=said.tags, contexts={"context": said.context} if said.context else {},
        trace_id=said.trace_id, request_id=said.request_id, service=said.source_service, function=said.source_function,
        release=said.release, environment=said.environment, given_fingerprint=said.fingerprint,
        affected=affected_by(said.project_id, said.user) if said.user else b"",
    )  # fmt: skip


def frames_of_text(stack: str) -> list[Frame]:
    """Frames of a stack as browsers write it (V8's and Firefox's forms), the last call last."""
    frames: list[Frame] = []
    for line in stack.splitlines()[:100]:
        text = line.strip()
        if text.startswith("at "):
            head, _, place = text[3:].rpartition("(")
            place = place.rstrip(")")
            function = head.strip()
            if not place or not head:
                function, place = "", text[3:]
        elif "@" in text and ":" in text:
            function, _, place = text.partition("@")
        else:
            continue
        file, number, column = _place(place)
        if file:
            frames.append(
                Frame(
                    function=function,
                    file=file,
                    number=number,
                    column=column,
                    in_app="/assets/" in file or "/src/" in file,
                )
            )
    return frames[::-1]


def _place(place: str) -> tuple[str, int | None, int | None]:
    parts = place.rsplit(":", 2)
    if len(parts) == 3 and parts[1].isdigit() and parts[2].isdigit():
        return parts[0], int(parts[1][:9]), int(parts[2][:9])
    return place, None, None
