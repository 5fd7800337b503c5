"""What is under /api, and the page: routes on FastAPI. `app` builds it beside its own start, for it is most of what a
process reads then, and no call of a model needs it."""

from functools import partial

from fastapi import FastAPI
from starlette.datastructures import State
from starlette.types import Scope

from radiant import __version__, page
from radiant.ai.auto_resolve import routes as auto_resolve_routes
from radiant.ai.inference import routes as models_routes
from radiant.ai.policies import logs_routes as policies_logs_routes
from radiant.ai.policies import routes as policies_routes
from radiant.ai.providers import routes as providers_routes
from radiant.ai.routing import routes as routing_routes
from radiant.ai.serving import routes as serving_routes
from radiant.config import Settings
from radiant.doors.mcp import routes as mcp_routes
from radiant.foundation.audit import routes as audit_routes
from radiant.foundation.aws_credentials import routes as aws_credentials_routes
from radiant.foundation.credentials import life_routes as credentials_life_routes
from radiant.foundation.credentials import routes as credentials_routes
from radiant.foundation.error_tracking import routes as error_tracking_routes
from radiant.foundation.files import routes as files_routes
from radiant.foundation.identity import (
    groups_routes,
    invitations_routes,
    limits_routes,
    passkeys_routes,
    second_factor_routes,
    sso_routes,
    users_routes,
)
from radiant.foundation.identity import routes as identity_routes
from radiant.foundation.identity.callers import Caller
from radiant.foundation.identity.scim import routes as scim_routes
from radiant.foundation.metrics import routes as metrics_routes
from radiant.foundation.runs import routes as runs_routes
from radiant.foundation.usage import bounds_routes
from radiant.foundation.usage import routes as usage_routes
from radiant.foundation.usage.meter import Meter
from radiant.foundation.usage.noted import REQUESTS, request_of
from radiant.health import router as health_router
from radiant.http.handlers import install_problem_handlers
from radiant.http.middleware import BodyLimit, ReadYourWrites, RequestContext
from radiant.http.prefixes import match_by_beginning
from radiant.workspace.canvas import routes as canvas_routes
from radiant.workspace.chats import routes as chats_routes
from radiant.workspace.chats import shares_routes
from radiant.workspace.collaboration import routes as collaboration_routes
from radiant.workspace.concurrent_chat import routes as concurrent_chat_routes
from radiant.workspace.documents import routes as documents_routes
from radiant.workspace.memory import routes as memory_routes
from radiant.workspace.merging import routes as merging_routes
from radiant.workspace.personalization import routes as personalization_routes
from radiant.workspace.reasoning import routes as reasoning_routes
from radiant.workspace.tools import routes as tools_routes
from radiant.workspace.turns import routes as turns_routes
from radiant.workspace.voice import routes as voice_routes
from radiant.workspace.voice import videos_routes

_ROUTERS = (
    health_router,
    identity_routes.router,
    users_routes.router,
    sso_routes.router,
    second_factor_routes.router,
    passkeys_routes.router,
    invitations_routes.router,
    groups_routes.router,
    limits_routes.router,
    scim_routes.settings_router,
    scim_routes.router,
    audit_routes.router,
    usage_routes.router,
    bounds_routes.router,
    metrics_routes.router,
    metrics_routes.prometheus_router,
    error_tracking_routes.router,
    credentials_routes.router,
    credentials_life_routes.router,
    aws_credentials_routes.router,
    files_routes.router,
    runs_routes.router,
    providers_routes.router,
    models_routes.router,
    policies_logs_routes.router,
    policies_routes.router,
    routing_routes.router,
    auto_resolve_routes.router,
    serving_routes.router,
    documents_routes.router,
    memory_routes.router,
    merging_routes.router,
    personalization_routes.router,
    reasoning_routes.router,
    tools_routes.router,
    voice_routes.router,
    videos_routes.router,
    turns_routes.router,
    canvas_routes.router,
    chats_routes.router,
    shares_routes.router,
    concurrent_chat_routes.router,
    mcp_routes.router,
    collaboration_routes.router,
)


def build_api(settings: Settings, state: State | None = None) -> FastAPI:
    """The API and the page. `state`: where its routes find what the root made. Blocks for as long as it takes to read
    all routes."""
    api = FastAPI(title="RADIANT", version=__version__, openapi_url="/api/openapi.json", docs_url=None, redoc_url=None)
    if state is not None:
        api.state = state
    for router in _ROUTERS:
        api.include_router(router)
    match_by_beginning(api)
    page.mount(api)
    install_problem_handlers(api)
    api.add_middleware(ReadYourWrites)
    api.add_middleware(BodyLimit, limit=settings.body_limit)
    api.add_middleware(RequestContext, on_request=partial(_count_request, api))
    return api


async def _count_request(api: FastAPI, scope: Scope, route: str, status: int, seconds: float) -> None:
    # Paths and methods are the caller's to choose, without bounds: what no route takes is one thing.
    method: str = scope["method"] if route else ""
    api.state.exposition.count_request(method, route, status, seconds)
    caller: Caller | None = scope.get("radiant.caller")
    if caller is not None and route:
        meter: Meter = api.state.meter
        await meter.note(caller.tenant_id, REQUESTS, request_of(f"{method} {route}", status, caller), caller.user_id)
