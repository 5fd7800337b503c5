"""RADIANT's gateway beside LiteLLM's proxy and Portkey's gateway, before one upstream (goals.md, Gateway).

    ./radiant bench gateway [--rounds N] [--soak N] [--kills N] [--quick] [--json]

All three run side by side and are asked in turn, round after round; a ratio is the median of the rounds'. RADIANT has
key check, a budget, two limits and the ledger on; the peers have no database. CPU is that of the gateway's processes;
what Postgres uses for the ledger is shown beside it. The upstream sends a whole answer at once, and a streamed one
as 20 tokens 10 ms apart.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import signal
import statistics
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import uvloop
from bench.kit import load, peers
from bench.kit.figures import Figure, at_most, report
from bench.kit.load import Door
from bench.kit.peers import Gateway, NotInstalled, cpu_of, litellm, portkey, radiant, serving, upstream
from bench.kit.setup import connect_openai, key_with_budget, spent_by

from radiant.config import Settings
from radiant.infra.embedded_postgres import EmbeddedPostgres
from radiant.runtime import open_runtime

AT_ONCE = 16


@dataclass(slots=True)
class Measured:
    """Of one gateway: microseconds of CPU a request, milliseconds that it adds, per round."""

    json_cpu: list[float] = field(default_factory=list)
    stream_cpu: list[float] = field(default_factory=list)
    added: list[float] = field(default_factory=list)
    postgres_cpu: list[float] = field(default_factory=list)


class Failed(Exception):
    """A request failed where none may."""


def _sure(outcome: load.Outcome, who: str) -> load.Outcome:
    if outcome.failed:
        raise Failed(f"{who}: {outcome.failed} requests failed; the last: {outcome.last_failure[:300]!r}")
    return outcome


async def _cpu(gateway: Gateway, count: int, *, stream: bool, name: str) -> tuple[float, float]:
    """Microseconds a request of the gateway, and of Postgres behind it."""
    before, behind = gateway.cpu(), sum(map(cpu_of, gateway.more_pids.values()))
    _sure(await load.run(gateway.door, count, at_once=AT_ONCE, stream=stream, name=name), gateway.name)
    await asyncio.sleep(0.5)  # what is written later counts too
    used, used_behind = gateway.cpu() - before, sum(map(cpu_of, gateway.more_pids.values())) - behind
    return used / count * 1e6, used_behind / count * 1e6


async def compare(port: int, gateways: list[Gateway], rounds: int, scale: float) -> dict[str, Measured]:
    """The three in turn."""
    measured = {gateway.name: Measured() for gateway in gateways}
    direct = Door(port, "x", peers.MODEL)
    counts = {"RADIANT": 4000, "LiteLLM": 200, "Portkey": 1000}
    for gateway in gateways:
        warm = int(counts[gateway.name] * scale)
        _sure(await load.run(gateway.door, warm, at_once=AT_ONCE, stream=False, name="warm"), gateway.name)
        _sure(await load.run(gateway.door, max(16, warm // 5), at_once=AT_ONCE, stream=True, name="warm"), gateway.name)
    for number in range(rounds):
        base = _sure(await load.run(direct, int(500 * scale), at_once=1, stream=False, name="d"), "upstream").p(0.5)
        for gateway in gateways:
            of, count = measured[gateway.name], int(counts[gateway.name] * scale)
            used, behind = await _cpu(gateway, count, stream=False, name=f"j{number}")
            of.json_cpu.append(used)
            of.postgres_cpu.append(behind)
            of.stream_cpu.append((await _cpu(gateway, max(16, count // 4), stream=True, name=f"s{number}"))[0])
            one = await load.run(gateway.door, max(30, count // 8), at_once=1, stream=False, name=f"l{number}")
            of.added.append(_sure(one, gateway.name).p(0.5) - base)
    return measured


async def auto_adds(gateway: Gateway, count: int) -> tuple[float, float]:
    """Milliseconds that `auto` adds at the median and at the 99th percentile, asked alternately with a name."""
    assert gateway.auto is not None
    named, auto = load.Outcome(), load.Outcome()
    for number in range(10):
        for door, into in ((gateway.door, named), (gateway.auto, auto)):
            part = await load.run(door, count // 10, at_once=1, stream=False, name=f"a{number}")
            into.seconds += _sure(part, "auto").seconds
    return auto.p(0.5) - named.p(0.5), auto.p(0.99) - named.p(0.99)


async def growth(gateway: Gateway, count: int) -> float:
    """Per cent that its memory grew over `count` requests, after a tenth of them."""
    _sure(await load.run(gateway.door, max(count // 10, 1), at_once=AT_ONCE, stream=False, name="soak"), gateway.name)
    before = gateway.memory()
    _sure(await load.run(gateway.door, count, at_once=AT_ONCE, stream=False, name="soak"), gateway.name)
    return (gateway.memory() / before - 1) * 100


async def overshoot(gateway: Gateway) -> float:
    """Dollars beyond a budget that 64 callers at once could spend; inf where it let nothing through."""
    assert gateway.settings is not None
    budget = Decimal("0.002")
    secret, key_id = await key_with_budget(gateway.settings, budget)
    door = Door(gateway.door.port, secret, peers.MODEL)
    outcome = await load.run(door, 640, at_once=64, stream=False, name="budget")
    await asyncio.sleep(0.5)
    spent = await spent_by(gateway.settings, key_id)
    if not outcome.seconds or not outcome.failed or spent < budget / 2:
        return float("inf")
    return float(max(spent - budget, Decimal(0)))


async def kills(port: int, times: int) -> tuple[int, int, int]:
    """Kill -9 at random moments under load: (calls that the upstream saw and the ledger has not, calls that it has
    twice, calls that the upstream never saw and the ledger does not call abandoned)."""
    with tempfile.TemporaryDirectory(prefix="radiant-kills-") as name:
        Path(name).chmod(0o755)
        data = Path(name) / "data"
        settings = Settings(data_dir=data, models="none", master_key_file=data / "bench-master.key")
        postgres = EmbeddedPostgres(data)
        await asyncio.to_thread(postgres.start)
        try:
            key = await connect_openai(settings, f"http://127.0.0.1:{port}", bound=True)
            for number in range(times):
                async with serving(data, key) as gateway:
                    door = gateway.door
                    running = [
                        asyncio.create_task(
                            load.run(door, 100_000, at_once=8, stream=streamed, name=f"k{number}{kind}")
                        )
                        for streamed, kind in ((False, "j"), (True, "s"))
                    ]
                    await asyncio.sleep(random.uniform(0.02, 0.6))
                    os.killpg(gateway.process.pid, signal.SIGKILL)
                    for task in running:
                        task.cancel()
                    await asyncio.gather(*running, return_exceptions=True)
            async with serving(data, key):
                await asyncio.sleep(2.0)
            return await _compare_ledger(settings, port)
        finally:
            await asyncio.to_thread(postgres.stop)


async def _compare_ledger(settings: Settings, port: int) -> tuple[int, int, int]:
    runtime = await open_runtime(settings)
    async with runtime.database.system("bench").tx() as tx:
        rows = await tx.all("select request_id, error_kind from usage_ledger where request_id like 'k%'")
    await runtime.close()
    seen = Counter(user for user in await _seen(port) if user.startswith("k"))
    ledger = Counter(row["request_id"] for row in rows)
    abandoned = {row["request_id"] for row in rows if row["error_kind"] == "abandoned"}
    lost = sum((seen - ledger).values())
    doubled = sum(count - max(1, seen[name]) for name, count in ledger.items() if count > max(1, seen[name]))
    made_up = sum(1 for name in ledger if name not in seen and name not in abandoned)
    return lost, doubled, made_up


async def _seen(port: int) -> list[str]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /seen HTTP/1.1\r\nhost: x\r\n\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n", 1)[0])
    body = await reader.readexactly(length)
    writer.close()
    return json.loads(body)


async def measure(arguments: argparse.Namespace) -> tuple[list[Figure], dict[str, Measured]]:
    """Every line of the table."""
    scale = 0.1 if arguments.quick else 1.0
    figures: list[Figure] = []
    async with contextlib.AsyncExitStack() as stack:
        port = await stack.enter_async_context(upstream())
        ours = await stack.enter_async_context(radiant(port))
        idle = ours.memory()
        others = [await stack.enter_async_context(peer(port)) for peer in (litellm, portkey)]
        measured = await compare(port, [ours, *others], arguments.rounds, scale)
        p50, p99 = await auto_adds(ours, int(2000 * scale))
        over = await overshoot(ours)
        soak = int(arguments.soak * scale)
        grown = await growth(ours, soak)

        def ratio(name: str, peer: str) -> float:
            mine, theirs = getattr(measured["RADIANT"], name), getattr(measured[peer], name)
            return statistics.median(a / b for a, b in zip(mine, theirs, strict=True))

        figures += [
            at_most("CPU a JSON request / LiteLLM", ratio("json_cpu", "LiteLLM"), 1 / 60, "ratio"),
            at_most("CPU a JSON request / Portkey", ratio("json_cpu", "Portkey"), 1 / 8, "ratio"),
            at_most("CPU a streamed request / LiteLLM", ratio("stream_cpu", "LiteLLM"), 1 / 18, "ratio"),
            at_most("CPU a streamed request / Portkey", ratio("stream_cpu", "Portkey"), 1 / 4, "ratio"),
            at_most("added p50, JSON / LiteLLM", ratio("added", "LiteLLM"), 1 / 15, "ratio"),
            at_most("added p50, JSON / Portkey", ratio("added", "Portkey"), 1 / 3, "ratio"),
            at_most("auto adds, p50", p50, 1.0, "ms"),
            at_most("auto adds, p99", p99, 2.0, "ms"),
            at_most("idle memory", idle, 120.0, "MB", f"LiteLLM {others[0].memory():.0f} after load"),
            at_most("start to first answer", ours.ready_after, 2.0, "s", f"LiteLLM {others[0].ready_after:.1f}"),
            at_most("budget overshoot, 64 at once", over, 0, "$"),
            at_most("memory growth", grown, 2.0, "%", f"over {soak} requests"),
        ]
    times = min(5, arguments.kills) if arguments.quick else arguments.kills
    if times:
        async with upstream() as port:
            lost, doubled, made_up = await kills(port, times)
        note = f"over {times} kill -9"
        figures += [
            at_most("events lost", lost, 0, "", note),
            at_most("events doubled or made up", doubled + made_up, 0, "", note),
        ]
    return figures, measured


def main() -> int:
    """Print the table; 1 where a goal is missed."""
    parser = argparse.ArgumentParser(prog="radiant bench gateway")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--soak", type=int, default=100_000)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.rounds = 1
    try:
        figures, measured = uvloop.run(measure(arguments))
    except (NotInstalled, Failed) as error:
        print(f"cannot be measured: {error}", file=sys.stderr)
        return 1
    if not arguments.json:
        print(f"{'':<12}{'JSON CPU us':>14}{'stream CPU us':>16}{'added p50 ms':>15}{'Postgres us':>14}   (medians)")
        for name, of in measured.items():
            row = [statistics.median(values) for values in (of.json_cpu, of.stream_cpu, of.added)]
            behind = statistics.median(of.postgres_cpu)
            print(f"{name:<12}{row[0]:>14.0f}{row[1]:>16.0f}{row[2]:>15.2f}{behind:>14.0f}")
        print()
    return report(figures, as_json=arguments.json)


if __name__ == "__main__":
    sys.exit(main())
