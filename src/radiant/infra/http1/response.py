"""One response: what the parser finds is put here, and what the caller reads is taken from here."""

import asyncio
import zlib
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any, Protocol, cast

from radiant.infra.http1.chunks import Chunks
from radiant.infra.http1.errors import BadHttp, BodyTooLarge, CutConnection, HttpError, Silent

MAX_HEAD = 64 * 2**10
MAX_HEADERS = 200
# Unread bytes of a body above which the connection is no longer read from.
HIGH_WATER = 256 * 2**10

Frames = Callable[[bytes, int], bool]

# What the one waiter waits for.
HEAD, PIECE, ALL, FLOW = range(4)


class Holder(Protocol):
    """The connection that a response comes over, as far as the response knows it."""

    def waits(self, idle: float | None, until: float | None) -> asyncio.Future[None]:
        """A future that the connection completes; `idle` in seconds, `until` by the loop's clock."""
        ...

    def head_facts(self) -> tuple[int, bool]:
        """The status, and whether the connection may serve again after this response."""
        ...

    def resume(self) -> None:
        """Read from the network again."""
        ...

    def pass_on(self) -> None:
        """What takes chunks with their frames was changed."""
        ...

    def linger(self, seconds: float) -> None:
        """Wait for the end alone."""
        ...

    def abort(self) -> None:
        """Cut the connection."""
        ...


class Response:
    """What an upstream answered. `status` is there from the start, the body comes by `chunk` or `read`; of several
    header lines of one name the first counts.

    The connection goes back to the pool by itself in the moment the body is complete, read or unread. Until then it
    belongs to this response: whoever does not read to the end must `close`. One reader at a time.
    """

    __slots__ = (
        "_coding",
        "_count",
        "_head_only",
        "_headers",
        "_holder",
        "_inflater",
        "_lines",
        "_names",
        "_tail",
        "chunks",
        "complete",
        "error",
        "frames",
        "held",
        "late",
        "on_body",
        "on_header",
        "pieces",
        "reason",
        "reusable",
        "sink",
        "status",
        "unread",
        "waiter",
        "want",
    )

    def __init__(self, holder: Holder, *, head_only: bool) -> None:
        self._holder: Holder | None = holder
        self._head_only = head_only
        # Filled by the parser without a line of Python in between.
        self._lines: dict[bytes, bytes] = {}
        # What was read from the network and not yet by the caller.
        self.pieces: list[bytes] = []
        self.on_header = self._lines.setdefault
        self.on_body: Callable[[bytes], None] = self.pieces.append
        self._count = 0
        self._names = b""
        self._headers: dict[str, str] | None = None
        self._coding: str | None = None
        self._inflater: Any = None
        self._tail: bytes = b""
        self.status = 0
        self.reusable = False
        self.complete = False
        self.error: HttpError | None = None
        self.reason = ""
        self.unread = 0
        self.held = False
        self.late = False
        self.waiter: asyncio.Future[None] | None = None
        self.want = HEAD
        self.sink: Callable[[bytes], bool] | None = None
        self.frames: Frames | None = None
        # Takes the chunks off the body where httptools does not.
        self.chunks: Chunks | None = None

    # --- what the parser calls ---

    def on_message_begin(self) -> None:
        """Refuses a second response after the whole one, which nobody asked for."""
        if self.complete:
            raise BadHttp

    def on_headers_complete(self) -> None:
        """Takes the head; what comes before the real one (100 Continue, 103 Early Hints) is dropped."""
        assert self._holder is not None
        status, reusable = self._holder.head_facts()
        lines = self._lines
        if status < 200:
            if status == 101:
                self._refuse("changes the protocol")
            lines.clear()
            return
        if len(lines) > MAX_HEADERS:
            self._refuse(f"more than {MAX_HEADERS} headers")
        # Trailers will end up behind them.
        self._count = len(lines)
        names = self._names = b"\n".join(lines).lower()
        encodings = names.count(b"-encoding")
        if encodings > 1 or (
            encodings and lines.get(b"Transfer-Encoding", lines.get(b"transfer-encoding")) != b"chunked"
        ):
            self._look_at_encodings()
        self.status = status
        self.reusable = reusable
        if self._head_only:
            # The parser would take the length that it reads for the length of what follows.
            self.complete = True
            self.reusable = False
            self._coding = None

    def on_message_complete(self) -> None:
        """The end."""
        if self.status:
            self.complete = True

    def _refuse(self, reason: str) -> None:
        self.reason = reason
        raise BadHttp(reason)

    def _look_at_encodings(self) -> None:
        headers = self._headers = self._text()
        if headers.get("transfer-encoding", "chunked").strip().lower() != "chunked":
            self._refuse("a transfer encoding that was not asked for")
        coding = headers.get("content-encoding", "identity").strip().lower()
        self._coding = None if coding in ("identity", "") else coding

    def _text(self) -> dict[str, str]:
        text: dict[str, str] = {}
        for name, value in islice(self._lines.items(), self._count):
            text.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))
        return text

    # --- what the connection asks ---

    @property
    def is_chunked(self) -> bool:
        """Whether the body comes in chunks and in no other coding."""
        return self._coding is None and b"transfer-encoding" in self._names and not self._head_only

    @property
    def until_close(self) -> bool:
        """Whether the end of the connection is the end of the body."""
        return "content-length" not in self.headers and "transfer-encoding" not in self.headers

    @property
    def head_size(self) -> int:
        """About how many bytes the headers are."""
        return sum(len(name) + len(value) + 4 for name, value in self._lines.items())

    def wake(self) -> None:
        """Tell the waiter to look again."""
        waiter = self.waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    def detach(self) -> None:
        """The connection has nothing more to do with this response."""
        self._holder = None

    # --- what the caller uses ---

    @property
    def headers(self) -> Mapping[str, str]:
        """By lower-case name."""
        if self._headers is None:
            self._headers = self._text()
        return self._headers

    def mentions(self, word: bytes) -> bool:
        """Whether the name of a header holds `word` (in lower case), without reading them all."""
        return word in self._names

    @property
    def content_type(self) -> str:
        """The media type without parameters, in lower case; "" where none is given."""
        lines = self._lines
        raw = lines.get(b"Content-Type") or lines.get(b"content-type")
        text = raw.decode("latin-1") if raw else self.headers.get("content-type", "")
        return text.partition(";")[0].strip().lower()

    async def chunk(self, idle: float | None = None) -> bytes:
        """The next piece as it came, all that is there; b"" at the end. `idle`: seconds to wait for it, then Silent,
        after which reading may go on. Raises CutConnection, BadHttp. A cancelled call cuts the connection."""
        if self._coding is not None:
            return await self._inflated(idle)
        if not self.pieces and not self.complete and self.error is None:
            await self._wait(PIECE, idle, None)
        return self._take()

    async def flow(
        self, sink: Callable[[bytes], bool], idle: float | None = None, until: float | None = None,
        frames: Frames | None = None,
    ) -> None:  # fmt: skip
        """Give each piece to `sink` in the moment it arrives, without waking up this task: of a stream of many small
        pieces, waking up is most of the work.

        Returns when the sink gives False (it took that piece, and wants no more now), and when the body ends or
        breaks: `chunk` gives, or raises, what is left. `idle` and `until` as for `read`. A sink raises nothing.

        `frames` is given each piece first that is just one chunk of the transfer coding, as it came with its frame, and
        where in it the content begins; where it gives False, `sink` gets what is in it.
        """
        if self.pieces or self.complete or self.error is not None or self._coding is not None:
            return
        self.sink, self.frames = sink, frames
        holder = self._holder
        if holder is not None:
            holder.pass_on()
        try:
            await self._wait(FLOW, idle, until)
        finally:
            self.sink = self.frames = None
            if holder is not None:
                holder.pass_on()

    def pour(self) -> None:
        """The connection read something while `flow` waits. A sink that wants no more is given no more, though more may
        be read before the waiter wakes up."""
        if self.sink is not None and not self.sink(self._take()):
            self.sink = self.frames = None
            self.wake()

    async def read(self, limit: int, idle: float | None = None, until: float | None = None) -> bytes:
        """The whole body, at most `limit` bytes. Wakes up once for all of it, or once for each HIGH_WATER. `until`: a
        time of the loop's clock by which it must be there. Raises BodyTooLarge, which cuts the connection."""
        read: list[bytes] = []
        size = 0
        while True:
            if self._coding is not None:
                piece = await self._inflated(idle, until)
            else:
                if not self.complete and self.error is None:
                    await self._wait(ALL, idle, until)
                piece = self._take()
            if not piece:
                return b"".join(read)
            size += len(piece)
            if size > limit:
                self.close()
                raise BodyTooLarge(f"more than {limit} bytes")
            if self.complete and not read and not self._coding:
                return piece
            read.append(piece)

    def close(self) -> None:
        """Done with it. What is unread is thrown away, with the connection unless the body is complete already."""
        holder = self._holder
        if holder is not None:
            self.error = HttpError("the response was closed")
            self.pieces.clear()
            holder.abort()
            self.wake()

    def finish(self, patience: float = 1.0) -> None:
        """Done with it, and its end is near (a stream's last event was seen): the connection serves again if the end
        comes within `patience` seconds and 64 KB, else it is cut. Nothing waits for that, and `close` is then
        needless."""
        holder, self._holder = self._holder, None
        if holder is not None:
            self.error = HttpError("the response was finished")
            self.pieces.clear()
            self.unread = 0
            holder.linger(patience)

    def _take(self) -> bytes:
        pieces = self.pieces
        if not pieces:
            if self.error is not None:
                raise self.error
            return b""
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        self.unread = 0
        if self.held:
            self.held = False
            if self._holder is not None:
                self._holder.resume()
        return data

    async def _wait(self, want: int, idle: float | None, until: float | None) -> None:
        if self.waiter is not None:
            raise RuntimeError("a response has one reader at a time")
        assert self._holder is not None
        self.want = want
        self.late = False
        self.waiter = self._holder.waits(idle, until)
        try:
            await self.waiter
        except BaseException:
            self.close()
            raise
        finally:
            self.waiter = None
        if self.late and (want in (ALL, FLOW) or not self.pieces):
            self.late = False
            raise Silent("nothing came for too long", begun=True)

    async def _inflated(self, idle: float | None, until: float | None = None) -> bytes:
        """A piece of a compressed body, which nobody asked to compress: never more than HIGH_WATER at once."""
        if self._coding not in ("gzip", "x-gzip", "deflate"):
            self.close()
            raise BadHttp("a content encoding that was not asked for")
        while True:
            if not self._tail:
                if not self.pieces and not self.complete and self.error is None:
                    await self._wait(PIECE, idle, until)
                self._tail = self._take()
                if not self._tail:
                    if self._inflater is not None and not self._inflater.eof:
                        raise CutConnection("a compressed body without an end", begun=True)
                    return b""
            if self._inflater is None:
                # Some send "deflate" without the wrapping that the standard wants.
                wrapped = self._coding != "deflate" or self._tail[0] & 0x0F == 8
                self._inflater = zlib.decompressobj(47 if wrapped else -15)
            try:
                data = self._inflater.decompress(self._tail, HIGH_WATER)
            except zlib.error as error:
                self.close()
                raise BadHttp("a compressed body that cannot be read") from error
            # What follows the end of the compressed data is dropped.
            self._tail = cast("bytes", self._inflater.unconsumed_tail)
            if data:
                return data
