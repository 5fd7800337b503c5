"""Phonemes by eSpeak NG. It is GPL-3, so only a process of its own loads it: none but `kokoro_child` imports this."""

import ctypes
import re
import threading
import unicodedata
from typing import Any

_UTF8, _IPA_WITH_TIES = 1, 0x02 | 0x80 | ord("^") << 8
_VOICES = {"en-us": b"en-us", "en-gb": b"en"}

# Punctuation that the model knows; it shapes the melody, and eSpeak drops it.
_MARKS = re.compile(r"\s*([,;:!?.…—]+)[\"'”’)\]]*(?=\s|$)")
_TITLES = {
    "mr.": "mister", "mrs.": "missus", "ms.": "miz", "dr.": "doctor", "prof.": "professor", "vs.": "versus",
    "etc.": "et cetera", "e.g.": "for example", "i.e.": "that is", "no.": "number", "approx.": "approximately",
    "st.": "street", "jr.": "junior", "sr.": "senior", "dept.": "department", "a.m.": "AM", "p.m.": "PM",
}  # fmt: skip
# "No." is an answer more often than a number, so only before digits; "St." before a name is a saint.
_TITLE = re.compile(
    r"\b(?:mrs?\.|ms\.|dr\.|prof\.|vs\.|etc\.|e\.g\.|i\.e\.|no\.(?=\s*\d)|approx\.|st\.|[js]r\.|dept\.|[ap]\.m\.)",
    re.IGNORECASE,
)
_SAINT = re.compile(r"\bSt\.(?=\s+[A-Z])")
_MONEY = re.compile(r"([$€£])\s?(\d[\d,]*)(?:\.(\d\d))?(?!\.?\d)(\s+(?:thousand|million|billion|trillion)\b)?")
_COINS = {"$": ("dollar", "cent"), "€": ("euro", "cent"), "£": ("pound", "penny")}
_CLOCK = re.compile(r"(?<![\d:])(\d{1,2}):(\d\d)\b(?!:)")
_SWITCH = re.compile(r"\([a-z-]+\)")

# From eSpeak's phonemes to those that Kokoro learned (its own, of misaki): ties first, the longest first.
_SOUNDS = (
    ("ʔn̩", "tᵊn"), ("a^ɪ^ə", "Iə"), ("a^ɪ^ɚ", "Iəɹ"), ("a^ɪ", "I"), ("a^ʊ", "W"), ("d^ʒ", "ʤ"), ("t^ʃ", "ʧ"),
    ("e^ɪ", "A"), ("ɔ^ɪ", "Y"), ("ə^l", "ᵊl"), ("ə^ʊ", "Q"), ("o^ʊ", "O"), ("ʲo", "jo"), ("ʲə", "jə"), ("ʲ", ""),
    ("ɚ", "əɹ"), ("r", "ɹ"), ("x", "k"), ("ç", "k"), ("ɐ", "ə"), ("ɬ", "l"), ("n̩", "ᵊn"), ("l̩", "ᵊl"), ("m̩", "ᵊm"),
    ("\u0329", ""), ("\u0303", ""), ("\u0361", ""),
)  # fmt: skip
_AMERICAN = (("ɜːɹ", "ɜɹ"), ("ɜː", "ɜɹ"), ("ɪ^ə", "iə"), ("ʊ^ə", "ʊə"), ("ː", ""))
_BRITISH = (("e^ə", "ɛː"), ("ɛ^ə", "ɛː"), ("i^ə", "ɪə"), ("ɪ^ə", "ɪə"))


class Phonemizer:
    """Text -> phonemes. eSpeak's state is the process's own, hence one at a time."""

    def __init__(self) -> None:
        import espeakng_loader

        loader: Any = espeakng_loader
        self._lib: Any = ctypes.CDLL(loader.get_library_path())
        self._lib.espeak_TextToPhonemes.restype = ctypes.c_char_p
        self._lib.espeak_TextToPhonemes.argtypes = [ctypes.POINTER(ctypes.c_char_p), ctypes.c_int, ctypes.c_int]
        self._lock = threading.Lock()
        # 2: no sound is made here; the path has the data.
        if self._lib.espeak_Initialize(2, 0, loader.get_data_path().encode(), 0) < 0:
            raise RuntimeError(f"eSpeak NG found no data in {loader.get_data_path()}")
        self._language = ""

    def phonemes(self, text: str, language: str) -> str:
        """Of a phrase, with its punctuation; empty where nothing in it can be said. `language`: en-us or en-gb."""
        text = speakable(text)
        pieces: list[str] = []
        at = 0
        with self._lock:
            if language != self._language:
                if self._lib.espeak_SetVoiceByName(_VOICES[language]) != 0:
                    raise RuntimeError(f"eSpeak NG has no {language}")
                self._language = language
            for mark in _MARKS.finditer(text):
                if said := self._say(text[at : mark.start()]):
                    pieces += [said, mark[1][0], " "]
                at = mark.end()
            pieces.append(self._say(text[at:]))
        return _to_kokoro("".join(pieces).strip(), british=language == "en-gb")

    def _say(self, text: str) -> str:
        """Without punctuation."""
        if not text.strip():
            return ""
        left = ctypes.c_char_p(text.encode())
        clauses: list[str] = []
        while left.value is not None:
            said: bytes | None = self._lib.espeak_TextToPhonemes(ctypes.byref(left), _UTF8, _IPA_WITH_TIES)
            clauses.append((said or b"").decode("utf-8", "replace"))
        return " ".join(" ".join(clauses).split())


def speakable(text: str) -> str:
    """Without pictures, marks and control characters; money, times and abbreviations in words."""
    text = unicodedata.normalize("NFC", text)
    kept = "".join(character if _said(character) else " " for character in text)
    kept = _MONEY.sub(_money, kept)
    kept = _CLOCK.sub(lambda clock: f"{clock[1]} {_minutes(clock[2])}".rstrip(), kept)
    kept = _SAINT.sub("Saint", kept)
    kept = _TITLE.sub(lambda found: _TITLES[found[0].lower()] + _ends(kept, found.end()), kept)
    return " ".join(kept.split())


def _said(character: str) -> bool:
    category = unicodedata.category(character)
    return (category[0] in "LNMPZ" and character not in "*_#`~|<>{}^\\") or (
        category in ("Sc", "Sm") and character != "~"
    )


def _money(found: re.Match[str]) -> str:
    whole, cents, scale = found[2], found[3], found[4]
    large, small = _COINS[found[1]]
    if scale:
        return f"{whole}{'.' + cents if cents else ''}{scale} {large}s"
    words = f"{whole} {large}{'' if whole == '1' else 's'}"
    if cents and int(cents):
        many = "pence" if small == "penny" else f"{small}s"
        words += f" and {int(cents)} {small if int(cents) == 1 else many}"
    return words


def _minutes(digits: str) -> str:
    return "" if digits == "00" else f"oh {digits[1]}" if digits[0] == "0" else digits


def _ends(text: str, at: int) -> str:
    """The point of an abbreviation is that of the sentence too, where nothing follows."""
    return "" if text[at:].strip() else "."


def _to_kokoro(phonemes: str, *, british: bool) -> str:
    phonemes = _SWITCH.sub("", phonemes)
    for old, new in _SOUNDS + (_BRITISH if british else _AMERICAN):
        phonemes = phonemes.replace(old, new)
    return phonemes.replace("^", "")
