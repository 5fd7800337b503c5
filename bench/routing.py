"""The Brain beside RouteLLM's published figures, the draft's keyword table, random and the oracle (goals.md, Brain).

    ./radiant bench routing [--data FILE] [--quick] [--json]

Everything is cross-fitted on ../shared/bench-data/routing.jsonl.gz: each prompt is judged by what was learned from
others, the folds being made by a hash of the text. With `--data` all of that file is learned from, and FILE (of the same
form) is the test. No transformer takes part. Times are of one thread.
"""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parent.parent))

import numpy as np
from bench.kit.figures import Figure, on_recordings
from bench.kit.heldout import heldout, public_tasks
from bench.kit.routing_data import SHARED, STRONG, WEAK, Recorded, apgr, cpt, folds, read

from radiant.ai.routing.calibration import recalibrated
from radiant.ai.routing.classify import classify
from radiant.ai.routing.difficulty import shipped
from radiant.ai.routing.evidence import Seen
from radiant.ai.routing.explore import choose
from radiant.ai.routing.learner import Learner, Row, fit
from radiant.ai.routing.prompt import features
from radiant.ai.routing.quality import Quality, see
from radiant.ai.routing.refit import Judged, refit

# RouteLLM's best published figure of each column (paper, table of MMLU); GSM8K's was measured from its release.
PUBLISHED = {"mmlu": "RouteLLM .603, CPT50 35.4 %, CPT80 70.3 %", "gsm8k": "RouteLLM .622"}


def keyword_task(text: str) -> str:
    """The draft's table (specification, 17.3)."""
    low = text.lower()
    if any(word in low for word in ("code", "function", "debug")):
        return "code"
    if any(word in low for word in ("analyze", "data", "statistics")):
        return "analysis"
    return "creative" if any(word in low for word in ("write", "story", "creative")) else "chat"


# What the strong model is worth more there, by the draft's constants (11.3): analysis .95, code .9, creative .85, else .7.
KEYWORD_GAIN = {"analysis": 0.25, "code": 0.2, "creative": 0.15, "chat": 0.0}


def held_out(
    train: Recorded, test: Recorded | None, count: int, labels: int | None = None
) -> tuple[Recorded, np.ndarray, np.ndarray]:
    """Prompts that were not learned from, their expected scores [prompts, models], and their fold: cross-fitted, or of
    another file."""
    random = np.random.default_rng(0)

    def some(index: np.ndarray) -> list[Row]:
        return train.take(random.permutation(index)[:labels])

    if test is not None:
        known = set(train.texts)
        keep = np.array([text not in known for text in test.texts])
        test = _subset(test, np.flatnonzero(keep))
        learner = fit(some(np.arange(len(train.rows))), train.models)
        return test, _predictions(learner, test.rows, train.models), np.zeros(len(test.rows), int)
    fold = folds(train.texts, count)
    expected = np.zeros_like(train.scores)
    for number in range(count):
        rest = np.flatnonzero(fold == number)
        learner = fit(some(np.flatnonzero(fold != number)), train.models)
        expected[rest] = _predictions(learner, train.take(rest), train.models)
    return train, expected, fold


def _subset(of: Recorded, index: np.ndarray) -> Recorded:
    return Recorded(
        [of.texts[i] for i in index],
        of.take(index),
        of.models,
        of.scores[index],
        of.price,
        [of.tasks[i] for i in index],
    )


def _predictions(learner: Learner, rows: list[Row], models: list[str]) -> np.ndarray:
    assert tuple(models) == learner.models
    return np.array([learner.predict(row.prompt).score for row in rows])


def two_models(
    name: str, of: Recorded, expected: np.ndarray, fold: np.ndarray, goal: float, note: str = ""
) -> list[Figure]:
    """APGR and CPT of a pair, and what to compare them with."""
    weak, strong = of.scores[:, of.models.index(WEAK)], of.scores[:, of.models.index(STRONG)]
    gain = expected[:, of.models.index(STRONG)] - expected[:, of.models.index(WEAK)]
    # Each fold has a router of its own, with a scale of its own: all send the same share to the strong model.
    for number in np.unique(fold):
        among = gain[fold == number]
        gain[fold == number] = among.argsort().argsort() / len(among)
    draws = [apgr(np.random.default_rng(seed).permutation(gain), weak, strong) for seed in range(100)]
    keywords = apgr(np.array([KEYWORD_GAIN[keyword_task(text)] for text in of.texts]), weak, strong)
    beside = f"random .500 ± {np.std(draws):.3f}, keyword table {keywords:.3f}, oracle {apgr(strong - weak, weak, strong):.3f}"
    return [
        Figure(f"{name}: APGR", apgr(gain, weak, strong), goal, note=note or f"{PUBLISHED[name]}; {beside}"),
        Figure(f"{name}: CPT50, %", 100 * cpt(gain, weak, strong, 0.5)),
        Figure(f"{name}: CPT80, %", 100 * cpt(gain, weak, strong, 0.8)),
    ]


def _choices(expected: np.ndarray, price: np.ndarray, exchange: float) -> np.ndarray:
    return (expected - exchange * price).argmax(1)


def nine_models(train: Recorded, test: Recorded | None, count: int) -> list[Figure]:
    """Accuracy and cost of the choice among nine models. How much score a dollar is worth is set on prompts other than
    those judged, so that the choices there cost half of what the best single model does."""
    of, expected, fold = held_out(train, test, count)
    best = int(train.scores.mean(0).argmax())
    aim = train.price[best] / 2
    elsewhere = expected if test is None else held_out(train, None, count)[1]
    chosen, free = np.zeros(len(of.texts), int), expected.argmax(1)
    for number in range(int(fold.max()) + 1):
        other = elsewhere[fold != number] if test is None else elsewhere
        exchange = next(
            rate for rate in np.arange(0, 1, 0.0025) if of.price[_choices(other, of.price, rate)].mean() <= aim
        )
        chosen[fold == number] = _choices(expected[fold == number], of.price, exchange)
    every = np.arange(len(of.texts))
    accuracy, cost = of.scores[every, chosen].mean(), of.price[chosen].mean() / of.price[best]
    single = of.scores[:, best].mean()
    table = {word: of.scores[[keyword_task(t) == word for t in of.texts]].mean(0) for word in KEYWORD_GAIN}
    keywords = np.mean([of.scores[i, table[keyword_task(text)].argmax()] for i, text in enumerate(of.texts)])
    beside = (
        f"best single {single:.3f}, keyword table (told the answers) {keywords:.3f},"
        f" random {of.scores.mean():.3f}, oracle {of.scores.max(1).mean():.3f}"
    )
    return [
        Figure("nine models: accuracy at half the cost", accuracy, 0.650, note=beside),
        Figure("nine models: cost / best single's", cost, 0.5, least=False),
        Figure(
            "nine models: accuracy, cost no matter", of.scores[every, free].mean(), 0.650,
            note=f"at {of.price[free].mean() / of.price[best]:.2f} of the cost",
        ),
    ]  # fmt: skip


def online(of: Recorded, seeds: int, flat: bool = False) -> tuple[list[float], float]:
    """Points over the best single model, learning from the chosen model's outcome alone, in several orders of the
    prompts; and the share of prompts that did not go to the prior's favourite."""
    half, task, priors = _catalogue(of)
    if flat:
        priors = {model: dict.fromkeys(of_model, 0.5) for model, of_model in priors.items()}
    difficulty, stream = shipped(), np.flatnonzero(~half)
    seen = {i: see(of.rows[i].prompt, task[i], difficulty) for i in stream}
    single = of.scores[stream].mean(0).max()
    points, elsewhere = [], 0
    for seed in range(seeds):
        random = np.random.default_rng(seed)
        tries = _tried(of, Quality(priors), seen, random.permutation(stream), random)
        won = sum(of.scores[i, index] for i, index, _ in tries)
        elsewhere += sum(index != of.scores[half].mean(0).argmax() for _, index, _ in tries)
        points.append(100 * (won / len(stream) - single))
    return points, elsewhere / len(stream) / seeds


def _catalogue(of: Recorded) -> tuple[np.ndarray, np.ndarray, dict[str, dict[str, float]]]:
    """Half of the prompts, the task of each, and priors as a catalogue would have them from published benchmarks: the
    models' means by task on that half."""
    half = folds(of.texts, 2, "online") == 0
    task = np.array([classify(text).task_type for text in of.texts])
    priors = {
        model: {
            name: float(of.scores[half & ((task == name) if ((task == name) & half).sum() > 50 else True), j].mean())
            for name in ("chat", "code", "analysis", "creative")
        }
        for j, model in enumerate(of.models)
    }
    return half, task, priors


def _tried(
    of: Recorded, quality: Quality, seen: dict[int, Seen], order: np.ndarray, random: np.random.Generator,
    trust: float = 1.0,
) -> list[tuple[int, int, float]]:  # fmt: skip
    """Prompt, model taken and propensity of each decision, each learned from before the next."""
    tries: list[tuple[int, int, float]] = []
    for i in order:
        estimate = quality.estimate(of.models, seen[i])
        best = int(estimate.lower.argmax())
        worth = np.flatnonzero(estimate.upper >= estimate.lower[best])
        taken = choose(best, worth.tolist(), 0.015, random.random())
        quality.learn(of.models[taken.taken], float(of.scores[i, taken.taken]), seen[i], trust=trust)
        tries.append((i, taken.taken, taken.propensity))
    return tries


def refits(of: Recorded, seeds: int, off: float) -> tuple[np.ndarray, np.ndarray, float]:
    """Points that refitting the priors every 200 decisions adds to learning online, once 500 were made, in several orders
    of the prompts: put in force where it is better, as the job does, and always; and how often it was better. `off`:
    standard deviation, in logits, of what the catalogue is wrong about each model."""
    half, task, priors = _catalogue(of)
    difficulty, stream = shipped(), np.flatnonzero(~half)
    seen = {i: see(of.rows[i].prompt, task[i], difficulty) for i in stream}
    put = 0

    def accuracy(seed: int, mode: str) -> float:
        nonlocal put
        random = np.random.default_rng(seed)
        known = {
            model: recalibrated(of_model, {"": error})
            for (model, of_model), error in zip(priors.items(), random.normal(0, off, len(priors)), strict=True)
        }
        order, evidence = random.permutation(stream), {}
        tries: list[tuple[int, int, float]] = []
        for some in np.array_split(order, len(order) // 200):
            quality = Quality(known, evidence)
            tries += _tried(of, quality, seen, some, random, trust=0.7)
            if mode == "never" or len(tries) < 400:
                continue
            judged: list[Judged] = []
            for i, j, propensity in tries:
                mean = float(quality.estimate([of.models[j]], seen[i]).mean[0])
                judged.append(Judged(of.models[j], task[i], of.scores[i, j], propensity, np.log(mean / (1 - mean))))
            found = refit(judged)
            if found.better or mode == "always":
                known = {model: recalibrated(known[model], found.shifts.get(model)) for model in known}
                put += mode == "better"
        return 100 * np.mean([of.scores[i, j] for i, j, _ in tries[500:]])

    never, better, always = (
        np.array([accuracy(seed, mode) for seed in range(seeds)]) for mode in ("never", "better", "always")
    )
    return better - never, always - never, put / seeds


def decision(of: Recorded, count: int) -> tuple[float, float]:
    """Milliseconds of CPU, at the median and the 99th percentile: features, task and language, learned scores and the
    estimate of twelve models. CPU, and each prompt's best of three passes, so that what else runs on the machine does
    not count."""
    models = [*of.models, "a", "b", "c"]
    rows = [Row(row.prompt, row.scores | dict.fromkeys("abc", 0.5), row.group) for row in of.rows[:1500]]
    learner = fit(rows, models)
    difficulty = shipped()
    quality = Quality({model: {"overall": 0.7} for model in models})
    for number, model in enumerate(models * 20):
        quality.learn(model, 1.0, see(rows[number].prompt, "chat", difficulty), "tenant")
    texts = of.texts[:count]
    spent = np.full((3, len(texts)), np.inf)
    for turn in range(3):
        for number, text in enumerate(texts):
            started = time.thread_time()
            prompt = features(text)
            seen = see(prompt, classify(text, prompt).task_type, difficulty)
            learned = dict(zip(models, learner.predict(prompt).score.tolist(), strict=True))
            quality.estimate(models, seen, "tenant", learned)
            spent[turn, number] = time.thread_time() - started
    spent = spent.min(0)
    return float(np.percentile(spent, 50) * 1e3), float(np.percentile(spent, 99) * 1e3)


def classifier(of: Recorded) -> list[Figure]:
    """Accuracy on hand-written prompts that it was not trained on, and on public ones whose kind is known."""
    written = heldout()
    public = [(text, public_tasks[task]) for text, task in zip(of.texts, of.tasks, strict=True) if task in public_tasks]

    def accuracy(of: list[tuple[str, str]], say: Callable[[str], str]) -> float:
        return float(np.mean([say(text) == task for text, task in of]))

    def ours(text: str) -> str:
        return classify(text).task_type

    return [
        Figure(
            "task type: accuracy, hand-written", accuracy(written, ours), 0.85,
            note=f"{len(written)} prompts; the draft's keywords {accuracy(written, keyword_task):.3f}",
        ),
        Figure(
            "task type: accuracy, public prompts", accuracy(public, ours), 0.85,
            note=f"{len(public)} prompts; the draft's keywords {accuracy(public, keyword_task):.3f}",
        ),
    ]  # fmt: skip


def measure(path: Path | None, *, quick: bool) -> list[Figure]:
    """Every line of the table."""
    train = read(SHARED / "routing.jsonl.gz")
    test = read(path) if path else {}
    count = 3 if quick else 5
    figures: list[Figure] = []
    figures += two_models("mmlu", *held_out(train["mmlu"], test.get("mmlu"), count), goal=0.675)
    (at_1500, *_) = two_models(
        "mmlu", *held_out(train["mmlu"], test.get("mmlu"), count, 1500), goal=0.645, note="learned from 1,500"
    )
    figures.append(Figure("mmlu, 1,500 labels: APGR", at_1500.value, at_1500.goal, note=at_1500.note))
    figures += two_models("gsm8k", *held_out(train["gsm8k"], test.get("gsm8k"), 4 if quick else 10), goal=0.63)
    figures += nine_models(train["llmrouter9"], test.get("llmrouter9"), 3 if quick else 10)
    stream = test.get("llmrouter9", train["llmrouter9"])
    points, elsewhere = online(stream, 2 if quick else 24)
    figures.append(
        Figure(
            "online: points over best single, worst order", min(points), -0.3,
            note=f"mean {np.mean(points):+.2f} of {len(points)}; {elsewhere:.0%} not to the prior's favourite",
        )
    )  # fmt: skip
    points, _ = online(stream, 1 if quick else 3, flat=True)
    figures.append(Figure("online, no priors at all", float(np.mean(points)), note="shown, not judged"))
    # Of fewer prompts there is nothing to refit.
    for off in (0.0, 1.0) if len(stream.texts) >= 1500 else ():
        better, always, put = refits(stream, 1 if quick else 24, off)
        figures.append(
            Figure(
                f"refits, catalogue off by {off:g} logits: points", better.mean(),
                note=f"± {better.std() / np.sqrt(len(better)):.2f}, {put:.1f} in force; {always.mean():+.2f} if all were",
            )
        )  # fmt: skip
    p50, p99 = decision(train["llmrouter9"], 500 if quick else 5000)
    figures += [
        Figure("decision, twelve models: p50, CPU ms", p50, 1.0, least=False),
        Figure("decision, twelve models: p99, CPU ms", p99, 1.0, least=False),
    ]
    return figures + classifier(stream)


def main() -> int:
    """Print the table; 1 where a goal is missed."""
    return on_recordings("routing", measure)


if __name__ == "__main__":
    sys.exit(main())
