"""A part of what is stored: the Range header of a request (RFC 9110, 14)."""

import re

from radiant.kit.errors import Problem

_ONE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


class RangeNotSatisfiable(Problem):
    """It begins behind the end."""

    status, slug = 416, "range-not-satisfiable"


def part_of(header: str | None, size: int) -> tuple[int, int] | None:
    """From which byte to which (not included) is asked for; None: all of it. Several parts at once, other units and
    what is no range are not looked at, as the standard allows. Raises RangeNotSatisfiable."""
    found = _ONE.fullmatch(header.replace(" ", "")) if header else None
    if found is None or not (found[1] or found[2]):
        return None
    if found[1]:
        start = int(found[1])
        end = min(int(found[2]) + 1, size) if found[2] else size
        if found[2] and int(found[2]) < start:
            return None
    else:
        # The last so many.
        start, end = max(size - int(found[2]), 0), size
    if start >= end:
        raise RangeNotSatisfiable(f"Range: it has {size} bytes", headers={"Content-Range": f"bytes */{size}"})
    return start, end
