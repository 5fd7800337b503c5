"""Envelope encryption: a fresh data key for each secret, wrapped by a key that never leaves its keeper.

What is sealed is bound to its context (tenant, vault, credential, version …): moved to another row, it does not open.
Keepers: a local 32-byte key (a 0600 file outside the data folder, or RADIANT_MASTER_KEY), or AWS KMS. A sealed value is
kept as `Sealed`, bytes for columns of bytes, or as JSON (`seal`, `open_sealed`, `reseal`).
"""

import asyncio
import base64
import binascii
import copy
import hashlib
import json
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from radiant.infra import aws

Context = Mapping[str, str]
T = TypeVar("T")

_FORMAT = 1
_NONCE = 12
_LOCAL_BYTES = 8 + _NONCE + 32 + 16


class KmsError(Exception):
    """The keeper of keys could not be reached, or is set up wrongly. Trying again may help."""


class CannotOpen(Exception):
    """Not sealed by this key, not for this context, or damaged. Trying again does not help."""


class Kms(Protocol):
    """Who keeps the key-encryption key."""

    @property
    def key_id(self) -> str:
        """Names the key that wraps now; stored with everything that it wrapped."""
        ...

    async def generate_data_key(self, context: Context) -> tuple[bytes, bytes]:
        """A new 32-byte key: (plain, wrapped for that context). Raises KmsError."""
        ...

    async def decrypt(self, wrapped: bytes, context: Context, key_id: str | None = None) -> bytes:
        """The plain key; with `key_id`, only where that key wrapped it. Raises CannotOpen, KmsError."""
        ...

    async def rewrap(self, wrapped: bytes, context: Context) -> bytes:
        """The same key wrapped by the present key-encryption key. Raises CannotOpen, KmsError."""
        ...

    async def wrap(self, plain: bytes, context: Context) -> bytes:
        """A data key that another keeper wrapped, wrapped by the present key. Raises KmsError."""
        ...

    async def settle(self) -> str:
        """The key that wraps now, by its real name (an alias is looked up). Raises KmsError."""
        ...

    async def make_key(self, alias: str, tags: Mapping[str, str]) -> str:
        """A key-encryption key of its own and its real name; the present one where the keeper has but one. Raises
        KmsError."""
        ...

    def under(self, key_id: str) -> "Kms":
        """The same keeper, which wraps by that key of its."""
        ...


def canonical(context: Context) -> bytes:
    """One spelling of a context, whatever its order: what ciphertexts are bound to."""
    return json.dumps(dict(context), sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


class LocalKms:
    """A key on this machine; former keys still open what they wrapped.

    `reread` gives the keys anew, the present one first: another process may have made a new one (`radiant vault rekey`).
    It is called in a thread, before anything is sealed and where a key is not known.
    """

    def __init__(
        self, key: bytes, former: tuple[bytes, ...] = (), reread: Callable[[], tuple[bytes, ...]] | None = None
    ) -> None:
        self._reread = reread
        self._know(key, *former)

    def _know(self, key: bytes, *former: bytes) -> None:
        if any(len(each) != 32 for each in (key, *former)):
            raise KmsError("a master key is 32 bytes")
        self._keys = {local_id(each): AESGCM(each) for each in (*former, key)}
        self.key_id = local_id(key)

    async def _refresh(self) -> None:
        if self._reread is not None:
            self._know(*await asyncio.to_thread(self._reread))

    async def generate_data_key(self, context: Context) -> tuple[bytes, bytes]:
        """See Kms."""
        await self._refresh()
        plain = AESGCM.generate_key(256)
        return plain, self._wrap(plain, context)

    async def decrypt(self, wrapped: bytes, context: Context, key_id: str | None = None) -> bytes:
        """See Kms. The wrapping names its key: 8 bytes of id, the nonce, the ciphertext."""
        name, nonce, sealed = wrapped[:8], wrapped[8 : 8 + _NONCE], wrapped[8 + _NONCE :]
        wrapped_by = f"local:{name.hex()}"
        if key_id is not None and key_id != wrapped_by:
            raise CannotOpen("wrapped by another key than it says")
        if wrapped_by not in self._keys:
            await self._refresh()
        cipher = self._keys.get(wrapped_by)
        if cipher is None:
            raise CannotOpen(f"wrapped by the key local:{name.hex()}, which this installation does not have")
        try:
            return cipher.decrypt(nonce, sealed, canonical(context))
        except (InvalidTag, ValueError):
            raise CannotOpen("not wrapped for this context, or damaged") from None

    async def rewrap(self, wrapped: bytes, context: Context) -> bytes:
        """See Kms."""
        return self._wrap(await self.decrypt(wrapped, context), context)

    async def wrap(self, plain: bytes, context: Context) -> bytes:
        """See Kms."""
        return self._wrap(plain, context)

    def wrapped_this(self, wrapped: bytes) -> bool:
        """Whether a key that is known here wrapped it."""
        return len(wrapped) == _LOCAL_BYTES and f"local:{wrapped[:8].hex()}" in self._keys

    async def settle(self) -> str:
        """See Kms."""
        await self._refresh()
        return self.key_id

    async def make_key(self, alias: str, tags: Mapping[str, str]) -> str:
        """See Kms: there is one master key, for all."""
        return await self.settle()

    def under(self, key_id: str) -> Kms:
        """See Kms: the present key wraps, whichever was present before."""
        return self

    def _wrap(self, plain: bytes, context: Context) -> bytes:
        nonce = os.urandom(_NONCE)
        sealed = self._keys[self.key_id].encrypt(nonce, plain, canonical(context))
        return bytes.fromhex(self.key_id.removeprefix("local:")) + nonce + sealed


def local_id(key: bytes) -> str:
    """The name of a local key: tells keys apart and nothing about them."""
    return "local:" + hashlib.sha256(b"radiant master key id\0" + key).hexdigest()[:16]


def parse_master_key(text: str) -> bytes:
    """The 32 bytes that base64 or hex spells. Raises KmsError, without repeating the text."""
    text = text.strip()
    try:
        key = bytes.fromhex(text) if len(text) == 64 else base64.b64decode(text, altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        key = b""
    if len(key) != 32:
        raise KmsError("the master key must be 32 bytes, in base64 or hex")
    return key


def parse_master_keys(text: str) -> tuple[bytes, ...]:
    """The present key and then former ones, parted by commas or lines. Raises KmsError."""
    return tuple(parse_master_key(each) for each in text.replace(",", "\n").strip().splitlines() if each.strip()) or (
        parse_master_key(""),
    )


def read_master_keys(path: Path) -> tuple[bytes, ...]:
    """The keys of that file, the present one first. Blocks. Raises KmsError where others may read it, or it holds none."""
    if path.stat().st_mode & 0o077:
        raise KmsError(f"{path}: others may read the master key; chmod 600 it")
    return parse_master_keys(path.read_text())


def load_or_make_master_keys(path: Path) -> tuple[bytes, ...]:
    """The keys of that file, one made the first time, 0600. Blocks: called before the loop runs.

    Raises KmsError as `read_master_keys` does.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return read_master_keys(path)
    key = new_master_key()
    _write_keys(descriptor, (key,))
    return (key,)


def new_master_key() -> bytes:
    """32 random bytes."""
    return AESGCM.generate_key(256)


def write_master_keys(path: Path, keys: tuple[bytes, ...]) -> None:
    """Put those keys in the file's place, whole or not at all; the present one first. Blocks."""
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    _write_keys(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), keys)
    part.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _write_keys(descriptor: int, keys: tuple[bytes, ...]) -> None:
    with os.fdopen(descriptor, "w") as handle:
        handle.writelines(base64.b64encode(key).decode() + "\n" for key in keys)
        handle.flush()
        os.fsync(handle.fileno())


class AwsKms:
    """AWS KMS through the official SDK, in a bounded pool of threads. The context is the encryption context."""

    def __init__(
        self, key_id: str, *, region: str | None = None, endpoint_url: str | None = None, threads: int = 4
    ) -> None:
        self.key_id = key_id
        self._region = region
        self._endpoint_url = endpoint_url
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="kms")
        self._made: Any = None

    def _client(self) -> Any:
        if self._made is None:
            self._made = aws.client("kms", self._region, self._endpoint_url)
        return self._made

    async def generate_data_key(self, context: Context) -> tuple[bytes, bytes]:
        """See Kms."""
        answer = await self._call(
            lambda client: client.generate_data_key(
                KeyId=self.key_id, KeySpec="AES_256", EncryptionContext=dict(context)
            )
        )
        return answer["Plaintext"], answer["CiphertextBlob"]

    async def decrypt(self, wrapped: bytes, context: Context, key_id: str | None = None) -> bytes:
        """See Kms. Unless it is named, the key that wrapped is found by KMS: keys that were rotated away still open."""
        named = {} if key_id is None else {"KeyId": key_id}
        answer = await self._call(
            lambda client: client.decrypt(CiphertextBlob=wrapped, EncryptionContext=dict(context), **named)
        )
        return answer["Plaintext"]

    async def rewrap(self, wrapped: bytes, context: Context) -> bytes:
        """See Kms. The plain key stays inside KMS."""
        answer = await self._call(
            lambda client: client.re_encrypt(
                CiphertextBlob=wrapped,
                SourceEncryptionContext=dict(context),
                DestinationKeyId=self.key_id,
                DestinationEncryptionContext=dict(context),
            )
        )
        return answer["CiphertextBlob"]

    async def wrap(self, plain: bytes, context: Context) -> bytes:
        """See Kms."""
        answer = await self._call(
            lambda client: client.encrypt(KeyId=self.key_id, Plaintext=plain, EncryptionContext=dict(context))
        )
        return answer["CiphertextBlob"]

    async def settle(self) -> str:
        """See Kms."""
        answer = await self._call(lambda client: client.describe_key(KeyId=self.key_id))
        return answer["KeyMetadata"]["Arn"]

    async def make_key(self, alias: str, tags: Mapping[str, str]) -> str:
        """See Kms. KMS turns its key material by itself, once a year."""
        listed = [{"TagKey": name, "TagValue": value} for name, value in tags.items()]

        def make(client: Any) -> str:
            made = client.create_key(Description=f"RADIANT {alias}", Tags=listed)["KeyMetadata"]
            client.create_alias(AliasName=f"alias/{alias}", TargetKeyId=made["KeyId"])
            client.enable_key_rotation(KeyId=made["KeyId"])
            return made["Arn"]

        return await self._call(make)

    def under(self, key_id: str) -> Kms:
        """See Kms. Threads and client are shared."""
        other = copy.copy(self)
        other.key_id = key_id
        return other

    async def _call(self, call: Callable[[Any], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._blocking, call)

    def _blocking(self, call: Callable[[Any], T]) -> T:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return call(self._client())
        except ClientError as error:
            answer: Any = error.response
            code: str = answer.get("Error", {}).get("Code", "")
            if code in ("InvalidCiphertextException", "IncorrectKeyException"):
                raise CannotOpen("not wrapped for this context, or damaged") from None
            raise KmsError(f"KMS: {code}") from error
        except BotoCoreError as error:
            raise KmsError(f"KMS: {error}") from error

    def close(self) -> None:
        """Let the threads go."""
        self._pool.shutdown(wait=False, cancel_futures=True)


class TookOver:
    """A keeper that took over from a local key: what that wrapped still opens, and moves when it is wrapped anew."""

    def __init__(self, present: Kms, former: LocalKms) -> None:
        self._present = present
        self._former = former

    @property
    def key_id(self) -> str:
        """See Kms."""
        return self._present.key_id

    async def generate_data_key(self, context: Context) -> tuple[bytes, bytes]:
        """See Kms."""
        return await self._present.generate_data_key(context)

    async def decrypt(self, wrapped: bytes, context: Context, key_id: str | None = None) -> bytes:
        """See Kms."""
        keeper = self._former if self._former.wrapped_this(wrapped) else self._present
        return await keeper.decrypt(wrapped, context, key_id)

    async def rewrap(self, wrapped: bytes, context: Context) -> bytes:
        """See Kms."""
        if self._former.wrapped_this(wrapped):
            return await self._present.wrap(await self._former.decrypt(wrapped, context), context)
        return await self._present.rewrap(wrapped, context)

    async def wrap(self, plain: bytes, context: Context) -> bytes:
        """See Kms."""
        return await self._present.wrap(plain, context)

    async def settle(self) -> str:
        """See Kms."""
        return await self._present.settle()

    async def make_key(self, alias: str, tags: Mapping[str, str]) -> str:
        """See Kms."""
        return await self._present.make_key(alias, tags)

    def under(self, key_id: str) -> Kms:
        """See Kms. What names a local key is under the present one from now on."""
        return self if key_id.startswith("local:") else TookOver(self._present.under(key_id), self._former)


@dataclass(frozen=True, slots=True)
class Sealed:
    """A sealed value in parts, none of them secret."""

    kek: str
    """The key that wraps its data key now."""
    sealed_under: str
    """The key that wrapped when it was sealed: the payload stays bound to that one."""
    wrapped: bytes
    payload: bytes
    """Nonce and ciphertext."""


async def seal_bytes(kms: Kms, plaintext: bytes, context: Context) -> Sealed:
    """Seal under a fresh data key, bound to `context`. Raises KmsError."""
    key, wrapped = await kms.generate_data_key(context)
    nonce = os.urandom(_NONCE)
    payload = nonce + AESGCM(key).encrypt(nonce, plaintext, _bound(context, kms.key_id))
    return Sealed(kms.key_id, kms.key_id, wrapped, payload)


async def open_bytes(kms: Kms, sealed: Sealed, context: Context) -> bytes:
    """What was sealed for that very context, and is wrapped by the key that it says. Raises CannotOpen, KmsError."""
    return _open(await kms.decrypt(sealed.wrapped, context, sealed.kek), sealed, context)


async def rewrap_bytes(kms: Kms, sealed: Sealed, context: Context) -> Sealed:
    """The same value under the present key: its data key is wrapped anew, its payload is not touched. Raises CannotOpen,
    KmsError."""
    wrapped = await kms.rewrap(sealed.wrapped, context)
    return replace(sealed, kek=kms.key_id, wrapped=wrapped)


async def seal(kms: Kms, plaintext: bytes, context: Context) -> dict[str, Any]:
    """Seal under a fresh data key, bound to `context`; JSON that can be stored. Raises KmsError."""
    sealed = await seal_bytes(kms, plaintext, context)
    return {
        "v": _FORMAT,
        "kek": sealed.kek,
        "key": base64.b64encode(sealed.wrapped).decode(),
        "nonce": base64.b64encode(sealed.payload[:_NONCE]).decode(),
        "data": base64.b64encode(sealed.payload[_NONCE:]).decode(),
        "sealed_under": sealed.sealed_under,
    }


async def open_sealed(kms: Kms, sealed: Mapping[str, Any], context: Context) -> bytes:
    """What was sealed for that very context. Raises CannotOpen, KmsError."""
    try:
        if sealed["v"] != _FORMAT:
            raise CannotOpen(f"format {sealed['v']!r} is not known here")
        wrapped, nonce, data = (base64.b64decode(sealed[part], validate=True) for part in ("key", "nonce", "data"))
        parts = Sealed(str(sealed["kek"]), str(sealed["sealed_under"]), wrapped, nonce + data)
    except (KeyError, TypeError, ValueError) as error:
        raise CannotOpen("damaged") from error
    return _open(await kms.decrypt(wrapped, context), parts, context)


async def reseal(kms: Kms, sealed: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """The same secret under the present key: its data key is wrapped anew, its payload is not touched."""
    wrapped = await kms.rewrap(base64.b64decode(sealed["key"]), context)
    return {**sealed, "kek": kms.key_id, "key": base64.b64encode(wrapped).decode()}


def _open(key: bytes, sealed: Sealed, context: Context) -> bytes:
    nonce, data = sealed.payload[:_NONCE], sealed.payload[_NONCE:]
    try:
        return AESGCM(key).decrypt(nonce, data, _bound(context, sealed.sealed_under))
    except (InvalidTag, ValueError):
        raise CannotOpen("not sealed for this context, or damaged") from None


def _bound(context: Context, key_id: str) -> bytes:
    return canonical({**context, "radiant.format": str(_FORMAT), "radiant.kek": key_id})
