"""The journal's files: whatever a crash or a disk did to them, they replay to the last whole frame."""

import asyncio
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radiant.foundation.usage import journal as journals
from radiant.foundation.usage.journal import (
    DeadReader,
    Journal,
    JournalFull,
    Position,
    dead_journals,
    read_frames,
)

PAYLOADS = st.lists(st.binary(min_size=1, max_size=200), max_size=30)


def packed(payloads: list[bytes], size: int = 8192) -> tuple[bytes, list[int]]:
    """A segment of these, and where each frame ends."""
    data, offset, ends = bytearray(size), 0, []
    for payload in payloads:
        offset = journals.write_frame(data, offset, payload)  # type: ignore[arg-type]
        ends.append(offset)
    return bytes(data), ends


@given(PAYLOADS)
def test_what_was_written_is_read(payloads: list[bytes]) -> None:
    data, ends = packed(payloads)
    assert read_frames(data, 0, 1000) == (payloads, ends[-1] if ends else 0, False)


@given(PAYLOADS, st.integers(0, 8192))
def test_any_prefix_reads_to_its_last_whole_frame(payloads: list[bytes], cut: int) -> None:
    data, _ = packed(payloads)
    found, _, _ = read_frames(data[:cut].ljust(8192, b"\0"), 0, 1000)
    assert found == payloads[: len(found)]
    begin = 0
    for payload in payloads:
        # Whole is what lies before the cut with all its bytes; zeros at a payload's end may be lost unnoticed.
        if begin + 8 + len(payload) <= cut:
            assert payload in found
        begin += journals.frame_bytes(len(payload))


@given(PAYLOADS, st.lists(st.tuples(st.integers(0, 8191), st.integers(0, 255)), min_size=1, max_size=20))
def test_any_corruption_is_read_without_an_exception_up_to_the_first_broken_frame(
    payloads: list[bytes], changes: list[tuple[int, int]]
) -> None:
    data, ends = packed(payloads)
    broken = bytearray(data)
    for place, value in changes:
        broken[place] = value
    found, _, _ = read_frames(bytes(broken), 0, 1000)
    begin = 0
    for number, end in enumerate(ends):
        if broken[begin:end] != data[begin:end]:
            break
        assert found[number] == payloads[number]
        begin = end


@given(st.binary(max_size=4096), st.integers(0, 4096))
def test_any_bytes_at_all_are_read_without_an_exception(data: bytes, offset: int) -> None:
    read_frames(data, offset, 1000)


async def test_frames_go_on_over_segments_in_order_and_past_ones_are_removed(tmp_path: Path) -> None:
    journal = Journal(tmp_path, segment_bytes=4096)
    await journal.open()
    written: list[bytes] = []
    read: list[bytes] = []
    place = Position()
    for number in range(200):
        payload = f"{number:04d}".encode() * 50
        while not journal.append(payload, 300):
            await journal.make_room()
        end = payload + b"end"
        journal.append_end(end, 300)
        written += [payload, end]
        if number % 7 == 0:
            await journal.sync()
            frames, place = journal.read(place, 1000)
            while frames:
                read += frames
                frames, place = journal.read(place, 1000)
            await journal.forget(place)
            files = await asyncio.to_thread(lambda: list(journal.folder.glob("*.journal")))
            assert len(files) <= 3
    frames, place = journal.read(place, 1000)
    while frames:
        read += frames
        frames, place = journal.read(place, 1000)
    assert read == written
    await journal.close(remove=False)


async def test_the_end_of_a_call_fits_however_full_the_disk_is_and_admission_says_what_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path, segment_bytes=4096)
    await journal.open()

    def no_space(file: int, offset: int, length: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", no_space)
    admitted = 0
    with pytest.raises(JournalFull, match="disk"):
        while True:
            if not journal.append(bytes(100), 400):
                await journal.make_room()
                continue
            admitted += 1
    assert admitted >= 8
    for _ in range(admitted):
        journal.append_end(b"e" * 400, 400)
    monkeypatch.undo()
    await journal.make_room()
    assert journal.append(bytes(100), 400)
    await journal.close(remove=True)


async def test_a_living_process_keeps_its_journal_and_a_dead_ones_is_given_to_one_alone(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    await journal.open()
    journal.append(b"one", 10)
    assert await asyncio.to_thread(lambda: list(dead_journals(tmp_path))) == []
    await journal.close(remove=False)
    found = await asyncio.to_thread(lambda: list(dead_journals(tmp_path)))
    assert [entry[0] for entry in found] == [journal.id]
    assert await asyncio.to_thread(lambda: list(dead_journals(tmp_path))) == []
    frames, _ = await asyncio.to_thread(DeadReader(found[0][1]).read, Position(), 10)
    assert frames == [b"one"]
    os.close(found[0][2])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 4095), st.integers(0, 255))
def test_a_broken_segment_does_not_hide_the_next(tmp_path_factory: pytest.TempPathFactory, at: int, value: int) -> None:
    folder = tmp_path_factory.mktemp("journal")
    first, _ = packed([b"a" * 100] * 20, 4096)
    second, _ = packed([b"b" * 100] * 5, 4096)
    broken = bytearray(first)
    broken[at] = value
    (folder / "00000001.journal").write_bytes(bytes(broken))
    (folder / "00000002.journal").write_bytes(second)
    reader, place, read = DeadReader(folder), Position(), []
    while True:
        frames, place = reader.read(place, 7)
        if not frames:
            break
        read += frames
    assert read[-5:] == [b"b" * 100] * 5


async def test_a_folder_that_is_being_made_is_left_alone_and_one_left_unfinished_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh, old = tmp_path / ".unborn-1", tmp_path / ".unborn-2"
    fresh.mkdir()
    old.mkdir()
    os.utime(old, (0, 0))
    assert await asyncio.to_thread(lambda: list(dead_journals(tmp_path))) == []
    assert (fresh.exists(), old.exists()) == (True, False)
    # Renamed between being listed and being looked at.
    monkeypatch.setattr(Path, "iterdir", lambda _: iter([tmp_path / ".unborn-3"]))
    assert await asyncio.to_thread(lambda: list(dead_journals(tmp_path))) == []
