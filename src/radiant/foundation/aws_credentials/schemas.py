"""Shapes of registered identities, sessions and rotations."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Kind = Literal["role", "user"]
Source = Literal["credential", "platform"]
State = Literal[
    "started", "creating", "stored", "verified", "switched", "deactivated", "rolling_back", "done", "rolled_back"
]
Outcome = Literal["done", "waiting", "failed"]

Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]+$")
]
Arn = Annotated[
    str,
    StringConstraints(
        max_length=2048,
        pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/([\x21-\x7e]*/)?[A-Za-z0-9_+=,.@-]{1,128}$",
    ),
]
PolicyArn = Annotated[
    str, StringConstraints(max_length=2048, pattern=r"^arn:aws[a-z-]*:iam::(aws|[0-9]{12}):policy/[\x21-\x7e]+$")
]
Region = Annotated[str, StringConstraints(max_length=30, pattern=r"^[a-z]{2,4}(-[a-z]+)+-[0-9]+$")]
ExternalId = Annotated[str, StringConstraints(min_length=2, max_length=1224, pattern=r"^[A-Za-z0-9_+=,.@:/-]+$")]
SessionName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_+=,.@-]{2,64}$")]
TagKey = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=r"^[\w .:/=+@-]+$")]
TagValue = Annotated[str, StringConstraints(max_length=256, pattern=r"^[\w .:/=+@-]*$")]
AccessKeyId = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{16,128}$")]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=1000)]
Seconds = Annotated[int, Field(ge=0, le=2_592_000)]


class AwsIdentitySettings(BaseModel):
    """What may be changed of a registered identity. What a role has and a user has not is refused for the other."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    region: Region | None = Field(default=None, description="Whose STS is asked; the partition's first unless given.")
    source: Source = Field(
        default="credential",
        description="credential: by the keys in key_credential. platform: by those of this installation's own, which the"
        " operator alone may say.",
    )
    key_credential: UUID | None = Field(
        default=None,
        description="A credential of type aws: a role is assumed by its keys; a user's own keys live in it.",
    )
    external_id: ExternalId | None = Field(
        default=None, description="Of a role: what its trust policy asks for. One is made where none is given."
    )
    external_id_credential: UUID | None = Field(
        default=None, description="A credential that holds the external id, in place of external_id."
    )
    session_policy: dict[str, Any] | None = Field(
        default=None, description="A policy that narrows every session of the role."
    )
    policy_arns: list[PolicyArn] = Field(default=[], max_length=10, description="Managed policies that narrow them.")
    tags: dict[TagKey, TagValue] = Field(default={}, max_length=50, description="Tags of every session.")
    transitive_tag_keys: list[TagKey] = Field(
        default=[], max_length=50, description="Those of them that go on to roles which a session assumes."
    )
    max_duration_seconds: int = Field(
        default=3600, ge=900, le=43200, description="The longest session; no longer than the role itself allows."
    )
    manager_id: UUID | None = Field(
        default=None, description="Of a user: the registered role that manages its keys; its own keys do unless given."
    )
    idle_seconds: Seconds = Field(
        default=14_400, description="Of a user: the old key is switched off once it was unused for so long."
    )
    grace_seconds: Seconds = Field(default=86_400, description="At the latest after so long, used or not.")
    inactive_seconds: Seconds = Field(default=86_400, description="So long it is switched off before it is deleted.")
    rotate_after_days: int | None = Field(
        default=None, ge=1, le=3650, description="Of a user: its key is rotated by itself so long after the last time."
    )


class NewAwsIdentity(AwsIdentitySettings):
    """A role or user to be registered."""

    arn: Arn


class AwsIdentity(BaseModel):
    """A registered role or user."""

    id: UUID
    name: str
    kind: Kind
    arn: str
    account_id: str
    partition: str
    region: str | None
    source: Source
    key_credential: UUID | None
    external_id: str | None
    external_id_credential: UUID | None
    session_policy: dict[str, Any] | None
    policy_arns: list[str]
    tags: dict[str, str]
    transitive_tag_keys: list[str]
    max_duration_seconds: int
    manager_id: UUID | None
    idle_seconds: int
    grace_seconds: int
    inactive_seconds: int
    rotate_after_days: int | None
    created_by: UUID | None
    created_at: datetime
    updated_at: datetime
    open_rotation: UUID | None = Field(description="The rotation that is under way, if one is.")


class ValidatedCredentials(BaseModel):
    """Who AWS says that the keys are."""

    account_id: str
    arn: str
    user_id: str
    partition: str
    region: str
    as_registered: bool | None = Field(
        description="Whether that is the registered identity; null where none was asked of."
    )


class ValidateAsked(BaseModel):
    """Whose keys to ask about: of a credential of type aws."""

    credential_id: UUID
    region: Region = "us-east-1"


class AssumeAsked(BaseModel):
    """A session of a role."""

    session_name: SessionName = "radiant"
    duration_seconds: int | None = Field(
        default=None, ge=900, le=43200, description="The registered maximum, or an hour when chained, unless given."
    )
    tags: dict[TagKey, TagValue] = Field(default={}, max_length=50, description="Beside the registered ones.")
    transitive_tag_keys: list[TagKey] = Field(default=[], max_length=50)


class AssumeRequest(AssumeAsked):
    """The same, and whether to be shown the keys."""

    reveal: bool = Field(default=False, description="Answer with the keys themselves; recorded.")
    reason: Reason | None = Field(default=None, description="Why; must be given to be shown them.")


class AssumedRole(BaseModel):
    """A session of a role. The keys are shown only where that was asked for and allowed."""

    identity_id: UUID
    arn: str
    access_key_id: str
    expires_at: datetime
    secret_access_key: str | None = Field(default=None, repr=False)
    session_token: str | None = Field(default=None, repr=False)


class RotateAsked(BaseModel):
    """A rotation to be started."""

    replace_key_id: AccessKeyId | None = Field(
        default=None, description="Where the user has two keys: the other one, to be deleted first to make room."
    )


class KeyRotationStep(BaseModel):
    """What was done when."""

    seq: int
    step: str
    outcome: Outcome
    detail: dict[str, Any]
    at: datetime


class KeyRotation(BaseModel):
    """A rotation of a user's access key."""

    id: UUID
    identity_id: UUID
    state: State
    stuck: bool = Field(description="Whether somebody must act: `error` says what is wrong; then retry or cancel.")
    error: str | None
    old_access_key_id: str | None
    new_access_key_id: str | None
    started_by: str = Field(
        validation_alias="started_by_name", description="A person's address, api_key:… or what else asked."
    )
    started_at: datetime
    switched_at: datetime | None
    delete_after: datetime | None
    next_at: datetime = Field(description="When it is looked at next.")
    cancelled_at: datetime | None
    finished_at: datetime | None


class KeyRotationInSteps(KeyRotation):
    """The same with its journal, the oldest step first."""

    steps: list[KeyRotationStep]
