"""Conversations and beliefs that memory is measured on: LoCoMo (CC BY-NC 4.0, never shipped) and PrecisionMemBench (MIT)."""

import gzip
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.kit.figures import NoData
from bench.kit.routing_data import SHARED

_SESSION = re.compile(r"session_(\d+)")
MULTI_HOP = 1


@dataclass(frozen=True, slots=True)
class Turn:
    """What somebody said."""

    id: str
    speaker: str
    text: str
    said_at: datetime


@dataclass(frozen=True, slots=True)
class Fact:
    """What a model extracted, and the turns that it rests on."""

    text: str
    speaker: str
    turns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """A question and the turns that hold its answer."""

    text: str
    evidence: frozenset[str]
    category: int


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation over months."""

    id: str
    turns: list[Turn]
    facts: list[Fact]
    questions: list[Question]


def talks(path: Path | None = None) -> list[Talk]:
    """The conversations. Raises NoData."""
    path = path or SHARED / "locomo.json.gz"
    if not path.exists():
        raise NoData(f"{path} is not there")
    raw = path.read_bytes()
    return [_talk(each) for each in json.loads(gzip.decompress(raw) if path.suffix == ".gz" else raw)]


def _talk(raw: Mapping[str, Any]) -> Talk:
    turns: list[Turn] = []
    said = raw["conversation"]
    for name in sorted((n for n in said if _SESSION.fullmatch(n)), key=lambda n: int(n.split("_")[1])):
        at = datetime.strptime(said[f"{name}_date_time"], "%I:%M %p on %d %B, %Y").replace(tzinfo=UTC)
        for place, turn in enumerate(said[name]):
            text = turn["text"] + (f" [shares a picture: {turn['blip_caption']}]" if turn.get("blip_caption") else "")
            turns.append(Turn(turn["dia_id"], turn["speaker"], text, at + timedelta(seconds=place)))
    known = {turn.id for turn in turns}
    facts = [
        Fact(text, speaker, tuple(i for i in _ids(ids) if i in known))
        for observed in raw["observation"].values()
        for speaker, each in observed.items()
        for text, ids in each
    ]
    questions = [
        Question(q["question"], evidence, q["category"])
        for q in raw["qa"]
        if (evidence := frozenset(i for ids in q.get("evidence", []) for i in _ids(ids) if i in known))
    ]
    return Talk(raw["sample_id"], turns, [fact for fact in facts if fact.turns], questions)


def _ids(text: str | list[str]) -> list[str]:
    return re.findall(r"D\d+:\d+", text if isinstance(text, str) else " ".join(text))


def beliefs() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """PrecisionMemBench's beliefs and cases. Raises NoData."""
    found: list[list[dict[str, Any]]] = []
    for name in ("beliefs", "cases"):
        path = SHARED / f"precisionmembench-{name}.json"
        if not path.exists():
            raise NoData(f"{path} is not there")
        found.append(json.loads(path.read_text()))
    return found[0], found[1]
