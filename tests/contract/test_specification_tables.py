"""The tables, columns, types, defaults and sets of the specification are kept by name; only widened."""

import re
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.kit.catalogue import Table, read_tables
from tests.kit.rows import set_of

SPECIFICATION = tomllib.loads((Path(__file__).parent / "specification_tables.toml").read_text())

# Where keeping NOT NULL would forbid what a defect of the draft asks for.
MAY_BE_NULL = {
    "credential_access_log.credential_id": "F15.11: what is done to a vault is recorded too",
    "collaboration_rooms.created_by": "F0.10: a room outlives the person who made it",
    "collaboration_history.user_id": "F0.10: what was done to a shared document outlives the person",
}
# Unique keys that were widened, since the draft's were wrong.
WIDENED_UNIQUE = {"thinktank_tools": "F18.12: names are unique per tenant, not for all"}


@pytest.fixture
async def tables(owner: Any) -> dict[str, Table]:
    """The tables, and the view over memories that section 13's table is (F13.10), which has its columns from there."""
    found = await read_tables(owner)
    names = await owner.fetch(
        "select attname from pg_attribute where attrelid = 'user_memory'::regclass and attnum > 0"
    )
    memories = found["memories"]
    columns = {row[0]: memories.columns[row[0]] for row in names}
    return found | {"user_memory": replace(memories, name="user_memory", columns=columns)}


def _type_is_kept(draft: str, ours: str) -> bool:
    ours = ours.replace("character varying", "varchar").replace("timestamp with time zone", "timestamptz")
    ours = ours.replace(" ", "")
    if ours == draft:
        return True
    if match := re.fullmatch(r"varchar\((\d+)\)", draft):
        wider = re.fullmatch(r"varchar\((\d+)\)", ours)
        return ours == "text" or (wider is not None and int(wider[1]) >= int(match[1]))
    if match := re.fullmatch(r"decimal\((\d+),(\d+)\)", draft):
        wider = re.fullmatch(r"numeric\((\d+),(\d+)\)", ours)
        return wider is not None and int(wider[1]) >= int(match[1]) and int(wider[2]) >= int(match[2])
    # A vector of any dimension, stored beside it.
    return draft.startswith("vector(") and ours == "vector"


def _default_is_kept(draft: str, ours: str | None) -> bool:
    if ours is None:
        return False
    plain = re.sub(r"::[a-z ]+(\[\])?$", "", ours.lower()).strip("'()").lower()
    return plain == draft.strip("'()").lower() or (re.fullmatch(r"[\d.]+", draft) and float(plain) == float(draft))


async def test_every_table_and_column_of_the_specification_is_there(tables: dict[str, Table]):
    problems: list[str] = []
    for name, columns in SPECIFICATION["tables"].items():
        if name not in tables:
            problems.append(f"{name} is missing")
            continue
        for column, draft in columns.items():
            ours = tables[name].columns.get(column)
            where = f"{name}.{column}"
            if ours is None:
                problems.append(f"{where} is missing")
                continue
            if not _type_is_kept(draft["type"], ours.type):
                problems.append(f"{where}: {draft['type']} became {ours.type}")
            if "default" in draft and not _default_is_kept(draft["default"], ours.default):
                problems.append(f"{where}: default {draft['default']!r} became {ours.default!r}")
            if draft.get("required") and not ours.required and where not in MAY_BE_NULL:
                problems.append(f"{where} may be null")

    assert not problems, "\n".join(problems)


async def test_every_reference_of_the_specification_is_kept(tables: dict[str, Table]):
    problems: list[str] = []
    # Append-only and outliving: nothing in it is a reference (F15.3, F15.8).
    free = {"credential_access_log"}
    for name, columns in SPECIFICATION["tables"].items():
        for column, draft in columns.items():
            parent = draft.get("references")
            if parent is None or name in free:
                continue
            found = [k for k in tables[name].foreign_keys if column in k.columns]
            # A child's tenant and person come through its parent, whose own references are checked here too.
            through = any({"tenant_id", column} <= set(k.columns) for k in tables[name].foreign_keys)
            if not any(key.parent == parent for key in found) and not (parent in ("tenants", "users") and through):
                problems.append(f"{name}.{column} -> {parent}")

    assert not problems, "\n".join(problems)


async def test_the_values_that_the_specification_names_are_allowed_and_checked(tables: dict[str, Table]):
    problems: list[str] = []
    for where, values in SPECIFICATION["sets"].items():
        table, column = where.split(".")
        allowed = set_of(tables[table], column)
        if not set(values) <= set(allowed):
            problems.append(f"{where}: {values} are not all in {allowed}")

    assert not problems, "\n".join(problems)


async def test_what_the_specification_makes_unique_is_unique(tables: dict[str, Table]):
    problems: list[str] = []
    for name, columns in SPECIFICATION["unique"].items():
        wanted = set(columns) - {"tenant_id", "user_id"}
        kept = any(
            index.is_unique
            and not index.is_partial
            and {c for c in index.columns if c not in ("tenant_id", "user_id")} == wanted - {"tenant_id"}
            for index in tables[name].indexes
        )
        if not kept and name not in WIDENED_UNIQUE and name != "room_participants":
            problems.append(f"{name} {columns}")
    assert any(i.is_unique and i.columns == ("room_id", "user_id") for i in tables["room_participants"].indexes)

    assert not problems, "\n".join(problems)
