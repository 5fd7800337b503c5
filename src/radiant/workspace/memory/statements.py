"""Reads a slot out of a plain statement: "I love sushi", "My favourite film is Alien", "I live in Oslo".

Only what begins a text and leaves no doubt; whoever extracts with a model gives slots of their own. What is not read
has no slot, and then nothing is superseded by it.
"""

import re

from radiant.workspace.memory.schemas import Slot

_I = r"(?:i|(?:the )?user|we)"
_VERY = r"(?: (?:really|absolutely|also|still|now|always|just|do))*"
_LIKES = re.compile(rf"{_I}{_VERY} (?:love|like|enjoy|adore|prefer|am fond of|loves|likes|enjoys|adores|prefers) (.+)")
_HATES = re.compile(
    rf"{_I}{_VERY} (?:hate|dislike|detest|loathe|can't stand|cannot stand|can't bear|(?:don't|do not|no longer|doesn't|does"
    r" not)(?: really)? (?:like|love|enjoy)s?|hates|dislikes|detests|loathes) (.+)"
)
_LIVES = re.compile(rf"{_I}{_VERY} (?:live|lives|(?:have |has )?moved) (?:in|to) (.+)")
_WORKS = re.compile(rf"{_I}{_VERY} (?:work|works) (?:at|for) (.+)")
_CALLED = re.compile(rf"(?:my name is|call me|{_I} (?:am|is) called) (.+)")
_FAVOURITE = re.compile(r"(?:my|(?:the )?user's) favou?rite (.+?) (?:is|are) (.+)")


def slot_of(content: str) -> Slot | None:
    """The slot of a statement about the person themselves, or None."""
    text = " ".join(content.lower().replace("’", "'").split()).strip(" .!")
    if len(text) > 200 or "?" in text or ";" in text or ". " in text:
        return None
    if match := _FAVOURITE.fullmatch(text):
        return Slot(subject="user", attribute="favourite", qualifier=match[1], value=_plain(match[2]))
    if match := _HATES.fullmatch(text):
        return Slot(subject="user", attribute="likes", value=_plain(match[1]), polarity=-1, single=False)
    if match := _LIKES.fullmatch(text):
        return Slot(subject="user", attribute="likes", value=_plain(match[1]), single=False)
    for pattern, attribute in ((_LIVES, "lives in"), (_WORKS, "works at"), (_CALLED, "name")):
        if match := pattern.fullmatch(text):
            return Slot(subject="user", attribute=attribute, value=_plain(match[1]))
    return None


def _plain(value: str) -> str:
    return re.sub(r" (?:now|anymore|any more|a lot|very much|so much|these days)$", "", value)
