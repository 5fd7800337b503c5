"""`current_time`: which day and hour it is, in a zone."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from radiant.kit.clock import Clock, utc_now
from radiant.workspace.tools.base import BadArguments, ToolResult, ToolType, Use

_PARAMETERS: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "timezone": {
            "type": "string", "maxLength": 64, "pattern": "^[A-Za-z][A-Za-z0-9_+/-]*$", "default": "UTC",
            "description": "Its IANA name, as Europe/Zurich.",
        }
    },
    "additionalProperties": False,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class CurrentTime:
    """By this machine's clock."""

    clock: Clock = utc_now
    name: str = "current_time"
    type: ToolType = "compute"
    description: str = "The current date, time and weekday, in UTC or in a time zone."
    side_effects: bool = False
    parameters: Mapping[str, Any] = field(default_factory=lambda: _PARAMETERS)

    async def call(self, arguments: Mapping[str, Any], use: Use) -> ToolResult:
        """Raises BadArguments."""
        del use
        name: str = arguments.get("timezone", "UTC")
        zone = await _zone(name)
        now = self.clock().astimezone(zone)
        text = f"{now:%A}, {now:%Y-%m-%d} {now:%H:%M:%S} {name} (UTC{now:%z})"
        return ToolResult(text, {"iso": now.isoformat(timespec="seconds"), "weekday": f"{now:%A}", "timezone": name})


async def _zone(name: str) -> ZoneInfo:
    try:
        # It is read from a file.
        return await asyncio.to_thread(ZoneInfo, name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BadArguments(
            f"arguments.timezone: there is no zone {name!r}; give its IANA name, as Europe/Zurich"
        ) from error
