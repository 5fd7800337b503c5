"""From a stopped server to an answer: warm start, first answer, idle memory of the API process.

    ./radiant bench startup [--rounds N] [--quick] [--json]

Goals: `up` the second time <= 3 s (issue of the foundation); API process: first answer <= 2 s with the database up,
idle memory after it <= 120 MB (goals.md, Gateway). The first answer is that of an upstream on loopback, so that no
model's own time counts. Times on a shared machine: the least of the rounds counts.
"""

import argparse
import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from bench.kit.setup import connect_openai, environment, free_port
from tests.kit.upstream import openai_upstream

from radiant.config import Settings
from radiant.infra.embedded_postgres import EmbeddedPostgres

GOALS = {"up, second start (s)": 3.0, "API, start to first answer (s)": 2.0, "API, memory after it (MB)": 120.0}


@contextlib.contextmanager
def _process(verb: str, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "radiant", verb], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def _until(answers: Callable[[], bool], seconds: float = 60) -> float:
    started = time.perf_counter()
    while not answers():
        if time.perf_counter() - started > seconds:
            raise SystemExit("it did not answer within a minute")
        time.sleep(0.01)
    return time.perf_counter() - started


def _get(url: str) -> bool:
    with contextlib.suppress(OSError):
        return urllib.request.urlopen(url, timeout=2).status == 200
    return False


def _ask(port: int, key: str) -> bool:
    body = json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello?"}]}).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/chat/completions", body,
        {"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )  # fmt: skip
    with contextlib.suppress(OSError):
        return urllib.request.urlopen(request, timeout=10).status == 200
    return False


def _rss_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


async def measure(rounds: int) -> dict[str, float]:
    """The least of each figure over the rounds."""
    figures: dict[str, list[float]] = {name: [] for name in GOALS}
    with tempfile.TemporaryDirectory(prefix="radiant-bench-") as name:
        Path(name).chmod(0o755)
        folder = Path(name) / "data"
        settings = Settings(data_dir=folder, models="none", master_key_file=folder / "bench-master.key")
        postgres = EmbeddedPostgres(folder)
        await asyncio.to_thread(postgres.start)
        async with openai_upstream() as upstream:
            key = await connect_openai(settings, upstream.url)
            for _ in range(rounds):
                port = free_port()
                with _process("serve", environment(folder, port)) as api:
                    figures["API, start to first answer (s)"].append(
                        await asyncio.to_thread(_until, partial(_ask, port, key))
                    )
                    # All of it: what is under /api is read after the first answer.
                    await asyncio.to_thread(_until, partial(_get, f"http://127.0.0.1:{port}/api/health"))
                    figures["API, memory after it (MB)"].append(_rss_mb(api.pid))
            await asyncio.to_thread(postgres.stop)
            for _ in range(rounds):
                port = free_port()
                with _process("up", environment(folder, port)):
                    url = f"http://127.0.0.1:{port}/api/health"
                    figures["up, second start (s)"].append(await asyncio.to_thread(_until, partial(_get, url)))
    return {name: min(values) for name, values in figures.items()}


def main() -> int:
    """Print the table; 1 where a goal is missed."""
    parser = argparse.ArgumentParser(prog="radiant bench startup")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    figures = asyncio.run(measure(1 if arguments.quick else arguments.rounds))
    if arguments.json:
        print(json.dumps({name: {"figure": figures[name], "goal": goal} for name, goal in GOALS.items()}))
    else:
        for name, goal in GOALS.items():
            print(f"{name:<36} {figures[name]:8.2f}   goal <= {goal:g}   {'ok' if figures[name] <= goal else 'MISSED'}")
    return 0 if all(figures[name] <= goal for name, goal in GOALS.items()) else 1


if __name__ == "__main__":
    sys.exit(main())
