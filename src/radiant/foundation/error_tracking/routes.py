"""/api/errors: tell of errors, see them, their groups, projects and settings."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import AwareDatetime, BaseModel

from radiant.foundation.error_tracking import groups, projects, settings
from radiant.foundation.error_tracking.groups_store import GroupFilter
from radiant.foundation.error_tracking.occurrence import SEVERITIES, Severity
from radiant.foundation.error_tracking.reach import Reach, reach_of
from radiant.foundation.error_tracking.reports import Reports
from radiant.foundation.error_tracking.schemas import (
    ErrorActionRun,
    ErrorGroup,
    ErrorGroupAction,
    ErrorGroupDetail,
    ErrorLog,
    ErrorMerge,
    ErrorProject,
    ErrorProjectSettings,
    ErrorReport,
    ErrorResolution,
    ErrorSettings,
    ErrorSettingsGiven,
    ErrorSplit,
    ErrorTriage,
    NewErrorProject,
    PageReport,
    ReportedError,
    Scope,
    SimilarErrors,
    Status,
    TouchedGroups,
)
from radiant.foundation.identity.dependencies import AnyCaller, Databases, MemberCaller
from radiant.foundation.identity.requests import settings_of
from radiant.http.pages import Cursor, ItemsOf, Limit, PageOf
from radiant.kit.page import decode_cursor, encode_cursor, moment

router = APIRouter(prefix="/api/errors", tags=["errors"])

ProjectId = Annotated[int | None, Query(ge=1, lt=2**63)]
PathProject = Annotated[int, Path(ge=1, lt=2**63)]
Words = Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$")]


async def _reach(request: Request, database: Databases, caller: AnyCaller, scope: Scope = "workspace") -> Reach:
    reach = reach_of(database, caller, scope)
    # What this process was told of until now is there to see.
    await request.app.state.error_spool.flush()
    return reach


ReachOf = Annotated[Reach, Depends(_reach)]


def _reports(request: Request) -> Reports:
    return request.app.state.error_reports


def _ranked(cursor: str | None) -> tuple[int, datetime, UUID] | None:
    if cursor is None:
        return None
    rank, at, last = decode_cursor(cursor, 3)
    when, of = moment(at, last)
    return (int(rank) if rank in "0123456789" and rank else 0), when, of


class ErrorAssignee(BaseModel):
    """Who may look after a group."""

    id: UUID
    name: str
    email: str


class ErrorGroupCounts(BaseModel):
    """How many groups have each status."""

    open: int = 0
    resolved: int = 0
    regressed: int = 0
    ignored: int = 0


# --- telling ---


@router.post("", status_code=202)
async def report(request: Request, database: Databases, caller: MemberCaller, said: ErrorReport) -> ReportedError:
    """Tell of an error of a program of the workspace. Answered once it is on disk."""
    return ReportedError(id=await _reports(request).tell(database, caller, said))


@router.post("/page", status_code=202)
async def report_of_page(request: Request, caller: AnyCaller, said: PageReport) -> ReportedError:
    """What RADIANT's own page failed at, for the platform's operator."""
    return ReportedError(id=await _reports(request).tell_of_page(caller, said))


# --- errors ---


@router.get("")
async def list_errors(
    reach: ReachOf,
    resolved: bool | None = None,
    severity: Annotated[list[Severity] | None, Query()] = None,
    project_id: ProjectId = None,
    trace_id: Annotated[str | None, Query(pattern=r"^[0-9a-f]{16,32}$")] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> PageOf[ErrorLog]:
    """Errors that are not resolved (or are): the most severe first, of those the newest. Of a trace all, unless said."""
    if resolved is None and trace_id is None:
        resolved = False
    found = await groups.errors(
        reach, resolved=resolved, severities=severity, project_id=project_id, trace_id=trace_id,
        after=_ranked(cursor), limit=limit,
    )  # fmt: skip
    last = found[-1] if len(found) == limit else None
    return PageOf(
        items=[error for _, error in found],
        next=encode_cursor(str(last[0]), last[1].created_at.isoformat(), str(last[1].id)) if last else None,
    )


# --- groups ---


@router.get("/groups")
async def list_groups(
    reach: ReachOf,
    status: Annotated[list[Status] | None, Query()] = None,
    severity: Annotated[list[Severity] | None, Query()] = None,
    project_id: ProjectId = None,
    assigned_to: UUID | None = None,
    search: Words = None,
    release: Words = None,
    environment: Words = None,
    since: AwareDatetime | None = None,
    newest_first: bool = False,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> PageOf[ErrorGroup]:
    """Groups: the most severe first, of those the newest; or the newest alone."""
    of = GroupFilter(
        statuses=status, severities=severity, project_id=project_id, assigned_to=assigned_to, search=search,
        release=release, environment=environment, since=since, newest_first=newest_first,
    )  # fmt: skip
    items = await groups.groups(reach, of, _ranked(cursor), limit)
    last = items[-1] if len(items) == limit else None
    rank = 0 if newest_first or last is None else SEVERITIES.index(last.severity) + 1
    return PageOf(
        items=items, next=encode_cursor(str(rank), last.last_seen.isoformat(), str(last.id)) if last else None
    )


@router.get("/groups/counts")
async def count_groups(reach: ReachOf) -> ErrorGroupCounts:
    """How many groups have each status."""
    return ErrorGroupCounts(**await groups.counts(reach))


@router.post("/groups/triage")
async def triage(reach: ReachOf, asked: ErrorTriage) -> TouchedGroups:
    """Resolve, ignore, reopen or assign groups, all at once."""
    return TouchedGroups(groups=await groups.triage(reach, asked))


@router.post("/groups/merge")
async def merge(reach: ReachOf, asked: ErrorMerge) -> TouchedGroups:
    """Put groups into another, with all their errors, and those to come."""
    return TouchedGroups(groups=await groups.merge(reach, asked))


@router.get("/groups/{error_group_id}")
async def get_group(reach: ReachOf, error_group_id: UUID) -> ErrorGroupDetail:
    """One group with its latest error."""
    return await groups.group(reach, error_group_id)


@router.get("/groups/{error_group_id}/errors")
async def list_errors_of_group(
    reach: ReachOf, error_group_id: UUID, cursor: Cursor = None, limit: Limit = 50
) -> PageOf[ErrorLog]:
    """A group's errors, the newest first."""
    before = moment(*decode_cursor(cursor, 2)) if cursor is not None else None
    items = await groups.errors_of_group(reach, error_group_id, before, limit)
    last = items[-1] if len(items) == limit else None
    return PageOf(items=items, next=encode_cursor(last.created_at.isoformat(), str(last.id)) if last else None)


@router.get("/groups/{error_group_id}/similar")
async def list_similar(reach: ReachOf, error_group_id: UUID) -> ItemsOf[SimilarErrors]:
    """Groups that look like it."""
    return ItemsOf(items=await groups.similar(reach, error_group_id))


@router.post("/groups/{error_group_id}/split")
async def split(reach: ReachOf, error_group_id: UUID, asked: ErrorSplit) -> TouchedGroups:
    """Make groups of fingerprints that were put into this one."""
    return TouchedGroups(groups=await groups.split(reach, error_group_id, asked))


@router.put("/groups/{error_group_id}/action")
async def set_action(reach: ReachOf, error_group_id: UUID, asked: ErrorGroupAction) -> ErrorGroupDetail:
    """What is done by itself when an error of it happens."""
    return await groups.set_action(reach, error_group_id, asked)


@router.get("/assignees")
async def list_assignees(reach: ReachOf) -> ItemsOf[ErrorAssignee]:
    """Who may be assigned."""
    return ItemsOf(items=[ErrorAssignee(**dict(row)) for row in await groups.assignees(reach)])


@router.get("/actions")
async def list_actions(reach: ReachOf) -> ItemsOf[ErrorActionRun]:
    """Actions that ran by themselves, the latest first."""
    return ItemsOf(items=await groups.actions(reach))


# --- projects and settings ---


@router.get("/projects")
async def list_projects(request: Request, reach: ReachOf) -> ItemsOf[ErrorProject]:
    """Programs that send errors, with their DSNs."""
    return ItemsOf(items=await projects.projects(reach, settings_of(request).base_url))


@router.post("/projects", status_code=201)
async def make_project(request: Request, reach: ReachOf, new: NewErrorProject) -> ErrorProject:
    """A program that sends errors from now on."""
    return await projects.make_project(reach, settings_of(request).base_url, new)


@router.put("/projects/{project_id}")
async def change_project(
    request: Request, reach: ReachOf, project_id: PathProject, new: ErrorProjectSettings
) -> ErrorProject:
    """Replace what it is."""
    return await projects.change_project(reach, settings_of(request).base_url, project_id, new)


@router.post("/projects/{project_id}/key")
async def renew_key(request: Request, reach: ReachOf, project_id: PathProject) -> ErrorProject:
    """Another DSN; the old one is refused from now on."""
    return await projects.renew_key(reach, settings_of(request).base_url, project_id)


@router.delete("/projects/{project_id}", status_code=204)
async def delete_project(reach: ReachOf, project_id: PathProject) -> None:
    """A project and its errors."""
    await projects.delete_project(reach, project_id)


@router.get("/settings")
async def get_settings(request: Request, reach: ReachOf) -> ErrorSettings:
    """What else is taken out of errors, and who is told of them."""
    found = await settings.settings(reach)
    return found.model_copy(update={"mail_is_set_up": request.app.state.mailer.is_set_up})


@router.put("/settings")
async def change_settings(request: Request, reach: ReachOf, new: ErrorSettingsGiven) -> ErrorSettings:
    """Replace them."""
    found = await settings.change_settings(reach, request.app.state.kms, new)
    return found.model_copy(update={"mail_is_set_up": request.app.state.mailer.is_set_up})


# Last, so that no name above is taken for an id.


@router.get("/{error_id}")
async def get_error(reach: ReachOf, error_id: UUID) -> ErrorLog:
    """One error."""
    return await groups.error(reach, error_id)


@router.post("/{error_id}/resolve")
async def resolve_error(reach: ReachOf, error_id: UUID, said: ErrorResolution) -> ErrorLog:
    """One error is over."""
    return await groups.resolve_error(reach, error_id, said)
