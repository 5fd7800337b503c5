"""What a running model is: how it is started, where it is reached, which states it goes through."""

import asyncio
import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeAlias

from radiant.ai.serving.child import Running
from radiant.ai.serving.problems import ServingProblem

Thermal: TypeAlias = Literal["OFF", "COLD", "WARMING", "WARM", "COOLING", "FAILED"]
"""OFF: an operator switched it off. FAILED: its process died or did not come up; the next request tries again."""


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model that can be started. `slots`: requests that it answers at once; `queue`: requests that may wait."""

    id: str
    module: str
    """The child's module, such as radiant.ai.serving.llama_child."""
    orders: Mapping[str, Any]
    memory_mb: int
    slots: int = 1
    queue: int = 8


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a leased model speaks OpenAI's protocol."""

    model_id: str
    base_url: str
    api_key: str = field(repr=False)
    pid: int = 0


@dataclass(slots=True)
class Slot:
    """What a host knows of one model."""

    model: ServedModel
    state: Thermal = "COLD"
    child: Running | None = None
    starting: asyncio.Task[Running] | None = None
    watcher: asyncio.Task[None] | None = None
    running: asyncio.Semaphore = field(init=False)
    changing: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while its process starts or stops: one at a time."""
    users: int = 0
    """Requests that hold or wait for this model: while there are any, it is not unloaded."""
    last_used: float = 0.0
    failed_at: float = 0.0
    failure: ServingProblem | None = None

    def __post_init__(self) -> None:
        self.running = asyncio.Semaphore(self.model.slots)


def default_threads() -> int:
    """One core is left to everybody else: two threads of llama.cpp on busy cores wait for each other, spinning."""
    return max(1, len(os.sched_getaffinity(0)) - 1)


def _usable_memory() -> int:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    with contextlib.suppress(OSError, ValueError):
        # A container's limit; "max" where there is none, hence ValueError.
        total = min(total, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return total


# Read with the module: later it would be a read of a file on the event loop.
_USABLE_MEMORY = _usable_memory()


def default_memory_mb() -> int:
    """Six tenths of the memory that we may use: the machine's, or the container's where that is less."""
    return _USABLE_MEMORY * 6 // 10 // 2**20
