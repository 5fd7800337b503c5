"""Texts as terms: words in lower case without accents, function words left out, stemmed by Snowball in the text's language.

Chinese, Japanese and Korean are cut into pairs of characters, which needs no dictionary. A query is stemmed in every
language that the texts are in, so that it need not be known which one it is in.
"""

import functools
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any, cast

import Stemmer

MOST = 64
"""Characters of a term."""
DEFAULT_LANGUAGE = "en"
_STEMMERS = {
    "ar": "arabic", "hy": "armenian", "eu": "basque", "ca": "catalan", "cs": "czech", "da": "danish", "nl": "dutch",
    "en": "english", "eo": "esperanto", "et": "estonian", "fi": "finnish", "fr": "french", "de": "german",
    "el": "greek", "hi": "hindi", "hu": "hungarian", "id": "indonesian", "ga": "irish", "it": "italian",
    "lt": "lithuanian", "ne": "nepali", "no": "norwegian", "fa": "persian", "pl": "polish", "pt": "portuguese",
    "ro": "romanian", "ru": "russian", "sr": "serbian", "es": "spanish", "sv": "swedish", "ta": "tamil",
    "tr": "turkish", "yi": "yiddish",
}  # fmt: skip
# Below that many characters a guess at the language is no better than the most likely one.
_LEAST_DETECTED = 25
_WORD = re.compile(r"\w+(?:['’]\w+)?(?:\+\+|#)?")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]+")
# Function words say nothing of a text, and half of all texts hold them.
_FUNCTION = {
    "en": "a about after all also am an and any are as at be been being but by can could did do does doing for from had"
    " has have having he her hers him his how i if in into is it its itself just let me my myself of off on or our out"
    " over she should so some such than that the their them then there these they this those to too up us very was we"
    " were what when where which while who whom whose why will with would you your yours i'm i've i'd i'll it's that's"
    " what's don't didn't doesn't isn't wasn't you're we're they're he's she's there's let's can't won't",
    "de": "aber als am an auch auf aus bei bin bis bist da damit das dass dein dem den der des die dir du ein eine einem"
    " einen einer eines er es euch für hat habe haben hatte ich ihm ihn ihr im in ist ja kann man mein meine mich mir mit"
    " nach noch nur ob oder sein sich sie sind so und uns von vor war was wenn wer wie wir wird wo zu zum zur über",
    "fr": "au aux avec ce ces dans de des du elle en est et eux il ils je la le les leur lui ma mais me mes moi mon nous"
    " on ou par pour qu que qui sa se ses son sur ta te tes toi ton tu un une vos votre vous ai as avons avez ont était"
    " quel quelle où quand comment",
    "es": "a al como con cuando de del donde el ella en entre era es esa ese eso esta este esto está fue ha han he la las"
    " le les lo los me mi mis muy más o para pero por que qué quien se ser si sin sobre son su sus tu tus un una uno y yo"
    " cuál cómo dónde cuándo",
    "it": "a ad al alla anche che chi ci come con cosa da dal della di dove e ed era gli ha hai ho i il in io la le lo"
    " lui ma mi mia mio nel noi non o per più quando quale se sei si sono su sua suo ti tra tu un una uno",
    "pt": "a ao as com como da das de do dos e ela ele em era essa esse esta este eu foi isso lhe mais mas me meu minha na"
    " nas no nos o os ou para por qual quando que quem se seu sua são também te tem um uma você onde",
    "nl": "aan al als bij dan dat de der deze die dit door een en er had heb hebben heeft het hij hoe ik in is je kan"
    " maar me met mij mijn naar nog of om ons ook op over te toen tot uit van voor wat wanneer waar was we wie wij wordt"
    " zal ze zich zij zijn zo",
}  # fmt: skip
_NEGATIONS = {
    "not", "no", "never", "none", "nothing", "without", "cannot", "hate", "hates", "dislike", "dislikes", "avoid",
    "avoids", "stopped", "quit", "nicht", "kein", "keine", "nie", "ne", "pas", "jamais", "nunca", "non", "mai", "não",
    "niet", "geen", "nooit",
}  # fmt: skip
_NUMBER = re.compile(r"\d+(?:[.,:/-]\d+)*")


def words(text: str) -> list[str]:
    """The words of a text, folded."""
    folded = unicodedata.normalize("NFKC", text).lower().replace("’", "'")
    return _WORD.findall(folded)


def language_of(text: str) -> str:
    """ISO 639-1 code of a language that has a stemmer; English where the text is too short to tell."""
    if len(text) < _LEAST_DETECTED:
        return DEFAULT_LANGUAGE
    from radiant.ai.routing.classify import language  # numpy and fastText: when they are first needed

    found = language(text)
    return found if found in _STEMMERS else DEFAULT_LANGUAGE


def terms(text: str, language: str) -> list[str]:
    """The terms of a text, with repetitions."""
    found: list[str] = []
    for word in words(text):
        found += _terms(word, language)
    return found


def query_terms(text: str, languages: Iterable[str]) -> list[tuple[str, ...]]:
    """For each distinct word of a query, the terms that it may have become in these languages."""
    several = sorted(set(languages) | {DEFAULT_LANGUAGE})
    found: dict[tuple[str, ...], None] = {}
    for word in words(text):
        if any(word in _function(language) for language in several):
            continue
        forms = dict.fromkeys(term for language in several for term in _terms(word, language))
        # Pairs of characters are terms of their own; stems of one word are one.
        for group in [(form,) for form in forms] if _CJK.search(word) else [tuple(forms)]:
            if group:
                found[group] = None
    return list(found)


def _terms(word: str, language: str) -> Sequence[str]:
    if _CJK.search(word):
        return [pair for run in _CJK.findall(word) for pair in _pairs(run)]
    if word in _function(language):
        return ()
    return (_plain(_stemmer(language).stemWord(word.removesuffix("'s")))[:MOST],)


def _pairs(run: str) -> list[str]:
    return [run[at : at + 2] for at in range(len(run) - 1)] or [run]


def _plain(word: str) -> str:
    if word.isascii():
        return word
    return "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c))


@functools.cache
def _function(language: str) -> frozenset[str]:
    return frozenset(_FUNCTION.get(language, "").split())


@functools.cache
def _stemmer(language: str) -> Any:
    return cast(Any, Stemmer).Stemmer(_STEMMERS[language])


def same_figures(one: str, other: str) -> bool:
    """Whether two texts hold the same numbers, dates and negations, so that they may mean the same."""
    return _figures(one) == _figures(other)


def _figures(text: str) -> tuple[list[str], int]:
    found = words(text)
    negations = sum(word in _NEGATIONS or word.endswith("n't") for word in found)
    return sorted(_NUMBER.findall(text)), negations


def overlap(one: str, other: str, language: str) -> float:
    """Jaccard's coefficient of the terms of two texts, 0 to 1."""
    a, b = set(terms(one, language)), set(terms(other, language))
    return len(a & b) / len(a | b) if a | b else 1.0
