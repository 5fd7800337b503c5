"""Runs one program in the jail: a script of the standard library alone, the only file of RADIANT's that is in there.

It says `ready` on the standard error, takes one order in JSON from the standard input, and gives its answer there after the
order's mark. What the program prints goes to the standard output.

The order: {mark, code, tests, seconds, most}. The answer: {value, error, test}: the last expression's value as `repr` has it,
what went wrong, and which test did.
"""

import ast
import importlib
import io
import json
import linecache
import math
import os
import resource
import sys
import traceback

_NAME = "<program>"


def _limit() -> None:
    for what, most in (
        (resource.RLIMIT_AS, int(sys.argv[1]) * 2**20), (resource.RLIMIT_FSIZE, 16 * 2**20), (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_CORE, 0), (resource.RLIMIT_NPROC, 1), (resource.RLIMIT_STACK, 8 * 2**20),
    ):  # fmt: skip
        resource.setrlimit(what, (most, most))


class _Printed(io.TextIOBase):
    """Passes on the first `most` characters; the rest is dropped, and the program goes on."""

    def __init__(self, most: int) -> None:
        self._left = most

    def writable(self) -> bool:
        """As files are asked."""
        return True

    def write(self, text: str, /) -> int:
        """As print calls it."""
        if self._left > 0:
            piece = text[: self._left].encode("utf-8", "backslashreplace")
            while piece:
                piece = piece[os.write(1, piece) :]
            self._left -= len(text)
        return len(text)


def _explained(error: BaseException, most: int) -> str:
    """The error as Python says it, from the program's own lines only."""
    told = traceback.TracebackException.from_exception(error, limit=-20, capture_locals=False)
    told.stack = traceback.StackSummary.from_list([frame for frame in told.stack if frame.filename.startswith("<")])
    told.__cause__ = told.__context__ = None
    return "".join(told.format()).strip()[-most:]


def _known(name: str, source: str) -> None:
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)


def _program(source: str, names: dict[str, object]) -> object:
    """Run it; the value of its last expression, if its last line is one."""
    _known(_NAME, source)
    parsed = ast.parse(source, _NAME)
    last = parsed.body.pop() if parsed.body and isinstance(parsed.body[-1], ast.Expr) else None
    exec(compile(parsed, _NAME, "exec"), names)  # noqa: S102 - what the jail is for
    if not isinstance(last, ast.Expr):
        return None
    return eval(compile(ast.Expression(last.value), _NAME, "eval"), names)  # noqa: S307


def _run(order: dict[str, object]) -> dict[str, object]:
    most = int(str(order["most"]))
    names: dict[str, object] = {"__name__": "__main__", "__builtins__": __builtins__}
    answer: dict[str, object] = {"value": None, "error": None, "test": None}
    try:
        value = _program(str(order["code"]), names)
        answer["value"] = None if value is None else repr(value)[: most + 1]
        tests = str(order["tests"])
        _known("<tests>", tests)
        for test in ast.parse(tests, "<tests>").body:
            answer["test"] = ast.get_source_segment(tests, test)
            exec(compile(ast.Module([test], []), "<tests>", "exec"), names)  # noqa: S102
        answer["test"] = None
    except SystemExit as error:
        # A program that ends itself has ended; before its tests it has not passed them.
        answer["error"] = f"SystemExit: {error.code}" if error.code or order["tests"] else None
    except MemoryError:
        answer["error"] = "MemoryError: it needs more memory than it may have"
    except BaseException as error:  # noqa: BLE001 - whatever a program raises is its result
        answer["error"] = _explained(error, most)
    return answer


def main() -> None:
    """Take the order, give the answer."""
    _limit()
    # The pipe of the answer is no longer where a program's own errors go.
    back = os.dup(2)
    os.dup2(1, 2)
    for name in sys.argv[2:]:
        # Read before the order comes, so that who gives it does not wait.
        importlib.import_module(name)
    os.write(back, b"ready\n")
    order = json.loads(sys.stdin.buffer.readline())
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = math.ceil(used.ru_utime + used.ru_stime + order["seconds"]) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (most, most))
    sys.stdout = sys.stderr = _Printed(order["most"])
    mark = order.pop("mark")
    answer = mark + json.dumps(_run(order)) + "\n"
    said = answer.encode("ascii")
    while said:
        said = said[os.write(back, said) :]
    os._exit(0)


if __name__ == "__main__":
    main()
