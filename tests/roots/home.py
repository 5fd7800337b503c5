"""An installation for tests: a copy of the package as a wheel would bring it, in a folder and an environment of its own.

Its processes are known by that folder (environment, arguments, working folder) and by descent, never by their names.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import radiant

SMALL = ("smollm2-135m-instruct", "all-minilm-l6-v2")
# All that a machine with nothing but Python has; no node, npm, psql, postgres.
_PROGRAMS = ("sh", "bash", "curl")
_READY = "Ctrl-C stops everything."


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


@dataclass(slots=True)
class Home:
    """A folder, and `radiant up` in it. `owner`: the user and group that it runs as, where not our own."""

    folder: Path
    data_dir: Path
    port: int
    python: str = sys.executable
    owner: tuple[int, int] | None = None
    environment: dict[str, str] = field(default_factory=dict[str, str])
    process: subprocess.Popen[bytes] | None = None
    starts: int = 0

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def full_environment(self) -> dict[str, str]:
        """Nothing of our own environment, so that no setting and no provider's key comes in."""
        site = sysconfig.get_path("purelib")
        return {
            "HOME": str(self.folder),
            "PATH": str(self.folder / "bin"),
            "PYTHONPATH": f"{self.folder / 'app'}{os.pathsep}{site}",
            "RADIANT_MODELS_DIR": str(self.folder / "models"),
            **self.environment,
        }

    def command(self, *words: str) -> list[str]:
        """`radiant …` here."""
        user: list[str] = []
        if self.owner is not None:
            setpriv = shutil.which("setpriv") or "setpriv"
            user = [setpriv, f"--reuid={self.owner[0]}", f"--regid={self.owner[1]}", "--clear-groups"]
        return [*user, self.python, "-m", "radiant", *words]

    async def run(self, *words: str, seconds: float = 60) -> subprocess.CompletedProcess[str]:
        """`radiant …` to its end."""
        return await asyncio.to_thread(
            subprocess.run, self.command(*words), env=self.full_environment(), cwd=self.folder,
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds, check=False,
        )  # fmt: skip

    async def up(self, seconds: float = 90) -> float:
        """Start it and wait until it says that it is ready; the seconds that took."""
        self.starts += 1
        arguments = ("up", "--models", "none", "--port", str(self.port), "--data-dir", str(self.data_dir))
        began = time.monotonic()
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self.process = subprocess.Popen(
                self.command(*arguments), env=self.full_environment(), cwd=self.folder, stdin=subprocess.DEVNULL,
                stdout=out, stderr=err, start_new_session=True,
            )  # fmt: skip
        await self.said(_READY, seconds)
        return time.monotonic() - began

    @property
    def out(self) -> Path:
        return self.folder / f"stdout-{self.starts}"

    @property
    def err(self) -> Path:
        return self.folder / f"stderr-{self.starts}"

    async def said(self, words: str, seconds: float = 30) -> None:
        """Wait until the present `up` wrote that to its error output."""
        deadline = time.monotonic() + seconds
        while words not in (text := self.err.read_text()):
            assert self.process is not None
            assert self.process.poll() is None, f"up ended with {self.process.returncode}:\n{text}{self.logs()}"
            assert time.monotonic() < deadline, f"not said within {seconds} s: {words}\n{text}{self.logs()}"
            await asyncio.sleep(0.05)

    async def end(self, how: signal.Signals, seconds: float = 40) -> int:
        """Send `up` that signal; its exit code."""
        assert self.process is not None
        self.process.send_signal(how)
        return await asyncio.to_thread(self.process.wait, seconds)

    def logs(self) -> str:
        """The ends of the children's logs, for the message of a failed test."""
        return "".join(
            f"\n--- {log.name}\n{log.read_text()[-3000:]}" for log in sorted((self.data_dir / "logs").glob("*.log"))
        )

    # Processes

    def database_home(self) -> Path | None:
        """Where the cluster lives, once it was made."""
        pointer = self.data_dir / "postgres" / "location"
        return Path(pointer.read_text().strip()) if pointer.exists() else None

    def processes(self) -> dict[int, str]:
        """The processes of this home that are alive, with their command lines."""
        marks = [os.fsencode(self.folder)]
        if (database := self.database_home()) is not None:
            marks.append(os.fsencode(database))
        parents: dict[int, int] = {}
        lines: dict[int, str] = {}
        ours: set[int] = set()
        for pid in _pids():
            with contextlib.suppress(OSError):
                status, parent = _stat(pid)
                line = Path(f"/proc/{pid}/cmdline").read_bytes()
                if status == "Z" or pid == os.getpid():
                    continue
                parents[pid], lines[pid] = parent, line.replace(b"\0", b" ").decode(errors="replace").strip()
                where = os.fsencode(Path(f"/proc/{pid}/cwd").readlink())
                seen = line + Path(f"/proc/{pid}/environ").read_bytes() + where
                if any(mark in seen for mark in marks):
                    ours.add(pid)
        for pid in parents:
            above = pid
            while above in parents and above not in ours:
                above = parents[above]
            if above in ours:
                ours.add(pid)
        return {pid: lines[pid] for pid in sorted(ours)}

    def processor_seconds(self) -> float:
        """What its processes have taken of the processor, with their children that ended."""
        ticks = 0
        for pid in self.processes():
            with contextlib.suppress(OSError):
                words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                ticks += sum(map(int, words[11:15]))
        return ticks / os.sysconf("SC_CLK_TCK")

    def pid_of(self, words: str) -> int:
        """The one process whose command line ends so."""
        found = [pid for pid, line in self.processes().items() if line.endswith(words)]
        assert len(found) == 1, self.processes()
        return found[0]

    def postmaster(self) -> int:
        """The process id of the database."""
        database = self.database_home()
        assert database is not None
        return int((database / "cluster" / "postmaster.pid").read_text().splitlines()[0])


def _pids() -> Iterator[int]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            yield int(entry.name)


def _stat(pid: int) -> tuple[str, int]:
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return words[0], int(words[1])


async def gone(home: Home, pids: Sequence[int] | None = None, seconds: float = 15) -> dict[int, str]:
    """Wait until these processes, or all, have ended; those that have not."""
    deadline = time.monotonic() + seconds
    while True:
        left = {pid: line for pid, line in home.processes().items() if pids is None or pid in pids}
        if not left or time.monotonic() > deadline:
            return left
        await asyncio.sleep(0.1)


def _make(folder: Path, models: Path) -> None:
    package = Path(radiant.__file__).parent
    shutil.copytree(package, folder / "app" / "radiant", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "bin").mkdir()
    for name in _PROGRAMS:
        found = shutil.which(name)
        assert found is not None, f"these tests need {name}"
        (folder / "bin" / name).symlink_to(found)
    for model in SMALL:
        shutil.copytree(models / model, folder / "models" / model, copy_function=_link)


@contextlib.asynccontextmanager
async def new_home(models: Path, *, closed: bool = False, **options: Any) -> AsyncIterator[Home]:
    """A home, and its end whatever happened. `closed`: others than its owner may not enter it."""
    folder = Path(tempfile.mkdtemp(prefix="radiant-up-"))
    folder.chmod(0o700 if closed else 0o711)
    home = Home(folder, folder / "data", free_port(), **options)
    try:
        await asyncio.to_thread(_make, folder, models)
        yield home
    finally:
        await asyncio.to_thread(_remove, home)


def clear(home: Home) -> None:
    """End whatever still runs in it."""
    if home.process is not None and home.process.poll() is None:
        home.process.kill()
        home.process.wait()
    for pid in home.processes():
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while home.processes() and time.monotonic() < deadline:
        time.sleep(0.1)


def _remove(home: Home) -> None:
    database = home.database_home()
    clear(home)
    if database is not None and database.is_relative_to("/var/lib/radiant"):
        shutil.rmtree(database, ignore_errors=True)
    shutil.rmtree(home.folder, ignore_errors=True)
