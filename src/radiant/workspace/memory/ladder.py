"""What a new memory does to those that are there: it repeats one, takes one's place, or is new. Pure.

Words decide first, then slots: a slot's values follow each other in the time for which they hold, whatever the order in
which they come. Nothing else contradicts; that two memories name the same thing is no contradiction.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from radiant.workspace.memory.schemas import Outcome, Slot

# Less sure than that of something that contradicts: a person decides.
_UNSURE = 0.5


def same_words(content: str) -> str:
    """Equal for contents that are the same but for case, blanks and a full stop."""
    return " ".join(unicodedata.normalize("NFKC", content).lower().split()).strip(" .!")


@dataclass(slots=True, kw_only=True)
class Entry:
    """A memory, of those that were there or that come in. `words`: what tells that it is said again; None: it cannot
    be. `chain`: what it is a value of, and `value`."""

    id: UUID
    words: tuple[object, ...] | None
    chain: tuple[object, ...] | None = None
    value: tuple[object, ...] = ()
    valid_from: datetime
    last_said: datetime
    valid_to: datetime | None = None
    status: str = "current"
    superseded_by: UUID | None = None
    confidence: float | None = None
    changed: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """What became of one: `entry` is it, or what it repeats; `superseded` lost their place; `late`: it went in as
    history."""

    outcome: Outcome
    entry: Entry
    superseded: tuple[Entry, ...] = ()
    late: bool = False


def chain_of(store_id: UUID, slot: Slot) -> tuple[tuple[object, ...], tuple[object, ...]]:
    """What a slot's value is of, and the value: of a single-valued one all of it, else whether it holds."""
    key = (store_id, slot.subject.lower(), slot.attribute.lower(), slot.qualifier.lower(), slot.single)
    value = same_words(slot.value)
    return (key, (value, slot.polarity)) if slot.single else ((*key, value), (slot.polarity,))


@dataclass(slots=True)
class Ladder:
    """What is known; each `add` changes it."""

    by_words: dict[tuple[object, ...], Entry] = field(default_factory=dict[tuple[object, ...], Entry])
    chains: dict[tuple[object, ...], list[Entry]] = field(default_factory=dict[tuple[object, ...], list[Entry]])
    entries: list[Entry] = field(default_factory=list[Entry])

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> "Ladder":
        """Over memories that are there."""
        made = cls()
        for entry in entries:
            made._take(entry)
        return made

    def add(self, new: Entry) -> Step:
        """What becomes of `new`. Entries whose validity changed are marked so."""
        if new.chain is not None and (line := self.chains.get(new.chain)):
            return self._add_to(line, new)
        same = self.by_words.get(new.words) if new.words is not None else None
        if same is not None and same.status == "current" and new.chain in (None, same.chain):
            return _again(same, new)
        return self._added(new)

    def _add_to(self, line: list[Entry], new: Entry) -> Step:
        at = new.valid_from
        holding = (e for e in line if e.valid_from <= at and (e.valid_to is None or e.valid_to > at))
        before = max(holding, key=lambda e: e.valid_from, default=None)
        after, until = _following(line, before, at)
        if before is not None and before.value == new.value:
            return _again(before, new)
        if after is not None and after.value == new.value and (before is None or before.last_said <= at):
            if before is not None:
                before.valid_to, before.changed = at, True
            after.valid_from = min(after.valid_from, at)
            return _again(after, new)
        if before is not None and (before.valid_from == at or _unsure(before, new)):
            new.status = "needs_review"
            self._take(new)
            return Step("review", new)
        if before is not None and before.last_said > at:
            # It was said again since: what comes late is history.
            _close(new, before, before.last_said)
            return self._added(new, late=True)
        if after is not None and until is not None:
            _close(new, after, until)
            if before is not None:
                _close(before, new, at)
            return self._added(new, late=True)
        if before is None:
            return self._added(new)
        _close(before, new, at)
        self._take(new)
        return Step("superseded", new, (before,))

    def _added(self, new: Entry, *, late: bool = False) -> Step:
        self._take(new)
        return Step("added", new, late=late)

    def changed(self) -> list[Entry]:
        """Those whose validity changed."""
        return [entry for entry in self.entries if entry.changed]

    def _take(self, entry: Entry) -> None:
        self.entries.append(entry)
        if entry.words is not None and entry.status == "current":
            self.by_words[entry.words] = entry
        if entry.chain is not None and entry.status != "needs_review":
            self.chains.setdefault(entry.chain, []).append(entry)


def _following(line: list[Entry], before: Entry | None, at: datetime) -> tuple[Entry | None, datetime | None]:
    """What holds after a moment in which `before` does, and from when on."""
    if before is not None and before.valid_to is not None:
        successor = next((e for e in line if e.id == before.superseded_by), None)
        if successor is not None:
            return successor, before.valid_to
    after = min((e for e in line if e.valid_from > at), key=lambda e: e.valid_from, default=None)
    return after, after.valid_from if after is not None else None


def _again(same: Entry, new: Entry) -> Step:
    same.last_said, same.changed = max(same.last_said, new.last_said), True
    return Step("repeated", same)


def _close(entry: Entry, by: Entry, at: datetime) -> None:
    entry.status, entry.valid_to, entry.superseded_by, entry.changed = "superseded", at, by.id, True


def _unsure(before: Entry, new: Entry) -> bool:
    return before.status == "current" and new.confidence is not None and new.confidence < _UNSURE
