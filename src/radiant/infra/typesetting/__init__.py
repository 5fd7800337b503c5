"""Texts set as PDF and PNG by Typst, in a process of its own under limits."""

import asyncio
import contextlib
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import structlog

log = structlog.get_logger()

_CHILD = Path(__file__).with_name("typeset_child.py")
_PROSE = _CHILD.with_name("prose.typ")
_AT_ONCE = 2
_BEGINNINGS = {"pdf": b"%PDF", "png": b"\x89PNG"}
_places = asyncio.Semaphore(_AT_ONCE)


class NotSet(Exception):
    """The text could not be set; its words say why."""


async def typeset(
    template: Path, data: bytes, form: Literal["pdf", "png"], seconds: float, files: Mapping[str, bytes] | None = None
) -> bytes:
    """Set `data` (JSON) by the template in a folder of its own, in which `files` are, without this
    process's environment, for some seconds at most. Beside `files` lies `prose.typ`, which shows trees of kit.prose. Raises NotSet."""
    async with _places:
        folder = await asyncio.to_thread(_folder, files or {})
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-I", str(_CHILD), str(template), form, stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, cwd=folder, start_new_session=True,
                env={"PATH": os.defpath, "HOME": folder, "TMPDIR": folder},
            )  # fmt: skip
            try:
                async with asyncio.timeout(seconds):
                    made, said = await process.communicate(data)
            except TimeoutError as error:
                raise NotSet(f"took more than {seconds:.0f} seconds") from error
            finally:
                if process.returncode is None:
                    with contextlib.suppress(ProcessLookupError):
                        process.kill()
                    await process.wait()
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    if process.returncode != 0 or not made.startswith(_BEGINNINGS[form]):
        log.warning("typesetting.failed", exit_code=process.returncode, said=said[-1000:].decode("utf-8", "replace"))
        raise NotSet("could not be made")
    return made


def _folder(files: Mapping[str, bytes]) -> str:
    folder = tempfile.mkdtemp(prefix="radiant-typesetting-")
    shutil.copyfile(_PROSE, Path(folder, _PROSE.name))
    for name, data in files.items():
        Path(folder, name).write_bytes(data)
    return folder
