"""An append-only journal in preallocated files that are mapped into memory.

An append is a copy into the page cache: it survives a kill -9 without a system call, and `sync` bounds what a loss of
power can take. A frame is its length, the CRC of its payload, the payload; the length is written last, so a frame that
was torn reads as the end. Files ("segments") are made ahead of need in a thread, never on the event loop.
"""

import asyncio
import contextlib
import fcntl
import mmap
import os
import shutil
import struct
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

import structlog

from radiant.kit.errors import Unavailable
from radiant.kit.ids import parse_uuid, uuid7

log = structlog.get_logger()

SEGMENT_BYTES = 2**20
_WORD = struct.Struct("<I")
_HEAD = struct.Struct("<II")
# Instead of a length: the journal goes on in the next segment.
_ENDED = 0xFFFFFFFF
_LOCK, _UNBORN, _SUFFIX = "lock", ".unborn-", ".journal"


class JournalFull(Unavailable):
    """No room to note a call, so none is made."""

    slug = "journal-full"


class Position(NamedTuple):
    """A place between two frames."""

    segment: int = 1
    offset: int = 0


@dataclass(slots=True)
class Segment:
    """One file of a journal, mapped."""

    number: int
    path: Path
    map: mmap.mmap
    file: int

    def close(self) -> None:
        """Unmap."""
        self.map.close()
        os.close(self.file)


def frame_bytes(payload: int) -> int:
    """The bytes that a payload of that many takes in a segment; frames begin at multiples of eight."""
    return (payload + 15) & ~7


def write_frame(into: mmap.mmap, offset: int, payload: bytes) -> int:
    """Write a frame, its length last; where the next one begins."""
    length = len(payload)
    into[offset + 4 : offset + 8 + length] = _WORD.pack(zlib.crc32(payload)) + payload
    into[offset : offset + 4] = _WORD.pack(length)
    return offset + ((length + 15) & ~7)


def read_frames(data: mmap.mmap | bytes, offset: int, most: int) -> tuple[list[bytes], int, bool]:
    """At most that many payloads from `offset`, where the next frame begins, and whether the segment ended there.

    Whatever the bytes are: a frame that is not whole is the end.
    """
    found: list[bytes] = []
    size = len(data)
    while len(found) < most and offset + _HEAD.size <= size:
        length, crc = _HEAD.unpack_from(data, offset)
        if length == _ENDED:
            return found, offset, True
        begin = offset + _HEAD.size
        if length == 0 or begin + length > size:
            break
        payload = bytes(data[begin : begin + length])
        if zlib.crc32(payload) != crc:
            break
        found.append(payload)
        offset += frame_bytes(length)
    return found, offset, False


def _segment_path(folder: Path, number: int) -> Path:
    return folder / f"{number:08d}{_SUFFIX}"


def _make_segment(folder: Path, number: int, size: int) -> Segment:
    """A new segment whose blocks are all there, so that no later write meets a full disk. Blocks; raises OSError."""
    path = _segment_path(folder, number)
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.posix_fallocate(file, 0, size)
        return Segment(number, path, mmap.mmap(file, size), file)
    except BaseException:
        os.close(file)
        path.unlink(missing_ok=True)
        raise


def try_lock(folder: Path) -> int | None:
    """The lock of a journal whose process died, or None while it lives or where it is gone. Blocks."""
    try:
        file = os.open(folder / _LOCK, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(file)
        return None
    return file


def dead_journals(root: Path) -> Iterator[tuple[UUID, Path, int]]:
    """Journals that nobody keeps any more: id, folder and the lock, which is the caller's from now on. Blocks."""
    if not root.is_dir():
        return
    for folder in sorted(root.iterdir()):
        if folder.name.startswith(_UNBORN):
            # It is being made at this moment, or its process died while it was.
            with contextlib.suppress(FileNotFoundError):
                if time.time() - folder.stat().st_mtime > 3600:
                    shutil.rmtree(folder, ignore_errors=True)
            continue
        journal_id = parse_uuid(folder.name)
        if journal_id is not None and (lock := try_lock(folder)) is not None:
            yield journal_id, folder, lock


class DeadReader:
    """Reads what a dead process left."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _numbers(self) -> list[int]:
        return sorted(int(path.stem) for path in self._folder.glob(f"*{_SUFFIX}") if path.stem.isdigit())

    def read(self, after: Position, most: int) -> tuple[list[bytes], Position]:
        """At most that many frames and the position behind them; none at the end. Blocks."""
        position, damaged = after, ""
        for number in self._numbers():
            if number < position.segment:
                continue
            begin = position.offset if number == position.segment else 0
            path = _segment_path(self._folder, number)
            frames, offset, ended = read_frames(path.read_bytes(), begin, most)
            if frames:
                if damaged:
                    log.error("usage.journal_damaged", place=damaged)
                return frames, Position(number, offset)
            damaged = "" if ended else f"{path}:{offset}"
            position = Position(number, offset)
        return [], position


class Journal:
    """The journal of this process. One event loop appends; files are made and taken away in threads."""

    def __init__(self, root: Path, segment_bytes: int = SEGMENT_BYTES) -> None:
        self.id = uuid7()
        self.folder = root / str(self.id)
        self._root = root
        self._size = segment_bytes
        self._lock = -1
        self._segments: dict[int, Segment] = {}
        self._current: Segment
        self._spare: Segment | None = None
        self._offset = 0
        # Bytes kept for the ends of calls that are open: an end is never refused.
        self._kept = 0
        self._making: asyncio.Task[None] | None = None
        self._synced = Position()

    async def open(self) -> None:
        """Make the folder and the first files. Raises OSError."""
        await asyncio.to_thread(self._open)

    def _open(self) -> None:
        self._root.mkdir(mode=0o700, parents=True, exist_ok=True)
        unborn = self._root / f"{_UNBORN}{self.id}"
        unborn.mkdir(mode=0o700)
        self._lock = os.open(unborn / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        # Only now may others see it: without its lock it would be taken for dead.
        unborn.rename(self.folder)
        self._current = _make_segment(self.folder, 1, self._size)
        self._spare = _make_segment(self.folder, 2, self._size)
        self._segments = {1: self._current, 2: self._spare}

    @property
    def position(self) -> Position:
        """Behind the last frame."""
        return Position(self._current.number, self._offset)

    def append(self, payload: bytes, later: int = 0) -> bool:
        """Note a payload, and keep `later` bytes for its end where it has one; False where there is no room: `make_room`, and try
        again."""
        kept = frame_bytes(later) if later else 0
        # A word is left for the mark that says that the journal goes on elsewhere.
        needed = frame_bytes(len(payload)) + kept + self._kept + _HEAD.size
        if self._offset + needed > self._size:
            if self._spare is None or needed > self._size:
                return False
            self._go_on()
        self._kept += kept
        self._offset = write_frame(self._current.map, self._offset, payload)
        return True

    async def make_room(self) -> None:
        """Wait for the segment that is being made. Raises JournalFull."""
        if self._spare is None:
            self._prepare()
            if self._making is not None:
                await asyncio.shield(self._making)
        if self._spare is None:
            raise JournalFull(
                f"no call is taken on, since it could not be noted: the disk of {self._root} is full or cannot be"
                " written; make room there",
                headers={"Retry-After": "5"},
            )

    def append_end(self, payload: bytes, kept: int) -> None:
        """Note the end of a call, for which `kept` bytes were kept."""
        self._kept -= frame_bytes(kept)
        self._offset = write_frame(self._current.map, self._offset, payload)

    def _go_on(self) -> None:
        following = self._spare
        if following is None:
            raise JournalFull("the journal has no room")
        self._current.map[self._offset : self._offset + 4] = _WORD.pack(_ENDED)
        self._current, self._spare, self._offset = following, None, 0
        self._prepare()

    def _prepare(self) -> None:
        if self._making is None or self._making.done():
            self._making = asyncio.create_task(self._make_spare(self._current.number + 1))

    async def _make_spare(self, number: int) -> None:
        try:
            spare = await asyncio.to_thread(_make_segment, self.folder, number, self._size)
        except OSError as error:
            log.error("usage.journal_full", folder=str(self.folder), error=str(error))
            return
        self._segments[number] = spare
        self._spare = spare

    def read(self, after: Position, most: int) -> tuple[list[bytes], Position]:
        """At most that many frames behind `after`, and the position behind them. Where the tables were set back to
        before what is kept (a backup was restored), all that is kept."""
        if after.segment not in self._segments:
            oldest = min(self._segments)
            log.error("journal.set_back", journal=str(self.id), asked=after.segment, kept_from=oldest)
            after = Position(oldest, 0)
        while True:
            frames, offset, ended = read_frames(self._segments[after.segment].map, after.offset, most)
            after = Position(after.segment, offset)
            if frames or not ended:
                return frames, after
            after = Position(after.segment + 1, 0)

    async def sync(self) -> None:
        """Bring what was appended until now to the disk."""
        if self._synced == self.position:
            return
        behind, here = self._synced, self.position
        files = [segment.file for number, segment in self._segments.items() if behind.segment <= number <= here.segment]
        await asyncio.to_thread(_sync, files)
        self._synced = here

    async def forget(self, until: Position) -> None:
        """Remove the segments that lie wholly before that position."""
        past = [number for number in self._segments if number < min(until.segment, self._current.number)]
        gone = [self._segments.pop(number) for number in past]
        if gone:
            self._synced = max(self._synced, Position(gone[-1].number + 1, 0))
            await asyncio.to_thread(_remove, gone)

    async def close(self, *, remove: bool) -> None:
        """Let go of the files; with `remove` nothing stays, else the next process takes over."""
        if self._making is not None:
            await self._making
        await asyncio.to_thread(self._close, remove)

    def _close(self, remove: bool) -> None:
        for segment in self._segments.values():
            segment.close()
        self._segments.clear()
        if remove:
            shutil.rmtree(self.folder, ignore_errors=True)
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def _sync(files: list[int]) -> None:
    for file in files:
        with contextlib.suppress(OSError):
            os.fdatasync(file)


def _remove(segments: list[Segment]) -> None:
    for segment in segments:
        segment.path.unlink(missing_ok=True)
        segment.close()
