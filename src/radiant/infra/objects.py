"""Objects: bytes under a key that begins with their tenant's id. A local folder, or S3; obstore does both.

Links: the local store's are signed here by HMAC over method, tenant, key and expiry, and checked by the route that
serves them; S3's are presigned by S3.
"""

import hashlib
import hmac
import re
import time
import uuid
from collections.abc import AsyncIterable, AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, NewType, Protocol
from urllib.parse import quote

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

from radiant.kit.ids import TenantId

ObjectKey = NewType("ObjectKey", str)
Method = Literal["GET", "PUT"]

_PART = re.compile(r"^[A-Za-z0-9_][A-Za-z0-9._=-]{0,127}$")
_CHUNK = 256 * 1024


class ObjectMissing(Exception):
    """No object of that key."""


class ObjectTooLarge(Exception):
    """More bytes came than may be stored; none are kept."""


class ObjectStoreError(Exception):
    """The store could not be reached, or refused."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What was written: its length in bytes and SHA-256."""

    size: int
    sha256: bytes


def object_key(tenant_id: TenantId, *parts: str) -> ObjectKey:
    """`<tenant>/<part>/<part>…`. Raises ValueError on a part that is no plain name."""
    if not parts or not all(_PART.match(part) for part in parts):
        raise ValueError("a key is made of plain names")
    return ObjectKey("/".join((str(uuid.UUID(str(tenant_id))), *parts)))


def own_key(tenant_id: TenantId, text: str) -> ObjectKey:
    """`text` as a key of that tenant. Raises ObjectMissing on anything else, so that others' cannot be told apart."""
    tenant, *parts = text.split("/")
    if tenant != str(tenant_id) or not parts or not all(_PART.match(part) for part in parts):
        raise ObjectMissing("no such object")
    return ObjectKey(text)


class ObjectStore(Protocol):
    """Where bytes are kept."""

    async def put(self, key: ObjectKey, data: AsyncIterable[bytes], *, limit: int) -> Stored:
        """Write what comes, whole or not at all. Raises ObjectTooLarge past `limit` bytes, ObjectStoreError."""
        ...

    async def get(self, key: ObjectKey, *, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from `start` up to `end` (not included). Raises ObjectMissing, ObjectStoreError."""
        ...

    async def size(self, key: ObjectKey) -> int | None:
        """Its length in bytes, or None where there is none. Raises ObjectStoreError."""
        ...

    async def delete(self, key: ObjectKey) -> None:
        """Remove it; no matter if it is not there. Raises ObjectStoreError."""
        ...

    async def link(self, method: Method, key: ObjectKey, expires_in: timedelta) -> str:
        """An address that works for a while without signing in."""
        ...


class _Obstore:
    """What both kinds share."""

    def __init__(self, store: Any) -> None:
        self._store = store

    async def put(self, key: ObjectKey, data: AsyncIterable[bytes], *, limit: int) -> Stored:
        """See ObjectStore."""
        measured = _Measured(data, limit)
        try:
            await obstore.put_async(self._store, key, measured.chunks(), chunk_size=5 * 1024 * 1024)
        except BaseException as error:
            await self._undo(key)
            if measured.failure is not None:
                raise measured.failure from None
            if isinstance(error, BaseError):
                raise ObjectStoreError(str(error)) from error
            raise
        return Stored(measured.size, measured.sha256.digest())

    async def _undo(self, key: ObjectKey) -> None:
        try:
            await obstore.delete_async(self._store, key)
        except (BaseError, FileNotFoundError):
            return

    async def get(self, key: ObjectKey, *, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """See ObjectStore."""
        options: Any = {}
        if start or end is not None:
            options = {"range": (start, end) if end is not None else {"offset": start}}
        try:
            found = await obstore.get_async(self._store, key, options=options)
        except FileNotFoundError as error:
            raise ObjectMissing("no such object") from error
        except BaseError as error:
            raise ObjectStoreError(str(error)) from error
        return self._chunks(found)

    @staticmethod
    async def _chunks(found: Any) -> AsyncIterator[bytes]:
        try:
            async for chunk in found.stream(min_chunk_size=_CHUNK):
                yield bytes(chunk)
        except BaseError as error:
            raise ObjectStoreError(str(error)) from error

    async def size(self, key: ObjectKey) -> int | None:
        """See ObjectStore."""
        try:
            return (await obstore.head_async(self._store, key))["size"]
        except FileNotFoundError:
            return None
        except BaseError as error:
            raise ObjectStoreError(str(error)) from error

    async def delete(self, key: ObjectKey) -> None:
        """See ObjectStore."""
        try:
            await obstore.delete_async(self._store, key)
        except FileNotFoundError:
            return
        except BaseError as error:
            raise ObjectStoreError(str(error)) from error


class _Measured:
    """Counts, hashes and bounds a stream on its way through. Keeps the reason why it ended it."""

    def __init__(self, data: AsyncIterable[bytes], limit: int) -> None:
        self._data = data
        self._limit = limit
        self.size = 0
        self.sha256 = hashlib.sha256()
        self.failure: Exception | None = None

    async def chunks(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._data:
                self.size += len(chunk)
                if self.size > self._limit:
                    raise ObjectTooLarge(f"at most {self._limit} bytes")
                self.sha256.update(chunk)
                if chunk:
                    yield chunk
        except Exception as error:
            # obstore gives it back wrapped in an error of its own.
            self.failure = error
            raise


class LocalObjects(_Obstore):
    """A folder. `link_base` is where this server serves links, `secret` what they are signed with."""

    def __init__(
        self, folder: Path, *, secret: bytes, link_base: str = "/api/objects", clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__(LocalStore(folder, automatic_cleanup=True, mkdir=True))
        self._secret = secret
        self._base = link_base.rstrip("/")
        self._clock = clock

    async def link(self, method: Method, key: ObjectKey, expires_in: timedelta) -> str:
        """See ObjectStore."""
        expires = int(self._clock() + expires_in.total_seconds())
        return f"{self._base}/{quote(key)}?expires={expires}&signature={self._sign(method, key, expires)}"

    def check_link(self, method: str, key: str, expires: str, signature: str) -> ObjectKey:
        """The key, if this very link was made here and has not expired. Raises ObjectMissing otherwise."""
        if not (expires.isascii() and expires.isdigit() and len(expires) < 16) or not signature.isascii():
            raise ObjectMissing("no such object")
        expected = self._sign(method, key, int(expires))
        if not hmac.compare_digest(expected, signature) or int(expires) < self._clock():
            raise ObjectMissing("no such object")
        return ObjectKey(key)

    def _sign(self, method: str, key: str, expires: int) -> str:
        tenant = key.split("/", 1)[0]
        message = "\n".join(("radiant link 1", method, tenant, key, str(expires)))
        return hmac.new(self._secret, message.encode(), hashlib.sha256).hexdigest()


class S3Objects(_Obstore):
    """A bucket of S3, or of anything that speaks its protocol at `endpoint`."""

    def __init__(
        self,
        bucket: str,
        *,
        prefix: str = "",
        region: str | None = None,
        endpoint: str | None = None,
        access_key_id: str | None = None,
        secret_access_key: str | None = None,
    ) -> None:
        options: dict[str, Any] = {
            "region": region,
            "endpoint": endpoint,
            "access_key_id": access_key_id,
            "secret_access_key": secret_access_key,
        }
        if endpoint is not None and endpoint.startswith("http://"):
            options["client_options"] = {"allow_http": True}
        # The default goes on for three minutes, longer than any caller waits.
        options["retry_config"] = {"max_retries": 3, "retry_timeout": timedelta(seconds=15)}
        given = {name: value for name, value in options.items() if value is not None}
        super().__init__(S3Store(bucket, prefix=prefix or None, **given))

    async def link(self, method: Method, key: ObjectKey, expires_in: timedelta) -> str:
        """See ObjectStore."""
        try:
            return await obstore.sign_async(self._store, method, key, expires_in)
        except BaseError as error:
            raise ObjectStoreError(str(error)) from error
