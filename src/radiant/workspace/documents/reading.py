"""What a document says and where: its text and its passages, read in a process of its own that is bounded and thrown away.

Files come from anywhere, and parsers of PDF and Office files are large programs: none of them runs in a server's
process, and none outlives its document.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import msgspec
import structlog

from radiant.infra.temporary import temporary_folder
from radiant.kit.errors import Invalid

log = structlog.get_logger()

MOST_CHARACTERS = 20_000_000
_SECONDS = 600.0
_MOST_ANSWER = 200 * 2**20
_CHILD = Path(__file__).with_name("reading_child.py")


class Passage(msgspec.Struct, frozen=True):
    """A passage: characters [start, end) of the text. `first_page`, `last_page` from 1, of what has pages; `headings`
    that it stands under, the outermost first."""

    start: int
    end: int
    first_page: int | None = None
    last_page: int | None = None
    headings: Sequence[str] = ()


class Reading(msgspec.Struct, frozen=True):
    """A document that was read. Passages ascend and do not overlap; `pages` is 0 of what has none."""

    text: str
    passages: Sequence[Passage]
    pages: int = 0
    title: str | None = None


class _Failed(msgspec.Struct, frozen=True):
    slug: str
    detail: str


class DocumentUnreadable(Invalid):
    """The document cannot be read, and trying again changes nothing."""


class BrokenDocument(DocumentUnreadable):
    """It is not what its name says, or damaged."""

    slug = "broken-document"


class ProtectedDocument(DocumentUnreadable):
    """It needs a password."""

    slug = "protected-document"


class EmptyDocument(DocumentUnreadable):
    """There is no text in it."""

    slug = "empty-document"


class UnsupportedDocument(DocumentUnreadable):
    """Nothing here reads documents of its kind."""

    slug = "unsupported-document"


class DocumentTooLong(DocumentUnreadable):
    """It takes more text, memory or time than a document may."""

    slug = "document-too-long"


class NoTextRecognition(DocumentUnreadable):
    """It is a picture, and no model that reads pictures is installed."""

    slug = "no-text-recognition"


_PROBLEMS = {
    problem.slug: problem
    for problem in (
        BrokenDocument, ProtectedDocument, EmptyDocument, UnsupportedDocument, DocumentTooLong, NoTextRecognition,
    )
}  # fmt: skip


async def read(data: bytes, name: str, *, tessdata: Path | None = None) -> Reading:
    """Read a document. `name` tells by its ending what it is; `tessdata`: the folder of Tesseract's languages, for
    pictures and scans. Raises DocumentUnreadable."""
    suffix = PurePosixPath(name).suffix[:10]
    async with temporary_folder("document") as folder:
        path = folder / f"document{suffix}"
        await asyncio.to_thread(path.write_bytes, data)
        order = {
            "path": str(path), "name": path.name, "tessdata": str(tessdata) if tessdata else "", "most": MOST_CHARACTERS,
        }  # fmt: skip
        answer = await _ask(msgspec.json.encode(order) + b"\n", folder)
    found = msgspec.json.decode(answer, type=dict[str, msgspec.Raw])
    if "slug" in found:
        failed = msgspec.json.decode(answer, type=_Failed)
        raise _PROBLEMS[failed.slug](failed.detail)
    return msgspec.json.decode(answer, type=Reading)


async def _ask(order: bytes, folder: Path) -> bytes:
    said = folder / "stderr"
    log_file = await asyncio.to_thread(said.open, "wb")
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", str(_CHILD),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=log_file,
            # What it may learn of this machine is where it is to work.
            env={"PATH": os.defpath, "HOME": str(folder), "TMPDIR": str(folder)}, cwd=folder, limit=2**20,
            start_new_session=True,
        )  # fmt: skip
    finally:
        log_file.close()
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        async with asyncio.timeout(_SECONDS):
            with contextlib.suppress(ConnectionError):
                process.stdin.write(order)
                await process.stdin.drain()
                process.stdin.close()
            answer = bytearray()
            while piece := await process.stdout.read(2**18):
                answer += piece
                if len(answer) > _MOST_ANSWER:
                    raise DocumentTooLong("it has more text than a document may; split it")
            code = await process.wait()
    except TimeoutError as error:
        raise DocumentTooLong(f"it was not read within {_SECONDS:.0f} seconds; split it") from error
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if not answer:
        last = (await asyncio.to_thread(said.read_bytes))[-500:].decode("utf-8", "replace")
        log.warning("document.reader_died", exit_code=code, said=last)
        raise BrokenDocument("reading it took more than a document may, or broke its reader")
    return bytes(answer)
