"""The Range header."""

import pytest

from radiant.http.ranges import RangeNotSatisfiable, part_of


@pytest.mark.parametrize(("header", "part"), [
    (None, None), ("", None), ("bytes=0-", (0, 10)), ("bytes=0-0", (0, 1)), ("bytes=3-5", (3, 6)), ("bytes=8-99", (8, 10)),
    ("bytes=-3", (7, 10)), ("bytes=-99", (0, 10)), ("bytes= 2 - 3 ", (2, 4)),
    # Not looked at: other units, several at once, nonsense.
    ("lines=0-1", None), ("bytes=0-1,3-4", None), ("bytes=-", None), ("bytes=5-3", None), ("bytes=x-1", None),
    ("bytes=9999999999999999999999-", None),
])  # fmt: skip
def test_a_part_is_from_one_byte_to_another(header: str | None, part: tuple[int, int] | None) -> None:
    assert part_of(header, 10) == part


@pytest.mark.parametrize(
    ("header", "size"), [("bytes=10-", 10), ("bytes=99-100", 10), ("bytes=-0", 10), ("bytes=0-", 0)]
)
def test_what_begins_behind_the_end_cannot_be_had(header: str, size: int) -> None:
    with pytest.raises(RangeNotSatisfiable) as refused:
        part_of(header, size)
    assert refused.value.headers == {"Content-Range": f"bytes */{size}"}
