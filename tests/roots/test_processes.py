"""The supervisor of `up`: a process that keeps falling is given up on, with the end of its log."""

import subprocess
import sys
from pathlib import Path

import pytest

from radiant.processes import Child, FellTooOften, supervise

pytestmark = pytest.mark.blocks


def test_a_process_that_keeps_falling_is_given_up_on_with_its_last_words(tmp_path: Path) -> None:
    # Not a verb: click refuses it at once.
    child = Child("no-such-verb", {}, tmp_path / "logs" / "child.log")
    said: list[str] = []
    child.start()
    with pytest.raises(FellTooOften, match="no-such-verb"):
        supervise([child], lambda: False, said.append, lambda: None)
    assert len(said) == 5
    assert "No such command" in child.tail()


def test_what_stopped_is_not_started_again(tmp_path: Path) -> None:
    child = Child("no-such-verb", {}, None)
    supervise([child], lambda: True, lambda _: None, lambda: None)
    assert child.exited() is None
    assert child.process is None
    child.stop()


_HANGS = """
import asyncio
from radiant.processes import end_within

async def hears_no_cancellation():
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            pass

async def main():
    end_within(0.5, asyncio.get_running_loop())
    asyncio.create_task(hears_no_cancellation())
    await asyncio.sleep(0)

asyncio.run(main())
"""


def test_a_process_that_hangs_at_its_end_ends_all_the_same_and_says_what_hung() -> None:
    done = subprocess.run([sys.executable, "-c", _HANGS], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 1
    assert "hears_no_cancellation" in done.stderr
