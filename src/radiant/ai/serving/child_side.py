"""What every model process does first and last. Runs in the child, so it imports as little as it can."""

import ctypes
import os
import signal
import sys
from typing import TypeVar

import msgspec

T = TypeVar("T")

_PR_SET_PDEATHSIG = 1


def take_orders(kind: type[T], *, niceness: int = 5) -> T:
    """The parent's orders, from the first line of the standard input; after asking to die with the parent."""
    parent = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            # It died in between: the signal will never come.
            os._exit(1)
    os.nice(niceness)
    line = sys.stdin.buffer.readline()
    if not line:
        os._exit(1)
    return msgspec.json.decode(line, type=kind)


def serve_until_told(port: int) -> None:
    """Say that we serve, then wait for the end of the standard input, and end."""
    # What a library prints must not be taken for the answer, hence a line of its own.
    os.write(1, msgspec.json.encode({"port": port}) + b"\n")
    while sys.stdin.buffer.read(1024):
        pass
    os._exit(0)
