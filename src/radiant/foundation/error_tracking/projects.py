"""Projects as admins see and change them."""

import secrets
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from radiant.foundation.error_tracking import projects_store as store
from radiant.foundation.error_tracking.reach import Reach
from radiant.foundation.error_tracking.schemas import ErrorProject, ErrorProjectSettings, NewErrorProject
from radiant.foundation.identity import trail
from radiant.infra.db import Row
from radiant.kit.errors import Conflict, NotFound

MOST_PROJECTS = 200


class ProjectSlugTaken(Conflict):
    """Another project has that short name."""

    slug = "project-slug-taken"


class TooManyProjects(Conflict):
    """The workspace has as many as there may be."""

    slug = "too-many-projects"


def dsn_of(base_url: str, public_key: str, project_id: int) -> str:
    """What an SDK is given."""
    parts = urlsplit(base_url)
    return urlunsplit((parts.scheme, f"{public_key}@{parts.netloc}", f"{parts.path.rstrip('/')}/{project_id}", "", ""))


def _project(row: Row, base_url: str) -> ErrorProject:
    return ErrorProject(
        **{name: row[name] for name in ErrorProject.model_fields if name != "dsn"},
        dsn=dsn_of(base_url, row["public_key"], row["id"]),
    )


async def projects(reach: Reach, base_url: str) -> list[ErrorProject]:
    """All of them."""
    async with reach.db.tx() as tx:
        return [_project(row, base_url) for row in await store.projects(tx, reach.owner_id)]


async def _one(reach: Reach, base_url: str, project_id: int) -> ErrorProject:
    found = [project for project in await projects(reach, base_url) if project.id == project_id]
    if not found:
        raise NotFound("there is no such project")
    return found[0]


async def make_project(reach: Reach, base_url: str, new: NewErrorProject) -> ErrorProject:
    """Raises ProjectSlugTaken, TooManyProjects."""
    async with reach.db.tx() as tx:
        if len(await store.projects(tx, reach.owner_id)) >= MOST_PROJECTS:
            raise TooManyProjects(f"there may be {MOST_PROJECTS} projects; delete one first")
        project_id = await store.insert(tx, reach.tenant_id, new, secrets.token_hex(16))
        if project_id is None:
            raise ProjectSlugTaken(f"slug: there is a project {new.slug!r} already")
        await trail.record(
            tx, reach.caller, "error_project.made", target=("error_project", project_id), **new.model_dump(mode="json")
        )
    return await _one(reach, base_url, project_id)


async def change_project(reach: Reach, base_url: str, project_id: int, new: ErrorProjectSettings) -> ErrorProject:
    """Raises NotFound, ProjectSlugTaken."""
    try:
        async with reach.db.tx() as tx:
            if not await store.update(tx, reach.owner_id, project_id, new):
                raise NotFound("there is no such project")
            await trail.record(
                tx, reach.caller, "error_project.changed", target=("error_project", project_id),
                **new.model_dump(mode="json"),
            )  # fmt: skip
    except asyncpg.UniqueViolationError as error:
        raise ProjectSlugTaken(f"slug: there is a project {new.slug!r} already") from error
    return await _one(reach, base_url, project_id)


async def renew_key(reach: Reach, base_url: str, project_id: int) -> ErrorProject:
    """Another DSN; the old one is refused from now on. Raises NotFound."""
    async with reach.db.tx() as tx:
        if not await store.set_key(tx, reach.owner_id, project_id, secrets.token_hex(16)):
            raise NotFound("there is no such project")
        await trail.record(tx, reach.caller, "error_project.key_renewed", target=("error_project", project_id))
    return await _one(reach, base_url, project_id)


async def delete_project(reach: Reach, project_id: int) -> None:
    """It and its errors. Raises NotFound."""
    async with reach.db.tx() as tx:
        if not await store.delete(tx, reach.owner_id, project_id):
            raise NotFound("there is no such project")
        await trail.record(tx, reach.caller, "error_project.deleted", target=("error_project", project_id))
