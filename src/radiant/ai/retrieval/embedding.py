"""Vectors of texts, by whatever model, through the door of all model calls; those of questions are remembered."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import UUID

from radiant.ai.inference.metered import Labels
from radiant.ai.inference.service import Inference
from radiant.ai.providers.chat import EmbeddingRequest
from radiant.foundation.identity.callers import Caller
from radiant.kit.errors import Problem

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
class Questions:
    """A question as vectors: of the model, and of the one before it while a change of models is under way."""

    model: str | None
    vector: Vector | None
    former_model: str | None
    former_vector: Vector | None


class BadVector(Problem):
    """The model gave no vector that can be used."""

    status, slug = 502, "bad-vector"


class Embedder:
    """Made once by a root. `route`: what its calls are metered under."""

    def __init__(self, inference: Inference, route: str) -> None:
        self._inference = inference
        self._labels = Labels(route=route, streamed=False)
        self._known: OrderedDict[tuple[UUID, str, str], Vector] = OrderedDict()
        self._late: set[asyncio.Task[Vector]] = set()

    async def close(self) -> None:
        """Give up what nobody waits for any more."""
        for task in self._late:
            task.cancel()
        await asyncio.gather(*self._late, return_exceptions=True)

    async def many(self, caller: Caller, model: str, texts: Sequence[str]) -> list[Vector]:
        """A vector of length 1 for each text. Raises the problems of the call, BadVector."""
        request = EmbeddingRequest(model="", inputs=[text[:_MOST_CHARACTERS] for text in texts])
        _, result = await self._inference.embed(caller, model, request, self._labels)
        if len(result.vectors) != len(texts):
            raise BadVector(f"{model} gave {len(result.vectors)} vectors for {len(texts)} texts")
        return await asyncio.to_thread(_units, model, result.vectors)

    async def soon(self, caller: Caller, model: str, text: str, seconds: float) -> Vector | None:
        """The vector of a question if it is there within so many seconds. What takes longer, as where the model is loaded
        first, is made all the same, for the next time. Raises as `many` does."""
        task = asyncio.create_task(self.question(caller, model, text))
        self._late.add(task)
        task.add_done_callback(self._ended)
        done, _ = await asyncio.wait({task}, timeout=seconds)
        return task.result() if done else None

    def _ended(self, task: asyncio.Task[Vector]) -> None:
        self._late.discard(task)
        if not task.cancelled():
            task.exception()  # who waited has it

    async def question(self, caller: Caller, model: str, text: str) -> Vector:
        """The same for a question, remembered while the process lives, for its tenant alone."""
        key = (caller.tenant_id, model, text)
        if (known := self._known.get(key)) is not None:
            self._known.move_to_end(key)
            return known
        (vector,) = await self.many(caller, model, [text])
        self._known[key] = vector
        if len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return vector


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
