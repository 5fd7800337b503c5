"""Reads the settings for the command line: whatever is wrong with them is said in one line."""

import difflib
import os
import tomllib
from typing import Any

from pydantic import ValidationError
from pydantic_settings import SettingsError

from radiant.config import Settings

_PREFIX = "RADIANT_"
# What is no setting: where the file is, what the launcher takes and tells, what `radiant mcp` takes.
_ELSEWHERE = frozenset({"RADIANT_CONFIG", "RADIANT_CHECKOUT", "RADIANT_PYTHON", "RADIANT_URL", "RADIANT_API_KEY"})


class BadSettings(Exception):
    """The environment, the file of RADIANT_CONFIG or a flag cannot be used; the message says which and why."""


def names() -> list[str]:
    """The name in the environment of every setting."""
    return [_PREFIX + name.upper() for name in Settings.model_fields]


def read_settings(**flags: Any) -> Settings:
    """Settings from flags (None: not given), the environment, the file. Raises BadSettings."""
    _refuse_unknown()
    file = os.environ.get("RADIANT_CONFIG")
    if file and not os.path.isfile(file):
        raise BadSettings(f"RADIANT_CONFIG: there is no file {file}")
    try:
        return Settings(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as error:
        raise BadSettings("; ".join(_say(item) for item in error.errors())) from error
    except tomllib.TOMLDecodeError as error:
        raise BadSettings(f"RADIANT_CONFIG: {file} is not TOML: {error}") from error
    except SettingsError as error:
        wrong = next((name for name in Settings.model_fields if f'"{name}"' in str(error)), "")
        raise BadSettings(f'{_PREFIX}{wrong.upper()}: write a JSON list, such as ["one", "two"]') from error


def _say(item: Any) -> str:
    name = _PREFIX + ".".join(str(part) for part in item["loc"]).upper()
    return _unknown(name) if item["type"] == "extra_forbidden" else f"{name}: {item['msg']}"


def _unknown(name: str) -> str:
    near = difflib.get_close_matches(name, names(), 1)
    return f"{name} is no setting" + (f"; did you mean {near[0]}?" if near else "")


def _refuse_unknown() -> None:
    """A misspelt name would otherwise be passed over in silence."""
    known = _ELSEWHERE.union(names())
    given = [name for name in os.environ if name.startswith(_PREFIX) and not name.startswith("RADIANT_TEST_")]
    if unknown := sorted(name for name in given if name.upper() not in known):
        raise BadSettings("; ".join(map(_unknown, unknown)))
