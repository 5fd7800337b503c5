"""The sandboxes of Python: eight probes of each, and how long a call takes (goals.md).

    ./radiant bench sandbox [--quick] [--json]

The probes are those of the tests. Warm: a process is ready, as it is after the first call; cold: the first call of all.
"""

import asyncio
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
from bench.kit.figures import Figure, NoData, at_most, on_recordings
from tests.workspace.tools.compute.kit import ask, computing, probes, said_by

_TIERS = {"python": "monty", "python_libraries": "bubblewrap"}
_PROGRAM = "sum(n * n for n in range(100))"
_WARM_GOAL = 15.0
# Until the jail has one ready again, which a person or a model does not notice between two calls.
_PAUSE = {"python": 0.0, "python_libraries": 1.5}


async def _stopped(tier: str) -> Figure:
    async with computing() as compute, probes() as tried:
        leaks = [
            probe.name for probe in tried
            if probe.leaked(await said_by(ask(compute, tier, code=probe.code, seconds=2.0)))
        ]  # fmt: skip
    return Figure(f"{_TIERS[tier]}: probes stopped, of 8", 8 - len(leaks), 8, note=", ".join(leaks))


async def _timed(tier: str, warm: int, cold: int) -> list[Figure]:
    firsts: list[float] = []
    for _ in range(cold):
        async with computing() as compute:
            began = time.perf_counter()
            await ask(compute, tier, code=_PROGRAM)
            firsts.append((time.perf_counter() - began) * 1000)
    took: list[float] = []
    async with computing() as compute:
        await ask(compute, tier, code=_PROGRAM)
        for _ in range(warm):
            await asyncio.sleep(_PAUSE[tier])
            began = time.perf_counter()
            found = await ask(compute, tier, code=_PROGRAM)
            took.append((time.perf_counter() - began) * 1000)
            assert found.text == "328350"
    name = _TIERS[tier]
    p95 = float(np.percentile(took, 95))
    return [
        Figure(f"{name}: warm, p50", float(np.median(took)), unit="ms"),
        at_most(f"{name}: warm, p95", p95, _WARM_GOAL, "ms") if tier == "python" else Figure(f"{name}: warm, p95", p95, unit="ms"),
        Figure(f"{name}: cold, p50", float(np.median(firsts)), unit="ms"),
        Figure(f"{name}: cold, p95", float(np.percentile(firsts, 95)), unit="ms"),
    ]  # fmt: skip


async def _measure(*, quick: bool) -> list[Figure]:
    async with computing() as compute:
        works = "no sandbox" not in await said_by(ask(compute, "python_libraries", code="1"))
    if not works:
        raise NoData("this host does not let bubblewrap make a jail")
    figures: list[Figure] = []
    for tier in _TIERS:
        figures.append(await _stopped(tier))
        count = 300 if tier == "python" else 40
        figures += await _timed(tier, count // 5 if quick else count, 5 if quick else 20)
    return figures


def measure(_: Path | None, *, quick: bool) -> list[Figure]:
    """Every line of the table."""
    return asyncio.run(_measure(quick=quick))


if __name__ == "__main__":
    sys.exit(on_recordings("sandbox", measure))
