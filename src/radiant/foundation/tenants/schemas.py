"""Shapes of a tenant."""

import re
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from radiant.kit.ids import TenantId
from radiant.kit.schema import Strict

Plan = Literal["free", "standard", "enterprise"]
Status = Literal["active", "suspended"]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]

_SLUG = re.compile(r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")


def _slug(text: str) -> str:
    if not _SLUG.match(text):
        raise ValueError("use 1 to 63 of a-z, 0-9 and -, not at the ends")
    return text


Slug = Annotated[str, AfterValidator(_slug)]


class Tenant(BaseModel):
    """A workspace."""

    model_config = ConfigDict(from_attributes=True)

    id: TenantId
    name: str
    slug: str
    plan: Plan
    status: Status
    created_at: datetime


class TenantChange(Strict):
    """What an admin may change."""

    name: Name | None = None


class OperatorTenantChange(TenantChange):
    """What the platform's operator may change."""

    plan: Plan | None = None
    status: Status | None = None


class NewTenant(Strict):
    """A workspace to be made, with its first owner."""

    name: Name
    slug: Slug
    plan: Plan = "standard"
    owner_email: str = Field(max_length=320)
