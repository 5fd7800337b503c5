"""The API process: every slice wired to every other, and nothing else."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from radiant import __version__, page
from radiant.ai.auto_resolve import routes as auto_resolve_routes
from radiant.ai.inference import routes as models_routes
from radiant.ai.inference.acts import obeying
from radiant.ai.inference.models import LOCAL, Models
from radiant.ai.inference.service import Inference
from radiant.ai.policies import logs_routes as policies_logs_routes
from radiant.ai.policies import routes as policies_routes
from radiant.ai.policies.guard_service import Guardrails
from radiant.ai.policies.service import Policies
from radiant.ai.providers import routes as providers_routes
from radiant.ai.providers.connections import Connections, uses_of
from radiant.ai.providers.health import Upstreams
from radiant.ai.providers.litellm import NAME as LITELLM
from radiant.ai.providers.litellm import LiteLLM
from radiant.ai.providers.local import LocalProvider
from radiant.ai.providers.provider import Timeouts
from radiant.ai.providers.registry import build_providers
from radiant.ai.providers.vendors import vendors
from radiant.ai.routing import routes as routing_routes
from radiant.ai.routing.service import Brain
from radiant.ai.serving import routes as serving_routes
from radiant.ai.serving.host import Host
from radiant.ai.serving.packs import ModelStore
from radiant.ai.serving.served import finder
from radiant.ai.serving.thermal import ThermalStates, note_installed
from radiant.config import Settings
from radiant.credential_life import make_rotators
from radiant.doors.gateway.lanes import Engine
from radiant.doors.gateway.routes import Gateway
from radiant.doors.gateway.work_beside import WorkBeside
from radiant.foundation.audit import routes as audit_routes
from radiant.foundation.credentials import life_routes as credentials_life_routes
from radiant.foundation.credentials import routes as credentials_routes
from radiant.foundation.credentials.leaks import Leaks
from radiant.foundation.credentials.mirrors import SecretsMirrors
from radiant.foundation.credentials.rotations import Rotations
from radiant.foundation.credentials.secrets_manager import SecretsManager
from radiant.foundation.error_tracking import routes as error_tracking_routes
from radiant.foundation.error_tracking.capture import Capture
from radiant.foundation.error_tracking.intake import Intake
from radiant.foundation.error_tracking.known import Known
from radiant.foundation.error_tracking.reports import Reports
from radiant.foundation.error_tracking.spool import Spool
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
from radiant.foundation.identity.invitations import Invitations
from radiant.foundation.identity.known_keys import KnownKeys
from radiant.foundation.identity.oidc import Oidc
from radiant.foundation.identity.passkeys import Passkeys
from radiant.foundation.identity.password_reset import PasswordResets
from radiant.foundation.identity.scim import routes as scim_routes
from radiant.foundation.identity.scim.groups import ScimGroups
from radiant.foundation.identity.scim.people import ScimPeople
from radiant.foundation.identity.second_factor import SecondFactors
from radiant.foundation.identity.sso import Sso
from radiant.foundation.metrics import routes as metrics_routes
from radiant.foundation.metrics.ingest import Ingest
from radiant.foundation.metrics.prometheus import Exposition
from radiant.foundation.metrics.topics import Told
from radiant.foundation.runs import routes as runs_routes
from radiant.foundation.runs.hub import RunHub
from radiant.foundation.usage import bounds_routes
from radiant.foundation.usage import routes as usage_routes
from radiant.foundation.usage.meter import Meter
from radiant.health import router as health_router
from radiant.http.exchange import AsgiExchange
from radiant.http.middleware import BodyLimit, ReadYourWrites, RequestContext
from radiant.http.prefixes import match_by_beginning
from radiant.http.problem import install_problem_handlers
from radiant.infra.changes import Changes
from radiant.infra.http1.addresses import Resolver
from radiant.infra.httpclient import HttpClient
from radiant.runtime import Runtime, mailer_of, open_runtime
from radiant.vault import make_vault
from radiant.workspace.chats import routes as chats_routes
from radiant.workspace.turns import routes as turns_routes
from radiant.workspace.turns.service import Turns

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
    files_routes.router,
    runs_routes.router,
    providers_routes.router,
    models_routes.router,
    policies_logs_routes.router,
    policies_routes.router,
    routing_routes.router,
    auto_resolve_routes.router,
    serving_routes.router,
    turns_routes.router,
    chats_routes.router,
)


class App(FastAPI):
    """What is under /v1 goes past the framework: it answers by itself, and there a microsecond counts. So does what
    Sentry's SDKs send, which must be taken while the database is away."""

    door: Gateway
    intake: Intake

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self.door.takes(scope["path"]):
            scope["app"] = self
            await self.door.serve(AsgiExchange(scope, receive, send))
        elif scope["type"] == "http" and Intake.takes(scope["path"]):
            await self.intake(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def create_app(settings: Settings, open_runtime: Callable[[Settings], Awaitable[Runtime]] = open_runtime) -> App:
    """The ASGI application. Its lifespan opens the database and the models, and closes them in reverse."""

    @contextlib.asynccontextmanager
    async def lifespan(app: App) -> AsyncGenerator[None]:
        async with contextlib.AsyncExitStack() as stack:
            runtime = await open_runtime(settings)
            stack.push_async_callback(runtime.close)
            await _wire(app, runtime, stack)
            yield

    app = App(
        title="RADIANT",
        version=__version__,
        lifespan=lifespan,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
    )
    app.state.settings = settings
    app.state.exposition = Exposition(settings.metrics_labels, settings.metrics_series)
    for router in _ROUTERS:
        app.include_router(router)
    match_by_beginning(app)
    page.mount(app)
    install_problem_handlers(app)
    app.add_middleware(ReadYourWrites)
    app.add_middleware(BodyLimit, limit=settings.max_upload_mb * 1024 * 1024 + 64 * 1024)
    app.add_middleware(RequestContext, on_request=app.state.exposition.count_request)
    app.door = Gateway(settings.max_upload_mb * 1024 * 1024 + 64 * 1024)
    return app


async def _wire(app: App, runtime: Runtime, stack: contextlib.AsyncExitStack) -> None:
    settings, database = runtime.settings, runtime.database
    spool = await stack.enter_async_context(
        Spool(database, settings.data_dir / "errors", settings.error_spool_mb * 2**20)
    )
    app.state.error_capture = await stack.enter_async_context(Capture(spool, "api"))
    changes = await stack.enter_async_context(Changes(runtime.addresses.app, database.system("changes")))
    http = await stack.enter_async_context(HttpClient())
    store = ModelStore(settings.model_folder, folder=settings.models_from)
    for path in settings.gguf:
        await asyncio.to_thread(store.add_gguf, path)
    thermal = await stack.enter_async_context(ThermalStates(database))
    vault = make_vault(runtime, changes, (uses_of,))
    app.state.vaults, app.state.credentials, app.state.reveals = vault.vaults, vault.credentials, vault.reveals
    app.state.leases, app.state.credential_trail = vault.leases, vault.trail
    manager = SecretsManager(settings.aws_endpoint_url)
    stack.callback(manager.close)
    rotators = make_rotators(http, Resolver())
    app.state.credential_rotations = Rotations(database, vault.credentials, vault.log, rotators)
    app.state.credential_mirrors = SecretsMirrors(database, vault.credentials, vault.log, manager)
    app.state.credential_leaks = Leaks(database, vault.credentials, vault.log)
    host = await stack.enter_async_context(
        Host(
            finder(store, threads=settings.model_threads),
            memory_mb=settings.model_memory_mb,
            idle_seconds=settings.model_idle_s,
            wait_seconds=settings.request_timeout_s,
            on_state=thermal.note,
        )
    )
    await note_installed(database, store)
    long_tail = LiteLLM(http, vendors()[LITELLM], settings.litellm_python)
    stack.push_async_callback(long_tail.close)
    providers = {**build_providers(http), LOCAL: LocalProvider(http, host), LITELLM: long_tail}
    timeouts = Timeouts(total=settings.request_timeout_s)
    connections = Connections(database, runtime.kms, providers, timeouts, vault.leases)
    meter = await stack.enter_async_context(
        Meter(database, settings.data_dir / "journal", changes, on_written=app.state.exposition.count_calls)
    )
    policies = Policies(database, changes, Guardrails(http, runtime.kms))
    upstreams = Upstreams()
    brain = Brain(database, changes)
    inference = Inference(database, Models(connections, host, store, changes), meter, policies, upstreams, brain)
    keys = KnownKeys(database, changes)
    runs = RunHub()
    stack.push_async_callback(runs.close)
    app.state.database = database
    app.state.changes = changes
    app.state.known_keys = keys
    app.state.second_factors = SecondFactors(database, runtime.kms)
    mailer = mailer_of(settings)
    app.state.mailer = mailer
    known = Known(database, changes)
    app.intake = Intake(spool, known)
    app.state.error_spool = spool
    app.state.error_reports = Reports(spool, known)
    await stack.enter_async_context(obeying(runtime.addresses.system, upstreams, host))
    app.state.scim_people = ScimPeople(database, settings.base_url + "/scim/v2")
    app.state.scim_groups = ScimGroups(database, settings.base_url + "/scim/v2")
    app.state.invitations = Invitations(database, mailer, settings.base_url)
    app.state.password_resets = await stack.enter_async_context(PasswordResets(database, mailer, settings.base_url))
    app.state.passkeys = Passkeys(database, settings.base_url)
    app.state.sso = Sso(database, runtime.kms, Oidc(http), settings.base_url)
    engine = Engine(inference, keys, http, database, runtime.objects)
    await stack.enter_async_context(WorkBeside(engine, runtime.addresses.system))
    app.state.gateway = app.door.engine = engine
    app.state.meter = meter
    app.state.metrics_ingest = Ingest(told=Told(sums=settings.cloudwatch_namespace is not None))
    app.state.brain = brain
    app.state.objects = runtime.objects
    app.state.connections = connections
    app.state.kms = runtime.kms
    app.state.upstreams = upstreams
    app.state.host = host
    app.state.model_store = store
    app.state.http = http
    app.state.inference = inference
    app.state.runs = runs
    app.state.turns = Turns(database, inference, runs, runtime.objects)
