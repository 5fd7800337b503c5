"""Envelope encryption: a fresh data key for each secret, wrapped by a key that never leaves its keeper.

What is sealed is bound to its context (tenant, vault, credential, version …): moved to another row, it does not open.
Keepers: a local 32-byte key (a 0600 file outside the data folder, or RADIANT_MASTER_KEY), or AWS KMS.
"""

import asyncio
import base64
import binascii
import hashlib
import json
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from radiant.infra import aws

Context = Mapping[str, str]
T = TypeVar("T")

_FORMAT = 1
_NONCE = 12


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

    async def decrypt(self, wrapped: bytes, context: Context) -> bytes:
        """The plain key. Raises CannotOpen, KmsError."""
        ...

    async def rewrap(self, wrapped: bytes, context: Context) -> bytes:
        """The same key wrapped by the present key-encryption key. Raises CannotOpen, KmsError."""
        ...


def canonical(context: Context) -> bytes:
    """One spelling of a context, whatever its order: what ciphertexts are bound to."""
    return json.dumps(dict(context), sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


class LocalKms:
    """A key on this machine; former keys still open what they wrapped."""

    def __init__(self, key: bytes, former: tuple[bytes, ...] = ()) -> None:
        if any(len(each) != 32 for each in (key, *former)):
            raise KmsError("a master key is 32 bytes")
        self._keys = {_local_id(each): AESGCM(each) for each in (*former, key)}
        self.key_id = _local_id(key)

    async def generate_data_key(self, context: Context) -> tuple[bytes, bytes]:
        """See Kms."""
        plain = AESGCM.generate_key(256)
        return plain, self._wrap(plain, context)

    async def decrypt(self, wrapped: bytes, context: Context) -> bytes:
        """See Kms. The wrapping names its key: 8 bytes of id, the nonce, the ciphertext."""
        name, nonce, sealed = wrapped[:8], wrapped[8 : 8 + _NONCE], wrapped[8 + _NONCE :]
        cipher = self._keys.get(f"local:{name.hex()}")
        if cipher is None:
            raise CannotOpen(f"wrapped by the key local:{name.hex()}, which this installation does not have")
        try:
            return cipher.decrypt(nonce, sealed, canonical(context))
        except InvalidTag:
            raise CannotOpen("not wrapped for this context, or damaged") from None

    async def rewrap(self, wrapped: bytes, context: Context) -> bytes:
        """See Kms."""
        return self._wrap(await self.decrypt(wrapped, context), context)

    def _wrap(self, plain: bytes, context: Context) -> bytes:
        nonce = os.urandom(_NONCE)
        sealed = self._keys[self.key_id].encrypt(nonce, plain, canonical(context))
        return bytes.fromhex(self.key_id.removeprefix("local:")) + nonce + sealed


def _local_id(key: bytes) -> str:
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


def load_or_make_master_key(path: Path) -> bytes:
    """The key of that file, made the first time, 0600. Blocks: called before the loop runs.

    Raises KmsError when others may read the file, or it holds no key.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        if path.stat().st_mode & 0o077:
            raise KmsError(f"{path}: others may read the master key; chmod 600 it") from None
        return parse_master_key(path.read_text())
    with os.fdopen(descriptor, "w") as handle:
        key = AESGCM.generate_key(256)
        handle.write(base64.b64encode(key).decode() + "\n")
        handle.flush()
        os.fsync(handle.fileno())
    return key


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

    async def decrypt(self, wrapped: bytes, context: Context) -> bytes:
        """See Kms. The key that wrapped is found by KMS, so keys that were rotated away still open."""
        answer = await self._call(
            lambda client: client.decrypt(CiphertextBlob=wrapped, EncryptionContext=dict(context))
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


async def seal(kms: Kms, plaintext: bytes, context: Context) -> dict[str, Any]:
    """Seal under a fresh data key, bound to `context`; JSON that can be stored. Raises KmsError."""
    key, wrapped = await kms.generate_data_key(context)
    nonce = os.urandom(_NONCE)
    sealed = AESGCM(key).encrypt(nonce, plaintext, _bound(context, kms.key_id))
    return {
        "v": _FORMAT,
        "kek": kms.key_id,
        "key": base64.b64encode(wrapped).decode(),
        "nonce": base64.b64encode(nonce).decode(),
        "data": base64.b64encode(sealed).decode(),
        # The kek may change by rewrapping; the payload stays bound to the one that it was sealed under.
        "sealed_under": kms.key_id,
    }


async def open_sealed(kms: Kms, sealed: Mapping[str, Any], context: Context) -> bytes:
    """What was sealed for that very context. Raises CannotOpen, KmsError."""
    try:
        if sealed["v"] != _FORMAT:
            raise CannotOpen(f"format {sealed['v']!r} is not known here")
        wrapped, nonce, data = (base64.b64decode(sealed[part], validate=True) for part in ("key", "nonce", "data"))
        bound = _bound(context, str(sealed["sealed_under"]))
    except (KeyError, TypeError, ValueError) as error:
        raise CannotOpen("damaged") from error
    key = await kms.decrypt(wrapped, context)
    try:
        return AESGCM(key).decrypt(nonce, data, bound)
    except InvalidTag:
        raise CannotOpen("not sealed for this context, or damaged") from None


async def reseal(kms: Kms, sealed: Mapping[str, Any], context: Context) -> dict[str, Any]:
    """The same secret under the present key: its data key is wrapped anew, its payload is not touched."""
    wrapped = await kms.rewrap(base64.b64decode(sealed["key"]), context)
    return {**sealed, "kek": kms.key_id, "key": base64.b64encode(wrapped).decode()}


def _bound(context: Context, key_id: str) -> bytes:
    return canonical({**context, "radiant.format": str(_FORMAT), "radiant.kek": key_id})
