"""Sizes of panes: percent by pane, together always 100."""

from collections.abc import Mapping, Sequence

from radiant.kit.ids import PaneId

_DIGITS = 4


def whole(sizes: Mapping[PaneId, float], panes: Sequence[PaneId]) -> dict[PaneId, float]:
    """The sizes of exactly these panes. Where some are not known, each of them gets an even part, and the others keep
    their proportions."""
    if not panes:
        return {}
    known = {pane: sizes[pane] for pane in panes if pane in sizes}
    even = 100 / len(panes)
    total = sum(known.values())
    if total <= 0:
        scaled = dict.fromkeys(panes, even)
    else:
        left = 100 - even * (len(panes) - len(known))
        scaled = {pane: known[pane] * left / total if pane in known else even for pane in panes}
    rounded = {pane: round(size, _DIGITS) for pane, size in scaled.items()}
    # What rounding took or gave goes to the largest, where it is seen the least.
    largest = max(panes, key=lambda pane: rounded[pane])
    rounded[largest] = round(100 - sum(size for pane, size in rounded.items() if pane != largest), _DIGITS)
    return rounded
