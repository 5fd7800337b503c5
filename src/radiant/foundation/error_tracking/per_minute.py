"""How many of something each sender has sent in this minute, in this process."""

import time
from collections import Counter
from collections.abc import Callable, Hashable


class PerMinute:
    """Counts by sender, begun anew each minute."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._minute = 0
        self._counts: Counter[Hashable] = Counter()

    def wait(self, sender: Hashable, items: int, most: int) -> int:
        """0, and they are counted; or the seconds until the sender may go on, and they are not."""
        now = self._clock()
        if int(now // 60) != self._minute:
            self._minute = int(now // 60)
            self._counts.clear()
        if self._counts[sender] + items > most:
            return 60 - int(now % 60)
        self._counts[sender] += items
        return 0
