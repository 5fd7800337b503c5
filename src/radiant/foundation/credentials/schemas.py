"""Shapes of vaults, credentials, versions and the access log."""

import json
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from radiant.foundation.credentials.access import VaultRole
from radiant.foundation.credentials.value import MOST_BYTES

Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]+$")
]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=1000)]
Description = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]


def _in_our_times(at: datetime) -> datetime:
    if not 1970 < at.year < 9000:
        raise ValueError("a time between the years 1971 and 8999")
    return at


def _small(metadata: dict[str, Any]) -> dict[str, Any]:
    if len(json.dumps(metadata)) > _METADATA_BYTES:
        raise ValueError(f"more than {_METADATA_BYTES} bytes")
    return metadata


Moment = Annotated[AwareDatetime, AfterValidator(_in_our_times)]
Metadata = Annotated[dict[str, Any], Field(max_length=50), AfterValidator(_small)]
_METADATA_BYTES = 16 * 1024
Stage = Literal["pending", "current", "previous", "retired"]
_BASE64_BYTES = MOST_BYTES * 4 // 3 + 4


class NewVault(BaseModel):
    """A vault to be; whoever makes it owns it."""

    name: Name
    description: Description | None = None
    reveal_roles: list[VaultRole] = Field(default=["owner"], max_length=4, description="Roles that are shown values.")
    second_person: bool = Field(default=False, description="Whether showing a value takes another person's approval.")
    reveal_window_seconds: int = Field(default=900, ge=60, le=86400, description="How long an approval may be used.")
    recovery_days: int = Field(default=30, ge=0, le=365, description="How long what was deleted can be had back.")


class VaultChange(BaseModel):
    """What to change; what is left out stays."""

    name: Name | None = None
    description: Description | None = None
    reveal_roles: list[VaultRole] | None = Field(default=None, max_length=4)
    second_person: bool | None = None
    reveal_window_seconds: int | None = Field(default=None, ge=60, le=86400)
    recovery_days: int | None = Field(default=None, ge=0, le=365)
    request_id: UUID | None = Field(
        default=None, description="An approved request of this vault's, by which `second_person` may be switched off."
    )


class Vault(BaseModel):
    """A vault, as the caller stands to it."""

    id: UUID
    name: str
    description: str | None
    encryption_key_arn: str
    reveal_roles: list[VaultRole]
    second_person: bool
    reveal_window_seconds: int
    recovery_days: int
    created_at: datetime
    role: VaultRole | None = Field(description="The caller's role; null: none, as an admin of the workspace.")
    may: list[str] = Field(description="What the caller may do: see, use, write, members, trail, administer, reveal.")
    credentials: int | None = Field(default=None, description="How many it holds; in lists alone.")


class Member(BaseModel):
    """A person or a key in a vault."""

    id: UUID
    user_id: UUID | None
    api_key_id: UUID | None
    name: str | None = Field(description="The person's e-mail, or the key's name.")
    role: VaultRole
    added_by: UUID | None
    added_at: datetime


class MemberRole(BaseModel):
    """The role to give."""

    role: VaultRole


class _Given(BaseModel):
    """A value, given in one of three ways. It is in no answer, and in no repr."""

    model_config = ConfigDict(hide_input_in_errors=True)

    value: str | None = Field(
        default=None, max_length=MOST_BYTES, repr=False, description="A text; for a type with fields its main one."
    )
    value_base64: str | None = Field(
        default=None, max_length=_BASE64_BYTES, repr=False, description="Bytes, for the type binary."
    )
    fields: dict[str, Any] | None = Field(default=None, repr=False, description="The fields of the type.")


class NewCredential(_Given):
    """A credential to be kept."""

    name: Name
    type: Annotated[str, StringConstraints(max_length=50)] = Field(
        description="api_key, oauth2, basic, aws, ssh_key, tls_cert, database, json, text or binary."
    )
    metadata: Metadata = Field(default={}, description="What is not secret; shown to every member.")
    expires_at: Moment | None = Field(default=None, description="It is not served past that.")
    rotation_schedule: Annotated[str, StringConstraints(max_length=50)] | None = None
    grace_seconds: int = Field(
        default=86400, ge=0, le=31_536_000, description="How long the version before is served after a rotation."
    )


class CredentialChange(BaseModel):
    """What to change; what is left out stays. `expires_at` and `rotation_schedule` may be null."""

    name: Name | None = None
    metadata: Metadata | None = None
    expires_at: Moment | None = None
    is_active: bool | None = None
    rotation_schedule: Annotated[str, StringConstraints(max_length=50)] | None = None
    grace_seconds: int | None = Field(default=None, ge=0, le=31_536_000)


class NewVersion(_Given):
    """A new version: the current one at once, or pending until it is promoted."""

    stage: Literal["pending", "current"] = "current"
    grace_seconds: int | None = Field(default=None, ge=0, le=31_536_000, description="The credential's unless given.")
    expires_at: Moment | None = Field(default=None, description="When the new value expires; unchanged unless given.")


class RollBack(BaseModel):
    """To which version; the one before unless given."""

    version: int | None = Field(default=None, ge=1)


class Credential(BaseModel):
    """A credential without its value."""

    id: UUID
    vault_id: UUID
    vault_name: str
    name: str
    type: str
    metadata: dict[str, Any]
    expires_at: datetime | None
    is_expired: bool
    last_rotated: datetime | None
    rotation_schedule: str | None
    next_rotation_at: datetime | None
    is_active: bool
    created_by: UUID | None
    created_at: datetime
    updated_at: datetime
    current_version: int
    grace_seconds: int
    deleted_at: datetime | None
    purge_after: datetime | None = Field(description="Until when it can be had back, where it was deleted.")
    last_used_at: datetime | None
    last_used_by: UUID | None
    last_used_by_email: str | None
    last_used_by_kind: Literal["user", "api_key", "system"] | None


class Version(BaseModel):
    """A version without its value."""

    version: int
    stage: Stage
    kek_id: str
    valid_until: datetime | None = Field(description="Of the previous version: until when it is served.")
    created_by: UUID | None
    created_at: datetime
    retired_at: datetime | None


class Use(BaseModel):
    """What uses a credential by reference."""

    kind: str = Field(description="What it is: provider-connection, …")
    id: str
    name: str


class RevealAsked(BaseModel):
    """To be shown a value."""

    reason: Reason
    version: int | None = Field(default=None, ge=1, description="The current one unless given.")
    request_id: UUID | None = Field(
        default=None, description="The approved request, where the vault takes a second person."
    )


class Revealed(BaseModel):
    """A value, shown. One of `value`, `value_base64`, `fields`."""

    version: int
    value: str | None = Field(default=None, repr=False)
    value_base64: str | None = Field(default=None, repr=False)
    fields: dict[str, Any] | None = Field(default=None, repr=False)


class NewRevealRequest(BaseModel):
    """Asking another person."""

    reason: Reason


class RevealRequest(BaseModel):
    """Somebody wants to be shown a value, where that takes two; or, without a credential, that it take one alone."""

    id: UUID
    credential_id: UUID | None
    credential_name: str | None
    vault_id: UUID
    vault_name: str
    requested_by: UUID
    requested_by_email: str
    reason: str
    state: Literal["pending", "approved", "refused", "used", "expired"]
    decided_by: UUID | None
    decided_at: datetime | None
    expires_at: datetime
    created_at: datetime


class AccessEntry(BaseModel):
    """One attempt."""

    id: UUID
    seq: int
    credential_id: UUID | None
    credential_name: str | None
    vault_id: UUID | None
    vault_name: str | None
    version: int | None
    accessed_by: UUID | None
    accessed_by_email: str | None
    actor_kind: Literal["user", "api_key", "system"]
    api_key_id: UUID | None
    access_type: str
    access_reason: str | None
    source_ip: str | None
    user_agent: str | None
    success: bool
    failure: str | None
    request_id: str
    detail: dict[str, Any]
    created_at: datetime


class CredentialType(BaseModel):
    """A type that a credential may have."""

    type: str
    fields: list["TypeField"]


class TypeField(BaseModel):
    """One field of a type."""

    name: str
    required: bool
    main: bool = Field(description="Whether a bare `value` fills it.")
