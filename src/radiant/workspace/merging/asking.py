"""Calls that a merge makes: metered by inference under the run's name, added up by what they were for."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from radiant.ai.inference.chosen import Answer
from radiant.ai.inference.metered import Labels
from radiant.ai.inference.models import Target
from radiant.ai.inference.service import Inference
from radiant.ai.providers.chat import ChatRequest, Fold, TextPart
from radiant.foundation.identity.callers import Caller
from radiant.kit.errors import Problem
from radiant.kit.ids import RunId
from radiant.kit.money import ZERO

Role = Literal["answer", "judge", "writer", "debate"]
# At once, of one merge.
_SIDE_BY_SIDE = 6
_MOST_CHARACTERS = 100_000


class OutOfBudget(Exception):
    """The merge's own max_cost is spent: no further call is begun."""


class NoAnswer(Problem):
    """The model said nothing in the time it had."""

    status, slug = 504, "no-answer-in-time"


@dataclass(slots=True)
class Said:
    """A whole answer; `error`: it broke off, or never came."""

    model: str
    text: str = ""
    tokens: int | None = None
    cost: Decimal | None = None
    latency_ms: int | None = None
    decision_id: UUID | None = None
    error: Problem | None = None


@dataclass(slots=True)
class Bill:
    """What several calls came to."""

    tokens: int = 0
    cost: Decimal = ZERO
    latency_ms: int = 0

    def add(self, said: Said) -> None:
        """One more."""
        self.tokens += said.tokens or 0
        self.cost += said.cost or ZERO
        self.latency_ms += said.latency_ms or 0


class Asker:
    """Of one merge. `max_cost` in dollars; `decision`: what routing is to remember of answers (task, difficulty, cell)."""

    def __init__(
        self, inference: Inference, caller: Caller, run_id: RunId, max_cost: Decimal | None, decision: Mapping[str, Any]
    ) -> None:
        self._inference = inference
        self._caller = caller
        self._run_id = run_id
        self._max_cost = max_cost
        self._decision = decision
        self._places = asyncio.Semaphore(_SIDE_BY_SIDE)
        self.cost = ZERO
        self.tokens: Counter[Role] = Counter()

    @property
    def spent(self) -> bool:
        """Whether max_cost is reached."""
        return self._max_cost is not None and self.cost >= self._max_cost

    async def holds_schemas(self, model: str) -> bool:
        """Whether the model can be held to a JSON schema. Raises the problems of resolving."""
        return "json_schema" in (await self._target(model)).model.capabilities

    async def takes_temperature(self, model: str) -> bool:
        """Whether it may be told how to sample: models that reason refuse."""
        return "reasoning" not in (await self._target(model)).model.capabilities

    async def _target(self, model: str) -> Target:
        return await self._inference.target(self._caller, model)

    async def hear(self, model: str, request: ChatRequest, role: Role, seconds: float = 180.0) -> Said:
        """A whole answer, or what was said until it failed. Raises OutOfBudget."""
        async with self._places:
            if self.spent:
                raise OutOfBudget
            said = Said(model)
            labels = Labels(run_id=self._run_id, decision=self._decision if role == "answer" else None)
            began, spoken, answer = time.perf_counter(), Fold(), None
            try:
                async with asyncio.timeout(seconds):
                    answer = await self._inference.open(self._caller, model, request, labels)
                    said.model, said.decision_id = answer.model, answer.decision_id
                    async with contextlib.aclosing(answer.events) as events:
                        async for event in events:
                            spoken.add(event)
            except TimeoutError:
                said.error = NoAnswer(
                    f"{model} was not done after {seconds:g} s; give it more seconds, or leave it out"
                )
            except Problem as error:
                said.error = error
            finally:
                self._count(said, spoken, answer, role)
                said.latency_ms = round((time.perf_counter() - began) * 1000)
            if said.error is None and not said.text.strip():
                said.error = NoAnswer(f"{model} ended without a word")
            return said

    def _count(self, said: Said, spoken: Fold, answer: Answer | None, role: Role) -> None:
        text = "".join(part.text for part in spoken.partial() if isinstance(part, TextPart))
        said.text = text[:_MOST_CHARACTERS].replace("\x00", "\ufffd")
        if answer is not None:
            usage = answer.receipt.usage
            said.tokens, said.cost = usage.input_tokens + usage.output_tokens, answer.receipt.cost
            self.cost += answer.receipt.cost
            self.tokens[role] += said.tokens
