"""Sets one report as PDF, in a process of its own under limits: a script, so that nothing else of RADIANT is loaded.

    python -I report_child.py      the report's outline in JSON on the standard input, the PDF on the standard output

The outline reaches the template as data; nothing of it is ever read as markup. The template can read no file: its root is an
empty folder.
"""

import ctypes
import os
import resource
import signal
import sys
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_MEMORY, _CPU_SECONDS = 4 * 2**30, 60


def _limit() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(10)


def _main() -> None:
    _limit()
    import typst

    template = Path(__file__).with_name("report.typ").read_bytes()
    outline = sys.stdin.buffer.read().decode()
    made = typst.Compiler(template, root=Path.cwd(), sys_inputs={"report": outline}).compile(format="pdf", timestamp=0)
    assert isinstance(made, bytes)
    sys.stdout.buffer.write(made)


_main()
