"""Folders that go with the work that needed them."""

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncGenerator
from pathlib import Path


@contextlib.asynccontextmanager
async def temporary_folder(what: str) -> AsyncGenerator[Path]:
    """A folder of this process's own (`radiant-<what>-…`), removed with all in it when the block ends."""
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix=f"radiant-{what}-"))
    try:
        yield folder
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
