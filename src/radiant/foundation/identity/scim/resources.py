"""Users and groups as SCIM writes and reads them. Pure."""

from dataclasses import dataclass
from typing import Any, cast

from pydantic import ValidationError

from radiant.foundation.identity.schemas import NewUser
from radiant.foundation.identity.scim.errors import BadSyntax, BadValue
from radiant.infra.db import Row

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
MOST_MEMBERS = 10_000


@dataclass(slots=True)
class Person:
    """What SCIM may say of a person. `user_name` as the provider wrote it."""

    user_name: str
    email: str
    name: str = ""
    given: str = ""
    family: str = ""
    external_id: str | None = None
    active: bool = True

    @property
    def scim(self) -> dict[str, str]:
        """What is kept beside the columns that everybody has."""
        kept = {"userName": self.user_name, "givenName": self.given, "familyName": self.family}
        return {name: value for name, value in kept.items() if value}


def lowered(value: object, what: str) -> dict[str, Any]:
    """An object with its names in small letters, since SCIM does not tell them apart. Raises BadSyntax."""
    if not isinstance(value, dict):
        raise BadSyntax(f"{what}: an object is needed")
    return {str(name).lower(): item for name, item in cast("dict[Any, Any]", value).items()}


def text_of(value: object, what: str, most: int = 200) -> str:
    """A text, without what cannot be kept. Raises BadValue."""
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > most or "\x00" in value:
        raise BadValue(f"{what}: a text of at most {most} characters is needed")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise BadValue(f"{what}: holds half a character") from error
    return value.strip()


def flag_of(value: object) -> bool:
    """`active`; some providers write it as text. Raises BadValue."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise BadValue("active: true or false is needed")


def email_of(value: object) -> str:
    """An address in its normal form. Raises BadValue."""
    try:
        return NewUser.model_validate({"email": value}).email
    except ValidationError as error:
        raise BadValue("emails: this is not an e-mail address") from error


def primary_of(value: object) -> str | None:
    """The primary address of `emails`, or its first; None where there is none. Raises BadValue."""
    if value is None:
        return None
    items = cast("list[Any]", value) if isinstance(value, list) else [value]
    found: list[tuple[bool, str]] = []
    for item in items[:50]:
        if isinstance(item, str):
            found.append((False, item))
            continue
        entry = lowered(item, "emails")
        if entry.get("value") is not None:
            found.append((entry.get("primary") in (True, "true", "True"), str(entry["value"])))
    if not found:
        return None
    return email_of(next((text for primary, text in found if primary), found[0][1]))


def read_person(body: object) -> Person:
    """A person of a POST or PUT. Raises BadSyntax, BadValue."""
    given = lowered(body, "body")
    user_name = text_of(given.get("username"), "userName", 320)
    if not user_name:
        raise BadValue("userName: it is needed")
    name = lowered(given.get("name") or {}, "name")
    first, last = text_of(name.get("givenname"), "name.givenName"), text_of(name.get("familyname"), "name.familyName")
    shown = (
        text_of(given.get("displayname"), "displayName")
        or text_of(name.get("formatted"), "name.formatted", 400)[:200]
        or f"{first} {last}".strip()[:200]
    )
    return Person(
        user_name=user_name,
        email=primary_of(given.get("emails")) or email_of(user_name),
        name=shown,
        given=first,
        family=last,
        external_id=text_of(given.get("externalid"), "externalId", 400) or None,
        active=flag_of(given["active"]) if given.get("active") is not None else True,
    )


def write_person(row: Row, groups: list[Row], base: str) -> dict[str, Any]:
    """A person as SCIM shows them; `base` is the address of this service."""
    scim: dict[str, str] = row["scim"]
    name = {"formatted": row["name"], "givenName": scim.get("givenName"), "familyName": scim.get("familyName")}
    body: dict[str, Any] = {
        "schemas": [USER],
        "id": str(row["id"]),
        "externalId": row["external_id"],
        "userName": scim.get("userName", row["email"]),
        "name": {part: text for part, text in name.items() if text},
        "displayName": row["name"] or None,
        "emails": [{"value": row["email"], "type": "work", "primary": True}],
        "active": row["status"] == "active",
        "groups": [
            {"value": str(group["id"]), "display": group["name"], "$ref": f"{base}/Groups/{group['id']}"}
            for group in groups
        ],
        "meta": _meta("User", row, f"{base}/Users/{row['id']}"),
    }
    return {name: value for name, value in body.items() if value not in (None, {})}


def write_group(
    row: Row, members: list[Row] | None, base: str
) -> dict[str, Any]:  # fmt: skip
    """A group as SCIM shows it; `members` None: not asked for."""
    body: dict[str, Any] = {
        "schemas": [GROUP],
        "id": str(row["id"]),
        "externalId": row["external_id"],
        "displayName": row["name"],
        "members": [
            {
                "value": str(member["id"]),
                "display": member["name"] or member["email"],
                "type": "User",
                "$ref": f"{base}/Users/{member['id']}",
            }
            for member in members
        ]
        if members is not None
        else None,
        "meta": _meta("Group", row, f"{base}/Groups/{row['id']}"),
    }
    return {name: value for name, value in body.items() if value is not None}


def _meta(kind: str, row: Row, location: str) -> dict[str, str]:
    return {
        "resourceType": kind,
        "created": row["created_at"].isoformat(),
        "lastModified": row["updated_at"].isoformat(),
        "location": location,
    }


def member_ids(value: object) -> list[str]:
    """The ids that `members` names. Raises BadSyntax, BadValue."""
    if value is None:
        return []
    items = cast("list[Any]", value) if isinstance(value, list) else [value]
    if len(items) > MOST_MEMBERS:
        raise BadValue(f"members: more than {MOST_MEMBERS} at once")
    return [text_of(lowered(item, "members").get("value"), "members.value") for item in items]


def only(body: dict[str, Any], attributes: str | None, excluded: str | None) -> dict[str, Any]:
    """The attributes that were asked for; `schemas` and `id` always are."""
    wanted = {part.strip().split(".")[0].lower() for part in (attributes or "").split(",") if part.strip()}
    unwanted = {part.strip().lower() for part in (excluded or "").split(",") if part.strip()}
    return {
        name: value
        for name, value in body.items()
        if name in ("schemas", "id") or ((not wanted or name.lower() in wanted) and name.lower() not in unwanted)
    }
