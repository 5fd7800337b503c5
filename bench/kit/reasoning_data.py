"""Recorded attempts at the game of 24 and at GSM8K (`../shared/bench-data`, MIT), and what is made of them."""

import csv
import gzip
import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from bench.kit.figures import NoData
from bench.kit.merging_data import GSM8K
from bench.kit.routing_data import SHARED

_ATTEMPTS, _PUZZLES = SHARED / "game-of-24-recorded-cot.json.gz", SHARED / "game-of-24.csv"
_ANNOTATION = re.compile(r"<<[^<>\n]*>>")
# An annotation whose computation the text states as an equation too, and its result after it.
_COMPUTED = re.compile(
    r"(?<![A-Za-z] )(?<==)[ $]{0,3}<<[^<>\n=]*=(?P<result>[^<>\n=]*)>>\$?(?P<value>\d+(?:,\d{3})*(?:\.\d+)?)"
)
_ARITHMETIC = re.compile(r"\d[^=]*[-+*/x×÷][^=]*\d")


@dataclass(frozen=True, slots=True)
class Puzzle:
    """Four numbers, and recorded attempts to make 24 of them."""

    numbers: list[str]
    attempts: list[str]


def puzzles() -> list[Puzzle]:
    """Raises NoData."""
    for path in (_ATTEMPTS, _PUZZLES):
        if not path.exists():
            raise NoData(f"{path} is not there")
    with _PUZZLES.open() as lines:
        numbers = [row["Puzzles"].split() for row in csv.DictReader(lines)]
    with gzip.open(_ATTEMPTS, "rt") as file:
        return [Puzzle(numbers[one["idx"]], one["ys"]) for one in json.load(file)]


def solutions() -> list[tuple[str, str]]:
    """GSM8K's own (question, solution) pairs, with annotations. Raises NoData."""
    if not GSM8K.exists():
        raise NoData(f"{GSM8K} is not there")
    with gzip.open(GSM8K, "rt") as lines:
        return [(row["question"], row["ground_truth"]) for row in map(json.loads, lines)]


def bare(solution: str) -> str:
    """A solution without its annotations, which say what is computed."""
    return _ANNOTATION.sub("", solution)


def slipped(solution: str, seed: int) -> Iterator[str]:
    """The solution without annotations, with one of its computations made wrong: one text for each computation that an
    annotation marks and the text states as an equation. What it does not state, nothing can check."""
    chance = random.Random(seed)
    for match in _COMPUTED.finditer(solution):
        left = re.split(r"[=\n:;]", bare(solution[: match.start()].rstrip("= $")))[-1]
        if not _ARITHMETIC.search(left):
            continue
        value = match["value"].replace(",", "")
        if value.strip("$") != match["result"].strip("$ ").replace(",", ""):
            continue
        changed = Fraction(value) + chance.choice([-2, -1, 1, 2, 3, 10])
        wrong = str(changed) if changed.denominator == 1 else f"{float(changed):g}"
        yield bare(solution[: match.start("value")] + wrong + solution[match.end("value") :])
