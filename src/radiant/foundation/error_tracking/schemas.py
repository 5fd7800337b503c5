"""Shapes of /api/errors."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints, field_validator

from radiant.foundation.error_tracking.occurrence import Severity
from radiant.foundation.error_tracking.scrub import Scrubber
from radiant.kit.schema import Strict

Scope = Literal["workspace", "platform"]
Status = Literal["open", "resolved", "regressed", "ignored"]
AlertOn = Literal["critical", "new", "regression"]
ActionKind = Literal["retry_job", "rest_provider", "restart_model", "rotate_credential", "webhook"]

Short = Annotated[str, StringConstraints(max_length=200)]
Medium = Annotated[str, StringConstraints(max_length=2000)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
Address = Annotated[str, StringConstraints(pattern=r"^[^@\s]{1,64}@[^@\s]{1,255}$")]
Platform = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*$", max_length=50)]


class ReportedFrame(Strict):
    """A place in a program."""

    function: Short = ""
    module: Short = ""
    file: Medium = ""
    number: int | None = Field(default=None, ge=0, lt=2**31)
    in_app: bool = True
    line: Medium = ""


class ErrorReport(Strict):
    """An error that happened. What must not be kept is taken out of every text before it is."""

    message: Annotated[str, StringConstraints(min_length=1, max_length=20_000)]
    type: Short = "Error"
    code: Annotated[str, StringConstraints(max_length=50)] = ""
    severity: Severity = "error"
    stack_trace: Annotated[str, StringConstraints(max_length=100_000)] = ""
    frames: list[ReportedFrame] = Field(default=[], max_length=200, description="The last call last.")
    fingerprint: list[Short] = Field(
        default=[], max_length=10, description="What it is grouped by; {{ default }} stands for what it would be."
    )
    source_service: Annotated[str, StringConstraints(max_length=100)] = ""
    source_function: Short = ""
    request_id: Annotated[str, StringConstraints(max_length=100)] = ""
    trace_id: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{16,32})?$")] = ""
    release: Short = ""
    environment: Annotated[str, StringConstraints(max_length=64)] = ""
    user: Short = Field(default="", description="Whoever was affected: counted, never kept.")
    tags: dict[str, Short] = Field(default={}, max_length=50)
    context: dict[str, Any] = Field(default={}, max_length=50)
    project_id: int | None = Field(default=None, ge=1, lt=2**63)
    event_id: UUID | None = Field(default=None, description="Sent again, it is counted once.")


class ReportedError(BaseModel):
    """It is on disk, and will be in the list in a moment."""

    id: UUID


class PageReport(Strict):
    """What the page of RADIANT itself failed at: for the platform's operator."""

    message: Annotated[str, StringConstraints(min_length=1, max_length=4000)]
    type: Short = "Error"
    stack_trace: Annotated[str, StringConstraints(max_length=20_000)] = ""
    route: Medium = ""
    release: Short = ""


class ErrorLog(BaseModel):
    """An error that happened."""

    id: UUID
    group_id: UUID | None
    project_id: int | None
    event_id: UUID | None
    error_code: str
    error_type: str
    error_message: str
    stack_trace: str | None
    request_id: str | None
    trace_id: str
    source_service: str | None
    source_function: str | None
    context: dict[str, Any]
    severity: Severity
    release: str
    environment: str
    is_regression: bool
    resolved: bool
    resolved_at: AwareDatetime | None
    resolved_by: UUID | None
    resolution_notes: str | None
    created_at: AwareDatetime


class ErrorResolution(Strict):
    """Why it is over."""

    notes: Medium = ""


class ErrorGroup(BaseModel):
    """Errors that are the same one. `curve`: how many in each of the last 24 hours, the oldest first. `users` stops at
    10,000."""

    id: UUID
    project_id: int | None
    pattern_name: str
    error_code_pattern: str | None
    message_pattern: str | None
    error_type: str
    culprit: str
    severity: Severity
    status: Status
    occurrence_count: int
    users: int
    members: int
    first_seen: AwareDatetime
    last_seen: AwareDatetime
    curve: list[int]
    assigned_to: UUID | None
    assignee: str | None
    resolved_at: AwareDatetime | None
    resolved_by: UUID | None
    resolution_notes: str | None
    in_next_release: bool
    ignored_until: AwareDatetime | None
    ignored_until_count: int | None
    grouping_version: int
    auto_resolve_enabled: bool
    auto_resolve_action: dict[str, Any] | None


class ErrorTagValue(BaseModel):
    """How many of a group's latest errors have that value."""

    value: str
    errors: int


class ErrorFingerprint(BaseModel):
    """One of those that a group was put together of."""

    id: UUID
    pattern_name: str
    culprit: str
    occurrence_count: int
    last_seen: AwareDatetime


class SimilarErrors(BaseModel):
    """Another group that looks like it; `likeness` 0..1."""

    id: UUID
    pattern_name: str
    culprit: str
    status: Status
    occurrence_count: int
    likeness: float


class ErrorActionRun(BaseModel):
    """An action that ran by itself."""

    id: UUID
    action: dict[str, Any]
    succeeded: bool | None
    detail: str
    started_at: AwareDatetime
    finished_at: AwareDatetime | None


class ErrorGroupDetail(ErrorGroup):
    """A group with its latest error. `days`: how many in each of the last 30 days, the oldest first."""

    latest: ErrorLog | None
    days: list[int]
    tags: dict[str, list[ErrorTagValue]]
    fingerprints: list[ErrorFingerprint]
    first_release: str | None
    last_release: str | None
    actions: list[ErrorActionRun]


class ErrorTriage(Strict):
    """What becomes of some groups, all at once."""

    groups: list[UUID] = Field(min_length=1, max_length=200)
    action: Literal["resolve", "resolve_in_next_release", "reopen", "ignore", "assign"]
    notes: Medium = ""
    until: AwareDatetime | None = Field(default=None, description="of ignore: it comes back then")
    count: int | None = Field(default=None, ge=1, le=1_000_000, description="of ignore: after so many more")
    assignee: UUID | None = Field(default=None, description="of assign: whom; nobody where it is left out")


class TouchedGroups(BaseModel):
    """How many groups that changed."""

    groups: int


class ErrorMerge(Strict):
    """Groups that are the same one."""

    into: UUID
    groups: list[UUID] = Field(min_length=1, max_length=100)


class ErrorSplit(Strict):
    """Fingerprints that are groups of their own again."""

    fingerprints: list[UUID] = Field(min_length=1, max_length=100)


class ErrorAction(Strict):
    """What is done by itself when a group's error happens. `most_per_hour` bounds it."""

    kind: ActionKind
    provider: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,50}$")] | None = Field(
        default=None, description="of rest_provider: which; that of the error's tag `provider` unless named"
    )
    model: Short | None = Field(default=None, description="of restart_model")
    credential: Short | None = Field(default=None, description="of rotate_credential")
    minutes: int = Field(default=5, ge=1, le=1440, description="of rest_provider: for how long")
    most_per_hour: int = Field(default=3, ge=1, le=60)


class ErrorGroupAction(Strict):
    """A group's action; nothing runs until actions are enabled in the settings too."""

    enabled: bool
    action: ErrorAction | None = None


class NewErrorProject(Strict):
    """A program that sends errors."""

    name: Name
    slug: Slug
    platform: Platform = "python"
    transactions: Literal["count", "drop"] = "count"
    keep_variables: bool = False
    events_per_minute: int = Field(default=600, ge=1, le=100_000)


class ErrorProjectSettings(NewErrorProject):
    """The same, and whether it may send."""

    is_active: bool = True


class ErrorProject(BaseModel):
    """A program that sends errors, and the address (DSN) that its SDK is given."""

    id: int
    name: str
    slug: str
    platform: str
    transactions: Literal["count", "drop"]
    keep_variables: bool
    events_per_minute: int
    is_active: bool
    created_at: AwareDatetime
    dsn: str
    errors_24h: int
    tallies_24h: dict[str, int]


class ErrorSettingsGiven(Strict):
    """What else is taken out of errors, and who is told of them. Patterns are RE2's."""

    scrub_patterns: list[Annotated[str, StringConstraints(min_length=1, max_length=500)]] = Field(
        default=[], max_length=50
    )
    alert_on: list[AlertOn] = ["critical"]
    alert_minutes: int = Field(default=60, ge=1, le=10080, description="of one group is told once in so many minutes")
    alert_emails: list[Address] = Field(default=[], max_length=20, description="members of the workspace")
    alert_webhook: Annotated[str, StringConstraints(max_length=2000)] | None = None
    alert_topic_arn: (
        Annotated[str, StringConstraints(pattern=r"^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$")] | None
    ) = Field(default=None, description="an SNS topic; the platform's alone")
    actions_enabled: bool = False

    @field_validator("scrub_patterns")
    @classmethod
    def _patterns_of_re2(cls, patterns: list[str]) -> list[str]:
        Scrubber(patterns)
        return patterns


class ErrorSettings(ErrorSettingsGiven):
    """The same; `signing_secret` is told once, when a webhook is set."""

    signing_secret: str | None = None
    mail_is_set_up: bool = False
