"""Writes src/radiant/ai/routing/data/difficulty.npz from the recorded answers; deterministic.

    .venv/bin/python bench/kit/train_difficulty.py

Data: RouteLLM's MMLU and GSM8K answers of Mixtral-8x7B and GPT-4-1106 (Apache-2.0; prompts MIT) and LLMRouter's of nine
models (MIT). Coefficients ship, texts do not.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np
from bench.kit.routing_data import SHARED, Recorded, folds, read

from radiant.ai.routing.difficulty import _SHIFT, FOLDED, Difficulty, fold
from radiant.ai.routing.prompt import Prompt

CELLS = 64
_PENALTY = 4.0
_SURFACE_SCALE = 0.1
INTO = Path(__file__).parents[2] / "src" / "radiant" / "ai" / "routing" / "data" / "difficulty.npz"


def hardness(of: Recorded) -> np.ndarray:
    """Per prompt: how far models did worse on it than they do on the whole, in logits (one Newton step)."""
    mean = of.scores.mean(0)
    return (mean - of.scores).mean(1) / (mean * (1 - mean)).mean()


def fit(prompts: list[Prompt], target: np.ndarray, seed: int = 0) -> Difficulty:
    """Ridge regression of hardness on folded text and surface figures, and the neighbourhoods' centres."""
    seen = np.zeros(FOLDED)
    for prompt in prompts:
        seen[np.unique(prompt.buckets >> _SHIFT)] += 1
    idf = (np.log((1 + len(prompts)) / (1 + seen)) + 0.05).astype(np.float32)
    text = np.zeros((len(prompts), FOLDED), np.float32)
    for row, prompt in zip(text, prompts, strict=True):
        places, row[places] = fold(prompt, idf)
    surface = np.stack([prompt.surface for prompt in prompts])
    mean, deviation = surface.mean(0), surface.std(0) + 1e-3
    x = np.hstack((text, np.clip((surface - mean) / deviation, -3, 3) * _SURFACE_SCALE))
    weights = np.linalg.solve(x.T @ x + _PENALTY * np.eye(x.shape[1], dtype=np.float32), x.T @ (target - target.mean()))
    return Difficulty(
        idf,
        weights[:FOLDED],
        weights[FOLDED:] * _SURFACE_SCALE,
        mean,
        deviation,
        _centres(text, np.random.default_rng(seed)).T,
    )


def _centres(text: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Spherical k-means (Dhillon and Modha, 2001)."""
    centres = text[random.choice(len(text), CELLS, replace=False)]
    for _ in range(25):
        near = (text @ centres.T).argmax(1)
        sums = np.stack([text[near == cell].sum(0) if (near == cell).any() else centres[cell] for cell in range(CELLS)])
        centres = sums / np.linalg.norm(sums, axis=1, keepdims=True)
    return centres


def main() -> None:
    """Fit on all, after telling how well it does on what it did not see."""
    data = read(SHARED / "routing.jsonl.gz")
    prompts = [row.prompt for of in data.values() for row in of.rows]
    texts = [text for of in data.values() for text in of.texts]
    target = np.concatenate([hardness(of) for of in data.values()])
    rest = folds(texts, 5) == 0
    trial = fit([p for p, out in zip(prompts, rest, strict=True) if not out], target[~rest])
    predicted = np.array([trial(p)[0] for p, out in zip(prompts, rest, strict=True) if out])
    slope = np.polyfit(predicted, target[rest], 1)[0]
    print(f"held out: correlation {np.corrcoef(predicted, target[rest])[0, 1]:.3f}, slope {slope:.2f}")
    whole = fit(prompts, target)
    centres = whole.centres.T
    scale = np.abs(centres).max(1) / 127
    np.savez_compressed(
        INTO,
        idf=whole.idf.astype(np.float16), text=(whole.text * slope).astype(np.float16),
        surface=(whole.surface * slope).astype(np.float16), mean=whole.mean.astype(np.float16),
        deviation=whole.deviation.astype(np.float16),
        centres=np.round(centres / scale[:, None]).astype(np.int8), centre_scale=scale.astype(np.float32),
    )  # fmt: skip
    print(f"{INTO.name}: {INTO.stat().st_size} bytes")


if __name__ == "__main__":
    main()
