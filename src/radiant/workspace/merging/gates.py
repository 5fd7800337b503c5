"""Answers that are no answers, found before anybody judges: empty, off the question, in another language, going round in
circles, or the same whatever is asked.

A judge alone is fooled by a constant text: one won 76 % of AlpacaEval's comparisons (Zheng et al., 2024), by talking to
the judge. So what talks to a judge, and what shares nothing with the question nor with any other answer, stays out.
"""

import re
import zlib
from collections import Counter
from collections.abc import Callable, Sequence

from radiant.workspace.merging import answers, likeness

_LANGUAGE_WORDS = 8
_RELEVANCE_WORDS = 12
_TO_THE_JUDGE = re.compile(
    r"(?:ignore|disregard|forget) (?:all |any |the )?(?:previous|above|prior|other|earlier)|"
    r"(?:choose|pick|select|rate|rank|prefer) (?:this|my) (?:answer|response|output)|"
    r"(?:you are|as) (?:a|an|the) (?:judge|evaluator|grader)|\b(?:winner|verdict)\"?\s*[:=]|<\|?(?:im_start|system|assistant)",
    re.IGNORECASE,
)
_REFUSES = re.compile(r"^\W*(?:i'm sorry|i am sorry|sorry|i cannot|i can't|i'm unable|as an ai)\b", re.IGNORECASE)


def gate(prompt: str, texts: Sequence[str], language: Callable[[str], str | None]) -> list[list[str]]:
    """For each answer why it is kept out: empty, repetition, language, relevance, instructs, refusal, constant. An empty
    list: it is not. `language`: ISO 639-1 of a text, None where unsure."""
    reads = [likeness.read(text[:100_000]) for text in texts]
    asked = likeness.read(prompt[-20_000:])
    rarity = likeness.rarities([asked, *reads])
    wanted = language(prompt[-2000:]) if len(prompt.split()) >= _LANGUAGE_WORDS else None
    asks_for_language = (
        re.search(r"\b[Tt]ranslat|\b(?:in|into|to) (?:[A-Z][a-z]+(?:ese|ish|man|an|ic|ench))\b", prompt) is not None
    )
    refusals = [bool(_REFUSES.match(text)) for text in texts]
    found: list[list[str]] = []
    for place, (text, mine) in enumerate(zip(texts, reads, strict=True)):
        why: list[str] = []
        plain = text.strip()
        if not plain:
            found.append(["empty"])
            continue
        if repeats(plain):
            why.append("repetition")
        if _TO_THE_JUDGE.search(plain) and not _TO_THE_JUDGE.search(prompt):
            why.append("instructs")
        words = len(plain.split())
        if (
            wanted is not None
            and not asks_for_language
            and "```" not in plain
            and words >= _LANGUAGE_WORDS
            and (said := language(plain[:2000])) is not None
            and said != wanted
        ):
            why.append("language")
        if words >= _RELEVANCE_WORDS:
            others = [reads[other] for other in range(len(texts)) if other != place]
            near = max((likeness.alike(mine, other, rarity) for other in others), default=0.0)
            if not set(mine.words) & set(asked.words) and near < 0.1 and not mine.numbers & asked.numbers:
                why.append("relevance")
        if refusals[place] and not all(refusals):
            why.append("refusal")
        found.append(why)
    return found


def repeats(text: str) -> bool:
    """Whether it goes round in circles: one line or phrase takes up most of it, or it packs to nearly nothing."""
    words = answers.plain(text[:50_000]).split()
    if len(words) < 30:
        return False
    phrases = Counter(tuple(words[at : at + 5]) for at in range(len(words) - 4))
    if 1 - len(phrases) / (len(words) - 4) > 0.6:
        return True
    raw = text[:50_000].encode()
    return len(raw) > 400 and len(zlib.compress(raw)) < 0.08 * len(raw)
