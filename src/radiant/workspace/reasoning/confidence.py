"""How sure a result is, by what verified it; a model's own figure is never part of it.

A verifier's share of right answers is measured where there is data: `arithmetic` and `derivation` on GSM8K's recorded solutions
(663 problems, four models of 2021, MIT; `./radiant bench reasoning` prints them anew). Once a workspace has labelled 200
solutions, confidences go through an isotonic regression over those.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from radiant.workspace.merging.quality import LEAST_LABELS, isotonic
from radiant.workspace.reasoning.plans import order
from radiant.workspace.reasoning.schemas import Evidence, Node, NodeState, PlannedNode, Verdict

# What confirms an answer, the strongest first, with how often what it confirmed is right.
SHARES: Mapping[str, float] = {
    "checks": 0.99,  # the caller's own: what they know of a right answer
    "tests": 0.97,
    "recomputed": 0.97,  # the question itself is arithmetic
    "derivations": 0.94,  # two independent derivations agree with it; measured
    "derivation": 0.82,  # one does; measured
    "citations": 0.75,  # the words are in the source, whatever they mean
    "majority": 0.65,  # one of two does; measured
}
# Slip-free arithmetic says little about the way that was chosen: such an answer is not called verified.
HOLDS = 0.39
UNVERIFIED = 0.35
_REFUTED = 0.05
_WORDS: Mapping[str, str] = {
    "checks": "it passes the checks that came with the problem",
    "tests": "its code passes the tests",
    "recomputed": "the question's own arithmetic, recomputed exactly",
    "derivations": "two independent derivations came to the same",
    "derivation": "an independent derivation came to the same",
    "citations": "what it quotes stands in the sources",
    "majority": "one of two independent derivations came to the same",
}


def confirmed_by(evidence: Iterable[Evidence]) -> list[str]:
    """The verifiers that make an answer verified, the strongest first; none where anything refutes it."""
    evidence = list(evidence)
    if any(one.verdict == "refuted" for one in evidence):
        return []
    found = {one.verifier for one in evidence if one.verdict == "confirmed"}
    return [name for name in SHARES if name in found]


def rated(evidence: Sequence[Evidence]) -> tuple[float, str]:
    """The confidence of an answer, and what it rests on, in words."""
    if refuted := next((one for one in evidence if one.verdict == "refuted"), None):
        return _REFUTED, f"{refuted.verifier} refutes it: {refuted.detail}"[:300]
    if names := confirmed_by(evidence):
        return SHARES[names[0]], _WORDS[names[0]]
    if any(one.verifier == "arithmetic" and one.verdict == "confirmed" for one in evidence):
        return HOLDS, "its arithmetic holds; nothing shows that the way is right"
    return UNVERIFIED, "the model's word alone"


@dataclass(frozen=True, slots=True)
class Judged:
    """What evidence amounts to. `verifiers`: those that confirm it, the strongest first; `refuted`: what speaks against it."""

    evidence: Sequence[Evidence]
    confidence: float
    basis: str
    verifiers: Sequence[str]
    refuted: Sequence[Evidence]

    @property
    def verdict(self) -> Verdict:
        """Of a step."""
        return "refuted" if self.refuted else "confirmed" if self.verifiers else "inconclusive"

    @property
    def state(self) -> NodeState:
        """Of a node whose answer it is about."""
        return "failed" if self.refuted else "verified" if self.verifiers else "answered"

    @property
    def findings(self) -> list[str]:
        """For the next try: what was wrong."""
        return [f"{one.verifier}: {one.detail}" for one in self.refuted]


def judged(evidence: Sequence[Evidence]) -> Judged:
    """All that is made of evidence."""
    refuted = [one for one in evidence if one.verdict == "refuted"]
    return Judged(evidence, *rated(evidence), confirmed_by(evidence), refuted)


def along(nodes: Sequence[Node], ends: Sequence[str]) -> float:
    """The product over all that the solution rests on, at most that of the weakest step that is not verified."""
    by_id = {node.id: node for node in nodes}
    needed: set[str] = set(ends)
    for name in reversed(order(list[PlannedNode](nodes))):
        if name in needed:
            needed |= set(by_id[name].depends_on)
    product, weakest = 1.0, 1.0
    for name in needed:
        confidence = by_id[name].confidence or 0.0
        product *= confidence
        if by_id[name].state != "verified":
            weakest = min(weakest, confidence)
    return min(product, weakest)


def calibrated(confidence: float, labels: Sequence[tuple[float, bool]]) -> tuple[float, str]:
    """The confidence by the workspace's own outcomes, and how it was come by."""
    if len(labels) < LEAST_LABELS:
        return confidence, "shipped shares"
    return isotonic(labels, confidence), f"isotonic over {len(labels)} labelled solutions"
