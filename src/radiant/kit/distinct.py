"""How many different ones there are: exactly while they are few, then by HyperLogLog (Flajolet and others 2007) within
0.8 %. Counts of hours are joined, and who is in several is counted once."""

import hashlib
import math

_EXACT = 4096
_BITS = 14
_REGISTERS = 1 << _BITS
_ALPHA = 0.7213 / (1 + 1.079 / _REGISTERS)
_HASH_BYTES = 8
_FEW, _MANY = b"e", b"h"


class Distinct:
    """Of things by their bytes. At most 32 kB, of which 16 are registers once there are more than 4,096."""

    __slots__ = ("_hashes", "_registers")

    def __init__(self) -> None:
        self._hashes: set[int] = set()
        self._registers: bytearray | None = None

    def add(self, thing: bytes) -> None:
        """Count a thing; a second time does nothing."""
        self._add(int.from_bytes(hashlib.blake2b(thing, digest_size=_HASH_BYTES).digest(), "big"))

    def _add(self, hash_: int) -> None:
        if self._registers is None:
            self._hashes.add(hash_)
            if len(self._hashes) > _EXACT:
                self._registers = bytearray(_REGISTERS)
                for each in self._hashes:
                    self._note(self._registers, each)
                self._hashes.clear()
        else:
            self._note(self._registers, hash_)

    @staticmethod
    def _note(registers: bytearray, hash_: int) -> None:
        index, rest = hash_ >> (64 - _BITS), hash_ & ((1 << (64 - _BITS)) - 1)
        rank = 64 - _BITS - rest.bit_length() + 1
        if rank > registers[index]:
            registers[index] = rank

    def join(self, other: "Distinct") -> None:
        """Count all that another has."""
        for hash_ in other._hashes:
            self._add(hash_)
        if other._registers is not None:
            if self._registers is None:
                mine, self._hashes, self._registers = self._hashes, set(), bytearray(_REGISTERS)
                for hash_ in mine:
                    self._note(self._registers, hash_)
            self._registers = bytearray(map(max, self._registers, other._registers))

    def __len__(self) -> int:
        if self._registers is None:
            return len(self._hashes)
        zeros = self._registers.count(0)
        estimate = _ALPHA * _REGISTERS**2 / sum(2.0**-rank for rank in self._registers)
        if estimate <= 2.5 * _REGISTERS and zeros:
            # Where many registers are empty their number says more.
            estimate = _REGISTERS * math.log(_REGISTERS / zeros)
        return round(estimate)

    def to_bytes(self) -> bytes:
        """As `of_bytes` reads it; the same things give the same bytes, in whatever order they came."""
        if self._registers is not None:
            return _MANY + bytes(self._registers)
        return _FEW + b"".join(hash_.to_bytes(_HASH_BYTES, "big") for hash_ in sorted(self._hashes))

    @classmethod
    def of_bytes(cls, data: bytes | None) -> "Distinct":
        """What was written so; nothing of None."""
        found = cls()
        if data and data[:1] == _MANY:
            found._registers = bytearray(data[1:])
        elif data:
            found._hashes = {
                int.from_bytes(data[at : at + _HASH_BYTES], "big") for at in range(1, len(data), _HASH_BYTES)
            }
        return found
