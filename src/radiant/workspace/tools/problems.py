"""What can be wrong with tools, beside a call that fails (`base`)."""

from radiant.kit.errors import Conflict, Invalid, NotFound


class NoSuchTool(NotFound):
    """No tool of that name or id here."""

    slug = "no-such-tool"


class NoSuchServer(NotFound):
    """No MCP server of that id here."""

    slug = "no-such-tool-server"


class ToolNotOffered(Invalid):
    """A tool was named that there is not, or that the caller may not use."""

    slug = "tool-not-offered"


class ToolAbsent(Conflict):
    """There is such a tool, and it cannot be called now; the detail says what is missing."""

    slug = "tool-absent"


class ConfirmationNeeded(Conflict):
    """The tool changes something outside of RADIANT, and nobody said that it may."""

    slug = "confirmation-needed"


class ToolNameTaken(Conflict):
    """Another tool here has that name."""

    slug = "tool-name-taken"


class ServerNameTaken(Conflict):
    """Another MCP server of this workspace has that name."""

    slug = "tool-server-name-taken"


class TooManyTools(Conflict):
    """The workspace has as many as it may have."""

    slug = "too-many-tools"


class BadToolSchema(Invalid):
    """The parameters are no JSON Schema that arguments can be held against."""

    slug = "bad-tool-schema"


class BadToolAddress(Invalid):
    """The address is none that a tool may call."""

    slug = "bad-tool-address"
