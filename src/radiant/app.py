"""The API process: every slice wired to every other, and nothing else."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable

from starlette.datastructures import State
from starlette.routing import Router
from starlette.types import ASGIApp, Receive, Scope, Send

from radiant.ai.inference.acts import obeying
from radiant.ai.inference.models import LOCAL, Models
from radiant.ai.inference.service import Inference
from radiant.ai.policies.guard_service import Guardrails
from radiant.ai.policies.service import Policies
from radiant.ai.providers.connections import Connections, uses_of
from radiant.ai.providers.health import Upstreams
from radiant.ai.providers.litellm import NAME as LITELLM
from radiant.ai.providers.litellm import LiteLLM
from radiant.ai.providers.local import LocalProvider
from radiant.ai.providers.provider import Timeouts
from radiant.ai.providers.registry import build_providers
from radiant.ai.providers.vendors import vendors
from radiant.ai.routing.service import Brain
from radiant.ai.serving.host import Host
from radiant.ai.serving.packs import ModelStore
from radiant.ai.serving.served import finder
from radiant.ai.serving.thermal import ThermalStates, note_installed
from radiant.ai.speech.deepgram import Deepgram
from radiant.ai.speech.elevenlabs import ElevenLabs
from radiant.ai.speech.embedded import EmbeddedHearer, EmbeddedSpeaker
from radiant.ai.speech.media import encode
from radiant.ai.speech.openai_speech import OpenAISpeech
from radiant.ai.speech.service import Speech
from radiant.ai.speech.speech import Hearer, Speaker
from radiant.aws import make_aws
from radiant.config import Settings
from radiant.credential_life import make_rotators
from radiant.doors.gateway import sockets as voice_sockets
from radiant.doors.gateway.lanes import Engine
from radiant.doors.gateway.routes import Gateway
from radiant.doors.gateway.work_beside import work_beside
from radiant.doors.mcp.http import McpHttp
from radiant.foundation.aws_credentials import identities as aws_identities
from radiant.foundation.credentials.leaks import Leaks
from radiant.foundation.credentials.mirrors import SecretsMirrors
from radiant.foundation.credentials.rotations import Rotations
from radiant.foundation.credentials.secrets_manager import SecretsManager
from radiant.foundation.error_tracking.capture import Capture
from radiant.foundation.error_tracking.intake import Intake
from radiant.foundation.error_tracking.known import Known
from radiant.foundation.error_tracking.reports import Reports
from radiant.foundation.error_tracking.spool import Spool
from radiant.foundation.identity.invitations import Invitations
from radiant.foundation.identity.known_keys import KnownKeys
from radiant.foundation.identity.oidc import Oidc
from radiant.foundation.identity.passkeys import Passkeys
from radiant.foundation.identity.password_reset import PasswordResets
from radiant.foundation.identity.scim.groups import ScimGroups
from radiant.foundation.identity.scim.people import ScimPeople
from radiant.foundation.identity.second_factor import SecondFactors
from radiant.foundation.identity.sso import Sso
from radiant.foundation.metrics.ingest import Ingest
from radiant.foundation.metrics.prometheus import Exposition
from radiant.foundation.metrics.topics import Told
from radiant.foundation.runs.hub import RunHub
from radiant.foundation.usage.meter import Meter
from radiant.http.exchange import AsgiExchange
from radiant.http.sockets import DirectSocket, Receiver
from radiant.infra.changes import Changes
from radiant.infra.db import Database
from radiant.infra.http1.addresses import Resolver
from radiant.infra.httpclient import HttpClient
from radiant.infra.jobs import Registry
from radiant.infra.jobs_beside import JobsBeside
from radiant.published_server import host_of, is_for, serving_published
from radiant.runtime import Runtime, mailer_of, open_runtime
from radiant.vault import make_vault
from radiant.workspace.canvas import store as canvas_store
from radiant.workspace.canvas.projection import Projecting
from radiant.workspace.canvas.published import Published
from radiant.workspace.canvas.putting import Source
from radiant.workspace.canvas.schemas import SourceKind
from radiant.workspace.canvas.service import Canvases
from radiant.workspace.collaboration.history import History
from radiant.workspace.collaboration.rooms import Rooms
from radiant.workspace.collaboration.service import Collaboration
from radiant.workspace.collaboration.sockets import Sockets
from radiant.workspace.collaboration.tickets import Tickets
from radiant.workspace.concurrent_chat import putting as panes_putting
from radiant.workspace.concurrent_chat.turns import PaneTurns
from radiant.workspace.documents.citing import Citing
from radiant.workspace.documents.service import Documents
from radiant.workspace.memory.service import Memory
from radiant.workspace.merging import putting as merging_putting
from radiant.workspace.merging.service import Merging
from radiant.workspace.personalization.applying import Recall
from radiant.workspace.personalization.background import LearnBeside
from radiant.workspace.personalization.learning import Learning
from radiant.workspace.reasoning import putting as reasoning_putting
from radiant.workspace.reasoning.service import Thinking
from radiant.workspace.tools.compute import Compute
from radiant.workspace.tools.service import Tools
from radiant.workspace.tools.service import uses_of as tools_uses_of
from radiant.workspace.tools.toolbox import Toolbox
from radiant.workspace.turns.service import Turns
from radiant.workspace.voice.conversation import Services
from radiant.workspace.voice.lasting import Lasting
from radiant.workspace.voice.realtime import Realtime
from radiant.workspace.voice.service import Voice
from radiant.workspace.voice.videos import Videos


class App:
    """What the server serves. What is under /v1 goes past the framework: it answers by itself, and there a microsecond
    counts; so does what Sentry's SDKs send, which must be taken while the database is away. All else is the API's, which
    is made once the door is open: whoever asks it before waits for it. `on_ready` is called once, when all is there.

    The lifespan opens the database and the models, and closes them in reverse."""

    intake: Intake
    published: Published
    published_host: str | None = None

    def __init__(
        self,
        settings: Settings,
        open_runtime: Callable[[Settings], Awaitable[Runtime]] = open_runtime,
        on_ready: Callable[[], None] = lambda: None,
    ) -> None:
        self.settings = settings
        self.door = Gateway(settings.body_limit)
        self.state = State(
            {"settings": settings, "exposition": Exposition(settings.metrics_labels, settings.metrics_series)}
        )
        self.router = Router(lifespan=self._lifespan)
        self._open_runtime = open_runtime
        self._on_ready = on_ready
        self._api: asyncio.Task[ASGIApp] | None = None

    @contextlib.asynccontextmanager
    async def _lifespan(self, _: object) -> AsyncGenerator[None]:
        async with contextlib.AsyncExitStack() as stack:
            runtime = await self._open_runtime(self.settings)
            stack.push_async_callback(runtime.close)
            await _wire(self, runtime, stack)
            self._api = asyncio.create_task(self._make_api())
            stack.push_async_callback(asyncio.wait, [self._api])
            yield

    async def _make_api(self) -> ASGIApp:
        def make() -> ASGIApp:
            from radiant.api import build_api

            return build_api(self.settings, self.state)

        api = await asyncio.to_thread(make)
        self._on_ready()
        return api

    async def ready(self) -> ASGIApp:
        """The API, once it is made."""
        assert self._api is not None
        return await asyncio.shield(self._api)

    def open_socket(self, socket: DirectSocket, path: str, query: str) -> Receiver | None:
        """Who receives what comes on a WebSocket past the framework."""
        return self.state.room_sockets.open(socket, path, query)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        kind = scope["type"]
        if is_for(scope, self.published_host):
            await self.published(scope, receive, send)
            return
        if kind == "http" and self.door.takes(scope["path"]):
            scope["app"] = self
            await self.door.serve(AsgiExchange(scope, receive, send))
        elif kind == "websocket" and self.door.engine is not None and voice_sockets.takes(scope["path"]):
            await voice_sockets.talk(self.door.engine, scope, receive, send)
        elif kind == "http" and Intake.takes(scope["path"]):
            await self.intake(scope, receive, send)
        elif kind == "lifespan":
            await self.router(scope, receive, send)
        else:
            await (await self.ready())(scope, receive, send)


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
    vault = make_vault(runtime, changes, (uses_of, aws_identities.uses_of, tools_uses_of))
    app.state.vaults, app.state.credentials, app.state.reveals = vault.vaults, vault.credentials, vault.reveals
    app.state.leases, app.state.credential_trail = vault.leases, vault.trail
    app.state.access_log = vault.log
    manager = SecretsManager(settings.aws_endpoint_url)
    stack.callback(manager.close)
    rotators = make_rotators(http, Resolver())
    app.state.credential_rotations = Rotations(database, vault.credentials, vault.log, rotators)
    app.state.credential_mirrors = SecretsMirrors(database, vault.credentials, vault.log, manager)
    app.state.credential_leaks = Leaks(database, vault.credentials, vault.log)
    aws = make_aws(runtime, vault)
    stack.callback(aws.calls.close)
    app.state.aws_credentials, app.state.aws_rotations = aws.service, aws.rotations
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
    memory = await stack.enter_async_context(Memory(database, changes, inference, settings.memory_held_mb * 2**20))
    recall = Recall(database, memory)
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
    app.state.memory = memory
    most_bytes = settings.max_upload_mb * 1024 * 1024
    documents = Documents(database, changes, inference, runtime.objects, most_bytes)
    app.state.documents = await stack.enter_async_context(documents)
    citing = Citing(database, documents)
    app.state.citing = citing
    brain.heard = recall.hear
    app.state.recall = recall
    app.state.learning = Learning(database, inference, memory, settings.learning_model)
    await stack.enter_async_context(LearnBeside(database, app.state.learning))
    turns = Turns(database, inference, runs, runtime.objects, recall, citing)
    app.state.turns = turns
    app.state.pane_turns = PaneTurns(database, turns, runs)
    app.state.mcp = McpHttp(app.state.memory, app.state.documents)
    stack.push_async_callback(app.state.mcp.close)
    compute = Compute()
    stack.push_async_callback(compute.close)
    app.state.merging = Merging(database, inference, runs, meter.flush, compute.code_check.stated)
    tickets = Tickets(runtime.addresses.app_secret)
    where = settings.collaboration_address or f"http://127.0.0.1:{settings.port}"
    rooms = Rooms(
        database, changes, tickets, runtime.addresses.app, where, idle_seconds=settings.collaboration_idle_s
    )  # fmt: skip
    app.state.room_tickets, app.state.rooms = tickets, await stack.enter_async_context(rooms)
    app.state.collaboration = Collaboration(rooms, tickets, settings.base_url)
    app.state.room_history = History(rooms)
    sockets = Sockets(rooms, tickets, rate=settings.collaboration_rate)
    app.state.room_sockets = await stack.enter_async_context(sockets)
    toolbox = Toolbox(
        database, http, vault.leases, memory, documents, compute=compute.tools(),
        inner_hosts=settings.tool_inner_hosts, hosts=settings.tool_hosts, commands=settings.tool_servers,
    )  # fmt: skip
    app.state.toolbox = await stack.enter_async_context(toolbox)
    app.state.tools = Tools(database, toolbox, vault.leases)
    thinking = Thinking(database, changes, inference, toolbox, compute.code_check.run, meter.flush, runs.owner)
    app.state.thinking = await stack.enter_async_context(thinking)
    await _wire_canvases(app, database, stack)
    speech = Speech(database, inference, meter, *_who_speaks(http, host))
    app.state.voice = Voice(database, runtime.objects, speech, most_bytes)
    app.state.realtime = await stack.enter_async_context(Realtime(Services(database, speech, turns, runs)))
    lasting = Lasting(database, runtime.objects, speech)
    app.state.videos = Videos(app.state.voice, turns, inference, lasting)
    voice_jobs = Registry()
    lasting.register(voice_jobs)
    await stack.enter_async_context(
        JobsBeside(database, runtime.addresses.system, voice_jobs, app.state.voice.work_waits, at_once=4)
    )
    engine = Engine(inference, keys, meter, http, database, runtime.objects, recall, thinking, speech)
    await stack.enter_async_context(work_beside(engine, runtime.addresses.system))
    app.state.gateway = app.door.engine = engine


def _who_speaks(http: HttpClient, host: Host) -> tuple[dict[str, Hearer], dict[str, Speaker]]:
    """Who hears and who speaks, by provider. `Speech` asks again where that is safe; they ask once."""
    openai = OpenAISpeech(http, retries=0)
    several = {name: openai for name, known in vendors().items() if known.protocol == "openai"}
    deepgram, elevenlabs = Deepgram(http, retries=0), ElevenLabs(http, retries=0)
    return (
        {**several, "deepgram": deepgram, "elevenlabs": elevenlabs, LOCAL: EmbeddedHearer(http, host)},
        {**several, "deepgram": deepgram, "elevenlabs": elevenlabs, LOCAL: EmbeddedSpeaker(http, host, encode)},
    )


async def _wire_canvases(app: App, database: Database, stack: contextlib.AsyncExitStack) -> None:
    state = app.state
    rooms: Rooms = state.rooms
    app.published = Published(database)
    app.published_host = host_of(app.settings)
    url = await stack.enter_async_context(serving_published(app.settings, app.published))
    sources: dict[SourceKind, Source] = {
        "pane": panes_putting.source_of(database),
        "merge": merging_putting.source_of(state.merging),
        "reasoning": reasoning_putting.source_of(state.thinking),
    }
    state.canvases = Canvases(database, rooms, state.inference, sources, url)
    rooms.on_quiet.append(Projecting(database))
    state.collaboration.opened.append(canvas_store.open_up)
