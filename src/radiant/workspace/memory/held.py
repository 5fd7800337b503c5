"""What a process holds of people's memories to search them by: the columns that ranking needs, the postings that were
asked for, the vectors. Each search brings it up to date in its own transaction, by what changed since the snapshot that it
was read by; who has more than fits, or is longest unasked, is read from the database (ADR 0023)."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from radiant.ai.retrieval.embedding import Questions
from radiant.ai.retrieval.scores import Floats, Places
from radiant.infra.db import Row, Tx
from radiant.kit.ids import TenantId, UserId
from radiant.workspace.memory import held_store, search_store
from radiant.workspace.memory.ranking import Columns
from radiant.workspace.memory.schemas import Query

# Of one memory, beside its vector; of a text, beside its letters.
_ROW_BYTES, _TEXT_BYTES = 150, 150
# Postings of one person that are kept, and of one term that are read.
_POSTINGS_BYTES, _MOST_POSTINGS = 4_000_000, 1_000_000
# Holes that are borne before everything is read anew.
_HOLES = 1000

_NONE, _NEVER = np.zeros(0, np.int64), np.zeros(0)

Posting = tuple[Places, Floats]
"""Numbers of memories, and how often the term is in each."""


class _Matrix:
    """Vectors of length 1, in rows that are never moved: those of memories that went are holes."""

    def __init__(self, dimension: int) -> None:
        self._rows = np.zeros((0, dimension), np.float32)
        self.used = 0

    @property
    def nbytes(self) -> int:
        return self._rows.nbytes

    def append(self, vectors: NDArray[np.float32]) -> Places:
        """Add vectors; their rows."""
        first, self.used = self.used, self.used + len(vectors)
        if self.used > len(self._rows):
            # At first no more than there are.
            grown = np.zeros((self.used + (self.used // 8 if first else 0), self._rows.shape[1]), np.float32)
            grown[:first] = self._rows[:first]
            self._rows = grown
        self._rows[first : self.used] = vectors
        return np.arange(first, self.used)

    def cosines(self, vector: NDArray[np.float32]) -> Floats:
        """Of each row with a vector of length 1. By one thread: those of BLAS wait for each other on busy cores."""
        return np.vecdot(self._rows[: self.used], vector).astype(np.float64)


@dataclass(frozen=True, slots=True)
class _Rows:
    """Memories that hold, by ascending number; one value each. Texts are codes; `row`: of the vector in the matrix that
    `model` names, -1 for none; `useful`, `expires`: in seconds of the epoch, `useful` below 0 for never."""

    numbers: Places
    store: Places
    words: Floats
    talk: Places
    said: Floats
    speaker: Places
    importance: Floats
    useful: Floats
    expires: Floats
    pinned: NDArray[np.bool_]
    kind: Places
    alias: Places
    scope: Places
    model: Places
    row: Places

    def of(self, which: NDArray[Any]) -> "_Rows":
        """Some of them, by a mask or by places."""
        return _Rows(*(column[which] for column in self.columns()))

    def and_(self, other: "_Rows") -> "_Rows":
        """Both, in order of their numbers."""
        pairs = zip(self.columns(), other.columns(), strict=True)
        both = _Rows(*(np.concatenate(pair) for pair in pairs))
        return both.of(np.argsort(both.numbers, kind="stable"))

    def columns(self) -> list[NDArray[Any]]:
        """All of them."""
        return [getattr(self, each.name) for each in fields(self)]


class _Codes(dict[Any, int]):
    """Values by small numbers, from 0."""

    def __init__(self) -> None:
        self.nbytes = 0

    def __missing__(self, value: Any) -> int:
        self[value] = code = len(self)
        self.nbytes += len(value) + _TEXT_BYTES
        return code

    def of(self, values: Sequence[Any]) -> Places:
        """The codes of values."""
        return np.fromiter((self[value] for value in values), np.int64, len(values))

    def where(self, wanted: Callable[[Any], bool]) -> list[int]:
        """The codes of the values that are wanted."""
        return [code for value, code in self.items() if wanted(value)]


@dataclass(slots=True)
class Person:
    """What is held of one person."""

    rows: _Rows | None = None
    snapshot: str = held_store.NEVER
    # Places in the order in which they were said: by conversation, time, number.
    order: Places = field(default_factory=lambda: np.zeros(0, np.int64))
    stores: _Codes = field(default_factory=_Codes)
    speakers: _Codes = field(default_factory=_Codes)
    kinds: _Codes = field(default_factory=_Codes)
    names: _Codes = field(default_factory=_Codes)
    scopes: _Codes = field(default_factory=_Codes)
    models: _Codes = field(default_factory=_Codes)
    matrices: dict[int, _Matrix] = field(default_factory=dict[int, _Matrix])
    postings: dict[str, Posting] = field(default_factory=dict[str, Posting])
    postings_bytes: int = 0
    # How often it was changed.
    age: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def nbytes(self) -> int:
        """About."""
        arrays = [self.order, *(self.rows.columns() if self.rows is not None else ()), *self.matrices.values()]
        codes = [self.stores, self.speakers, self.kinds, self.names, self.scopes, self.models]
        return self.postings_bytes + sum(each.nbytes for each in [*arrays, *codes])

    @property
    def worn(self) -> bool:
        """Whether most of its vectors are of memories that went."""
        held = len(self.rows.numbers) if self.rows is not None else 0
        return sum(matrix.used for matrix in self.matrices.values()) > 2 * held + _HOLES

    def take(self, row: Mapping[str, Any]) -> None:
        """Bring it up to date by a row of `held_store.changed`."""
        new, holds = self._read(row)
        fresh = new.of(holds)
        if self.rows is not None:
            fresh = self.rows.of(~np.isin(self.rows.numbers, new.numbers)).and_(fresh)
        self._set(fresh)

    def keep(self, numbers: Places) -> None:
        """Forget memories that are none of these."""
        assert self.rows is not None
        self._set(self.rows.of(np.isin(self.rows.numbers, numbers)))

    def _set(self, rows: _Rows) -> None:
        self.rows = rows
        self.order = np.lexsort((rows.numbers, rows.said, rows.talk))
        self.age += 1
        self.postings, self.postings_bytes = {}, 0

    def _read(self, row: Mapping[str, Any]) -> tuple[_Rows, NDArray[np.bool_]]:
        numbers = _numbers(row["numbers"], ">i8", np.int64)
        count = len(numbers)
        model, place = self._vectors(row, count)
        store = row["store"] or b""
        rows = _Rows(
            numbers, self.stores.of([store[at : at + 16] for at in range(0, len(store), 16)]),
            _numbers(row["words"], ">i4", np.float64), _numbers(row["talk"], ">i8", np.int64),
            _numbers(row["said"], ">f8", np.float64), self.speakers.of(_texts(row["speaker"], count)),
            _numbers(row["importance"], ">f4", np.float64), _numbers(row["useful"], ">f8", np.float64),
            _numbers(row["expires"], ">f8", np.float64), np.frombuffer(row["pinned"] or b"", np.bool_),
            self.kinds.of(_texts(row["kind"], count)), self.names.of(_texts(row["alias"], count)),
            self.scopes.of(_texts(row["scope"], count)), model, place,
        )  # fmt: skip
        return rows, np.frombuffer(row["holds"] or b"", np.bool_)

    def _vectors(self, row: Mapping[str, Any], count: int) -> tuple[Places, Places]:
        """Put new vectors into their matrices; of each memory the matrix and the row in it."""
        dimensions = _numbers(row["dimensions"], ">i4", np.int64)
        # As pgvector sends one: its dimension in two bytes, two more, and its values.
        sizes = np.where(dimensions > 0, 4 + 4 * dimensions, 0)
        starts = np.cumsum(sizes) - sizes
        raw = np.frombuffer(row["vectors"] or b"", np.uint8)
        model = self.models.of([
            f"{name} {dimension}" for name, dimension in zip(_texts(row["model"], count), dimensions.tolist(), strict=True)
        ])  # fmt: skip
        place = np.full(count, -1, np.int64)
        for code in np.unique(model[dimensions > 0]).tolist():
            these = np.flatnonzero((model == code) & (dimensions > 0))
            size = int(sizes[these[0]])
            alone = len(these) * size == len(raw)
            cut = raw.reshape(-1, size) if alone else raw[starts[these][:, None] + np.arange(size)]
            vectors = np.ascontiguousarray(cut[:, 4:]).view(">f4").astype(np.float32)
            with np.errstate(invalid="ignore", divide="ignore"):
                vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            if code not in self.matrices:
                self.matrices[code] = _Matrix(vectors.shape[1])
            place[these] = self.matrices[code].append(vectors)
        return model, place

    def note(self, age: int, found: Mapping[str, Posting]) -> None:
        """Keep postings that were read when it was of that age."""
        size = sum(numbers.nbytes + counts.nbytes for numbers, counts in found.values())
        if age != self.age or size > _POSTINGS_BYTES:
            return
        if self.postings_bytes + size > _POSTINGS_BYTES:
            self.postings, self.postings_bytes = {}, 0
        self.postings.update(found)
        self.postings_bytes += size


@dataclass(frozen=True, slots=True)
class Seen:
    """A person as they are at a search. `now`: in seconds; `talk`: the conversation that is asked for."""

    person: Person
    now: float
    talk: int | None

    async def postings(self, tx: Tx, terms: Sequence[str]) -> dict[str, Posting]:
        """Those of terms that some memory holds."""
        person = self.person
        known, age = person.postings, person.age
        missing = [term for term in terms if term not in known]
        found: dict[str, Posting] = {}
        if missing:
            found = dict.fromkeys(missing, (_NONE, _NEVER)) | postings_of(
                await search_store.postings(tx, missing, _MOST_POSTINGS)
            )
            person.note(age, found)
        every = {**known, **found}
        return {term: every[term] for term in terms if len(every[term][0])}

    def columns(self, query: Query, stores: Sequence[UUID], asked: Questions) -> Columns:
        """What ranking needs of those that may be found."""
        person, every = self.person, self.person.rows
        assert every is not None
        may = every.expires > self.now
        if query.store_name is not None:
            named = {store.bytes for store in stores}
            may &= np.isin(every.store, person.stores.where(lambda store: store in named))
        if query.scope is not None:
            scope = set(query.scope)
            may &= np.isin(
                every.scope,
                person.scopes.where(lambda text: not text or bool(scope & set(text.split(search_store.SEPARATOR)))),
            )
        rows, order = every, person.order
        if not may.all():
            rows = every.of(may)
            order = (np.cumsum(may) - 1)[order[may[order]]]
        wanted = np.ones(len(rows.numbers), bool)
        if query.types:
            types = set(query.types)
            wanted &= np.isin(rows.kind, person.kinds.where(lambda kind: kind in types))
        if query.conversation is not None:
            wanted &= rows.talk == self.talk
        names = list(person.names)
        aliased = np.flatnonzero(np.isin(rows.alias, person.names.where(bool))) if len(names) > 1 else _NONE
        return Columns(
            numbers=rows.numbers, words=rows.words, cosine=_cosine(person, rows, asked), talk=rows.talk, said=rows.said,
            speaker=rows.speaker, speakers=list(person.speakers), importance=rows.importance,
            useful=np.where(rows.useful >= 0, np.maximum(self.now - rows.useful, 0), -1.0), wanted=wanted,
            pinned=rows.pinned, alias={place: names[rows.alias[place]] for place in aliased.tolist()}, order=order,
        )  # fmt: skip


def _cosine(person: Person, rows: _Rows, asked: Questions) -> Floats:
    cosine = np.full(len(rows.numbers), np.nan)
    for model, vector in ((asked.former_model, asked.former_vector), (asked.model, asked.vector)):
        code = person.models.get(f"{model} {len(vector)}") if vector is not None else None
        if vector is not None and code in person.matrices:
            made = (rows.model == code) & (rows.row >= 0)
            cosine[made] = person.matrices[code].cosines(vector)[rows.row[made]]
    return cosine


def _numbers(sent: bytes | None, kind: str, to: Any) -> Any:
    return np.frombuffer(sent or b"", kind).astype(to)


def _texts(joined: str | None, count: int) -> list[str]:
    return (joined or "").split(search_store.RECORD) if count else []


def postings_of(rows: Sequence[Row]) -> dict[str, Posting]:
    """As `search_store.postings` reads them."""
    return {
        row["term"]: (_numbers(row["numbers"], ">i8", np.int64), _numbers(row["counts"], ">i2", np.float64))
        for row in rows
    }


class Held:
    """People's memories, no more than so many bytes; those asked for last stay."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._people: OrderedDict[tuple[TenantId, UserId], Person] = OrderedDict()
        self._sizes: dict[tuple[TenantId, UserId], int] = {}

    async def see(self, tx: Tx, query: Query, memories: int, dimension: int) -> Seen | None:
        """The caller as they are now; None where that is asked for of another time, or they have too many `memories` with
        vectors of that dimension to be held."""
        key = (tx.tenant_id, tx.user_id)
        if query.as_of is not None or memories * (4 * dimension + _ROW_BYTES) > self._most // 2:
            self._drop(key)
            return None
        person = self._people.get(key)
        if person is None or person.worn:
            person = self._people[key] = Person()
        self._people.move_to_end(key)
        async with person.lock:
            now = await held_store.look(tx, person.snapshot, query.conversation)
            known = person.rows is not None
            if not known or now["changed"]:
                person.take(dict(await held_store.changed(tx, person.snapshot)))
            if known and (now["dropped"] or not {store.bytes for store in now["stores"]}.issuperset(person.stores)):
                person.keep(_numbers(await held_store.present(tx), ">i8", np.int64))
            # Of the first look: what happened between it and the reading is seen again, and not missed.
            person.snapshot = now["snapshot"]
        self._fit(key, person)
        return Seen(person, now["now"], now["talk"])

    def _fit(self, key: tuple[TenantId, UserId], person: Person) -> None:
        if self._people.get(key) is person:
            self._sizes[key] = person.nbytes
        while self._people and sum(self._sizes.values()) > self._most:
            self._drop(next(iter(self._people)))

    def _drop(self, key: tuple[TenantId, UserId]) -> None:
        self._people.pop(key, None)
        self._sizes.pop(key, None)
