"""The telephone's sound."""

import struct

import pytest

from radiant.ai.speech.g711 import Codec, expander


@pytest.mark.parametrize(("codec", "codes", "samples"), [
    # The tables of G.711: silence, the smallest and the largest of either sign.
    ("ulaw", b"\xff\x7f\xfe\x80\x00", (0, 0, 8, 32124, -32124)),
    ("alaw", b"\xd5\x55\xd4\xaa\x2a", (8, -8, 24, 32256, -32256)),
])  # fmt: skip
def test_samples_are_expanded(codec: Codec, codes: bytes, samples: tuple[int, ...]) -> None:
    assert expander(codec)(codes) == struct.pack(f"<{len(samples)}h", *samples)


@pytest.mark.parametrize("codec", ["ulaw", "alaw"])
def test_loud_is_louder_than_quiet(codec: Codec) -> None:
    heard = struct.unpack("<256h", expander(codec)(bytes(range(256))))
    assert sorted(heard) == sorted(-sample for sample in heard)
    assert len(set(heard)) >= 255
