"""What the providers of speech have in common: a recording on its way out, sound on its way in, sockets."""

import asyncio
import secrets
import ssl
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from functools import lru_cache
from typing import TypeVar
from urllib.parse import urlsplit, urlunsplit

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidStatus, InvalidURI

from radiant.ai.providers.addresses import check_base_url
from radiant.ai.providers.errors import (
    MalformedStream,
    UpstreamBadRequest,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from radiant.ai.providers.failures import failure_of
from radiant.ai.providers.provider import Connection
from radiant.ai.providers.retry import retried
from radiant.ai.providers.wire import Deadline, begin, next_chunk, read_whole
from radiant.ai.speech.media import encode, wav_header
from radiant.ai.speech.speech import HEARD_RATE, Sound, SoundFormat, Spoken, Timing
from radiant.infra.http1.addresses import Resolver, address_allowed
from radiant.infra.httpclient import ConnectFailed, HttpClient

T = TypeVar("T")
_MOST_MESSAGE = 16 * 2**20


# --- recordings ---


async def recording(sound: Sound, most: int, provider: str) -> tuple[bytes, str]:
    """A recording as it is sent, and its media type: the original, or its sound alone where that is smaller or the
    original is a film. Raises UpstreamBadRequest where it has more than `most` bytes."""

    def read() -> tuple[bytes, str]:
        size, plain = sound.original.stat().st_size, sound.pcm.stat().st_size + 44
        headless = sound.media_type.startswith(("audio/L", "audio/basic", "audio/x-alaw", "video/"))
        if headless or plain < size:
            if plain <= most:
                pcm = sound.pcm.read_bytes()
                return wav_header(HEARD_RATE, len(pcm) // 2) + pcm, "audio/wav"
        elif size <= most:
            return sound.original.read_bytes(), sound.media_type
        raise UpstreamBadRequest(
            f"{provider} takes recordings of at most {most // 10**6} MB; send it in parts", provider=provider
        )

    return await asyncio.to_thread(read)


def multipart(fields: Sequence[tuple[str, str]], file: bytes, media_type: str) -> tuple[bytes, str]:
    """A form with one file, and its content type."""
    boundary = f"radiant-{secrets.token_hex(16)}"
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields
    ]
    ending = _ENDINGS.get(media_type, "bin")
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="recording.{ending}"\r\n'
        f"Content-Type: {media_type}\r\n\r\n"
    )
    return b"".join([*parts, head.encode(), file, f"\r\n--{boundary}--\r\n".encode()]), (
        f"multipart/form-data; boundary={boundary}"
    )


_ENDINGS = {
    "audio/wav": "wav", "audio/mpeg": "mp3", "audio/ogg": "ogg", "audio/flac": "flac", "audio/mp4": "m4a",
    "audio/webm": "webm", "audio/aac": "aac",
}  # fmt: skip


async def posted(
    http: HttpClient,
    path: str,
    connection: Connection,
    headers: Mapping[str, str],
    body: bytes,
    answer: type[T],
    retries: int,
) -> tuple[T, bytes]:
    """The answer to a POST of these bytes, and as it came. Tried again where that is worth it. Raises UpstreamError."""
    deadline = Deadline(connection.timeouts.total)

    async def attempt() -> bytes:
        response = await begin(http, "POST", path, connection, headers, body, deadline)
        try:
            return await read_whole(response, connection, deadline)
        finally:
            response.close()

    text = await retried(attempt, deadline.at, retries)
    try:
        return msgspec.json.decode(text, type=answer), text
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        provider = connection.provider
        raise MalformedStream(f"{provider} answered with something else: {error}", provider=provider) from error


# --- sound ---


async def sound_of(
    http: HttpClient, path: str, connection: Connection, headers: Mapping[str, str], body: bytes, retries: int
) -> AsyncGenerator[bytes]:
    """The body of a POST's answer as it comes; tried again while nothing came. Raises UpstreamError."""
    deadline = Deadline(connection.timeouts.total)
    response = await retried(
        lambda: begin(http, "POST", path, connection, headers, body, deadline), deadline.at, retries
    )
    try:
        if response.content_type in ("application/json", "text/html"):
            provider = connection.provider
            raise MalformedStream(
                f"{provider} answered with {response.content_type} where sound was asked for", provider=provider
            )
        while chunk := await next_chunk(response, connection, deadline):
            yield chunk
        response.finish()
    finally:
        response.close()


async def written(said: AsyncGenerator[Spoken], rate: int, to: SoundFormat) -> AsyncGenerator[Spoken]:
    """PCM at `rate` as the format asked for, with its timings."""
    waiting = list[Timing]()

    async def pcm() -> AsyncGenerator[bytes]:
        async with aclosing(said):
            async for piece in said:
                if piece.timing is not None:
                    waiting.append(piece.timing)
                yield piece.data

    async with aclosing(pcm()) as pieces, aclosing(encode(pieces, rate, to)) as encoded:
        async for data in encoded:
            yield Spoken(data=data, timing=_joined(waiting))
    if waiting:
        yield Spoken(data=b"", timing=_joined(waiting))


def _joined(waiting: list[Timing]) -> Timing | None:
    if not waiting:
        return None
    timing = Timing(
        characters=[one for timing in waiting for one in timing.characters],
        starts=[one for timing in waiting for one in timing.starts],
        ends=[one for timing in waiting for one in timing.ends],
    )
    waiting.clear()
    return timing


def parts_of(text: str, most: int) -> list[str]:
    """The text in parts of at most `most` characters, cut behind a sentence, else behind a word."""
    parts = list[str]()
    while len(text) > most:
        head = text[:most]
        cut = max(head.rfind(end) for end in (". ", "! ", "? ", "\n", "。"))
        cut = cut + 1 if cut > most // 4 else head.rfind(" ")
        cut = cut if cut > 0 else most
        parts.append(text[:cut])
        text = text[cut:].lstrip()
    return [part for part in [*parts, text] if part.strip()]


# --- sockets ---


class _Direct(connect):
    def process_redirect(self, exc: Exception) -> Exception | str:
        """Never followed: a key goes where it was sent or nowhere."""
        return exc


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


@asynccontextmanager
async def socket(
    resolver: Resolver, path: str, connection: Connection, headers: Mapping[str, str]
) -> AsyncGenerator[ClientConnection]:
    """A WebSocket to the upstream, by an address that was looked at; cut when the block ends, unless it is closed by
    then. Raises UpstreamError, AddressRefused."""
    provider = connection.provider
    parts = urlsplit(check_base_url(connection.base_url, allow_private=connection.allow_private))
    secure = parts.scheme == "https"
    host, port = parts.hostname or "", parts.port or (443 if secure else 80)
    url = urlunsplit(("wss" if secure else "ws", parts.netloc, "", "", "")) + parts.path + path
    opened: ClientConnection | None = None
    try:
        async with asyncio.timeout(connection.timeouts.connect):
            addresses = await resolver.addresses(host)
            allowed = [one for one in addresses if address_allowed(one, allow_private=connection.allow_private)]
            if not allowed:
                raise UpstreamUnreachable(f"{provider}: {host} may not be called from here", provider=provider)
            opened = await _Direct(
                url, host=allowed[0], port=port, ssl=await asyncio.to_thread(_tls) if secure else None,
                additional_headers={**headers, **connection.headers}, compression=None, max_size=_MOST_MESSAGE,
                open_timeout=None, close_timeout=1, proxy=None, user_agent_header="radiant",
            )  # fmt: skip
    except InvalidStatus as error:
        answer = error.response
        body = answer.body or b""
        raise failure_of(connection, answer.status_code, dict(answer.headers.raw_items()), bytes(body)) from error
    except TimeoutError as error:
        raise UpstreamTimeout(f"{provider} did not accept a connection in time", provider=provider) from error
    except (OSError, InvalidHandshake, InvalidURI, ConnectFailed) as error:
        raise UpstreamUnreachable(f"{provider} cannot be reached: {error}", provider=provider) from error
    try:
        yield opened
    finally:
        if opened.close_code is None:
            opened.transport.abort()
        await opened.wait_closed()
