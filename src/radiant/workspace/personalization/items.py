"""What reading a conversation finds, whoever reads it: preferences, facts and notes, each with the words it rests on."""

from dataclasses import dataclass
from typing import Any, Literal

from radiant.workspace.personalization.confidence import EvidenceKind, Lasting


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """`message`: its place among the messages that were read; `start`, `end`: where in its text the words are.

    Of a preference `key`, `value`, `sign`, `lasting`, `asked` and `evidence` count; of a fact the slot: `key` is its
    attribute, `value` its value, `sign` its polarity, `single` whether there can be but one; of a note nothing but `text`.
    """

    what: Literal["preference", "fact", "note"]
    message: int
    start: int
    end: int
    text: str
    key: str = ""
    value: Any = ""
    sign: Literal[1, -1] = 1
    lasting: Lasting = "preference"
    asked: bool = False
    evidence: EvidenceKind = "explicit"
    single: bool = True
