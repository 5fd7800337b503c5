"""Arguments held against a tool's JSON Schema (draft 2020-12). Both are other people's words, so the work is bounded:
patterns are RE2's, references stay within the schema, and a check that takes too many steps is refused.

All of it blocks and reads a large library at its first call: run it in a thread.
"""

import functools
import json
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import islice
from typing import Any, cast

from radiant.kit.linear import found_by
from radiant.workspace.tools.base import BadArguments
from radiant.workspace.tools.problems import BadToolSchema

MOST_SCHEMA = 32 * 1024
_MOST_DEPTH = 24
_MOST_STEPS = 50_000
# Of keywords within keywords; what recursion does to a library in Rust is not to be seen.
_MOST_NESTED = 100
_MOST_TOLD = 4
_MOST_WORDS = 300


class _TooManySteps(Exception):
    """A schema whose parts multiply, or that leads to itself."""


@dataclass(slots=True)
class _Budget:
    steps: int = _MOST_STEPS
    nested: int = _MOST_NESTED


_budget: ContextVar[_Budget | None] = ContextVar("budget", default=None)


def check_schema(schema: Mapping[str, Any]) -> None:
    """Raises BadToolSchema, with the place. Blocks."""
    try:
        size, depth = len(json.dumps(schema)), _depth(schema)
    except (RecursionError, ValueError) as error:
        raise BadToolSchema("parameters: nested too deeply") from error
    if size > MOST_SCHEMA or depth > _MOST_DEPTH:
        raise BadToolSchema(f"parameters: at most {MOST_SCHEMA:,} characters of JSON, nested {_MOST_DEPTH} deep")
    if schema.get("type") != "object":
        raise BadToolSchema('parameters: arguments have names, so the schema begins with {"type": "object"}')
    _look(schema, "parameters")
    from jsonschema import SchemaError

    try:
        _validator().check_schema(schema)
        # One that leads to itself without an end shows at the first use.
        _errors(schema, {})
    except SchemaError as error:
        raise BadToolSchema(f"parameters{error.json_path[1:]}: {_short(error.message)}") from error
    except BadArguments as error:
        raise BadToolSchema(f"parameters: {error.detail}") from error


def check_arguments(schema: Mapping[str, Any], arguments: Mapping[str, Any]) -> None:
    """Raises BadArguments that names each place, four at most. Blocks."""
    if found := _errors(schema, arguments):
        raise BadArguments("; ".join(found))


def _errors(schema: Mapping[str, Any], arguments: Mapping[str, Any]) -> list[str]:
    import referencing
    from referencing.exceptions import Unresolvable

    _budget.set(_Budget())
    try:
        # An empty one: nothing is fetched for a reference.
        nowhere: Any = cast("Any", referencing).Registry()
        validator: Any = _validator()(schema, registry=nowhere)
        errors: Iterator[Any] = validator.iter_errors(dict(arguments))
        return [f"arguments{error.json_path[1:]}: {_short(error.message)}" for error in islice(errors, _MOST_TOLD)]
    except Unresolvable as error:
        raise BadArguments(f"the tool's schema refers to {_short(str(error.ref))!r}, which is not in it") from error
    except (_TooManySteps, RecursionError) as error:
        raise BadArguments("the tool's schema takes too many steps to hold these arguments against") from error


@functools.cache
def _validator() -> Any:
    """Draft 2020-12 with the two bounds."""
    from jsonschema import Draft202012Validator, ValidationError, validators

    def pattern(validator: Any, expression: str, instance: Any, _schema: Any) -> Iterator[Any]:
        if validator.is_type(instance, "string") and not _fits(expression)(instance):
            yield ValidationError(f"{_short(repr(instance))} does not match {expression!r}")

    def properties(validator: Any, patterns: Mapping[str, Any], instance: Any, _schema: Any) -> Iterator[Any]:
        if validator.is_type(instance, "object"):
            for expression, subschema in patterns.items():
                for name, value in instance.items():
                    if _fits(expression)(name):
                        yield from validator.descend(value, subschema, path=name, schema_path=expression)

    known = cast("dict[str, Any]", dict(Draft202012Validator.VALIDATORS))
    known |= {"pattern": pattern, "patternProperties": properties}
    extend = cast("Any", validators).extend
    return extend(Draft202012Validator, {keyword: _counted(check) for keyword, check in known.items()})


def _counted(check: Callable[..., Iterator[Any] | None]) -> Callable[..., Iterator[Any]]:
    def counted(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[Any]:
        budget = _budget.get()
        if budget is None:
            yield from check(validator, value, instance, schema) or ()
            return
        budget.steps -= 1
        budget.nested -= 1
        if budget.steps < 0 or budget.nested < 0:
            raise _TooManySteps
        try:
            yield from check(validator, value, instance, schema) or ()
        finally:
            budget.nested += 1

    return counted


@functools.lru_cache(maxsize=256)
def _fits(expression: str) -> Callable[[str], bool]:
    return found_by(expression, empty=True)


def _depth(value: object, level: int = 0) -> int:
    if level > _MOST_DEPTH:
        return level
    inner: list[object] = []
    if isinstance(value, Mapping):
        inner = list(cast("Mapping[str, object]", value).values())
    elif isinstance(value, list):
        inner = cast("list[object]", value)
    return max((_depth(each, level + 1) for each in inner), default=level)


def _look(value: Any, path: str) -> None:
    """Raises BadToolSchema for a reference that leads out, and for a pattern that RE2 does not know."""
    if isinstance(value, list):
        for number, each in enumerate(cast("list[Any]", value)):
            _look(each, f"{path}[{number}]")
    inner: Mapping[str, Any] = cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}
    for name, each in inner.items():
        at = f"{path}.{name}"
        if name in ("$ref", "$dynamicRef") and isinstance(each, str) and not each.startswith("#"):
            raise BadToolSchema(f"{at}: refer to a part of this schema (#/$defs/…); nothing is fetched for it")
        if name == "$id" and isinstance(each, str):
            raise BadToolSchema(f"{at}: leave it out; a tool's schema has no address")
        if name == "pattern" and isinstance(each, str):
            _check_pattern(each, at)
        if name == "patternProperties" and isinstance(each, Mapping):
            for expression in cast("Mapping[str, Any]", each):
                _check_pattern(expression, at)
        _look(each, at)


def _check_pattern(expression: str, path: str) -> None:
    try:
        _fits(expression)
    except ValueError as error:
        raise BadToolSchema(f"{path}: {error}") from error


def _short(text: str) -> str:
    return text if len(text) <= _MOST_WORDS else text[: _MOST_WORDS - 1] + "…"
