"""What the outbox tells sinks of events, written in the transaction that stored them, where there are such sinks."""

from dataclasses import dataclass

RECORDED = "metrics.recorded"
"""Sums of events by minute: {"sums": [{type, name, minute, provider, model, tenant, count, sum, min, max}]}."""
CALLS = "metrics.calls"
"""Calls whose events were made: {"calls": [id]}."""


@dataclass(frozen=True, slots=True)
class Told:
    """What is told: sums of events, and which calls they are of."""

    sums: bool = False
    calls: bool = False


NOTHING = Told()
