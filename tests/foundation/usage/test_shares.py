"""Shares under a model of crashes: whatever happens in whatever order, all processes together never have more than
there is, and nothing leaks."""

import asyncio
import math
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from radiant.foundation.usage.journal import Position
from radiant.foundation.usage.shares import Drawn, Share, grant

AMOUNTS = st.integers(0, 10**12)


@given(AMOUNTS, st.integers(-(10**6), 10**6), st.lists(st.integers(1, 10**9), max_size=70), AMOUNTS)
def test_a_draw_never_takes_more_than_there_is(room: int, have: int, needs: list[int], extra: int) -> None:
    drawn = grant(room, have, needs, extra)
    assert 0 <= drawn <= room
    missing = sum(needs) - have
    if 0 < missing <= room:
        assert missing <= drawn <= missing + (room - missing) // 8


@given(st.integers(0, 500), st.lists(st.integers(1, 50), min_size=1, max_size=70))
def test_near_the_end_a_draw_is_what_callers_need_exactly(room: int, needs: list[int]) -> None:
    drawn = grant(room, 0, needs, 10**6)
    if sum(needs) > room:
        assert drawn <= room
        fits = [need for need in needs if need <= room]
        assert (drawn > 0) == bool(fits)
        # No caller fits into what is left.
        left, total = room, 0
        for need in needs:
            if need <= left:
                left, total = left - need, total + need
        assert drawn == total


class Book:
    """A budget in a database, by the rules of the ledger's statements, and whether an answer gets lost."""

    def __init__(self, amount: int) -> None:
        self.amount = amount
        self.spent = 0
        self.leases: dict[int, int] = {}

    @property
    def reserved(self) -> int:
        return sum(self.leases.values())

    def settle(self, process: int, cost: int) -> int:
        """The writer's transaction; what was spent beyond the lease."""
        taken = min(self.leases.get(process, 0), cost)
        self.spent += cost
        if process in self.leases:
            self.leases[process] -= taken
            return cost - taken
        return 0


class Source:
    """A process's way to the book."""

    owes = False

    def __init__(self, book: Book, process: int) -> None:
        self.book, self.process = book, process
        self.answer_lost = False

    def _lose(self) -> None:
        if self.answer_lost:
            self.answer_lost = False
            raise ConnectionResetError

    async def draw(self, share: Share, needs: Sequence[int], extra: int) -> Drawn:
        book = self.book
        room = max(book.amount - book.spent - book.reserved, 0)
        granted = grant(room, share.avail, needs, extra)
        book.leases[self.process] = book.leases.get(self.process, 0) + granted
        self._lose()
        return Drawn(granted, room - granted)

    async def give(self, share: Share, amount: int | None) -> None:
        held = self.book.leases.get(self.process, 0)
        if amount is None:
            self.book.leases.pop(self.process, None)
        else:
            self.book.leases[self.process] = held - min(held, amount)
        self._lose()


class Process:
    """One process: its share, calls under way, and ends that are in its journal and not yet in the book."""

    def __init__(self, book: Book, number: int) -> None:
        self.book, self.number = book, number
        self.source = Source(book, number)
        self.share = Share(self.source, 0, math.inf, math.inf)
        self.open: list[int] = []
        self.journal: list[int] = []
        self.noted = self.written = 0

    async def admit(self, need: int) -> bool:
        if not (self.share.has(need, 0.0) or (await self.share.ensure(need) and self.share.has(need, 0.0))):
            return False
        self.share.take(need, 0.0)
        self.open.append(need)
        return True

    def finish(self, which: int, part: int) -> None:
        need = self.open.pop(which % len(self.open))
        cost = need * part // 4
        self.noted += 1
        self.journal.append(cost)
        self.share.put(need - cost, Position(1, self.noted))

    def write(self) -> None:
        for cost in self.journal:
            self.share.avail += self.book.settle(self.number, cost)
        self.journal.clear()
        self.written = self.noted

    def die(self) -> None:
        """The next process replays the journal, settles what was open at its estimate, and frees the lease."""
        self.write()
        for need in self.open:
            self.book.settle(self.number, need)
        self.book.leases.pop(self.number, None)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["admit", "admit", "admit", "finish", "finish", "write", "idle", "close", "lose", "kill"]),
        st.integers(0, 2),
        st.integers(1, 40),
        st.integers(0, 4),
    ),
    max_size=80,
)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 400), STEPS)
def test_whoever_dies_whenever_the_budget_is_never_overdrawn_and_comes_back_whole(
    amount: int, steps: list[tuple[str, int, int, int]]
) -> None:
    asyncio.run(_run(amount, steps))


async def _run(amount: int, steps: list[tuple[str, int, int, int]]) -> None:
    book, born = Book(amount), 3
    processes = [Process(book, number) for number in range(3)]
    cost_of_all = 0
    for step, which, number, part in steps:
        process = processes[which]
        process.share.reconsider()
        try:
            if step == "admit":
                await process.admit(number)
            elif step == "finish" and process.open:
                process.finish(number, part)
                cost_of_all += process.journal[-1]
            elif step == "write":
                process.write()
            elif step == "idle":
                await process.share.give_idle(0.0)
            elif step == "close":
                await process.share.close(Position(1, process.written))
            elif step == "lose":
                process.source.answer_lost = True
            elif step == "kill":
                cost_of_all += sum(process.open)
                process.die()
                processes[which] = Process(book, born)
                born += 1
        except ConnectionResetError:
            pass
        assert book.spent + book.reserved <= book.amount
        for one in processes:
            held = book.leases.get(one.number, 0)
            assert one.share.avail + sum(one.open) + sum(one.journal) <= held, "a process has more than its lease"
    for process in processes:
        cost_of_all += sum(process.open)
        process.die()
    assert (book.spent, book.reserved) == (cost_of_all, 0)


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 300), st.lists(st.tuples(st.integers(1, 30), st.integers(0, 12)), max_size=30))
def test_what_calls_cost_beyond_their_estimate_is_all_that_a_budget_is_overdrawn_by(
    amount: int, calls: list[tuple[int, int]]
) -> None:
    async def run() -> None:
        book = Book(amount)
        process = Process(book, 0)
        over = 0
        for need, part in calls:
            process.share.reconsider()
            if await process.admit(need):
                process.finish(0, part)
                over += max(need * part // 4 - need, 0)
            if part % 3 == 0:
                process.write()
            assert book.spent + book.reserved <= book.amount + over
        process.write()
        await process.share.close(Position(1, process.written))
        assert book.reserved == 0

    asyncio.run(run())
