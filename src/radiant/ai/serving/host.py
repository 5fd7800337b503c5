"""The processes of self-hosted models: loaded when asked for, unloaded when idle or when another needs the memory.

One subprocess a model (`child`), one memory budget over all of them, one bounded queue for each. A state is what is
known and not what is hoped: WARM means that the process answered.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import structlog

from radiant.ai.serving.child import Running, start_child
from radiant.ai.serving.problems import (
    ModelBusy,
    ModelCrashed,
    ModelLoadFailed,
    ModelNotInstalled,
    ModelOff,
    ModelStillLoading,
    ModelTooLarge,
    ServingProblem,
)
from radiant.ai.serving.running import Endpoint, ServedModel, Slot, Thermal, default_memory_mb
from radiant.kit.errors import Problem

log = structlog.get_logger()

OnState: TypeAlias = Callable[[str, Thermal], None]
Start: TypeAlias = Callable[[str, str, Mapping[str, Any]], Awaitable[Running]]
"""Model id, module, orders -> a process that serves. Raises ModelLoadFailed."""

RETRY_AFTER = 5
# After a load that failed, requests get its error for so long before another load is tried.
_REST_AFTER_FAILURE = 5.0
_HEALTH_EVERY = 15.0
# How long a death may take to be noticed after the connection to a process broke.
_DEATH_IS_SEEN = 1.0


class Host:
    """Owns the processes. `find` says how a model is started, or None where its files are not here.

        async with host.lease("smollm2-135m-instruct") as endpoint: ...

    `memory_mb` bounds all loaded models together, `idle_seconds` how long one stays loaded unused; `wait_seconds`
    bounds how long a request waits for its turn. `on_state` hears of every change, on the loop, in order.
    """

    def __init__(
        self,
        find: Callable[[str], ServedModel | None],
        *,
        memory_mb: int | None = None,
        idle_seconds: float = 600.0,
        wait_seconds: float = 120.0,
        on_state: OnState = lambda _model, _state: None,
        start: Start = start_child,
    ) -> None:
        self._find = find
        self._start_process = start
        self._memory_mb = memory_mb if memory_mb is not None else default_memory_mb()
        self._idle_seconds = idle_seconds
        self._wait_seconds = wait_seconds
        self._on_state = on_state
        self._slots: dict[str, Slot] = {}
        self._off: set[str] = set()
        self._memory_changed = asyncio.Condition()
        self._reaper: asyncio.Task[None] | None = None
        self._closed = False

    # --- asking --------------------------------------------------------------------------------------

    def states(self) -> dict[str, Thermal]:
        """The state of every model that was ever asked for; any other is COLD."""
        return {model_id: slot.state for model_id, slot in self._slots.items()}

    def memory_in_use_mb(self) -> int:
        """What the loaded and loading models are reckoned at."""
        return sum(slot.model.memory_mb for slot in self._slots.values() if _holds_memory(slot))

    @asynccontextmanager
    async def lease(self, model_id: str) -> AsyncGenerator[Endpoint, None]:
        """The model, loaded, with a turn on it for as long as the block lasts.

        Raises ModelNotInstalled, ModelOff, ModelTooLarge, ModelBusy (429: the queue is full, or the wait too long),
        ModelStillLoading, ModelLoadFailed; and ModelCrashed in place of any error of the block, where the process
        died under it.
        """
        slot = await self._slot(model_id)
        if slot.users >= slot.model.slots + slot.model.queue:
            raise self._busy(model_id, f"{slot.users} requests are before this one")
        slot.users += 1
        try:
            try:
                async with asyncio.timeout(self._wait_seconds):
                    await slot.running.acquire()
            except TimeoutError as error:
                raise self._busy(model_id, "the requests before this one take too long") from error
            try:
                try:
                    async with asyncio.timeout(self._wait_seconds):
                        child = await self._loaded(slot)
                except TimeoutError as error:
                    raise ModelStillLoading(
                        f"{model_id} is still loading; ask again in a moment",
                        model_id=model_id,
                        retry_after=RETRY_AFTER,
                    ) from error
                endpoint = Endpoint(model_id, child.base_url, child.api_key, child.pid)
                try:
                    yield endpoint
                except Exception as error:
                    refused = isinstance(error, Problem) and error.status < 500
                    if not refused and await _died(child):
                        raise ModelCrashed(
                            f"the process of {model_id} died while it answered; the next request starts it again",
                            model_id=model_id,
                            retry_after=1,
                        ) from error
                    raise
            finally:
                slot.running.release()
        finally:
            slot.users -= 1
            slot.last_used = time.monotonic()
            if slot.users == 0:
                await self._notify_memory()

    async def load(self, model_id: str) -> None:
        """Load it now, so that the next request finds it warm. Raises as `lease` does."""
        async with self.lease(model_id):
            pass

    async def unload(self, model_id: str) -> None:
        """Unload it now, whoever is using it. Does nothing where it is not loaded."""
        slot = self._slots.get(model_id)
        if slot is not None:
            await self._stop(slot, "COLD")

    async def turn_off(self, model_id: str) -> None:
        """Unload it, and load it no more until `turn_on`."""
        self._off.add(model_id)
        slot = self._slots.get(model_id)
        if slot is not None:
            await self._stop(slot, "OFF")

    def turn_on(self, model_id: str) -> None:
        """Let it be loaded again."""
        self._off.discard(model_id)
        slot = self._slots.get(model_id)
        if slot is not None and slot.state == "OFF":
            self._enter(slot, "COLD")

    async def close(self) -> None:
        """End every process."""
        self._closed = True
        if self._reaper is not None:
            self._reaper.cancel()
            await asyncio.gather(self._reaper, return_exceptions=True)
        await asyncio.gather(*(self._stop(slot, "COLD") for slot in self._slots.values()))

    async def __aenter__(self) -> "Host":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    # --- loading -------------------------------------------------------------------------------------

    async def _slot(self, model_id: str) -> Slot:
        if self._closed:
            raise ModelOff("local models are being shut down", model_id=model_id)
        if model_id in self._off:
            raise ModelOff(f"{model_id} is switched off", model_id=model_id)
        slot = self._slots.get(model_id)
        if slot is None or slot.state in ("COLD", "FAILED"):
            # Asked again before each load: files come and go.
            model = await asyncio.to_thread(self._find, model_id)
            if model is None:
                raise ModelNotInstalled(
                    f"{model_id} is not installed; `radiant models install {model_id}` fetches it",
                    model_id=model_id,
                )
            slot = self._slots.setdefault(model_id, Slot(model))
            if slot.users == 0 and slot.state in ("COLD", "FAILED"):
                slot.model = model
        return slot

    async def _loaded(self, slot: Slot) -> Running:
        """Its process, started where there is none. However many ask, it is started once."""
        if slot.child is not None and slot.child.alive:
            return slot.child
        if slot.starting is None:
            if slot.failure is not None and time.monotonic() - slot.failed_at < _REST_AFTER_FAILURE:
                raise ModelLoadFailed(slot.failure.detail, model_id=slot.model.id, retry_after=RETRY_AFTER)
            slot.starting = asyncio.create_task(self._start(slot), name=f"load {slot.model.id}")
            # Nobody may be left to hear how it went.
            slot.starting.add_done_callback(lambda task: task.cancelled() or task.exception())
        # Shielded: one caller that goes away does not end the load for the others.
        return await asyncio.shield(slot.starting)

    async def _start(self, slot: Slot) -> Running:
        model = slot.model
        try:
            async with slot.changing:
                return await self._start_alone(slot)
        except ServingProblem as problem:
            failed = isinstance(problem, ModelLoadFailed)
            if failed:
                slot.failure, slot.failed_at = problem, time.monotonic()
            self._enter(slot, "OFF" if model.id in self._off else "FAILED" if failed else "COLD")
            await self._notify_memory()
            raise
        except BaseException:
            self._enter(slot, "COLD")
            raise
        finally:
            slot.starting = None

    async def _start_alone(self, slot: Slot) -> Running:
        model, started = slot.model, time.monotonic()
        # A process that died unseen so far is no longer this slot's.
        slot.child = None
        await self._make_room(slot)
        child = await self._start_process(model.id, model.module, model.orders)
        if self._closed or model.id in self._off:
            await child.stop()
            raise ModelOff(f"{model.id} was switched off while it loaded", model_id=model.id)
        slot.child = child
        slot.failure = None
        slot.last_used = time.monotonic()
        slot.watcher = asyncio.create_task(self._watch(slot, child), name=f"watch {model.id}")
        if self._reaper is None:
            self._reaper = asyncio.create_task(self._reap(), name="idle models")
        self._enter(slot, "WARM")
        log.info("model.loaded", model=model.id, pid=child.pid, seconds=round(time.monotonic() - started, 2))
        return child

    async def _make_room(self, slot: Slot) -> None:
        """Reserve the model's memory, unloading those used longest ago that nobody uses now. Waits for others to
        finish, up to `wait_seconds`. Raises ModelTooLarge, ModelBusy."""
        need = slot.model.memory_mb
        if need > self._memory_mb:
            raise ModelTooLarge(
                f"{slot.model.id} needs {need} MB, and local models may use {self._memory_mb} MB",
                model_id=slot.model.id,
            )
        try:
            async with asyncio.timeout(self._wait_seconds), self._memory_changed:
                while self.memory_in_use_mb() + need > self._memory_mb:
                    idle = [other for other in self._slots.values() if other.state == "WARM" and other.users == 0]
                    if idle:
                        oldest = min(idle, key=lambda other: other.last_used)
                        log.info("model.evicted", model=oldest.model.id, for_model=slot.model.id)
                        await self._stop(oldest, "COLD", notify=False)
                    else:
                        await self._memory_changed.wait()
                self._enter(slot, "WARMING")
        except TimeoutError as error:
            raise self._busy(slot.model.id, "other models are answering and hold the memory") from error

    # --- unloading -----------------------------------------------------------------------------------

    async def _stop(self, slot: Slot, then: Thermal, *, notify: bool = True) -> None:
        if slot.starting is not None and then == "COLD" and self._closed:
            slot.starting.cancel()
            await asyncio.gather(slot.starting, return_exceptions=True)
        child, slot.child = slot.child, None
        if child is None:
            if slot.state != "WARMING":
                self._enter(slot, then)
            return
        self._enter(slot, "COOLING")
        # Whoever asks for the model meanwhile starts it anew, once this is over.
        async with slot.changing:
            watcher, slot.watcher = slot.watcher, None
            if watcher is not None:
                watcher.cancel()
            await child.stop()
            self._enter(slot, then)
        log.info("model.unloaded", model=slot.model.id)
        if notify:
            await self._notify_memory()

    async def _watch(self, slot: Slot, child: Running) -> None:
        """Notice a death that nobody ordered."""
        code = await child.wait()
        if slot.child is not child:
            return
        slot.child = None
        slot.failed_at = time.monotonic()
        log.error("model.crashed", model=slot.model.id, exit_code=code, log=child.last_words())
        self._enter(slot, "FAILED")
        await child.stop()
        await self._notify_memory()

    async def _reap(self) -> None:
        """Unload what nobody has used for a while; end what no longer says that it is well."""
        while True:
            await asyncio.sleep(min(_HEALTH_EVERY, max(0.05, self._idle_seconds / 4)))
            now = time.monotonic()
            for slot in list(self._slots.values()):
                if slot.state != "WARM" or slot.users:
                    continue
                if now - slot.last_used >= self._idle_seconds:
                    await self._stop(slot, "COLD")
                elif slot.child is not None and not await slot.child.healthy():
                    log.error("model.unhealthy", model=slot.model.id, pid=slot.child.pid)
                    slot.child.kill()

    # --- small ---------------------------------------------------------------------------------------

    def _enter(self, slot: Slot, state: Thermal) -> None:
        if slot.state != state:
            slot.state = state
            self._on_state(slot.model.id, state)

    def _busy(self, model_id: str, why: str) -> ModelBusy:
        return ModelBusy(f"{model_id} is busy: {why}", model_id=model_id, retry_after=RETRY_AFTER)

    async def _notify_memory(self) -> None:
        async with self._memory_changed:
            self._memory_changed.notify_all()


def _holds_memory(slot: Slot) -> bool:
    return slot.state in ("WARMING", "WARM", "COOLING")


async def _died(child: Running) -> bool:
    """Whether the process is dead, or dies within a moment: its sockets close before its death is known."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_DEATH_IS_SEEN):
            await child.wait()
    return not child.alive
