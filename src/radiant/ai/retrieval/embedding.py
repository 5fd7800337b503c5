"""Vectors of texts, by whatever model, through the door of all model calls; those of questions are remembered."""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import UUID

import structlog

from radiant.ai.inference.metered import Labels
from radiant.ai.inference.service import Inference
from radiant.ai.providers.chat import EmbeddingRequest
from radiant.foundation.identity.callers import Caller
from radiant.kit.errors import Problem

log = structlog.get_logger()

DEFAULT_MODEL = "all-minilm-l6-v2"
if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector: TypeAlias = NDArray[np.float32]
else:
    # numpy is read when the first vector comes (tests/architecture/test_start.py).
    Vector = Any
_REMEMBERED = 2000
# No model here reads more of a text; what is longer is found by its words.
_MOST_CHARACTERS = 8000


@dataclass(frozen=True, slots=True)
class Written:
    """`Questions` as pgvector reads them; a model without a vector is none."""

    model: str | None
    vector: str | None
    former_model: str | None = None
    former_vector: str | None = None


@dataclass(frozen=True, slots=True)
class Questions:
    """A question as vectors: of the model that most of what is searched has, and of another one that some have, as while a
    change of models is under way."""

    model: str | None
    vector: Vector | None
    former_model: str | None
    former_vector: Vector | None

    def written(self) -> Written:
        """For SQL."""
        at, former = self.vector, self.former_vector
        return Written(
            self.model if at is not None else None, written(at) if at is not None else None,
            self.former_model if former is not None else None, written(former) if former is not None else None,
        )  # fmt: skip


class BadVector(Problem):
    """The model gave no vector that can be used."""

    status, slug = 502, "bad-vector"


class Embedder:
    """Made once by a root. `route`: what its calls are metered under."""

    def __init__(self, inference: Inference, route: str) -> None:
        self._inference = inference
        self._labels = Labels(route=route, streamed=False)
        self._known: OrderedDict[tuple[UUID, str, str], Vector] = OrderedDict()
        self._under_way: dict[tuple[UUID, str, str], asyncio.Task[Vector]] = {}

    async def close(self) -> None:
        """Give up what nobody waits for any more."""
        under_way = [*self._under_way.values()]
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)

    async def many(self, caller: Caller, model: str, texts: Sequence[str]) -> list[Vector]:
        """A vector of length 1 for each text. Raises the problems of the call, BadVector."""
        request = EmbeddingRequest(model="", inputs=[text[:_MOST_CHARACTERS] for text in texts])
        _, result = await self._inference.embed(caller, model, request, self._labels)
        if len(result.vectors) != len(texts):
            raise BadVector(f"{model} gave {len(result.vectors)} vectors for {len(texts)} texts")
        return await asyncio.to_thread(_units, model, result.vectors)

    async def questions(
        self, caller: Caller, text: str, held: Iterable[tuple[str, int]], former: Iterable[str], patience: float | None
    ) -> Questions:
        """A question as vectors of the two models that matter most: of what is searched, `held` says how many rows have
        vectors of which model, and `former` which models are given up. Without a vector where none could be made, or none
        within `patience` seconds; what takes longer, as where a model is loaded first, is made all the same, for the next
        time."""
        rows: Counter[str] = Counter()
        for model, count in held:
            rows[model] += count
        both = [*dict.fromkeys([*(model for model, _ in rows.most_common()), *former]), None, None][:2]
        vectors = await asyncio.gather(*(self._within(caller, model, text, patience) for model in both))
        return Questions(both[0], vectors[0], both[1], vectors[1])

    async def _within(self, caller: Caller, model: str | None, text: str, patience: float | None) -> Vector | None:
        if model is None or not text.strip():
            return None
        try:
            async with asyncio.timeout(patience):
                return await self.question(caller, model, text)
        except TimeoutError:
            return None
        except Problem as error:
            log.warning("retrieval.no_question_vector", route=self._labels.route, model=model, error=error.slug)
            return None

    async def question(self, caller: Caller, model: str, text: str) -> Vector:
        """The vector of a question: made once for all who ask it at the same time, and remembered while the process lives,
        for its tenant alone. Raises as `many` does."""
        key = (caller.tenant_id, model, text)
        if (known := self._known.get(key)) is not None:
            self._known.move_to_end(key)
            return known
        if (task := self._under_way.get(key)) is None:
            task = self._under_way[key] = asyncio.create_task(self._make(caller, key))
            task.add_done_callback(lambda done: self._ended(key, done))
        return await asyncio.shield(task)

    async def _make(self, caller: Caller, key: tuple[UUID, str, str]) -> Vector:
        (vector,) = await self.many(caller, key[1], [key[2]])
        self._known[key] = vector
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return vector

    def _ended(self, key: tuple[UUID, str, str], task: asyncio.Task[Vector]) -> None:
        del self._under_way[key]
        if not task.cancelled():
            task.exception()  # who waited has it


def written(vector: Vector) -> str:
    """As pgvector reads it."""
    return f"[{','.join(f'{x:.6g}' for x in vector.tolist())}]"


def _units(model: str, several: Sequence[Sequence[float]]) -> list[Vector]:
    import numpy as np

    found: list[Vector] = []
    for values in several:
        vector = np.asarray(values, np.float32)
        length = float(np.linalg.norm(vector))
        if not vector.size or not np.isfinite(length) or not length:
            raise BadVector(f"{model} gave a vector without direction; use another embedding model")
        found.append(vector / length)
    return found
