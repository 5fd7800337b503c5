"""Writes src/radiant/ai/routing/data/classifier.npz from the sentences of `corpus`; deterministic.

    .venv/bin/python bench/kit/train_classifier.py

Prints the accuracy on templates that were left out. The hand-written and public prompts of `heldout` are for the bench
and the tests alone.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np
from bench.kit.corpus import LOOSE, corpus

from radiant.ai.routing.classify import TASKS, Classifier
from radiant.ai.routing.prompt import SURFACE, Prompt, features
from radiant.ai.routing.sparse import Rows, learn_vocabulary, pack

INTO = Path(__file__).parents[2] / "src" / "radiant" / "ai" / "routing" / "data" / "classifier.npz"
_PENALTY = 1e-4


def fit(prompts: list[Prompt], task: np.ndarray, weight: np.ndarray) -> Classifier:
    """Softmax regression with an L2 penalty by Nesterov's accelerated gradient."""
    vocabulary = learn_vocabulary(prompts)
    rows = Rows(vocabulary, prompts)
    y, share = np.eye(len(TASKS), dtype=np.float32)[task], (weight / weight.sum())[:, None].astype(np.float32)
    w, bias = np.zeros((len(vocabulary.idf) + len(SURFACE), len(TASKS)), np.float32), np.zeros(len(TASKS), np.float32)
    ahead = w
    for turn in range(120):
        score = rows.times(ahead) + bias
        e = np.exp(score - score.max(1, keepdims=True))
        off = share * (e / e.sum(1, keepdims=True) - y)
        bias = bias - off.sum(0)
        after = ahead - 1.5 * (rows.transposed_times(off) + _PENALTY * ahead)
        ahead, w = after + turn / (turn + 3) * (after - w), after
    return Classifier(vocabulary, w, bias)


def main() -> None:
    """Fit on all, after telling how well it does on templates that it did not see."""
    made = corpus()
    prompts = [features(text) for text, _, _ in made]
    task = np.array([TASKS.index(name) for _, name, _ in made])
    template = np.array([number for _, _, number in made])
    # Each template counts nearly alike however often it was filled.
    weight = np.bincount(template)[template] ** -0.7
    right = []
    for part in range(5):
        rest = (template % 5 == part) & (template != LOOSE)
        trial = fit([p for p, out in zip(prompts, rest, strict=True) if not out], task[~rest], weight[~rest])
        right += [trial(prompts[i]).argmax() == task[i] for i in np.flatnonzero(rest)]
    print(f"{len(made)} sentences; templates left out: accuracy {np.mean(right):.3f}")
    whole = fit(prompts, task, weight)
    np.savez_compressed(INTO, **pack(whole.vocabulary), weights=whole.weights.astype(np.float16), bias=whole.bias)
    print(f"{INTO.name}: {INTO.stat().st_size} bytes")


if __name__ == "__main__":
    main()
