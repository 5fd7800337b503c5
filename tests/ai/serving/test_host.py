"""When models are loaded, queued for, unloaded and given up, with processes that only pretend."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from radiant.ai.serving import host as host_module
from radiant.ai.serving.host import Host
from radiant.ai.serving.packs import ModelStore
from radiant.ai.serving.problems import (
    ModelBusy,
    ModelCrashed,
    ModelLoadFailed,
    ModelNotInstalled,
    ModelOff,
    ModelStillLoading,
    ModelTooLarge,
)
from radiant.ai.serving.running import ServedModel, Thermal, default_memory_mb, default_threads
from radiant.ai.serving.served import finder


class FakeProcess:
    """A process that serves nothing."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.api_key = "key"
        self.base_url = f"http://127.0.0.1:{pid}/v1"
        self.well = True
        self.seconds_to_stop = 0.0
        self._ended = asyncio.Event()

    @property
    def alive(self) -> bool:
        return not self._ended.is_set()

    def last_words(self) -> str:
        return "aargh"

    async def wait(self) -> int:
        await self._ended.wait()
        return -9

    async def healthy(self) -> bool:
        return self.well

    async def stop(self) -> None:
        await asyncio.sleep(self.seconds_to_stop)
        self._ended.set()

    def kill(self) -> None:
        self._ended.set()


class Processes:
    """Starts fakes; `seconds` to start one, `error` to fail instead."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.running: dict[str, FakeProcess] = {}
        self.seconds = 0.0
        self.error: Exception | None = None

    async def start(self, model_id: str, module: str, orders: Mapping[str, Any]) -> FakeProcess:
        self.started.append(model_id)
        await asyncio.sleep(self.seconds)
        if self.error is not None:
            raise self.error
        self.running[model_id] = FakeProcess(len(self.started))
        return self.running[model_id]


@pytest.fixture
def processes() -> Processes:
    return Processes()


MakeHost = Callable[..., Host]


@pytest.fixture
async def make_host(processes: Processes) -> AsyncIterator[MakeHost]:
    made: list[Host] = []

    def make(memory: Mapping[str, int] | None = None, **options: Any) -> Host:
        sizes = memory or {"a": 100, "b": 100, "c": 100}

        def find(model_id: str) -> ServedModel | None:
            size = sizes.get(model_id)
            return None if size is None else ServedModel(model_id, "module", {}, size, queue=2)

        made.append(Host(find, start=processes.start, memory_mb=options.pop("memory_mb", 1000), **options))
        return made[-1]

    yield make
    for host in made:
        await host.close()


@asynccontextmanager
async def holding(host: Host, model_id: str) -> AsyncIterator[None]:
    """Somebody else uses the model for as long as the block lasts."""
    held, release = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with host.lease(model_id):
            held.set()
            await release.wait()

    task = asyncio.create_task(hold())
    await held.wait()
    try:
        yield
    finally:
        release.set()
        await task


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(3):
        while not condition():
            await asyncio.sleep(0.005)


async def test_a_cold_model_that_many_ask_for_is_loaded_once(make_host: MakeHost, processes: Processes):
    processes.seconds = 0.05
    host = make_host()

    async def use() -> str:
        async with host.lease("a") as endpoint:
            return endpoint.base_url

    assert len(set(await asyncio.gather(use(), use(), use()))) == 1
    assert processes.started == ["a"]


async def test_f10_3_warm_means_that_the_process_serves(make_host: MakeHost, processes: Processes):
    seen: list[tuple[str, Thermal]] = []
    processes.seconds = 0.1
    host = make_host(on_state=lambda model, state: seen.append((model, state)))
    assert host.states() == {}
    loading = asyncio.create_task(host.load("a"))
    await until(lambda: host.states().get("a") == "WARMING")
    assert processes.running == {}
    await loading
    assert host.states() == {"a": "WARM"}
    await host.unload("a")
    assert seen == [("a", "WARMING"), ("a", "WARM"), ("a", "COOLING"), ("a", "COLD")]


async def test_f10_3_a_load_that_takes_too_long_is_a_503_with_retry_after_and_goes_on(
    make_host: MakeHost, processes: Processes
):
    processes.seconds = 0.3
    host = make_host(wait_seconds=0.1)
    with pytest.raises(ModelStillLoading) as caught:
        await host.load("a")
    assert (caught.value.status, caught.value.headers) == (503, {"Retry-After": "5"})
    await until(lambda: host.states()["a"] == "WARM")
    await host.load("a")
    assert processes.started == ["a"]


async def test_f10_11_an_idle_model_is_really_unloaded(make_host: MakeHost, processes: Processes):
    host = make_host(idle_seconds=0.1)
    await host.load("a")
    await until(lambda: host.states()["a"] == "COLD")
    assert not processes.running["a"].alive
    assert host.memory_in_use_mb() == 0
    await host.load("a")
    assert processes.started == ["a", "a"]


async def test_a_model_in_use_is_not_idle_however_long_it_takes(make_host: MakeHost):
    host = make_host(idle_seconds=0.05)
    async with host.lease("a"):
        await asyncio.sleep(0.2)
        assert host.states()["a"] == "WARM"


async def test_the_model_used_longest_ago_makes_room_for_the_next(make_host: MakeHost):
    host = make_host(memory_mb=250)
    for model in ("a", "b", "a", "c"):
        await host.load(model)
    assert host.states() == {"a": "WARM", "b": "COLD", "c": "WARM"}
    assert host.memory_in_use_mb() == 200


async def test_a_model_in_use_is_not_evicted_and_the_next_one_waits_for_its_memory(make_host: MakeHost):
    host = make_host(memory_mb=150)
    async with holding(host, "a"):
        loading = asyncio.create_task(host.load("b"))
        await asyncio.sleep(0.05)
        assert host.states()["a"] == "WARM"
        assert not loading.done()
    await loading
    assert host.states() == {"a": "COLD", "b": "WARM"}


async def test_memory_that_does_not_get_free_in_time_is_told_as_busy(make_host: MakeHost):
    host = make_host(memory_mb=150, wait_seconds=0.05)
    async with holding(host, "a"):
        with pytest.raises((ModelBusy, ModelStillLoading)) as caught:
            await host.load("b")
        assert "Retry-After" in caught.value.headers


async def test_a_model_larger_than_all_memory_is_refused_without_unloading_others(make_host: MakeHost):
    host = make_host({"a": 100, "huge": 2000})
    await host.load("a")
    with pytest.raises(ModelTooLarge, match="2000 MB"):
        await host.load("huge")
    assert host.states()["a"] == "WARM"


async def test_a_full_queue_is_a_429_with_retry_after(make_host: MakeHost):
    host = make_host()
    async with holding(host, "a"):
        waiting = [asyncio.create_task(host.load("a")) for _ in range(2)]
        await asyncio.sleep(0.02)
        with pytest.raises(ModelBusy) as caught:
            await host.load("a")
        assert (caught.value.status, caught.value.headers) == (429, {"Retry-After": "5"})
    await asyncio.gather(*waiting)


async def test_one_request_at_a_time_has_the_model(make_host: MakeHost):
    host = make_host()
    now = most = 0

    async def use() -> None:
        nonlocal now, most
        async with host.lease("a"):
            now += 1
            most = max(most, now)
            await asyncio.sleep(0.01)
            now -= 1

    await asyncio.gather(use(), use(), use())
    assert most == 1


async def test_a_caller_that_goes_away_leaves_its_place_and_the_load_to_others(
    make_host: MakeHost, processes: Processes
):
    processes.seconds = 0.1
    host = make_host()
    first = asyncio.create_task(host.load("a"))
    await until(lambda: host.states().get("a") == "WARMING")
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    await host.load("a")
    assert processes.started == ["a"]


async def test_a_death_is_noticed_and_the_next_request_starts_the_model_again(
    make_host: MakeHost, processes: Processes
):
    host = make_host()
    await host.load("a")
    processes.running["a"].kill()
    await until(lambda: host.states()["a"] == "FAILED")
    assert host.memory_in_use_mb() == 0
    await host.load("a")
    assert processes.started == ["a", "a"]


async def test_a_model_asked_for_while_it_cools_is_started_anew_when_it_is_cold(
    make_host: MakeHost, processes: Processes
):
    seen: list[Thermal] = []
    host = make_host(on_state=lambda _, state: seen.append(state))
    await host.load("a")
    first = processes.running["a"]
    first.seconds_to_stop = 0.1
    cooling = asyncio.create_task(host.unload("a"))
    await until(lambda: host.states()["a"] == "COOLING")
    async with host.lease("a"):
        assert not first.alive
        assert processes.running["a"].alive
    await cooling
    assert seen == ["WARMING", "WARM", "COOLING", "COLD", "WARMING", "WARM"]


async def test_many_callers_who_come_and_go_leave_nothing_behind(make_host: MakeHost, processes: Processes):
    host = make_host(memory_mb=250, idle_seconds=0.02)
    host_ends: list[str] = []

    async def use(place: int) -> None:
        try:
            async with host.lease("abc"[place % 3]):
                await asyncio.sleep(0.001 * (place % 5))
                if place % 7 == 0:
                    processes.running["abc"[place % 3]].kill()
                    raise ConnectionError("cut")
            host_ends.append("fine")
        except (ModelBusy, ModelCrashed) as problem:
            host_ends.append(problem.slug)

    tasks: list[asyncio.Task[None]] = []
    for place in range(200):
        tasks.append(asyncio.create_task(use(place)))
        await asyncio.sleep(0.001)
        if place % 11 == 0:
            tasks[-1].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert host_ends.count("fine") > 20
    await until(lambda: set(host.states().values()) <= {"COLD", "FAILED"})
    assert host.memory_in_use_mb() == 0
    assert all(slot.users == 0 for slot in host._slots.values())  # pyright: ignore[reportPrivateUsage]


async def test_an_error_under_a_death_is_told_as_the_crash(make_host: MakeHost, processes: Processes):
    host = make_host()
    with pytest.raises(ModelCrashed):
        async with host.lease("a"):
            processes.running["a"].kill()
            raise ConnectionError("cut")


async def test_an_error_of_a_living_model_stays_what_it_is(make_host: MakeHost, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(host_module, "_DEATH_IS_SEEN", 0.02)
    host = make_host()
    with pytest.raises(ConnectionError):
        async with host.lease("a"):
            raise ConnectionError("cut")
    assert host.states()["a"] == "WARM"


async def test_a_process_that_no_longer_says_that_it_is_well_is_ended(make_host: MakeHost, processes: Processes):
    host = make_host(idle_seconds=0.2)
    await host.load("a")
    processes.running["a"].well = False
    await until(lambda: host.states()["a"] == "FAILED")
    assert not processes.running["a"].alive


async def test_a_load_that_failed_is_told_and_not_tried_again_at_once(
    make_host: MakeHost, processes: Processes, monkeypatch: pytest.MonkeyPatch
):
    processes.error = ModelLoadFailed("bad file", model_id="a")
    host = make_host()
    for _ in range(3):
        with pytest.raises(ModelLoadFailed, match="bad file"):
            await host.load("a")
    assert processes.started == ["a"]
    assert host.states()["a"] == "FAILED"
    monkeypatch.setattr(host_module, "_REST_AFTER_FAILURE", 0.0)
    processes.error = None
    await host.load("a")
    assert host.states()["a"] == "WARM"


async def test_a_failed_load_that_nobody_waits_for_says_nothing_on_its_own(make_host: MakeHost, processes: Processes):
    processes.seconds, processes.error = 0.05, ModelLoadFailed("bad file", model_id="a")
    host = make_host()
    task = asyncio.create_task(host.load("a"))
    await until(lambda: host.states().get("a") == "WARMING")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await until(lambda: host.states()["a"] == "FAILED")
    gc.collect()


async def test_an_unknown_model_is_not_installed(make_host: MakeHost):
    with pytest.raises(ModelNotInstalled, match="radiant models install x"):
        await make_host().load("x")


async def test_a_model_that_is_switched_off_is_unloaded_and_stays_so_until_switched_on(make_host: MakeHost):
    host = make_host()
    await host.load("a")
    await host.turn_off("a")
    assert host.states() == {"a": "OFF"}
    with pytest.raises(ModelOff):
        await host.load("a")
    host.turn_on("a")
    await host.load("a")
    assert host.states() == {"a": "WARM"}


async def test_a_model_that_is_switched_off_while_it_loads_does_not_stay(make_host: MakeHost, processes: Processes):
    processes.seconds = 0.1
    host = make_host()
    loading = asyncio.create_task(host.load("a"))
    await until(lambda: host.states().get("a") == "WARMING")
    await host.turn_off("a")
    with pytest.raises(ModelOff):
        await loading
    assert host.states() == {"a": "OFF"}
    assert not processes.running["a"].alive


async def test_closing_ends_every_process_and_refuses_what_comes_later(make_host: MakeHost, processes: Processes):
    host = make_host()
    await host.load("a")
    await host.load("b")
    processes.seconds = 1.0
    late = asyncio.create_task(host.load("c"))
    await until(lambda: host.states().get("c") == "WARMING")
    await host.close()
    assert not any(process.alive for process in processes.running.values())
    with pytest.raises((ModelOff, asyncio.CancelledError)):
        await late
    with pytest.raises(ModelOff):
        await host.load("a")


def test_defaults_leave_a_core_and_some_memory_to_others():
    assert default_threads() >= 1
    assert default_memory_mb() > 100


async def test_a_file_that_only_looks_like_a_model_is_a_load_failure(tmp_path: Path):
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + b"\0" * 1000)
    store = ModelStore(tmp_path / "models")
    added = await asyncio.to_thread(store.add_gguf, broken)
    async with Host(finder(store)) as host:
        with pytest.raises(ModelLoadFailed):
            await host.load(added.id)
        assert host.states()[added.id] == "FAILED"
