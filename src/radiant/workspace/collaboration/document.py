"""A live document: updates applied, a bound on its size, edits by the server, and going back to what it said."""

import contextlib
import difflib
import re
from collections.abc import Iterator
from typing import Any, TypeVar, cast

from pycrdt import Array, Doc, Map, Text

from radiant.workspace.collaboration.problems import RoomTooLarge
from radiant.workspace.collaboration.wire import Malformed

T = TypeVar("T")

EMPTY = b"\x00\x00"
"""An update that says nothing."""
_ROOTS: dict[str, dict[str, type[Any]]] = {
    "document": {"content": Text},
    "canvas": {"artifacts": Map, "provenance": Map},
}
_MEASURE_AGAIN = 20  # after a twentieth of the limit has come since


def declare(doc: "Doc[Any]", room_type: str) -> None:
    """Give the roots of such a room their types, so that what somebody inserts there as another type is not seen."""
    for name, kind in _ROOTS.get(room_type, _ROOTS["document"]).items():
        doc[name] = kind()


def read(room_type: str, *updates: bytes) -> "Doc[Any]":
    """A document made of these updates."""
    doc: Doc[Any] = Doc()
    declare(doc, room_type)
    for update in updates:
        doc.apply_update(update)
    return doc


class Document:
    """One document in memory. Not for several threads."""

    def __init__(self, room_type: str, limit: int) -> None:
        self.doc: Doc[Any] = Doc()
        self.room_type = room_type
        self.limit = limit
        """Bytes of its whole state."""
        self.size = 0
        """Never less than its state takes; exact after `measure`."""
        self._grown = 0
        declare(self.doc, room_type)

    def load(self, update: bytes) -> None:
        """Apply what the database has."""
        self.doc.apply_update(update)
        self.size += len(update)
        self._grown += len(update)

    def apply(self, update: bytes) -> None:
        """Apply what somebody sent. Raises Malformed, RoomTooLarge; then nothing of it is here."""
        self._room_for(len(update))
        try:
            self.doc.apply_update(update)
        except ValueError as error:
            raise Malformed(f"this update cannot be read: {error}") from None
        self.size += len(update)
        self._grown += len(update)

    def merge(self, update: bytes) -> bytes:
        """Apply a whole answer to a state vector; what of it to keep, EMPTY where nothing was new. Raises as `apply`."""
        heard: list[bytes] = []
        subscription = self.doc.observe(lambda event: heard.append(event.update))
        try:
            self.apply(update)
        finally:
            self.doc.unobserve(subscription)
        if update[0]:
            # It brings structures, some of which may wait for others unseen.
            return update
        # Deletions alone: clients name all that they know of.
        return heard[0] if heard else EMPTY

    def says_nothing_new(self, update: bytes) -> bool:
        """Whether the document holds all of it, without applying it. Raises Malformed."""
        if update == EMPTY:
            return True
        if not update or update[0]:
            return False
        copy = read(self.room_type, self.encode())
        before = copy.get_update()
        try:
            copy.apply_update(update)
        except ValueError as error:
            raise Malformed(f"this update cannot be read: {error}") from None
        return copy.get_update() == before

    def encode(self, state: bytes | None = None) -> bytes:
        """All of it, or what `state` (a state vector) lacks. Raises Malformed."""
        try:
            return self.doc.get_update(state)
        except ValueError as error:
            raise Malformed(f"this state vector cannot be read: {error}") from None

    def state(self) -> bytes:
        """Its state vector."""
        return self.doc.get_state()

    def measure(self) -> bytes:
        """Encode all of it, so that `size` is exact."""
        encoded = self.doc.get_update()
        self.size = len(encoded)
        self._grown = 0
        return encoded

    def _room_for(self, more: int) -> None:
        if self.size + more <= self.limit:
            return
        if self._grown * _MEASURE_AGAIN > self.limit or self.size > self.limit:
            self.measure()
        if self.size + more > self.limit:
            raise RoomTooLarge(
                f"the document would take more than the {self.limit:,} bytes that the workspace's plan gives:"
                " go back to an earlier version, or begin another room"
            )

    @contextlib.contextmanager
    def editing(self, origin: object) -> Iterator[list[bytes]]:
        """One transaction on `doc`; at its end the list holds what it changed, if anything."""
        changed: list[bytes] = []
        subscription = self.doc.observe(lambda event: changed.append(event.update))
        try:
            with self.doc.transaction(origin=origin):
                yield changed
        finally:
            self.doc.unobserve(subscription)
            for update in changed:
                self.size += len(update)
                self._grown += len(update)


# --- going back ---


def rewind(live: "Doc[Any]", past: "Doc[Any]") -> None:
    """Make `live` say what `past` says, in the transaction that is open: texts by their differences, the rest by value."""
    for name in {*live.keys(), *past.keys()}:
        kind = _kind_of(live, past, name)
        if kind is not None:
            _assimilate(live.get(name, type=kind), past.get(name, type=kind))


def _kind_of(live: "Doc[Any]", past: "Doc[Any]", name: str) -> Any:
    for doc in (live, past):
        # What this process never named has no type here.
        value: Any = dict(doc.items()).get(name)
        if _is_shared(value):
            return cast("Any", type(value))
    for doc in (live, past):
        if str(doc.get(name, type=Text)):
            return Text
    return Map


def _is_shared(value: Any) -> bool:
    return isinstance(value, Text | Map | Array)


def _assimilate(live: Any, past: Any) -> None:
    if isinstance(live, Text):
        _text(live, past)
    elif isinstance(live, Map):
        _map(cast("Map[Any]", live), past)
    else:
        _array(live, past)


def _map(live: "Map[Any]", past: "Map[Any]") -> None:
    for key in [key for key in live.keys() if key not in past]:  # noqa: SIM118
        del live[key]
    for key in past.keys():  # noqa: SIM118
        value, now = past[key], live.get(key, None)
        if _is_shared(value) and type(value) is type(now):
            _assimilate(now, value)
        elif key not in live or _is_shared(now) or now != value:
            _put(live, key, value)


def _put(parent: Any, key: Any, value: Any) -> None:
    if _is_shared(value):
        parent[key] = type(value)()
        _assimilate(parent[key], value)
    else:
        parent[key] = value


def _array(live: Any, past: Any) -> None:
    if _plain(live) == _plain(past):
        return
    live.clear()
    for value in past:
        if _is_shared(value):
            live.append(type(value)())
            _assimilate(live[len(live) - 1], value)
        else:
            live.append(value)


def _plain(value: Any) -> Any:
    return value.to_py() if _is_shared(value) else value


_Piece = tuple[Any, tuple[tuple[str, Any], ...]]
_WORD = re.compile(r"\w+|\s+|[^\w\s]", re.UNICODE)
_MOST_WORK = 4_000_000


def _pieces(text: Text) -> list[_Piece]:
    found: list[_Piece] = []
    for said, attributes in text.diff():
        how = tuple(sorted((attributes or {}).items()))
        found += [(word, how) for word in _WORD.findall(said)] if isinstance(said, str) else [(_Embed(said), how)]
    return found


class _Embed:
    """Something in a text that is no text, which takes one place."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Embed) and other.value == self.value

    def __hash__(self) -> int:
        return hash(repr(self.value))


def _length(piece: _Piece) -> int:
    # pycrdt counts bytes of UTF-8.
    return len(piece[0].encode()) if isinstance(piece[0], str) else 1


def _text(live: Text, past: Text) -> None:
    now, then = _pieces(live), _pieces(past)
    names = {name for piece in (*now, *then) for name, _ in piece[1]}
    for start, end, new_start, new_end in reversed(_changes(now, then)):
        at = sum(map(_length, now[:start]))
        gone = sum(map(_length, now[start:end]))
        if gone:
            del live[at : at + gone]
        for piece in reversed(then[new_start:new_end]):
            # Named, or a neighbour's would be inherited.
            attributes = dict.fromkeys(names) | dict(piece[1])
            if isinstance(piece[0], str):
                live.insert(at, piece[0], attributes or None)
            else:
                live.insert_embed(at, piece[0].value, attributes or None)


def _changes(now: list[_Piece], then: list[_Piece]) -> list[tuple[int, int, int, int]]:
    """Which pieces of `now` are others in `then`: start and end in both, in order."""
    start = 0
    while start < len(now) and start < len(then) and now[start] == then[start]:
        start += 1
    last, new_last = len(now), len(then)
    while last > start and new_last > start and now[last - 1] == then[new_last - 1]:
        last, new_last = last - 1, new_last - 1
    if start == last and start == new_last:
        return []
    if (last - start) * (new_last - start) > _MOST_WORK:
        return [(start, last, start, new_last)]
    matcher = difflib.SequenceMatcher(None, _keys(now[start:last]), _keys(then[start:new_last]), autojunk=False)
    return [(start + a, start + b, start + c, start + d) for tag, a, b, c, d in matcher.get_opcodes() if tag != "equal"]


def _keys(pieces: list[_Piece]) -> list[str]:
    return [repr(piece) if isinstance(piece[0], str) else f"embed {piece[0].value!r} {piece[1]!r}" for piece in pieces]
