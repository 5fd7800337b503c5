"""Passwords: Argon2id (RFC 9106, second recommended parameters as argon2-cffi ships them)."""

import asyncio
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from radiant.kit.errors import Invalid

MIN_LENGTH = 12
MAX_LENGTH = 1000

_hasher = PasswordHasher()
# A hash takes 64 MiB and some 50 ms: two at a time bound both.
_slots = asyncio.Semaphore(2)
_WORDS = "abcdefghjkmnpqrstuvwxyz23456789"


class WeakPassword(Invalid):
    """The new password is too short, too long or too simple."""

    slug = "weak-password"


def one_time_password() -> str:
    """Twenty characters, 99 bits, in groups that can be read out."""
    return "-".join("".join(secrets.choice(_WORDS) for _ in range(5)) for _ in range(4))


def check_strength(password: str) -> None:
    """Raises WeakPassword. Length counts, not character classes (NIST SP 800-63B)."""
    if len(password) < MIN_LENGTH:
        raise WeakPassword(f"new_password: use at least {MIN_LENGTH} characters")
    if len(password) > MAX_LENGTH:
        raise WeakPassword(f"new_password: use at most {MAX_LENGTH} characters")
    if len(set(password)) < 5:
        raise WeakPassword("new_password: too simple; use at least five different characters")


async def hash_password(password: str) -> str:
    """An encoded Argon2id hash."""
    async with _slots:
        return await asyncio.to_thread(_hasher.hash, password)


async def verify_password(encoded: str | None, password: str) -> bool:
    """Whether it fits. Without a hash the same work is done, so time does not tell whether a person exists."""
    async with _slots:
        return await asyncio.to_thread(_verify, encoded, password)


def _verify(encoded: str | None, password: str) -> bool:
    if encoded is None:
        _hasher.hash(password[:MAX_LENGTH])
        return False
    try:
        return _hasher.verify(encoded, password[:MAX_LENGTH])
    except (VerificationError, InvalidHashError):
        return False
