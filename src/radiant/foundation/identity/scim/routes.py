"""/scim/v2, in SCIM's own form, for identity providers; and /api/scim, where owners make their token."""

from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Annotated, Any

import asyncpg
import msgspec
from fastapi import APIRouter, Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel

from radiant.foundation.identity.dependencies import AdminCaller, Databases
from radiant.foundation.identity.requests import database_of, origin_of
from radiant.foundation.identity.scim import documents, errors, resources, tokens
from radiant.foundation.identity.scim.errors import BadSyntax, BadValue, ScimNotFound
from radiant.foundation.identity.scim.groups import ScimGroups
from radiant.foundation.identity.scim.people import ScimPeople, id_of
from radiant.foundation.identity.scim.tokens import Provisioner
from radiant.kit.errors import Problem

_MEDIA = "application/scim+json"
_PAGE = 100


def _answer(body: Any, status: int = 200, **headers: str) -> Response:
    return Response(msgspec.json.encode(body, enc_hook=str), status, headers=headers, media_type=_MEDIA)


class _ScimRoute(APIRoute):
    """Tells every failure that is expected as SCIM does."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with its problems caught."""
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except Problem as problem:
                body = errors.body_of(problem)
                return _answer(body, int(body["status"]), **problem.headers)
            except (RequestValidationError, asyncpg.CharacterNotInRepertoireError):
                return _answer(errors.body_of(BadValue("a parameter cannot be used")), 400)

        return handled


router = APIRouter(prefix="/scim/v2", route_class=_ScimRoute, include_in_schema=False)
settings_router = APIRouter(prefix="/api/scim", tags=["scim"])


async def _provisioner(request: Request) -> Provisioner:
    return await tokens.verify(database_of(request), request.headers.get("authorization", ""), origin_of(request))


def _people(request: Request) -> ScimPeople:
    return request.app.state.scim_people


def _groups(request: Request) -> ScimGroups:
    return request.app.state.scim_groups


By = Annotated[Provisioner, Depends(_provisioner)]
People = Annotated[ScimPeople, Depends(_people)]
Groups = Annotated[ScimGroups, Depends(_groups)]


async def _body(request: Request) -> object:
    try:
        return msgspec.json.decode(await request.body())
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadSyntax("the body is not JSON") from error


def _base(request: Request) -> str:
    return request.app.state.settings.base_url + "/scim/v2"


def _number(request: Request, name: str, default: int, least: int, most: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    if not text.lstrip("-").isdecimal() or len(text) > 9:
        raise BadValue(f"{name}: a whole number is needed")
    return min(max(int(text), least), most)


def _list(found: tuple[int, list[dict[str, Any]]], start: int, request: Request) -> Response:
    total, items = found
    return _answer(
        {
            "schemas": [resources.LIST],
            "totalResults": total,
            "startIndex": start,
            "itemsPerPage": len(items),
            "Resources": [_only(item, request) for item in items],
        }
    )


def _only(item: dict[str, Any], request: Request) -> dict[str, Any]:
    return resources.only(item, request.query_params.get("attributes"), request.query_params.get("excludedAttributes"))


def _window(request: Request) -> tuple[int, int]:
    start = _number(request, "startIndex", 1, 1, 10_000_000)
    return start, _number(request, "count", _PAGE, 0, documents.MOST_RESULTS)


def _wants_members(request: Request) -> bool:
    return "members" not in request.query_params.get("excludedAttributes", "").lower()


@router.get("/Users")
async def list_users(request: Request, by: By, people: People) -> Response:
    """People by filter and page."""
    start, count = _window(request)
    return _list(await people.find(by, request.query_params.get("filter"), start, count), start, request)


@router.post("/Users")
async def make_user(request: Request, by: By, people: People) -> Response:
    """A new person."""
    made = await people.make(by, await _body(request))
    return _answer(_only(made, request), 201, Location=made["meta"]["location"])


@router.get("/Users/{user_id}")
async def get_user(request: Request, by: By, people: People, user_id: str) -> Response:
    """One person."""
    return _answer(_only(await people.get(by, id_of(user_id)), request))


@router.put("/Users/{user_id}")
async def replace_user(request: Request, by: By, people: People, user_id: str) -> Response:
    """Another in the place of what is known."""
    return _answer(_only(await people.replace(by, id_of(user_id), await _body(request)), request))


@router.patch("/Users/{user_id}")
async def patch_user(request: Request, by: By, people: People, user_id: str) -> Response:
    """Some attributes."""
    return _answer(_only(await people.patch(by, id_of(user_id), await _body(request)), request))


@router.delete("/Users/{user_id}")
async def delete_user(by: By, people: People, user_id: str) -> Response:
    """Remove a person."""
    await people.delete(by, id_of(user_id))
    return Response(status_code=204)


@router.get("/Groups")
async def list_groups(request: Request, by: By, groups: Groups) -> Response:
    """Groups by filter and page."""
    start, count = _window(request)
    found = await groups.find(by, request.query_params.get("filter"), start, count, members=_wants_members(request))
    return _list(found, start, request)


@router.post("/Groups")
async def make_group(request: Request, by: By, groups: Groups) -> Response:
    """A new group."""
    made = await groups.make(by, await _body(request))
    return _answer(_only(made, request), 201, Location=made["meta"]["location"])


@router.get("/Groups/{group_id}")
async def get_group(request: Request, by: By, groups: Groups, group_id: str) -> Response:
    """One group."""
    return _answer(_only(await groups.get(by, id_of(group_id), members=_wants_members(request)), request))


@router.put("/Groups/{group_id}")
async def replace_group(request: Request, by: By, groups: Groups, group_id: str) -> Response:
    """Another in its place."""
    return _answer(_only(await groups.replace(by, id_of(group_id), await _body(request)), request))


@router.patch("/Groups/{group_id}")
async def patch_group(request: Request, by: By, groups: Groups, group_id: str) -> Response:
    """Names and members."""
    return _answer(_only(await groups.patch(by, id_of(group_id), await _body(request)), request))


@router.delete("/Groups/{group_id}")
async def delete_group(by: By, groups: Groups, group_id: str) -> Response:
    """Take a group away."""
    await groups.delete(by, id_of(group_id))
    return Response(status_code=204)


@router.get("/ServiceProviderConfig")
async def config(request: Request, by: By) -> Response:
    """Which parts of the protocol there are."""
    return _answer(documents.service_provider_config(_base(request)))


@router.get("/ResourceTypes")
async def resource_types(request: Request, by: By) -> Response:
    """Users and groups."""
    items = documents.resource_types(_base(request))
    return _list((len(items), items), 1, request)


@router.get("/Schemas")
async def schemas(request: Request, by: By) -> Response:
    """The attributes that are kept."""
    items = documents.schemas(_base(request))
    return _list((len(items), items), 1, request)


@router.get("/ResourceTypes/{name}")
async def resource_type(request: Request, by: By, name: str) -> Response:
    """One of them."""
    return _answer(_of_id(documents.resource_types(_base(request)), name))


@router.get("/Schemas/{name}")
async def schema(request: Request, by: By, name: str) -> Response:
    """One of them."""
    return _answer(_of_id(documents.schemas(_base(request)), name))


def _of_id(items: list[dict[str, Any]], name: str) -> dict[str, Any]:
    found = next((item for item in items if item["id"].lower() == name.lower()), None)
    if found is None:
        raise ScimNotFound("there is nothing of that name here")
    return found


@router.api_route("/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
async def nothing(by: By, path: str) -> Response:
    """What there is not: /Me, /Bulk, /.search."""
    raise ScimNotFound(f"there is no endpoint {path[:100]!r}; ServiceProviderConfig says what there is")


class ScimToken(BaseModel):
    """The workspace's token, without its secret."""

    prefix: str
    created_at: datetime
    last_used_at: datetime | None


class ScimState(BaseModel):
    """What the settings page shows; `token` is null before one is made."""

    base_url: str
    token: ScimToken | None


class MadeScimToken(BaseModel):
    """Shown once."""

    token: str


@settings_router.get("")
async def state(request: Request, databases: Databases, caller: AdminCaller) -> ScimState:
    """The address to enter at the identity provider, and the token that it has."""
    found = await tokens.info(databases, caller)
    token = ScimToken.model_validate(found, from_attributes=True) if found is not None else None
    return ScimState(base_url=_base(request), token=token)


@settings_router.post("/token", status_code=201)
async def make_token(databases: Databases, caller: AdminCaller) -> MadeScimToken:
    """A new token in place of the one before; owners alone. It is shown here and never again."""
    return MadeScimToken(token=await tokens.make(databases, caller))


@settings_router.delete("/token", status_code=204)
async def revoke_token(databases: Databases, caller: AdminCaller) -> None:
    """Take the token away; owners alone."""
    await tokens.revoke(databases, caller)
