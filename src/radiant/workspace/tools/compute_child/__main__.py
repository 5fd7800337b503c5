"""Takes orders, one line of JSON each, and answers each by one line; ends with its standard input.

    python -I -m radiant.workspace.tools.compute_child MEGABYTES

An order: {id, of: "symbolic" | "units", seconds, …}; the answer: {id, …} with `refused` where it cannot be done.
"""

import ctypes
import json
import math
import os
import resource
import signal
import sys
from typing import Any

from radiant.workspace.tools.compute_child import symbolic, units
from radiant.workspace.tools.compute_child.expressions import Refused

_PR_SET_PDEATHSIG = 1


def _limit(megabytes: int) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_AS, (megabytes * 2**20, megabytes * 2**20))
    for what in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE):
        resource.setrlimit(what, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    os.nice(5)


def _answer(order: dict[str, Any]) -> dict[str, Any]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = math.ceil(used.ru_utime + used.ru_stime + order["seconds"]) + 1
    # The parent kills at its own clock; this is for when the parent is busy.
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))
    try:
        return (symbolic if order["of"] == "symbolic" else units).compute(order)
    except Refused as error:
        return {"refused": str(error)}
    except MemoryError:
        return {"refused": "it takes more memory than it may"}
    except RecursionError:
        return {"refused": "it is nested too deep"}
    except Exception as error:  # noqa: BLE001 - sympy and pint raise what they like; the words go to whoever asked
        return {"refused": f"it could not be computed ({type(error).__name__}: {str(error)[:300]})"}


def main() -> None:
    """Serve until the input ends."""
    _limit(int(sys.argv[1]))
    # What libraries print must not stand among the answers.
    answers, sys.stdout = os.fdopen(os.dup(1), "w", encoding="utf-8"), sys.stderr
    os.dup2(2, 1)
    for line in sys.stdin:
        order = json.loads(line)
        answer = {"ready": True} if order.get("of") == "ready" else _answer(order)
        answers.write(json.dumps({"id": order["id"], **answer}) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
