"""Recorded answers of models to public prompts (shared/bench-data/routing.jsonl.gz), and RouteLLM's metrics."""

import gzip
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from bench.kit.figures import NoData

from radiant.ai.routing.learner import Row
from radiant.ai.routing.prompt import features

SHARED = Path(__file__).parents[3] / "shared" / "bench-data"
WEAK, STRONG = "mistralai/Mixtral-8x7B-Instruct-v0.1", "gpt-4-1106-preview"


@dataclass(slots=True)
class Recorded:
    """Prompts of one dataset. `scores`: [prompts, models]; `price` of each model, dollars per million tokens."""

    texts: list[str]
    rows: list[Row]
    models: list[str]
    scores: np.ndarray
    price: np.ndarray
    tasks: list[str]

    def take(self, index: np.ndarray) -> list[Row]:
        """Rows by number."""
        return [self.rows[i] for i in index]


def read(path: Path) -> dict[str, Recorded]:
    """Every dataset of a file."""
    if not path.exists():
        raise NoData(f"{path} is not there; it holds the recorded answers (--data names another place)")
    with gzip.open(path, "rt") as lines:
        records = [json.loads(line) for line in lines]
    found: dict[str, Recorded] = {}
    for name in sorted({record["dataset"] for record in records}):
        of = [record for record in records if record["dataset"] == name]
        models = sorted(of[0]["scores"])
        found[name] = Recorded(
            texts=[record["prompt"] for record in of],
            rows=[Row(features(record["prompt"]), record["scores"], record["task"]) for record in of],
            models=models,
            scores=np.array([[record["scores"][model] for model in models] for record in of]),
            price=np.array([of[0].get("price", {}).get(model, 0.0) for model in models]),
            tasks=[record["task"] for record in of],
        )
    return found


def folds(texts: list[str], count: int, salt: str = "") -> np.ndarray:
    """The fold of each prompt, by a hash of its text: the same text never lies on both sides."""
    return np.array([int.from_bytes(hashlib.sha256((salt + text).encode()).digest()[:4]) % count for text in texts])


def curve(gain: np.ndarray, weak: np.ndarray, strong: np.ndarray) -> np.ndarray:
    """Share of the gap between the two models that is recovered when the n prompts of largest `gain` go to the strong
    one, for n = 0 … all."""
    order = np.lexsort((np.random.default_rng(0).random(len(gain)), -gain))
    recovered = np.concatenate(([0.0], np.cumsum((strong - weak)[order])))
    return recovered / (strong - weak).sum()


def apgr(gain: np.ndarray, weak: np.ndarray, strong: np.ndarray) -> float:
    """Average performance gap recovered (RouteLLM, 2024): the area under the curve; 0.5 at random."""
    return float(np.trapezoid(curve(gain, weak, strong), dx=1 / len(gain)))


def cpt(gain: np.ndarray, weak: np.ndarray, strong: np.ndarray, share: float) -> float:
    """Call-performance threshold: the least share of calls to the strong model that recovers `share` of the gap."""
    return float((curve(gain, weak, strong) >= share).argmax() / len(gain))
