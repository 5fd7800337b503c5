"""`radiant up`: from whatever is there to a server that answers, and everything stopped again by Ctrl-C."""

import asyncio
import contextlib
import fcntl
import json
import os
import signal
import socket
import sys
import time
import urllib.request
from collections.abc import Generator
from functools import partial

from radiant import prepare, web_build
from radiant.ai.serving.manifest import load_manifest
from radiant.ai.serving.packs import InstallFailed, ModelStore, Progress
from radiant.config import Settings
from radiant.infra.embedded_postgres import EmbeddedPostgres
from radiant.processes import Child, FellTooOften, supervise
from radiant.runtime import open_runtime

_READY_SECONDS = 60.0


class CannotStart(Exception):
    """`up` cannot go on; the message says why and what to do."""


class _Steps:
    """Shows what is being done and how long it took; on a terminal, progress in place."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._shown_at = 0.0

    def say(self, text: str) -> None:
        print(text, file=sys.stderr, flush=True)

    @contextlib.contextmanager
    def step(self, name: str) -> Generator[None]:
        started = time.monotonic()
        yield
        self.say(f"  {name:<24} {time.monotonic() - started:6.1f} s")

    def progress(self, text: str) -> None:
        now = time.monotonic()
        if now - self._shown_at < (0.2 if self._terminal else 5):
            return
        self._shown_at = now
        end = "\r" if self._terminal else "\n"
        print(f"    {text:<70}", end=end, file=sys.stderr, flush=True)


@contextlib.contextmanager
def _only_one(settings: Settings) -> Generator[None]:
    """Hold the data folder. Raises CannotStart where another `up` does."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    path = settings.data_dir / "up.lock"
    with path.open("a+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.seek(0)
            with contextlib.suppress(ValueError, KeyError):
                running = json.loads(handle.read())
                raise CannotStart(
                    f"RADIANT is already running with this data folder, at {running['url']} (process"
                    f" {running['pid']}). Stop it first, or choose another --data-dir and --port."
                ) from None
            raise CannotStart("RADIANT is already starting with this data folder") from None
        handle.truncate(0)
        handle.write(json.dumps({"pid": os.getpid(), "url": settings.base_url}))
        handle.flush()
        yield
        handle.truncate(0)


def _check_port(settings: Settings) -> None:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise CannotStart(
                f"{settings.host}:{settings.port} cannot be listened on ({error.strerror}): choose another --port"
            ) from error


def _build_page(steps: _Steps) -> None:
    if not web_build.needed():
        return
    with steps.step("page"):
        try:
            web_build.build(steps.progress)
        except web_build.BuildFailed as error:
            # The API works without it.
            steps.say(f"  page: {error}\n  The page could not be built; the next start tries again.")


def _install_models(settings: Settings, steps: _Steps) -> None:
    if settings.models == "none":
        return
    store = ModelStore(settings.model_folder, folder=settings.models_from)
    wanted = load_manifest().packs[settings.models]
    if all(store.installed(model) for model in wanted):
        return

    def report(progress: Progress) -> None:
        megabytes = f"{progress.done / 1e6:.0f} of {progress.total / 1e6:.0f} MB"
        steps.progress(f"{progress.model_id}: {megabytes}")

    with steps.step("models"):
        try:
            store.install_pack(settings.models, report)
        except InstallFailed as error:
            # Not having them is no reason not to start: a provider's key or another try will do.
            steps.say(f"  models: {error.detail}\n  Try again with: ./radiant models install")


def _environment(settings: Settings) -> dict[str, str]:
    """What the children are told: what came by flags besides what is in the environment already."""
    return {
        "RADIANT_DATA_DIR": str(settings.data_dir.absolute()),
        "RADIANT_HOST": settings.host,
        "RADIANT_PORT": str(settings.port),
        "RADIANT_MODELS": settings.models,
    }


def _healthy(settings: Settings) -> bool:
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)  # noqa: S104
    try:
        with urllib.request.urlopen(f"http://{host}:{settings.port}/api/health", timeout=2) as answer:
            return answer.status == 200
    except (OSError, ValueError):
        return False


def _wait_until_ready(settings: Settings, api: Child) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while not _healthy(settings):
        if api.exited() is not None:
            raise CannotStart(f"the server did not start:\n{api.tail()}")
        if time.monotonic() > deadline:
            raise CannotStart(f"the server did not answer within a minute:\n{api.tail()}")
        time.sleep(0.05)


def curl_line(settings: Settings, key: str) -> str:
    """One line that, pasted into a shell, gets an answer."""
    body = '{"model": "auto", "messages": [{"role": "user", "content": "What is the capital of France?"}]}'
    return (
        f"curl {settings.base_url}/v1/chat/completions -H 'Authorization: Bearer {key}'"
        f" -H 'Content-Type: application/json' -d '{body}'"
    )


async def _migrate_and_seed(settings: Settings, steps: _Steps) -> None:
    await prepare.migrate_database(settings, lambda text: steps.say(f"    {text}"))
    runtime = await open_runtime(settings)
    try:
        await prepare.seed_catalog(runtime.database)
    finally:
        await runtime.close()


async def _first_person(settings: Settings) -> prepare.FirstPerson | None:
    runtime = await open_runtime(settings)
    try:
        return await prepare.first_person(runtime)
    finally:
        await runtime.close()


def _welcome(settings: Settings, first: prepare.FirstPerson | None, steps: _Steps) -> None:
    steps.say(f"\nRADIANT is ready at {settings.base_url}")
    if first is not None:
        steps.say(
            f"\n  Sign in with   {first.email}\n  password       {first.one_time_password}   (once; then choose your own)"
        )
        steps.say("\nAsk from a shell:\n")
        print(curl_line(settings, first.api_key), flush=True)
    steps.say("\nCtrl-C stops everything.")


def _keep_database(postgres: EmbeddedPostgres | None, steps: _Steps) -> None:
    if postgres is not None and postgres.has_fallen():
        steps.say(f"the database ended; starting it again (its log: {postgres.log_file})")
        postgres.start()


def up(settings: Settings, *, verbose: bool) -> None:
    """Start, serve until SIGINT or SIGTERM, stop. Raises CannotStart and what the steps raise."""
    steps = _Steps()
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True

    with _only_one(settings):
        _check_port(settings)
        steps.say("Starting RADIANT")
        postgres = None
        children: list[Child] = []
        try:
            with steps.step("database"):
                postgres = prepare.start_database(settings)
                asyncio.run(_migrate_and_seed(settings, steps))
            _build_page(steps)
            _install_models(settings, steps)
            for name in (signal.SIGINT, signal.SIGTERM):
                signal.signal(name, stop)
            logs = settings.data_dir / "logs"
            environment = _environment(settings)
            children = [
                Child(verb, environment, None if verbose else logs / f"{verb}.log") for verb in ("serve", "worker")
            ]
            with steps.step("server"):
                for child in children:
                    child.start()
                _wait_until_ready(settings, children[0])
            # Last: its password is shown once, so nothing may fail between making and showing it.
            _welcome(settings, asyncio.run(_first_person(settings)), steps)
            supervise(children, lambda: stopping, steps.say, partial(_keep_database, postgres, steps))
        except FellTooOften as error:
            raise CannotStart(str(error)) from error
        finally:
            steps.say("\nStopping")
            for child in children:
                child.stop()
            prepare.stop_database(postgres)
