"""What is sent, on its way to files and back."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

from radiant.foundation.files import service as files
from radiant.kit.ids import parse_uuid

_PIECE = 256 * 1024


async def written(path: Path, given: AsyncIterator[bytes], limit: int | None = None) -> int:
    """Write it; how many bytes it has. Raises FileTooLarge past `limit`."""
    size = 0
    file = await asyncio.to_thread(path.open, "wb")
    try:
        async for piece in given:
            size += len(piece)
            if limit is not None and size > limit:
                raise files.FileTooLarge(f"a recording may have at most {limit} bytes")
            await asyncio.to_thread(file.write, piece)
    finally:
        await asyncio.to_thread(file.close)
    return size


async def read_file(path: Path) -> AsyncIterator[bytes]:
    """Its bytes, in pieces."""
    file = await asyncio.to_thread(path.open, "rb")
    try:
        while piece := await asyncio.to_thread(file.read, _PIECE):
            yield piece
    finally:
        await asyncio.to_thread(file.close)


def asset_of(key: str | None) -> UUID | None:
    """The file that an object's key is of."""
    return parse_uuid(key.rpartition("/")[2]) if key else None
