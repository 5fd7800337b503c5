"""Arguments against schemas: places are named, and neither is let to cost more than it may."""

import time
from typing import Any

import pytest

from radiant.workspace.tools.arguments import check_arguments, check_schema
from radiant.workspace.tools.base import BadArguments
from radiant.workspace.tools.problems import BadToolSchema

CITY: dict[str, Any] = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "pattern": "^[A-Z]"},
        "days": {"type": "array", "items": {"type": "integer", "minimum": 1}},
        "where": {"$ref": "#/$defs/place"},
    },
    "required": ["city"],
    "additionalProperties": False,
    "$defs": {"place": {"type": "object", "properties": {"lat": {"type": "number"}}}},
}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({}, "arguments: 'city' is a required property"),
        ({"city": 5}, "arguments.city: 5 is not of type 'string'"),
        ({"city": "bern"}, "arguments.city: 'bern' does not match '^[A-Z]'"),
        ({"city": "Bern", "days": [1, 0]}, "arguments.days[1]: 0 is less than the minimum of 1"),
        ({"city": "Bern", "where": {"lat": "x"}}, "arguments.where.lat: 'x' is not of type 'number'"),
        ({"city": "Bern", "colour": 1}, "arguments: Additional properties are not allowed ('colour' was unexpected)"),
    ],
)
def test_each_fault_is_told_with_its_place(arguments: dict[str, Any], told: str) -> None:
    check_schema(CITY)
    check_arguments(CITY, {"city": "Bern", "days": [1], "where": {"lat": 46.9}})

    with pytest.raises(BadArguments) as caught:
        check_arguments(CITY, arguments)

    assert caught.value.detail == told


def test_several_faults_are_told_at_once_and_long_values_are_not_repeated() -> None:
    with pytest.raises(BadArguments) as caught:
        check_arguments(CITY, {"city": "x" * 100_000, "days": "all"})

    assert "arguments.city" in caught.value.detail
    assert "arguments.days" in caught.value.detail
    assert len(caught.value.detail) < 1000


def _doubling(levels: int) -> dict[str, Any]:
    parts: dict[str, Any] = {"a0": {"type": "object"}}
    for level in range(1, levels):
        below = {"$ref": f"#/$defs/a{level - 1}"}
        parts[f"a{level}"] = {"allOf": [below, below]}
    return {"type": "object", "$defs": parts, "allOf": [{"$ref": f"#/$defs/a{levels - 1}"}]}


def _deep(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object"}
    for _ in range(levels):
        schema = {"type": "object", "properties": {"a": schema}}
    return schema


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ({}, '"type": "object"'),
        ({"type": "array"}, '"type": "object"'),
        ({"type": "object", "properties": {"a": {"type": "strin"}}}, "parameters.properties.a.type: 'strin'"),
        ({"type": "object", "properties": []}, "parameters.properties"),
        ({"type": "object", "$ref": "http://127.0.0.1/schema.json"}, "nothing is fetched"),
        ({"type": "object", "properties": {"a": {"$ref": "file:///etc/passwd"}}}, "nothing is fetched"),
        ({"type": "object", "$id": "http://127.0.0.1/", "$ref": "#/x"}, "leave it out"),
        ({"type": "object", "$ref": "#/nowhere"}, "not in it"),
        ({"type": "object", "$ref": "#"}, "too many steps"),
        ({"type": "object", "allOf": [{"$ref": "#"}]}, "too many steps"),
        (_doubling(30), "too many steps"),
        ({"type": "object", "properties": {"a": {"pattern": "(a)\\1"}}}, "RE2"),
        ({"type": "object", "patternProperties": {"(?=a)": {}}}, "RE2"),
        ({"type": "object", "description": "x" * 40_000}, "characters"),
        (_deep(40), "deep"),
    ],
)
def test_a_schema_that_cannot_be_used_is_refused_at_once(schema: dict[str, Any], told: str) -> None:
    began = time.monotonic()
    with pytest.raises(BadToolSchema) as caught:
        check_schema(schema)

    assert told in caught.value.detail
    assert time.monotonic() - began < 5


def test_a_pattern_that_would_take_for_ever_takes_no_time() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"pattern": "^(a+)+$"}},
        "patternProperties": {"^(b+)+$": {"type": "integer"}},
    }
    began = time.monotonic()

    with pytest.raises(BadArguments):
        check_arguments(schema, {"a": "a" * 5000 + "!", "b" * 5000 + "!": 1})

    assert time.monotonic() - began < 2
