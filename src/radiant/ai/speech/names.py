"""What callers name and upstreams are told: checked before it enters an address (F21.7)."""

import re
from collections.abc import Mapping

from radiant.kit.errors import Invalid

_VOICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,199}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,3}")


class BadSpeechRequest(Invalid):
    """A voice, model, language or setting that no provider can have."""

    slug = "bad-speech-request"


def checked_voice(voice: str) -> str:
    """The voice's id. Raises BadSpeechRequest."""
    if not _VOICE.fullmatch(voice):
        raise BadSpeechRequest("voice: an id has letters, digits, - and _, at most 100; GET the list of voices")
    return voice


def checked_model(model: str) -> str:
    """The upstream's name of a model. Raises BadSpeechRequest."""
    if not _MODEL.fullmatch(model):
        raise BadSpeechRequest("model: not a name of a model")
    return model


def checked_language(language: str | None) -> str | None:
    """A language as BCP 47, such as "en" or "pt-BR". Raises BadSpeechRequest."""
    if language is not None and not _LANGUAGE.fullmatch(language):
        raise BadSpeechRequest('language: give it as BCP 47, such as "en" or "pt-BR"')
    return language


def only(more: Mapping[str, object], known: frozenset[str]) -> None:
    """Raises BadSpeechRequest where a setting is not among the known ones: some make an upstream call other addresses."""
    if unknown := sorted(set(more) - known):
        raise BadSpeechRequest(f"{', '.join(unknown)}: not known here; there are {', '.join(sorted(known))}")


def hears_streams_alone(model: str) -> bool:
    """Whether it hears no whole recordings: so its vendor names it."""
    return model.endswith("_realtime")
