"""The table of a bench: a figure beside its goal."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


class NoData(Exception):
    """The recorded answers are not where they should be."""


@dataclass(slots=True)
class Figure:
    """`goal` None: shown beside the others, not judged. `least`: the figure is to be that much at least, else at most."""

    name: str
    value: float
    goal: float | None = None
    least: bool = True
    note: str = ""
    unit: str = ""

    @property
    def met(self) -> bool:
        """Whether the goal is."""
        return self.goal is None or (self.value >= self.goal if self.least else self.value <= self.goal)


def at_most(name: str, value: float, goal: float, unit: str = "", note: str = "") -> Figure:
    """A figure that is to be small."""
    return Figure(name, value, goal, least=False, note=note, unit=unit)


def report(figures: Sequence[Figure], *, as_json: bool) -> int:
    """Print the table; the exit code: 1 where a goal is missed."""
    if as_json:
        lines = [{"name": f.name, "figure": float(f.value), "goal": f.goal, "met": bool(f.met)} for f in figures]
        print(json.dumps(lines))
    else:
        for figure in figures:
            goal = "" if figure.goal is None else f"{'>=' if figure.least else '<='} {_shown(figure.goal, figure.unit)}"
            says = "" if figure.goal is None else "ok" if figure.met else "MISSED"
            value = _shown(figure.value, figure.unit)
            print(f"{figure.name:<50}{value:>12} {figure.unit:<6} {goal:<13}{says:<7} {figure.note}".rstrip())
    return 0 if all(figure.met for figure in figures) else 1


def _shown(value: float, unit: str) -> str:
    if unit == "ratio":
        return f"1/{1 / max(value, 1e-9):.1f}"
    return f"{value:,.1f}" if abs(value) >= 100 else f"{value:.3f}"


class Measure(Protocol):
    """A bench on recorded data: `data`, or what bench-data has."""

    def __call__(self, data: Path | None, /, *, quick: bool) -> list[Figure]:
        """Its figures. Raises NoData."""
        ...


def on_recordings(name: str, measure: Measure) -> int:
    """The command line of such a bench; 1 where a goal is missed or nothing can be measured."""
    parser = argparse.ArgumentParser(prog=f"radiant bench {name}")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    try:
        figures = measure(arguments.data, quick=arguments.quick)
    except NoData as error:
        print(f"cannot be measured: {error}", file=sys.stderr)
        return 1
    return report(figures, as_json=arguments.json)
