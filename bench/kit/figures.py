"""A line of a bench's table."""

from dataclasses import dataclass


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
