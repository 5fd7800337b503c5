"""docs/reference/settings.md and radiant.config.Settings say the same."""

import json
import re
import types
import typing
from pathlib import Path
from typing import Any, Literal

import annotated_types
import pytest
from pydantic.fields import FieldInfo

from radiant.cli import main
from radiant.config import Settings

PAGE = Path(__file__).parent.parent.parent / "docs" / "reference" / "settings.md"
# A default that depends on the machine has words of its own.
COMPUTED = {"data_dir": "see below"}


def _takes(field: FieldInfo) -> str:
    """What may be given, as the page writes it."""
    annotation: Any = field.annotation
    if isinstance(annotation, types.UnionType):
        annotation = next(part for part in typing.get_args(annotation) if part is not types.NoneType)
    if typing.get_origin(annotation) is Literal:
        return ", ".join(f"`{choice}`" for choice in typing.get_args(annotation))
    if typing.get_origin(annotation) is list:
        return "JSON list of " + ("paths" if typing.get_args(annotation)[0] is Path else "texts")
    if typing.get_origin(annotation) is dict:
        return "JSON object of lists of texts"
    words = {"Path": "path", "str": "text", "SecretStr": "text, secret", "int": "whole number", "float": "number"}
    takes = words[annotation.__name__]
    low = next((bound.ge for bound in field.metadata if isinstance(bound, annotated_types.Ge)), None)
    high = next((bound.le for bound in field.metadata if isinstance(bound, annotated_types.Le)), None)
    above = next((bound.gt for bound in field.metadata if isinstance(bound, annotated_types.Gt)), None)
    if low is not None and high is not None:
        return f"{takes}, {low} to {high}"
    if low is not None:
        return f"{takes}, {low} or more"
    return takes if above is None else f"{takes}, more than {above}"


def _default(name: str, field: FieldInfo) -> str:
    if name in COMPUTED:
        return COMPUTED[name]
    if field.default is None:
        return "none"
    value = field.default
    return f"`{json.dumps(value) if isinstance(value, list | dict) else value}`"


def rows() -> dict[str, tuple[str, str, str]]:
    """What the page should hold: name in the environment → takes, default, description."""
    return {
        f"RADIANT_{name.upper()}": (_takes(field), _default(name, field), (field.description or "").rstrip("."))
        for name, field in Settings.model_fields.items()
    }


def written() -> dict[str, tuple[str, str, str]]:
    """What it does hold."""
    found = re.findall(r"^\| `(RADIANT_\w+)` \| (.*?) \| (.*?) \| (.*?) \|$", PAGE.read_text(), re.MULTILINE)
    return {name: (takes, default, words) for name, takes, default, words in found}


@pytest.mark.parametrize("name", rows())
def test_every_setting_is_documented_with_what_it_takes_its_default_and_its_meaning(name: str) -> None:
    assert rows()[name][2], f"{name} has no description"
    assert written().get(name) == rows()[name]


def test_nothing_is_documented_that_is_no_setting() -> None:
    assert set(written()) == set(rows())
    known = {*rows(), "RADIANT_CONFIG"}
    mentioned = set(re.findall(r"RADIANT_[A-Z_]*[A-Z]", PAGE.read_text()))
    assert mentioned <= known, mentioned - known


def test_the_flags_of_up_that_are_named_are_its_flags() -> None:
    flags = {option for parameter in main.commands["up"].params for option in parameter.opts}
    named = set(re.findall(r"`(--[a-z-]+)`", PAGE.read_text()))
    assert named == flags
