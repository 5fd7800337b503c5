"""PATCH (RFC 7644, 3.5.2): what the operations mean for a person and for a group. Pure."""

import re
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from radiant.foundation.identity.scim import filters
from radiant.foundation.identity.scim.errors import BadPath, BadSyntax, BadValue
from radiant.foundation.identity.scim.resources import (
    Person,
    email_of,
    flag_of,
    lowered,
    member_ids,
    primary_of,
    text_of,
)

_MOST = 1000
_EMAIL_PATH = re.compile(r"^emails(\[[^\]]*\])?(\.value)?$")
_MEMBER_PATH = re.compile(r'^members\[\s*value\s+eq\s+"([^"]{1,200})"\s*\](\.value)?$', re.IGNORECASE)
# Attributes of RFC 7643 that are taken and not kept.
_IGNORED = frozenset({
    "nickname", "profileurl", "title", "usertype", "preferredlanguage", "locale", "timezone", "password",
    "phonenumbers", "ims", "photos", "addresses", "entitlements", "roles", "x509certificates", "groups", "schemas",
    "id", "meta", "members",
})  # fmt: skip
_EXTENSION = "urn:"


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation; `path` without the schema's prefix, as written."""

    op: Literal["add", "remove", "replace"]
    path: str
    value: Any


def operations(body: object) -> list[Operation]:
    """The operations of a PATCH. Raises BadSyntax, BadPath."""
    given = lowered(body, "body").get("operations")
    if not isinstance(given, list) or not given:
        raise BadSyntax("Operations: a list is needed")
    listed = cast("list[Any]", given)
    if len(listed) > _MOST:
        raise BadSyntax(f"Operations: more than {_MOST} at once")
    found: list[Operation] = []
    for item in listed:
        entry = lowered(item, "Operations")
        op, path = str(entry.get("op", "")).lower(), entry.get("path")
        if op not in ("add", "remove", "replace"):
            raise BadSyntax("op: add, remove or replace is needed")
        if path is not None and (not isinstance(path, str) or len(path) > 500):
            raise BadPath("path: a text is needed")
        plain = (path or "").strip()
        for prefix in (filters.USER_PREFIX, filters.GROUP_PREFIX):
            if plain.lower().startswith(prefix):
                plain = plain[len(prefix) :]
        if op == "remove" and not plain:
            raise BadPath("path: what to remove is needed")
        found.append(Operation(cast("Any", op), plain, entry.get("value")))
    return found


def _pairs(operation: Operation) -> list[tuple[str, Any]]:
    """Path and value of each attribute that an operation names; without a path its value is an object of them."""
    if operation.path:
        return [(operation.path, operation.value)]
    pairs: list[tuple[str, Any]] = []
    for name, value in lowered(operation.value, "value").items():
        plain = name.removeprefix(filters.USER_PREFIX).removeprefix(filters.GROUP_PREFIX)
        if plain == "name" and isinstance(value, dict):
            pairs += [(f"name.{part}", text) for part, text in lowered(cast("Any", value), "name").items()]
        else:
            pairs.append((plain, value))
    return pairs


def patch_person(person: Person, body: object) -> None:
    """Carry the operations out on `person`. Raises BadSyntax, BadPath, BadValue."""
    for operation in operations(body):
        removing = operation.op == "remove"
        for path, value in _pairs(operation):
            _set(person, path.lower(), None if removing else value, removing=removing)


def _set(person: Person, path: str, value: Any, *, removing: bool) -> None:
    if path in ("username", "active") and removing:
        raise BadValue(f"{path}: it is needed")
    if path == "username":
        person.user_name = text_of(value, "userName", 320)
        if not person.user_name:
            raise BadValue("userName: it is needed")
        if "@" in person.user_name:
            person.email = email_of(person.user_name)
    elif path == "active":
        person.active = flag_of(value)
    elif path == "externalid":
        person.external_id = text_of(value, "externalId", 400) or None
    elif path in ("displayname", "name.formatted"):
        person.name = text_of(value, path, 400)[:200]
    elif path == "name.givenname":
        person.given = text_of(value, path)
        person.name = person.name or person.given
    elif path == "name.familyname":
        person.family = text_of(value, path)
    elif path == "name":
        for part, text in lowered(value or {}, "name").items():
            _set(person, f"name.{part}", text, removing=removing)
    elif _EMAIL_PATH.match(path):
        if removing:
            raise BadValue("emails: an address is needed")
        person.email = primary_of(value) or person.email
    elif path.split(".")[0].split("[")[0] not in _IGNORED and not path.startswith((_EXTENSION, "name.")):
        raise BadPath(f"path: {path[:50]!r} leads nowhere")


@dataclass(slots=True)
class GroupPatch:
    """What becomes of a group: other names, and steps on its members in their order.

    A step is ("add" | "remove", ids) or ("all", ids), which puts those in the place of everybody.
    """

    name: str | None = None
    external_id: str | None = None
    steps: list[tuple[Literal["add", "remove", "all"], list[str]]] = field(
        default_factory=lambda: list[tuple[Literal["add", "remove", "all"], list[str]]]()
    )


def patch_group(body: object) -> GroupPatch:
    """What the operations mean. Raises BadSyntax, BadPath, BadValue."""
    patch = GroupPatch()
    for operation in operations(body):
        for path, value in _pairs(operation):
            _group_step(patch, operation.op, path, value)
    return patch


def _group_step(patch: GroupPatch, op: str, path: str, value: Any) -> None:
    plain = path.lower()
    if one := _MEMBER_PATH.match(path):
        if op != "remove":
            raise BadPath("path: one member is added or taken out, and never replaced")
        patch.steps.append(("remove", [one[1]]))
    elif plain == "members":
        ids = member_ids(value)
        if op == "add":
            patch.steps.append(("add", ids))
        elif op == "remove" and value is not None:
            patch.steps.append(("remove", ids))
        else:
            patch.steps.append(("all", ids))
    elif plain == "displayname" and op != "remove":
        patch.name = text_of(value, "displayName")
        if not patch.name:
            raise BadValue("displayName: it is needed")
    elif plain == "externalid" and op != "remove":
        patch.external_id = text_of(value, "externalId", 400) or None
    elif plain not in ("schemas", "id", "meta"):
        raise BadPath(f"path: {path[:50]!r} leads nowhere")
