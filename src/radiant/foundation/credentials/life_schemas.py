"""Shapes of rotations, mirrors, imports and leaks."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints

from radiant.foundation.credentials.schemas import Name, Reason

Region = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{3,50}$")]
SecretId = Annotated[str, StringConstraints(pattern=r"^[\w/+=.@:-]+$", min_length=1, max_length=2048)]


class NewRotator(BaseModel):
    """How a credential is rotated, and when. Without a rotator, a schedule reminds its managers."""

    rotator: Annotated[str, StringConstraints(max_length=50)] | None = Field(
        default=None, description="postgres, webhook …: see `rotators` of the answer."
    )
    settings: dict[str, Any] = Field(default={}, max_length=20, description="What the rotator asks for; no secrets.")
    schedule: Annotated[str, StringConstraints(max_length=50)] | None = Field(
        default=None, description="12h, 30d, 2w or 30d at 03:00 (UTC); null: by hand alone."
    )
    grace_seconds: int | None = Field(
        default=None, ge=0, le=31_536_000, description="How long the version before is served; unchanged unless given."
    )


class RotatorFacts(BaseModel):
    """A way to rotate it."""

    name: str
    related: list[str] = Field(description="Settings that hold the id of another credential.")


class RotationPlan(BaseModel):
    """How a credential is rotated."""

    rotator: str | None
    settings: dict[str, Any]
    schedule: str | None
    grace_seconds: int
    next_rotation_at: datetime | None
    failures: int = Field(description="Rotations that failed since the last that did not.")
    rotators: list[RotatorFacts] = Field(description="What can rotate a credential of its type.")


class NewRotation(BaseModel):
    """A rotation now."""

    reason: Reason | None = None
    grace_seconds: int | None = Field(
        default=None, ge=0, le=31_536_000, description="0 where the value leaked; the credential's unless given."
    )


class Rotation(BaseModel):
    """A rotation, under way or over."""

    id: UUID
    credential_id: UUID
    cause: Literal["schedule", "person"]
    state: Literal["queued", "proposed", "applied", "verified", "current", "failed"]
    version: int | None = Field(description="The new version.")
    former_version: int | None
    attempts: int
    error: str | None
    requested_by: UUID | None
    steps: dict[str, datetime] = Field(description="When each state was reached.")
    started_at: datetime
    finished_at: datetime | None
    retire_at: datetime | None = Field(description="When the former value is taken out of use.")
    retired_at: datetime | None


class _OfAmazon(BaseModel):
    region: Region
    access_credential_id: UUID | None = Field(
        default=None,
        description="The credential of type aws by which Amazon is asked; left out, this installation's own identity,"
        " which the operator alone may use.",
    )


class NewMirror(_OfAmazon):
    """Where to push a credential's current version to."""

    secret_id: SecretId = Field(description="Name or ARN of the secret; one that is missing is made, by name.")


class Mirror(BaseModel):
    """A secret that follows a credential."""

    id: UUID
    credential_id: UUID
    region: str
    secret_id: str
    access_credential_id: UUID | None
    pushed_version: int | None
    pushed_at: datetime | None
    failures: int
    error: str | None
    drift: Literal["unknown", "none", "changed", "missing"] = Field(
        description="What Secrets Manager holds: changed or missing since it was pushed."
    )
    checked_at: datetime | None


class SecretsAsked(_OfAmazon):
    """Which secrets there are."""

    vault_id: UUID
    prefix: Annotated[str, StringConstraints(max_length=256)] = ""
    after: Annotated[str, StringConstraints(max_length=4096)] | None = None


class ListedSecret(BaseModel):
    """A secret as Secrets Manager lists it."""

    arn: str
    name: str
    description: str
    tags: dict[str, str]
    changed_at: datetime | None


class ListedSecrets(BaseModel):
    """A page of them."""

    items: list[ListedSecret]
    next: str | None


class PickedSecret(BaseModel):
    """One to import."""

    secret_id: SecretId
    name: Name | None = Field(default=None, description="What to call it here; its own name unless given.")
    type: Annotated[str, StringConstraints(max_length=50)] | None = Field(
        default=None, description="Told from its value unless given."
    )


class ImportAsked(_OfAmazon):
    """Which to import into which vault."""

    vault_id: UUID
    secrets: list[PickedSecret] = Field(min_length=1, max_length=100)
    dry_run: bool = Field(default=True, description="Says what would be made, and makes nothing.")


class ImportedSecret(BaseModel):
    """What became, or would become, of one."""

    secret_id: str
    outcome: Literal["would-import", "imported", "refused"]
    problem: str | None = None
    credential_id: UUID | None = None
    name: str | None = None
    type: str | None = None
    fields: list[str] = []
    versions: int = Field(default=0, description="2 where the former one is taken along.")
    binary: bool = False
    bytes: int = 0


class Imported(BaseModel):
    """The outcome of each, in the order in which they were given."""

    items: list[ImportedSecret]


class Leak(BaseModel):
    """A stored value that was found in a text; it was taken out of it."""

    id: UUID
    credential_id: UUID
    credential_name: str
    vault_id: UUID
    version: int
    source: Literal["error_logs", "request_logs"]
    row_id: UUID = Field(description="The error, or the entry of the request log.")
    form: Literal["plain", "json", "url", "hex", "base64", "line"]
    found_at: datetime
    acknowledged_at: datetime | None
