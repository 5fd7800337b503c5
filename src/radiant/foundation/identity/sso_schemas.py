"""Shapes of sign-in by an identity provider."""

import re
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from radiant.kit.schema import Strict

_DOMAIN = re.compile(r"^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$")


def _domain(text: str) -> str:
    text = text.strip().lower().removeprefix("@")
    if not _DOMAIN.match(text):
        raise ValueError("this is not a domain such as example.org")
    return text


Domain = Annotated[str, AfterValidator(_domain)]
GroupName = Annotated[str, StringConstraints(min_length=1, max_length=200)]
GivenRole = Literal["viewer", "member", "admin"]


class SsoChange(Strict):
    """A tenant's identity provider. `client_secret`: null keeps the stored one, "" is a public client.

    `group_roles`: group there -> role here, looked at anew at each sign-in. `required`: others than owners sign in by
    it alone.
    """

    issuer: str = Field(min_length=1, max_length=500)
    client_id: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]
    client_secret: str | None = Field(default=None, max_length=2000)
    allowed_domains: list[Domain] = Field(default=[], max_length=100)
    default_role: GivenRole = "member"
    groups_claim: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)] = "groups"
    group_roles: dict[GroupName, GivenRole] = Field(default={}, max_length=100)
    extra_scopes: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = ""
    creates_people: bool = True
    required: bool = False
    is_active: bool = True


class SsoSettings(BaseModel):
    """The identity provider in force, without its secret; `redirect_uri` is what to enter there."""

    issuer: str
    client_id: str
    has_secret: bool
    allowed_domains: list[str]
    default_role: GivenRole
    groups_claim: str
    group_roles: dict[str, GivenRole]
    extra_scopes: str
    creates_people: bool
    required: bool
    is_active: bool
    updated_at: datetime
    redirect_uri: str


class SsoState(BaseModel):
    """What the settings page shows; `connection` is null before one is made."""

    connection: SsoSettings | None
    redirect_uri: str


class SsoWorkspace(BaseModel):
    """A workspace that one may sign in to by its identity provider."""

    slug: str
    name: str
    required: bool


class SignedOut(BaseModel):
    """`url`: where the page goes so that the identity provider signs out too."""

    url: str | None
