"""Shapes of people, sessions and keys."""

from datetime import datetime
from ipaddress import IPv4Address, IPv6Address
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, StringConstraints

from radiant.foundation.identity.callers import Scope
from radiant.foundation.tenants.schemas import Tenant
from radiant.kit.ids import ApiKeyId, SessionId, UserId
from radiant.kit.schema import Strict

RoleName = Literal["owner", "admin", "member", "viewer"]


def _email(text: str) -> str:
    text = text.strip().lower()
    name, at, host = text.rpartition("@")
    if not (name and at and host) or any(c.isspace() for c in text) or len(text) > 320:
        raise ValueError("this is not an e-mail address")
    return text


Email = Annotated[str, AfterValidator(_email)]
PersonName = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]


class User(BaseModel):
    """A person in a tenant."""

    id: UserId
    email: str
    name: str
    role: RoleName
    is_operator: bool
    kind: Literal["person", "service"] = "person"
    must_change_password: bool
    status: Literal["active", "disabled"]
    preferences: dict[str, Any]
    last_seen_at: datetime | None
    created_at: datetime


class NewUser(Strict):
    """A person to be invited."""

    email: Email
    name: PersonName = ""
    role: RoleName = "member"


class Invited(User):
    """A new person, with the password that is shown once."""

    one_time_password: str


class Invitation(BaseModel):
    """An open invitation; `invited_by` is an e-mail address."""

    id: UUID
    email: str
    name: str
    role: RoleName
    invited_by: str | None
    mailed_at: datetime | None
    expires_at: datetime
    created_at: datetime


class MadeInvitation(Invitation):
    """A new invitation, with the link that is shown once. `mail_error`: why it could not be mailed."""

    link: str
    mail_error: str | None = None


class InvitationToken(Strict):
    """What stands behind the # of an invitation's link."""

    token: str = Field(min_length=1, max_length=100)


class InvitationLook(BaseModel):
    """What one is invited to; `sso_required`: sign in by the identity provider of `slug` instead."""

    tenant: str
    slug: str
    email: str
    name: str
    role: RoleName
    has_sso: bool
    sso_required: bool


class AcceptedInvitation(InvitationToken):
    """A name, and the first password."""

    name: PersonName = ""
    new_password: str = Field(max_length=1000)


class ForgottenPassword(Strict):
    """Whose password is forgotten."""

    email: Email


class PasswordByMail(Strict):
    """What stands behind the # of a reset's link, and the new password."""

    token: str = Field(min_length=1, max_length=100)
    new_password: str = Field(max_length=1000)


class WaysToSignIn(BaseModel):
    """What the page offers before anybody is known."""

    password_reset: bool


GroupName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class Group(BaseModel):
    """A group; `members`: how many are in it. `external_id`: what an identity provider calls it."""

    id: UUID
    name: str
    external_id: str | None
    members: int
    created_at: datetime
    updated_at: datetime


class NewGroup(Strict):
    """A group to be made."""

    name: GroupName


class GroupChange(Strict):
    """Another name."""

    name: GroupName | None = None


class GroupMember(BaseModel):
    """Somebody in a group."""

    id: UserId
    email: str
    name: str
    kind: Literal["person", "service"]


class NewServiceAccount(Strict):
    """A service account to be made."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    role: Literal["viewer", "member", "admin"] = "member"


class UserChange(Strict):
    """What an admin may change."""

    name: PersonName | None = None
    role: RoleName | None = None
    status: Literal["active", "disabled"] | None = None


class ProfileChange(Strict):
    """What a person may change."""

    name: PersonName | None = None
    preferences: dict[str, Any] | None = None


class PasswordChange(Strict):
    """A new password, proven by the old one."""

    current_password: str = Field(max_length=1000)
    new_password: str = Field(max_length=1000)


class Confirmation(Strict):
    """A password typed again before something that cannot be undone."""

    password: str = Field(max_length=1000)


class OneTimePassword(BaseModel):
    """Shown once."""

    one_time_password: str


class SignIn(Strict):
    """E-mail and password; `tenant` where the password fits accounts in several."""

    email: Email
    password: str = Field(min_length=1, max_length=1000)
    tenant: str | None = None


class Session(BaseModel):
    """Who is signed in; `csrf_token` goes back as X-CSRF-Token with every change. `must_enrol`: a second factor comes first."""

    user: User
    tenant: Tenant
    csrf_token: str
    must_enrol: bool = False
    method: Literal["password", "sso", "passkey", "invitation"]


class SessionInfo(BaseModel):
    """One signed-in device."""

    id: SessionId
    ip: IPv4Address | IPv6Address | None
    user_agent: str
    method: Literal["password", "sso", "passkey", "invitation"]
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    current: bool


class NewApiKey(Strict):
    """A key to be made."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
    scopes: list[Scope] = Field(default=["inference"], min_length=1, max_length=5)
    expires_at: AwareDatetime | None = None


class ApiKey(BaseModel):
    """A key, without its secret."""

    id: ApiKeyId
    name: str
    prefix: str
    scopes: list[Scope]
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    created_at: datetime
    user_id: UserId
    user_email: str


class MadeApiKey(ApiKey):
    """A new key, with the secret that is shown once."""

    secret: str
