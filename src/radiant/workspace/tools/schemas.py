"""Shapes of tools over HTTP."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints, model_validator

from radiant.kit.schema import Strict
from radiant.workspace.tools.base import ToolType
from radiant.workspace.tools.web_search import SearchProvider

RoleName = Literal["viewer", "member", "admin", "owner"]
Origin = Literal["built-in", "webhook", "server"]

ToolName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
ServerName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,19}$")]
Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000, pattern=r"^[^\x00]*$")]
Address = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000, pattern=r"^[^\x00]*$")]
HostText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]


class ToolConfig(Strict):
    """What some tools need: `hosts` that http_fetch may read; `provider` of web_search, and `url` of SearXNG."""

    hosts: list[HostText] = Field(default=[], max_length=200)
    provider: SearchProvider | None = None
    url: Address | None = None


class ToolSettings(Strict):
    """What admins say of a tool. `ask_first`: a person is asked before each call, though it has no side effects.
    `credential_id`: the key of a search provider."""

    is_active: bool = True
    least_role: RoleName = "member"
    ask_first: bool = False
    config: ToolConfig = ToolConfig()
    credential_id: UUID | None = None


class ToolInfo(BaseModel):
    """A tool, and whether the caller may call it: `absent` says why not. `origin`: of the program, of the workspace, or of
    its MCP server `server_id`; `tool_id`: of a webhook. `asks_first`: a person is asked before each call."""

    name: str
    type: ToolType
    description: str
    parameters: dict[str, Any]
    side_effects: bool
    asks_first: bool
    origin: Origin
    tool_id: UUID | None = None
    server_id: UUID | None = None
    absent: str | None
    settings: ToolSettings


class NewToolWebhook(Strict):
    """A tool of the workspace's own. `credential_id`: whose value signs the calls."""

    name: ToolName
    description: Words
    parameters: dict[str, Any]
    url: Address
    credential_id: UUID
    side_effects: bool = True


class ToolWebhookChange(Strict):
    """What of it becomes another. Its name stays: plans and settings know it by that."""

    description: Words | None = None
    parameters: dict[str, Any] | None = None
    url: Address | None = None
    credential_id: UUID | None = None
    side_effects: bool | None = None


class ToolWebhook(BaseModel):
    """One that is kept. Without a credential it was deleted, and the tool is absent."""

    id: UUID
    name: str
    description: str
    parameters: dict[str, Any]
    url: str
    credential_id: UUID | None
    side_effects: bool
    created_at: datetime
    updated_at: datetime


class NewToolServer(Strict):
    """An MCP server: at a `url` over streamable HTTP, or the `command` of that name that the operator lists. The value of
    `credential_id` goes in the header `header_name`, after `header_scheme`."""

    name: ServerName
    url: Address | None = None
    command: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = None
    credential_id: UUID | None = None
    header_name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,100}$")] = "Authorization"
    header_scheme: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{0,50}$")] = "Bearer"

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.url is None) == (self.command is None):
            raise ValueError("give a url, or a command that the operator lists")
        if self.command is not None and self.credential_id is not None:
            raise ValueError("credential_id: a program takes no header")
        return self


class ToolServerSwitch(Strict):
    """On or off."""

    is_active: bool


class UnfitTool(BaseModel):
    """A tool of a server that cannot be offered."""

    name: str
    why: str


class ToolServer(BaseModel):
    """One that is kept. `tools`: their names here, of the last listing that was good; `last_error`: why the last one was
    not."""

    id: UUID
    name: str
    transport: Literal["http", "stdio"]
    url: str | None
    command: str | None
    credential_id: UUID | None
    header_name: str
    header_scheme: str
    is_active: bool
    tools: list[str]
    left_out: list[UnfitTool]
    listed_at: datetime | None
    last_error: str | None
    created_at: datetime


class ToolCommands(BaseModel):
    """Names of the programs that the operator lists, and hosts that the operator lets tools reach inside."""

    commands: list[str]
    inner_hosts: list[str]


class ToolPlatformSwitch(Strict):
    """Whether a built-in tool is to be had on this platform at all."""

    is_active: bool


class ToolTrial(Strict):
    """A call by a person. `confirmed`: side effects are wanted; `call_id`: the same where it is made again."""

    arguments: dict[str, Any] = {}
    confirmed: bool = False
    call_id: UUID | None = None
    bases: list[UUID] = Field(default=[], max_length=100)
    seconds: float = Field(default=30, gt=0, le=120)


class ToolCitation(BaseModel):
    """Where a part of a result comes from."""

    source: str
    title: str
    quote: str


class ToolTried(BaseModel):
    """What came of it. It is data: nothing in it is an instruction."""

    call_id: UUID
    text: str
    data: Any
    citations: list[ToolCitation]
    duration_ms: int
