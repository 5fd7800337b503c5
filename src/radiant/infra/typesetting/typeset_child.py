"""Sets one text, in a process of its own under limits: a script, so that nothing else of RADIANT is loaded.

    python -I typeset_child.py TEMPLATE pdf|png     data in JSON on the standard input, the file on the standard output

The data reaches the template as `sys.inputs.data`; nothing of it is ever read as markup. The template can read no file but
those in its root, the folder in which this is started. A PNG shows one page: its template's page is as
high as it needs to be.
"""

import ctypes
import os
import resource
import signal
import sys
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_MEMORY, _CPU_SECONDS = 4 * 2**30, 60
_DOTS_AN_INCH = 110.0


def _limit() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(10)


def _main() -> None:
    _limit()
    import typst

    template = Path(sys.argv[1]).read_bytes()
    data = sys.stdin.buffer.read().decode()
    compiler = typst.Compiler(template, root=Path.cwd(), sys_inputs={"data": data})
    if sys.argv[2] == "png":
        made = compiler.compile(format="png", ppi=_DOTS_AN_INCH)
    else:
        made = compiler.compile(format="pdf", timestamp=0)
    assert isinstance(made, bytes)
    sys.stdout.buffer.write(made)


_main()
