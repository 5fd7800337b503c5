"""RADIANT and its peers, each before the same upstream, each in processes of its own.

The peers live in an environment of the bench (~/.cache/radiant-bench, or RADIANT_BENCH_DIR), installed at their first
use; they are no dependencies.
"""

import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from bench.kit.load import Door
from bench.kit.setup import connect_openai, environment, free_port

from radiant.config import Settings
from radiant.infra.embedded_postgres import EmbeddedPostgres

LITELLM, PORTKEY = "litellm[proxy]==1.106.2", "@portkey-ai/gateway@1.15.2"
_TICKS = os.sysconf("SC_CLK_TCK")
MODEL = "gpt-4o-mini"


class NotInstalled(Exception):
    """A peer cannot be had here; the bench fails and says so."""


def folder() -> Path:
    """Where the peers are installed."""
    return Path(os.environ.get("RADIANT_BENCH_DIR") or Path.home() / ".cache" / "radiant-bench")


@dataclass(slots=True)
class Gateway:
    """One under test."""

    name: str
    door: Door
    process: subprocess.Popen[bytes]
    ready_after: float
    auto: Door | None = None
    more_pids: dict[str, int] = field(default_factory=dict)
    settings: Settings | None = None

    def cpu(self) -> float:
        """Seconds of processor time that its processes have used."""
        return sum(map(_cpu, tree(self.process.pid)))

    def memory(self) -> float:
        """Resident megabytes of its processes."""
        return sum(map(resident, tree(self.process.pid)))


def tree(pid: int) -> list[int]:
    """A process and all beneath it."""
    found, queue = [], [pid]
    while queue:
        current = queue.pop()
        found.append(current)
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{current}/task").iterdir():
                queue += [int(child) for child in (task / "children").read_text().split()]
    return found


def _cpu(pid: int) -> float:
    """Nanoseconds on a processor, of all threads; in seconds."""
    total = 0
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with contextlib.suppress(OSError, ValueError):
                total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def resident(pid: int) -> float:
    """Megabytes of its memory."""
    with contextlib.suppress(OSError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    return 0.0


def cpu_of(pid: int) -> float:
    """Seconds of processor time of a process and its children."""
    return sum(map(_cpu, tree(pid)))


@contextlib.contextmanager
def process(command: list[str], env: dict[str, str], cwd: Path | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is stopped at the end; its output goes to a file beside the peers."""
    folder().mkdir(parents=True, exist_ok=True)
    with (folder() / f"{Path(command[0]).name}.log").open("ab") as log:
        running = subprocess.Popen(command, env=env, cwd=cwd, stdout=log, stderr=log, start_new_session=True)
    try:
        yield running
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGTERM)
        try:
            running.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)
            running.wait()


def _until_answer(door: Door, running: subprocess.Popen[bytes], began: float, seconds: float = 120) -> float:
    body = door.request(0, stream=False, run="first").split(b"\r\n\r\n", 1)[1]
    headers = {"Authorization": f"Bearer {door.key}", "Content-Type": "application/json", **door.headers}
    url = f"http://127.0.0.1:{door.port}/v1/chat/completions"
    while True:
        with contextlib.suppress(OSError):
            if urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=10).status == 200:
                return time.perf_counter() - began
        if time.perf_counter() - began > seconds or running.poll() is not None:
            raise NotInstalled(f"{running.args!r} does not answer; its log is in {folder()}")
        time.sleep(0.01)


@contextlib.asynccontextmanager
async def upstream() -> AsyncIterator[int]:
    """The port of an upstream."""
    port = free_port()
    command = [sys.executable, "-m", "bench.kit.upstream", str(port)]
    with process(command, dict(os.environ), Path(__file__).parent.parent.parent):
        while True:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/models", timeout=1)
                break
            await asyncio.sleep(0.02)
        yield port


@contextlib.asynccontextmanager
async def radiant(upstream_port: int) -> AsyncIterator[Gateway]:
    """RADIANT as `serve` runs it: a key, a budget and limits that bind it, the ledger in a real Postgres."""
    with tempfile.TemporaryDirectory(prefix="radiant-bench-") as name:
        Path(name).chmod(0o755)
        data = Path(name) / "data"
        settings = Settings(data_dir=data, models="none", master_key_file=data / "bench-master.key")
        postgres = EmbeddedPostgres(data)
        await asyncio.to_thread(postgres.start)
        try:
            key = await connect_openai(settings, f"http://127.0.0.1:{upstream_port}", bound=True)
            async with serving(data, key) as gateway:
                gateway.more_pids["postgres"] = int(next(data.rglob("postmaster.pid")).read_text().split()[0])
                gateway.settings = settings
                yield gateway
        finally:
            await asyncio.to_thread(postgres.stop)


@contextlib.asynccontextmanager
async def serving(data: Path, key: str) -> AsyncIterator[Gateway]:
    """The API process over a database that is up."""
    port = free_port()
    door = Door(port, key, MODEL)
    began = time.perf_counter()
    command = [sys.executable, "-m", "radiant", "serve"]
    with process(command, environment(data, port, RADIANT_LOG_LEVEL="warning")) as running:
        ready = await asyncio.to_thread(_until_answer, door, running, began)
        # All of it is there: what is under /api is read after the first answer.
        await asyncio.to_thread(urllib.request.urlopen, f"http://127.0.0.1:{port}/api/health", timeout=30)
        yield Gateway("RADIANT", door, running, ready, auto=Door(port, key, "auto"))


@contextlib.asynccontextmanager
async def litellm(upstream_port: int) -> AsyncIterator[Gateway]:
    """LiteLLM's proxy as its own documentation runs it: one worker, a master key, no database."""
    home = folder() / "litellm"
    python = home / "bin" / "python"
    if not (home / "bin" / "litellm").exists():
        await asyncio.to_thread(_install_litellm, home, python)
    port = free_port()
    config = home / "config.yaml"
    config.write_text(
        json.dumps(
            {
                "model_list": [
                    {
                        "model_name": MODEL,
                        "litellm_params": {
                            "model": f"openai/{MODEL}", "api_key": "sk-x",
                            "api_base": f"http://127.0.0.1:{upstream_port}",
                        },
                    }
                ],
                "general_settings": {"master_key": "sk-bench"},
                "litellm_settings": {"telemetry": False},
            }
        )
    )  # fmt: skip
    env = os.environ | {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR", "NO_PROXY": "127.0.0.1"}
    door = Door(port, "sk-bench", MODEL)
    began = time.perf_counter()
    command = [str(home / "bin" / "litellm"), "--config", str(config), "--port", str(port), "--host", "127.0.0.1"]
    with process(command, env) as running:
        ready = await asyncio.to_thread(_until_answer, door, running, began)
        yield Gateway("LiteLLM", door, running, ready)


def _install_litellm(home: Path, python: Path) -> None:
    print("Installing LiteLLM for the bench", file=sys.stderr)
    try:
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", LITELLM], check=True)
    except subprocess.CalledProcessError as error:
        raise NotInstalled(f"LiteLLM does not install here: {error}") from error


@contextlib.asynccontextmanager
async def portkey(upstream_port: int) -> AsyncIterator[Gateway]:
    """Portkey's gateway on Node."""
    home = folder() / "portkey"
    script = home / "node_modules" / "@portkey-ai" / "gateway" / "build" / "start-server.js"
    if not script.exists():
        await asyncio.to_thread(_install_portkey, home)
    _mend_portkey(script)
    port = free_port()
    door = Door(
        port, "sk-x", MODEL,
        {"x-portkey-provider": "openai", "x-portkey-custom-host": f"http://127.0.0.1:{upstream_port}"},
    )  # fmt: skip
    env = os.environ | {"TRUSTED_CUSTOM_HOSTS": "127.0.0.1,localhost"}
    began = time.perf_counter()
    node = shutil.which("node")
    assert node is not None
    command = [node, str(script), f"--port={port}", "--headless"]
    with process(command, env, home) as running:
        ready = await asyncio.to_thread(_until_answer, door, running, began)
        yield Gateway("Portkey", door, running, ready)


def _install_portkey(home: Path) -> None:
    print("Installing Portkey's gateway for the bench", file=sys.stderr)
    home.mkdir(parents=True, exist_ok=True)
    npm = shutil.which("npm")
    if npm is None:
        raise NotInstalled("Portkey needs Node and npm (20 or newer) on PATH")
    try:
        subprocess.run([npm, "install", "--no-audit", "--no-fund", PORTKEY], cwd=home, check=True, capture_output=True)
    except subprocess.CalledProcessError as error:
        raise NotInstalled(f"Portkey does not install here: {error.stderr.decode()[-500:]}") from error


def _mend_portkey(script: Path) -> None:
    """Its 1.15.2 answers every stream with 500 on today's Node (its issues 1389 and 1550): the headers of a fetched
    response cannot be changed. We let it change those of a copy, as its fix does."""
    text = script.read_text()
    broken = "updateHeaders(e,t,a){return e.headers.append("
    mended = (
        'updateHeaders(e,t,a){if((e.headers.get("content-type")||"").includes("event-stream"))'
        "e=new Response(e.body,e);return e.headers.append("
    )
    if broken in text:
        script.write_text(text.replace(broken, mended))
